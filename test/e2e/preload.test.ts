/** Purge, wait, preload: the first viewer after a deployment gets the new content from the edge. */
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { killProviders } from "../chaos/processes.js";
import { pathsOf, publish as publishAt, view } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { expectNoStackTrace, openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const PROGRAM = join(PROGRAMS, "commonjs");
const EXAMPLES = join(__dirname, "../../examples");
const VIDEO = "https://vod.example.com/videos/intro.m3u8";
const OUTRO = "https://vod.example.com/videos/outro.ts";

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  const open = async (options = {}, example = "release-and-warm") => {
    stack = await openStack(await create(), join(EXAMPLES, example), options);
    const { emulator, run } = stack;
    const directory = join(emulator.origin, "vod.example.com");
    const publish = (name: string, text: string, domain = "vod.example.com") =>
      publishAt(emulator, `${domain}/${name}`, text);
    publish("index.html", "page");
    publish("videos/intro.m3u8", "old");
    const preloaded = () =>
      emulator.received
        .filter(({ action, status }) => action === "PreloadVodObjectCaches" && status === 200)
        .flatMap(pathsOf);
    return {
      ...stack,
      publish,
      preloaded,
      up: (config = {}) => run("up", { directory, ...config }),
      preview: () => run("preview", { directory }),
    };
  };
  /** Makes the first deployment, and changes a video without deploying it. */
  const openReleased = async (options = {}) => {
    const opened = await open(options);
    expect((await opened.up()).outputs).toMatchObject({ released: "Complete", warmed: "Complete" });
    expect(await view(opened.emulator, VIDEO)).toMatchObject({ body: "old", cache: "HIT" });
    opened.publish("videos/intro.m3u8", "new");
    opened.emulator.advance(2_000);
    const before = { refreshed: opened.refreshed().length, preloaded: opened.preloaded().length };
    return {
      ...opened,
      refreshed: () => opened.refreshed().slice(before.refreshed),
      preloaded: () => opened.preloaded().slice(before.preloaded),
    };
  };
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  test("examples/release-and-warm: a changed video is purged, then preloaded, and the first viewer gets a hit", async () => {
    const { emulator, publish, preloaded, refreshed, up, preview } = await openReleased({ taskDelayMs: 500 });
    publish("videos/outro.ts", "outro");

    const { output } = await preview();
    expect(output).toContain(
      "1 of 3 files changed (1 new file skipped: no old copy to refresh): refresh 1 URL in 1 call (",
    );
    expect(output).toContain(
      "1 of 2 files changed, 1 new: preload 2 URLs in 1 call once the refresh is complete (leaves 497 of 500 preloads in today's quota)",
    );
    const events = emulator.events.length;
    const after = await up();
    expect(after.succeeded).toBe(true);
    expect(refreshed()).toEqual([VIDEO]);
    expect(preloaded()).toEqual([VIDEO, OUTRO]);
    expect(after.resources.find(({ urn }) => urn.endsWith("::release-preload"))?.outputs).toMatchObject({
      status: "Complete",
      preloaded: [VIDEO, OUTRO],
      taskIds: after.outputs.preloadTaskIds,
      cost: { urls: 0, directories: 0, preloads: 2 },
    });

    expect(emulator.events.slice(events).map(({ kind }) => kind)).toEqual(["purge", "preload", "preload"]);
    expect(await view(emulator, VIDEO)).toMatchObject({ body: "new", cache: "HIT" });
    expect((await up()).changes).not.toHaveProperty("update");
  });

  test("a failed preload is a warning: the refresh counts, and the next update only preloads", async () => {
    const { emulator, preloaded, refreshed, up } = await openReleased();
    const refusal = { kind: "error", code: "PreloadQueueFull.Unheard", status: 403 } as const;
    emulator.fault({ ...refusal, action: "PreloadVodObjectCaches", times: 1 });
    const warned = await up();
    expect(warned).toMatchObject({ succeeded: true, outputs: { released: "Complete", warmed: "Incomplete" } });
    expect(warned.output).toMatch(/warning: .*PreloadQueueFull\.Unheard/);
    expectNoStackTrace(warned.output);
    expect((await up()).outputs).toMatchObject({ released: "Complete", warmed: "Complete" });
    expect(refreshed()).toEqual([VIDEO]);
    expect(preloaded()).toEqual([VIDEO]);
    expect(await view(emulator, VIDEO)).toMatchObject({ body: "new", cache: "HIT" });
  });

  test("area both: each area costs its part and is preloaded; only the one that failed or wasn't there is sent", async () => {
    stack = await openStack(await create(), PROGRAM);
    const { emulator, run } = stack;
    for (const name of ["a.ts", "b.ts"]) publishAt(emulator, `vod.example.com/${name}`, "old");
    const paths = ["a.ts", "b.ts"].map((name) => `https://vod.example.com/${name}`);
    const config = (area: string, contentHash: string) =>
      resources({ videos: { kind: "VodCachePreload", paths, contentHash, area, wait: true, onFailure: "warn" } });
    const calls = () =>
      emulator.received
        .filter(({ action, status }) => action === "PreloadVodObjectCaches" && status === 200)
        .map(({ parameters }) => parameters.Area);
    expect((await run("up", config("domestic", "v1"))).succeeded).toBe(true);
    expect(calls()).toEqual(["domestic"]);

    const preview = await run("preview", config("both", "v1"));
    expect(preview.output).toContain("initial deployment: preload 2 URLs in 1 call (leaves 496 of 500 preloads");
    expect((await run("up", config("both", "v1"))).succeeded).toBe(true);
    expect(calls()).toEqual(["domestic", "overseas"]);
    for (const area of ["domestic", "overseas"] as const) {
      expect(await view(emulator, paths[0] as string, { area })).toMatchObject({ cache: "HIT" });
    }

    const changed = await run("preview", config("both", "v2"));
    expect(changed.output).toContain("leaves 494 of 500 preloads");
    expect(changed.output).toContain("leaves 492 of 500 preloads");
    const refusal = { kind: "error", code: "PreloadQueueFull.Unheard", status: 403 } as const;
    emulator.fault({ ...refusal, action: "PreloadVodObjectCaches", times: 1 });
    expect((await run("up", config("both", "v2"))).output).toMatch(/warning: .*PreloadQueueFull\.Unheard/);
    expect(calls().slice(2)).toEqual(["overseas"]);
    expect((await run("up", config("both", "v2"))).succeeded).toBe(true);
    expect(calls().slice(2)).toEqual(["overseas", "domestic"]);
    expect((await run("up", config("domestic", "v2"))).succeeded).toBe(true);
    expect(calls()).toHaveLength(4);
  });

  test("a file that the origin refuses is no reason for another update, and every run names it", async () => {
    const { emulator, preloaded, up } = await openReleased();
    const description = "Origin Return StatusCode 404";
    emulator.fault({ kind: "task-failed", action: "PreloadVodObjectCaches", description, path: VIDEO });
    const warned = await up();
    expect(warned).toMatchObject({ succeeded: true, outputs: { warmed: "Incomplete" } });
    expect(warned.output).toMatch(/warning: .*the origin refused the URL: .*intro\.m3u8 \(Origin .*`exclude`/);
    const again = await up();
    expect(again).toMatchObject({ succeeded: true, outputs: { warmed: "Incomplete" } });
    expect(again.changes).not.toHaveProperty("update");
    expect(again.output).toMatch(/warning: 1 URL is held back until .*, because the origin refused it: .*`exclude`/);
    expect(preloaded()).toEqual([VIDEO]);
  });

  test("a failed preload fails the update if the program asks for it, and the refresh still counts", async () => {
    const { emulator, preloaded, refreshed, up } = await openReleased();
    emulator.fault({ kind: "task-failed", action: "PreloadVodObjectCaches", description: "Origin Timeout", times: 2 });
    const failed = await up({ onPreloadFailure: "fail" });
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain(`failed: ${VIDEO} (Origin Timeout)`);
    expectNoStackTrace(failed.output);
    emulator.clearFaults();
    expect((await up({ onPreloadFailure: "fail" })).outputs).toMatchObject({
      released: "Complete",
      warmed: "Complete",
    });
    expect(refreshed()).toEqual([VIDEO]);
    expect(preloaded()).toEqual([VIDEO, VIDEO, VIDEO]);
  });

  test("a failed refresh holds the preload back, so that nothing old is fetched", async () => {
    const { emulator, preloaded, up } = await openReleased();
    emulator.fault({ kind: "error", code: "OperationDenied.Suspended", action: "RefreshVodObjectCaches", times: 1 });
    expect((await up()).succeeded).toBe(false);
    expect(preloaded()).toEqual([]);
    expect((await up()).outputs).toMatchObject({ released: "Complete", warmed: "Complete" });
    expect(await view(emulator, VIDEO)).toMatchObject({ body: "new", cache: "HIT" });
  });

  test.skipIf(process.platform === "win32")(
    "after the provider is killed between purge and preload, the next update only preloads",
    async () => {
      const { emulator, preloaded, refreshed, up } = await openReleased();
      const { received } = emulator;
      const push = received.push.bind(received);
      received.push = (...arrived) => {
        if (!arrived.some(({ action }) => action === "PreloadVodObjectCaches")) return push(...arrived);
        killProviders();
        emulator.fault({ kind: "reset-before", action: "PreloadVodObjectCaches", times: 1 });
        return push(...arrived);
      };
      const killed = await up();
      received.push = push;
      expect(killed.succeeded).toBe(false);
      expect(refreshed()).toEqual([VIDEO]);
      expect(preloaded()).toEqual([]);
      emulator.advance(2_000);
      expect((await up()).outputs).toMatchObject({ released: "Complete", warmed: "Complete" });
      expect(refreshed()).toEqual([VIDEO]);
      expect(preloaded()).toEqual([VIDEO]);
      expect(await view(emulator, VIDEO)).toMatchObject({ body: "new", cache: "HIT" });
    },
  );

  test("examples/two-domains: a change is purged and preloaded on both domains, and the release reports its cost", async () => {
    const { emulator, publish, preloaded, refreshed, up } = await open({}, "two-domains");
    const publishOnBoth = (text: string) => {
      for (const domain of ["vod.example.com", "img.example.com"]) publish("videos/intro.m3u8", text, domain);
    };
    publish("index.html", "page", "img.example.com");
    publishOnBoth("old");
    const created = await up();
    expect(created.outputs).toMatchObject({
      status: "Complete",
      preloadStatus: "Complete",
      cost: { urls: 4, directories: 0, preloads: 2 },
    });
    expect(created.outputs.taskIds).toHaveLength(2);
    const before = { refreshed: refreshed().length, preloaded: preloaded().length };
    publishOnBoth("new");
    emulator.advance(2_000);
    expect((await up()).outputs.cost).toEqual({ urls: 2, directories: 0, preloads: 2 });
    const both = [VIDEO.replace("vod.", "img."), VIDEO];
    expect(refreshed().slice(before.refreshed).sort()).toEqual(both);
    expect(preloaded().slice(before.preloaded).sort()).toEqual(both);
    for (const url of both) expect(await view(emulator, url)).toMatchObject({ body: "new", cache: "HIT" });
    const names = (await up()).resources.map(({ urn }) => urn.split("::").at(-1));
    expect(names.sort()).toEqual([
      "site",
      "site-img.example.com",
      "site-img.example.com-preload",
      "site-vod.example.com",
      "site-vod.example.com-preload",
    ]);
  });
});
