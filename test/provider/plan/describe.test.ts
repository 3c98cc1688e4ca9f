import { describe, expect, test } from "vitest";
import { NO_COST, planBatches } from "../../../provider/plan/batches.js";
import {
  describeExceeded,
  describeOutstanding,
  describePlan,
  describeRecorded,
  describeSubmitted,
} from "../../../provider/plan/describe.js";
import { type Baseline, manifestFromInputs, markPending, planRefresh } from "../../../provider/plan/plan.js";
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
  return describePlan(
    plan,
    news,
    planBatches(plan, news, () => true, left),
    left,
    NOW,
  ).map((line) => formatLine(line));
}

describe("a plan is described", () => {
  test("with what changed, what it costs, and what that leaves of the day", () => {
    const many = Object.fromEntries(Array.from({ length: 1204 }, (_, index) => [`${index}`, "1"]));
    const news = contents({ ...many, 1: "2", 2: "2", 3: "2" });
    expect(lines(deployed(contents(many)), news, quota(2000))).toEqual([
      "3 of 1,204 URLs changed: 3 URL refreshes (1,997 of 2,000 left today), 1 call",
      "  https://vod.example.com/1, https://vod.example.com/2, https://vod.example.com/3",
    ]);
  });

  test("with all kinds of changes", () => {
    const old = deployed(contents({ left: "1", changed: "1", gone: "1" }), [url("left")]);
    expect(lines(old, contents({ left: "1", changed: "2", new: "1" }, { refreshNew: false }))).toEqual([
      "1 of 3 URLs left from the last run, 1 changed, 1 vanished (1 new URL skipped: refreshNew is false): 3 URL refreshes, 1 call",
      "  https://vod.example.com/left, https://vod.example.com/changed, https://vod.example.com/gone",
    ]);
  });

  test.each<[Baseline | undefined, Inputs, string[]]>([
    [undefined, byPaths(), ["created: 2 URL refreshes, 1 call"]],
    [deployed(byPaths()), byPaths({ contentHash: "v2" }), ["contentHash changed: 2 URL refreshes, 1 call"]],
    [
      deployed(byPaths()),
      byPaths({ paths: [url("a"), url("b"), url("c")] }),
      ["new path, 1 of 3: 1 URL refresh, 1 call", "  https://vod.example.com/c"],
    ],
    [deployed(byPaths()), byPaths({ force: true }), ["nothing to refresh"]],
    [
      deployed(contents({ a: "1" })),
      contents({ a: "1", b: "1", c: "1" }, { refreshNew: false }),
      ["nothing to refresh (2 new URLs skipped: refreshNew is false)"],
    ],
    [
      deployed(contents({ a: "1", b: "1", c: "1" })),
      contents({ c: "1", d: "1" }, { refreshNew: false, refreshRemoved: false }),
      ["nothing to refresh (1 new URL skipped: refreshNew is false; 2 removed URLs let go: refreshRemoved is false)"],
    ],
    [
      deployed(contents({ a: "1", b: "1" })),
      contents({ b: "1" }),
      ["1 URL vanished: 1 URL refresh, 1 call", "  https://vod.example.com/a"],
    ],
    [undefined, contents({ a: "1" }), ["created, 1 URL: 1 URL refresh, 1 call", "  https://vod.example.com/a"]],
    [undefined, byPaths({ objectType: "Regex" }), ["created: 2 pattern refreshes, 2 calls"]],
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
      };
      const old = { inputs: source(), manifest: manifest("a", "b"), removed: new Map() };
      const plan = planRefresh(old, source(more), current, coverage);
      return describePlan(
        plan,
        source(more),
        planBatches(plan, source(more), () => true, undefined),
        undefined,
        NOW,
      ).map((line) => formatLine(line));
    };

    test("with what is newly covered and what is new", () => {
      expect(shown(manifest("a", "b", "c", "d"), ["a", "b", "d"], ["a", "b", "c", "d"])).toEqual([
        "1 of 4 files newly covered (1 new file skipped: it wasn't there at the last update): 1 URL refresh, 1 call",
        "  https://vod.example.com/c",
      ]);
    });
    test("with what is no longer covered, and how to let go of it", () => {
      expect(shown(manifest("a"), ["a", "b"], ["a"])).toEqual([
        "1 file no longer covered: 1 URL refresh, 1 call",
        "  https://vod.example.com/b",
        "  hint: if what is no longer covered stays online as it is, refreshRemoved: false lets go of it without a call",
      ]);
      expect(shown(manifest("a"), ["a", "b"], ["a"], { refreshRemoved: false })).toEqual([
        "nothing to refresh (1 removed file let go: refreshRemoved is false)",
      ]);
    });
    test("with all of it if the base URL changed", () => {
      expect(shown(manifest("x/a", "x/b"), [], [])[0]).toBe(
        "2 of 2 files newly covered, 2 no longer covered: 4 URL refreshes, 1 call",
      );
    });
  });

  test("with an upper limit if a hash isn't known yet", () => {
    const news = contents({ a: "04da6b54-80e4-46f7-96ec-b56ff0331ba9", b: "1" });
    expect(lines(deployed(contents({ a: "1", b: "1" })), news)[0]).toBe(
      "up to 1 of 2 URLs changed: up to 1 URL refresh, 1 call",
    );
  });

  test("with the exact number if every path is due whatever its hash will be", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(lines(undefined, contents({ a: unknown, b: "1" }))[0]).toBe("created, 2 URLs: 2 URL refreshes, 1 call");
    expect(lines(undefined, byPaths({ contentHash: unknown }))[0]).toBe("created: 2 URL refreshes, 1 call");
    expect(lines(deployed(byPaths()), contents({ a: unknown, b: "1" }))[0]).toBe(
      "given in another way, 2 URLs: 2 URL refreshes, 1 call",
    );
  });

  test("with an upper limit if a contentHash isn't known yet", () => {
    const news = byPaths({ contentHash: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    expect(lines(deployed(byPaths()), news, quota(2000))).toEqual([
      "contentHash not known yet: up to 2 URL refreshes (1,998 of 2,000 left today), 1 call",
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
        "warning: the day's quota has 10 of 2,000 URLs left, and up to 20 are due, so that an update might send nothing and fail",
      );
    });
    test('under "partial"', () => {
      expect(shown({ quota: { onExceeded: "partial" } })).toBe(
        "warning: up to 10 paths stay pending, since the day's quota holds 10 of up to 20; it starts anew at 2026-11-24 00:00 UTC+8 (in 8 h 41 min)",
      );
    });
    test('under "collapse"', () => {
      expect(shown({ quota: { onExceeded: "collapse" } })).toBe(
        "  up to 20 URLs collapsed into https://vod.example.com/x/ (fewer may go by themselves); the edge asks the origin again for everything below",
      );
    });
  });

  test("with what collapsing means", () => {
    const paths = urls(30).map((path) => path.replace("com/", "com/player/"));
    expect(lines(undefined, byPaths({ paths, quota: { onExceeded: "collapse" } }), quota(10))).toEqual([
      "created: 1 directory refresh (99 of 100 left today), 1 call",
      "  30 URLs collapsed into https://vod.example.com/player/; the edge asks the origin again for everything below",
    ]);
  });

  test("with what stays pending", () => {
    expect(lines(undefined, byPaths({ paths: urls(30), quota: { onExceeded: "partial" } }), quota(10))).toEqual([
      "created: 10 URL refreshes (0 of 2,000 left today), 1 call",
      "warning: 20 paths stay pending, since the day's quota holds 10 of 30; it starts anew at 2026-11-24 00:00 UTC+8 (in 8 h 41 min)",
    ]);
  });

  test("in the singular if it has one path", () => {
    expect(lines(undefined, byPaths({ paths: urls(1) }), quota(0))[1]).toBe(
      "warning: the day's quota has 0 of 2,000 URLs left, and 1 is due, so that an update would send nothing and fail",
    );
  });

  test("with what it means that the quota can't hold it", () => {
    expect(lines(undefined, byPaths({ paths: urls(30) }), quota(10))).toEqual([
      "created: 30 URL refreshes, 1 call",
      "warning: the day's quota has 10 of 2,000 URLs left, and 30 are due, so that an update would send nothing and fail",
    ]);
  });
});

