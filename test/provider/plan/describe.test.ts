import { describe, expect, test } from "vitest";
import { NO_COST, planBatches } from "../../../provider/plan/batches.js";
import {
  describeExceeded,
  describeHeldBack,
  describeOutstanding,
  describePending,
  describePlan,
  describeRanOut,
  describeRecorded,
  describeRepeated,
  describeSubmitted,
  describeUnkeptReserve,
} from "../../../provider/plan/describe.js";
import { type Baseline, manifestFromInputs, markPending, planRefresh } from "../../../provider/plan/plan.js";
import { type Reserve, withoutReserve } from "../../../provider/plan/reserve.js";
import { getContent, type Inputs } from "../../../provider/schema/inputs.js";
import { formatLine } from "../../../provider/text/log.js";
import { listPaths } from "../../../provider/vod/paths.js";
import type { RefreshQuota } from "../../../provider/vod/quota.js";

const NOW = new Date("2026-11-23T07:19:00Z");
const COMMON = { objectType: "File", force: false, refreshOnCreate: true, quota: { onExceeded: "fail" } } as const;
const url = (name: string | number) => `https://vod.example.com/${name}`;
const urls = (count: number) => Array.from({ length: count }, (_, index) => url(`${index}.js`));
const quota = (urlsLeft: number): RefreshQuota => ({
  urls: { quota: 2000, remain: urlsLeft },
  directories: { quota: 100, remain: 100 },
});
const present = (inputs: Inputs) => manifestFromInputs(getContent(inputs) as Parameters<typeof manifestFromInputs>[0]);
const deployed = (inputs: Inputs, pending: string[] = []): Baseline => ({
  inputs,
  manifest: markPending(present(inputs), pending),
  removed: new Map(),
});
const contents = (hashes: Record<string, string>, more: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  contents: Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [url(name), hash])),
  ...more,
});
const byPaths = (more: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  paths: [url("a"), url("b")],
  contentHash: "v1",
  ...more,
});

function lines(old: Baseline | undefined, news: Inputs, left?: RefreshQuota): string[] {
  const plan = planRefresh(old, news, present(news));
  const current = present(news);
  const batchPlan = planBatches(plan, news, () => true, left);
  return describePlan({ plan, inputs: news, current }, batchPlan, left, NOW).map((line) => formatLine(line));
}

