/**
 * A manifest: which content the edge was last told to fetch, a hash for each file. What changed is found by comparing two of
 * them, and a preview shows it as the rows of a tree of directories that differ.
 */
import { createHash } from "node:crypto";
import { pack, unpack } from "./packing.js";

/**
 * Name of a file below the source's directory (with `/`), or URL, to the hash of its content: 12 characters of base64url, 9
 * bytes of a SHA-256.
 */
export type Manifest = ReadonlyMap<string, string>;

/** Stands for a hash where the edge may hold anything: it differs from every hash, and from itself. */
export const UNKNOWN_HASH = "";

/** The default: more rows are more than anybody reads, and all of them stand in the state. */
const MOST_ROWS = 200;
/** Hexadecimal digits of a row's digest. */
const ROW_DIGITS = 12;
/** How much text goes into a digest at a time: calls are what costs. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Packs a manifest for the state, at about 13 characters a file. The order of its entries doesn't matter.
 *
 * @throws VodError TooManyFiles for more than 4,000,000 names or 200 MB of names.
 * @throws TypeError for a hash of another form, or a name that is not Unicode text.
 */
export function packManifest(manifest: Manifest): string {
  const { names, hashes } = inOrder(manifest);
  return pack(names, hashes);
}

/**
 * Reads what any version of {@link packManifest} wrote.
 *
 * @returns the manifest, in the order of its names' bytes. It is not a Map, which would take longer to build than to compare:
 * looking a name up takes some steps, as in a sorted list.
 * @throws VodError UnknownState when the text is damaged, or a later version of the package wrote it.
 */
export function unpackManifest(text: string): Manifest {
  return unpack(text);
}

/** What changed between two manifests: names, each list in the order of their bytes. */
export interface ManifestChanges {
  /** In both, under another hash, or under an unknown one. */
  changed: string[];
  /** In the old one alone. */
  vanished: string[];
  /** In the new one alone. */
  added: string[];
}

/** What changed from `old` to `now`. Names that differ in case alone are two names: one vanished, one is new. */
export function diffManifests(old: Manifest, now: Manifest): ManifestChanges {
  const { changed, onlyOld, onlyNow } = compareInStep(old, now);
  const vanished: string[] = [];
  const found = new Set<string>();
  for (const [name, hash] of onlyOld) {
    const present = now.get(name);
    if (present === undefined) vanished.push(name);
    else found.add(name);
    if (present !== undefined && differs(hash, present)) changed.push(name);
  }
  const added = onlyNow.filter((name) => !found.has(name));
  return { changed: inByteOrder(changed), vanished: inByteOrder(vanished), added: inByteOrder(added) };
}

/**
 * Walks through two manifests side by side, as if both were in order, which they mostly are: that finds most names several times
 * as fast as looking them up. Those that seem to be in one alone may be in both.
 */
function compareInStep(old: Manifest, now: Manifest) {
  const changed: string[] = [];
  const onlyOld: [name: string, hash: string][] = [];
  const onlyNow: string[] = [];
  const names = [...now.keys()];
  const hashes = [...now.values()];
  let at = 0;
  for (const [name, hash] of old) {
    while (at < names.length && names[at] !== name && (names[at] as string) < name) onlyNow.push(names[at++] as string);
    if (names[at] !== name) onlyOld.push([name, hash]);
    else if (differs(hash, hashes[at++] as string)) changed.push(name);
  }
  return { changed, onlyOld, onlyNow: onlyNow.concat(names.slice(at)) };
}

function differs(hash: string, other: string): boolean {
  return hash !== other || hash === UNKNOWN_HASH;
}

/**
 * A manifest as the rows that stand in the inputs, so that a preview shows which directories changed. Each file counts in one
 * row: `player/` are all files below that directory; `player/*` are those right in it, where its directories have rows of
 * their own; `./` and `./*` are the same for the root. A value is a digest and the number of files: `3f2a9c81d04e 12 files`.
 *
 * Which rows there are depends on the tree of directories alone, so that a file that changes, comes or goes in a directory
 * shows as that one row.
 *
 * @param maxRows at least 1. Default: 200.
 */
export function digestRows(manifest: Manifest, maxRows: number = MOST_ROWS): Record<string, string> {
  const { names, hashes } = inOrder(manifest);
  const rowNames = rowsOf(directoriesOf(names), maxRows);
  const rows = new Map<string, Digest>();
  for (const [i, name] of names.entries()) {
    const rowName = rowNames.get(directoryOf(name)) as string;
    const row = rows.get(rowName) ?? new Digest();
    if (row.files === 0) rows.set(rowName, row);
    row.add(name, hashes[i] as string);
  }
  return Object.fromEntries(Array.from(rows, ([rowName, row]) => [rowName, describeRow(row)]));
}

/** One digest of all names and hashes, in whichever order they come: 43 characters of base64url. */
export function digestOf(manifest: Manifest): string {
  const { names, hashes } = inOrder(manifest);
  const digest = new Digest();
  for (const [i, name] of names.entries()) digest.add(name, hashes[i] as string);
  return digest.end("base64url");
}

