/** VodCachePreload: what is preloaded, when, and what the state keeps of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { preloadProvider } from "../../../provider/dynamic/host.js";
import { type Emulator, type EmulatorOptions, pathsOf, view } from "../../emulator/index.js";
import { publish, started } from "../../emulator/started.js";
import { urnOf } from "../lines.js";
import { simulated } from "./emulated.js";

type Properties = Record<string, unknown>;
type Deployed = { id: string; inputs: Properties; outs: Properties };

const url = (name: string) => `https://vod.example.com/${name}`;
const PATHS = [url("a.ts"), url("b.ts")];

let emulator: Emulator;
let time: ReturnType<typeof simulated>;
const provider = () => time.provider();
beforeEach(() => start());

async function start(options: EmulatorOptions = {}) {
  emulator = await started(options);
  time = simulated(emulator, preloadProvider);
  for (const name of ["a.ts", "b.ts", "c.ts"]) publish(emulator, `vod.example.com/${name}`, "1");
}

const problems = async (news: Properties) =>
  (await provider().check({}, { __urn: urnOf("videos"), ...news })).failures.map(({ reason }) => reason);

async function up(old: Deployed | undefined, news: Properties): Promise<Deployed> {
  const made = provider();
  const { inputs, failures } = await made.check(old?.inputs ?? {}, { __urn: urnOf("videos"), ...news });
  expect(failures).toEqual([]);
  if (old === undefined) return { inputs, ...(await made.create(inputs)) };
  return { id: old.id, inputs, ...(await made.update(old.id, old.outs, inputs)) };
}

const calls = () => emulator.received.filter(({ action }) => action === "PreloadVodObjectCaches");
const preloaded = () =>
  calls()
    .filter(({ status }) => status === 200)
    .flatMap(pathsOf);

describe("what is preloaded", () => {
  test("is everything when it is created: the first viewer gets a hit", async () => {
    const { id, outs } = await up(undefined, { paths: PATHS, contentHash: "v1", wait: true });
    expect(id).toMatch(/^vod-cache-preload-/);
    expect(outs).toMatchObject({ status: "Complete", preloaded: PATHS, pending: [], preloadOnCreate: true });
    expect(outs.preloadTaskId).toBe((outs.taskIds as string[]).join(","));
    for (const name of ["objectType", "force", "refreshOnCreate", "refreshed", "refreshTaskId"]) {
      expect(outs).not.toHaveProperty(name);
    }
    expect(await view(emulator, PATHS[0] as string)).toMatchObject({ body: "1", cache: "HIT" });
    expect(time.lines).toContain(
      "videos: initial deployment: preload 2 URLs in 1 call (leaves 498 of 500 preloads in today's quota)",
    );
    expect(time.lines.some((line) => line.startsWith("videos: preload submitted: 2 URLs in 1 call (task "))).toBe(true);
  });

  test("is nothing when it is created with preloadOnCreate false", async () => {
    const { outs } = await up(undefined, { paths: PATHS, contentHash: "v1", preloadOnCreate: false });
    expect(outs.status).toBe("NotSubmitted");
    expect(calls()).toEqual([]);
  });

  test("is later what is new or changed, and nothing that was removed", async () => {
    const first = await up(undefined, { contents: { [url("a.ts")]: "1", [url("b.ts")]: "1" } });
    const second = await up(first, { contents: { [url("a.ts")]: "2", [url("c.ts")]: "1" } });
    expect(preloaded()).toEqual([...PATHS, url("a.ts"), url("c.ts")]);
    await up(second, { contents: { [url("a.ts")]: "2" } });
    expect(calls()).toHaveLength(2);
  });

  test.each<[string, Properties]>([
    ["area", { area: "overseas" }],
    ["headers", { headers: { "Accept-Encoding": "gzip" } }],
  ])("is everything when its %s changes, since the edge has no such copy", async (_, change) => {
    const first = await up(undefined, { paths: PATHS, contentHash: "v1" });
    await up(first, { paths: PATHS, contentHash: "v1", ...change });
    expect(preloaded()).toEqual([...PATHS, ...PATHS]);
    expect(time.lines).toContain(
      "videos: area or headers changed: preload 2 URLs in 1 call (leaves 496 of 500 preloads in today's quota)",
    );
  });

  test("is everything when l2Preload is switched on, since L2 nodes have no copies", async () => {
    const first = await up(undefined, { paths: PATHS, contentHash: "v1", l2Preload: false });
    await up(first, { paths: PATHS, contentHash: "v1", l2Preload: true });
    expect(preloaded()).toEqual([...PATHS, ...PATHS]);
    expect(time.lines).toContain(
      "videos: l2Preload enabled: preload 2 URLs in 1 call (leaves 496 of 500 preloads in today's quota)",
    );
  });

  test("is nothing when l2Preload is switched off, or only wait changes", async () => {
    const first = await up(undefined, { paths: PATHS, contentHash: "v1", l2Preload: true });
    const second = await up(first, { paths: PATHS, contentHash: "v1", l2Preload: false });
    await up(second, { paths: PATHS, contentHash: "v1", wait: { timeout: 60 } });
    expect(calls()).toHaveLength(1);
  });

  test("goes in calls of 100 URLs", async () => {
    const paths = Array.from({ length: 150 }, (_, index) => url(`${index}.ts`));
    await up(undefined, { paths, contentHash: "v1" });
    expect(calls().map((call) => pathsOf(call).length)).toEqual([100, 50]);
  });
});

describe("the day's quota", () => {
  const paths = Array.from({ length: 10 }, (_, index) => url(`${index}.ts`));
  beforeEach(() => emulator.set({ preloadRemain: 4 }));

  test("if too small, lets nothing be sent", async () => {
    await expect(up(undefined, { paths, contentHash: "v1" })).rejects.toThrow(
      /^Today's quota has 4 of 500 preloads left and 10 are due; nothing was sent\. /,
    );
    expect(calls()).toEqual([]);
  });

  test("with partial, lets what fits be sent, and the rest by the next update", async () => {
    const news = { paths, contentHash: "v1", quota: { onExceeded: "partial" } };
    const first = await up(undefined, news);
    expect(first.outs).toMatchObject({ status: "Incomplete", pending: paths.slice(4) });
    emulator.set({ preloadRemain: 500 });
    await up(first, news);
    expect(preloaded()).toEqual(paths);
  });
});

describe("wait", () => {
  test("fails the update by the name of a URL that the origin doesn't have", async () => {
    const failing = up(undefined, { paths: [...PATHS, url("none.ts")], contentHash: "v1", wait: true });
    await expect(failing).rejects.toThrow(
      /^1 preload failed because the origin refused the URL: https:\/\/vod\.example\.com\/none\.ts \(Origin Return StatusCode 404\)\. Publish what is missing at the origin, or remove it from `paths`; .*\(code PreloadFailed\)/,
    );
    await expect(failing).rejects.toMatchObject({ properties: { status: "Incomplete", pending: [url("none.ts")] } });
  });

  test("is carried on by the next update if tasks haven't ended", async () => {
    await start({ taskDelayMs: 120_000 });
    const news = { paths: PATHS, contentHash: "v1", wait: { timeout: 60 } };
    const failed = await up(undefined, news).catch((error) => error);
    expect(failed.message).toContain("(code PreloadTimeout)");
    const inputs = (await provider().check({}, { __urn: urnOf("videos"), ...news })).inputs;
    const after = await up({ id: failed.id, inputs, outs: failed.properties }, { ...news, wait: true });
    expect(after.outs.status).toBe("Complete");
    expect(calls()).toHaveLength(1);
  });

  test("isn't needed for a refresh of the state, which asks for the tasks", async () => {
    const { id, outs } = await up(undefined, { paths: PATHS, contentHash: "v1" });
    expect((await provider().read(id, outs)).props).toEqual({ ...outs, status: "Complete" });
  });
});

describe("a file that the origin doesn't have", () => {
  const none = url("none.ts");
  const contents = { [url("a.ts")]: "1", [none]: "1" };
  const news = { contents, wait: true };

  /** A deployment that fails: what the engine keeps of it. */
  async function failing(old: Deployed | undefined, program: Properties): Promise<Deployed> {
    const { id, properties } = await up(old, program).then(
      () => expect.unreachable(),
      (error) => error,
    );
    return {
      id,
      inputs: (await provider().check({}, { __urn: urnOf("videos"), ...program })).inputs,
      outs: properties,
    };
  }
  const changes = async ({ id, inputs, outs }: Deployed) =>
    (await provider().diff(id, outs, { ...inputs, __urn: urnOf("videos") })).changes;
  const linesSince = (count: number) => time.lines.slice(count).join("\n");

  test("is tried once, by the update that fails", async () => {
    const first = await failing(undefined, news);
    expect(preloaded()).toEqual([url("a.ts"), none]);
    expect(first.outs).toMatchObject({
      status: "Incomplete",
      pending: [none],
      __failures: { [none]: { reason: "Origin Return StatusCode 404", hash: "1" } },
    });
  });

  test("is no reason for an update within a day, and each run names it", async () => {
    const first = await failing(undefined, news);
    const count = time.lines.length;
    expect(await changes(first)).toBe(false);
    expect(linesSince(count)).toMatch(
      /^videos: warning: 1 URL is held back until \d{4}-\d\d-\d\d \d\d:\d\d UTC, because the origin refused it: https:\/\/vod\.example\.com\/none\.ts \(Origin Return StatusCode 404\)\. Publish what is missing, or remove it from `contents`\.$/,
    );
    // The engine updates what failed before, even without changes.
    const second = await up(first, news);
    expect(second.outs).toMatchObject({ status: "Incomplete", pending: [none], __failures: first.outs.__failures });
    expect(await changes(second)).toBe(false);
    expect(calls()).toHaveLength(1);
  });

  test("is tried again a day later", async () => {
    const first = await failing(undefined, news);
    await time.pass(24 * 60 * 60 * 1000);
    expect(await changes(first)).toBe(true);
    const second = await failing(first, news);
    expect(preloaded()).toEqual([url("a.ts"), none, none]);
    expect(await changes(second)).toBe(false);
    publish(emulator, "vod.example.com/none.ts", "1");
    await time.pass(24 * 60 * 60 * 1000);
    const third = await up(second, news);
    expect(third.outs).toMatchObject({ status: "Complete", pending: [] });
    expect(third.outs).not.toHaveProperty("__failures");
  });

  test("is tried at once when its content changes, and stays held back when that of others does", async () => {
    const first = await failing(undefined, news);
    const second = await up(first, { ...news, contents: { ...contents, [url("a.ts")]: "2" } });
    expect(second.outs).toMatchObject({ status: "Incomplete", pending: [none] });
    expect(preloaded()).toEqual([url("a.ts"), none, url("a.ts")]);
    publish(emulator, "vod.example.com/none.ts", "2");
    const third = await up(second, { ...news, contents: { [url("a.ts")]: "2", [none]: "2" } });
    expect(preloaded().slice(3)).toEqual([none]);
    expect(third.outs).toMatchObject({ status: "Complete", pending: [] });
  });

  test("is forgotten when it is taken out", async () => {
    const first = await failing(undefined, news);
    const second = await up(first, { ...news, contents: { [url("a.ts")]: "1" } });
    expect(second.outs).toMatchObject({ pending: [] });
    expect(second.outs).not.toHaveProperty("__failures");
    expect(await changes(second)).toBe(false);
  });

  test("of a source is left out with exclude, as its line says", async () => {
    const directory = mkdtempSync(join(tmpdir(), "preload-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    for (const name of ["a.ts", "none.ts"]) writeFileSync(join(directory, name), "1");
    const source = { directory, baseUrl: url("") };
    const first = await failing(undefined, { source, wait: true });
    const count = time.lines.length;
    expect(await changes(first)).toBe(false);
    expect(linesSince(count)).toContain("or leave it out with `exclude`.");
    const second = await up(first, { source: { ...source, exclude: ["none.ts"] }, wait: true });
    expect(second.outs).toMatchObject({ pending: [] });
    expect(second.outs).not.toHaveProperty("__failures");
    expect(calls()).toHaveLength(1);
  });

  test("doesn't keep another that failed for a reason which passes from being sent once more", async () => {
    emulator.fault({ kind: "task-failed", description: "Origin Timeout", path: url("a.ts"), times: 1 });
    const first = await failing(undefined, news);
    expect(preloaded()).toEqual([url("a.ts"), none, url("a.ts")]);
    expect(first.outs).toMatchObject({ status: "Incomplete", pending: [none] });
  });
});

