/**
 * A manifest: which content the edge was last told to fetch, as a hash for each file. Comparing two manifests tells
 * what changed.
 */
import { pack, unpack } from "./codec.js";
import { hashDiffers } from "./hash.js";

/**
 * Maps the name of a file below the source's directory (with `/`) to the hash of its content, 12 base64url characters
 * of a SHA-256; or a URL to the first 7 of them, which is what is packed; or a URL to any text that a program gives as
 * its hash.
 */
export type Manifest = ReadonlyMap<string, string>;

/**
 * Packs a manifest for the state into about 8 characters a file. The order of its entries doesn't matter.
 *
 * @throws VodError TooManyFiles for more than 4,000,000 names or 200 MB of names.
 * @throws TypeError for a hash of another form, or a name that is not Unicode text.
 */
export function packManifest(manifest: Manifest): string {
  const { names, hashes } = sortManifest(manifest);
  return pack(names, hashes);
}

/**
 * Reads what any version of {@link packManifest} wrote.
 *
 * @returns the manifest, in the order of its names' bytes. It is not a Map, which would take longer to build than to
 * compare: a look-up is a binary search.
 * @throws VodError UnknownState when the text is damaged or a later version of the package wrote it.
 */
export function unpackManifest(text: string): Manifest {
  return unpack(text);
}

/** The names that changed between two manifests, each list in the order of the names' bytes. */
export interface ManifestChanges {
  /** In both, with another hash or an unknown one. */
  changed: string[];
  /** Only in the old manifest. */
  removed: string[];
  /** Only in the current manifest. */
  added: string[];
}

/**
 * Finds what changed from `old` to `current`. Names that differ only in case are two names: one was removed, one is
 * new.
 */
export function diffManifests(old: Manifest, current: Manifest): ManifestChanges {
  const { changed, onlyOld, onlyCurrent } = compareSideBySide(old, current);
  const removed: string[] = [];
  const found = new Set<string>();
  for (const [name, hash] of onlyOld) {
    const currentHash = current.get(name);
    if (currentHash === undefined) {
      removed.push(name);
      continue;
    }
    found.add(name);
    if (hashDiffers(hash, currentHash)) changed.push(name);
  }
  const added = onlyCurrent.filter((name) => !found.has(name));
  return { changed: sortByBytes(changed), removed: sortByBytes(removed), added: sortByBytes(added) };
}

/**
 * Walks through two manifests side by side as if both were in order, which they mostly are: this finds most names
 * several times as fast as look-ups. A name that it reports for one manifest only may still be in both.
 */
function compareSideBySide(old: Manifest, current: Manifest) {
  const changed: string[] = [];
  const onlyOld: [name: string, hash: string][] = [];
  const onlyCurrent: string[] = [];
  const names = [...current.keys()];
  const hashes = [...current.values()];
  let at = 0;
  for (const [name, hash] of old) {
    while (at < names.length && names[at] !== name && (names[at] as string) < name)
      onlyCurrent.push(names[at++] as string);
    if (names[at] !== name) onlyOld.push([name, hash]);
    else if (hashDiffers(hash, hashes[at++] as string)) changed.push(name);
  }
  return { changed, onlyOld, onlyCurrent: onlyCurrent.concat(names.slice(at)) };
}

/** The names of a manifest in the order of their UTF-8 bytes, and their hashes. */
export function sortManifest(manifest: Manifest): { names: string[]; hashes: string[] } {
  const given = [...manifest.keys()];
  const names = sortByBytes([...given]);
  // Look-ups take longer than everything else, and most manifests are in order already.
  const isInOrder = names.every((name, i) => name === given[i]);
  return { names, hashes: isInOrder ? [...manifest.values()] : names.map((name) => manifest.get(name) as string) };
}

/** Sorts in place. JavaScript's own order, by UTF-16 units, is fast and differs only where names have surrogates. */
function sortByBytes(names: string[]): string[] {
  names.sort();
  return names.some((name) => /[\uD800-\uDFFF]/.test(name)) ? names.sort(compareBytes) : names;
}

function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rankUnit(x) - rankUnit(y);
  }
  return a.length - b.length;
}

/** What UTF-16 writes with surrogates comes last in UTF-8, after U+E000 to U+FFFF. */
function rankUnit(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