describe("a plan is described", () => {
  test("with what changed, what it costs, and what that leaves of the day", () => {
    const many = Object.fromEntries(Array.from({ length: 1204 }, (_, index) => [`${index}`, "1"]));
    const news = contents({ ...many, 1: "2", 2: "2", 3: "2" });
    expect(lines(deployed(contents(many)), news, quota(2000))).toEqual([
      "3 of 1,204 URLs changed: refresh 3 URLs in 1 call (leaves 1,997 of 2,000 URLs in today's quota)",
      "  https://vod.example.com/1, https://vod.example.com/2, https://vod.example.com/3",
    ]);
  });

  test("with all kinds of changes", () => {
    const old = deployed(contents({ left: "1", changed: "1", gone: "1" }), [url("left")]);
    expect(lines(old, contents({ left: "1", changed: "2", new: "1" }, { refreshNew: false }))).toEqual([
      "1 of 3 URLs pending from the last update, 1 changed, 1 removed (1 new URL skipped: refreshNew is false): refresh 3 URLs in 1 call",
      "  https://vod.example.com/left, https://vod.example.com/changed, https://vod.example.com/gone",
    ]);
  });

  test.each<[Baseline | undefined, Inputs, string[]]>([
    [
      undefined,
      byPaths(),
      ["initial deployment: refresh 2 URLs in 1 call", "  https://vod.example.com/a, https://vod.example.com/b"],
    ],
    [
      deployed(byPaths()),
      byPaths({ contentHash: "v2" }),
      ["contentHash changed: refresh 2 URLs in 1 call", "  https://vod.example.com/a, https://vod.example.com/b"],
    ],
    [
      deployed(byPaths({ paths: [url("a"), url("b")] }), [url("a")]),
      byPaths({ contentHash: "v2", paths: [url("a"), url("b"), url("c"), url("d")] }),
      [
        "1 of 4 URLs pending from the last update, contentHash changed for 1, 2 new: refresh 4 URLs in 1 call",
        `  ${["a", "b", "c", "d"].map(url).join(", ")}`,
      ],
    ],
    [
      deployed(byPaths()),
      byPaths({ contentHash: "v2", paths: [url("a"), url("c")] }),
      [
        "contentHash changed for 1 of 2 URLs, 1 new: refresh 2 URLs in 1 call",
        "  https://vod.example.com/a, https://vod.example.com/c",
      ],
    ],
    [
      deployed(byPaths()),
      byPaths({ paths: [url("a"), url("b"), url("c")] }),
      ["1 of 3 URLs new: refresh 1 URL in 1 call", "  https://vod.example.com/c"],
    ],
    [deployed(byPaths()), byPaths({ force: true }), []],
    [
      deployed(contents({ a: "1" })),
      contents({ a: "1", b: "1", c: "1" }, { refreshNew: false }),
      ["nothing to refresh (2 new URLs skipped: refreshNew is false)"],
    ],
    [
      deployed(contents({ a: "1", b: "1", c: "1" })),
      contents({ c: "1", d: "1" }, { refreshNew: false, refreshRemoved: false }),
      ["nothing to refresh (1 new URL skipped: refreshNew is false; 2 removed URLs skipped: refreshRemoved is false)"],
    ],
    [
      deployed(contents({ a: "1", b: "1" })),
      contents({ b: "1" }),
      ["1 URL removed: refresh 1 URL in 1 call", "  https://vod.example.com/a"],
    ],
    [undefined, contents({ a: "1" }), ["initial deployment: refresh 1 URL in 1 call", "  https://vod.example.com/a"]],
  ])("%#", (old, news, shown) => {
    expect(lines(old, news)).toEqual(shown);
  });

  describe("of a source whose coverage changed", () => {
    const source = (more: Partial<Inputs> = {}): Inputs => ({
      ...COMMON,
      source: { directory: "d", baseUrl: "https://vod.example.com/" },
      ...more,
    });
    const manifest = (...names: string[]) => new Map(names.map((name) => [url(name), "1"]));
    const shown = (current: Map<string, string>, was: string[], is: string[], more: Partial<Inputs> = {}) => {
      const coverage = {
        wasCovered: (path: string) => was.map(url).includes(path),
        isCovered: (path: string) => is.map(url).includes(path),
        by: ["include", "exclude"],
      };
      const old = { inputs: source(), manifest: manifest("a", "b"), removed: new Map() };
      const plan = planRefresh(old, source(more), current, coverage);
      const batchPlan = planBatches(plan, source(more), () => true, undefined);
      return describePlan({ plan, inputs: source(more), current }, batchPlan, undefined, NOW).map((line) =>
        formatLine(line),
      );
    };

    test("with what is newly covered and what is new", () => {
      expect(shown(manifest("a", "b", "c", "d"), ["a", "b", "d"], ["a", "b", "c", "d"])).toEqual([
        "1 of 4 files newly covered since include and exclude changed (1 new file skipped: no old copy to refresh): refresh 1 URL in 1 call",
        "  https://vod.example.com/c",
      ]);
    });
    test("with what is no longer covered, and how to let go of it", () => {
      expect(shown(manifest("a"), ["a", "b"], ["a"])).toEqual([
        "1 file no longer covered since include and exclude changed: refresh 1 URL in 1 call",
        "  https://vod.example.com/b",
        "  hint: URLs that the program no longer covers are treated as removed; if they stay online unchanged, set refreshRemoved to false to skip them",
      ]);
      expect(shown(manifest("a"), ["a", "b"], ["a"], { refreshRemoved: false })).toEqual([
        "nothing to refresh (1 removed file skipped: refreshRemoved is false)",
      ]);
    });
    test("with all of it if the base URL changed", () => {
      expect(shown(manifest("x/a", "x/b"), [], [])[0]).toBe(
        "2 of 2 files newly covered since include and exclude changed, 2 no longer covered: refresh 4 URLs in 1 call",
      );
    });
  });

  test("with an upper limit if a hash isn't known yet", () => {
    const news = contents({ a: "04da6b54-80e4-46f7-96ec-b56ff0331ba9", b: "1" });
    expect(lines(deployed(contents({ a: "1", b: "1" })), news)[0]).toBe(
      "up to 1 of 2 URLs changed: refresh up to 1 URL in 1 call",
    );
  });

  test("with the exact number if every path is due whatever its hash will be", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(lines(undefined, contents({ a: unknown, b: "1" }))[0]).toBe("initial deployment: refresh 2 URLs in 1 call");
    expect(lines(undefined, byPaths({ contentHash: unknown }))[0]).toBe("initial deployment: refresh 2 URLs in 1 call");
    expect(lines(deployed(byPaths()), contents({ a: unknown, b: "1" }))[0]).toBe(
      "switched from paths to contents: refresh 2 URLs in 1 call",
    );
  });

  test("with an upper limit if a contentHash isn't known yet", () => {
    const news = byPaths({ contentHash: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    expect(lines(deployed(byPaths()), news, quota(2000))).toEqual([
      "contentHash not known yet: refresh up to 2 URLs in 1 call (leaves at least 1,998 of 2,000 URLs in today's quota)",
      "  https://vod.example.com/a, https://vod.example.com/b",
    ]);
  });

  describe("with what might happen if hashes aren't known yet", () => {
    const hashes = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`x/${index}`, "1"]));
    const unknown = Object.fromEntries(
      Object.keys(hashes)
        .slice(0, 20)
        .map((name) => [name, "04da6b54-80e4-46f7-96ec-b56ff0331ba9"]),
    );
    const shown = (more: Partial<Inputs>) =>
      lines(deployed(contents(hashes)), contents({ ...hashes, ...unknown }, more), quota(10)).at(-1);

    test('under "fail"', () => {
      expect(shown({})).toBe(
        "warning: today's quota has 10 of 2,000 URLs left and up to 20 are due: the update might send nothing and fail",
      );
    });
    test('under "partial"', () => {
      const deferred = `${[10, 11, 12, 13, 14].map((index) => url(`x/${index}`)).join(", ")} and 5 more`;
      expect(shown({ quota: { onExceeded: "partial" } })).toBe(
        `warning: up to 10 URLs deferred to the next update (${deferred}): today's quota has room for 10 of up to 20 URLs; ` +
          "it resets at 2026-11-24 00:00 UTC+8 (in 8 h 41 min)",
      );
    });
    test('under "collapse"', () => {
      expect(shown({ quota: { onExceeded: "collapse" } })).toBe(
        "  up to 20 URLs collapsed into https://vod.example.com/x/, which holds 30 of 30 URLs; the edge revalidates everything below it with the origin; if fewer changed, they may be sent as URLs",
      );
    });
  });

  test("with what collapsing means", () => {
    const paths = urls(30).map((path) => path.replace("com/", "com/player/"));
    expect(lines(undefined, byPaths({ paths, quota: { onExceeded: "collapse" } }), quota(10))).toEqual([
      "initial deployment: refresh 1 directory in 1 call (leaves 99 of 100 directories in today's quota)",
      `  ${paths.slice(0, 5).join(", ")} and 25 more`,
      "  30 URLs collapsed into https://vod.example.com/player/; the edge revalidates everything below it with the origin",
    ]);
  });

  test("with what is deferred", () => {
    expect(lines(undefined, byPaths({ paths: urls(30), quota: { onExceeded: "partial" } }), quota(10))).toEqual([
      "initial deployment: refresh 10 URLs in 1 call (leaves 0 of 2,000 URLs in today's quota)",
      `  ${urls(5).join(", ")} and 5 more`,
      `warning: 20 URLs deferred to the next update (${urls(15).slice(10).join(", ")} and 15 more): today's quota has room for 10 of 30 URLs; ` +
        "it resets at 2026-11-24 00:00 UTC+8 (in 8 h 41 min)",
    ]);
  });

  test("in the singular if it has one path", () => {
    expect(lines(undefined, byPaths({ paths: urls(1) }), quota(0)).at(-1)).toBe(
      "warning: today's quota has 0 of 2,000 URLs left and 1 is due: the update would send nothing and fail",
    );
  });

  test("with what it means that the quota can't hold it", () => {
    expect(lines(undefined, byPaths({ paths: urls(30) }), quota(10))).toEqual([
      "initial deployment: refresh 30 URLs in 1 call",
      `  ${urls(5).join(", ")} and 25 more`,
      "warning: today's quota has 10 of 2,000 URLs left and 30 are due: the update would send nothing and fail",
    ]);
  });

  describe("with what it covers", () => {
    test.each<[Inputs["objectType"], string[], string]>([
      [
        "Directory",
        ["player/", "videos/"],
        "everything below https://vod.example.com/player/, https://vod.example.com/videos/",
      ],
      ["Regex", ["videos/.*[.]ts"], "every URL that matches https://vod.example.com/videos/.*[.]ts"],
      ["IgnoreParams", ["a", "b"], "with any query: https://vod.example.com/a, https://vod.example.com/b"],
    ])("by %s", (objectType, names, covered) => {
      expect(lines(undefined, byPaths({ objectType, paths: names.map(url) })).slice(1)).toEqual([`  ${covered}`]);
    });

    test("where directories stand for files", () => {
      const news: Inputs = {
        ...COMMON,
        source: { directory: "d", baseUrl: "https://vod.example.com/" },
        quota: { onExceeded: "collapse" },
        force: true,
      };
      const files = (dir: string, count: number) => Array.from({ length: count }, (_, index) => url(`${dir}/${index}`));
      const changed = files("player", 30);
      const current = new Map(
        [...changed, ...files("player/old", 400), ...files("news", 774)].map((path) => [path, "1"]),
      );
      const plan = planRefresh(
        { inputs: news, manifest: markPending(current, changed), removed: new Map() },
        news,
        current,
      );
      const batchPlan = planBatches(plan, news, () => true, quota(10));
      expect(describePlan({ plan, inputs: news, current }, batchPlan, quota(10), NOW).at(-1)?.text).toBe(
        "  30 URLs collapsed into https://vod.example.com/player/, which holds 430 of 1,204 files; " +
          "the edge fetches everything below it from the origin again",
      );
    });
  });

  test("without an end that onFailure rules out", () => {
    expect(lines(undefined, byPaths({ onFailure: "warn" }), quota(0)).at(-1)).toBe(
      "warning: today's quota has 0 of 2,000 URLs left and 2 are due: the update would send nothing",
    );
  });

  test("without calls if all of it is deferred", () => {
    expect(lines(undefined, byPaths({ quota: { onExceeded: "partial" } }), quota(0))).toEqual([
      "initial deployment: nothing can be sent today",
      "warning: 2 URLs deferred to the next update (https://vod.example.com/a, https://vod.example.com/b): " +
        "today's quota has room for 0 of 2 URLs; it resets at 2026-11-24 00:00 UTC+8 (in 8 h 41 min)",
    ]);
  });
});

