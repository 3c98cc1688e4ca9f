import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  findCollapsed,
  planBatches,
  settledPaths,
  splitIntoBatches,
  subtractCost,
  sumCost,
} from "../../../provider/plan/batches.js";
import type { Plan, RequestKind } from "../../../provider/plan/plan.js";
import type { Inputs } from "../../../provider/schema/inputs.js";
import { type ObjectType, PATHS_PER_CALL } from "../../../provider/vod/limits.js";
import type { RefreshQuota } from "../../../provider/vod/quota.js";

const urls = (count: number, below = "") =>
  Array.from({ length: count }, (_, index) => `https://vod.example.com/${below}${index}`);
const always = () => true;
const quota = (urlsLeft: number, directoriesLeft = 100): RefreshQuota => ({
  urls: { quota: 2000, remain: urlsLeft },
  directories: { quota: 100, remain: directoriesLeft },
});
const planned = (paths: string[], removed: Record<string, RequestKind> = {}): Plan => ({
  paths,
  removed: new Map(Object.entries(removed)),
  groups: [],
  total: paths.length,
  skipped: 0,
  letGo: 0,
  changedCoverage: [],
  unknown: 0,
  resumes: false,
});
const inputs = (changes: Partial<Inputs> = {}): Inputs => ({
  objectType: "File",
  force: false,
  refreshOnCreate: true,
  quota: { onExceeded: "fail" },
  ...changes,
});
const sizes = (paths: string[], type: ObjectType) =>
  splitIntoBatches(paths, type, false, always).map((batch) => batch.paths.length);

describe("calls", () => {
  test("carry 1,000 URLs each, so that a day's quota takes two", () => {
    expect(sizes(urls(2000), "File")).toEqual([1000, 1000]);
    expect(sizes(urls(2000), "IgnoreParams")).toEqual([1000, 1000]);
  });

  test("carry all directories of a day at once, but only one regular expression each", () => {
    expect(sizes(urls(100), "Directory")).toEqual([100]);
    expect(sizes(urls(3), "Regex")).toEqual([1, 1, 1]);
  });

  test("carry at most ten domains", () => {
    const paths = Array.from({ length: 12 }, (_, index) => `https://vod${index}.example.com/a`);
    expect(sizes(paths, "File")).toEqual([10, 2]);
    expect(sizes([...paths.slice(0, 10), ...urls(1)], "File")).toEqual([10, 1]);
  });

  test("of a domain that the program no longer names carry no other domain", () => {
    const paths = [
      "https://vod.example.com/a",
      "https://old.example.com/a",
      "https://old.example.com/b",
      "https://vod.example.com/b",
    ];
    const batches = splitIntoBatches(paths, "File", false, (domain) => domain === "vod.example.com");
    expect(batches.map((batch) => [batch.paths.length, batch.domainRemoved])).toEqual([
      [1, false],
      [2, true],
      [1, false],
    ]);
  });

  test("together carry every path once, in the order given and within the limits", () => {
    const path = fc.tuple(fc.nat(20), fc.nat()).map(([domain, file]) => `https://vod${domain}.example.com/${file}`);
    const type = fc.constantFrom<ObjectType>("File", "Regex", "Directory");
    fc.assert(
      fc.property(fc.array(path), type, fc.nat(20), (paths, objectType, removed) => {
        const batches = splitIntoBatches(paths, objectType, false, (domain) => domain !== `vod${removed}.example.com`);
        expect(batches.flatMap((batch) => batch.paths)).toEqual(paths);
        for (const batch of batches) expect(batch.paths.length).toBeLessThanOrEqual(PATHS_PER_CALL[objectType]);
      }),
    );
  });
});

