import { createHash } from "node:crypto";
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { refresh } from "./caller.js";
import { type Emulator, type EmulatorOptions, view } from "./index.js";
import { publish, started } from "./started.js";

const FILE = "vod.example.com/a.txt";
const URL_A = `https://${FILE}`;
const NOON = Date.parse("2024-07-19T12:00:00Z");
const NOON_TEXT = "Fri, 19 Jul 2024 12:00:00 GMT";
const MODIFIED = 1_700_000_000;

/** Starts an emulator whose time stands still at noon, and whose origin has a file. */
async function frozen(options: EmulatorOptions = {}, content = "content"): Promise<Emulator> {
  const emulator = await started(options);
  emulator.freeze();
  emulator.setTime(NOON);
  publish(emulator, FILE, content, MODIFIED);
  return emulator;
}

const headersOf = async (emulator: Emulator, headers: Record<string, string> = {}, url = URL_A) =>
  (await view(emulator, url, { headers })).headers;

/** Returns status and bytes of an answer, which a view would decode. */
function fetchBytes(emulator: Emulator, headers: Record<string, string>, method = "GET") {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; bytes: Buffer }>((resolve, reject) => {
    const options = { method, path: `http://${FILE}`, headers, agent: false };
    const viewing = request(emulator.edge, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      );
    });
    viewing.on("error", reject).end();
  });
}

describe("the headers of an answer", () => {
  test("what the origin has just sent is a miss without an age", async () => {
    expect(await headersOf(await frozen())).toEqual({
      date: NOON_TEXT,
      "content-type": "text/plain",
      "content-length": "7",
      "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
      "accept-ranges": "bytes",
      etag: `"${createHash("md5").update("content").digest("hex").toUpperCase()}"`,
      "content-md5": createHash("md5").update("content").digest("base64"),
      "x-oss-hash-crc64ecma": expect.stringMatching(/^\d+$/),
      "x-oss-object-type": "Normal",
      "x-oss-storage-class": "Standard",
      via: "cache1.l2cn1802[0,0,200-0,M], cache2.l2cn1802[1,0], cache1.cn257[0,0,200-0,M], cache1.cn257[1,0]",
      "ali-swift-global-savetime": String(NOON / 1000),
      "x-cache": "MISS TCP_MISS dirn:-2:-2",
      "x-swift-savetime": NOON_TEXT,
      "x-swift-cachetime": "31104000",
      "timing-allow-origin": "*",
      eagleid: `7f000001${NOON}0000e`,
      server: "Tengine",
      connection: "close",
    });
  });

  test("a copy tells how old it is, by the service's time", async () => {
    const emulator = await frozen();
    await view(emulator, URL_A);
    emulator.advance(90_500);
    expect(await headersOf(emulator)).toMatchObject({
      age: "90",
      date: NOON_TEXT,
      "x-cache": "HIT TCP_MEM_HIT dirn:0:0",
      "x-swift-savetime": NOON_TEXT,
      "ali-swift-global-savetime": String(NOON / 1000),
      via: expect.stringMatching(/cache1\.cn257\[0,0,200-0,H\]/),
    });
  });

  test("a large copy comes from the disk", async () => {
    const emulator = await frozen({}, "x".repeat((1 << 20) + 1));
    await view(emulator, URL_A);
    expect((await headersOf(emulator))["x-cache"]).toBe("HIT TCP_HIT dirn:0:0");
  });

  test("a refresh makes a miss of a copy", async () => {
    const emulator = await frozen();
    await view(emulator, URL_A);
    emulator.advance(60_000);
    await refresh(emulator, [URL_A]);
    const headers = await headersOf(emulator);
    expect(headers).toMatchObject({ "x-cache": "MISS TCP_MISS dirn:-2:-2", date: "Fri, 19 Jul 2024 12:01:00 GMT" });
    expect(headers.age).toBeUndefined();
  });

  test("a file that is the same after a Directory refresh is a copy that was confirmed", async () => {
    const emulator = await frozen();
    await view(emulator, URL_A);
    emulator.advance(60_000);
    await refresh(emulator, ["https://vod.example.com/"], { ObjectType: "Directory" });
    expect(await headersOf(emulator)).toMatchObject({
      age: "0",
      "x-cache": "HIT TCP_REFRESH_HIT dirn:0:0",
      "x-swift-savetime": "Fri, 19 Jul 2024 12:01:00 GMT",
      "ali-swift-global-savetime": String(NOON / 1000),
    });
  });

  test("a file that is another after a Directory refresh is a miss that was compared", async () => {
    const emulator = await frozen();
    await view(emulator, URL_A);
    publish(emulator, FILE, "other", MODIFIED + 1);
    await refresh(emulator, ["https://vod.example.com/"], { ObjectType: "Directory" });
    expect((await headersOf(emulator))["x-cache"]).toBe("MISS TCP_REFRESH_MISS dirn:-2:-2");
  });

  test("an answer of the origin that isn't a file is told as its error", async () => {
    const emulator = await frozen();
    const answer = await view(emulator, "https://vod.example.com/none");
    expect(answer).toMatchObject({ status: 404, headers: { "x-swift-error": "orig response 4XX error" } });
    expect(answer.headers.via).toContain("[0,0,404-1280,M]");
    expect(answer.headers.etag).toBeUndefined();
  });
});

