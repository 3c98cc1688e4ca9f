/** Finds the files to hash: directories, globs and symbolic links, with an error wherever content would be missed. */
import { readdirSync, type Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { showLine } from "../text/show.js";

/** Content can't be hashed. The message says what happened, and what to do. */
export class ContentHashError extends Error {
  override readonly name = "ContentHashError";
  /** The mark of Pulumi's `RunError`: while a program runs, its runner prints such an error without the stack trace. */
  readonly __pulumiRunError = true;
  /**
   * Empty, since the runner prints the stack of an error that comes after the program's own code has ended, such as a
   * rejection.
   */
  override readonly stack = "";

  constructor(message: string, options?: ErrorOptions) {
    super(showLine(message), options);
  }
}

/** Files to hash: the path to read, by the name that goes into the hash (with `/`, in Unicode NFC). */
export type Files = Map<string, string>;

export const FOLLOW_SYMLINKS = ["inside", "always"] as const;
/** How far symbolic links are followed: within the directory, or wherever they lead. */
export type FollowSymlinks = (typeof FOLLOW_SYMLINKS)[number];

/** Which files of a directory: globs over their names. */
interface FileFilter {
  /**
   * The name of a directory without wildcards, or any pattern that ends in `/`, includes all below it. Defaults to
   * every file.
   */
  readonly include?: readonly string[] | undefined;
  /**
   * A directory that matches is left out with all below it; a symbolic link that matches is not followed. Defaults to
   * none.
   */
  readonly exclude?: readonly string[] | undefined;
}

/**
 * Finds the files of one pattern: those of a directory, one file, or those that a glob matches. A pattern that is the name
 * of something that exists means that, and is no glob, so that `site (v2)` and `[id].html` need no escapes.
 *
 * @param options.isOnly Whether it is the only pattern: then the names in a directory are relative to it, not to `cwd`.
 * @throws {@link ContentHashError}, also when nothing is found: changes of what a mistyped pattern misses would go unseen.
 */
export async function findFiles(
  pattern: string,
  { cwd, exclude, isOnly }: { cwd: string; exclude: readonly string[]; isOnly: boolean },
): Promise<Files> {
  const { default: picomatch } = await import("picomatch");
  const { base, glob, isGlob } = picomatch.scan(toGlob(pattern), { unescape: true });
  requireName(pattern);
  let path = resolve(cwd, pattern);
  let kind = await statIfThere(path);
  const include = isGlob && !kind ? [glob] : undefined;
  if (!kind) {
    // The part before the first wildcard, or the whole pattern without its escapes. The slash makes "C:" the root of a drive.
    path = resolve(cwd, `${base || "."}/`);
    kind = await statIfThere(path);
  }

  let files: Files = new Map();
  if (kind?.isDirectory()) {
    const prefix = isOnly && !include ? "" : nameOf(cwd, path);
    files = await listFiles(path, { include, exclude }, { prefix });
  } else if (kind && !include) {
    const { isExcluded } = await compileFilter({ exclude });
    const name = nameOf(cwd, path);
    if (!isExcluded(name)) addFile(files, name, requireRegular(path, kind));
  }
  if (files.size > 0) return files;
  throw nothingFound(pattern, cwd, { isThere: kind !== undefined, isGlob: include !== undefined, exclude });
}

/**
 * Lists the files below a directory.
 *
 * @param options.followSymlinks Where a caller can say how far links are followed: what it says. Defaults to `inside`.
 * @param options.prefix What names begin with: `exclude` is matched against whole names, `include` against names below the
 * directory. Defaults to nothing.
 * @param options.pause Awaited after each directory. An error of it ends the listing.
 * @throws {@link ContentHashError}, but not for an empty list.
 */
export async function listFiles(
  directory: string,
  filter: FileFilter = {},
  {
    followSymlinks,
    prefix = "",
    pause,
  }: {
    followSymlinks?: FollowSymlinks | undefined;
    prefix?: string;
    pause?: () => Promise<void> | undefined;
  } = {},
): Promise<Files> {
  const { isIncluded, isExcluded, mayHold } = await compileFilter(filter);
  const root = await realpath(directory).catch(throwUnreadable(directory));
  const files: Files = new Map();
  /** Whether what lies below a directory of that name, by these parts of a path, is walked. */
  const isWalked = (below: string, parts: readonly string[]) => {
    const names = parts.map((_, i) => [below, ...parts.slice(0, i + 1)].join("/").normalize("NFC"));
    return names.every((name) => !isExcluded(joinNames(prefix, name)) && mayHold(name));
  };

  /** `holders` are the real paths of the directory, and of those that lead to it. */
  async function walk(path: string, below: string, holders: readonly [string, ...string[]]): Promise<void> {
    for (const entry of readDirectory(path)) {
      const entryPath = path.endsWith(sep) ? path + entry.name : path + sep + entry.name;
      const entryBelow = joinNames(below, entry.name.normalize("NFC"));
      const name = joinNames(prefix, entryBelow);
      if (isExcluded(name) || !(isIncluded(entryBelow) || mayHold(entryBelow))) continue;

      if (entry.isFile()) {
        if (isIncluded(entryBelow)) addFile(files, name, entryPath);
        continue;
      }
      const isLink = entry.isSymbolicLink();
      const { real, kind } = isLink
        ? await follow(entryPath, root, followSymlinks)
        : { real: join(holders[0], entry.name), kind: entry };
      if (kind.isDirectory()) {
        if (!mayHold(entryBelow)) continue;
        // Found at the link, before what may be a whole disk is walked.
        const leadsBack = (holder: string) => isInside(holder, real) && isWalked(entryBelow, splitPath(real, holder));
        if (isLink && holders.some(leadsBack)) throw cycle(entryPath);
        await walk(entryPath, entryBelow, [real, ...holders]);
      } else if (isIncluded(entryBelow)) {
        addFile(files, name, requireRegular(entryPath, kind));
      }
    }
    await pause?.();
  }
  await walk(directory, "", [root]);
  return files;
}

/** @throws {@link ContentHashError} for a text that names no file on any system. */
export function requireName(name: string): void {
  if (!name.includes("\0")) return;
  const shown = name.replaceAll("\0", "\\x00");
  throw new ContentHashError(`"${shown}" has a NUL character, which the name of a file can't have. Remove it.`);
}

/** Reads the entries of a directory. The asynchronous function was measured to take half as long again. */
function readDirectory(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
}

/**
 * Follows a symbolic link or a junction. Unless links are followed always, it has to stay in the root: what lies outside is
 * not the named content.
 */
async function follow(
  link: string,
  root: string,
  followSymlinks: FollowSymlinks | undefined,
): Promise<{ real: string; kind: Stats }> {
  const real = await realpath(link).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ELOOP") throw cycle(link);
    if (!isMissing(error)) throw unreadable(link, error);
    throw new ContentHashError(`The symbolic link "${link}" is broken. Correct it, remove it or exclude it.`);
  });
  if (followSymlinks !== "always" && !isInside(real, root)) {
    const remedy =
      followSymlinks === undefined
        ? "Replace it with a copy, or exclude it."
        : "Set `followSymlinks` to `always` if what it leads to is served, or exclude it.";
    throw new ContentHashError(`The symbolic link "${link}" leads to "${real}", which is outside "${root}". ${remedy}`);
  }
  return { real, kind: await stat(real).catch(throwUnreadable(link)) };
}