test.each<[Inputs, string]>([
  [
    byPaths(),
    "nothing to refresh: refreshOnCreate is false, so that 2 paths are only recorded; if this replaces a resource, set it to " +
      "true for this update, or what changed since stays stale",
  ],
  [
    contents({ a: "1" }, { objectType: "Preload" }),
    "nothing to preload: preloadOnCreate is false, so that 1 URL is only recorded; if this replaces a resource, set it to " +
      "true for this update, or what changed since isn't preloaded",
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
      "created: 2 URL refreshes (any query) (counted as URLs; the service doesn't say), 1 call",
    );
    expect(first(byPaths({ objectType: "Regex" }), quota(2000))).toBe(
      "created: 2 pattern refreshes (counted as directories; the service doesn't say), 2 calls",
    );
  });

  test("is an exact figure where it does", () => {
    expect(first(byPaths({ objectType: "IgnoreParams" }), { ...quota(2000), ...own })).toBe(
      "created: 2 URL refreshes (any query) (1 of 100 left today), 1 call",
    );
    expect(first(byPaths({ objectType: "Regex" }), { ...quota(2000), ...own })).toBe(
      "created: 2 pattern refreshes (18 of 20 left today), 2 calls",
    );
  });

  test("stands beside the figures of other types", () => {
    const old = deployed(byPaths({ paths: [url("x/")], objectType: "Directory" }));
    const { removed, ...plan } = planRefresh(
      old,
      contents({ a: "1" }, { objectType: "IgnoreParams" }),
      new Map([[url("a"), "1"]]),
    );
    const news = contents({ a: "1" }, { objectType: "IgnoreParams" });
    const batchPlan = planBatches({ removed, ...plan }, news, () => true, quota(10));
    expect(describePlan({ removed, ...plan }, news, batchPlan, quota(10), NOW)[0]?.text).toBe(
      "given in another way, 1 URL, 1 vanished: 1 URL refresh (any query) and 1 directory refresh (99 of 100 directories left today; the rest counted as URLs; the service doesn't say), 2 calls",
    );
  });

  test("is said to be assumed where it is too much", () => {
    const news = byPaths({ objectType: "IgnoreParams", paths: urls(3) });
    expect(lines(undefined, news, quota(2))[1]).toBe(
      "warning: the day's quota has 2 of 2,000 URLs left, and 3 are due (counted as URLs; the service doesn't say), so that an update would send nothing and fail",
    );
    const told = { cost: { ...NO_COST, ignoreParams: 4 } };
    expect(describeExceeded(told, news, NEITHER, { ...quota(2), ...own }, NOW)).toEqual({
      happened: "The day's quota has 3 of 100 URLs with any query left, and 4 are due; nothing was sent.",
      remedy: expect.stringContaining('set quota.onExceeded to "partial" or "collapse".'),
    });
  });
});

