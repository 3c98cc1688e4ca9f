import { rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { refresh } from "./caller.js";
import { type Conditions, type Emulator, view } from "./index.js";
import { publish, started } from "./started.js";

const BEFORE = 1_700_000_000;
const AFTER = 1_700_000_100;

/** Puts these files on the origin, lets a viewer fetch each URL, and then changes all the files. */
async function stale(urls: string[], options = {}): Promise<Emulator> {
  const emulator = await started(options);
  const files = urls.map((url) => url.replace(/^https?:\/\//, "").replace(/\?.*/, ""));
  for (const file of files) publish(emulator, file, "old", BEFORE);
  for (const url of urls) expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "MISS" });
  for (const file of files) publish(emulator, file, "new", AFTER);
  for (const url of urls) expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "HIT" });
  return emulator;
}

/** Returns the URLs for which a viewer gets the new file. */
async function renewed(emulator: Emulator, urls: string[]): Promise<string[]> {
  const views = await Promise.all(urls.map((url) => view(emulator, url)));
  return urls.filter((_, index) => views[index]?.body === "new");
}

describe("the cache", () => {
  test("a 404 is cached as well", async () => {
    const emulator = await started();
    expect(await view(emulator, "http://vod.example.com/a")).toMatchObject({ status: 404, cache: "MISS" });
    publish(emulator, "vod.example.com/a", "new");
    expect(await view(emulator, "http://vod.example.com/a")).toMatchObject({ status: 404, cache: "HIT" });
    await refresh(emulator, ["http://vod.example.com/a"]);
    expect(await view(emulator, "http://vod.example.com/a")).toMatchObject({ status: 200, cache: "MISS", body: "new" });
  });

  test("a removed file is a 404 after its refresh", async () => {
    const emulator = await stale(["http://vod.example.com/a"]);
    rmSync(join(emulator.origin, "vod.example.com/a"));
    await refresh(emulator, ["http://vod.example.com/a"]);
    expect(await view(emulator, "http://vod.example.com/a")).toMatchObject({ status: 404, cache: "MISS" });
  });

  test("schemes, hosts, paths and queries are cached separately", async () => {
    const urls = [
      "http://vod.example.com/a",
      "https://vod.example.com/a",
      "http://img.example.com/a",
      "http://vod.example.com/a?x=1",
      "http://vod.example.com/a?x=2",
    ];
    const emulator = await stale(urls);
    expect(emulator.cached()).toEqual(urls);
  });

  test("an unknown domain and another method are refused, and nothing is cached", async () => {
    const emulator = await started();
    expect(await view(emulator, "http://other.example.com/a")).toMatchObject({
      status: 403,
      cache: "NONE",
      headers: { "x-tengine-bf-error": "non-existent domain" },
    });
    expect(emulator.cached()).toEqual([]);
    expect((await fetch(emulator.edge, { method: "POST" })).status).toBe(405);
  });

  test.each(["/../vod.example.com/a", "/%2e%2e/vod.example.com/a", "/..%2Fvod.example.com/a", "/%00", "/%zz", "/"])(
    "%s doesn't lead out of a domain's folder",
    async (path) => {
      const emulator = await started();
      publish(emulator, "vod.example.com/a", "secret");
      const status = await new Promise((resolve, reject) => {
        const headers = { host: "img.example.com" };
        const viewing = request(emulator.edge, { path, headers, agent: false }, (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        });
        viewing.on("error", reject).end();
      });
      expect(status).toBe(404);
    },
  );

  test("the edge works as an HTTP proxy", async () => {
    const emulator = await started();
    publish(emulator, "vod.example.com/a", "through the proxy");
    const body = await new Promise((resolve, reject) => {
      const path = "http://vod.example.com/a";
      const viewing = request(emulator.edge, { path, headers: { host: "ignored" }, agent: false }, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      });
      viewing.on("error", reject).end();
    });
    expect(body).toBe("through the proxy");
    expect(emulator.cached()).toEqual(["http://vod.example.com/a"]);
  });

  test("a file is served with its type, time and length", async () => {
    const emulator = await started();
    publish(emulator, "vod.example.com/a.m3u8", "#EXTM3U", BEFORE);
    const { headers } = await view(emulator, "https://vod.example.com/a.m3u8");
    expect(headers).toMatchObject({
      "content-type": "application/vnd.apple.mpegurl",
      "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
      "content-length": "7",
    });
  });
});

