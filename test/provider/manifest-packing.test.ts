import { createHash } from "node:crypto";
import { brotliCompressSync, constants } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { siteOf } from "../../bench/packing.js";
import { packManifest, UNKNOWN_HASH, unpackManifest } from "../../provider/manifest.js";
import { pack } from "../../provider/packing.js";
import { VodError } from "../../provider/vod/errors.js";

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

/** Every character but half a surrogate pair, which is none. */
const anyName = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc
    .array(fc.constantFrom("assets", "assets-2", "é", "🎬", "clip-0001", "A", "a", ".", ""), { maxLength: 5 })
    .map((parts) => parts.join("/")),
);
const anyHash = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.uint8Array({ minLength: 9, maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
  },
  { weight: 1, arbitrary: fc.constant(UNKNOWN_HASH) },
);
const anyManifest = fc.array(fc.tuple(anyName, anyHash)).map((entries) => new Map(entries));

const byBytes = (one: readonly [string, string], other: readonly [string, string]) =>
  Buffer.compare(Buffer.from(one[0]), Buffer.from(other[0]));

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

describe("what is packed is what is unpacked", () => {
  test("for every manifest, in the order of the names' bytes", () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        expect([...unpackManifest(packManifest(manifest))]).toEqual([...manifest].sort(byBytes));
      }),
    );
  });

  test("and packs to the same text, in whichever order the files come", () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const text = packManifest(manifest);
        expect(packManifest(new Map([...manifest].reverse()))).toBe(text);
        expect(packManifest(unpackManifest(text))).toBe(text);
      }),
    );
  });

  test("every name is found, and no other", () => {
    fc.assert(
      fc.property(anyManifest, fc.array(anyName), (manifest, others) => {
        const unpacked = unpackManifest(packManifest(manifest));
        expect(unpacked.size).toBe(manifest.size);
        for (const name of [...manifest.keys(), ...others]) {
          expect(unpacked.has(name)).toBe(manifest.has(name));
          expect(unpacked.get(name)).toBe(manifest.get(name));
        }
      }),
    );
  });

  test("it is walked through as a Map is", () => {
    const manifest = new Map(SITE);
    const unpacked = unpackManifest(packManifest(manifest));
    expect([...unpacked]).toEqual([...manifest]);
    expect([...unpacked.entries()]).toEqual([...manifest]);
    expect([...unpacked.keys()]).toEqual([...manifest.keys()]);
    expect([...unpacked.values()]).toEqual([...manifest.values()]);
    const seen = new Map<string, string>();
    unpacked.forEach((hash, name, map) => {
      expect(map).toBe(unpacked);
      seen.set(name, hash);
    });
    expect(seen).toEqual(manifest);
  });

  test("a site of 100,000 files takes 1.34 MB, and one whose refreshes are all still to be sent takes no more", () => {
    const site = siteOf(100_000);
    const text = packManifest(site);
    expect(text.length).toBeLessThan(1_340_000);
    expect(unpackManifest(text).get("assets/video/2020/01/clip-000000/segment-00042.ts")).toBe(
      site.get("assets/video/2020/01/clip-000000/segment-00042.ts"),
    );
    const unsent = new Map(Array.from(site.keys(), (name) => [name, UNKNOWN_HASH]));
    expect(packManifest(unsent).length).toBeLessThan(1_340_000);
  });
});

describe("the format is a contract", () => {
  test("what version 1 wrote is readable for ever", () => {
    expect([...unpackManifest(VERSION_1)]).toEqual(SITE);
    expect([...unpackManifest(VERSION_1_EMPTY)]).toEqual([]);
  });

  test("a text written by its description alone is read", () => {
    const text = packedAs({ unknown: [1], shared: [0, 1, 0], following: [2, 1, 3], rest: "abcé." });
    expect([...unpackManifest(text)]).toEqual([
      ["ab", "AAAAAAAAAAAA"],
      ["ac", UNKNOWN_HASH],
      ["é.", "CCCCCCCCCCCC"],
    ]);
  });

  test.each([
    ["2", "2.abc.def"],
    ["13", `13.${VERSION_1.slice(2)}`],
  ])("the later version %s is refused, with what to do", (version, text) => {
    expect(() => unpackManifest(text)).toThrow(
      `The manifest in the state of this resource was written by a later version of pulumi-alicloud-vod (manifest version ${version}). ` +
        "Install that version, or later, of pulumi-alicloud-vod; nothing was sent. (code UnknownState)",
    );
  });
});

