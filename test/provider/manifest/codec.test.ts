import { createHash } from "node:crypto";
import { brotliCompressSync, constants } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { siteOf } from "../../../bench/packing.js";
import { decodeBase85, encodeBase85 } from "../../../provider/manifest/base85.js";
import { pack } from "../../../provider/manifest/codec.js";
import { UNKNOWN_HASH } from "../../../provider/manifest/hash.js";
import { packManifest, unpackManifest } from "../../../provider/manifest/manifest.js";
import { VodError } from "../../../provider/vod/errors.js";

/** What version 1 made of {@link SITE}. From 0.1.0 on, users' states hold such texts: it never changes. */
const VERSION_1 =
  "1.sktWE5lPwZ4.uK]p}0089w=Jt2nQ0X4:{B;fNidZESLM2:?w6#Qnh;{ri2Nsz2AC-0xV7nXm)=Z@*Q,[u8hlonm-tF_~IQ|:}E9ox/6bbkNpf:" +
  "VdXMpt=xY(P{g5WcT+|~aH9jvIWu|e{:D:E^+NTvDFK)nw}xj=1uo4,3|;xm44A^,Pwr#wvovU_7L,=TBTMGLQvo2~6f*jM(ElXqNtNB(hMFF9h?" +
  "alh_]a=XM710^G2D:y7xty|g4Y5Epd2xoGMP~/AYP6YUo+0zwe1@Vg[0YCtshR}hCONNa8{eS=f000C3|NsC00000004|:duj9-7fou5k?EK(aJi" +
  "2(mzmG1S1-U}Fr/5tu]B)ihzaRhr0000B2@MO1C3Q:Cmq,Xp;~K+-pnjVqzy";
const VERSION_1_EMPTY = "1.XDEWARnSG9s.2MYm!0000300";

const SITE = [
  ["app.3f9a2b1c.js", "n4bQgYh"],
  ["assets/img/poster.jpg", "Lhoz-_Y"],
  ["assets/img/poster@2x.jpg", "AAAAAAA"],
  ["assets/video/clip-000123/segment-00042.ts", "_______"],
  ["assets/video/clip-000123/segment-00043.ts", UNKNOWN_HASH],
  ["f/0F8FAD5B-D9CB-469F-A165-70867728950E.ts", "ungWv48"],
  ["m/3f2504e0-4f89-41d3-9a0c-0305e82c3301.ts", "ungWv48"],
  ["m/3f2504e0-4f89-41d3-9a0c-0305e82c3400.ts", "ungWv48"],
  ["m/V1StGXR8_Z5jdHi6B-myT.mp4", "ungWv48"],
  ["player/Index.html", "ungWv48"],
  ["player/index.html", "ungWv48"],
  ["été/🎬 été.mp4", "x7Xlr8g"],
  ["！.txt", UNKNOWN_HASH],
  ["🎬.txt", "LCQOsnS"],
] as const;

/** Names of all characters but lone surrogates. */
const anyName = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc
    .array(fc.constantFrom("assets", "assets-2", "é", "🎬", "clip-0001", "A", "a", ".", ""), { maxLength: 5 })
    .map((parts) => parts.join("/")),
  fc
    .array(
      fc.oneof(
        fc.uuid(),
        fc.uuid().map((id) => id.toUpperCase()),
        fc.stringMatching(/^[0-9a-f]{2,20}$/),
        fc.stringMatching(/^[0-9A-F]{6,20}$/),
        fc.stringMatching(/^[\w-]{12,30}$/),
        fc.stringMatching(/^0123456789ab[0-3]{1,3}$/),
        fc.string({ unit: fc.constantFrom("0", "a", "F", "é"), minLength: 240, maxLength: 300 }),
        fc.constantFrom("v", "/", ".ts", "-", "🎬"),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join("")),
);
const anyHash = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .uint8Array({ minLength: 9, maxLength: 9 })
      .map((bytes) => Buffer.from(bytes).toString("base64url").slice(0, 7)),
  },
  { weight: 1, arbitrary: fc.constant(UNKNOWN_HASH) },
);
const anyManifest = fc.array(fc.tuple(anyName, anyHash)).map((entries) => new Map(entries));