describe("an origin of another kind", () => {
  test("a bucket with multipart uploads has an ETag that isn't the MD5, and the CRC", async () => {
    const configs = { "vod.example.com": { originKind: "oss-multipart" as const } };
    const emulator = await frozen({ configs }, "123456789");
    const headers = await headersOf(emulator);
    expect(headers).toMatchObject({
      etag: expect.stringMatching(/^"[0-9A-F]{32}-1"$/),
      "x-oss-hash-crc64ecma": "11051210869376104954",
      "x-oss-object-type": "Multipart",
    });
    expect(headers.etag).not.toContain(createHash("md5").update("123456789").digest("hex").toUpperCase());
    expect(headers["content-md5"]).toBeUndefined();
  });

  test("a web server has an ETag of time and length, and nothing of OSS", async () => {
    const emulator = await frozen({ configs: { "vod.example.com": { originKind: "nginx" } } });
    const headers = await headersOf(emulator);
    expect(headers.etag).toBe('"6553f100-7"');
    expect(Object.keys(headers).filter((name) => /oss|md5/.test(name))).toEqual([]);
  });

  test("a given answer stands in place of a file, and is cached unless it is a 401 or a failure", async () => {
    const answers = {
      "/a.txt": { status: 302, location: "/login" },
      "/b": { status: 401, body: "log in" },
      "/c": { status: 503 },
    };
    const emulator = await frozen({ configs: { "vod.example.com": { answers } } });
    const seen = async (path: string) => {
      await view(emulator, `https://vod.example.com${path}`);
      const { status, body, cache, headers } = await view(emulator, `https://vod.example.com${path}`);
      return { status, body, cache, location: headers.location, error: headers["x-swift-error"] };
    };
    expect(await seen("/a.txt?x=1")).toEqual({ status: 302, body: "", cache: "HIT", location: "/login" });
    expect(await seen("/b")).toMatchObject({ status: 401, body: "log in", cache: "MISS" });
    expect(await seen("/c")).toMatchObject({ status: 503, cache: "MISS", error: "orig response 5XX error" });
    emulator.set({ configs: { "vod.example.com": { answers: null } } });
    await refresh(emulator, ["https://vod.example.com/"], { ObjectType: "Directory" });
    expect(await view(emulator, `${URL_A}?x=1`)).toMatchObject({ status: 200, body: "content" });
  });
});

