/**
 * What a scan keeps on the disk, so that the next one doesn't read the files again: each file's hash with its size,
 * times and inode, as version control tools do. It is only a cache: if it is missing, damaged or can't be written,
 * scans take longer. The same holds if it isn't the user's own, since whoever writes it decides what is refreshed.
 *
 * A cache file has a header of {@link HEADER_BYTES} bytes, then three columns with a row for each file: the stats, the
 * hashes and the names. Numbers have the byte order of the machine, and so has the magic number: a machine with another
 * order ignores the file.
 */
import { createHash, hash, randomUUID } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
} from "node:fs";
import { lstat, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { DAY_MS } from "../vod/time.js";

/** The columns; row i of each belongs to the same file. */
export interface StatTable {
  /** Names below the scanned directory. */
  readonly names: readonly string[];
  /** {@link STAT_WORDS} numbers for each file, as {@link setStat} writes them. */
  readonly stats: Float64Array<ArrayBuffer>;
  /** {@link HASH_LENGTH} characters for each file. */
  readonly hashes: string;
}

/** Characters of a hash: 9 bytes in base64url. */
export const HASH_LENGTH = 12;
/**
 * Size in bytes, mtime and ctime in milliseconds since 1970, inode, and the device if it isn't that of the directory. Such a
 * time is exact to a quarter of a microsecond: two writes with a stat between them are further apart. Times in nanoseconds
 * take longer to get.
 */
export const STAT_WORDS = 5;
const STAT_BYTES = STAT_WORDS * Float64Array.BYTES_PER_ELEMENT;

/** Raise it with every change of the format or of the hash: a file with another version is ignored. */
const VERSION = 2;
const MAGIC = 0x53_44_4f_56; // "VODS"
/** Magic number, version, number of files, bytes of the names; then the checksum of everything behind the header. */
const HEADER_FIELDS = 4;
const HEADER_BYTES = HEADER_FIELDS * 4 + 32;

/** After how long without use a cache is removed, such as that of filters which a program no longer has. */
const UNUSED_DAYS = 30;

/**
 * How long before the scan a file must have been written, so that a later write gets another time. The clocks of file
 * systems advance in ticks of up to 16 ms. A time in whole seconds may come from a file system that stores no more; FAT
 * has steps of two seconds.
 */
const TICK_MS = 100;
const COARSE_TICK_MS = 2100;

/**
 * Writes into a row what tells whether a file changed.
 *
 * @param device that of the directory. The number of a device is another after a restart, so that only a file that lies on
 * another one, behind a symbolic link, goes by it.
 */
export function setStat(
  stats: Float64Array,
  row: number,
  { size, mtimeMs, ctimeMs, ino, dev }: Stats,
  device: number,
): void {
  const at = row * STAT_WORDS;
  stats[at] = size;
  stats[at + 1] = mtimeMs;
  stats[at + 2] = ctimeMs;
  stats[at + 3] = ino;
  stats[at + 4] = dev === device ? 0 : dev;
}

/**
 * Whether a file may be written after the scan began and still have the same stat, so that the stat doesn't vouch for
 * the content.
 *
 * @param start when the scan began, in milliseconds since 1970.
 */
export function isRacy(stats: Float64Array, row: number, start: number): boolean {
  const isRecent = (time = 0) => time >= start - (time % 1000 === 0 ? COARSE_TICK_MS : TICK_MS);
  const at = row * STAT_WORDS;
  return isRecent(stats[at + 1]) || isRecent(stats[at + 2]);
}

/** Makes a function that finds the hash of a file by its name, if its stat, a row of `stats`, is the cached one. */
export function lookUp(table: StatTable): (name: string, stats: Float64Array, row: number) => string | undefined {
  let rows: Map<string, number> | undefined;
  let next = 0;

  return (name, stats, row) => {
    // Directories are mostly read in the same order again, so that the next row mostly is the right one and needs no
    // map.
    let found: number | undefined = next;
    if (table.names[next] !== name) {
      rows ??= new Map(table.names.map((each, i) => [each, i]));
      found = rows.get(name);
      if (found === undefined) return undefined;
    }
    next = found + 1;
    for (let i = 0; i < STAT_WORDS; i++) {
      if (table.stats[found * STAT_WORDS + i] !== stats[row * STAT_WORDS + i]) return undefined;
    }
    return table.hashes.substring(found * HASH_LENGTH, (found + 1) * HASH_LENGTH);
  };
}

/** The bytes of a cache file. */
export function encodeTable({ names, stats, hashes }: StatTable): Buffer[] {
  const namesBytes = Buffer.from(names.join("\0"));
  const columns = [Buffer.from(stats.buffer), Buffer.from(hashes, "latin1"), namesBytes];
  const header = Buffer.alloc(HEADER_BYTES);
  new Uint32Array(header.buffer, header.byteOffset, HEADER_FIELDS).set([
    MAGIC,
    VERSION,
    names.length,
    namesBytes.length,
  ]);
  const digest = createHash("sha256");
  for (const column of columns) digest.update(column);
  digest.digest().copy(header, HEADER_FIELDS * 4);
  return [header, ...columns];
}

/** Decodes a cache file; undefined unless every byte is what this version writes on such a machine. */
export function decodeTable(bytes: Buffer): StatTable | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const fields = new Uint32Array(Uint8Array.from(bytes.subarray(0, HEADER_FIELDS * 4)).buffer);
  const [magic, version, count = 0, namesLength = 0] = fields;
  if (magic !== MAGIC || version !== VERSION) return undefined;
  const hashesAt = HEADER_BYTES + count * STAT_BYTES;
  const namesAt = hashesAt + count * HASH_LENGTH;
  if (bytes.length !== namesAt + namesLength) return undefined;
  const checksum = hash("sha256", bytes.subarray(HEADER_BYTES), "buffer");
  if (!checksum.equals(bytes.subarray(HEADER_FIELDS * 4, HEADER_BYTES))) return undefined;

  const stats = new Float64Array(count * STAT_WORDS); // a copy, since the column may not begin at a multiple of 8
  new Uint8Array(stats.buffer).set(bytes.subarray(HEADER_BYTES, hashesAt));
  const names = count === 0 ? [] : bytes.toString("utf8", namesAt).split("\0");
  return names.length === count ? { names, stats, hashes: bytes.toString("latin1", hashesAt, namesAt) } : undefined;
}

