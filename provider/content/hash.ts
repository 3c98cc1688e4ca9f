/**
 * Hashes of content for a resource's `contentHash`: {@link hashContent} for text and bytes, {@link hashFiles} for files.
 * Plain Node, without Pulumi.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { isUint8Array } from "node:util/types";
import { addFile, ContentHashError, type Files, findFiles, unreadable } from "./files.js";

/**
 * Every hash is this prefix and 64 hex digits. Users' states hold it: another prefix, another algorithm, or another order or
 * framing in {@link combineHashes} would look like new content, and refresh every path of every user once.
 */
const PREFIX = "sha256:";
const ALGORITHM = "sha256";

/**
 * How many files are read at one time: enough to keep a disk and Node's four I/O threads busy. It bounds open files
 * and memory.
 */
const CONCURRENT_FILES = 8;
const CHUNK_BYTES = 256 * 1024;

export interface HashFilesOptions {
  /**
   * The directory that patterns are relative to. Defaults to `process.cwd()`: in a Pulumi program, the program's
   * directory.
   */
  readonly cwd?: string | undefined;
  /**
   * Globs of what to leave out, matched against the names that are hashed. A directory that matches is left out with all
   * below it; a symbolic link that matches is not followed. Defaults to none.
   */
  readonly exclude?: string | readonly string[] | undefined;
}

/**
 * Hashes text (as UTF-8) or bytes with SHA-256.
 *
 * @returns `sha256:` and the 64 hex digits that `sha256sum` prints. The same on every platform and in every version.
 * @throws {@link ContentHashError} for anything else, such as an output: write `output.apply(hashContent)`.
 *
 * @example
 * ```ts
 * contentHash: hashContent(JSON.stringify(playerConfig))
 * ```
 */
export function hashContent(content: string | Uint8Array): string {
  if (typeof content !== "string" && !isUint8Array(content)) {
    throw new ContentHashError(
      `hashContent takes text or bytes, and got ${content === null ? "null" : typeof content}. ` +
        "For a value that is known only later, write value.apply(hashContent).",
    );
  }
  return PREFIX + createHash(ALGORITHM).update(content).digest("hex");
}

/**
 * Hashes the names and the bytes of files. Order, times and permissions don't matter, and every platform gives the same hash.
 *
 * - A string that names a directory means all files below it, including dot files. Where it is the only pattern, names are
 *   relative to it, so that the hash stays when the directory moves. A string that names a file means that file.
 * - Any other string is a glob (`*`, `**`, `?`, `[a-z]`, `{a,b}`). It matches files only, including dot files. `/` separates
 *   directories; `\` does so on Windows, and elsewhere takes the next character literally.
 * - Names are relative to `cwd`, except for a single directory, and in Unicode NFC, since macOS may store another form.
 * - Symbolic links are followed as long as they stay in the directory, or in the part of a glob before its first wildcard.
 *
 * @returns `sha256:` and 64 hex digits. For a directory without symbolic links, they are those that this command prints in it:
 * `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum -z | sha256sum`
 * @throws {@link ContentHashError}, as a rejection, when a pattern matches nothing; when a file can't be read or is not a
 * regular file; when a symbolic link is broken, leads out of the directory or makes a cycle; when a name is not Unicode.
 *
 * @example
 * ```ts
 * contentHash: hashFiles("./dist")
 * contentHash: hashFiles(["dist/*.html", "dist/player/**"], { exclude: "dist/player/drafts" })
 * ```
 */
export async function hashFiles(patterns: string | readonly string[], options: HashFilesOptions = {}): Promise<string> {
  const cwd = resolve(options.cwd ?? ".");
  const all = [patterns].flat();
  const exclude = [options.exclude ?? []].flat();
  if (all.length === 0) throw new ContentHashError("hashFiles got no pattern. Name a directory or a glob.");

  const files: Files = new Map();
  for (const pattern of all) {
    const found = await findFiles(pattern, { cwd, exclude, isOnly: all.length === 1 });
    for (const [name, path] of found) addFile(files, name, path);
  }
  return combineHashes(await hashEach(files));
}

/**
 * Hashes the content of one file, read in pieces.
 *
 * @returns The hash that {@link hashContent} gives for that content.
 * @throws {@link ContentHashError}, as a rejection, when the file can't be read.
 */
export async function hashFile(path: string): Promise<string> {
  const digest = createHash(ALGORITHM);
  try {
    // Where a file changes meanwhile, this hashes what it reads. The next run then sees a change, and nothing stays stale.
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) digest.update(chunk);
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
  return PREFIX + digest.digest("hex");
}

/**
 * Combines the hashes of files, by name, to the one hash of {@link hashFiles}: the SHA-256 of a line for each file, in the
 * order of the names' UTF-8 bytes. A line is 64 hex digits, two spaces, the name, and NUL. No name holds NUL, so that no other
 * set of files gives the same lines.
 */
export function combineHashes(hashes: ReadonlyMap<string, string>): string {
  const rows = Array.from(hashes, ([name, hash]) => ({ name: Buffer.from(name), hash }));
  rows.sort((a, b) => Buffer.compare(a.name, b.name));
  const digest = createHash(ALGORITHM);
  for (const { name, hash } of rows)
    digest
      .update(`${hash.slice(PREFIX.length)}  `)
      .update(name)
      .update("\0");
  return PREFIX + digest.digest("hex");
}

/** Hashes files, some at a time, and gives their hashes by name. */
async function hashEach(files: Files): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  // All workers draw from one generator. A failure ends it, so that the others stop after their present file.
  const queue = (function* () {
    yield* files;
  })();
  const worker = async () => {
    for (const [name, path] of queue) hashes.set(name, await hashFile(path));
  };
  await Promise.all(Array.from({ length: CONCURRENT_FILES }, worker));
  return hashes;
}
