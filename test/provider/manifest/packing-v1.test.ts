/** Manifests that 0.1 packed. They stand in users' states. */
import { createHash } from "node:crypto";
import { brotliCompressSync, constants } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffManifests, packManifest, UNKNOWN_HASH, unpackManifest } from "../../../provider/manifest/manifest.js";
import { VodError } from "../../../provider/vod/errors.js";

/** What version 1 made of {@link SITE}. It stands in users' states: it has to be readable for ever. */
const VERSION_1 =
  "1.SGEIRZ2gCJI.lwEbpQAAZOKa33XeWGmvLxjL-NKBDHRcgLNH2HRywP5HBYEHFiRtuRRZerLwPSiK2TBUwRsFITAAirgF4AAA8AquIyKl4ER1Ojnh" +
  "Iq-C2m-czfXabGyDusn6_OJsTssiGIVxzD1hGbbneX4QuhMCUhQ47TVUqa-45WE2H99C87V1Tc92err_x_2jcnP2p-j3vTnt2DrCaccWn4bQgYhMfWWa" +
  "Lhoz-_YhYkb3AAAAAAAAAAAA__________-_AAAAAAAAAAAAungWv48Bz-pBungWv48Bz-pBx7Xlr8g3Cd0AAAAAAAAAAAAALCQOsnS8pm70";
const VERSION_1_EMPTY = "1.FIaumhMBoR8.BosAgAAAAw";

const SITE = [
  ["app.3f9a2b1c.js", "n4bQgYhMfWWa"],
  ["assets/img/poster.jpg", "Lhoz-_YhYkb3"],
  ["assets/img/poster@2x.jpg", "AAAAAAAAAAAA"],
  ["assets/video/clip-000123/segment-00042.ts", "__________-_"],
  ["assets/video/clip-000123/segment-00043.ts", UNKNOWN_HASH],
  ["player/Index.html", "ungWv48Bz-pB"],
  ["player/index.html", "ungWv48Bz-pB"],
  ["été/🎬 été.mp4", "x7Xlr8g3Cd0A"],
  ["！.txt", UNKNOWN_HASH],
  ["🎬.txt", "LCQOsnS8pm70"],
] as const;

/** The names' part of a packed manifest, number by number. */
interface Part {
  count?: number;
  unknownCount?: number;
  unknown?: readonly number[];
  shared: readonly number[];
  following: readonly number[];
  rest: string | Buffer;
}

/** A packed manifest with a right checksum, made by the description of version 1; the hashes are AAAAAAAAAAAA, and so on. */
function packedAs(part: Part): string {
  const { unknown = [], shared, following, rest } = part;
  const { count = shared.length, unknownCount = unknown.length } = part;
  const hashes = Buffer.from(shared.map((_, i) => String.fromCharCode(65 + (i % 26)).repeat(12)).join(""), "base64url");
  const numbers = numberBytes([count, unknownCount, ...unknown, ...shared, ...following]);
  return sealed(Buffer.concat([numbers, Buffer.from(rest)]), hashes);
}