/** A directory that holds files, or directories that do. */
interface Directory {
  /** Its name below the root, which ends in `/`; the root's is empty. */
  path: string;
  parent: Directory | undefined;
  children: Directory[];
}

function directoryOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** Every directory by its path; the root first, and each after the one that it is in. */
function directoriesOf(names: readonly string[]): Map<string, Directory> {
  const root: Directory = { path: "", parent: undefined, children: [] };
  const directories = new Map([[root.path, root]]);
  for (const name of names) {
    if (directories.has(directoryOf(name))) continue;
    let parent = root;
    for (let end = name.indexOf("/") + 1; end > 0; end = name.indexOf("/", end) + 1) {
      const path = name.slice(0, end);
      const directory = directories.get(path) ?? { path, parent, children: [] };
      if (!directories.has(path)) {
        directories.set(path, directory);
        parent.children.push(directory);
      }
      parent = directory;
    }
  }
  return directories;
}

/** The row in which each directory's own files count, by the directory's path. */
function rowsOf(directories: ReadonlyMap<string, Directory>, maxRows: number): Map<string, string> {
  const split = directoriesToSplit(directories.get("") as Directory, maxRows);
  const rows = new Map<string, string>();
  for (const directory of directories.values()) {
    const { path, parent } = directory;
    const isWithin = parent !== undefined && !split.has(parent);
    rows.set(path, isWithin ? (rows.get(parent.path) as string) : rowNameOf(path, split.has(directory)));
  }
  return rows;
}

/**
 * The directories whose own directories have rows. It goes from level to level, and on each splits directories of about the
 * same width together or not at all, the narrow ones first: one directory more than yesterday then seldom takes the rows of
 * others away. A row is kept free for the files of each, so that a first file there takes none away either.
 */
function directoriesToSplit(root: Directory, maxRows: number): Set<Directory> {
  const split = new Set<Directory>();
  let rows = 1;
  let level = [root];
  while (level.length > 0) {
    const next: Directory[] = [];
    for (const alike of byWidth(level)) {
      const more = alike.reduce((sum, { children }) => sum + children.length, 0);
      if (rows + more > maxRows) continue;
      rows += more;
      for (const directory of alike) {
        split.add(directory);
        for (const child of directory.children) if (child.children.length > 0) next.push(child);
      }
    }
    level = next;
  }
  return split;
}

/** Directories by the number of their children: those with 1, with 2 or 3, with 4 to 7, and so on. */
function byWidth(directories: readonly Directory[]): Directory[][] {
  const groups = Array.from({ length: 33 }, (): Directory[] => []);
  for (const directory of directories) groups[32 - Math.clz32(directory.children.length)]?.push(directory);
  return groups;
}

/** The engine doesn't show properties that begin with `__`, and `./` is everything: rows of such directories begin with `./`. */
function rowNameOf(path: string, isSplit: boolean): string {
  const shown = path === "" || /^(__|\.\/)/.test(path) ? `./${path}` : path;
  return isSplit ? `${shown}*` : shown;
}

/** A digest of names and hashes, which come in the order of the names' bytes. */
class Digest {
  files = 0;
  private text = "";
  private readonly hash = createHash("sha256");

  add(name: string, hash: string): void {
    this.files++;
    // After its length a name may hold any character: it ends in one place only.
    this.text += `${name.length} ${name} ${hash}\n`;
    if (this.text.length < CHUNK_CHARACTERS) return;
    this.hash.update(this.text);
    this.text = "";
  }

  /** Nothing can be added after it. */
  end(encoding: "hex" | "base64url"): string {
    return this.hash.update(this.text).digest(encoding);
  }
}

function describeRow(row: Digest): string {
  return `${row.end("hex").slice(0, ROW_DIGITS)} ${row.files} ${row.files === 1 ? "file" : "files"}`;
}

/** The names of a manifest in the order of their bytes in UTF-8, and their hashes. */
function inOrder(manifest: Manifest): { names: string[]; hashes: string[] } {
  const given = [...manifest.keys()];
  const names = inByteOrder([...given]);
  // Looking them up takes longer than all the rest, and a manifest is mostly in order already.
  const isInOrder = names.every((name, i) => name === given[i]);
  return { names, hashes: isInOrder ? [...manifest.values()] : names.map((name) => manifest.get(name) as string) };
}

/** Sorts in place. JavaScript's own order, by UTF-16 units, is quickly made, and differs only where there are surrogates. */
function inByteOrder(names: string[]): string[] {
  names.sort();
  return names.some((name) => /[\uD800-\uDFFF]/.test(name)) ? names.sort(compareBytes) : names;
}

function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rankOf(x) - rankOf(y);
  }
  return a.length - b.length;
}

/** In UTF-8 what UTF-16 writes with surrogates comes last, after U+E000 to U+FFFF. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
