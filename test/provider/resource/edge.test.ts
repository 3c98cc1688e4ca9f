/** What a viewer gets after a refresh of each object type, and what stays cached beside it. */
import { describe, expect, test } from "vitest";
import { type CheckedInputs, checkInputs } from "../../../provider/resource/check.js";
import { REFRESH } from "../../../provider/schema/inputs.js";
import { type RefreshRequest, vodClient } from "../../../provider/vod/client.js";
import { type Emulator, view } from "../../emulator/index.js";
import { publish, started } from "../../emulator/started.js";

const CACHED = [
  "http://vod.example.com/player/app.js",
  "http://vod.example.com/player/app.js?v=1",
  "https://vod.example.com/player/app.js",
  "http://vod.example.com/player/app.css",
  "http://vod.example.com/player/deep/app.js",
  "http://vod.example.com/players.js",
  "http://img.example.com/player/app.js",
];
const FILES = [...new Set(CACHED.map((url) => new URL(url).host + new URL(url).pathname))];

async function refresh(emulator: Emulator, news: Record<string, unknown>): Promise<void> {
  const { inputs, problems }: CheckedInputs = checkInputs({ contentHash: "v1", ...news }, {}, () => undefined, REFRESH);
  expect(problems).toEqual([]);
  await vodClient({ endpoint: emulator.endpoint, credentials: emulator }).refreshObjectCaches(
    inputs as unknown as RefreshRequest,
  );
}

/** The cached URLs that are fetched again after a refresh, once every file has changed at the origin. */
async function renewedBy(news: Record<string, unknown>): Promise<string[]> {
  const emulator = await started();
  for (const file of FILES) publish(emulator, file, "old", 1_000_000_000);
  for (const url of CACHED) expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "MISS" });
  for (const url of CACHED) expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "HIT" });
  for (const file of FILES) publish(emulator, file, "new", 1_700_000_000);
  for (const url of CACHED) expect(await view(emulator, url)).toMatchObject({ body: "old", cache: "HIT" });
  await refresh(emulator, news);
  const renewed: string[] = [];
  for (const url of CACHED) if ((await view(emulator, url)).body === "new") renewed.push(url);
  return renewed;
}

describe("a refresh makes the edge fetch again", () => {
  test("the exact URL, as a File", async () => {
    const paths = ["http://vod.example.com/player/app.js"];
    expect(await renewedBy({ paths })).toEqual(paths);
  });

  test("that variant alone, as a File with a query", async () => {
    const paths = ["http://vod.example.com/player/app.js?v=1"];
    expect(await renewedBy({ paths })).toEqual(paths);
  });

  test("the URL over http and https, as a File without a scheme", async () => {
    expect(await renewedBy({ paths: ["vod.example.com/player/app.js"] })).toEqual([
      "http://vod.example.com/player/app.js",
      "https://vod.example.com/player/app.js",
    ]);
  });

  test("everything below a Directory, whatever its query, and nothing beside it", async () => {
    const paths = ["http://vod.example.com/player/"];
    for (const force of [true, false]) {
      expect(await renewedBy({ paths, objectType: "Directory", force })).toEqual([
        "http://vod.example.com/player/app.js",
        "http://vod.example.com/player/app.js?v=1",
        "http://vod.example.com/player/app.css",
        "http://vod.example.com/player/deep/app.js",
      ]);
    }
  });

  test("what the pattern of a Regex matches", async () => {
    expect(await renewedBy({ paths: ["http://vod.example.com/.*\\.css"], objectType: "Regex" })).toEqual([
      "http://vod.example.com/player/app.css",
    ]);
  });

  test("the URL with any query, as IgnoreParams", async () => {
    expect(await renewedBy({ paths: ["http://vod.example.com/player/app.js"], objectType: "IgnoreParams" })).toEqual([
      "http://vod.example.com/player/app.js",
      "http://vod.example.com/player/app.js?v=1",
    ]);
  });

  test("URLs of two domains in one call", async () => {
    const paths = ["http://vod.example.com/player/app.css", "http://img.example.com/player/app.js"];
    expect(await renewedBy({ paths })).toEqual(paths);
  });
});

describe.each(["drop", "revalidate"] as const)("where a refresh without force is to %s what it covers", (unforced) => {
  const url = "http://vod.example.com/player/app.js";
  const seenAfter = async (objectType: string, path: string, force: boolean) => {
    const emulator = await started({ unforced });
    publish(emulator, "vod.example.com/player/app.js", "old", 1_000_000_000);
    await view(emulator, url);
    publish(emulator, "vod.example.com/player/app.js", "new", 1_000_000_000);
    await refresh(emulator, { paths: [path], objectType, force });
    return (await view(emulator, url)).body;
  };
  const types: [string, string][] = [
    ["File", url],
    ["IgnoreParams", url],
    ["Regex", "http://vod.example.com/.*\\.js"],
    ["Directory", "http://vod.example.com/player/"],
  ];

  test.each(types)(
    "with force, nothing that %s covers stays, even with the Last-Modified it had",
    async (type, path) => {
      expect(await seenAfter(type, path, true)).toBe("new");
    },
  );

  test.each(types)("without force, %s covers what the documentation says", async (type, path) => {
    const stays = type === "Directory" || (type !== "File" && unforced === "revalidate");
    expect(await seenAfter(type, path, false)).toBe(stays ? "old" : "new");
  });
});

test("Directory with force false keeps what the origin's Last-Modified shows as unchanged; force true fetches it again", async () => {
  const seen = async (force: boolean) => {
    const emulator = await started();
    publish(emulator, "vod.example.com/player/app.js", "text", 1_000_000_000);
    await view(emulator, "http://vod.example.com/player/app.js");
    await refresh(emulator, { paths: ["http://vod.example.com/player/"], objectType: "Directory", force });
    return (await view(emulator, "http://vod.example.com/player/app.js")).cache;
  };
  expect(await seen(false)).toBe("HIT");
  expect(await seen(true)).toBe("MISS");
});