describe("a path that is no longer named", () => {
  const directory = "https://vod.example.com/player/";
  const file: RequestKind = { objectType: "File", force: false };
  const withAnyQuery: RequestKind = { objectType: "IgnoreParams", force: false };

  test("is sent as what it was, after the named paths", () => {
    const [a, b] = ["https://vod.example.com/a", "https://vod.example.com/b?v=1"];
    const { batches, cost } = planBatches(
      planned([a, directory, b], { [a]: withAnyQuery, [b]: file }),
      inputs({ objectType: "Directory" }),
      always,
      quota(2000),
    );
    expect(batches.map(({ objectType, paths }) => [objectType, paths])).toEqual([
      ["Directory", [directory]],
      ["IgnoreParams", [a]],
      ["File", [b]],
    ]);
    expect(cost).toMatchObject({ urls: 2, directories: 1, preload: 0 });
  });

  test("is sent with the force that it had if it is a directory", () => {
    const plan = planned([...urls(1), directory], { [directory]: { objectType: "Directory", force: true } });
    expect(planBatches(plan, inputs(), always, quota(2000)).batches.map(({ paths, force }) => [paths, force])).toEqual([
      [urls(1), false],
      [[directory], true],
    ]);
  });

  test("is sent with the named paths if it has the same type, and the same force where that matters", () => {
    const calls = (removed: RequestKind, named: RequestKind) =>
      planBatches(planned(urls(2), { "https://vod.example.com/1": removed }), inputs(named), always, quota(2000))
        .batches;
    expect(calls(file, file)).toHaveLength(1);
    expect(calls(file, { ...file, force: true })).toHaveLength(1);
    expect(calls(withAnyQuery, withAnyQuery)).toHaveLength(1);
    for (const objectType of ["IgnoreParams", "Directory"] as const) {
      const [forced, unforced] = [true, false].map((force) => ({ objectType, force }));
      expect(calls(forced as RequestKind, unforced as RequestKind).map(({ force }) => force)).toEqual([false, true]);
    }
  });

  const two = planned([...urls(15), ...urls(15, "x/")], {
    ...Object.fromEntries(urls(15).map((path) => [path, file])),
    ...Object.fromEntries(urls(15, "x/").map((path) => [path, withAnyQuery])),
  });
  const beside = (more: Partial<Inputs>, left: RefreshQuota) =>
    planBatches(two, inputs({ objectType: "Directory", ...more }), always, left);

  test('gets the quota that the named paths leave; "fail" sends nothing if that is too little', () => {
    expect(beside({}, quota(20))).toMatchObject({ exceeded: true, cost: { urls: 30 } });
    expect(beside({}, quota(30))).toMatchObject({ exceeded: false, cost: { urls: 30 } });
  });
  test('stays pending if it doesn\'t fit and the policy is "partial"', () => {
    expect(beside({ quota: { onExceeded: "partial" } }, quota(20))).toMatchObject({
      exceeded: false,
      cost: { urls: 20 },
      deferred: urls(15, "x/").slice(5),
    });
  });
  const collapse = { quota: { onExceeded: "collapse" } } as const;
  test('can\'t have a directory of the quota that the named paths took, under "collapse"', () => {
    const apart = planned([...urls(15, "x/"), ...urls(15, "y/")], {
      ...Object.fromEntries(urls(15, "x/").map((path) => [path, file])),
      ...Object.fromEntries(urls(15, "y/").map((path) => [path, withAnyQuery])),
    });
    const plan = (left: RefreshQuota) =>
      planBatches(apart, inputs({ objectType: "Directory", ...collapse }), always, left);
    expect(plan(quota(2, 1))).toMatchObject({ exceeded: true });
    expect(plan(quota(2, 2))).toMatchObject({ cost: { directories: 2 } });
  });
  test("is left to a directory above it that is sent anyway, unless it needs force and the directory has none", () => {
    const { batches, ...rest } = beside(collapse, quota(2, 1));
    expect(rest).toMatchObject({ exceeded: false, collapsed: 30, cost: { urls: 0, directories: 1 } });
    expect(batches.map(({ paths }) => paths)).toEqual([["https://vod.example.com/"]]);
    expect(batches.flatMap(settledPaths)).toEqual(two.paths);
    const forced = { ...two, removed: new Map(two.removed) };
    for (const path of urls(15, "x/")) forced.removed.set(path, { objectType: "IgnoreParams", force: true });
    const plan = planBatches(forced, inputs({ objectType: "Directory", ...collapse }), always, quota(2, 2));
    expect(plan).toMatchObject({ cost: { urls: 0, directories: 2 } });
  });
  test("has the same directory as the named paths only once, with the force that it had", () => {
    const removed = Object.fromEntries(
      urls(30, "x/").map((path) => [path, { objectType: "IgnoreParams", force: true } as const]),
    );
    const named = urls(60, "x/").slice(30);
    const both = planned([...named, ...urls(30, "x/")], removed);
    const { batches, cost } = planBatches(
      both,
      inputs({ quota: { onExceeded: "fail", collapse: "always" } }),
      always,
      quota(2000),
    );
    expect(batches.map(({ paths, force }) => [paths, force])).toEqual([[["https://vod.example.com/x/"], true]]);
    expect(cost).toMatchObject({ urls: 0, directories: 1 });
    expect(batches.flatMap(settledPaths).toSorted()).toEqual(both.paths.toSorted());
  });
  test.each([
    [false, false],
    [false, true],
    [true, false],
  ])(
    "has a directory that is due itself in its place only once (force %j, for what is removed %j)",
    (force, forced) => {
      const below = urls(30, "x/");
      const removed = Object.fromEntries(
        below.map((path) => [path, { objectType: "IgnoreParams", force: forced } as const]),
      );
      const own = [urls(1, "x/")[0]?.replace(/[^/]*$/, "") ?? "", "https://vod.example.com/y/"];
      const both = planned([...own, ...below], removed);
      const given = inputs({ objectType: "Directory", force, quota: { onExceeded: "fail", collapse: "always" } });
      const { batches, cost, collapsed } = planBatches(both, given, always, quota(2000));
      const sent = batches.flatMap(({ paths, force: isForced }) => paths.map((path) => [path, isForced] as const));
      expect(new Map(sent)).toEqual(
        new Map([
          [own[0], force || forced],
          [own[1], force],
        ]),
      );
      expect(sent).toHaveLength(2);
      expect([cost.directories, collapsed]).toEqual([2, 30]);
      expect(findCollapsed(batches)).toEqual([own[0]]);
      expect(batches.flatMap(settledPaths).toSorted()).toEqual(both.paths.toSorted());
    },
  );
  test("is left to the same directory if it is one", () => {
    const plan = planned([...urls(30, "player/"), directory], {
      [directory]: { objectType: "Directory", force: false },
    });
    const { batches, collapsed } = planBatches(plan, inputs(collapse), always, quota(2));
    expect(batches.map(({ paths }) => paths)).toEqual([[directory]]);
    expect(collapsed).toBe(30);
    expect(batches.flatMap(settledPaths)).toEqual(plan.paths);
  });
});

