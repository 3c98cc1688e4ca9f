import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RefreshInputs } from "../../provider/inputs.js";
import { batchesOf, describePlan, differs, planCreate, planUpdate } from "../../provider/plan.js";

const A: string = "https://vod.example.com/a";
const B: string = "https://vod.example.com/b";
const C: string = "https://vod.example.com/c";

const inputs = (changes: Partial<RefreshInputs> = {}): RefreshInputs => ({
  paths: [A, B],
  objectType: "File",
  force: false,
  contentHash: "v1",
  refreshOnCreate: true,
  ...changes,
});
const olds = (changes: Partial<RefreshInputs & { pending: string[] }> = {}) => ({
  ...inputs(),
  pending: [],
  ...changes,
});

describe("when a call is made", () => {
  test("created: all paths", () => {
    expect(planCreate(inputs())).toEqual({ paths: [A, B], reasons: ["created"], resumes: false });
  });

  test("created with refreshOnCreate false: none", () => {
    expect(planCreate(inputs({ refreshOnCreate: false })).paths).toEqual([]);
  });

  test("contentHash changed: all paths", () => {
    expect(planUpdate(olds(), inputs({ contentHash: "v2" }))).toEqual({
      paths: [A, B],
      reasons: ["contentHash changed"],
      resumes: false,
    });
  });

  test("a path added with the same hash: that path", () => {
    const plan = planUpdate(olds(), inputs({ paths: [C, A, B] }));
    expect(plan).toEqual({ paths: [C], reasons: ["new path"], resumes: false });
  });

  test("objectType changed with the same hash: all paths, since none was refreshed under that type", () => {
    const plan = planUpdate(olds(), inputs({ objectType: "IgnoreParams" }));
    expect(plan).toEqual({ paths: [A, B], reasons: ["objectType changed"], resumes: false });
  });

  test("the last run left pending paths: those first, then the new ones", () => {
    const plan = planUpdate(olds({ pending: [B] }), inputs({ paths: [C, A, B] }));
    expect(plan).toEqual({ paths: [B, C], reasons: ["left from the last run", "new path"], resumes: true });
  });

  test("pending paths and a changed hash: all paths, the pending ones first", () => {
    const plan = planUpdate(olds({ pending: [B] }), inputs({ contentHash: "v2" }));
    expect(plan).toEqual({ paths: [B, A], reasons: ["contentHash changed"], resumes: false });
  });

  test("a pending path that the program no longer names is not sent: it may be the one that was refused", () => {
    expect(planUpdate(olds({ pending: [B] }), inputs({ paths: [A] })).paths).toEqual([]);
  });

  test.each([
    ["nothing changed", {}],
    ["a path removed", { paths: [A] }],
    ["the order changed", { paths: [B, A] }],
    ["force changed", { force: true }],
    ["refreshOnCreate changed", { refreshOnCreate: false }],
    ["endpoint changed", { endpoint: "vod.example.com" }],
  ])("%s: none", (_, changes) => {
    expect(planUpdate(olds(), inputs(changes))).toEqual({ paths: [], reasons: [], resumes: false });
  });
});

describe("what is worth an update, with or without a call", () => {
  test.each([
    ["nothing changed", {}, false],
    ["the order changed", { paths: [B, A] }, false],
    ["a path removed", { paths: [A] }, true],
    ["a path replaced", { paths: [A, C] }, true],
    ["contentHash changed", { contentHash: "v2" }, true],
    ["objectType changed", { objectType: "IgnoreParams" as const }, true],
    ["force changed", { force: true }, true],
    ["refreshOnCreate changed", { refreshOnCreate: false }, true],
    ["endpoint set", { endpoint: "vod.example.com" }, true],
  ])("%s", (_, changes, worth) => {
    expect(differs(inputs(), inputs(changes))).toBe(worth);
  });
});

