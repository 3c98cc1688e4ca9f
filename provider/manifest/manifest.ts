/**
 * A manifest: which content the edge was last told to fetch, a hash for each file. What changed is found by comparing two of
 * them, and a preview shows it as the rows of a tree of directories that differ.
 */
import { pack, unpack } from "./codec.js";

/**
 * Name of a file below the source's directory (with `/`) to the hash of its content, 12 characters of a SHA-256 in base64url; or
 * URL to the first 7 of them, which is what is packed; or URL to whatever a program calls its hash.
 */
export type Manifest = ReadonlyMap<string, string>;

/** Stands for a hash where the edge may hold anything: it differs from every hash, and from itself. */
export const UNKNOWN_HASH = "";

/**
 * Packs a manifest for the state, at about 8 characters a file. The order of its entries doesn't matter.
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
  removed: string[];
  /** In the new one alone. */
  added: string[];
}

/** What changed from `old` to `now`. Names that differ in case alone are two names: one vanished, one is new. */
export function diffManifests(old: Manifest, current: Manifest): ManifestChanges {
  const { changed, onlyOld, onlyNow } = compareInStep(old, current);
  const vanished: string[] = [];
  const found = new Set<string>();
  for (const [name, hash] of onlyOld) {
    const present = current.get(name);
    if (present === undefined) vanished.push(name);
    else found.add(name);
    if (present !== undefined && differs(hash, present)) changed.push(name);
  }
  const added = onlyNow.filter((name) => !found.has(name));
  return { changed: inByteOrder(changed), removed: inByteOrder(vanished), added: inByteOrder(added) };
}

/**
 * Walks through two manifests side by side, as if both were in order, which they mostly are: that finds most names several times
 * as fast as looking them up. Those that seem to be in one alone may be in both.
 */
function compareInStep(old: Manifest, current: Manifest) {
  const changed: string[] = [];
  const onlyOld: [name: string, hash: string][] = [];
  const onlyNow: string[] = [];
  const names = [...current.keys()];
  const hashes = [...current.values()];
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

/** The names of a manifest in the order of their bytes in UTF-8, and their hashes. */
export function inOrder(manifest: Manifest): { names: string[]; hashes: string[] } {
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
