/**
 * How a manifest is packed for the state. The format is a contract: it carries a version, a text of every earlier version is
 * read, and one of a later version is refused instead of misread.
 *
 * A packed manifest is `2.<checksum>.<body>`. Version 2:
 * - The checksum, in base64url: the first 8 bytes of the SHA-256 of the body's characters.
 * - The body, in the base85 of base85.ts: the length of the names' part; that part (packing-names.ts), in Brotli; how many bytes
 *   the names' hexadecimal runs take; these, two characters a byte; then, as base64url has it, four characters for three bytes,
 *   the hashes in the order of the names, 7 characters each, and the names' base64url runs. Hashes and runs don't compress. The
 *   hash of an unknown one means nothing.
 *
 * Version 1 is in packing-v1.ts.
 */
import { createHash } from "node:crypto";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { VodError } from "../vod/errors.js";
import { decodeBase85, encodeBase85 } from "./base85.js";
import { Characters, MOST_NAME_BYTES, MOST_NAMES, packNames, unpackNames } from "./name-codec.js";
import { HASH_CHARACTERS, ManifestView, NO_HASH } from "./packed-manifest.js";
import { unpackV1 } from "./packing-v1.js";
import { ByteReader, corruptManifest, encodeVarints } from "./varint.js";

/** The version that this package writes. */
const VERSION = 2;

const CHECKSUM_BYTES = 8;

/** Beside its bytes a name takes three numbers of four bytes at most; so do the counts before all names. */
const MOST_UNPACKED_BYTES = MOST_NAME_BYTES + 12 * (MOST_NAMES + 1);

/** Higher ones save 1% at best, and take several times as long. */
const BROTLI_QUALITY = 5;

/**
 * Packs names and their hashes, at about 8 characters a file.
 *
 * @param names in the order of their bytes in UTF-8, each once.
 * @param hashes those of the names, in the same order: 7 characters of base64url, or "" for an unknown one.
 * @throws VodError TooManyFiles for more than 4,000,000 names or 200 MB of names.
 * @throws TypeError for a hash of another form, or a name that is not Unicode text.
 */
export function pack(names: readonly string[], hashes: readonly string[]): string {
  const unknown = Array.from(hashes.keys()).filter((i) => hashes[i] === NO_HASH);
  const { part, runs } = packNames(names, unknown);
  const packed = brotliCompressSync(part, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
  const hex = Buffer.from(filled(runs.hex, "0", 2), "hex");
  const base64 = Buffer.from(filled(joined(hashes) + runs.base64, "A", 4), "base64url");
  const body = encodeBase85(
    Buffer.concat([encodeVarints([packed.length]), packed, encodeVarints([hex.length]), hex, base64]),
  );
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
  if (!/^[1-9]\d*$/.test(version)) throw corruptManifest();
  if (Number(version) > VERSION) throw later(version);
  const body = text.slice(version.length + checksum.length + 2);
  if (checksumOf(body) !== checksum) throw corruptManifest();
  return version === "1" ? unpackV1(body, decompress) : unpackBody(body);
}

function unpackBody(body: string): ManifestView {
  const bytes = decodeBase85(body);
  if (bytes === undefined) throw corruptManifest();
  const reader = new ByteReader(bytes);
  const part = decompress(reader.bytes(reader.number()));
  const hex = new Characters(charactersOf(reader.bytes(reader.number()), "hex"));
  const text = reader.rest().toString("base64url");
  const hashes = HASH_CHARACTERS * new ByteReader(part).number();
  if (hashes > text.length) throw corruptManifest();
  const base64 = new Characters(Buffer.from(text.slice(hashes), "latin1"));
  const names = unpackNames(part, hex, base64);
  hex.end("0", 1);
  base64.end("A", 3);
  return new ManifestView(names, text, HASH_CHARACTERS);
}

function charactersOf(bytes: Buffer, encoding: "hex"): Buffer {
  return Buffer.from(bytes.toString(encoding), "latin1");
}

/** A text whose length is a multiple of another. */
function filled(text: string, filling: string, multiple: number): string {
  return text.padEnd(Math.ceil(text.length / multiple) * multiple, filling);
}

/** The hashes one after the other, each of which has the form of one. */
function joined(hashes: readonly string[]): string {
  const text = hashes.map((hash) => (hash === NO_HASH ? "A".repeat(HASH_CHARACTERS) : hash)).join("");
  const isLong = (hash: string) => hash === NO_HASH || hash.length === HASH_CHARACTERS;
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

function checksumOf(body: string): string {
  return createHash("sha256").update(body).digest().subarray(0, CHECKSUM_BYTES).toString("base64url");
}

function later(version: string): VodError {
  return new VodError(
    "The manifest in the state of this resource was written by a later version of pulumi-alicloud-vod " +
      `(manifest version ${version}).`,
    "Install that version, or later, of pulumi-alicloud-vod; nothing was sent.",
    { code: "UnknownState" },
  );
}