describe("a File refresh", () => {
  const urls = [
    "https://vod.example.com/a/1.txt",
    "http://vod.example.com/a/1.txt",
    "https://vod.example.com/a/1.txt?x=1",
    "https://vod.example.com/a/1.txt.bak",
    "https://vod.example.com/a/2.txt",
    "https://img.example.com/a/1.txt",
  ];

  test.each([
    ["https://vod.example.com/a/1.txt", ["https://vod.example.com/a/1.txt"]],
    ["http://vod.example.com/a/1.txt", ["http://vod.example.com/a/1.txt"]],
    ["HTTPS://VOD.EXAMPLE.COM/a/1.txt", ["https://vod.example.com/a/1.txt"]],
    ["https://vod.example.com/a/1.txt?x=1", ["https://vod.example.com/a/1.txt?x=1"]],
    ["https://vod.example.com/A/1.txt", []],
    ["https://vod.example.com/a/", []],
    ["vod.example.com/a/1.txt", ["https://vod.example.com/a/1.txt", "http://vod.example.com/a/1.txt"]],
  ])("a refresh of %s renews %j and nothing else", async (path, expected) => {
    const emulator = await stale(urls);
    expect((await refresh(emulator, [path])).status).toBe(200);
    expect(await renewed(emulator, urls)).toEqual(expected);
  });

  test("one refresh renews several domains", async () => {
    const emulator = await stale(urls);
    const paths = ["https://vod.example.com/a/2.txt", "https://img.example.com/a/1.txt"];
    await refresh(emulator, paths);
    expect(await renewed(emulator, urls)).toEqual(paths);
  });

  test("a file with the same Last-Modified is renewed too, without Force", async () => {
    const emulator = await stale(["https://vod.example.com/a"]);
    publish(emulator, "vod.example.com/a", "new", BEFORE);
    await refresh(emulator, ["https://vod.example.com/a"], { Force: "false" });
    expect(await view(emulator, "https://vod.example.com/a")).toMatchObject({ body: "new", cache: "MISS" });
  });

  test("a refresh takes effect when its task is complete, not before", async () => {
    const url = "https://vod.example.com/a";
    const emulator = await stale([url], { taskDelayMs: 60_000 });
    await refresh(emulator, [url]);
    expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "HIT" });
    emulator.advance(60_000);
    expect(await view(emulator, url)).toMatchObject({ body: "new", cache: "MISS" });
  });

  test("a refresh drops what was cached while its task was running", async () => {
    const url = "https://vod.example.com/a";
    const emulator = await started({ taskDelayMs: 60_000 });
    publish(emulator, "vod.example.com/a", "old");
    await refresh(emulator, [url]);
    await view(emulator, url);
    emulator.advance(60_000);
    expect(emulator.cached()).toEqual([]);
  });
});

describe("a Directory refresh", () => {
  const inside = ["https://vod.example.com/a/1", "https://vod.example.com/a/b/2", "https://vod.example.com/a/1?x=1"];
  const outside = ["https://vod.example.com/ab/1", "http://vod.example.com/a/1", "https://img.example.com/a/1"];

  test.each(["true", "false"])("changed files below the directory are renewed with Force %s", async (force) => {
    const emulator = await stale([...inside, ...outside]);
    await refresh(emulator, ["https://vod.example.com/a/"], { ObjectType: "Directory", Force: force });
    expect(await renewed(emulator, [...inside, ...outside])).toEqual(inside);
  });

  test("a path without a scheme covers http and https", async () => {
    const emulator = await stale([...inside, ...outside]);
    await refresh(emulator, ["vod.example.com/a/"], { ObjectType: "Directory", Force: "true" });
    expect(await renewed(emulator, [...inside, ...outside])).toEqual([...inside, "http://vod.example.com/a/1"]);
  });

  test("without Force, a file with the same Last-Modified stays cached", async () => {
    const url = "https://vod.example.com/a/1";
    const emulator = await stale([url]);
    publish(emulator, "vod.example.com/a/1", "new", BEFORE);
    await refresh(emulator, ["https://vod.example.com/a/"], { ObjectType: "Directory" });
    expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "HIT" });
    // The edge compares once; the next request is an ordinary one.
    publish(emulator, "vod.example.com/a/1", "newer", AFTER);
    expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "HIT" });
  });

  test("with Force, a file with the same Last-Modified is renewed too", async () => {
    const url = "https://vod.example.com/a/1";
    const emulator = await stale([url]);
    publish(emulator, "vod.example.com/a/1", "new", BEFORE);
    await refresh(emulator, ["https://vod.example.com/a/"], { ObjectType: "Directory", Force: "true" });
    expect(await view(emulator, url)).toMatchObject({ body: "new", cache: "MISS" });
  });

  test("without Force, added and removed files are noticed", async () => {
    const emulator = await stale(["https://vod.example.com/a/1"]);
    await view(emulator, "https://vod.example.com/a/2");
    rmSync(join(emulator.origin, "vod.example.com/a/1"));
    publish(emulator, "vod.example.com/a/2", "new");
    await refresh(emulator, ["https://vod.example.com/a/"], { ObjectType: "Directory" });
    expect(await view(emulator, "https://vod.example.com/a/1")).toMatchObject({ status: 404, cache: "MISS" });
    expect(await view(emulator, "https://vod.example.com/a/2")).toMatchObject({ status: 200, cache: "MISS" });
  });
});

