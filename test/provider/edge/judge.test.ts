/** How answers of the edge are judged. Their headers are spelled as the edge of Alibaba Cloud's CDN spells them. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answer, chooseDigest, type Expected, judge } from "../../../provider/edge/judge.js";
import { HASH_CHARACTERS } from "../../../provider/manifest/hash.js";

/** When the refresh was sent, and when the edge is asked. */
const SINCE = Date.parse("2026-11-26T10:00:00.400Z");
const ASKED = Date.parse("2026-11-26T10:05:00.700Z");
const secondsBefore = (seconds: number) => new Date(ASKED - seconds * 1_000).toUTCString();

const sha256 = (text: string) => createHash("sha256").update(text).digest();
const hashOf = (text: string) => sha256(text).toString("base64url").slice(0, HASH_CHARACTERS);
const bodyOf = (text: string) => ({ hash: sha256(text), size: text.length, hasPasswordField: false });
const answer = (headers: Answer["headers"] = {}, more: Partial<Answer> = {}): Answer => ({
  status: 200,
  headers,
  isRedirected: false,
  askedAt: ASKED,
  answeredAt: ASKED + 30,
  ...more,
});

const HIT = { "x-cache": "HIT TCP_MEM_HIT dirn:-2:-2" };
const MISS = { "x-cache": "MISS TCP_MISS dirn:-2:-2" };
/** A copy from before the refresh, and one from after it. */
const OLD = { ...HIT, age: "3600", "x-swift-savetime": secondsBefore(3_600) };
const NEW = { ...HIT, age: "60", "x-swift-savetime": secondsBefore(60) };

const FILE: Expected = { kind: "file", hash: hashOf("new"), size: 3 };
const COPY: Expected = { kind: "copy" };
const REMOVED: Expected = { kind: "removed" };
const look = (expected: Expected, ...given: Parameters<typeof answer>) => judge(expected, answer(...given), SINCE);

describe("a file of a source", () => {
  test("is fresh by the hash of its body, whatever the headers say", () => {
    expect(look(FILE, OLD, { body: bodyOf("new") })).toEqual({ outcome: "fresh", seen: "the hash of its body" });
    expect(look(FILE, {}, { body: bodyOf("new"), isRedirected: true }).outcome).toBe("fresh");
  });

  test("is stale with another body, and says how old the copy is, or that the origin has it", () => {
    expect(look(FILE, OLD, { body: bodyOf("old") })).toEqual({
      outcome: "stale",
      seen: "other content than the file, a copy that is 3,600 s old",
    });
    expect(look(FILE, MISS, { body: bodyOf("old") })).toEqual({
      outcome: "stale",
      seen: "other content than the file, fetched after the refresh: the origin has other content, or the edge changes it",
    });
    expect(look(FILE, {}, { body: bodyOf("old") })).toEqual({ outcome: "stale", seen: "other content than the file" });
  });

  test("isn't verifiable where the edge redirects to other content, or asks for a password", () => {
    expect(look(FILE, MISS, { body: bodyOf("old"), isRedirected: true }).outcome).toBe("notVerifiable");
    const login = { ...bodyOf("<form><input type=password>"), hasPasswordField: true };
    expect(look(FILE, MISS, { body: login })).toEqual({
      outcome: "notVerifiable",
      seen: "a page that asks for a password",
    });
  });

  test("that is large is judged by its MD5 at OSS, then by its CRC-64", () => {
    const md5 = "4a2af5cb747ad540651eb4ac051cfc59";
    const oss = { "x-oss-request-id": "608278EA9ACC073733CDC3ED", "x-oss-hash-crc64ecma": "8762412451257301590" };
    const simple = { ...OLD, ...oss, etag: `"${md5.toUpperCase()}"` };
    expect(look(FILE, simple, { digest: md5 })).toEqual({ outcome: "fresh", seen: "its ETag" });
    expect(look(FILE, { ...simple, ...NEW }, { digest: "0".repeat(32) }).outcome).toBe("stale");
    const multipart = { ...OLD, ...oss, etag: '"4A2AF5CB747AD540651EB4AC051CFC59-2"' };
    expect(look(FILE, multipart, { digest: "8762412451257301590" })).toEqual({
      outcome: "fresh",
      seen: "its x-oss-hash-crc64ecma",
    });
    expect(look(FILE, { ...multipart, ...NEW }, { digest: "1" }).outcome).toBe("stale");
  });

  test("an ETag of 32 digits from elsewhere proves a match and no difference", () => {
    const etag = '"4a2af5cb747ad540651eb4ac051cfc59"';
    const elsewhere = { etag, "content-length": "3" };
    expect(look(FILE, { ...OLD, ...elsewhere }, { digest: "4a2af5cb747ad540651eb4ac051cfc59" }).outcome).toBe("fresh");
    expect(look(FILE, { ...NEW, ...elsewhere }, { digest: "0".repeat(32) }).outcome).toBe("fresh");
    expect(look(FILE, { ...OLD, ...elsewhere }, { digest: "0".repeat(32) }).outcome).toBe("stale");
  });

  test("without a digest it is judged by its length, and with the same length by the age of the copy", () => {
    expect(look(FILE, { ...NEW, "content-length": "4" })).toEqual({
      outcome: "stale",
      seen: "4 bytes in place of 3, fetched after the refresh: the origin has other content, or the edge changes it",
    });
    expect(look(FILE, { ...NEW, "content-length": "3" }).outcome).toBe("fresh");
    expect(look(FILE, { ...OLD, "content-length": "3" }).outcome).toBe("stale");
    expect(look(FILE, { "content-length": "3" }).outcome).toBe("notVerifiable");
    expect(look(FILE, { ...NEW, "content-encoding": "gzip", "content-length": "4" }).outcome).toBe("fresh");
  });

  test("a missing file is stale, by an old copy of its absence or by an origin that has none", () => {
    expect(look(FILE, OLD, { status: 404 })).toEqual({
      outcome: "stale",
      seen: "HTTP 404, a copy that is 3,600 s old",
    });
    expect(look(FILE, MISS, { status: 404 })).toEqual({
      outcome: "stale",
      seen: "HTTP 404, the origin has no such file",
    });
    expect(look(FILE, {}, { status: 410 })).toEqual({ outcome: "stale", seen: "HTTP 410" });
  });
});

