/** Purge, wait, preload: the first viewer after a deployment gets the new content from the edge. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { pathsOf, view } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { expectNoStackTrace, openStack, type Stack } from "./stack.js";

const EXAMPLE = join(__dirname, "../../examples/release-and-warm");
const VIDEO = "https://vod.example.com/videos/intro.m3u8";

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  const open = async (options = {}) => {
    stack = await openStack(await create(), EXAMPLE, options);
    const { emulator, run } = stack;
    const directory = join(emulator.origin, "vod.example.com");
    const publish = (name: string, text: string) => {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    };
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
      up: () => run("up", { directory }),
      preview: () => run("preview", { directory }),
    };
  };
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  test("a changed video is purged, and only when that is done preloaded: the first viewer gets a hit", async () => {
    const { emulator, publish, preloaded, refreshed, up, preview } = await open({ taskDelayMs: 500 });
    expect((await up()).outputs).toMatchObject({ released: "Complete", warmed: "Complete" });
    expect(await view(emulator, VIDEO)).toMatchObject({ body: "old", cache: "HIT" });
    publish("videos/intro.m3u8", "new");
    publish("videos/outro.ts", "outro");
    emulator.advance(2_000);

    const { output } = await preview();
    expect(output).toContain(
      "release: 1 of 3 files changed (1 new file skipped: no cache can hold it): 1 URL refresh (",
    );
    expect(output).toContain("warm: 1 of 2 files changed, 1 new: 2 URL preloads (497 of 500 left today), 1 call");
    const before = { refreshed: refreshed().length, preloaded: preloaded().length, events: emulator.events.length };
    expect((await up()).succeeded).toBe(true);
    expect(refreshed().slice(before.refreshed)).toEqual([VIDEO]);
    expect(preloaded().slice(before.preloaded)).toEqual([VIDEO, "https://vod.example.com/videos/outro.ts"]);

    const events = emulator.events.slice(before.events).map(({ kind }) => kind);
    expect(events).toEqual(["purge", "preload", "preload"]);
    expect(await view(emulator, VIDEO)).toMatchObject({ body: "new", cache: "HIT" });
    expect((await up()).changes).not.toHaveProperty("update");
  });

  test("a preload that fails is resumed alone by the next update", async () => {
    const { emulator, publish, preloaded, refreshed, up } = await open();
    await up();
    publish("videos/intro.m3u8", "new");
    emulator.advance(2_000);
    emulator.fault({
      kind: "error",
      code: "PreloadQueueFull.Unheard",
      status: 403,
      action: "PreloadVodObjectCaches",
      times: 1,
    });
    const failed = await up();
    expect(failed.succeeded).toBe(false);
    expect(failed.outputs).toMatchObject({ released: "Complete" });
    expectNoStackTrace(failed.output);
    const purges = refreshed().length;
    expect((await up()).outputs).toMatchObject({ released: "Complete", warmed: "Complete" });
    expect(refreshed()).toHaveLength(purges);
    expect(preloaded().at(-1)).toBe(VIDEO);
    expect(await view(emulator, VIDEO)).toMatchObject({ body: "new", cache: "HIT" });
  });

  test("a URL that the origin doesn't have is told by name", async () => {
    const { emulator, up } = await open();
    emulator.fault({ kind: "task-failed", path: VIDEO, description: "Origin Timeout", times: 4 });
    const { succeeded, output } = await up();
    expect(succeeded).toBe(false);
    expect(output).toContain(`1 of `);
    expect(output).toContain(`failed: ${VIDEO} (Origin Timeout)`);
    expectNoStackTrace(output);
  });
});