/** Whether a real path is a directory's, or lies in it. */
function isInside(path: string, directory: string): boolean {
  const below = relative(directory, path);
  return below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}

/** The names that lead from a directory to what lies in it. */
function splitPath(directory: string, path: string): string[] {
  return relative(directory, path)
    .split(sep)
    .filter((name) => name !== "");
}

/**
 * Compiles a filter to a test of whether it selects a file of that name: its name is included, and neither it nor a
 * directory above it is excluded.
 */
export async function compileSelection(filter: FileFilter): Promise<(name: string) => boolean> {
  const { isIncluded, isExcluded } = await compileFilter(filter);
  return (given) => {
    const name = given.normalize("NFC");
    if (!isIncluded(name)) return false;
    for (let end = name.indexOf("/"); end !== -1; end = name.indexOf("/", end + 1)) {
      if (isExcluded(name.slice(0, end))) return false;
    }
    return !isExcluded(name);
  };
}

/**
 * Compiles a filter to tests of names. `mayHold` says whether a directory can hold included files; others aren't
 * walked.
 */
async function compileFilter({ include, exclude = [] }: FileFilter) {
  // Loading the matcher takes a tenth of the time of a scan that finds no change.
  if (!include && exclude.length === 0) return { isIncluded: () => true, isExcluded: () => false, mayHold: () => true };
  const { default: picomatch } = await import("picomatch");
  // The same rules on every platform. The flag makes wildcards match a line break in a name.
  const rules = { dot: true, windows: false, flags: "s" };
  const isExcluded = picomatch(exclude.map(toRelativeGlob), rules);
  if (!include) return { isIncluded: () => true, isExcluded, mayHold: () => true };

  const globs = include.flatMap((pattern) => {
    const glob = toRelativeGlob(pattern);
    // As in `exclude`, the name of a directory means all below it.
    const mayBeDirectory = pattern.endsWith("/") || pattern.endsWith(sep) || !picomatch.scan(glob).isGlob;
    return mayBeDirectory ? [glob, `${glob}/**`] : [glob];
  });
  const holders = globs.map((glob) => {
    const parts = picomatch.scan(glob, { parts: true }).parts ?? [];
    // Names of directories have to match part by part, up to the first part that spans directories or else to the file's.
    const spanning = parts.findIndex((part) => part.includes("**") || part.includes("/"));
    const matchers = parts.slice(0, spanning >= 0 ? spanning : parts.length - 1).map((part) => picomatch(part, rules));
    return (names: string[]) =>
      (spanning >= 0 || names.length <= matchers.length) &&
      matchers.every((matches, i) => i >= names.length || matches(names[i] ?? ""));
  });
  return {
    isIncluded: picomatch(globs, rules),
    isExcluded,
    mayHold: (directory: string) => holders.some((mayHold) => mayHold(directory.split("/"))),
  };
}

