/**
 * Scans a source's directory for the hash of each file. A file whose size, times and inode are those of the last scan
 * isn't read; the others are hashed on all cores.
 */
import { type Stats, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import {
  ContentHashError,
  type Files,
  type FollowSymlinks,
  listFiles,
  requireName,
  statIfThere,
  unreadable,
} from "../content/files.js";
import {
  type Hashing,
  hashContents,
  noLongerAFile,
  type SizedFile,
  WorkerPool,
  yieldToEventLoop,
} from "./hash-pool.js";
import { cachePath, isRacy, lookUp, readTable, STAT_WORDS, type StatTable, setStat, writeTable } from "./stat-cache.js";

export interface ScanOptions {
  /** Absolute, or relative to `process.cwd()`, which is the program's directory in the provider's process. */
  readonly directory: string;
  /** Globs of the files that count, matched against their names below the directory. Defaults to every file. */
  readonly include?: readonly string[] | undefined;
  /** Globs of what to leave out. A directory that matches is left out with everything below it. Defaults to none. */
  readonly exclude?: readonly string[] | undefined;
  /** How far symbolic links are followed. Defaults to `inside`. */
  readonly followSymlinks?: FollowSymlinks | undefined;
  /**
   * Where the stat cache is kept. Defaults to the user's cache directory, or to one below `os.tmpdir()` if that can't
   * be written. If none can be written, every scan reads every file.
   */
  readonly cacheDirectory?: string | undefined;
  /** Called every second while files are hashed. */
  readonly onProgress?: ((hashing: Hashing) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Hashes the files below a directory. `listFiles` says which files count and how symbolic links are followed.
 *
 * @returns the hash of each file, by its name below the directory (with `/`, in Unicode NFC): the first 9 bytes of the
 * SHA-256 of the content, as 12 base64url characters. A file whose name on the disk isn't NFC is there under both
 * spellings, since tools upload either. If a file is written during the scan, its hash is that of what was read, and
 * the next scan reads it again.
 * @throws {@link ContentHashError} when there is no such directory; when a file can't be read, disappears during the
 * scan or is no regular file; when a symbolic link is broken, makes a cycle, or with `inside` leads out of the directory. The
 * signal's reason when it is aborted.
 */
export async function scanSource(options: ScanOptions): Promise<Map<string, string>> {
  const { include, exclude, followSymlinks = "inside" } = options;
  requireName(options.directory);
  const directory = resolve(options.directory);
  const { dev } = await requireDirectory(directory);
  // Taken before any stat: whatever is written from now on has a later time, or one that is too close to be trusted.
  const start = Date.now();
  const cache = cachePath(options.cacheDirectory, { directory, include, exclude, followSymlinks });
  const breather = yieldToEventLoop(options.signal);
  const pause = () => (breather.isDue() ? breather.take() : undefined);
  const files = await listFiles(directory, { include, exclude }, { followSymlinks, pause });
  const known = cache === undefined ? undefined : readTable(cache);

  const names = Array.from(files.keys());
  const { stats, hashes, unread } = await hashFiles(files, known, dev, options);
  if (cache !== undefined) {
    const rows = Array.from(names.keys()).filter((row) => !isRacy(stats, row, start));
    const isKept = rows.length === unread && unread === (known?.names.length ?? 0);
    if (!isKept) await writeTable(cache, selectRows({ names, stats, hashes }, rows));
  }
  const manifest = new Map<string, string>();
  let row = 0;
  for (const [name, path] of files) {
    const hash = hashes[row++] ?? "";
    manifest.set(name, hash);
    if (!hasSpelling(path, directory, name)) manifest.set(getNameOnDisk(path, directory), hash);
  }
  return manifest;
}

/** Whether the path on the disk has the name as it is, found out without building a string. */
function hasSpelling(path: string, directory: string, name: string): boolean {
  return sep === "/" && path.length === directory.length + 1 + name.length && path.endsWith(name);
}

/** The name of a file below the directory in the spelling of the disk, with `/`. */
function getNameOnDisk(path: string, directory: string): string {
  const below = path.slice(directory.endsWith(sep) ? directory.length : directory.length + sep.length);
  return sep === "/" ? below : below.replaceAll(sep, "/");
}

/** Row i of `stats` and `hashes` belongs to the i-th file. */
interface Hashed {
  stats: Float64Array<ArrayBuffer>;
  hashes: string[];
  /** How many files the cache had, so that they weren't read. */
  unread: number;
}

/**
 * Takes the stat of each file. The hash comes from the cache if the stat is the same, else from the content.
 *
 * @param device that of the directory.
 */
async function hashFiles(
  files: Files,
  known: StatTable | undefined,
  device: number,
  { onProgress, signal }: Pick<ScanOptions, "onProgress" | "signal">,
): Promise<Hashed> {
  const stats = new Float64Array(files.size * STAT_WORDS);
  const hashes: string[] = [];
  const changed: (SizedFile & { row: number })[] = [];
  const find = known && lookUp(known);
  const breather = yieldToEventLoop(signal);
  const pool = new WorkerPool();
  try {
    for (const [name, path] of files) {
      const row = hashes.length;
      const stat = statFile(path);
      setStat(stats, row, stat, device);
      const hash = find?.(name, stats, row);
      hashes.push(hash ?? "");
      if (hash === undefined) {
        if (!stat.isFile()) throw noLongerAFile(path);
        changed.push({ path, size: stat.size, row });
        pool.expect(stat.size);
      }
      if (breather.isDue()) await breather.take();
    }

    const unread = files.size - changed.length;
    const fresh = await hashContents(changed, pool, {
      signal,
      onProgress: ({ done, ...rest }) => onProgress?.({ ...rest, done: unread + done, total: files.size }),
    });
    for (const [i, { row }] of changed.entries()) hashes[row] = fresh[i] ?? "";
    return { stats, hashes, unread };
  } finally {
    await pool.close();
  }
}

/** The stat of a file, or of the target of a symbolic link. Promises of stats take four times as long, measured. */
function statFile(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    throw unreadable(path, error as NodeJS.ErrnoException);
  }
}

/** Copies some rows of a table. */
function selectRows(
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

async function requireDirectory(directory: string): Promise<Stats> {
  const found = await statIfThere(directory);
  if (found?.isDirectory()) return found;
  throw new ContentHashError(
    found
      ? `"${directory}" is not a directory. Name the directory that holds the content.`
      : `There is no directory "${directory}". Build the content before Pulumi runs, or correct the path.`,
  );
}