test.each([
  [["a", "b"], ""],
  [[], ""],
  [["a"], "1 of 2 URLs is pending; the next update sends it."],
])("after a failure, what is pending is described if it is a part of the plan: %j", (names, sentence) => {
  const plan = planRefresh(undefined, byPaths(), present(byPaths()));
  expect(describePending(new Set(names.map(url)), plan, byPaths())).toBe(sentence);
});

test("what another resource sends as well is described", () => {
  expect(describeRepeated([url("a")], "other", "refresh").text).toBe(
    'hint: https://vod.example.com/a is also refreshed by "other", which uses quota twice; name it in one resource only',
  );
});

test("a preload that is held back is described with what to do", () => {
  const failure = { reason: "Origin Return StatusCode 404", at: "2026-11-23T07:00:00Z", hash: "1" };
  const held = new Map([[url("a"), failure]]);
  expect(describeHeldBack(held, byPaths({ objectType: "Preload" })).map((line) => formatLine(line))).toEqual([
    "warning: 1 URL is held back until 2026-11-24 07:00 UTC, because the origin refused it: https://vod.example.com/a " +
      "(Origin Return StatusCode 404). Publish what is missing, or remove it from `paths`.",
  ]);
});

test("a quota that runs out on the way is described with what is deferred", () => {
  const news = byPaths({ objectType: "Directory", paths: [url("x/")] });
  const plan = planRefresh(undefined, news, present(news));
  expect(describeRanOut(plan.paths, plan, news, NOW)).toBe(
    "1 directory deferred to the next update: today's quota ran out; it resets at 2026-11-24 00:00 UTC+8 (in 8 h 41 min)",
  );
});