describe("a plan that the day's quota can hold, or whose quota isn't known,", () => {
  test.each([
    ["just fits", quota(3)],
    ["isn't known", undefined],
  ])("is sent as it is if the quota %s", (_, left) => {
    const batchPlan = planBatches(planned(urls(3)), inputs(), always, left);
    expect(batchPlan).toMatchObject({ cost: { urls: 3, directories: 0 }, deferred: [], collapsed: 0, exceeded: false });
    expect(batchPlan.batches.map((batch) => [batch.paths, settledPaths(batch)])).toEqual([[urls(3), urls(3)]]);
  });

  test("counts its directories and patterns against the other quota", () => {
    for (const objectType of ["Directory", "Regex"] as const) {
      expect(planBatches(planned(urls(3)), inputs({ objectType }), always, quota(0, 3))).toMatchObject({
        exceeded: false,
      });
      expect(planBatches(planned(urls(3)), inputs({ objectType }), always, quota(2000, 2))).toMatchObject({
        exceeded: true,
      });
    }
  });
});

describe("a type with a quota of its own", () => {
  const own = (remain: number): RefreshQuota => ({ ...quota(0, 1), ignoreParams: { quota: 100, remain } });
  const withAnyQuery = (more: Partial<Inputs> = {}) => inputs({ objectType: "IgnoreParams", ...more });

  test("counts against that, and not against the URLs", () => {
    const { batches, cost, exceeded } = planBatches(planned(urls(3)), withAnyQuery(), always, own(3));
    expect({ cost, exceeded }).toMatchObject({ cost: { urls: 0, ignoreParams: 3 }, exceeded: false });
    expect(sumCost(batches)).toEqual(cost);
    expect(planBatches(planned(urls(3)), withAnyQuery(), always, own(2)).exceeded).toBe(true);
  });

  test("is collapsed if that can't hold it", () => {
    const more = { quota: { onExceeded: "collapse" as const } };
    const { cost, collapsed } = planBatches(planned(urls(30, "x/")), withAnyQuery(more), always, own(2));
    expect({ cost, collapsed }).toMatchObject({ cost: { directories: 1, ignoreParams: 0 }, collapsed: 30 });
  });

  test("leaves less of it to the next resource", () => {
    const { cost } = planBatches(planned(urls(3)), withAnyQuery(), always, own(5));
    expect(subtractCost(own(5), cost)).toEqual(own(2));
  });
});

