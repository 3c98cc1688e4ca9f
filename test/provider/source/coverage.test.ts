import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Manifest } from "../../../provider/manifest/manifest.js";
import type { Source } from "../../../provider/schema/content-inputs.js";
import { compareCoverage } from "../../../provider/source/coverage.js";
import { manifestFromFiles, SourceScanner } from "../../../provider/source/source.js";
import { listNames, listUrls } from "../../../provider/source/urls.js";
import { temporaryDirectory } from "../content/content.js";

const BASE = "https://vod.example.com/x/";
const compare = (old: Partial<Source>, current: Partial<Source>, manifest: Manifest = new Map()) =>
  compareCoverage({ directory: "d", baseUrl: BASE, ...old }, { directory: "d", baseUrl: BASE, ...current }, manifest);

describe("whether a source covered a URL before", () => {
  const covered = async (old: Partial<Source>, name: string, current: Partial<Source> = {}) =>
    (await compare(old, current))?.wasCovered(BASE + name);

  test.each<[Partial<Source>, string, boolean]>([
    [{ include: ["*.html"] }, "a.html", true],
    [{ include: ["*.html"] }, "a.js", false],
    [{ include: ["*.html"] }, "deep/a.html", false],
    [{ include: ["pictures"] }, "pictures/deep/1.jpg", true],
    [{ exclude: ["pictures"] }, "pictures/deep/1.jpg", false],
    [{ exclude: ["**/drafts/"] }, "a/drafts/b/c.html", false],
    [{ exclude: ["pictures"] }, "pictures.html", true],
    [{ include: ["*.html"], exclude: ["a.*"] }, "a.html", false],
    [{ include: ["my video é.*"] }, "my%20video%20%C3%A9.mp4", true],
    // The spelling of a name on the disk, with the accent apart.
    [{ include: ["é.*"] }, "e%CC%81.mp4", true],
    [{ include: ["100%#?.txt"] }, "100%25%23%3F.txt", true],
    // No file has such a name.
    [{ include: ["**"] }, "%FF", false],
    [{ indexDocument: "index.html" }, "", false],
    [{ indexDocument: "index.html" }, "deep/", false],
    [{ indexDocument: "index.html" }, "deep/index.html", true],
  ])("by %j: %s, %s", async (old, name, expected) => {
    expect(await covered({ exclude: ["other"], ...old }, name)).toBe(expected);
  });

  test.each<[string, boolean]>([
    ["", true],
    ["deep/", true],
    ["pictures/", false],
  ])("by its index document, if that is the same: %j, %s", async (name, expected) => {
    const indexDocument = "index.html";
    expect(await covered({ indexDocument, exclude: ["pictures"] }, name, { indexDocument })).toBe(expected);
  });

  test("by another index document no directory was covered", async () => {
    const old = { indexDocument: "home.html" };
    expect(await covered(old, "deep/", { indexDocument: "index.html" })).toBe(false);
    expect(await covered(old, "deep/home.html", { indexDocument: "index.html" })).toBe(true);
  });

  test("by another base URL nothing was, even if both begin in the same way", async () => {
    const change = await compare({ baseUrl: "https://vod.example.com/" }, {});
    expect(change?.wasCovered(`${BASE}a.js`)).toBe(false);
    expect(change?.isCovered("https://vod.example.com/a.js")).toBe(false);
  });
});

test.each<[Partial<Source>, string[]]>([
  [{ include: ["*.js"] }, ["include"]],
  [{ indexDocument: "index.html", exclude: ["a"] }, ["exclude", "indexDocument"]],
  [{ baseUrl: "https://vod.example.com/", include: ["*.js"] }, ["baseUrl"]],
  [{ directory: "d/e" }, ["directory"]],
])("names the inputs that differ in %j", async (current, names) => {
  expect((await compare({}, current))?.by).toEqual(names);
});

test("sources that cover the same have no change, wherever their files lie", async () => {
  expect(await compare({ directory: "one", exclude: [] }, { directory: "two" })).toBeUndefined();
  expect(await compare({ directory: "./dist" }, { directory: "dist/" })).toBeUndefined();
  expect(await compareCoverage(undefined, { directory: "d", baseUrl: BASE }, new Map())).toBeUndefined();
});

test.each([
  ["dist", "dist/player"],
  ["./dist/player", "dist"],
  ["/dist", "/"],
])("from %s to %s every file has another URL, so that nothing was covered", async (old, current) => {
  expect((await compare({ directory: old }, { directory: current }))?.wasCovered(`${BASE}a.js`)).toBe(false);
});