/** Makes a glob of a pattern. A backslash separates directories where it does so in the platform's paths. */
export function toGlob(pattern: string, separator = sep): string {
  if (typeof pattern !== "string" || pattern === "") {
    throw new ContentHashError(
      'A pattern is empty. Name a directory such as "./dist", or a glob such as "dist/**/*.js".',
    );
  }
  if (/^!(?!\()/.test(pattern)) {
    throw new ContentHashError(
      `The pattern "${pattern}" begins with "!". Give what follows it as \`exclude\` instead.`,
    );
  }
  return (separator === "\\" ? pattern.replaceAll("\\", "/") : pattern).replace(/(?<=.)\/+$/, "");
}

function toRelativeGlob(pattern: string): string {
  const glob = toGlob(pattern);
  if (!isAbsolute(glob)) return glob.normalize("NFC");
  throw new ContentHashError(
    `The pattern "${pattern}" is absolute, and would match nothing. Write it relative to the directory that is hashed.`,
  );
}

/** Splits a pattern at the commas that stand in no braces, brackets or parentheses. */
export function splitAtCommas(pattern: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of pattern) {
    if ("{[(".includes(character)) depth++;
    if ("}])".includes(character)) depth--;
    if (character === "," && depth <= 0) parts.push("");
    else parts.push(`${parts.pop()}${character}`);
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/**
 * Adds a file under its name, which has to be unique, and the same text on every platform. A file that is found twice
 * counts once.
 */
export function addFile(files: Files, name: string, path: string): void {
  // Node reads bytes that are no UTF-8 as U+FFFD; by that name the file can't be opened.
  if (name.includes("\uFFFD") || !name.isWellFormed()) {
    throw new ContentHashError(`The name of the file "${path}" is not Unicode text. Rename it, or exclude it.`);
  }
  const other = files.get(name);
  if (other !== undefined && other !== path) {
    throw new ContentHashError(
      `Two files are named "${name}", once their accents are written the same way (Unicode NFC). Rename or exclude one.`,
    );
  }
  files.set(name, path);
}

/** Gives the path of a regular file: reading a FIFO would wait forever. */
function requireRegular(path: string, kind: Pick<Stats, "isFile">): string {
  if (kind.isFile()) return path;
  throw new ContentHashError(
    `"${path}" is a device, a socket or a FIFO, which has no content to hash. Remove it, or exclude it.`,
  );
}

function joinNames(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function nameOf(cwd: string, path: string): string {
  return relative(cwd, path).replaceAll(sep, "/").normalize("NFC");
}

/** The stat of what is at a path; undefined if nothing is, also where a part of the path is a file. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error) => {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  });
}

/**
 * Whether an error says that nothing has this name. The last two codes answer what can't be a name, such as a long
 * glob.
 */
function isMissing(error: NodeJS.ErrnoException): boolean {
  return ["ENOENT", "ENOTDIR", "ENAMETOOLONG", "EINVAL"].includes(error.code ?? "");
}

/** The error for a file or directory that exists and can't be read. */
export function unreadable(path: string, cause: NodeJS.ErrnoException): ContentHashError {
  const reason = cause.message.split(",")[0]; // without the system call and the path that follow
  const remedy = isMissing(cause)
    ? "Run Pulumi again when nothing else changes the content."
    : "Give the user that runs Pulumi permission to read it, or exclude it.";
  return new ContentHashError(`"${path}" can't be read (${reason}). ${remedy}`, { cause });
}

function throwUnreadable(path: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw unreadable(path, error);
  };
}

function cycle(link: string): ContentHashError {
  return new ContentHashError(
    `The symbolic link "${link}" leads back to itself, or to a directory that contains it. Remove it, or exclude it.`,
  );
}

function nothingFound(
  pattern: string,
  cwd: string,
  { isThere, isGlob, exclude }: { isThere: boolean; isGlob: boolean; exclude: readonly string[] },
): ContentHashError {
  const several =
    splitAtCommas(pattern).length > 1 ? " If it is several patterns, give each as an element of its own." : "";
  const besides = exclude.length > 0 ? " that is not excluded" : "";
  if (isGlob) {
    return new ContentHashError(
      `The pattern "${pattern}" matches no file in "${cwd}"${besides}. Build the content before Pulumi runs, or correct ` +
        'the pattern: it matches only files, and "/**" after a directory means all files below it.' +
        several,
    );
  }
  return new ContentHashError(
    isThere
      ? `There is no file to hash in "${resolve(cwd, pattern)}"${besides}. Build the content before Pulumi runs.`
      : `There is no file or directory "${pattern}" in "${cwd}". Build the content before Pulumi runs, or correct the path` +
          `${pattern.includes("\\") ? ': "/" separates directories.' : "."}${several}`,
  );
}
