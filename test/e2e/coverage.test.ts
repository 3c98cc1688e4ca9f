/** A source that covers other URLs than before: what comes to be covered was online before, and viewers have asked for it. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { pathsOf, publish as publishAt, view } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const BASE = "https://vod.example.com/";
const url = (...names: string[]) => names.map((name) => BASE + name);

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  /** Publishes a site, deploys it with some coverage, and has viewers ask for all of it before it changes. */
  async function openViewed(source: object, files: readonly string[]) {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"));
    const { emulator, run, refreshed } = stack;
    const directory = join(emulator.origin, "vod.example.com");
    const publish = (name: string, text: string) => publishAt(emulator, `vod.example.com/${name}`, text);
    const config = (changed: object, more = {}) =>
      resources({ site: { source: { directory, baseUrl: BASE, ...changed }, ...more } });
    for (const name of files) publish(name, "old");
    expect((await run("up", config(source))).succeeded).toBe(true);
    const first = refreshed().length;
    for (const name of files) expect((await view(emulator, BASE + name)).body).toBe("old");
    const served = async (name: string) => (await view(emulator, BASE + name)).body;
    return { ...stack, directory, publish, config, served, refreshed: () => refreshed().slice(first).sort() };
  }

  test("include: what it comes to cover is refreshed, a file that wasn't there isn't, and viewers get what is online", async () => {
    const { publish, config, run, served, refreshed } = await openViewed({ include: ["*.html"] }, [
      "index.html",
      "pictures/7.jpg",
    ]);
    publish("pictures/7.jpg", "new");
    publish("about.html", "new");
    const wider = config({ include: ["*.html", "pictures/**"] });
    const line =
      "1 of 3 files newly covered since include changed (1 new file skipped: no old copy to refresh): refresh 1 URL in 1 call (";
    expect((await run("preview", wider)).output).toContain(line);
    expect((await run("up", wider)).succeeded).toBe(true);
    expect(refreshed()).toEqual(url("pictures/7.jpg"));
    for (const name of ["pictures/7.jpg", "about.html"]) expect(await served(name)).toBe("new");
    expect((await run("up", wider)).changes).not.toHaveProperty("update");
  });

  test("exclude: what it no longer covers is refreshed, or let go of; what it covers again is refreshed", async () => {
    const pictures = ["pictures/1.jpg", "pictures/2.jpg"];
    const { publish, config, run, served, refreshed } = await openViewed({}, ["index.html", ...pictures]);
    const narrow = { exclude: ["pictures"] };
    const preview = await run("preview", config(narrow));
    expect(preview.output).toContain("2 files no longer covered since exclude changed: refresh 2 URLs in 1 call (");
    expect(preview.output).toContain("set refreshRemoved to false to skip them");
    const letGo = await run("up", config(narrow, { refreshRemoved: false }));
    expect(letGo.succeeded).toBe(true);
    expect(letGo.output).toContain("nothing to refresh (2 removed files skipped: refreshRemoved is false)");
    expect(refreshed()).toEqual([]);

    for (const name of pictures) publish(name, "new");
    expect((await run("up", config({}))).output).toContain(
      "2 of 3 files newly covered since exclude changed: refresh 2 URLs in 1 call (",
    );
    expect(refreshed()).toEqual(url(...pictures));
    for (const name of pictures) expect(await served(name)).toBe("new");
    expect((await run("up", config(narrow))).succeeded).toBe(true);
    expect(refreshed()).toEqual(url(...pictures, ...pictures).sort());
  });

  test("indexDocument: the URLs of directories are refreshed", async () => {
    const { emulator, publish, config, run, refreshed } = await openViewed({}, ["index.html", "deep/index.html"]);
    for (const name of ["", "deep/"]) await view(emulator, BASE + name);
    publish("deep/index.html", "new");
    const indexed = config({ indexDocument: "index.html" });
    expect((await run("up", indexed)).output).toContain(
      "1 of 4 URLs changed, 2 newly covered since indexDocument changed: refresh 3 URLs in 1 call (",
    );
    expect(refreshed()).toEqual(url("", "deep/", "deep/index.html"));
    publish("other/index.html", "new");
    expect((await run("up", indexed)).output).toContain(
      "nothing to refresh (2 new URLs skipped: no old copy to refresh)",
    );
  });

  test("cleanUrls: the URLs without .html and without the slash are refreshed, and let go of as no longer covered", async () => {
    const both = { indexDocument: "index.html" };
    const { emulator, publish, config, run, refreshed } = await openViewed(both, ["about.html", "deep/index.html"]);
    for (const name of ["about", "deep"]) await view(emulator, BASE + name);
    publish("about.html", "new");
    publish("fresh.html", "new");
    const clean = config({ ...both, cleanUrls: true });
    const line = "1 of 8 URLs changed, 3 newly covered since cleanUrls changed (2 new URLs skipped";
    expect((await run("preview", clean)).output).toContain(line);
    expect((await run("up", clean)).succeeded).toBe(true);
    expect(refreshed()).toEqual(url("about", "about.html", "deep", "deep/index"));
    expect((await run("up", clean)).changes).not.toHaveProperty("update");
    expect((await run("up", config(both))).output).toContain(
      "4 URLs no longer covered since cleanUrls changed: refresh 4 URLs in 1 call (",
    );
  });

  test("followSymlinks: links that leave the directory are an error that says what to do, and then followed", async () => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"));
    const { emulator, run, refreshed } = stack;
    const [directory, store] = ["dist", "store"].map((name) => join(emulator.origin, name)) as [string, string];
    mkdirSync(directory);
    publishAt(emulator, "store/app.js", "old");
    symlinkSync(store, join(directory, "js"), "junction");
    const config = (more = {}) => resources({ site: { source: { directory, baseUrl: BASE, ...more } } });
    const refused = await run("up", config());
    expect(refused.succeeded).toBe(false);
    expect(refused.output).toContain("Set `followSymlinks` to `always` if what it leads to is served, or exclude it.");
    const always = config({ followSymlinks: "always" });
    expect((await run("up", always)).succeeded).toBe(true);
    publishAt(emulator, "store/app.js", "new");
    expect((await run("up", always)).succeeded).toBe(true);
    expect(refreshed()).toEqual(url("js/app.js", "js/app.js"));
    symlinkSync(emulator.origin, join(store, "back"), "junction");
    expect((await run("preview", always)).output).toMatch(/link ".*back" leads back to itself, or to a directory/);
  });

  test("baseUrl: everything below the new one is refreshed, and everything below the old one", async () => {
    const { emulator, config, run, refreshed } = await openViewed({}, ["a.js"]);
    const other = "https://img.example.com/";
    publishAt(emulator, "img.example.com/a.js", "old");
    expect((await view(emulator, `${other}a.js`)).body).toBe("old");
    publishAt(emulator, "img.example.com/a.js", "new");
    expect((await run("up", config({ baseUrl: other }))).output).toContain(
      "1 of 1 files newly covered since baseUrl changed, 1 no longer covered: refresh 2 URLs in 2 calls (",
    );
    expect(refreshed()).toEqual([`${other}a.js`, `${BASE}a.js`]);
    expect((await view(emulator, `${other}a.js`)).body).toBe("new");
  });

  test("VodSiteRelease: what a site and its preload come to cover is purged, and then preloaded", async () => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"));
    const { emulator, run, refreshed } = stack;
    const directory = join(emulator.origin, "vod.example.com");
    const publish = (name: string, text: string) => publishAt(emulator, `vod.example.com/${name}`, text);
    const names = ["index.html", "videos/1.ts", "more/2.ts"];
    for (const name of names) publish(name, "old");
    const site = (exclude: string[], include: string[]) =>
      resources({
        site: { kind: "VodSiteRelease", directory, domains: ["vod.example.com"], exclude, preload: { include } },
      });
    expect((await run("up", site(["more"], ["videos"]))).succeeded).toBe(true);
    for (const name of names) expect((await view(emulator, BASE + name)).body).toBe("old");
    publish("more/2.ts", "new");
    const before = emulator.received.length;
    const { output, succeeded } = await run("up", site([], ["videos", "more"]));
    expect(succeeded).toBe(true);
    expect(output).toContain("1 of 3 files newly covered since exclude changed: refresh 1 URL in 1 call (");
    expect(output).toContain(
      "1 of 2 files newly covered since include and exclude changed: preload 1 URL in 1 call once the refresh is complete (",
    );
    const calls = emulator.received.slice(before).filter(({ action }) => /^(Refresh|Preload)/.test(action));
    expect(calls.flatMap(pathsOf)).toEqual(url("more/2.ts", "more/2.ts"));
    expect(refreshed().at(-1)).toBe(`${BASE}more/2.ts`);
    expect(await view(emulator, `${BASE}more/2.ts`)).toMatchObject({ body: "new", cache: "HIT" });
  });

  test("a filter that selects nothing is an error as long as there is no resource, and a warning afterwards", async () => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"));
    const { emulator, run, refreshed } = stack;
    publishAt(emulator, "vod.example.com/pictures/1.jpg", "old");
    const directory = join(emulator.origin, "vod.example.com");
    const source = (include: string[]) => resources({ site: { source: { directory, baseUrl: BASE, include } } });
    const refused = await run("preview", source(["picture"]));
    expect(refused.succeeded).toBe(false);
    expect(refused.output).toContain(`source.include selects no file in "${directory}": "picture"; `);
    expect((await run("up", source(["pictures/"]))).succeeded).toBe(true);
    expect(refreshed()).toEqual(url("pictures/1.jpg"));
    const warned = await run("up", source(["pictures", "index.htm"]));
    expect(warned.succeeded).toBe(true);
    expect(warned.output).toContain('warning: source.include has "index.htm", which matches no file; ');
    rmSync(join(directory, "pictures/1.jpg"));
    const emptied = await run("up", source(["pictures", "index.htm"]));
    expect(emptied.succeeded).toBe(true);
    expect(emptied.output).toContain(`warning: source.include selects no file in "${directory}": `);
    expect(refreshed()).toEqual(url("pictures/1.jpg", "pictures/1.jpg"));
  });
});
