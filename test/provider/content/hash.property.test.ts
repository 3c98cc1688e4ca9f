import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import picomatch from "picomatch";
import { describe, expect, it } from "vitest";
import { listFiles } from "../../../provider/content/files.js";
import { combineHashes, hashContent, hashFile, hashFiles } from "../../../provider/content/hash.js";
import { temporaryDirectory } from "./content.js";

/** Names that are easily confused: with line breaks, spaces, hashes, and pieces of the combined lines. */
const trickyName = fc
  .array(fc.constantFrom("a", "b", " ", "  ", "\n", "/", "é", "\uE000", "😀", hashContent("").slice(7), "sha256:"), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(""));
const hashes = fc.constantFrom("", "a", "b").map(hashContent);
const entries = fc.uniqueArray(fc.tuple(trickyName, hashes), { selector: ([name]) => name, maxLength: 6 });

describe("combineHashes", () => {
  it("gives one hash for every order", () => {
    const shuffled = entries.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(combineHashes(new Map(other))).toBe(combineHashes(new Map(all)));
      }),
    );
  });

  it("gives two hashes for any two sets of files", () => {
    const key = (all: [string, string][]) => JSON.stringify([...all].sort());
    fc.assert(
      fc.property(entries, entries, (one, two) => {
        const areEqual = combineHashes(new Map(one)) === combineHashes(new Map(two));
        expect(areEqual).toBe(key(one) === key(two));
      }),
      { numRuns: 1000 },
    );
  });

  it("changes with any change of one name or one hash", () => {
    fc.assert(
      fc.property(entries, fc.nat(), trickyName, hashes, (all, at, name, hash) => {
        fc.pre(all.length > 0);
        const index = at % all.length;
        const [oldName, oldHash] = all[index] ?? ["", ""];
        const others = all.filter((_, i) => i !== index);
        fc.pre(others.every(([other]) => other !== name));
        const before = combineHashes(new Map(all));
        expect(combineHashes(new Map([...others, [name, oldHash]])) === before).toBe(name === oldName);
        expect(combineHashes(new Map([...others, [oldName, hash]])) === before).toBe(hash === oldHash);
      }),
    );
  });
});

describe("hashFiles", () => {
  const fileName = fc.stringMatching(/^[a-c.é]{0,3}[a-c]$/);
  const files = fc.dictionary(
    fc.tuple(fc.constantFrom("", "dir/", "dir/sub/"), fileName).map((parts) => parts.join("")),
    fc.uint8Array({ maxLength: 20 }),
    { minKeys: 1, maxKeys: 6 },
  );

  it("does not depend on the order of writing, and changes with any byte", async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.nat(), fc.uint8Array({ maxLength: 20 }), async (all, at, content) => {
        const names = Object.keys(all);
        const one = temporaryDirectory(all);
        const two = temporaryDirectory(Object.fromEntries(Object.entries(all).reverse()));
        const before = await hashFiles(one);
        expect(await hashFiles(two)).toBe(before);
        const name = names[at % names.length] ?? "";
        writeFileSync(join(two, name), content);
        expect((await hashFiles(two)) === before).toBe(Buffer.compare(content, all[name] ?? content) === 0);
      }),
      { numRuns: 50 },
    );
  });
});

describe("hashFile", () => {
  it("gives the hash of the content, whatever its size", async () => {
    const file = join(temporaryDirectory(), "file");
    const around = [0, 65536, 262144, 524288].flatMap((size) => [size - 1, size, size + 1]).filter((size) => size >= 0);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...around), fc.nat(255), async (size, byte) => {
        const content = Buffer.alloc(size, byte);
        writeFileSync(file, content);
        expect(await hashFile(file)).toBe(hashContent(content));
      }),
      { numRuns: 30 },
    );
  });
});

describe("listFiles", () => {
  it("finds all files that a glob matches, though it does not read every directory", async () => {
    const directories = ["", "a/", "b/", ".c/", "a/a/", "a/b/", "b/a/", ".c/b/", "a/b/a/"];
    const names = directories.flatMap((name) => [`${name}x.js`, `${name}y.css`]);
    const directory = temporaryDirectory(Object.fromEntries(names.map((name) => [name, ""])));
    const part = fc.constantFrom(..."a b * ** ? {a,b} {a/b,b} {,a/}b @(a|b) !(a) [ab] .* a** +(a|b)".split(" "));
    const last = fc.constantFrom("*", "**", "*.js", "x.*", "{x,y}.css", "!(x).*", "**.js", "{a/x,y}.*");
    const glob = fc.tuple(fc.array(part, { maxLength: 3 }), last).map(([parts, end]) => [...parts, end].join("/"));
    await fc.assert(
      fc.asyncProperty(fc.array(glob, { minLength: 1, maxLength: 2 }), async (include) => {
        const matches = picomatch(include, { dot: true });
        expect([...(await listFiles(directory, { include })).keys()].sort()).toEqual(
          names.filter((n) => matches(n)).sort(),
        );
      }),
      { numRuns: 300 },
    );
  });
});