const byBytes = (one: readonly [string, string], other: readonly [string, string]) =>
  Buffer.compare(Buffer.from(one[0]), Buffer.from(other[0]));

/** The markers of the names' part. */
const END = 0xff;
const [LOWER_HEX, UPPER_HEX, BASE64] = [0xf8, 0xf9, 0xfa];

/** A packed manifest, field by field. */
interface Packed {
  count?: number;
  unknownCount?: number;
  unknown?: readonly number[];
  total?: number;
  shared: readonly number[];
  /** A text is encoded in UTF-8. */
  rest: readonly (string | number)[];
  hex?: string;
  /** The hashes, then the runs. Default: a hash of zeros for each name. */
  base64?: string;
}

/** Packs fields, right or wrong, as version 1 is described, with a right checksum. */
function packedAs(packed: Packed): string {
  const { unknown = [], shared, hex = "", base64 = "A".repeat(7 * shared.length) } = packed;
  const { count = shared.length, unknownCount = unknown.length, total = shared.length } = packed;
  const rest = packed.rest.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : Buffer.from([piece])));
  const numbers = numberBytes([count, unknownCount, ...unknown, total, ...shared]);
  const filled = base64.padEnd(Math.ceil(base64.length / 4) * 4, "A");
  return sealed(Buffer.concat([numbers, ...rest]), Buffer.from(hex, "hex"), Buffer.from(filled, "base64url"));
}