describe("a plan that the day's quota can't hold", () => {
  test('is not sent under "fail"', () => {
    expect(planBatches(planned(urls(3)), inputs(), always, quota(2))).toMatchObject({ exceeded: true });
  });

  test('is sent as far as it fits under "partial", in order, and the rest is deferred', () => {
    const batchPlan = planBatches(planned(urls(3)), inputs({ quota: { onExceeded: "partial" } }), always, quota(2));
    expect(batchPlan).toMatchObject({ cost: { urls: 2 }, deferred: urls(3).slice(2), exceeded: false });
    expect(batchPlan.batches.flatMap(({ paths }) => paths)).toEqual(urls(2));
  });

  test('is sent with a directory for its URLs under "collapse"', () => {
    const plan = planned(urls(30, "player/"));
    const batchPlan = planBatches(plan, inputs({ quota: { onExceeded: "collapse" }, force: true }), always, quota(20));
    expect(batchPlan).toMatchObject({ cost: { urls: 0, directories: 1 }, collapsed: 30, exceeded: false });
    expect(batchPlan.batches).toEqual([
      {
        paths: ["https://vod.example.com/player/"],
        objectType: "Directory",
        force: true,
        covers: new Map([["https://vod.example.com/player/", plan.paths]]),
        domainRemoved: false,
      },
    ]);
  });

  test("is not collapsed if the URLs fit", () => {
    const batchPlan = planBatches(
      planned(urls(30, "player/")),
      inputs({ quota: { onExceeded: "collapse" } }),
      always,
      quota(30),
    );
    expect(batchPlan).toMatchObject({ cost: { urls: 30, directories: 0 }, collapsed: 0 });
  });

  test('is not sent under "collapse" if no directories fit either', () => {
    const batchPlan = planBatches(
      planned(urls(30)),
      inputs({ quota: { onExceeded: "collapse" } }),
      always,
      quota(20, 0),
    );
    expect(batchPlan).toMatchObject({ exceeded: true });
  });

  test("is not sent if the quota can't hold a single path", () => {
    const batchPlan = planBatches(planned(urls(2)), inputs({ quota: { onExceeded: "partial" } }), always, quota(0));
    expect(batchPlan).toMatchObject({ batches: [], deferred: urls(2), exceeded: false });
  });
});

test('collapse "always" collapses if that costs less of the day, and only then', () => {
  const collapsed = (count: number) =>
    planBatches(
      planned(urls(count)),
      inputs({ quota: { onExceeded: "fail", collapse: "always" } }),
      always,
      quota(2000),
    ).collapsed;
  expect(collapsed(21)).toBe(21);
  expect(collapsed(20)).toBe(0);
});

test('collapse "always" goes by the usual quota if what is left is not known', () => {
  expect(
    planBatches(planned(urls(21)), inputs({ quota: { onExceeded: "fail", collapse: "always" } }), always, undefined)
      .collapsed,
  ).toBe(21);
  expect(
    planBatches(planned(urls(21)), inputs({ quota: { onExceeded: "collapse" } }), always, undefined).collapsed,
  ).toBe(0);
});

test('collapse "never" uses no directory, whatever quota.onExceeded says', () => {
  const never = inputs({ quota: { collapse: "never", onExceeded: "collapse" } });
  expect(planBatches(planned(urls(30)), never, always, quota(10))).toMatchObject({ collapsed: 0, exceeded: true });
});

test("every path of a plan is settled by one call or deferred", () => {
  const path = fc
    .tuple(fc.nat(2), fc.nat(3), fc.nat(9))
    .map(([domain, directory, file]) => `https://vod${domain}.example.com/${directory}/${file}`);
  const policy = fc.constantFrom("fail" as const, "partial" as const, "collapse" as const);
  fc.assert(
    fc.property(
      fc.uniqueArray(path),
      policy,
      fc.nat(10),
      fc.nat(3),
      fc.boolean(),
      (paths, onExceeded, left, dirs, collapses) => {
        const news = inputs({ quota: { onExceeded, ...(collapses ? { collapse: "always" as const } : {}) } });
        const { batches, deferred, exceeded, cost } = planBatches(planned(paths), news, always, quota(left, dirs));
        fc.pre(!exceeded);
        expect([...batches.flatMap(settledPaths), ...deferred].sort()).toEqual([...paths].sort());
        expect(cost.urls).toBeLessThanOrEqual(left);
        expect(cost.directories).toBeLessThanOrEqual(dirs);
      },
    ),
  );
});