test("the first five paths are listed, without their queries", () => {
  expect(listPaths([url("a?auth_key=5ec2e7")])).toBe("https://vod.example.com/a?…");
  expect(listPaths(urls(7))).toBe(`${urls(5).join(", ")} and 2 more`);
});

test("secret paths are counted and not named", () => {
  expect(listPaths(urls(7), true)).toBe("[secret] (7 paths)");
  expect(describeOutstanding(urls(7), true).map((line) => formatLine(line))).toEqual([
    "waits for the tasks of the last update, 7 paths: [secret]",
  ]);
  const described = (news: Inputs, left?: RefreshQuota) => {
    const plan = planRefresh(undefined, news, present(news));
    const batchPlan = planBatches(plan, news, () => true, left);
    return describePlan(plan, news, batchPlan, left, NOW, true)
      .map((line) => formatLine(line))
      .join("\n");
  };
  const hashes = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`dir/${index}`, "1"]));
  expect(described(contents(hashes))).toBe("created, 30 URLs: 30 URL refreshes, 1 call\n  [secret] (30 paths)");
  const collapsing = contents(hashes, { quota: { onExceeded: "fail", collapse: "always" } });
  const collapsed = described(collapsing, quota(2000));
  expect(collapsed).toContain("30 URLs collapsed into [secret] (1 directory); the edge asks");
  expect(collapsed).not.toContain("example.com");
});

