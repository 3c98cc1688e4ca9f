import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Emulator, type EmulatorOptions, view } from "./index.js";
import { publish, started } from "./started.js";

const URL_A = "https://vod.example.com/a.txt";
const NOON = Date.parse("2024-07-19T12:00:00Z");

async function protectedBy(config: NonNullable<EmulatorOptions["configs"]>[string]): Promise<Emulator> {
  const emulator = await started({ configs: { "VOD.example.com": config } });
  emulator.freeze();
  emulator.setTime(NOON);
  publish(emulator, "vod.example.com/a.txt", "content");
  publish(emulator, "img.example.com/a.txt", "open");
  return emulator;
}

/** Signs as the page of type A says. */
function sign(path: string, { key = "the-key", at = NOON / 1000 } = {}): string {
  const hash = createHash("md5").update(`${path}-${at}-0-0-${key}`).digest("hex");
  return `${at}-0-0-${hash}`;
}

async function seen(emulator: Emulator, url: string, headers: Record<string, string> = {}) {
  const { status, body, headers: answer } = await view(emulator, url, { headers });
  return { status, reason: answer["x-tengine-error"], ...(status === 200 && { body }) };
}

describe("URL authentication", () => {
  test("a URL without a signature is refused, without a word of the cache", async () => {
    const emulator = await protectedBy({ authKey: "the-key" });
    expect(await seen(emulator, URL_A)).toEqual({ status: 403, reason: "denied by req auth: no url arg auth_key" });
    expect((await view(emulator, URL_A)).cache).toBe("NONE");
    expect(emulator.cached()).toEqual([]);
    expect(emulator.events).toEqual([]);
  });

  test("a URL with a signature passes, and is cached without it", async () => {
    const emulator = await protectedBy({ authKey: "the-key" });
    const authKey = sign("/a.txt");
    const other = sign("/a.txt", { at: NOON / 1000 - 1 });
    expect(await seen(emulator, `${URL_A}?auth_key=${authKey}`)).toEqual({ status: 200, body: "content" });
    expect((await view(emulator, `${URL_A}?auth_key=${other}`)).cache).toBe("HIT");
    expect((await view(emulator, `${URL_A}?v=1&auth_key=${authKey}`)).status).toBe(200);
    expect(emulator.cached()).toEqual([URL_A, `${URL_A}?v=1`]);
  });

  test("a signature with another key or for another path is refused, without the right one", async () => {
    const emulator = await protectedBy({ authKey: "the-key" });
    for (const wrong of [sign("/a.txt", { key: "other" }), sign("/b.txt")]) {
      const reason = `denied by req auth: invalid md5hash=${wrong.split("-")[3]}`;
      expect(await seen(emulator, `${URL_A}?auth_key=${wrong}`)).toEqual({ status: 403, reason });
    }
  });

  test.each([
    [{}, 1800],
    [{ authSeconds: 60 }, 60],
  ])("a signature with %j ends after %d s", async (config, seconds) => {
    const emulator = await protectedBy({ authKey: "the-key", ...config });
    const url = `${URL_A}?auth_key=${sign("/a.txt")}`;
    emulator.advance(seconds * 1000);
    expect(await seen(emulator, url)).toMatchObject({ status: 200 });
    emulator.advance(1);
    const reason = `denied by req auth: expired timestamp=${NOON / 1000}`;
    expect(await seen(emulator, url)).toEqual({ status: 403, reason });
  });

  test("another domain stays open, and so does this one once its key is unset", async () => {
    const emulator = await protectedBy({ authKey: "the-key" });
    expect(await seen(emulator, "https://img.example.com/a.txt")).toEqual({ status: 200, body: "open" });
    emulator.set({ configs: { "vod.example.com": { authKey: null } } });
    expect(await seen(emulator, URL_A)).toEqual({ status: 200, body: "content" });
  });
});

describe("a Referer list", () => {
  const referers = ["www.example.com", "*.example.org"];

  test.each([
    ["https://www.example.com/page", 200],
    ["http://www.example.com", 200],
    ["https://a.b.example.org/", 200],
    ["https://example.org/", 403],
    ["https://example.com/", 403],
    ["https://www.example.com.evil.test/", 403],
    ["www.example.com", 403],
    ["", 403],
  ])("the Referer %j gets the status %d", async (referer, status) => {
    const emulator = await protectedBy({ referers });
    const reason = status === 403 ? "denied by Referer ACL" : undefined;
    expect(await seen(emulator, URL_A, { referer })).toMatchObject({ status, ...(reason && { reason }) });
  });

  test("a request without a Referer passes where the list says so", async () => {
    const emulator = await protectedBy({ referers });
    expect(await seen(emulator, URL_A)).toEqual({ status: 403, reason: "denied by Referer ACL" });
    emulator.set({ configs: { "vod.example.com": { emptyReferer: true } } });
    expect(await seen(emulator, URL_A)).toEqual({ status: 200, body: "content" });
  });
});

test("http is redirected to https where the domain says so", async () => {
  const emulator = await protectedBy({ forceHttps: true });
  const { status, headers, cache } = await view(emulator, "http://vod.example.com/a.txt?x=1");
  expect({ status, cache, location: headers.location }).toEqual({
    status: 301,
    cache: "NONE",
    location: "https://vod.example.com/a.txt?x=1",
  });
  expect(await seen(emulator, URL_A)).toEqual({ status: 200, body: "content" });
});
