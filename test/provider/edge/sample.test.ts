import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, chooseSample } from "../../../provider/edge/sample.js";
import { directoryOf, domainOf } from "../../../provider/vod/paths.js";

const candidate = (path: string, reason = "changed"): Candidate => ({ path: `https://${path}`, reason });

/** Candidates of few directories and reasons, so that these are shared in every way. */
const candidates = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom("a.example.com", "b.example.com"),
      fc.constantFrom("", "x/", "x/y/", "z/"),
      fc.nat(5),
      fc.constantFrom("changed", "removed", "new", "newly covered"),
    ),
    { selector: ([domain, directory, file]) => `${domain}/${directory}${file}`, minLength: 1, maxLength: 14 },
  )
  .map((all) => all.map(([domain, directory, file, reason]) => candidate(`${domain}/${directory}${file}`, reason)));
const sizes = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant("all" as const));

const facetsOf = (some: readonly Candidate[]) => [
  ...new Set(some.flatMap(({ path, reason }) => [directoryOf(path), domainOf(path), `reason ${reason}`])),
];

/** How few candidates have all directories and reasons, found by trying. */
function countLeast(all: readonly Candidate[]): number {
  const wanted = facetsOf(all).length;
  const find = (chosen: Candidate[], from: number, count: number): boolean => {
    if (count === 0) return facetsOf(chosen).length === wanted;
    return all.slice(from).some((next, index) => find([...chosen, next], from + index + 1, count - 1));
  };
  let count = 1;
  while (!find([], 0, count)) count++;
  return count;
}

test("a sample has each domain, each reason and each directory, in order and each path once", () => {
  fc.assert(
    fc.property(candidates, sizes, (all, size) => {
      const sample = chooseSample(all, size);
      expect(facetsOf(sample).sort()).toEqual(facetsOf(all).sort());
      expect(all.filter((one) => sample.includes(one))).toEqual(sample);
      expect(chooseSample(all, size)).toEqual(sample);
    }),
  );
});

test("a sample has the size that is asked for, or if that is too few, as few as there can be", () => {
  fc.assert(
    fc.property(candidates, fc.integer({ min: 1, max: 8 }), (all, size) => {
      const least = countLeast(all);
      expect(chooseSample(all, size)).toHaveLength(Math.min(all.length, Math.max(size, least)));
    }),
    { numRuns: 60 },
  );
});

test("what is added to the least set is spread over all paths", () => {
  const all = Array.from({ length: 2_000 }, (_, index) => candidate(`vod.example.com/${index}`));
  const sample = chooseSample(all, 20);
  expect(sample).toHaveLength(20);
  const gaps = sample.slice(1).map((one, index) => all.indexOf(one) - all.indexOf(sample[index] as Candidate));
  expect(Math.max(...gaps)).toBeLessThan(120);
});

test("a reason that only one path has is part of the sample, wherever that path is", () => {
  const all = [
    ...Array.from({ length: 500 }, (_, index) => candidate(`vod.example.com/${index}`)),
    candidate("vod.example.com/old", "removed"),
  ];
  expect(chooseSample(all, 1)).toEqual([all[0], all[500]]);
  expect(chooseSample(all, 20)).toContain(all[500]);
});

test("with all, and with fewer paths than the size, every path is in the sample", () => {
  const all = [candidate("vod.example.com/a"), candidate("vod.example.com/b")];
  expect(chooseSample(all, "all")).toEqual(all);
  expect(chooseSample(all, 20)).toEqual(all);
  expect(chooseSample([], 20)).toEqual([]);
});
