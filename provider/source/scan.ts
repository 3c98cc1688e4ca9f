/**
 * Scans a source's directory: the hash of each file in it. Files whose size, times and inode are those of the last scan aren't
 * read; the others are hashed on all cores.
 */
import { statSync } from "node:fs";
import { resolve, sep } from "node:path";
import { ContentHashError, type Files, listFiles, unreadable } from "../content/files.js";
import { hashContents, noLongerAFile, type SizedFile, WorkerPool, yieldToEventLoop } from "./hash-pool.js";
import { cachePath, isRacy, lookUp, readTable, STAT_WORDS, type StatTable, setStat, writeTable } from "./stat-cache.js";

export interface ScanOptions {
  /** Absolute, or relative to `process.cwd()`: in the provider's process, the program's directory. */
  readonly directory: string;
  /** Globs over the names below the directory of the files that count. Defaults to every file. */
  readonly include?: readonly string[] | undefined;
  /** Globs of what to leave out; a directory that matches, with all below it. Defaults to none. */
  readonly exclude?: readonly string[] | undefined;
  /**
   * Where the stat cache is kept. Defaults to the user's cache directory, or one below `os.tmpdir()` where that can't be
   * written. Without any that can be written, every scan reads every file.
   */
  readonly cacheDirectory?: string | undefined;
  /** Called every three seconds while files are hashed, with how many of them are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Hashes the files below a directory. Which files, and how symbolic links are followed, is as in `listFiles`.
 *
 * @returns Name below the directory (with `/`, in Unicode NFC) to the first 9 bytes of the SHA-256 of the content, as 12
 * characters of base64url. A file whose name on the disk isn't NFC is in it under both spellings: tools upload one or the
 * other. Empty for a directory without files that count. Of a file that is written meanwhile, the hash of what
 * was read; the next scan reads it again.
 * @throws {@link ContentHashError}, as a rejection, when there is no such directory; when a file can't be read, vanishes during
 * the scan or is none; when a symbolic link is broken, leads out of the directory or makes a cycle. The signal's reason, when it
 * is aborted.
 */
export async function scanSource(options: ScanOptions): Promise<Map<string, string>> {
  const { include, exclude } = options;
  const directory = resolve(options.directory);
  requireDirectory(directory);
  // Taken before any stat is: what is written from now on gets a time that is later, or racy.
  const start = Date.now();
  const cache = cachePath(options.cacheDirectory, { directory, include, exclude });
  const breath = yieldToEventLoop(options.signal);
  const pause = () => (breath.isDue() ? breath.take() : undefined);
  const files = await listFiles(directory, { include, exclude }, { pause });
  const known = cache === undefined ? undefined : readTable(cache);

  const names = Array.from(files.keys());
  const { stats, hashes, unread } = await hashFiles(files, known, options);
  if (cache !== undefined) {
    const rows = Array.from(names.keys()).filter((row) => !isRacy(stats, row, start));
    const isKept = rows.length === unread && unread === (known?.names.length ?? 0);
    if (!isKept) await writeTable(cache, select({ names, stats, hashes }, rows));
  }
  const manifest = new Map<string, string>();
  let row = 0;
  for (const [name, path] of files) {
    const hash = hashes[row++] ?? "";
    manifest.set(name, hash);
    if (!isSpelledSo(path, directory, name)) manifest.set(nameOnDisk(path, directory), hash);
  }
  return manifest;
}

/** Whether that is the case with `name`, without making a text of it. */
function isSpelledSo(path: string, directory: string, name: string): boolean {
  return sep === "/" && path.length === directory.length + 1 + name.length && path.endsWith(name);
}

/** The name of a file below the directory as the disk has it, with `/`. */
function nameOnDisk(path: string, directory: string): string {
  const below = path.slice(directory.endsWith(sep) ? directory.length : directory.length + sep.length);
  return sep === "/" ? below : below.replaceAll(sep, "/");
}

/** Files in the order of their names; row i of `stats` and `hashes` belongs to the i-th. */
interface Hashed {
  stats: Float64Array<ArrayBuffer>;
  hashes: string[];
  /** How many hashes the cache knew. */
  unread: number;
}

/** Takes the stat of each file, and the hash that the cache knows by it, or else the file's content gives. */
async function hashFiles(
  files: Files,
  known: StatTable | undefined,
  { onProgress, signal }: Pick<ScanOptions, "onProgress" | "signal">,
): Promise<Hashed> {
  const stats = new Float64Array(files.size * STAT_WORDS);
  const hashes: string[] = [];
  const changed: (SizedFile & { row: number })[] = [];
  const find = known && lookUp(known);
  const breath = yieldToEventLoop(signal);
  const crew = new WorkerPool();
  try {
    for (const [name, path] of files) {
      const row = hashes.length;
      const stat = statFile(path);
      setStat(stats, row, stat);
      const hash = find?.(name, stats, row);
      hashes.push(hash ?? "");
      if (hash === undefined) {
        if (!stat.isFile()) throw noLongerAFile(path);
        changed.push({ path, size: stat.size, row });
        crew.expect(stat.size);
      }
      if (breath.isDue()) await breath.take();
    }

    const unread = files.size - changed.length;
    const fresh = await hashContents(changed, crew, {
      signal,
      onProgress: (done) => onProgress?.(unread + done, files.size),
    });
    for (const [i, { row }] of changed.entries()) hashes[row] = fresh[i] ?? "";
    return { stats, hashes, unread };
  } finally {
    await crew.close();
  }
}

/** The stat of a file, or of what a symbolic link leads to. Promises of stats were measured to take four times as long. */
function statFile(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
}

/** The rows of a table that are to be kept. */
function select(
  { names, stats, hashes }: Omit<Hashed, "unread"> & Pick<StatTable, "names">,
  rows: number[],
): StatTable {
  const kept = new Float64Array(rows.length * STAT_WORDS);
  for (const [i, row] of rows.entries()) {
    for (let word = 0; word < STAT_WORDS; word++) kept[i * STAT_WORDS + word] = stats[row * STAT_WORDS + word] ?? 0;
  }
  return {
    names: rows.map((row) => names[row] ?? ""),
    stats: kept,
    hashes: rows.map((row) => hashes[row] ?? "").join(""),
  };
}

function requireDirectory(directory: string): void {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  throw new ContentHashError(
    found
      ? `"${directory}" is no directory. Name the directory that holds the content.`
      : `There is no directory "${directory}". Build the content before Pulumi runs, or correct the path.`,
  );
}