test.each<[Inputs, string]>([
  [
    byPaths(),
    "2 URLs recorded, not refreshed: refreshOnCreate is false; if this resource replaces another, set refreshOnCreate to true for this update, " +
      "or what changed in between stays stale",
  ],
  [
    contents({ a: "1" }, { objectType: "Preload" }),
    "1 URL recorded, not preloaded: preloadOnCreate is false; if this resource replaces another, set preloadOnCreate to true for this update, " +
      "or what changed in between isn't preloaded",
  ],
])("a creation that sends nothing is described with what to do if it is a replacement", (inputs, line) => {
  const news = { ...inputs, refreshOnCreate: false };
  expect(formatLine(describeRecorded(planRefresh(undefined, news, present(news)), news))).toBe(line);
});

describe("what a pattern or a URL with any query costs", () => {
  const own = { regex: { quota: 20, remain: 20 }, ignoreParams: { quota: 100, remain: 3 } };
  const first = (news: Inputs, left: RefreshQuota) => lines(undefined, news, left)[0];

  test("is only assumed where the service doesn't say, so that no figure is given", () => {
    expect(first(byPaths({ objectType: "IgnoreParams" }), quota(2000))).toBe(
      "initial deployment: refresh 2 URLs with any query in 1 call (counted as URLs, since the service doesn't say otherwise)",
    );
    expect(first(byPaths({ objectType: "Regex" }), quota(2000))).toBe(
      "initial deployment: refresh 2 patterns in 2 calls (counted as directories, since the service doesn't say otherwise)",
    );
  });

  test("is an exact figure where it does", () => {
    expect(first(byPaths({ objectType: "IgnoreParams" }), { ...quota(2000), ...own })).toBe(
      "initial deployment: refresh 2 URLs with any query in 1 call (leaves 1 of 100 URLs with any query in today's quota)",
    );
    expect(first(byPaths({ objectType: "Regex" }), { ...quota(2000), ...own })).toBe(
      "initial deployment: refresh 2 patterns in 2 calls (leaves 18 of 20 patterns in today's quota)",
    );
  });

  test("stands beside the figures of other types", () => {
    const old = deployed(byPaths({ paths: [url("x/")], objectType: "Directory" }));
    const news = contents({ a: "1" }, { objectType: "IgnoreParams" });
    expect(lines(old, news, quota(10))).toEqual([
      "switched from paths to contents, 1 URL, 1 removed: refresh 1 URL with any query and 1 directory in 2 calls " +
        "(leaves 99 of 100 directories in today's quota; the rest is counted as URLs, since the service doesn't say otherwise)",
      "  with any query: https://vod.example.com/a",
      "  everything below https://vod.example.com/x/",
    ]);
  });

  test("is said to be assumed where it is too much", () => {
    const news = byPaths({ objectType: "IgnoreParams", paths: urls(3) });
    expect(lines(undefined, news, quota(2)).at(-1)).toBe(
      "warning: today's quota has 2 of 2,000 URLs left and 3 are due (counted as URLs, since the service doesn't say otherwise): the update would send nothing and fail",
    );
    const told = { cost: { ...NO_COST, ignoreParams: 4 } };
    expect(describeExceeded(told, news, NEITHER, { ...quota(2), ...own }, NOW)).toEqual({
      happened: "Today's quota has 3 of 100 URLs with any query left and 4 are due; nothing was sent.",
      remedy: expect.stringContaining('set quota.onExceeded to "partial" or "collapse".'),
    });
  });
});

