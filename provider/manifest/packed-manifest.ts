/**
 * A manifest as it was unpacked: bytes, of which strings are made as they are asked for. A Map of a million names takes a second
 * to build and hundreds of megabytes, which is more than all the rest of a plan.
 */

/** Stands where the hash is unknown. */
export const NO_HASH = "";
/**
 * What is kept of a hash in base64url: 42 bits. A file that changed has the hash that it had, and its old copy stays at the edge, once
 * in 4,400,000,000,000 times: at a million changed files a day, once in 12,000 years. With 12 characters, a site of 100,000 files
 * would take half as much state again.
 */
export const HASH_CHARACTERS = 7;

/** The names of a manifest as bytes. */
export interface Names {
  /** One after the other, in UTF-8, in the order of their bytes. */
  bytes: Buffer;
  /** Where each ends. */
  ends: Uint32Array;
  /** Which of them, counted from 0, have an unknown hash. */
  unknown: ReadonlySet<number>;
}

/**
 * Hash by name, in order. It is changed as little as what was packed.
 *
 * @param hashes one after the other, also where it is unknown.
 * @param hashLength how many characters each has there, of which the first are kept.
 */
export class ManifestView implements ReadonlyMap<string, string> {
  constructor(
    private readonly names: Names,
    private readonly hashes: string,
    private readonly hashLength: number,
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
    if (this.names.unknown.has(i)) return NO_HASH;
    const at = i * this.hashLength;
    return this.hashes.slice(at, at + HASH_CHARACTERS);
  }

  /** Halves the names until one is left. */
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
