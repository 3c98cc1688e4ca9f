/** Only changes are refreshed: of a site's files, of hashes by URL, and when the day's quota can't hold them. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { publish, view } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const EXAMPLES = join(__dirname, "../../examples");

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  const openProgram = async (program: string, options = {}) => {
    stack = await openStack(await create(), program, options);
    const directory = join(stack.emulator.origin, "vod.example.com");
    const { emulator } = stack;
    return {
      ...stack,
      directory,
      publish: (name: string, text: string) => publish(emulator, `vod.example.com/${name}`, text),
    };
  };
  const open = (example: string, options = {}) => openProgram(join(EXAMPLES, example), options);
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  test("patterns and URLs with any query have quotas of their own where the service says so, and count as others where not", async () => {
    const { emulator, run } = await openProgram(join(PROGRAMS, "commonjs"), { regexQuota: 20, ignoreParamsQuota: 100 });
    const program = (contentHash: string) => {
      const pattern = { paths: ["vod.example.com/a/.*[.]js"], objectType: "Regex", contentHash };
      return resources({
        pattern,
        anyQuery: { paths: ["vod.example.com/a.js"], objectType: "IgnoreParams", contentHash },
      });
    };
    const told = await run("preview", program("v1"));
    expect(told.output).toContain("refresh 1 pattern in 1 call (leaves 19 of 20 patterns in today's quota)");
    expect(told.output).toContain(
      "refresh 1 URL with any query in 1 call (leaves 99 of 100 URLs with any query in today's",
    );
    const first = await run("up", program("v1"));
    expect(first.resources.map(({ outputs }) => outputs.cost)).toEqual(
      expect.arrayContaining([expect.objectContaining({ regex: 1 }), expect.objectContaining({ ignoreParams: 1 })]),
    );
    emulator.set({ regexQuota: null, ignoreParamsQuota: null });
    const { output } = await run("up", program("v2"));
    expect(output).toContain(
      "refresh 1 pattern in 1 call (counted as directories, since the service doesn't say otherwise)",
    );
    expect(output).toContain(
      "refresh 1 URL with any query in 1 call (counted as URLs, since the service doesn't say otherwise)",
    );
  });

  test("examples/static-site: when 3 of 2,000 files change, 1 is removed and 2 are new, 4 URLs are sent and every file is fresh", async () => {
    const { emulator, directory, publish, run, refreshed } = await open("static-site");
    const name = (index: number) => `videos/${index % 40}/clip-${index}.m3u8`;
    for (let index = 0; index < 2000; index++) publish(name(index), `content ${index}`);
    const config = { directory, baseUrl: "http://vod.example.com/" };
    const served = async (index: number) => (await view(emulator, `http://vod.example.com/${name(index)}`)).body;

    expect((await run("up", config)).succeeded).toBe(true);
    expect(refreshed()).toHaveLength(2000);
    for (let index = 0; index < 2000; index++) expect(await served(index)).toBe(`content ${index}`);

    for (const index of [7, 700, 1700]) publish(name(index), `changed ${index}`);
    rmSync(join(directory, name(1000)));
    for (const index of [2000, 2001]) publish(name(index), `content ${index}`);
    emulator.advance(24 * 60 * 60 * 1000);
    const due = [7, 700, 1000, 1700].map((index) => `http://vod.example.com/${name(index)}`);

    const preview = await run("preview", config);
    expect(preview.output).toContain(
      "3 of 2,001 URLs changed, 1 removed (2 new URLs skipped: no old copy to refresh): " +
        "refresh 4 URLs in 1 call (leaves 1,996 of 2,000 URLs in today's quota)",
    );
    for (const url of due) expect(preview.output).toContain(url);
    expect(preview.output).toMatch(/~ files\s*: \{/);
    expect(preview.output).toMatch(/~ \S*videos\/7\/\S*\s*: ".*" => ".*"/);
    expect(refreshed()).toHaveLength(2000);

    expect((await run("up", config)).changes).toMatchObject({ update: 1 });
    expect(refreshed().slice(2000).sort()).toEqual([...due].sort());
    for (let index = 0; index < 2002; index++) {
      const changed = [7, 700, 1700].includes(index) ? `changed ${index}` : `content ${index}`;
      if (index !== 1000) expect(await served(index)).toBe(changed);
    }
    expect((await view(emulator, `http://vod.example.com/${name(1000)}`)).status).toBe(404);

    expect((await run("up", config)).changes).not.toHaveProperty("update");
    expect((await run("refresh", config)).succeeded).toBe(true);
    expect((await run("destroy", config)).succeeded).toBe(true);
    expect(refreshed()).toHaveLength(2004);
  });

  test("examples/static-site: a changed index document also refreshes the URL of its directory", async () => {
    const { directory, publish, run, refreshed } = await open("static-site");
    cpSync(join(EXAMPLES, "static-site/site"), directory, { recursive: true });
    await run("up", { directory });
    publish("videos/index.html", "changed");
    await run("up", { directory });
    expect(refreshed().slice(4)).toEqual([
      "https://vod.example.com/videos/",
      "https://vod.example.com/videos/index.html",
    ]);
  });

  test.each([["files"], ["*"]])(
    "with %s among ignoreChanges nothing is due, for the preload either, until it is taken out",
    async (ignored) => {
      const { directory, publish, run, refreshed } = await openProgram(join(PROGRAMS, "commonjs"));
      const source = { directory, baseUrl: "http://vod.example.com/" };
      const program = (ignoreChanges: string[]) =>
        resources({ site: { source, preload: true, options: { ignoreChanges } } });
      publish("a.js", "old");
      publish("b.js", "old");
      expect((await run("up", program([ignored]))).succeeded).toBe(true);
      publish("a.js", "new");
      for (const operation of ["preview", "up", "up"] as const) {
        const { succeeded, changes } = await run(operation, program([ignored]));
        expect(succeeded).toBe(true);
        expect(changes).not.toHaveProperty("update");
      }
      expect(refreshed()).toHaveLength(2);
      expect((await run("up", program([]))).changes).toMatchObject({ update: 2 });
      expect(refreshed().slice(2)).toEqual(["http://vod.example.com/a.js"]);
    },
  );

  test("examples/per-file: only the URL whose hash changes is refreshed", async () => {
    const { run, refreshed } = await open("per-file");
    await run("up");
    const preview = await run("preview", { autoplay: "true" });
    expect(preview.output).toContain(
      "1 of 2 URLs changed: refresh 1 URL in 1 call (leaves 1,997 of 2,000 URLs in today's quota)",
    );
    await run("up", { autoplay: "true" });
    expect(refreshed().slice(2)).toEqual(["https://vod.example.com/player/settings.json"]);
  });

  describe("when the day's quota can't hold what is due", () => {
    const names = Array.from({ length: 30 }, (_, index) => `player/${String(index).padStart(2, "0")}.js`);
    const urls = names.map((name) => `https://vod.example.com/${name}`);
    const openOnADayWith = async (urlRemain: number, policy: string) => {
      const opened = await open("static-site");
      for (const name of names) opened.publish(name, "old");
      const config = { directory: opened.directory, onQuotaExceeded: policy };
      await opened.run("up", config);
      for (const url of urls) expect((await view(opened.emulator, url)).body).toBe("old");
      for (const name of names) opened.publish(name, "new");
      opened.emulator.set({ urlRemain });
      const countFresh = async () => {
        const bodies = await Promise.all(urls.map(async (url) => (await view(opened.emulator, url)).body));
        return bodies.filter((body) => body === "new").length;
      };
      return { ...opened, config, countFresh };
    };

    test("fail sends nothing, and everything on the next day", async () => {
      const { emulator, run, config, refreshed, countFresh } = await openOnADayWith(10, "fail");
      const failed = await run("up", config);
      expect(failed.succeeded).toBe(false);
      expect(failed.output).toContain("Today's quota has 10 of 2,000 URLs left and 30 are due; nothing was sent.");
      expect(refreshed()).toHaveLength(30);
      expect(await countFresh()).toBe(0);
      emulator.set({ urlRemain: 2000 });
      expect((await run("up", config)).succeeded).toBe(true);
      expect(await countFresh()).toBe(30);
    });

    test("partial sends what fits, and the rest on the next day without a change", async () => {
      const { emulator, run, config, refreshed, countFresh } = await openOnADayWith(10, "partial");
      const partial = await run("up", config);
      expect(partial).toMatchObject({ succeeded: true, outputs: { status: "Incomplete" } });
      expect(partial.output).toContain("warning: 20 URLs deferred to the next update (");
      expect(refreshed().slice(30)).toEqual(urls.slice(0, 10));
      expect(await countFresh()).toBe(10);
      emulator.set({ urlRemain: 2000 });
      expect((await run("preview", config)).output).toContain("20 of 30 URLs pending from the last update:");
      expect(await run("up", config)).toMatchObject({ succeeded: true, outputs: { status: "Submitted" } });
      expect(refreshed().slice(40)).toEqual(urls.slice(10));
      expect(await countFresh()).toBe(30);
    });

    test("partial keeps the paths of a refused call for the next day if the quota could not be read", async () => {
      const { emulator, run, config, refreshed, countFresh } = await openOnADayWith(10, "partial");
      emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota", times: 2 });
      const partial = await run("up", config);
      expect(partial).toMatchObject({ succeeded: true, outputs: { status: "Incomplete" } });
      expect(partial.output).toContain("warning: 30 URLs deferred to the next update: today's quota ran out;");
      expect(refreshed()).toHaveLength(30);
      emulator.set({ urlRemain: 2000 });
      expect(await run("up", config)).toMatchObject({ succeeded: true, outputs: { status: "Submitted" } });
      expect(await countFresh()).toBe(30);
    });

    test("collapse refreshes a directory instead", async () => {
      const { run, config, refreshed, countFresh } = await openOnADayWith(10, "collapse");
      const collapsed = await run("up", config);
      expect(collapsed).toMatchObject({ succeeded: true, outputs: { status: "Submitted" } });
      expect(collapsed.output).toContain(
        "30 URLs collapsed into https://vod.example.com/player/, which holds 30 of 30 URLs;",
      );
      expect(refreshed().slice(30)).toEqual(["https://vod.example.com/player/"]);
      expect(await countFresh()).toBe(30);
    });
  });
});