test.each([
  ["no longer covered", ", or refreshRemoved to false to send nothing for what is no longer covered."],
  ["changed", 'or set quota.onExceeded to "partial" or "collapse".'],
] as const)("where a day can't hold what is %s, the remedy ends so", (reason, end) => {
  const groups = [{ reason, count: 1900 }];
  const cost = { ...NO_COST, urls: 1900 };
  expect(describeExceeded({ cost }, contents({ a: "1" }), { groups }, quota(10), NOW).remedy.endsWith(end)).toBe(true);
});

test("the first five paths are listed, without their queries", () => {
  expect(listPaths([url("a?auth_key=5ec2e7")])).toBe("https://vod.example.com/a?…");
  expect(listPaths(urls(7))).toBe(`${urls(5).join(", ")} and 2 more`);
});

test("secret paths are counted and not named", () => {
  expect(listPaths(urls(7), true)).toBe("[secret] (7 paths)");
  expect(describeOutstanding(urls(7), true).map((line) => formatLine(line))).toEqual([
    "waiting for 7 paths of the last update: [secret]",
  ]);
  const described = (news: Inputs, left?: RefreshQuota) => {
    const current = present(news);
    const plan = planRefresh(undefined, news, current);
    const batchPlan = planBatches(plan, news, () => true, left);
    return describePlan({ plan, inputs: news, current }, batchPlan, left, NOW, true)
      .map((line) => formatLine(line))
      .join("\n");
  };
  const hashes = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`dir/${index}`, "1"]));
  expect(described(contents(hashes))).toBe("initial deployment: refresh 30 URLs in 1 call\n  [secret] (30 paths)");
  const collapsing = contents(hashes, { quota: { onExceeded: "fail", collapse: "always" } });
  const collapsed = described(collapsing, quota(2000));
  expect(collapsed).toContain("30 URLs collapsed into [secret] (1 directory), which holds 30 of 30 URLs; the edge");
  expect(collapsed).not.toContain("example.com");
});