test("paths that were removed are not counted as part of the total", () => {
  const old = deployed(contents({ a: "1", b: "1", c: "1" }));
  expect(lines(old, byPaths({ paths: [url("x/")], objectType: "Directory" }))[0]).toBe(
    "given in another way, 3 vanished: 1 directory refresh and 3 URL refreshes, 2 calls",
  );
});

test("what the last update left open is described, if anything", () => {
  expect(describeOutstanding([])).toEqual([]);
  expect(describeOutstanding(urls(7)).map((line) => formatLine(line))).toEqual([
    `waits for the tasks of the last update, 7 paths: ${urls(5).join(", ")} and 2 more`,
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
  ).toBe("refreshed: 2 URL refreshes and 1 directory refresh in 2 calls, task 1, 2, 3");
});

const NEITHER = { groups: [] };

describe("a quota that can't hold the plan is described with what to do", () => {
  const news = (more: Partial<Inputs>) => byPaths({ paths: urls(30), ...more });
  const told = (more: Partial<Inputs>) =>
    describeExceeded({ cost: { ...NO_COST, urls: 30 } }, news(more), NEITHER, quota(10), NOW);

  test('under "fail"', () => {
    expect(told({})).toEqual({
      happened: "The day's quota has 10 of 2,000 URLs left, and 30 are due; nothing was sent.",
      remedy:
        "Run `pulumi up` again after 2026-11-24 00:00 UTC+8 (in 8 h 41 min), when the quota starts anew, or set " +
        'quota.onExceeded to "partial" or "collapse".',
    });
  });
  test("naming only the quota that is too small", () => {
    const batchPlan = { cost: { ...NO_COST, urls: 12, directories: 101 } };
    expect(describeExceeded(batchPlan, news({}), NEITHER, quota(1000), NOW).happened).toBe(
      "The day's quota has 100 of 100 directories left, and 101 are due; nothing was sent.",
    );
  });

  test('under "collapse"', () => {
    expect(told({ quota: { onExceeded: "collapse" } })).toEqual({
      happened:
        "The day's quota has 10 of 2,000 URLs left, and 30 are due, and no directories fit either; nothing was sent.",
      remedy:
        "Run `pulumi up` again after 2026-11-24 00:00 UTC+8 (in 8 h 41 min), when the quota starts anew, or set " +
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
    const created = { groups: [{ reason: "created" as const, count: 2500 }] };
    const toldOf = (more: Partial<Inputs>, plan: Parameters<typeof describeExceeded>[2] = NEITHER) =>
      describeExceeded({ cost: { ...NO_COST, urls: 2500 } }, news(more), plan, quota(2000), NOW).remedy;

    test("for a change", () => {
      expect(toldOf({})).toBe('No day can hold that: set quota.onExceeded to "partial" or "collapse".');
    });
    test("for a creation, which may also just record the content", () => {
      expect(toldOf({}, created)).toBe(
        'No day can hold that: set quota.onExceeded to "partial" or "collapse", or refreshOnCreate to false, which records the content and sends nothing.',
      );
      expect(toldOf({ objectType: "Preload" }, created)).toMatch(/or preloadOnCreate to false/);
    });
    test("unless another day may have the directories", () => {
      expect(toldOf({ quota: { onExceeded: "collapse" } })).toMatch(/^Run `pulumi up` again after /);
    });
  });
});