describe("content that isn't known here", () => {
  test("is fresh if its copy was made after the refresh was sent, or just now", () => {
    expect(look(COPY, NEW)).toEqual({ outcome: "fresh", seen: "a copy that is 60 s old" });
    expect(look(COPY, MISS)).toEqual({ outcome: "fresh", seen: "fetched just now" });
    expect(look(COPY, { ...HIT, "x-swift-cachetime": "0" }).outcome).toBe("fresh");
    expect(look(COPY, { "x-cache": "HIT TCP_REFRESH_HIT dirn:11:927701954", age: "0" }).outcome).toBe("fresh");
    expect(look(COPY, NEW, { status: 404 }).outcome).toBe("fresh");
  });

  test("is stale if its copy is from before", () => {
    expect(look(COPY, OLD)).toEqual({ outcome: "stale", seen: "a copy that is 3,600 s old" });
    expect(look(COPY, OLD, { status: 404 }).outcome).toBe("stale");
  });

  test("a copy that a node gets from a node above is judged by its age there", () => {
    const above = { "x-swift-savetime": secondsBefore(0), "x-swift-cachetime": "0", age: "3600" };
    expect(look(COPY, { ...MISS, ...above }).outcome).toBe("stale");
    expect(look(COPY, { "x-cache": "HIT TCP_REFRESH_HIT", ...above }).outcome).toBe("stale");
    const saved = { ...HIT, "x-swift-savetime": secondsBefore(0) };
    expect(look(COPY, { ...saved, date: secondsBefore(3_600) }).outcome).toBe("stale");
  });

  test("without an age, the time of saving decides, and a clock of the edge that is ahead doesn't make a copy newer", () => {
    const saved = (seconds: number) => ({ ...HIT, "x-swift-savetime": secondsBefore(seconds) });
    expect(look(COPY, saved(60)).outcome).toBe("fresh");
    expect(look(COPY, saved(3_600))).toEqual({ outcome: "stale", seen: "a copy that is 3,601 s old" });
    expect(look(COPY, { ...saved(0), date: secondsBefore(-600) }).outcome).toBe("stale");
  });

  test("isn't verifiable where the answer says nothing of its age", () => {
    expect(look(COPY, {}).outcome).toBe("notVerifiable");
    expect(look(COPY, HIT).outcome).toBe("notVerifiable");
  });

  test("is fresh if the program's hash is the ETag, or the SHA-256 of the body; another hash says nothing", () => {
    const known = (hash: string): Expected => ({ kind: "copy", hash });
    const etag = { ...OLD, etag: 'W/"5D365B98-12532C"' };
    expect(look(known('"5d365b98-12532c"'), etag).outcome).toBe("fresh");
    const digits = sha256("new").toString("hex");
    for (const hash of [`sha256:${digits}`, digits]) {
      expect(look(known(hash), OLD, { body: bodyOf("new") }).outcome).toBe("fresh");
      expect(look(known(hash), OLD, { body: bodyOf("old") }).outcome).toBe("stale");
      expect(look(known(hash), NEW, { body: bodyOf("old") }).outcome).toBe("fresh");
    }
    expect(look(known("v2"), { ...OLD, etag: "v2" }).outcome).toBe("stale");
  });

  test("a copy is never taken for a newer one than it is, however its age is cut off", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 0, max: 900_000 }), (offset, elapsed) => {
        const madeAt = SINCE + offset;
        const askedAt = Math.max(madeAt, SINCE) + elapsed;
        const age = { ...HIT, age: String(Math.floor((askedAt - madeAt) / 1_000)) };
        const { outcome } = look(COPY, age, { askedAt, answeredAt: askedAt });
        if (offset < 0) expect(outcome).toBe("stale");
        if (offset >= 1_000) expect(outcome).toBe("fresh");
      }),
    );
  });
});