test("paths that were removed are not counted as part of the total", () => {
  const old = deployed(contents({ a: "1", b: "1", c: "1" }));
  expect(lines(old, byPaths({ paths: [url("x/")], objectType: "Directory" }))[0]).toBe(
    "switched from contents to paths, 3 removed: refresh 1 directory and 3 URLs in 2 calls",
  );
});

test("what the last update left open is described, if anything", () => {
  expect(describeOutstanding([])).toEqual([]);
  expect(describeOutstanding(urls(7)).map((line) => formatLine(line))).toEqual([
    `waiting for 7 paths of the last update: ${urls(5).join(", ")} and 2 more`,
  ]);
});

test("a run is described by what was sent and its tasks, each once", () => {
  const batch = { objectType: "File" as const, force: false, domainRemoved: false };
  expect(
    describeSubmitted(
      [
        { ...batch, paths: urls(2) },
        { ...batch, objectType: "Directory", paths: [url("x/")] },
      ],
      ["1,2", "2,3"],
    ),
  ).toBe("refresh submitted: 2 URLs and 1 directory in 2 calls (tasks 1, 2, 3)");
});

const NEITHER = { groups: [] };

describe("a quota that can't hold the plan is described with what to do", () => {
  const news = (more: Partial<Inputs>) => byPaths({ paths: urls(30), ...more });
  const told = (more: Partial<Inputs>) =>
    describeExceeded({ cost: { ...NO_COST, urls: 30 } }, news(more), NEITHER, quota(10), NOW);

  test('under "fail"', () => {
    expect(told({})).toEqual({
      happened: "Today's quota has 10 of 2,000 URLs left and 30 are due; nothing was sent.",
      remedy:
        "Run `pulumi up` again after the quota resets at 2026-11-24 00:00 UTC+8 (in 8 h 41 min), or set " +
        'quota.onExceeded to "partial" or "collapse".',
    });
  });
  test("naming only the quota that is too small", () => {
    const batchPlan = { cost: { ...NO_COST, urls: 12, directories: 101 } };
    expect(describeExceeded(batchPlan, news({}), NEITHER, quota(1000), NOW).happened).toBe(
      "Today's quota has 100 of 100 directories left and 101 are due; nothing was sent.",
    );
  });

  test('under "collapse"', () => {
    expect(told({ quota: { onExceeded: "collapse" } })).toEqual({
      happened:
        "Today's quota has 10 of 2,000 URLs left and 30 are due, and too few directories are left to collapse them; nothing was sent.",
      remedy:
        "Run `pulumi up` again after the quota resets at 2026-11-24 00:00 UTC+8 (in 8 h 41 min), or set " +
        'quota.onExceeded to "partial".',
    });
  });

  test("naming only the policies that could help", () => {
    expect(told({ quota: { onExceeded: "fail", collapse: "never" } }).remedy).toMatch(
      /or set quota\.onExceeded to "partial"\.$/,
    );
    expect(told({ objectType: "Preload" }).remedy).toMatch(/or set quota\.onExceeded to "partial"\.$/);
  });

  describe("without waiting if no day can hold the plan", () => {
    const created = { groups: [{ reason: "initial deployment" as const, count: 2500 }] };
    const toldOf = (more: Partial<Inputs>, plan: Parameters<typeof describeExceeded>[2] = NEITHER) =>
      describeExceeded({ cost: { ...NO_COST, urls: 2500 } }, news(more), plan, quota(2000), NOW).remedy;

    test("for a change", () => {
      expect(toldOf({})).toBe('This exceeds a full day\'s quota: set quota.onExceeded to "partial" or "collapse".');
    });
    test("for a creation, which may also just record the content", () => {
      expect(toldOf({}, created)).toBe(
        'This exceeds a full day\'s quota: set quota.onExceeded to "partial" or "collapse", or refreshOnCreate to false to record the content and send nothing.',
      );
      expect(toldOf({ objectType: "Preload" }, created)).toMatch(/or preloadOnCreate to false/);
    });
    test("unless another day may have the directories", () => {
      expect(toldOf({ quota: { onExceeded: "collapse" } })).toMatch(
        /^Run `pulumi up` again after the quota resets at /,
      );
    });
  });
});