describe("calls", () => {
  const urls = (count: number) => Array.from({ length: count }, (_, index) => `https://vod.example.com/${index}`);

  test("carry 1,000 URLs each: a day's quota goes in two", () => {
    expect(batchesOf(urls(2000), "File").map((batch) => batch.length)).toEqual([1000, 1000]);
    expect(batchesOf(urls(2000), "IgnoreParams").map((batch) => batch.length)).toEqual([1000, 1000]);
  });

  test("carry all directories of a day at once, and one regular expression each", () => {
    expect(batchesOf(urls(100), "Directory")).toHaveLength(1);
    expect(batchesOf(urls(3), "Regex").map((batch) => batch.length)).toEqual([1, 1, 1]);
  });

  test("carry at most ten domains", () => {
    const paths = Array.from({ length: 12 }, (_, index) => `https://vod${index}.example.com/a`);
    expect(batchesOf(paths, "File").map((batch) => batch.length)).toEqual([10, 2]);
    expect(batchesOf([...paths.slice(0, 10), ...urls(1)], "File")).toHaveLength(2);
  });

  test("no paths make no call", () => {
    expect(batchesOf([], "File")).toEqual([]);
  });

  test("together carry every path once, in the order given", () => {
    const path = fc.tuple(fc.nat(20), fc.nat()).map(([domain, file]) => `https://vod${domain}.example.com/${file}`);
    fc.assert(
      fc.property(fc.array(path), fc.constantFrom("File" as const, "Regex" as const), (paths, type) => {
        expect(batchesOf(paths, type).flat()).toEqual(paths);
      }),
    );
  });
});

describe("a plan is shown as one line", () => {
  test.each([
    [planCreate(inputs()), inputs(), "to refresh: 2 URLs (created), 1 call"],
    [planUpdate(olds(), inputs({ contentHash: "v2" })), inputs(), "to refresh: 2 URLs (contentHash changed), 1 call"],
    [
      planUpdate(olds(), inputs({ paths: [A, B, C] })),
      inputs({ paths: [A, B, C] }),
      "to refresh: 1 of 3 URLs (new path), 1 call",
    ],
    [planUpdate(olds(), inputs()), inputs(), "nothing to refresh"],
    [
      planCreate(inputs({ paths: ["https://vod.example.com/a/"], objectType: "Directory" })),
      inputs({ paths: ["https://vod.example.com/a/"], objectType: "Directory" }),
      "to refresh: 1 directory (created), 1 call",
    ],
    [
      planCreate(inputs({ objectType: "Regex" })),
      inputs({ objectType: "Regex" }),
      "to refresh: 2 patterns (created), 2 calls",
    ],
  ])("%#", (plan, news, line) => {
    expect(describePlan(plan, news)).toBe(line);
  });
});

describe("rules that hold for every pair of deployments", () => {
  const paths = fc.uniqueArray(fc.constantFrom(A, B, C), { minLength: 1 });
  const anyInputs = fc.record({
    paths,
    objectType: fc.constantFrom("File" as const, "IgnoreParams" as const),
    force: fc.boolean(),
    contentHash: fc.constantFrom("v1", "v2"),
    refreshOnCreate: fc.boolean(),
  });
  const before = fc
    .tuple(anyInputs, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
    .map(([old, marks]) => ({ ...old, pending: old.paths.filter((_, index) => marks[index]) }));

  test("a path is left out only if it was refreshed, as this type, for this hash", () => {
    fc.assert(
      fc.property(before, anyInputs, (old, news) => {
        const plan = planUpdate(old, news);
        const fresh = old.contentHash === news.contentHash && old.objectType === news.objectType;
        const settled = (path: string) => fresh && old.paths.includes(path) && !old.pending.includes(path);
        expect([...plan.paths].sort()).toEqual(news.paths.filter((path) => !settled(path)).sort());
      }),
    );
  });

  test("what is sent always shows as an update", () => {
    fc.assert(
      fc.property(before, anyInputs, (old, news) => {
        fc.pre(old.pending.length === 0 && planUpdate(old, news).paths.length > 0);
        expect(differs(old, news)).toBe(true);
      }),
    );
  });
});