const DAMAGED =
  "The manifest in the state of this resource is damaged. Restore the stack's state from a backup, or remove the resource from " +
  "it with `pulumi state delete`, so that the next `pulumi up` refreshes everything; nothing was sent. (code UnknownState)";

describe("a damaged text is refused, with what to do", () => {
  test.each([
    ["empty", ""],
    ["of no version", "abc.def.ghi"],
    ["of version 0", `0${VERSION_1.slice(1)}`],
    ["without a checksum", "1."],
    ["without a body", VERSION_1.slice(0, 14)],
    ["of other JSON", '{"player/app.js":"n4bQgYhMfWWa"}'],
  ])("%s", (_, text) => {
    expect(() => unpackManifest(text)).toThrow(DAMAGED);
  });

  test("cut short anywhere", () => {
    for (let length = 0; length < VERSION_1.length; length++) {
      expect(() => unpackManifest(VERSION_1.slice(0, length))).toThrow(VodError);
    }
  });

  test("with any character another", () => {
    const flip = fc.tuple(fc.nat(VERSION_1.length - 1), fc.string({ minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(flip, ([at, character]) => {
        fc.pre(VERSION_1[at] !== character);
        expect(() => unpackManifest(VERSION_1.slice(0, at) + character + VERSION_1.slice(at + 1))).toThrow(VodError);
      }),
      { numRuns: 1000 },
    );
  });

  test("with anything in place of it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.base64String()), (text) => {
        expect(() => unpackManifest(text)).toThrow(VodError);
        expect(() => unpackManifest(`1.${text}`)).toThrow(VodError);
      }),
    );
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
    expect([...unpackManifest(sealed(names, Buffer.alloc(9)))]).toEqual([["a", "AAAAAAAAAAAA"]]);
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
});

describe("memory is bounded", () => {
  test("a text that unpacks to gigabytes is refused after the 248 MB that a manifest has at most", () => {
    const bomb = sealed(Buffer.alloc(300_000_000), Buffer.alloc(0));
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => unpackManifest(bomb)).toThrow(DAMAGED);
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

  test("more files than can be unpacked aren't packed", () => {
    const refusal =
      "The files are too many for one resource: their names are more than 4,000,000, or take more than 200 MB. " +
      "Narrow what `include` and `exclude` select, or give each part of the site a resource of its own. (code TooManyFiles)";
    const many = new Array<string>(4_000_001).fill("a");
    expect(() => pack(many, many)).toThrow(refusal);
    expect(() => pack(["a".repeat(200_000_001)], [UNKNOWN_HASH])).toThrow(refusal);
    expect(() => pack(["é".repeat(100_000_001)], [UNKNOWN_HASH])).toThrow(refusal);
  });
});

describe("what is no manifest isn't packed", () => {
  test.each(["n4bQgYhMfWW", "n4bQgYhMfWWaa", "n4bQgYhMfWW+", "sha256:n4bQg", "n4bQgYhMfWW=", "n4bQgYhMfW a"])(
    "hash %j",
    (hash) => {
      expect(() => packManifest(new Map([["app.js", hash]]))).toThrow(
        "Each hash of a manifest is 12 characters of base64url.",
      );
    },
  );

  test("hashes of the wrong lengths that are right together", () => {
    const manifest = new Map([
      ["a", "n4bQgYhMfWWaa"],
      ["b", "n4bQgYhMfWW"],
    ]);
    expect(() => packManifest(manifest)).toThrow(TypeError);
  });

  test("a name that is not Unicode text", () => {
    for (const name of ["\ud83c", "\udfac.txt"]) {
      expect(() => packManifest(new Map([[name, UNKNOWN_HASH]]))).toThrow(TypeError);
    }
    expect(() => pack(["\ud83c", "\udfac"], [UNKNOWN_HASH, UNKNOWN_HASH])).toThrow(TypeError);
  });
});