describe("a reserve", () => {
  const reserve = { urls: { count: 200, setting: "reserve.urls" } };
  const configured = { urls: { count: 200, setting: "alicloud-vod:reserveUrls" } };
  const planWith = (news: Inputs, left: RefreshQuota) => {
    const current = present(news);
    const plan = planRefresh(undefined, news, current);
    return {
      plan,
      inputs: news,
      current,
      batchPlan: planBatches(plan, news, () => true, withoutReserve(left, reserve)),
    };
  };
  const many = (count: number, more: Partial<Inputs> = {}) =>
    contents(Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, "1"])), more);
  const lines = (news: Inputs, left: RefreshQuota, kept: Reserve = reserve) => {
    const { batchPlan, ...planned } = planWith(news, left);
    return describePlan({ ...planned, reserve: kept }, batchPlan, left, NOW).map((line) => line.text);
  };
  const error = (news: Inputs, left: RefreshQuota, kept: Reserve = reserve) => {
    const { batchPlan, plan } = planWith(news, left);
    return describeExceeded(batchPlan, news, plan, left, NOW, kept);
  };

  test("is told with what is left above it", () => {
    expect(lines(many(3), quota(2000))[0]).toContain(
      "(leaves 1,997 of 2,000 URLs in today's quota, 1,797 of them above the reserve)",
    );
  });

  test("keeps an update from sending, and the error says how to use it in an emergency", () => {
    expect(error(many(60), quota(250))).toEqual({
      happened: "Today's quota has 250 of 2,000 URLs left, 200 of them reserved, and 60 are due; nothing was sent.",
      remedy: expect.stringMatching(/ In an emergency, set reserve\.urls to 0 for one update\.$/),
    });
    expect(error(many(60), quota(250), configured).remedy).toMatch(
      / In an emergency, run `pulumi config set alicloud-vod:reserveUrls 0` for one update\.$/,
    );
    expect(error(many(60), quota(150)).happened).toContain(
      "150 of 2,000 URLs left, all of them reserved, and 60 are due",
    );
  });

  test("is no way out where the day has too little without it", () => {
    expect(error(many(60), quota(50)).remedy).not.toContain("emergency");
  });

  test("counts where a whole day can't hold what is due", () => {
    expect(error(many(1900), quota(2000)).remedy).toMatch(/^This exceeds a full day's quota less the reserve: /);
  });

  test("is named where something is deferred because of it", () => {
    const partial = { quota: { onExceeded: "partial" } } as const;
    expect(lines(many(60, partial), quota(240)).at(-1)).toMatch(
      /has room for 40 of 60 URLs above the reserve; it resets at .*; in an emergency, set reserve\.urls to 0 for one update$/,
    );
    expect(lines(many(60, partial), quota(240), {}).at(-1)).not.toContain("reserve");
  });

  test("can't be kept to where nobody knows what is left", () => {
    expect(describeUnkeptReserve({ cost: { ...NO_COST, urls: 3 } }, reserve).map(({ text }) => text)).toEqual([
      "the reserve of 200 URLs can't be kept to, since the remaining quota is not known",
    ]);
    expect(describeUnkeptReserve({ cost: { ...NO_COST, directories: 3 } }, reserve)).toEqual([]);
  });
});