describe("what was removed", () => {
  test("is fresh if it is gone, or if the edge asked the origin after the refresh", () => {
    expect(look(REMOVED, OLD, { status: 404 })).toEqual({ outcome: "fresh", seen: "HTTP 404" });
    expect(look(REMOVED, {}, { status: 410 }).outcome).toBe("fresh");
    expect(look(REMOVED, MISS).outcome).toBe("fresh");
    expect(look(REMOVED, NEW, { status: 301 }).outcome).toBe("fresh");
  });

  test("is stale if an old copy is still there", () => {
    expect(look(REMOVED, OLD)).toEqual({ outcome: "stale", seen: "still there: a copy that is 3,600 s old" });
  });
});

describe.each([
  ["a file", FILE],
  ["other content", COPY],
  ["what was removed", REMOVED],
])("of %s", (_, expected) => {
  test.each([
    [403, { "x-tengine-error": "denied by req auth: no url arg auth_key" }, "HTTP 403, the URL needs a signature"],
    [403, { "x-tengine-error": "denied by req auth: expired timestamp=1" }, "HTTP 403, the URL needs a signature"],
    [403, { "x-tengine-error": "denied by Referer ACL" }, "HTTP 403, the domain has a Referer list"],
    [403, { "x-tengine-error": "denied by IP ACL = blacklist" }, "HTTP 403, the domain has an IP list"],
    [403, { "x-tengine-bf-error": "non-existent domain" }, "HTTP 403, the edge doesn't serve the domain"],
    [403, {}, "HTTP 403"],
    [401, { ...OLD, "www-authenticate": "Basic" }, "HTTP 401"],
    [407, {}, "HTTP 407"],
  ])("an answer with HTTP %d isn't verifiable, never stale (%j)", (status, headers, seen) => {
    expect(look(expected, headers, { status })).toEqual({ outcome: "notVerifiable", seen });
  });

  test.each([429, 500, 502, 503, 504, 408])("HTTP %d is no answer", (status) => {
    expect(look(expected, OLD, { status })).toEqual({ outcome: "unanswered", seen: `HTTP ${status}` });
  });

  test.each([400, 405, 418])("HTTP %d isn't verifiable", (status) => {
    expect(look(expected, OLD, { status }).outcome).toBe("notVerifiable");
  });
});

test("no text of an answer is part of what was seen", () => {
  const header = fc.string({ minLength: 6 }).map((text) => `zq${text}`);
  const names = ["x-tengine-error", "x-cache", "age", "etag", "location", "date", "x-swift-savetime"] as const;
  fc.assert(
    fc.property(fc.constantFrom(...names), header, fc.constantFrom(200, 301, 403, 404, 503), (name, text, status) => {
      const { seen } = look(COPY, { [name]: text }, { status });
      expect(seen).not.toContain("zq");
    }),
  );
});

test("an encoded answer has no digest of the file", () => {
  const etag = '"4a2af5cb747ad540651eb4ac051cfc59"';
  expect(chooseDigest({ etag, "content-encoding": "gzip" })).toBeUndefined();
  expect(chooseDigest({ etag: `W/${etag}` })).toBeUndefined();
  expect(chooseDigest({ etag: '"5d365b98-12532c"' })).toBeUndefined();
});
