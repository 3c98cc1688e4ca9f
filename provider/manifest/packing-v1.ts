/**
 * Version 1 of a packed manifest, which 0.1 wrote. The body, in base64url:
 * - The length of the names' part; that part, in Brotli; the hashes in the order of the names, 9 bytes each.
 * - The names' part: how many names; how many of them have an unknown hash; for each of these, how many names are between it
 *   and the one before; for each name, how many bytes it begins with like the name before; for each name, how many bytes
 *   follow; these bytes.
 */

import { checkOrder, checkText, MOST_NAME_BYTES, readCounts } from "./name-codec.js";
import { ManifestView, type Names } from "./packed-manifest.js";
import { ByteReader, corruptManifest } from "./varint.js";

const HASH_BYTES = 9;
/** Of a hash, in base64url. Those of today are their beginnings. */
const HASH_CHARACTERS = 12;

/** Reads a body. Whatever it holds, the memory that it takes is bounded; names that aren't in order are refused. */
export function unpackV1(body: string, decompress: (part: Buffer) => Buffer): ManifestView {
  const reader = new ByteReader(Buffer.from(body, "base64url"));
  const names = unpackNames(decompress(reader.bytes(reader.number())));
  const hashes = reader.rest();
  if (hashes.length !== names.ends.length * HASH_BYTES) throw corruptManifest();
  return new ManifestView(names, hashes.toString("base64url"), HASH_CHARACTERS);
}

function unpackNames(part: Buffer): Names {
  const reader = new ByteReader(part);
  const { count, unknown } = readCounts(reader);
  const shared = reader.numbers(count);
  const following = reader.numbers(count);
  const rest = reader.rest();

  let total = 0;
  for (let i = 0, length = 0; i < count; i++) {
    if ((shared[i] as number) > length) throw corruptManifest();
    length = (shared[i] as number) + (following[i] as number);
    total += length;
    if (total > MOST_NAME_BYTES) throw corruptManifest();
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
    checkOrder(bytes, { isFirst: i === 0, previous, start, differs, end });
    previous = start;
    start = ends[i] = end;
  }
  if (read !== rest.length) throw corruptManifest();
  checkText(bytes, ends);
  return { bytes, ends, unknown };
}
