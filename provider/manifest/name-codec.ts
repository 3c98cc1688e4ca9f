/**
 * The names of a packed manifest. Each name leaves out the beginning that it shares with the name before it. What no
 * compression makes smaller is kept apart: *runs* of hexadecimal or base64url characters, such as the hash of a bundle
 * or the ID of a video, at 4 and 6 bits a character.
 */
import { isUtf8 } from "node:buffer";
import { VodError } from "../vod/errors.js";
import type { Names } from "./packed-manifest.js";
import { ByteReader, corruptManifest, encodeVarints } from "./varint.js";

/**
 * Limits of what is packed and unpacked, so that a damaged text can't take all memory. No day's quota could refresh as
 * much.
 */
export const MOST_NAMES = 4_000_000;
export const MOST_NAME_BYTES = 200_000_000;

/** Markers: bytes that no name has, since UTF-8 doesn't use them. */
const END = 0xff;
const LOWER_HEX = 0xf8;
const UPPER_HEX = 0xf9;
const BASE64 = 0xfa;
/** Whether a byte belongs to a run: a row of 256 for each kind of run. */
const IN_RUN = Uint8Array.from({ length: 3 * 256 }, (_, i) =>
  [/[0-9a-f]/, /[0-9A-F]/, /[\w-]/][i >> 8]?.test(String.fromCharCode(i & 0xff)) ? 1 : 0,
);
const MOST_RUN = 255;
/** A shorter run isn't worth the two bytes of its marker and length. */
const LEAST_RUN = 3;
/** What a lower-case letter has to lose to become an upper-case one. */
const TO_UPPER = 0x20;

/** The characters of all runs, in the order of the names. */
interface Runs {
  /** In lower case. */
  hex: string;
  base64: string;
}

/**
 * Packs names. The part that is to be compressed has, in this order:
 * - the number of names, and the number of those with an unknown hash
 * - for each unknown hash, how many names stand between it and the one before it
 * - the number of bytes of all names
 * - for each name, how many bytes it shares with the beginning of the name before it
 * - for each name, its other bytes and an end marker. A run is replaced by two bytes: its kind and its length. The
 *   length includes the characters right in front of it that belong to the run and are shared with the name before.
 *
 * @param names in the order of their UTF-8 bytes, without duplicates.
 * @param unknown the indexes of the names with an unknown hash.
 * @throws VodError TooManyFiles for more than 4,000,000 names or 200 MB of names.
 * @throws TypeError for a name that is not Unicode text.
 */
export function packNames(names: readonly string[], unknown: readonly number[]): { part: Buffer; runs: Runs } {
  const { bytes, ends } = encodeNames(names);
  const shared = new Uint32Array(names.length);
  const rest = Buffer.allocUnsafe(bytes.length + names.length);
  const runs: Record<keyof Runs, string[]> = { hex: [], base64: [] };
  let written = 0;
  for (let i = 0, previous = 0, start = 0; i < names.length; i++) {
    const end = ends[i] as number;
    const most = start + Math.min(start - previous, end - start);
    let at = start;
    for (let from = previous; at < most && bytes[from] === bytes[at]; at++) from++;
    shared[i] = at - start;
    for (const run of end - at > LEAST_RUN ? findRuns(bytes, start, end) : []) {
      const [from, to] = [Math.max(at, run.start), run.end];
      const length = to - from + lengthBefore(run.kind, bytes, start, from);
      if (to - from < LEAST_RUN || length > MOST_RUN) continue;
      while (at < from) rest[written++] = bytes[at++] as number;
      rest[written++] = run.kind;
      rest[written++] = length;
      const text = bytes.toString("latin1", from, to);
      if (run.kind === BASE64) runs.base64.push(text);
      else runs.hex.push(run.kind === UPPER_HEX ? text.toLowerCase() : text);
      at = to;
    }
    while (at < end) rest[written++] = bytes[at++] as number;
    rest[written++] = END;
    previous = start;
    start = end;
  }
  const gaps = unknown.map((place, i) => place - (i === 0 ? 0 : (unknown[i - 1] as number) + 1));
  const numbers = [[names.length, unknown.length], gaps, [bytes.length], shared];
  return {
    part: Buffer.concat([...numbers.map(encodeVarints), rest.subarray(0, written)]),
    runs: { hex: runs.hex.join(""), base64: runs.base64.join("") },
  };
}

