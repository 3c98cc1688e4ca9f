/**
 * Digests of a source's directories. The inputs keep them as rows, so that a preview shows which directories changed.
 */
import { createHash } from "node:crypto";
import { type Manifest, sortManifest } from "../manifest/manifest.js";
import { escapeControls } from "../text/show.js";

/** Maps the name of a row to its value: a digest and the number of files. */
export type Rows = Readonly<Record<string, string>>;

/** Nobody reads more rows, and the state keeps all of them. */
const MOST_ROWS = 200;
/** Hexadecimal digits of a row's digest. */
const ROW_DIGITS = 12;
/** How much text goes into a digest at a time, since each call has its cost. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Makes the rows of a manifest. Each file counts in exactly one: `player/` has all files below that directory;
 * `player/*` has the files directly in it, where its subdirectories have rows of their own; `./` and `./*` are the same
 * for the root. Where a directory has too many subdirectories for a row each, those whose names begin alike share one:
 * `videos/a*` with a slash after it. A value is a digest and the number of files: `3f2a9c81d04e 12 files`.
 *
 * Which rows there are depends on the directory tree only, so that a file that is changed, added or removed in a
 * directory shows as that one row.
 *
 * @param options.maxRows at least 1. Default: 200.
 */
export function digestRows(manifest: Manifest, { maxRows = MOST_ROWS }: { maxRows?: number } = {}): Rows {
  const { names, hashes } = sortManifest(manifest);
  const directories = buildTree(names);
  const split = chooseSplit(directories.get("") as Directory, maxRows);
  const groups = groupSiblings(directories, split, maxRows);
  const rowNames = assignRows(directories, split, groups);
  const rows = new Map<string, Digest>();
  for (const [i, name] of names.entries()) {
    const rowName = rowNames.get(directoryPath(name)) as string;
    const row = rows.get(rowName) ?? new Digest();
    if (row.files === 0) rows.set(rowName, row);
    row.add(name, hashes[i] as string);
  }
  return Object.fromEntries(Array.from(rows, ([rowName, row]) => [rowName, row.end()]));
}

/** Whether rows are the same, so that no file changed. */
export function sameRows(one: Rows, other: Rows): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** A directory that has files, or subdirectories with files. */
interface Directory {
  /** Its path below the root, with a `/` at its end; empty for the root. */
  path: string;
  parent: Directory | undefined;
  children: Directory[];
}

function directoryPath(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** Finds every directory, by its path: the root first, and each after its parent. */
function buildTree(names: readonly string[]): Map<string, Directory> {
  const root: Directory = { path: "", parent: undefined, children: [] };
  const directories = new Map([[root.path, root]]);
  for (const name of names) {
    if (directories.has(directoryPath(name))) continue;
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

/** Assigns to each directory, by its path, the row in which its own files count. */
function assignRows(
  directories: ReadonlyMap<string, Directory>,
  split: ReadonlySet<Directory>,
  groups: ReadonlyMap<Directory, string>,
): Map<string, string> {
  const rows = new Map<string, string>();
  const divided = new Set([...split, ...Array.from(groups.keys(), ({ parent }) => parent)]);
  for (const directory of directories.values()) {
    const { path, parent } = directory;
    const isWithin = parent !== undefined && !divided.has(parent);
    const own = () => formatRowName(groups.get(directory) ?? path, divided.has(directory));
    rows.set(path, isWithin ? (rows.get(parent.path) as string) : own());
  }
  return rows;
}

/**
 * Chooses the directories whose subdirectories get rows of their own. Level by level, it splits directories of about
 * the same width together or not at all, the narrow ones first: then a new directory seldom takes the rows of others
 * away. Each split directory has a row in reserve for files of its own, so that a first file there takes no row away
 * either.
 */
function chooseSplit(root: Directory, maxRows: number): Set<Directory> {
  const split = new Set<Directory>();
  let rows = 1;
  let level = [root];
  while (level.length > 0) {
    const next: Directory[] = [];
    for (const alike of groupByWidth(level)) {
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

/** Groups directories by the number of their children: 1, 2 to 3, 4 to 7, and so on. */
function groupByWidth(directories: readonly Directory[]): Directory[][] {
  const groups = Array.from({ length: 33 }, (): Directory[] => []);
  for (const directory of directories) groups[32 - Math.clz32(directory.children.length)]?.push(directory);
  return groups;
}

/**
 * Names the row of each directory that shares one with siblings whose names begin alike. Their parents have too many
 * children for a row each; the rows that the split left over are for them.
 *
 * Each such parent gets the same number of rows, a power of two, so that one row more or less elsewhere seldom changes
 * how it is divided.
 */
function groupSiblings(
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
    const alike = groupByPrefix(children, path.length, most);
    if (alike.size < 2) continue;
    for (const [prefix, members] of alike) {
      for (const member of members) groups.set(member, members.length === 1 ? member.path : `${path}${prefix}*/`);
    }
  }
  return groups;
}

/**
 * Groups directories by a prefix of their names, the longest that makes at most so many groups.
 *
 * @param siblings in the order of their names.
 * @param start the index in their paths at which their names begin.
 */
function groupByPrefix(siblings: readonly Directory[], start: number, most: number): Map<string, Directory[]> {
  const names = siblings.map(({ path }) => path.slice(start, -1));
  // How many names first differ from the one before at each place. A prefix that includes the place makes a group of
  // each.
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
    // No prefix ends between the two units of a character.
    const prefix = (names[i] as string).slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
    const members = groups.get(prefix);
    if (members === undefined) groups.set(prefix, [sibling]);
    else members.push(sibling);
  }
  return groups;
}

/**
 * The engine hides properties that begin with `__`, and `./` is the root: the rows of such directories begin with
 * another `./`. The engine shows names as they are, so that control characters in them are escaped.
 */
function formatRowName(path: string, isSplit: boolean): string {
  const shown = escapeControls(path === "" || /^(__|\.\/)/.test(path) ? `./${path}` : path);
  return isSplit ? `${shown}*` : shown;
}

/** A digest of names and hashes, added in the order of the names' bytes. */
class Digest {
  files = 0;
  private text = "";
  private readonly hash = createHash("sha256");

  add(name: string, hash: string): void {
    this.files++;
    // Behind its length, a name may have any character and still ends at one place only.
    this.text += `${name.length} ${name} ${hash}\n`;
    if (this.text.length < CHUNK_CHARACTERS) return;
    this.hash.update(this.text);
    this.text = "";
  }

  /** Ends the digest: returns it with the number of files. */
  end(): string {
    const digest = this.hash.update(this.text).digest("hex").slice(0, ROW_DIGITS);
    return `${digest} ${this.files} ${this.files === 1 ? "file" : "files"}`;
  }
}
