/** A manifest as the rows that stand in the inputs, so that a preview shows which directories changed. */
import { createHash } from "node:crypto";
import { type Manifest, sortManifest } from "../manifest/manifest.js";

/** What a row is called, and what it says: a digest and the number of files. */
export type Rows = Readonly<Record<string, string>>;

/** The default: more rows are more than anybody reads, and all of them stand in the state. */
const MOST_ROWS = 200;
/** Hexadecimal digits of a row's digest. */
const ROW_DIGITS = 12;
/** How much text goes into a digest at a time: calls are what costs. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Makes the rows of a manifest. Each file counts in one: `player/` are all files below that directory; `player/*` are those right
 * in it, where its directories have rows of their own; `./` and `./*` are the same for the root. Where a directory's own are too
 * many for a row each, those whose names begin alike have one together: `videos/a*` with a slash after it. A value is a digest and
 * the number of files: `3f2a9c81d04e 12 files`.
 *
 * Which rows there are depends on the tree of directories alone, so that a file that changes, comes or goes in a directory
 * shows as that one row.
 *
 * @param options.maxRows at least 1. Default: 200.
 * @param options.known the rows of the state, which come back as they are if they say the same: once there were no rows of
 * directories that begin alike, and a site that didn't change shall show no difference.
 */
export function digestRows(
  manifest: Manifest,
  { maxRows = MOST_ROWS, known }: { maxRows?: number; known?: Rows | undefined } = {},
): Rows {
  const { names, hashes } = sortManifest(manifest);
  const directories = directoriesOf(names);
  const split = directoriesToSplit(directories.get("") as Directory, maxRows);
  const groups = groupsOf(directories, split, maxRows);
  const rows = digestEach(names, hashes, rowNamesOf(directories, split, groups));
  if (known === undefined || groups.size === 0 || sameRows(rows, known)) return rows;
  const ungrouped = digestEach(names, hashes, rowNamesOf(directories, split, new Map()));
  return sameRows(ungrouped, known) ? ungrouped : rows;
}

/** Whether rows say the same: then nothing changed. */
export function sameRows(one: Rows, other: Rows): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

function digestEach(names: readonly string[], hashes: readonly string[], rowNames: ReadonlyMap<string, string>): Rows {
  const rows = new Map<string, Digest>();
  for (const [i, name] of names.entries()) {
    const rowName = rowNames.get(directoryOf(name)) as string;
    const row = rows.get(rowName) ?? new Digest();
    if (row.files === 0) rows.set(rowName, row);
    row.add(name, hashes[i] as string);
  }
  return Object.fromEntries(Array.from(rows, ([rowName, row]) => [rowName, row.end()]));
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
function rowNamesOf(
  directories: ReadonlyMap<string, Directory>,
  split: ReadonlySet<Directory>,
  groups: ReadonlyMap<Directory, string>,
): Map<string, string> {
  const rows = new Map<string, string>();
  const divided = new Set([...split, ...Array.from(groups.keys(), ({ parent }) => parent)]);
  for (const directory of directories.values()) {
    const { path, parent } = directory;
    const isWithin = parent !== undefined && !divided.has(parent);
    const own = () => rowNameOf(groups.get(directory) ?? path, divided.has(directory));
    rows.set(path, isWithin ? (rows.get(parent.path) as string) : own());
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

/**
 * The directories that have a row with others that begin alike, and what that is called: those in a directory that was left
 * whole, since they are too many for a row each. The rows that splitting left free are for them.
 *
 * Each such directory gets the same number of rows, and that a power of two, so that a row more or less elsewhere seldom
 * changes how it is divided.
 */
function groupsOf(
  directories: ReadonlyMap<string, Directory>,
  split: ReadonlySet<Directory>,
  maxRows: number,
): Map<Directory, string> {
  const groups = new Map<Directory, string>();
  let free = maxRows - 1;
  for (const { children } of split) free -= children.length;
  const wide = Array.from(directories.values()).filter(
    (directory) =>
      directory.children.length > 0 &&
      !split.has(directory) &&
      (directory.parent === undefined || split.has(directory.parent)),
  );
  const most = 2 ** Math.floor(Math.log2(Math.max(1, free / wide.length)));
  for (const { path, children } of wide) {
    const alike = groupedByBeginning(children, path.length, most);
    if (alike.size < 2) continue;
    for (const [beginning, members] of alike) {
      for (const member of members) groups.set(member, members.length === 1 ? member.path : `${path}${beginning}*/`);
    }
  }
  return groups;
}

/**
 * Directories by the beginning of their names, which is as long as it can be for at most so many groups.
 *
 * @param siblings in the order of their names.
 * @param start where their names begin in their paths.
 */
function groupedByBeginning(siblings: readonly Directory[], start: number, most: number): Map<string, Directory[]> {
  const names = siblings.map(({ path }) => path.slice(start, -1));
  // Those in order that differ first at the same place: cut behind that place, each begins a group.
  const differing: number[] = [];
  for (const [i, name] of names.entries()) {
    if (i === 0) continue;
    const before = names[i - 1] as string;
    let at = 0;
    while (at < name.length && name[at] === before[at]) at++;
    differing[at] = (differing[at] ?? 0) + 1;
  }
  let length = 0;
  for (let groups = 1; length < differing.length; length++) {
    groups += differing[length] ?? 0;
    if (groups > most) break;
  }
  const groups = new Map<string, Directory[]>();
  for (const [i, sibling] of siblings.entries()) {
    // Not within a character of two units.
    const beginning = (names[i] as string).slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
    const members = groups.get(beginning);
    if (members === undefined) groups.set(beginning, [sibling]);
    else members.push(sibling);
  }
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

  /** The digest with the number of files. Nothing can be added after it. */
  end(): string {
    const digest = this.hash.update(this.text).digest("hex").slice(0, ROW_DIGITS);
    return `${digest} ${this.files} ${this.files === 1 ? "file" : "files"}`;
  }
}