/** Where a run stands in the bytes of all names. */
interface Run {
  kind: number;
  start: number;
  end: number;
}

const HEX =
  /(?<![0-9A-Za-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}|[0-9a-f]{8,}|[0-9A-F]{8,})(?![0-9A-Za-z])/g;
const LEAST_HEX = 8;
/** Shorter ones compress as well with the rest. */
const LEAST_BASE64 = 16;
/**
 * Where the parts of a UUID are. The digit of its version belongs to none: it is the same in most UUIDs of a site, and
 * compresses.
 */
const UUID_PARTS = [
  [0, 8],
  [9, 13],
  [15, 18],
  [19, 23],
  [24, 36],
] as const;

/** Finds the runs of a name. Whatever it chooses can be read; the best choice is what looks random. */
function findRuns(bytes: Buffer, start: number, end: number): Run[] {
  const words: Run[] = [];
  let hasHex = false;
  for (let i = start, word = start, hex = start, turns = 0, before = SIGN; i <= end; i++) {
    const sort = i === end ? 0 : (SORTS[bytes[i] as number] as number);
    if ((sort & IS_HEX) === 0) hex = i + 1;
    else if (i + 1 - hex === LEAST_HEX) hasHex = true;
    if (sort === 0) {
      // In a random text, upper case, lower case, digits and signs alternate often; in words they don't.
      if (i - word >= LEAST_BASE64 && turns > 0.45 * (i - word)) words.push({ kind: BASE64, start: word, end: i });
      word = i + 1;
      turns = 0;
    }
    const now = sort & ~IS_HEX;
    if (now !== before || now === SIGN) turns++;
    before = now;
  }
  const runs = hasHex ? findHexRuns(bytes.toString("latin1", start, end), start) : [];
  return runs.length > 0 ? runs : words;
}

const SIGN = 8;
const IS_HEX = 16;
/** The sort of each byte; 0 for a byte that no run has. */
const SORTS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  const sort = [/[a-z]/, /[A-Z]/, /\d/, /[_-]/].findIndex((sort) => sort.test(character));
  return sort < 0 ? 0 : 2 ** sort + (/[0-9a-f]/i.test(character) ? IS_HEX : 0);
});

function findHexRuns(name: string, at: number): Run[] {
  const runs: Run[] = [];
  for (const { 0: text, index } of name.matchAll(HEX)) {
    const kind = /[A-F]/.test(text) ? UPPER_HEX : LOWER_HEX;
    if (text.includes("-")) {
      for (const [start, end] of UUID_PARTS) runs.push({ kind, start: at + index + start, end: at + index + end });
    } else if (/[a-f]/i.test(text) && /\d/.test(text)) {
      runs.push({ kind, start: at + index, end: at + index + text.length });
    }
  }
  return runs;
}

/** Counts the characters right in front of a place of a name that belong to a run of a kind. */
function lengthBefore(kind: number, bytes: Buffer, start: number, place: number): number {
  const row = (kind - LOWER_HEX) << 8;
  const least = Math.max(start, place - MOST_RUN);
  let at = place;
  while (at > least && IN_RUN[row + (bytes[at - 1] as number)] === 1) at--;
  return place - at;
}

/**
 * Reads what {@link packNames} wrote. Whatever the part holds, this takes bounded memory and refuses names out of
 * order.
 */