describe("a part of a file", () => {
  test.each([
    ["bytes=0-2", 206, "bytes 0-2/7", "con"],
    ["bytes=4-", 206, "bytes 4-6/7", "ent"],
    ["bytes=-2", 206, "bytes 5-6/7", "nt"],
    ["bytes=-20", 206, "bytes 0-6/7", "content"],
    ["bytes=5-20", 206, "bytes 5-6/7", "nt"],
    ["bytes=7-", 416, "bytes */7", ""],
    ["bytes=-0", 416, "bytes */7", ""],
    ["bytes=3-2", 200, undefined, "content"],
    ["bytes=0-1,3-4", 200, undefined, "content"],
    ["lines=0-1", 200, undefined, "content"],
  ])("the answer to the range %s has status %d", async (range, status, contentRange, body) => {
    const answer = await view(await frozen(), URL_A, { headers: { range } });
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers["content-range"]).toBe(contentRange);
    expect(answer.headers["content-length"]).toBe(String(body.length));
  });

  test("a part is cut from a copy of the whole file", async () => {
    const emulator = await frozen();
    await view(emulator, URL_A, { headers: { range: "bytes=0-1" } });
    expect(await view(emulator, URL_A)).toMatchObject({ status: 200, cache: "HIT", body: "content" });
  });
});

describe("a conditional request", () => {
  const tag = `"${createHash("md5").update("content").digest("hex").toUpperCase()}"`;

  test.each([
    [{ "if-none-match": tag }, 304],
    [{ "if-none-match": `"other", W/${tag}` }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"other"', "if-modified-since": NOON_TEXT }, 200],
    [{ "if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT" }, 304],
    [{ "if-modified-since": "Tue, 14 Nov 2023 22:13:19 GMT" }, 200],
    [{ "if-modified-since": "yesterday" }, 200],
  ])("the answer to %j has status %d", async (headers, status) => {
    const emulator = await frozen();
    await view(emulator, URL_A);
    const answer = await view(emulator, URL_A, { headers });
    expect(answer.status).toBe(status);
    expect(answer.body).toBe(status === 304 ? "" : "content");
    const outcome = status === 304 ? "HIT TCP_IMS_HIT dirn:0:0" : "HIT TCP_MEM_HIT dirn:0:0";
    expect(answer.headers["x-cache"]).toBe(outcome);
  });
});

describe("HEAD", () => {
  test("the answer has the headers of GET and no body", async () => {
    const emulator = await frozen();
    const get = await fetchBytes(emulator, {});
    const head = await fetchBytes(emulator, {}, "HEAD");
    expect(head.bytes).toHaveLength(0);
    expect(head.headers).toMatchObject({
      "content-length": "7",
      etag: get.headers.etag,
      "x-cache": "HIT TCP_MEM_HIT dirn:0:0",
    });
  });
});

describe("compression", () => {
  const text = "text ".repeat(400);
  const configs = { "vod.example.com": { compression: true } };

  test.each(["gzip", "deflate, GZIP;q=0.5", "*"])("text is compressed for who accepts %s", async (accepted) => {
    const emulator = await frozen({ configs }, text);
    const { headers, bytes } = await fetchBytes(emulator, { "accept-encoding": accepted });
    expect(gunzipSync(bytes).toString()).toBe(text);
    expect(headers).toMatchObject({
      "content-encoding": "gzip",
      vary: "Accept-Encoding",
      etag: `W/"${createHash("md5").update(text).digest("hex").toUpperCase()}"`,
    });
    expect(headers["content-length"]).toBeUndefined();
    expect(headers["accept-ranges"]).toBeUndefined();
  });

  test.each(["identity", "br", "gzip;q=0", ""])("text isn't compressed for who accepts %j", async (accepted) => {
    const emulator = await frozen({ configs }, text);
    const { headers, bytes } = await fetchBytes(emulator, { "accept-encoding": accepted });
    expect(bytes.toString()).toBe(text);
    expect(headers).toMatchObject({ "content-length": String(text.length), vary: "Accept-Encoding" });
    expect(headers["content-encoding"]).toBeUndefined();
  });

  test("a small text, another type and another domain aren't compressed", async () => {
    const emulator = await frozen({ configs }, "x".repeat(1023));
    publish(emulator, "vod.example.com/a.png", text);
    publish(emulator, "img.example.com/a.txt", text);
    const encodings = ["vod.example.com/a.txt", "vod.example.com/a.png", "img.example.com/a.txt"].map(
      async (name) => (await headersOf(emulator, { "accept-encoding": "gzip" }, `https://${name}`))["content-encoding"],
    );
    expect(await Promise.all(encodings)).toEqual([undefined, undefined, undefined]);
  });
});
