/**
 * A view of an unpacked manifest: it keeps bytes, and makes a string only when it is asked for one. To build a Map of a
 * million names takes a second and hundreds of megabytes, more than the rest of a plan.
 */
import { HASH_CHARACTERS, UNKNOWN_HASH } from "./hash.js";

/** The names of a manifest as bytes. */
export interface Names {
  /** One after the other, in UTF-8, in the order of their bytes. */
  bytes: Buffer;
  /** Where each ends. */
  ends: Uint32Array;
  /** The indexes of those that have an unknown hash. */
  unknown: ReadonlySet<number>;
}

/** Maps each name to its hash, in the order of the names. */
export class ManifestView implements ReadonlyMap<string, string> {
  /** @param hashes {@link HASH_CHARACTERS} for each name, also where the hash is unknown; what follows is ignored. */
  constructor(
    private readonly names: Names,
    private readonly hashes: string,
  ) {}

  get size(): number {
    return this.names.ends.length;
  }

  get(name: string): string | undefined {
    const i = this.find(Buffer.from(name));
    return i === undefined ? undefined : this.hashAt(i);
  }

  has(name: string): boolean {
    return this.find(Buffer.from(name)) !== undefined;
  }

  forEach(act: (hash: string, name: string, map: ReadonlyMap<string, string>) => void): void {
    for (const [name, hash] of this) act(hash, name, this);
  }

  *keys(): MapIterator<string> {
    for (let i = 0; i < this.size; i++) yield this.nameAt(i);
  }

  *values(): MapIterator<string> {
    for (let i = 0; i < this.size; i++) yield this.hashAt(i);
  }

  *entries(): MapIterator<[string, string]> {
    for (let i = 0; i < this.size; i++) yield [this.nameAt(i), this.hashAt(i)];
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }

  private startOf(i: number): number {
    return i === 0 ? 0 : (this.names.ends[i - 1] as number);
  }

  private nameAt(i: number): string {
    return this.names.bytes.toString("utf8", this.startOf(i), this.names.ends[i]);
  }

  private hashAt(i: number): string {
    if (this.names.unknown.has(i)) return UNKNOWN_HASH;
    const at = i * HASH_CHARACTERS;
    return this.hashes.slice(at, at + HASH_CHARACTERS);
  }

  /** The index of a name, by binary search. */
  private find(name: Buffer): number | undefined {
    const { bytes, ends } = this.names;
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = bytes.compare(name, 0, name.length, this.startOf(middle), ends[middle]);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }
}