describe("a bad input is refused by name in the preview", () => {
  const given = { paths: PATHS, contentHash: "v1" };

  test.each<[Properties, RegExp]>([
    [{ objectType: "File" }, /^objectType is not an input of VodCachePreload; it has paths, /],
    [{ area: "china" }, /^area must be "domestic" or "overseas" \(got "china"\)\.$/],
    [{ headers: { "X-A": "a\r\nHost: evil" } }, /^headers\["X-A"\] contains a line break, .*; use printable ASCII\.$/],
    [{ quota: { onExceeded: "collapse" } }, /^quota\.onExceeded must be "fail" or "partial" \(got "collapse"\)\.$/],
    [
      { paths: [url("videos/")] },
      /^paths\[0\] \(https:\/\/vod\.example\.com\/videos\/\) names a directory, which can't be preloaded/,
    ],
    [
      { paths: Array.from({ length: 501 }, (_, index) => url(`${index}`)) },
      /^paths has 501 URLs, more than the 500 that an account may preload in a day; .* alicloud-vod:preloadsPerDay /,
    ],
  ])("%j", async (change, sentence) => {
    expect((await problems({ ...given, ...change }))[0]).toMatch(sentence);
    expect(emulator.received).toEqual([]);
  });

  test("index documents are refused, since they stand for directories", async () => {
    const source = { directory: __dirname, baseUrl: url(""), indexDocument: "index.html" };
    expect((await problems({ source }))[0]).toMatch(/^source\.indexDocument stands for directories/);
  });

  test("with clean URLs they stand for a directory without its slash, which is preloaded, and the one with it isn't", async () => {
    const directory = mkdtempSync(join(tmpdir(), "preload-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, "deep"));
    writeFileSync(join(directory, "deep", "index.html"), "1");
    const source = { directory, baseUrl: url(""), indexDocument: "index.html", cleanUrls: true };
    await up(undefined, { source });
    expect(preloaded().sort()).toEqual([url("deep"), url("deep/index"), url("deep/index.html")]);
  });
});

describe("a preview with a hash that isn't known yet", () => {
  const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const contents = { [url("a.ts")]: UNKNOWN, [url("b.ts")]: "1" };

  test("shows all the same what a new preload sends", async () => {
    expect(await problems({ contents })).toEqual([]);
    expect(time.lines).toContain(
      "videos: initial deployment: preload 2 URLs in 1 call (leaves 498 of 500 preloads in today's quota)",
    );
  });

  test("shows the same beside a refresh whose outputs aren't known either", async () => {
    const refresh = { objectType: "File", taskIds: UNKNOWN, status: UNKNOWN };
    expect(await problems({ contents, refresh })).toEqual([]);
    expect(time.lines).toContain(
      "videos: initial deployment: preload 2 URLs in 1 call once the refresh is complete (leaves 498 of 500 preloads in today's quota)",
    );
  });
});
