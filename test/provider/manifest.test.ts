import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { siteOf } from "../../bench/packing.js";
import {
  diffManifests,
  digestOf,
  digestRows,
  type Manifest,
  packManifest,
  UNKNOWN_HASH,
  unpackManifest,
} from "../../provider/manifest.js";

const V1 = "n4bQgYhMfWWa";
const V2 = "Lhoz-_YhYkb3";

const manifest = (...names: string[]) => new Map(names.map((name) => [name, V1]));

describe("what changed", () => {
  test("a hash that is another, a name that vanished, a name that is new, each in the order of the names", () => {
    const old = new Map([
      ["same.js", V1],
      ["d.js", V1],
      ["b.js", V1],
      ["gone/b.js", V1],
      ["gone/a.js", V1],
    ]);
    const now = new Map([
      ["new/b.js", V1],
      ["b.js", V2],
      ["new/a.js", V1],
      ["same.js", V1],
      ["d.js", V2],
    ]);
    expect(diffManifests(old, now)).toEqual({
      changed: ["b.js", "d.js"],
      vanished: ["gone/a.js", "gone/b.js"],
      added: ["new/a.js", "new/b.js"],
    });
  });

  test("nothing, between a manifest and itself", () => {
    const site = manifest("b.js", "a.js");
    expect(diffManifests(site, site)).toEqual({ changed: [], vanished: [], added: [] });
    expect(diffManifests(new Map(), new Map())).toEqual({ changed: [], vanished: [], added: [] });
  });

  test("everything, when all files go or come", () => {
    const site = manifest("b.js", "a.js");
    expect(diffManifests(site, new Map())).toEqual({ changed: [], vanished: ["a.js", "b.js"], added: [] });
    expect(diffManifests(new Map(), site)).toEqual({ changed: [], vanished: [], added: ["a.js", "b.js"] });
  });

  test("an unknown hash, whatever it is now", () => {
    const old = new Map([
      ["left.js", UNKNOWN_HASH],
      ["gone.js", UNKNOWN_HASH],
      ["unknown.js", UNKNOWN_HASH],
    ]);
    const now = new Map([
      ["left.js", V1],
      ["unknown.js", UNKNOWN_HASH],
    ]);
    expect(diffManifests(old, now)).toEqual({ changed: ["left.js", "unknown.js"], vanished: ["gone.js"], added: [] });
  });

  test("a file renamed in case alone: one vanished, one is new", () => {
    expect(diffManifests(manifest("Index.html"), manifest("index.html"))).toEqual({
      changed: [],
      vanished: ["Index.html"],
      added: ["index.html"],
    });
  });

  test("a file replaced by a directory of its name", () => {
    expect(diffManifests(manifest("player"), manifest("player/index.js"))).toEqual({
      changed: [],
      vanished: ["player"],
      added: ["player/index.js"],
    });
  });

  test("in the order of the names' bytes, in which emoji come after everything that has two bytes in UTF-16", () => {
    expect(diffManifests(new Map(), manifest("🎬.txt", "！.txt", "a🎬", "a！", "a", "Z")).added).toEqual([
      "Z",
      "a",
      "a！",
      "a🎬",
      "！.txt",
      "🎬.txt",
    ]);
  });

  const name = fc.oneof(fc.constantFrom("a", "b", "a/b", "a/b/c", "B", "！", "🎬"), fc.string({ maxLength: 2 }));
  const hash = fc.constantFrom(V1, V2, UNKNOWN_HASH);
  const anyManifest = fc.array(fc.tuple(name, hash), { maxLength: 20 }).map((entries) => new Map(entries));
  const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

  test("as looking up each name finds it, whatever the order of the manifests", () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (old, now) => {
        const names = [...new Set([...old.keys(), ...now.keys()])].sort(byBytes);
        const expected = {
          changed: names.filter(
            (name) =>
              old.has(name) && now.has(name) && (old.get(name) === UNKNOWN_HASH || old.get(name) !== now.get(name)),
          ),
          vanished: names.filter((name) => old.has(name) && !now.has(name)),
          added: names.filter((name) => !old.has(name) && now.has(name)),
        };
        expect(diffManifests(old, now)).toEqual(expected);
        expect(diffManifests(unpackManifest(packManifest(old)), now)).toEqual(expected);
        expect(diffManifests(old, unpackManifest(packManifest(now)))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the rows of a preview", () => {
  test("are the directories, with a digest and the number of files", () => {
    expect(digestRows(manifest("index.html", "player/app.js", "player/app.css", "assets/img/poster.jpg"))).toEqual({
      "./*": "73f322c579e5 1 file",
      "assets/img/": "7c3dfc096965 1 file",
      "player/": "e018547ea75e 2 files",
    });
  });

  test("none, for no files", () => {
    expect(digestRows(new Map())).toEqual({});
  });

  test("files of a directory whose directories have rows have one of their own", () => {
    expect(rowNames(manifest("a/file", "a/b/file", "a/b/c/file", "a/b/d/file"))).toEqual([
      "a/*",
      "a/b/*",
      "a/b/c/",
      "a/b/d/",
    ]);
  });

  test("are everything in one, where the directories of the root are more than the rows", () => {
    const site = manifest("file", "a/file", "b/file", "c/file");
    expect(rowNames(site, 4)).toEqual(["./*", "a/", "b/", "c/"]);
    expect(rowNames(site, 3)).toEqual(["./"]);
    expect(rowNames(site, 1)).toEqual(["./"]);
    expect(rowNames(manifest("file"), 1)).toEqual(["./*"]);
  });

  test("leave a wide directory whole, and split others", () => {
    const clips = Array.from({ length: 1000 }, (_, i) => `clips/${i}/index.m3u8`);
    expect(rowNames(manifest(...clips, "assets/js/app.js", "assets/css/app.css"))).toEqual([
      "assets/css/",
      "assets/js/",
      "clips/",
    ]);
  });

  test("split directories of about the same width together or not at all, so that one more in one takes no row of another", () => {
    const months = ["01", "02", "03"].flatMap((month) =>
      [1, 2, 3, 4].map((clip) => `2024/${month}/clip-${clip}/index.m3u8`),
    );
    const before = rowNames(manifest(...months), 10);
    expect(before).toEqual(["2024/01/", "2024/02/", "2024/03/"]);
    expect(rowNames(manifest(...months, "2024/02/clip-5/index.m3u8"), 10)).toEqual(before);
  });

  test("begin with `./` where the engine would hide them, or where a name does", () => {
    const site = manifest("__tests__/a.js", "__tests__/deep/a.js", "./odd/a.js", "/a.js", "_a/__b/a.js");
    expect(rowNames(site)).toEqual(["./__tests__/*", "./__tests__/deep/", "././odd/", "/", "_a/__b/"].sort());
    expect(rowNames(site).every((row) => !row.startsWith("__"))).toBe(true);
  });

  test("are at most 200 by default, and few bytes even for a large site", () => {
    const rows = digestRows(siteOf(20_000));
    expect(Object.keys(rows).length).toBeLessThanOrEqual(200);
    expect(Object.keys(rows).length).toBeGreaterThan(50);
    expect(JSON.stringify(rows).length).toBeLessThan(10_000);
  });

  const part = fc.constantFrom("a", "b", "c", "d", "__e", ".", "", "🎬");
  const anyName = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
  const anySite = fc.uniqueArray(anyName, { minLength: 1, maxLength: 40 }).map((names) => manifest(...names));
  const maxRows = fc.integer({ min: 1, max: 30 });

  test("are at most as many as wanted, and hold every file once", () => {
    fc.assert(
      fc.property(anySite, maxRows, (site, most) => {
        const rows = digestRows(site, most);
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
        expect(Object.entries(digestRows(reversed, most))).toEqual(Object.entries(digestRows(site, most)));
      }),
    );
  });

  test("that change when a file changes are those that hold it", () => {
    fc.assert(
      fc.property(anySite, fc.nat(), maxRows, (site, pick, most) => {
        const name = [...site.keys()][pick % site.size] as string;
        const [before, after] = [digestRows(site, most), digestRows(new Map(site).set(name, V2), most)];
        expect(Object.keys(after)).toEqual(Object.keys(before));
        for (const row of Object.keys(before)) expect(after[row] !== before[row]).toBe(holds(row, name));
      }),
      { numRuns: 500 },
    );
  });

  test("stay when a file is added to a directory, but for the one that holds it", () => {
    fc.assert(
      fc.property(anySite, fc.nat(), fc.nat(), maxRows, (site, pick, depth, most) => {
        const parts = ([...site.keys()][pick % site.size] as string).split("/");
        const added = [...parts.slice(0, depth % parts.length), "new file"].join("/");
        const [before, after] = [digestRows(site, most), digestRows(new Map(site).set(added, V1), most)];
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

describe("the digest of a manifest", () => {
  test("stands in users' states: it is the same for ever", () => {
    expect(digestOf(manifest("index.html", "player/🎬.js"))).toBe("mLZu4Dc8eOQsYGkPpUvLqu7FGAXRjWfgV-AfmMITodk");
    expect(digestOf(new Map())).toBe("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
  });

  const anyName = fc.oneof(fc.constantFrom("a", "b", `a ${V1}\n1 b`), fc.string({ unit: "binary", maxLength: 4 }));
  const anyManifest = fc
    .array(fc.tuple(anyName, fc.constantFrom(V1, V2, UNKNOWN_HASH)), { maxLength: 4 })
    .map((entries) => new Map<string, string>(entries));

  test("is the same for the same names and hashes alone, in whichever order they come", () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (one, other) => {
        expect(digestOf(new Map([...one].reverse()))).toBe(digestOf(one));
        const { changed, vanished, added } = diffManifests(one, other);
        const isSame = [...changed, ...vanished, ...added].every((name) => one.get(name) === other.get(name));
        expect(digestOf(one) === digestOf(other)).toBe(isSame);
      }),
      { numRuns: 500 },
    );
  });

  test("is another when one hash is another, one name is another, one file comes or goes", () => {
    fc.assert(
      fc.property(anyManifest, anyName, fc.nat(), (site, name, pick) => {
        const digest = digestOf(site);
        if (!site.has(name)) expect(digestOf(new Map(site).set(name, UNKNOWN_HASH))).not.toBe(digest);
        const present = [...site.keys()][pick % site.size];
        fc.pre(present !== undefined);
        const without = new Map(site);
        without.delete(present);
        expect(digestOf(without)).not.toBe(digest);
        expect(digestOf(new Map(site).set(present, "x7Xlr8g3Cd0A"))).not.toBe(digest);
        if (!site.has(name)) expect(digestOf(without.set(name, site.get(present) as string))).not.toBe(digest);
      }),
    );
  });
});

function rowNames(site: Manifest, maxRows?: number): string[] {
  return Object.keys(digestRows(site, maxRows)).sort();
}

function filesIn(row: string): number {
  return Number(/^[0-9a-f]{12} (\d+) files?$/.exec(row)?.[1]);
}

/** Whether a row holds a file: `a/` all files below that directory, `a/*` those right in it; `./` is the root. */
function holds(row: string, name: string): boolean {
  const path = row.replace(/^\.\//, "");
  return path.endsWith("*") ? name.slice(0, name.lastIndexOf("/") + 1) === path.slice(0, -1) : name.startsWith(path);
}