describe("cleanUrls, turned on, where some files were there before:", () => {
  const files = ["about.html", "deep/index.html", "index.html", "a.js"];

  test.each<[string, boolean, Partial<Source>?]>([
    ["about", false],
    ["about.html", true],
    ["new", true],
    ["new.html", true],
    ["a.js", true],
    ["new.js", true],
    ["about", false, { exclude: ["*.html"] }],
    ["deep", true],
    ["deep", false, { indexDocument: "index.html" }],
    ["deep/", true, { indexDocument: "index.html" }],
    ["other", true, { indexDocument: "index.html" }],
    ["", true, { indexDocument: "index.html" }],
  ])("%s was covered: %j, with %j", async (name, was, both = {}) => {
    const [off, on] = [both, { ...both, exclude: undefined, cleanUrls: true }];
    const manifest = new Map(
      files.flatMap((file) => listUrls({ baseUrl: BASE, ...off }, file).map((url) => [url, "1"])),
    );
    const known = both.exclude === undefined ? manifest : new Map([[`${BASE}a.js`, "1"]]);
    expect((await compare(off, on, known))?.wasCovered(BASE + name)).toBe(was);
  });

  test.each<[string, boolean]>([
    ["about", false],
    ["about.html", true],
    ["deep", false],
    ["deep/", true],
    ["a.js", true],
  ])("%s is covered once it is turned off: %j", async (name, is) => {
    const off = { indexDocument: "index.html" };
    const on = { ...off, cleanUrls: true };
    const manifest = new Map(
      files.flatMap((file) => listUrls({ baseUrl: BASE, ...on }, file).map((url) => [url, "1"])),
    );
    expect((await compare(on, off, manifest))?.isCovered(BASE + name)).toBe(is);
  });

  test("a directory without its slash was not covered by another index document, but by a page", async () => {
    const change = await compare(
      { cleanUrls: true },
      { cleanUrls: true, indexDocument: "index.html" },
      new Map([[`${BASE}deep/index.html`, "1"]]),
    );
    expect(change?.wasCovered(`${BASE}deep`)).toBe(false);
    expect(change?.wasCovered(`${BASE}about`)).toBe(true);
  });

  test("the base URL without its slash is covered by the index document, that of a domain never", async () => {
    const index = { indexDocument: "index.html" };
    const isCovered = async (baseUrl: string) => {
      const change = await compare({ ...index, baseUrl }, { ...index, baseUrl, cleanUrls: true });
      return change?.isCovered(baseUrl.slice(0, -1));
    };
    expect(await isCovered(BASE)).toBe(true);
    expect(await isCovered("https://vod.example.com/")).toBe(false);
  });
});

test("the names of a URL are those of the files that are served at it", () => {
  const file = fc.constantFrom(
    "index.html",
    "a.html",
    "a",
    "b",
    ".html",
    "..html",
    "...html",
    "é 1.html",
    "a.html.html",
  );
  const anyName = fc
    .array(fc.constantFrom("a", "b", "a.html"), { maxLength: 2 })
    .chain((directories) => file.map((last) => [...directories, last].join("/")));
  const anySource = fc.record({
    baseUrl: fc.constantFrom(BASE, "https://vod.example.com/", "vod.example.com/", "vod.example.com/x/"),
    indexDocument: fc.constantFrom(undefined, "index.html", "a"),
    cleanUrls: fc.constantFrom(undefined, true),
  });
  fc.assert(
    fc.property(anySource, anyName, anyName, (source, name, other) => {
      const urls = listUrls(source, name);
      expect(new Set(urls).size).toBe(urls.length);
      for (const url of urls) {
        expect(listNames(source, url)).toContain(name);
        expect(url).not.toMatch(/\/\.\.?$/);
        expect(url).toMatch(/^(https:\/\/)?vod\.example\.com\//);
      }
      for (const url of listUrls(source, other)) {
        expect(listNames(source, url).includes(name)).toBe(urls.includes(url));
      }
    }),
    { numRuns: 2000 },
  );
});

test("the hash of a URL that two files may have is another whenever one of theirs is, in any order", () => {
  const source = { directory: "d", baseUrl: BASE, indexDocument: "index.html", cleanUrls: true };
  const hashOf = (...files: [string, string][]) => manifestFromFiles(source, new Map(files)).get(`${BASE}a`);
  const page: [string, string] = ["a.html", "hash-of-page"];
  const index: [string, string] = ["a/index.html", "hash-of-index"];
  expect(hashOf(page)).toBe("hash-of");
  const both = hashOf(page, index);
  expect(both).toMatch(/^[\w-]{7}$/);
  expect(hashOf(index, page)).toBe(both);
  const others = [hashOf(page), hashOf(["a.html", "other-page"], index), hashOf(page, ["a/index.html", "other-index"])];
  expect(new Set([both, ...others]).size).toBe(4);
});

test("what a scan finds is what is covered, by any filters", async () => {
  const names = ["index.html", "a.js", "b/index.html", "b/é.js", "b/c/index.html", "b/c/d.js", "c/x.js", ".d/b"];
  const directory = temporaryDirectory(Object.fromEntries(names.map((name) => [name, name])));
  const scanner = new SourceScanner();
  const patterns = fc.array(fc.constantFrom(..."* ** *.html **/*.js b b/ b/c **/c/ .d {a,b}.js b/c/*".split(" ")), {
    minLength: 1,
    maxLength: 2,
  });
  const anySource = fc.record(
    {
      include: patterns,
      exclude: patterns,
      indexDocument: fc.constant("index.html"),
      cleanUrls: fc.constantFrom(false, true),
    },
    { requiredKeys: ["indexDocument"] },
  );
  const urlsOf = async (source: Omit<Source, "directory" | "baseUrl">) =>
    (await scanner.cached({ directory, baseUrl: BASE, ...source } as Source)).manifest;
  await fc.assert(
    fc.asyncProperty(anySource, anySource, async (old, current) => {
      const [before, now] = [await urlsOf(old as Source), await urlsOf(current as Source)];
      const change = await compare(old as Source, current as Source, before);
      if (change === undefined) return;
      // A URL that both have is compared by its hash. More files may stand for it than before.
      const added = [...now.keys()].filter((url) => !before.has(url));
      const removed = [...before.keys()].filter((url) => !now.has(url));
      for (const url of added) expect(change.wasCovered(url), url).toBe(false);
      for (const url of removed) expect(change.isCovered(url), url).toBe(false);
      if (old.cleanUrls || current.cleanUrls) return;
      for (const url of now.keys()) expect(change.wasCovered(url), url).toBe(before.has(url));
      for (const url of before.keys()) expect(change.isCovered(url), url).toBe(now.has(url));
    }),
    { numRuns: 200 },
  );
});
