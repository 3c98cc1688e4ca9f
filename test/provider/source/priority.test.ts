import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planBatches } from "../../../provider/plan/batches.js";
import { planRefresh } from "../../../provider/plan/plan.js";
import type { Inputs } from "../../../provider/schema/inputs.js";
import { compileGlob, compileRank, sortByRank } from "../../../provider/source/priority.js";

const COMMON = { objectType: "File", force: false, refreshOnCreate: true } as const;
const url = (name: string) => `https://vod.example.com/${name}`;
const byContents = (names: readonly string[], more: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  quota: { onExceeded: "partial" },
  contents: Object.fromEntries(names.map((name) => [url(name), "1"])),
  ...more,
});
const bySource = (more: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  quota: { onExceeded: "partial" },
  source: { directory: "./dist", baseUrl: url("player/") },
  files: {},
  ...more,
});
const sort = async (names: readonly string[], inputs: Inputs) => {
  const rank = await compileRank(inputs);
  return sortByRank(names.map(url), rank ?? (() => 0)).map((path) => path.slice(url("").length));
};

describe("without a priority", () => {
  test("index documents come first, then playlists, then the rest, each in the order given", async () => {
    const names = ["a.js", "v/1.ts", "v/index.m3u8?v=1", "v/index.html", "v/main.mpd", "", "v/"];
    expect(await sort(names, byContents(names))).toEqual([
      "v/index.html",
      "",
      "v/",
      "v/index.m3u8?v=1",
      "v/main.mpd",
      "a.js",
      "v/1.ts",
    ]);
  });

  test("the index document of the source is one", async () => {
    const inputs = bySource({ source: { directory: ".", baseUrl: url("player/"), indexDocument: "start.htm" } });
    expect(await sort(["player/a.js", "player/start.htm"], inputs)).toEqual(["player/start.htm", "player/a.js"]);
  });

  test("paths keep the order of the program", async () => {
    expect(await compileRank({ ...COMMON, quota: { onExceeded: "fail" }, paths: [url("a")], contentHash: "1" })).toBe(
      undefined,
    );
  });
});

describe("a glob of a priority", () => {
  test.each([
    ["**/*.m3u8", "player/v/a.m3u8?x=1", true],
    ["*.m3u8", "player/v/a.m3u8", false],
    ["v", "player/v/a.ts", true],
    ["v/", "player/v/a.ts", true],
    ["index.html", "player/", true],
    ["my video.mp4", "player/my%20video.mp4", true],
  ])("of a source is one of names below the directory: %s and %s", async (glob, name, matches) => {
    expect((await compileGlob(glob, bySource()))(url(name))).toBe(matches);
  });

  test("means a page's clean URL as well", async () => {
    const source = { directory: "./dist", baseUrl: url("player/"), cleanUrls: true };
    const matches = await compileGlob("**/*.html", bySource({ source }));
    expect([url("player/about"), url("player/about.html"), url("player/a.js")].map(matches)).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("of contents is one of names below the domain", async () => {
    expect((await compileGlob("player/*.js", byContents([])))("vod.example.com/player/a.js")).toBe(true);
    expect((await compileGlob("*.js", byContents([])))(url("player/a.js"))).toBe(false);
  });

  test.each(["", "!a", "/a"])("can't be %j", async (glob) => {
    await expect(compileGlob(glob, bySource())).rejects.toThrow(/pattern/i);
  });
});

test("whatever the quota holds, nothing is deferred that ranks before what is sent", async () => {
  const name = fc.constantFrom("index.html", "a/x.m3u8", "a/x.ts", "b.css", "c/", "d/y.ts", "e.mp4", "f.mpd", "g.js");
  const globs = fc.option(fc.uniqueArray(fc.constantFrom("a", "**/*.ts", "*.js", "**/*.mpd")), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name), globs, fc.nat(9), async (names, priority, left) => {
      const inputs = byContents(names, { ...(priority === undefined ? {} : { priority }) });
      const rank = (await compileRank(inputs)) as (path: string) => number;
      const plan = planRefresh(undefined, inputs, new Map(Object.entries(inputs.contents ?? {})));
      const inOrder = { ...plan, paths: sortByRank(plan.paths, rank) };
      const { batches, deferred } = planBatches(inOrder, inputs, () => true, {
        urls: { quota: 2000, remain: left },
        directories: { quota: 100, remain: 0 },
      });
      const sent = batches.flatMap(({ paths }) => paths);
      expect([...sent, ...deferred].sort()).toEqual([...plan.paths].sort());
      for (const path of deferred) expect(sent.every((other) => rank(other) <= rank(path))).toBe(true);
      expect(sent.map(rank)).toEqual(sent.map(rank).sort());
    }),
  );
});