export function unpackNames(part: Buffer, hex: Characters, base64: Characters): Names {
  const reader = new ByteReader(part);
  const { count, unknown } = readCounts(reader);
  const total = reader.number();
  if (total > MOST_NAME_BYTES) throw corruptManifest();
  const shared = reader.numbers(count);
  const rest = reader.rest();

  const bytes = Buffer.allocUnsafe(total);
  const ends = new Uint32Array(count);
  let read = 0;
  for (let i = 0, previous = 0, start = 0; i < count; i++) {
    const differs = start + (shared[i] as number);
    if (differs - start > start - previous || differs > total) throw corruptManifest();
    let at = start;
    for (let from = previous; at < differs; at++) bytes[at] = bytes[from++] as number;
    for (let byte = rest[read++]; byte !== END; byte = rest[read++]) {
      if (byte === undefined || at >= total) throw corruptManifest();
      if (byte < LOWER_HEX) bytes[at++] = byte;
      else at = unpackRun(byte, (rest[read++] as number) - lengthBefore(byte, bytes, start, at), at);
    }
    checkOrder(bytes, { isFirst: i === 0, previous, start, differs, end: at });
    previous = start;
    start = ends[i] = at;
  }
  if (read !== rest.length || (ends[count - 1] ?? 0) !== total) throw corruptManifest();
  checkText(bytes, ends);
  return { bytes, ends, unknown };

  function unpackRun(kind: number, length: number, at: number): number {
    if (kind > BASE64 || !(length > 0) || length > total - at) throw corruptManifest();
    const { source, from } = (kind === BASE64 ? base64 : hex).take(length);
    for (let i = 0; i < length; i++) {
      const character = source[from + i] as number;
      bytes[at + i] = kind === UPPER_HEX && character > 0x60 ? character - TO_UPPER : character;
    }
    return at + length;
  }
}

/** Reads the characters of runs one after the other. */
export class Characters {
  private at = 0;
  private readonly source: Buffer;

  constructor(text: string) {
    this.source = Buffer.from(text, "latin1");
  }

  take(length: number): { source: Buffer; from: number } {
    if (length > this.source.length - this.at) throw corruptManifest();
    this.at += length;
    return { source: this.source, from: this.at - length };
  }

  /** @throws VodError UnknownState if more is left than the padding of the last bytes. */
  end(padding: string, most: number): void {
    const left = this.source.toString("latin1", this.at);
    if (left !== padding.repeat(left.length) || left.length > most) throw corruptManifest();
  }
}

/** Reads how many names there are, and which of them have an unknown hash. */
function readCounts(reader: ByteReader): { count: number; unknown: Set<number> } {
  const count = reader.number();
  const unknownCount = reader.number();
  if (count > MOST_NAMES) throw corruptManifest();
  const unknown = new Set<number>();
  for (let i = 0, next = 0; i < unknownCount; i++) {
    const place = next + reader.number();
    if (place >= count) throw corruptManifest();
    unknown.add(place);
    next = place + 1;
  }
  return { count, unknown };
}

/**
 * Checks that a name follows the one before it: behind the beginning that both share it goes on, and with a higher byte
 * than the name before, if that goes on too.
 */
function checkOrder(
  bytes: Buffer,
  {
    isFirst,
    previous,
    start,
    differs,
    end,
  }: Record<"previous" | "start" | "differs" | "end", number> & { isFirst: boolean },
): void {
  if (isFirst) return;
  const other = previous + differs - start;
  if (differs === end || (other < start && (bytes[differs] as number) <= (bytes[other] as number)))
    throw corruptManifest();
}

/** Checks that each name by itself is text. */
function checkText(bytes: Buffer, ends: Uint32Array): void {
  if (!isUtf8(bytes) || ends.some((end) => continuesCharacter(bytes[end]))) throw corruptManifest();
}

/** Joins names in UTF-8, and tells where each ends. */
function encodeNames(names: readonly string[]): { bytes: Buffer; ends: Uint32Array } {
  const units = names.reduce((sum, name) => sum + name.length, 0);
  if (names.length > MOST_NAMES || units > MOST_NAME_BYTES) throw tooManyFiles();
  const bytes = Buffer.from(names.join(""));
  if (bytes.length > MOST_NAME_BYTES) throw tooManyFiles();
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

/** Whether a byte of UTF-8 continues a character. */
function continuesCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

export function tooManyFiles(): VodError {
  return new VodError(
    "There are too many files for one resource: more than 4,000,000, or names of more than 200 MB together.",
    "Narrow what `include` and `exclude` select, or give each part of the site a resource of its own.",
    { code: "TooManyFiles" },
  );
}
