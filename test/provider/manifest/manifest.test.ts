import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UNKNOWN_HASH } from "../../../provider/manifest/hash.js";
import { diffManifests, packManifest, unpackManifest } from "../../../provider/manifest/manifest.js";

const V1 = "n4bQgYh";
const V2 = "Lhoz-_Y";

const manifest = (...names: string[]) => new Map(names.map((name) => [name, V1]));

describe("a comparison of two manifests", () => {
  test("finds changed, removed and added names, each in the order of the names", () => {
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
      removed: ["gone/a.js", "gone/b.js"],
      added: ["new/a.js", "new/b.js"],
    });
  });

  test("finds nothing between a manifest and itself", () => {
    const site = manifest("b.js", "a.js");
    expect(diffManifests(site, site)).toEqual({ changed: [], removed: [], added: [] });
    expect(diffManifests(new Map(), new Map())).toEqual({ changed: [], removed: [], added: [] });
  });

  test("finds everything when all files are removed or added", () => {
    const site = manifest("b.js", "a.js");
    expect(diffManifests(site, new Map())).toEqual({ changed: [], removed: ["a.js", "b.js"], added: [] });
    expect(diffManifests(new Map(), site)).toEqual({ changed: [], removed: [], added: ["a.js", "b.js"] });
  });

  test("takes an unknown hash for changed, whatever the current one is", () => {
    const old = new Map([
      ["left.js", UNKNOWN_HASH],
      ["gone.js", UNKNOWN_HASH],
      ["unknown.js", UNKNOWN_HASH],
    ]);
    const now = new Map([
      ["left.js", V1],
      ["unknown.js", UNKNOWN_HASH],
    ]);
    expect(diffManifests(old, now)).toEqual({ changed: ["left.js", "unknown.js"], removed: ["gone.js"], added: [] });
  });

  test("takes a file renamed in case only for one removed and one added", () => {
    expect(diffManifests(manifest("Index.html"), manifest("index.html"))).toEqual({
      changed: [],
      removed: ["Index.html"],
      added: ["index.html"],
    });
  });

  test("takes a file replaced by a directory of its name for removed", () => {
    expect(diffManifests(manifest("player"), manifest("player/index.js"))).toEqual({
      changed: [],
      removed: ["player"],
      added: ["player/index.js"],
    });
  });

  test("sorts by the names' bytes in UTF-8, where emoji come last", () => {
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

  test("finds what look-ups of each name find, whatever the order of the manifests", () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (old, now) => {
        const names = [...new Set([...old.keys(), ...now.keys()])].sort(byBytes);
        const expected = {
          changed: names.filter(
            (name) =>
              old.has(name) && now.has(name) && (old.get(name) === UNKNOWN_HASH || old.get(name) !== now.get(name)),
          ),
          removed: names.filter((name) => old.has(name) && !now.has(name)),
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