function sealed(names: Buffer, hashes: Buffer): string {
  const part = brotliCompressSync(names, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  return checked(Buffer.concat([numberBytes([part.length]), part, hashes]).toString("base64url"));
}

function checked(body: string): string {
  return `1.${createHash("sha256").update(body).digest().subarray(0, 8).toString("base64url")}.${body}`;
}

function numberBytes(numbers: readonly number[]): Buffer {
  return Buffer.from(
    numbers.flatMap((number) => {
      const bytes: number[] = [];
      let value = number;
      for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
      return [...bytes, value];
    }),
  );
}

const DAMAGED =
  "The manifest in the state of this resource is damaged. Restore the stack's state from a backup, or remove the resource from " +
  "it with `pulumi state delete`, so that the next `pulumi up` refreshes everything; nothing was sent. (code UnknownState)";

describe("version 1", () => {
  test("what 0.1 wrote is readable for ever, of each hash the beginning that is kept now", () => {
    expect([...unpackManifest(VERSION_1)]).toEqual(SITE.map(([name, hash]) => [name, hash.slice(0, 7)]));
    expect([...unpackManifest(VERSION_1_EMPTY)]).toEqual([]);
  });

  test("a text written by its description alone is read", () => {
    const text = packedAs({ unknown: [1], shared: [0, 1, 0], following: [2, 1, 3], rest: "abcé." });
    expect([...unpackManifest(text)]).toEqual([
      ["ab", "AAAAAAA"],
      ["ac", UNKNOWN_HASH],
      ["é.", "CCCCCCC"],
    ]);
  });

  test("it is no other manifest than the same one packed today: an upgrade refreshes nothing", () => {
    const old = unpackManifest(VERSION_1);
    const now = unpackManifest(packManifest(new Map(old)));
    const { changed, removed, added } = diffManifests(old, now);
    expect(changed).toEqual(["assets/video/clip-000123/segment-00043.ts", "！.txt"]); // those that are unknown
    expect([removed, added]).toEqual([[], []]);
  });
});

describe("a damaged text of version 1 is refused, with what to do", () => {
  test("cut short anywhere", () => {
    for (let length = 0; length < VERSION_1.length; length++) {
      expect(() => unpackManifest(VERSION_1.slice(0, length))).toThrow(VodError);
    }
  });

  const ABC: Part = { shared: [0, 0], following: [1, 1], rest: "ac" };
  test.each<[string, Part]>([
    ["more names than there are", { ...ABC, count: 3 }],
    ["more names than any manifest has", { ...ABC, count: 4_000_001 }],
    ["a number of more than four bytes", { ...ABC, count: 2 ** 28 }],
    ["fewer names than there are", { ...ABC, count: 1 }],
    ["more unknown hashes than names", { ...ABC, unknown: [0, 0, 0] }],
    ["an unknown hash of no name", { ...ABC, unknown: [0, 1] }],
    ["more in common than the name before has", { ...ABC, shared: [0, 2] }],
    ["more in common than there is a name", { ...ABC, shared: [1, 0] }],
    ["a name twice", { ...ABC, rest: "aa" }],
    ["a name that is the beginning of the one before", { shared: [0, 1], following: [2, 0], rest: "ab" }],
    ["names out of order", { ...ABC, rest: "ca" }],
    ["fewer bytes than the names have", { ...ABC, rest: "a" }],
    ["more bytes than the names have", { ...ABC, rest: "acd" }],
    ["bytes that are no text", { ...ABC, rest: Buffer.from([0x61, 0xff]) }],
    ["a name that ends within a character", { shared: [0, 0], following: [1, 1], rest: Buffer.from([0x61, 0xc3]) }],
    [
      "a name that begins within a character",
      { shared: [0, 0], following: [2, 1], rest: Buffer.from([0x61, 0xc3, 0xa9]) },
    ],
  ])("with a right checksum and %s", (_, part) => {
    expect(() => unpackManifest(packedAs(part))).toThrow(DAMAGED);
  });

  test("with a right checksum and hashes too few or too many", () => {
    const names = numberBytes([1, 0, 0, 1, 97]);
    expect([...unpackManifest(sealed(names, Buffer.alloc(9)))]).toEqual([["a", "AAAAAAA"]]);
    expect(() => unpackManifest(sealed(names, Buffer.alloc(8)))).toThrow(DAMAGED);
    expect(() => unpackManifest(sealed(names, Buffer.alloc(18)))).toThrow(DAMAGED);
  });

  test("or, with a right checksum and anything in place of the body, it is a manifest", () => {
    const bytes = Buffer.from(VERSION_1.slice(14), "base64url");
    const damage = fc.oneof(
      fc.tuple(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, others]) => {
        const body = Buffer.from(bytes);
        body.set(others.subarray(0, body.length - at), at);
        return body.toString("base64url");
      }),
      fc.uint8Array().map((other) => Buffer.from(other).toString("base64url")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(damage, (body) => {
        try {
          expect([...unpackManifest(checked(body))]).toBeInstanceOf(Array);
        } catch (error) {
          expect(error).toBeInstanceOf(VodError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("names that have so much in common that together they are 256 MB are refused", () => {
    const beginning = 2_000_000;
    const ends = Buffer.from(Array.from({ length: 127 }, (_, i) => i + 1));
    const text = packedAs({
      shared: [0, ...Array.from(ends, () => beginning)],
      following: [beginning, ...Array.from(ends, () => 1)],
      rest: Buffer.concat([Buffer.alloc(beginning, "a"), ends]),
    });
    expect(text.length).toBeLessThan(10_000);
    expect(() => unpackManifest(text)).toThrow(DAMAGED);
  });
});
