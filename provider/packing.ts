/**
 * How a manifest is packed for the state. The format is a contract: it carries a version, a text of every earlier version is
 * read, and one of a later version is refused instead of misread.
 *
 * A packed manifest is `1.<checksum>.<body>`, both in base64url. Version 1:
 * - The checksum: the first 8 bytes of the SHA-256 of the body's characters.
 * - The body: the length of the names' part; that part, in Brotli; the hashes in the order of the names, 9 bytes each, which
 *   don't compress. Those of an unknown hash mean nothing.
 * - The names' part: how many names; how many of them have an unknown hash; for each of these, how many names are between it
 *   and the one before; for each name, how many bytes it begins with like the name before; for each name, how many bytes
 *   follow; these bytes. Names are in UTF-8, in the order of their bytes.
 * - A number has 7 bits a byte, the lowest first, and the high bit in all but the last byte; at most four bytes.
 */
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { HASH_CHARACTERS, type Names, NO_HASH, Unpacked } from "./unpacked.js";
import { VodError } from "./vod/errors.js";

/** The version that this package writes. */
const VERSION = 1;

const CHECKSUM_BYTES = 8;
const HASH_BYTES = 9;

/** What is packed and unpacked at most, so that a broken text can't take all memory. No day's quota could refresh as much. */
const MOST_NAMES = 4_000_000;
const MOST_NAME_BYTES = 200_000_000;
/** Beside its bytes a name takes three numbers of four bytes at most; so do the counts before all names. */
const MOST_UNPACKED_BYTES = MOST_NAME_BYTES + 12 * (MOST_NAMES + 1);

/** Higher ones save 1% at best, and take several times as long. */
const BROTLI_QUALITY = 5;

/**
 * Packs names and their hashes, at about 13 characters a file.
 *
 * @param names in the order of their bytes in UTF-8, each once.
 * @param hashes those of the names, in the same order: 12 characters of base64url, or "" for an unknown one.
 * @throws VodError TooManyFiles for more than 4,000,000 names or 200 MB of names.
 * @throws TypeError for a hash of another form, or a name that is not Unicode text.
 */
export function pack(names: readonly string[], hashes: readonly string[]): string {
  const part = brotliCompressSync(packNames(names, hashes), {
    params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
  });
  const body = Buffer.concat([numbersAsBytes([part.length]), part, hashesAsBytes(hashes)]).toString("base64url");
  return `${VERSION}.${checksumOf(body)}.${body}`;
}

/**
 * Reads what any version of {@link pack} wrote, in bounded memory.
 *
 * @returns hash by name, in the order of the names' bytes.
 * @throws VodError UnknownState when the text is damaged, or a later version of the package wrote it.
 */
export function unpack(text: string): ReadonlyMap<string, string> {
  const [version = "", checksum = ""] = text.slice(0, 64).split(".", 2);
  if (!/^[1-9]\d*$/.test(version)) throw damaged();
  if (Number(version) > VERSION) throw later(version);
  const body = text.slice(version.length + checksum.length + 2);
  if (checksumOf(body) !== checksum) throw damaged();

  const reader = new Reader(Buffer.from(body, "base64url"));
  const names = unpackNames(decompress(reader.bytes(reader.number())));
  const hashes = reader.rest();
  if (hashes.length !== names.ends.length * HASH_BYTES) throw damaged();
  return new Unpacked(names, hashes.toString("base64url"));
}

/** The names' part, before Brotli. */
function packNames(names: readonly string[], hashes: readonly string[]): Buffer {
  const { bytes, ends } = namesAsBytes(names);
  const shared = new Uint32Array(names.length);
  const following = new Uint32Array(names.length);
  const rest = Buffer.allocUnsafe(bytes.length);
  let written = 0;
  for (let i = 0, previous = 0, start = 0; i < names.length; i++) {
    const end = ends[i] as number;
    const most = Math.min(start - previous, end - start);
    let length = 0;
    while (length < most && bytes[previous + length] === bytes[start + length]) length++;
    shared[i] = length;
    following[i] = end - start - length;
    for (let at = start + length; at < end; at++) rest[written++] = bytes[at] as number;
    previous = start;
    start = end;
  }
  const unknown: number[] = [];
  for (let i = 0, next = 0; i < hashes.length; i++) {
    if (hashes[i] !== NO_HASH) continue;
    unknown.push(i - next);
    next = i + 1;
  }
  const numbers = [[names.length, unknown.length], unknown, shared, following];
  return Buffer.concat([...numbers.map(numbersAsBytes), rest.subarray(0, written)]);
}