/** Opens no symbolic link, and doesn't wait for the writer of a FIFO. Windows has neither. */
const OPEN_AS_IT_IS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a cache file and marks it as used; undefined if there is none that can be used. It is synchronous, since a
 * promise would wait several times for a scan that pauses every ten milliseconds only.
 */
export function readTable(path: string): StatTable | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, OPEN_AS_IT_IS);
    // What is open is what is read, whatever takes its name meanwhile.
    const found = fstatSync(file);
    if (!found.isFile() || !isOwn(found)) return undefined;
    const table = decodeTable(readFileSync(file));
    if (Date.now() - found.mtimeMs > DAY_MS) futimesSync(file, new Date(), new Date());
    return table;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Whether a file or directory is the user's own, and nobody else's to write. Windows has no such numbers: there its access
 * lists keep a user's profile, in which the cache and the temporary directory lie, to that user.
 */
export function isOwn({ uid, mode }: Pick<Stats, "uid" | "mode">, userId = process.getuid?.()): boolean {
  return userId === undefined || (uid === userId && (mode & 0o022) === 0);
}

/** Writes a cache file in one step, so that no other process sees half of it, and removes files that are out of use. */
export async function writeTable(path: string, table: StatTable): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, encodeTable(table), { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
    await removeUnused(join(path, ".."));
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

const CACHE_FILE = /^[0-9a-f]{32}\.stats(\.[0-9a-f-]{36})?$/;

async function removeUnused(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!CACHE_FILE.test(name)) continue;
    const path = join(directory, name);
    const { mtimeMs } = await lstat(path);
    if (Date.now() - mtimeMs > UNUSED_DAYS * DAY_MS) await rm(path, { force: true });
  }
}

/**
 * The path of the cache file for what `key` names, a directory and its filters; undefined if no directory can be used.
 */
export function cachePath(cacheDirectory: string | undefined, key: unknown): string | undefined {
  const directory = cacheDirectory === undefined ? defaultDirectory() : ensureUsable(cacheDirectory);
  return directory && join(directory, `${hash("sha256", JSON.stringify(key)).slice(0, 32)}.stats`);
}

/** The user's cache directory by the platform's convention; undefined if there is none. */
export function userCacheDirectory(
  platform: NodeJS.Platform,
  environment: Readonly<NodeJS.ProcessEnv>,
  home: string | undefined,
): string | undefined {
  if (platform === "win32")
    return environment.LOCALAPPDATA && join(environment.LOCALAPPDATA, "pulumi-alicloud-vod", "Cache");
  // By the XDG specification, relative paths are ignored.
  const xdg = environment.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, "pulumi-alicloud-vod");
  if (!home || !isAbsolute(home)) return undefined;
  return join(home, platform === "darwin" ? "Library/Caches" : ".cache", "pulumi-alicloud-vod");
}

function defaultDirectory(): string | undefined {
  const own = userCacheDirectory(process.platform, process.env, findHome());
  return (
    (own && ensureUsable(own)) ?? ensureUsable(join(tmpdir(), `pulumi-alicloud-vod-${process.getuid?.() ?? "cache"}`))
  );
}

function findHome(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // the system doesn't know the user, as in some containers
  }
}

/** Creates the directory if it is missing; undefined if it can't be read and written, or others can write it. */
function ensureUsable(directory: string): string | undefined {
  try {
    makeDirectory(directory);
    const found = lstatSync(directory);
    if (!found.isDirectory() || !isOwn(found)) return undefined;
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return directory;
  } catch {
    return undefined;
  }
}

/**
 * Makes a directory and those above it. Node's own way never ends where a directory exists and can have no entries, such as
 * `/proc`.
 */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    const above = dirname(directory);
    if (code !== "ENOENT" || above === directory || existsSync(above)) throw error;
    makeDirectory(above);
    makeDirectory(directory);
  }
}
