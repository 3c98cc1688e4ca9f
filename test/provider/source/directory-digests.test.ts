import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { siteOf } from "../../../bench/packing.js";
import type { Manifest } from "../../../provider/manifest/manifest.js";
import { digestRows } from "../../../provider/source/directory-digests.js";

const V1 = "n4bQgYhMfWWa";
const V2 = "Lhoz-_YhYkb3";

const manifest = (...names: string[]) => new Map(names.map((name) => [name, V1]));

describe("the rows of a source", () => {
  test("are its directories, with a digest and the number of files", () => {
    expect(digestRows(manifest("index.html", "player/app.js", "player/app.css", "assets/img/poster.jpg"))).toEqual({
      "./*": "73f322c579e5 1 file",
      "assets/img/": "7c3dfc096965 1 file",
      "player/": "e018547ea75e 2 files",
    });
  });

  test("are none if there are no files", () => {
    expect(digestRows(new Map())).toEqual({});
  });

  test("have one for the files directly in a directory whose subdirectories have rows", () => {
    expect(rowNames(manifest("a/file", "a/b/file", "a/b/c/file", "a/b/d/file"))).toEqual([
      "a/*",
      "a/b/*",
      "a/b/c/",
      "a/b/d/",
    ]);
  });

  test("are a single one if the root has more directories than there may be rows", () => {
    const site = manifest("file", "a/file", "b/file", "c/file");
    expect(rowNames(site, 4)).toEqual(["./*", "a/", "b/", "c/"]);
    expect(rowNames(site, 3)).toEqual(["./"]);
    expect(rowNames(site, 1)).toEqual(["./"]);
    expect(rowNames(manifest("file"), 1)).toEqual(["./*"]);
  });

  test("have one for directories that begin alike if these are too many for a row each", () => {
    const clips = Array.from({ length: 1000 }, (_, i) => `clips/clip-${String(i).padStart(4, "0")}/index.m3u8`);
    const site = manifest(...clips, "clips/index.html", "assets/js/app.js", "assets/css/app.css");
    const tens = Array.from({ length: 100 }, (_, i) => `clips/clip-${String(i).padStart(3, "0")}*/`);
    expect(rowNames(site)).toEqual(["assets/css/", "assets/js/", "clips/*", ...tens]);
    expect(digestRows(site)["clips/clip-012*/"]).toMatch(/ 10 files$/);
  });

  test("have one for directories of the root that begin alike, too", () => {
    const ids = Array.from({ length: 1000 }, (_, i) => createHash("md5").update(`${i}`).digest("hex"));
    expect(rowNames(manifest("index.html", ...ids.map((id) => `${id}/index.m3u8`)))).toEqual([
      "./*",
      ...[..."0123456789abcdef"].map((digit) => `${digit}*/`),
    ]);
  });

  test("name a directory in full if no other begins like it, and never end within a character", () => {
    expect(rowNames(manifest("v/aa/f", "v/ab/f", "v/ac/f", "v/b/f", "v/cc/f"), 6)).toEqual(["v/a*/", "v/b/", "v/cc/"]);
    expect(rowNames(manifest("v/🎬/f", "v/🎭/f", "v/🎮/f", "v/a/f"), 4)).toEqual(["v/*/", "v/a/"]);
  });

  test("are shared equally by wide directories, so that a new directory elsewhere doesn't change them", () => {
    const clips = ["audio", "video"].flatMap((kind) =>
      Array.from({ length: 300 }, (_, i) => `${kind}/${kind[0]}${String(i).padStart(3, "0")}/index.m3u8`),
    );
    const before = digestRows(manifest(...clips));
    expect(Object.keys(before).sort()).toEqual(
      ["audio/a", "video/v"].flatMap((name) =>
        Array.from({ length: 30 }, (_, i) => `${name}${String(i).padStart(2, "0")}*/`),
      ),
    );
    expect(digestRows(manifest(...clips, "new/file"))).toEqual({ ...before, "new/": expect.any(String) });
  });

  test("split directories of similar width together or not at all, so that a new one takes no row of another away", () => {
    const months = ["01", "02", "03"].flatMap((month) =>
      [1, 2, 3, 4].map((clip) => `2024/${month}/clip-${clip}/index.m3u8`),
    );
    const before = rowNames(manifest(...months), 10);
    expect(before).toEqual(["2024/01/", "2024/02/", "2024/03/"]);
    expect(rowNames(manifest(...months, "2024/02/clip-5/index.m3u8"), 10)).toEqual(before);
  });

  test("begin with `./` if the engine would hide them, or if a name does", () => {
    const site = manifest("__tests__/a.js", "__tests__/deep/a.js", "./odd/a.js", "/a.js", "_a/__b/a.js");
    expect(rowNames(site)).toEqual(["./__tests__/*", "./__tests__/deep/", "././odd/", "/", "_a/__b/"].sort());
    expect(rowNames(site).every((row) => !row.startsWith("__"))).toBe(true);
  });

  test("are at most 200 by default, and take few bytes even for a large site", () => {
    const rows = digestRows(siteOf(20_000));
    expect(Object.keys(rows).length).toBeLessThanOrEqual(200);
    expect(Object.keys(rows).length).toBeGreaterThan(50);
    expect(JSON.stringify(rows).length).toBeLessThan(10_000);
  });

  const part = fc.constantFrom("a", "b", "c", "d", "__e", ".", "", "🎬");
  const anyName = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
  const anySite = fc.uniqueArray(anyName, { minLength: 1, maxLength: 40 }).map((names) => manifest(...names));
  const maxRows = fc.integer({ min: 1, max: 30 });

  test("are never more than allowed, and have every file once", () => {
    fc.assert(
      fc.property(anySite, maxRows, (site, most) => {
        const rows = digestRows(site, { maxRows: most });
        expect(Object.keys(rows).length).toBeLessThanOrEqual(most);
        expect(Object.values(rows).reduce((sum, row) => sum + filesIn(row), 0)).toBe(site.size);
        for (const name of site.keys()) expect(Object.keys(rows).filter((row) => holds(row, name))).toHaveLength(1);
        for (const [row, value] of Object.entries(rows)) {
          expect([...site.keys()].filter((name) => holds(row, name))).toHaveLength(filesIn(value));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("don't depend on the order of the files", () => {
    fc.assert(
      fc.property(anySite, maxRows, (site, most) => {
        const reversed = new Map([...site].reverse());
        expect(Object.entries(digestRows(reversed, { maxRows: most }))).toEqual(
          Object.entries(digestRows(site, { maxRows: most })),
        );
      }),
    );
  });

  test("change if and only if they have the file that changes", () => {
    fc.assert(
      fc.property(anySite, fc.nat(), maxRows, (site, pick, most) => {
        const name = [...site.keys()][pick % site.size] as string;
        const [before, after] = [
          digestRows(site, { maxRows: most }),
          digestRows(new Map(site).set(name, V2), { maxRows: most }),
        ];
        expect(Object.keys(after)).toEqual(Object.keys(before));
        for (const row of Object.keys(before)) expect(after[row] !== before[row]).toBe(holds(row, name));
      }),
      { numRuns: 500 },
    );
  });

  test("stay the same when a file is added to a directory, except for the one that has it", () => {
    fc.assert(
      fc.property(anySite, fc.nat(), fc.nat(), maxRows, (site, pick, depth, most) => {
        const parts = ([...site.keys()][pick % site.size] as string).split("/");
        const added = [...parts.slice(0, depth % parts.length), "new file"].join("/");
        const [before, after] = [
          digestRows(site, { maxRows: most }),
          digestRows(new Map(site).set(added, V1), { maxRows: most }),
        ];
        const holder = Object.keys(after).find((row) => holds(row, added)) as string;
        const { [holder]: _, ...others } = after;
        const { [holder]: __, ...othersBefore } = before;
        expect(others).toEqual(othersBefore);
        expect(Object.keys(after).length).toBeLessThanOrEqual(most);
      }),
      { numRuns: 500 },
    );
  });
});

function rowNames(site: Manifest, maxRows = 200): string[] {
  return Object.keys(digestRows(site, { maxRows })).sort();
}

function filesIn(row: string): number {
  return Number(/^[0-9a-f]{12} (\d+) files?$/.exec(row)?.[1]);
}

/**
 * Whether a row has a file: `a/` has all files below that directory, `a/*` those directly in it, and with one more
 * slash those below the directories that begin so; `./` is the root.
 */
function holds(row: string, name: string): boolean {
  const path = row.replace(/^\.\//, "");
  if (path.endsWith("*/")) {
    const beginning = path.slice(0, -2);
    return name.startsWith(beginning) && name.indexOf("/", beginning.lastIndexOf("/") + 1) >= 0;
  }
  return path.endsWith("*") ? name.slice(0, name.lastIndexOf("/") + 1) === path.slice(0, -1) : name.startsWith(path);
}
