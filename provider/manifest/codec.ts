/**
 * How a manifest is packed for the state. The format is a contract: it carries a version, a text of every earlier
 * version is read, and one of a later version is refused instead of misread.
 *
 * A packed manifest is `1.<checksum>.<body>`. In version 1:
 * - The checksum is the first 8 bytes of the SHA-256 of the body's characters, in base64url.
 * - The body is, in the base85 of base85.ts: the length of the names' part; that part (name-codec.ts), compressed by
 *   Brotli; the number of bytes that the names' hexadecimal runs take; these runs, two characters a byte; then, four
 *   base64url characters in three bytes, the hashes in the order of the names, 7 characters each, and the names'
 *   base64url runs. Hashes and runs stay out of the compressed part, since they don't compress. Where a hash is
 *   unknown, its 7 characters mean nothing.
 */
import { createHash } from "node:crypto";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { VodError } from "../vod/errors.js";
import { decodeBase85, encodeBase85 } from "./base85.js";
import { HASH_CHARACTERS, UNKNOWN_HASH } from "./hash.js";
import { Characters, MOST_NAME_BYTES, MOST_NAMES, packNames, unpackNames } from "./name-codec.js";
import { ManifestView } from "./packed-manifest.js";
import { ByteReader, corruptManifest, encodeVarints } from "./varint.js";

/** The version that this package writes. */
const VERSION = 1;

const CHECKSUM_BYTES = 8;

/** Beside its bytes, a name takes at most three numbers of four bytes; so do the counts in front of all names. */
const MOST_UNPACKED_BYTES = MOST_NAME_BYTES + 12 * (MOST_NAMES + 1);

/** A higher quality saves 1% at best and takes several times as long. */
const BROTLI_QUALITY = 5;

/**
 * Packs names and their hashes into about 8 characters a file.
 *
 * @param names in the order of their UTF-8 bytes, without duplicates.
 * @param hashes the hash of each name, in the same order: 7 characters of base64url, or "" if it is unknown.
 * @throws VodError TooManyFiles for more than 4,000,000 names or 200 MB of names.
 * @throws TypeError for a hash of another form, or a name that is not Unicode text.
 */
export function pack(names: readonly string[], hashes: readonly string[]): string {
  const unknown = Array.from(hashes.keys()).filter((i) => hashes[i] === UNKNOWN_HASH);
  const { part, runs } = packNames(names, unknown);
  const packed = brotliCompressSync(part, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
  const hex = Buffer.from(padToMultiple(runs.hex, "0", 2), "hex");
  const base64 = Buffer.from(padToMultiple(joinHashes(hashes) + runs.base64, "A", 4), "base64url");
  const body = encodeBase85(
    Buffer.concat([encodeVarints([packed.length]), packed, encodeVarints([hex.length]), hex, base64]),
  );
  return `${VERSION}.${computeChecksum(body)}.${body}`;
}

/**
 * Reads what any version of {@link pack} wrote, in bounded memory.
 *
 * @returns the hash of each name, in the order of the names' bytes.
 * @throws VodError UnknownState when the text is damaged or a later version of the package wrote it.
 */
export function unpack(text: string): ReadonlyMap<string, string> {
  const [version = "", checksum = ""] = text.slice(0, 64).split(".", 2);
  if (!/^[1-9]\d*$/.test(version)) throw corruptManifest();
  if (Number(version) > VERSION) throw laterVersion(version);
  const body = text.slice(version.length + checksum.length + 2);
  if (computeChecksum(body) !== checksum) throw corruptManifest();
  return unpackBody(body);
}

function unpackBody(body: string): ManifestView {
  const bytes = decodeBase85(body);
  if (bytes === undefined) throw corruptManifest();
  const reader = new ByteReader(bytes);
  const part = decompress(reader.bytes(reader.number()));
  const hex = new Characters(reader.bytes(reader.number()).toString("hex"));
  const text = reader.rest().toString("base64url");
  const hashes = HASH_CHARACTERS * new ByteReader(part).number();
  if (hashes > text.length) throw corruptManifest();
  const base64 = new Characters(text.slice(hashes));
  const names = unpackNames(part, hex, base64);
  hex.end("0", 1);
  base64.end("A", 3);
  return new ManifestView(names, text);
}

/** Pads a text until its length is a multiple of a number. */
function padToMultiple(text: string, filling: string, multiple: number): string {
  return text.padEnd(Math.ceil(text.length / multiple) * multiple, filling);
}

/** Joins hashes. Each must have the right form. */
function joinHashes(hashes: readonly string[]): string {
  const text = hashes.map((hash) => (hash === UNKNOWN_HASH ? "A".repeat(HASH_CHARACTERS) : hash)).join("");
  const isLong = (hash: string) => hash === UNKNOWN_HASH || hash.length === HASH_CHARACTERS;
  if (hashes.every(isLong) && /^[\w-]*$/.test(text)) return text;
  throw new TypeError(`Each hash of a manifest is ${HASH_CHARACTERS} characters of base64url.`);
}

function decompress(part: Buffer): Buffer {
  try {
    return brotliDecompressSync(part, { maxOutputLength: MOST_UNPACKED_BYTES });
  } catch {
    throw corruptManifest();
  }
}

function computeChecksum(body: string): string {
  return createHash("sha256").update(body).digest().subarray(0, CHECKSUM_BYTES).toString("base64url");
}

function laterVersion(version: string): VodError {
  return new VodError(
    "The manifest in the state of this resource was written by a later version of pulumi-alicloud-vod " +
      `(manifest version ${version}).`,
    "Install the version of pulumi-alicloud-vod that wrote it, or a later one; nothing was sent.",
    { code: "UnknownState" },
  );
}