/** Reads the names' part. Whatever it holds, the memory that it takes is bounded; names that aren't in order are refused. */
function unpackNames(part: Buffer): Names {
  const reader = new Reader(part);
  const count = reader.number();
  const unknownCount = reader.number();
  if (count > MOST_NAMES) throw damaged();
  const unknown = new Set<number>();
  for (let i = 0, next = 0; i < unknownCount; i++) {
    const place = next + reader.number();
    if (place >= count) throw damaged();
    unknown.add(place);
    next = place + 1;
  }
  const shared = reader.numbers(count);
  const following = reader.numbers(count);
  const rest = reader.rest();

  let total = 0;
  for (let i = 0, length = 0; i < count; i++) {
    if ((shared[i] as number) > length) throw damaged();
    length = (shared[i] as number) + (following[i] as number);
    total += length;
    if (total > MOST_NAME_BYTES) throw damaged();
  }

  const bytes = Buffer.allocUnsafe(total);
  const ends = following;
  let read = 0;
  for (let i = 0, previous = 0, start = 0; i < count; i++) {
    const differs = start + (shared[i] as number);
    const end = differs + (following[i] as number);
    let at = start;
    for (let from = previous; at < differs; at++) bytes[at] = bytes[from++] as number;
    for (; at < end; at++) bytes[at] = rest[read++] as number;
    // A name is more than its beginning that it shares, and goes on with a higher byte, if the name before goes on at all.
    const other = previous + differs - start;
    if (i > 0 && (differs === end || (other < start && (bytes[differs] as number) <= (bytes[other] as number)))) {
      throw damaged();
    }
    previous = start;
    start = ends[i] = end;
  }
  if (read !== rest.length) throw damaged();
  // Each name by itself has to be text.
  if (!isUtf8(bytes) || ends.some((end) => isWithinCharacter(bytes[end]))) throw damaged();
  return { bytes, ends, unknown };
}

/** The names one after the other in UTF-8, and where each ends. */
function namesAsBytes(names: readonly string[]): { bytes: Buffer; ends: Uint32Array } {
  const units = names.reduce((sum, name) => sum + name.length, 0);
  if (names.length > MOST_NAMES || units > MOST_NAME_BYTES) throw tooMany();
  const bytes = Buffer.from(names.join(""));
  if (bytes.length > MOST_NAME_BYTES) throw tooMany();
  const isPlain = bytes.length === units;
  const ends = new Uint32Array(names.length);
  let end = 0;
  for (const [i, name] of names.entries()) {
    if (!isPlain && /\p{Surrogate}/u.test(name)) {
      throw new TypeError(`The name ${JSON.stringify(name)} of a manifest isn't Unicode text.`);
    }
    end += isPlain ? name.length : Buffer.byteLength(name);
    ends[i] = end;
  }
  return { bytes, ends };
}

/** Whether a byte of UTF-8 goes on with a character that another began. */
function isWithinCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function hashesAsBytes(hashes: readonly string[]): Buffer {
  const text = hashes.map((hash) => (hash === NO_HASH ? "A".repeat(HASH_CHARACTERS) : hash)).join("");
  const bytes = Buffer.from(text, "base64url");
  // Bytes that give the same text again are what every character stood for: none was skipped, none was of another alphabet.
  const isForm = (hash: string) => hash === NO_HASH || hash.length === HASH_CHARACTERS;
  if (bytes.toString("base64url") !== text || !hashes.every(isForm)) {
    throw new TypeError(`Each hash of a manifest is ${HASH_CHARACTERS} characters of base64url.`);
  }
  return bytes;
}

function numbersAsBytes(numbers: ArrayLike<number>): Buffer {
  const bytes = Buffer.allocUnsafe(4 * numbers.length);
  let length = 0;
  for (let i = 0; i < numbers.length; i++) {
    let value = numbers[i] as number;
    for (; value >= 0x80; value >>>= 7) bytes[length++] = (value & 0x7f) | 0x80;
    bytes[length++] = value;
  }
  return bytes.subarray(0, length);
}

/** Reads bytes from first to last; what is missing is damage. */
class Reader {
  private at = 0;
  constructor(private readonly source: Buffer) {}

  number(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.source[this.at++];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw damaged();
  }

  numbers(count: number): Uint32Array {
    const numbers = new Uint32Array(count);
    for (let i = 0; i < count; i++) numbers[i] = this.number();
    return numbers;
  }

  bytes(length: number): Buffer {
    if (length > this.source.length - this.at) throw damaged();
    this.at += length;
    return this.source.subarray(this.at - length, this.at);
  }

  rest(): Buffer {
    return this.bytes(this.source.length - this.at);
  }
}

function decompress(part: Buffer): Buffer {
  try {
    return brotliDecompressSync(part, { maxOutputLength: MOST_UNPACKED_BYTES });
  } catch {
    throw damaged();
  }
}

function checksumOf(body: string): string {
  return createHash("sha256").update(body).digest().subarray(0, CHECKSUM_BYTES).toString("base64url");
}

function damaged(): VodError {
  return new VodError(
    "The manifest in the state of this resource is damaged.",
    "Restore the stack's state from a backup, or remove the resource from it with `pulumi state delete`, so that the next " +
      "`pulumi up` refreshes everything; nothing was sent.",
    { code: "UnknownState" },
  );
}

function later(version: string): VodError {
  return new VodError(
    "The manifest in the state of this resource was written by a later version of pulumi-alicloud-vod " +
      `(manifest version ${version}).`,
    "Install that version, or later, of pulumi-alicloud-vod; nothing was sent.",
    { code: "UnknownState" },
  );
}

function tooMany(): VodError {
  return new VodError(
    "The files are too many for one resource: their names are more than 4,000,000, or take more than 200 MB.",
    "Narrow what `include` and `exclude` select, or give each part of the site a resource of its own.",
    { code: "TooManyFiles" },
  );
}
