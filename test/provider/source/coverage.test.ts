import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Source } from "../../../provider/schema/inputs.js";
import { compareCoverage } from "../../../provider/source/coverage.js";
import { SourceScanner } from "../../../provider/source/source.js";
import { temporaryDirectory } from "../content/content.js";

const BASE = "https://vod.example.com/x/";
const compare = (old: Partial<Source>, current: Partial<Source>) =>
  compareCoverage({ directory: "d", baseUrl: BASE, ...old }, { directory: "d", baseUrl: BASE, ...current });

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
  expect(await compareCoverage(undefined, { directory: "d", baseUrl: BASE })).toBeUndefined();
});

test.each([
  ["dist", "dist/player"],
  ["./dist/player", "dist"],
  ["/dist", "/"],
])("from %s to %s every file has another URL, so that nothing was covered", async (old, current) => {
  expect((await compare({ directory: old }, { directory: current }))?.wasCovered(`${BASE}a.js`)).toBe(false);
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
    { include: patterns, exclude: patterns, indexDocument: fc.constant("index.html") },
    { requiredKeys: ["indexDocument"] },
  );
  const urlsOf = async (source: Omit<Source, "directory" | "baseUrl">) =>
    (await scanner.cached({ directory, baseUrl: BASE, ...source } as Source)).manifest;
  await fc.assert(
    fc.asyncProperty(anySource, anySource, async (old, current) => {
      const change = await compare(old as Source, current as Source);
      const [before, now] = [await urlsOf(old as Source), await urlsOf(current as Source)];
      if (change === undefined) return;
      for (const url of now.keys()) expect(change.wasCovered(url), url).toBe(before.has(url));
      for (const url of before.keys()) expect(change.isCovered(url), url).toBe(now.has(url));
    }),
    { numRuns: 200 },
  );
});