function sealed(names: Buffer, hex: Buffer, base64: Buffer): string {
  const part = brotliCompressSync(names, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  const bytes = [numberBytes([part.length]), part, numberBytes([hex.length]), hex, base64];
  return checked(encodeBase85(Buffer.concat(bytes)));
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

describe("a packed manifest", () => {
  test("unpacks to what was packed, in the order of the names' bytes", () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        expect([...unpackManifest(packManifest(manifest))]).toEqual([...manifest].sort(byBytes));
      }),
    );
  });

  test("is the same text whatever the order of the files", () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const text = packManifest(manifest);
        expect(packManifest(new Map([...manifest].reverse()))).toBe(text);
        expect(packManifest(unpackManifest(text))).toBe(text);
      }),
    );
  });

  test("finds every name, and no other", () => {
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

  test("is iterated like a Map", () => {
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

  const MB = 1_000_000;
  test("takes at most 0.76 MB for a site of 100,000 files, even if all of them are still to be sent", () => {
    const site = kept(siteOf(100_000));
    const text = packManifest(site);
    expect(text.length).toBeLessThan(0.76 * MB);
    expect(unpackManifest(text).get("assets/video/2020/01/clip-000000/segment-00042.ts")).toBe(
      site.get("assets/video/2020/01/clip-000000/segment-00042.ts"),
    );
    const unsent = new Map(Array.from(site.keys(), (name) => [name, UNKNOWN_HASH]));
    expect(packManifest(unsent).length).toBeLessThan(0.76 * MB);
  });

  test.each([
    [
      "UUIDs",
      2.42,
      (bits: Buffer) => `${bits.toString("hex").replace(/^(.{8})(.{4}).(.{3})(.{4})(.{12}).*/, "$1-$2-4$3-$4-$5")}.ts`,
    ],
    ["128 bits in hexadecimal", 2.48, (bits: Buffer) => `v/${bits.toString("hex")}/index.m3u8`],
    ["128 bits in upper case", 2.48, (bits: Buffer) => `${bits.toString("hex").toUpperCase()}.mp4`],
    ["21 characters of base64url", 2.48, (bits: Buffer) => `${bits.toString("base64url").slice(0, 21)}.mp4`],
  ])("takes for 100,000 files named by %s at most %d MB", (_, most, nameOf) => {
    const bits = (i: number) => createHash("sha256").update(`${i}`).digest();
    const files = Array.from({ length: 100_000 }, (_, i) => {
      const noise = bits(i);
      const name = `https://vod.example.com/${nameOf(noise.subarray(0, 16))}`;
      return [name, noise.toString("base64url").slice(-7)] as const;
    });
    expect(packManifest(new Map(files)).length).toBeLessThan(most * MB);
  });
});

function kept(site: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(Array.from(site, ([name, hash]) => [name, hash.slice(0, 7)]));
}

describe("the format is a contract", () => {
  test("a text that version 1 wrote is read", () => {
    expect([...unpackManifest(VERSION_1)]).toEqual(SITE);
    expect([...unpackManifest(VERSION_1_EMPTY)]).toEqual([]);
  });

  test("a text written by the description of the format is read", () => {
    const runs = [LOWER_HEX, 6, ".", UPPER_HEX, 2, ".", BASE64, 2];
    const text = packedAs({
      unknown: [0],
      total: 14,
      shared: [0, 1],
      rest: ["ab", END, "c", ...runs, END],
      hex: "1234ab",
      base64: "AAAAAAABBBBBBB_-",
    });
    expect([...unpackManifest(text)]).toEqual([
      ["ab", UNKNOWN_HASH],
      ["ac1234.AB._-", "BBBBBBB"],
    ]);
  });

  test.each([
    ["2", "2.abc.def"],
    ["13", `13.${VERSION_1.slice(2)}`],
  ])("the later version %s is refused, with what to do", (version, text) => {
    expect(() => unpackManifest(text)).toThrow(
      `The manifest in the state of this resource was written by a later version of pulumi-alicloud-vod (manifest version ${version}). ` +
        "Install the version of pulumi-alicloud-vod that wrote it, or a later one; nothing was sent. (code UnknownState)",
    );
  });
});

const DAMAGED =
  "The manifest in the state of this resource is damaged. Restore the stack's state from a backup, or remove the resource from " +
  "it with `pulumi state delete`, so that the next `pulumi up` sends everything (set a `refreshOnCreate` or `preloadOnCreate` " +
  "that is false to true for it); nothing was sent. (code UnknownState)";

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

  test("cut short at any place", () => {
    for (let length = 0; length < VERSION_1.length; length++) {
      expect(() => unpackManifest(VERSION_1.slice(0, length))).toThrow(VodError);
    }
  });

  test("with any character replaced", () => {
    const flip = fc.tuple(fc.nat(VERSION_1.length - 1), fc.string({ minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(flip, ([at, character]) => {
        fc.pre(VERSION_1[at] !== character);
        expect(() => unpackManifest(VERSION_1.slice(0, at) + character + VERSION_1.slice(at + 1))).toThrow(VodError);
      }),
      { numRuns: 1000 },
    );
  });

  test("replaced by any other text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.base64String()), (text) => {
        expect(() => unpackManifest(text)).toThrow(VodError);
        expect(() => unpackManifest(`1.${text}`)).toThrow(VodError);
      }),
    );
  });

  const ABC: Packed = { shared: [0, 0], rest: ["a", END, "c", END] };
  test.each<[string, Packed]>([
    ["more names than there are", { ...ABC, count: 3 }],
    ["more names than any manifest has", { ...ABC, count: 4_000_001 }],
    ["a number of more than four bytes", { ...ABC, count: 2 ** 28 }],
    ["fewer names than there are", { ...ABC, count: 1 }],
    ["more unknown hashes than names", { ...ABC, unknown: [0, 0, 0] }],
    ["an unknown hash of no name", { ...ABC, unknown: [0, 1] }],
    ["more in common than the name before has", { ...ABC, shared: [0, 2] }],
    ["a name that is the beginning of the one before, all shared", { ...ABC, shared: [0, 1], rest: ["a", END, END] }],
    ["a name twice", { ...ABC, rest: ["a", END, "a", END] }],
    ["a name that is the beginning of the one before", { total: 3, shared: [0, 1], rest: ["ab", END, END] }],
    ["names out of order", { ...ABC, rest: ["c", END, "a", END] }],
    ["a last name without an end", { ...ABC, rest: ["a", END, "c"] }],
    ["bytes behind the last name", { ...ABC, rest: ["a", END, "c", END, "d"] }],
    ["fewer bytes than it says", { ...ABC, total: 3 }],
    ["more bytes than it says", { ...ABC, total: 1 }],
    ["more bytes than any manifest has", { ...ABC, total: 200_000_001 }],
    ["bytes that are no text", { ...ABC, rest: ["a", END, 0xc3, END] }],
    ["a name that begins within a character", { total: 4, shared: [0, 0], rest: ["aa", 0xc3, END, 0xa9, END] }],
    ["a run of no kind", { shared: [0], total: 2, rest: [0xfb, 2, END], hex: "12" }],
    ["a run without its length", { shared: [0], rest: [LOWER_HEX] }],
    ["a run that is empty", { shared: [0], rest: ["a", LOWER_HEX, 1, END] }],
    ["a run beyond all names", { shared: [0], rest: [LOWER_HEX, 2, END], hex: "12" }],
    ["fewer hexadecimal characters than the runs have", { shared: [0], total: 2, rest: [LOWER_HEX, 2, END] }],
    ["more hexadecimal characters than the runs have", { shared: [0], rest: ["a", END], hex: "00" }],
    ["wrong padding of the hexadecimal runs", { shared: [0], rest: [LOWER_HEX, 1, END], hex: "01" }],
    ["fewer base64url characters than the runs have", { shared: [0], total: 3, rest: [BASE64, 3, END] }],
    ["more base64url characters than the runs have", { ...ABC, base64: "A".repeat(18) }],
    ["wrong padding of the base64url runs", { shared: [0], rest: ["a", END], base64: "AAAAAAAB" }],
    ["fewer hashes than names", { ...ABC, base64: "A".repeat(12) }],
  ])("with a right checksum and %s", (_, packed) => {
    expect(() => unpackManifest(packedAs(packed))).toThrow(DAMAGED);
  });

  test("with a right checksum and a body of other characters", () => {
    for (const body of ["", "0", "~~~~~", "0000.", "0000é"])
      expect(() => unpackManifest(checked(body))).toThrow(DAMAGED);
  });

  test("with a right checksum and any other body, unless that is a manifest", () => {
    const bytes = decodeBase85(VERSION_1.slice(14)) as Buffer;
    const damage = fc.oneof(
      fc.tuple(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, others]) => {
        const body = Buffer.from(bytes);
        body.set(others.subarray(0, body.length - at), at);
        return encodeBase85(body);
      }),
      fc.uint8Array().map((other) => encodeBase85(Buffer.from(other))),
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
  test("a text that unpacks to gigabytes is refused once it exceeds the 248 MB that a manifest can have", () => {
    const bomb = sealed(Buffer.alloc(300_000_000), Buffer.alloc(0), Buffer.alloc(0));
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => unpackManifest(bomb)).toThrow(DAMAGED);
  });

  test("names that share so much that together they take 256 MB are refused", () => {
    const beginning = 2_000_000;
    const ends = Array.from({ length: 127 }, (_, i) => i + 1);
    const text = packedAs({
      total: 128 * beginning + 127,
      shared: [0, ...ends.map(() => beginning)],
      rest: ["a".repeat(beginning), END, ...ends.flatMap((end) => [end, END])],
    });
    expect(text.length).toBeLessThan(10_000);
    expect(() => unpackManifest(text)).toThrow(DAMAGED);
  });

  test("more files than can be unpacked are not packed", () => {
    const refusal =
      "There are too many files for one resource: more than 4,000,000, or names of more than 200 MB together. " +
      "Narrow what `include` and `exclude` select, or give each part of the site a resource of its own. (code TooManyFiles)";
    const many = new Array<string>(4_000_001).fill("a");
    expect(() => pack(many, many)).toThrow(refusal);
    expect(() => pack(["a".repeat(200_000_001)], [UNKNOWN_HASH])).toThrow(refusal);
    expect(() => pack(["é".repeat(100_000_001)], [UNKNOWN_HASH])).toThrow(refusal);
  });
});

describe("what is no manifest is not packed", () => {
  test.each(["n4bQgY", "n4bQgYhM", "n4bQgY+", "sha256:", "n4bQgY=", "n4bQ gY", "n4bQgYhMfWWa"])("hash %j", (hash) => {
    expect(() => packManifest(new Map([["app.js", hash]]))).toThrow(
      "Each hash of a manifest is 7 characters of base64url.",
    );
  });

  test("hashes of wrong lengths whose sum is right", () => {
    const manifest = new Map([
      ["a", "n4bQgYhM"],
      ["b", "n4bQgY"],
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