describe("an IgnoreParams refresh", () => {
  const variants = [
    "https://vod.example.com/a.mp4",
    "https://vod.example.com/a.mp4?x=1",
    "https://vod.example.com/a.mp4?y=2&x=1",
  ];
  const others = [
    "https://vod.example.com/a.mp4.txt",
    "http://vod.example.com/a.mp4?x=1",
    "https://img.example.com/a.mp4",
  ];

  test.each(["https://vod.example.com/a.mp4", "https://vod.example.com/a.mp4?z=3"])(
    "a refresh of %s renews all variants of that URL, and no other URL",
    async (path) => {
      const emulator = await stale([...variants, ...others]);
      await refresh(emulator, [path], { ObjectType: "IgnoreParams" });
      expect(await renewed(emulator, [...variants, ...others])).toEqual(variants);
    },
  );
});

describe("a refresh without Force that covers a file with the same Last-Modified", () => {
  const url = "https://vod.example.com/a/1";
  const types: [string, string][] = [
    ["Regex", "https://vod.example.com/a/.*"],
    ["IgnoreParams", url],
  ];
  const seenAfter = async (set: Conditions, path: string, extra: Record<string, string>) => {
    const emulator = await stale([url]);
    emulator.set(set);
    publish(emulator, "vod.example.com/a/1", "new", BEFORE);
    await refresh(emulator, [path], extra);
    return (await view(emulator, url)).body;
  };

  test.each(types)("renews it as %s, unless such a refresh is set to revalidate", async (ObjectType, path) => {
    expect(await seenAfter({}, path, { ObjectType })).toBe("new");
    expect(await seenAfter({ unforced: "revalidate" }, path, { ObjectType })).toBe("old");
    expect(await seenAfter({ unforced: "drop" }, path, { ObjectType })).toBe("new");
    expect(await seenAfter({ unforced: "revalidate" }, path, { ObjectType, Force: "true" })).toBe("new");
  });
});

describe("a Regex refresh", () => {
  const urls = [
    "https://vod.example.com/a/1.png",
    "https://vod.example.com/a/22.png",
    "https://vod.example.com/a/1.png?x=1",
    "https://vod.example.com/a/1.pngx",
    "http://vod.example.com/a/1.png",
    "https://img.example.com/a/1.png",
  ];

  test.each([
    ["https://vod.example.com/a/.*\\.png", urls.slice(0, 2)],
    ["https://vod.example.com/a/[0-9]\\.png", urls.slice(0, 1)],
    ["https://vod.example.com/a/1\\.png(\\?.*)?", [urls[0], urls[2]]],
    ["vod.example.com/.*/1\\.png", [urls[0], urls[4]]],
    ["https://vod.example.com/1\\.png", []],
    ["https://vod.example.com/.*", urls.slice(0, 4)],
  ])("a refresh of %s renews %j and nothing else", async (path, expected) => {
    const emulator = await stale(urls);
    await refresh(emulator, [path], { ObjectType: "Regex" });
    expect(await renewed(emulator, urls)).toEqual(expected);
  });
});
