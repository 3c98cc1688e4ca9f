/** The lines of a plan: every reason, every kind of call, every state of the quota. */
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
import { describeTornPlaylists } from "../../../provider/plan/playlists.js";
import { type Reserve, withoutReserve } from "../../../provider/plan/reserve.js";
import { getContent, type Inputs } from "../../../provider/schema/inputs.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import { formatLine, type Line } from "../../../provider/text/log.js";
import type { RefreshQuota } from "../../../provider/vod/quota.js";
import type { Section } from "./page.js";

const NOW = new Date("2026-11-24T07:19:00Z");
const COMMON = { objectType: "File", force: false, refreshOnCreate: true, quota: { onExceeded: "fail" } } as const;
const url = (name: string | number) => `https://vod.example.com/${name}`;

const byPaths = (more: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  paths: [url("a.js"), url("b.js")],
  contentHash: "v1",
  ...more,
});
const contents = (hashes: Record<string, string>, more: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  contents: Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [url(name), hash])),
  ...more,
});
const many = (count: number, hash: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`player/${index}.js`, hash]));
const preload = (more: Partial<Inputs> = {}): Inputs =>
  contents({ "a.js": "1", "b.js": "1" }, { objectType: "Preload", refreshNew: true, ...more });

/** A directory of one domain, and a URL of another. */
const onTwoDomains = (hash: string): Inputs => ({
  ...COMMON,
  objectType: "IgnoreParams",
  contents: { ...contents(many(60, hash)).contents, "https://img.example.com/a.js": hash },
});

/** A source with these files, whose hashes a scan found. */
const sourceOf = (files: Record<string, string>): Inputs & { found: Map<string, string> } => ({
  ...COMMON,
  source: { directory: "./dist", baseUrl: url("") },
  files: {},
  found: new Map(Object.entries(files).map(([name, hash]) => [url(name), hash])),
});

const left = (urls: number, more: Partial<RefreshQuota> = {}): RefreshQuota => ({
  urls: { quota: 2_000, remain: urls },
  directories: { quota: 100, remain: 100 },
  preload: { quota: 500, remain: urls },
  ...more,
});

const present = (inputs: Inputs) =>
  "found" in inputs
    ? (inputs.found as Map<string, string>)
    : manifestFromInputs(getContent(inputs) as Parameters<typeof manifestFromInputs>[0]);
const deployed = (inputs: Inputs, pending: string[] = []): Baseline => ({
  inputs,
  manifest: markPending(present(inputs), pending),
  removed: new Map(),
});

function plan(
  old: Inputs | Baseline | undefined,
  news: Inputs,
  quota?: RefreshQuota,
  coverage?: Parameters<typeof planRefresh>[3],
) {
  const baseline = old === undefined || "manifest" in old ? old : deployed(old);
  const current = present(news);
  const made = planRefresh(baseline, news, current, coverage);
  return { plan: made, inputs: news, current, batchPlan: planBatches(made, news, () => true, quota) };
}

function preview(...planned: Parameters<typeof plan>): string[] {
  const { batchPlan, ...made } = plan(...planned);
  return [show(describePlan(made, batchPlan, planned[2], NOW)).join("\n")];
}

function previewAbove(reserve: Reserve, old: Inputs, news: Inputs, quota: RefreshQuota): string[] {
  const { plan: made, inputs, current } = plan(old, news);
  const batchPlan = planBatches(made, inputs, () => true, withoutReserve(quota, reserve));
  return [show(describePlan({ plan: made, inputs, current, reserve }, batchPlan, quota, NOW)).join("\n")];
}

const show = (lines: readonly Line[]) => lines.map((line) => formatLine(line));

/** A source that covered everything, and covers nothing but scripts by now. */
const COVERAGE = {
  wasCovered: (path: string) => !path.endsWith("new.css"),
  isCovered: (path: string) => path.endsWith(".js") || path.endsWith("new.css"),
  by: ["include"],
};

export function previewSection(): Section {
  const old = contents({ "a.js": "1", "b.js": "1", "c.js": "1" });
  const changed = contents({ "a.js": "2", "b.js": "2", "c.js": "1" });
  const [wide, wideChanged] = [contents(many(60, "1")), contents(many(60, "2"))];
  const failure = new Map([
    [url("b.js"), { reason: "Origin Return StatusCode 404", at: NOW.toISOString(), hash: "1" }],
  ]);
  const exceeded = (
    news: Inputs,
    quota: RefreshQuota,
    before: Inputs | undefined = undefined,
    coverage?: Parameters<typeof planRefresh>[3],
    reserve?: Reserve,
  ) => {
    const { batchPlan, inputs, plan: made } = plan(before, news, quota, coverage);
    const { happened, remedy } = describeExceeded(batchPlan, inputs, made, quota, NOW, reserve);
    return `${happened} ${remedy} (code QuotaExceeded.Refresh)`;
  };
  const urls = { count: 10, setting: "reserve.urls" };
  const reserve: Reserve = { urls };
  const collapsing: Inputs = { ...wideChanged, quota: { onExceeded: "partial", collapse: "always" } };
  const refresh = { objectType: "File", taskIds: [], status: "Complete" } as Inputs["refresh"];
  const several = plan(undefined, byPaths());
  return {
    title: "A plan, in a preview and an update",
    intro:
      "These lines stand beside the resource, in a preview and again in the update if something is different by then. The first one says " +
      "what changed, what that sends, and what that leaves of the day's quota; the next ones name the first few paths.",
    groups: [
      {
        title: "What changed, and what is sent",
        messages: [
          ...preview(undefined, byPaths()),
          ...preview(byPaths(), byPaths({ contentHash: "v2" })),
          ...preview(byPaths(), byPaths({ contentHash: "v2", paths: [url("a.js"), url("c.js")] })),
          ...preview(byPaths(), byPaths({ contentHash: UNKNOWN })),
          ...preview(deployed(old, [url("a.js")]), contents({ "a.js": "1", "b.js": "2", "d.js": "1" })),
          ...preview(old, contents({ "a.js": UNKNOWN, "b.js": "1", "c.js": "1" }), left(2_000)),
          ...preview(byPaths(), old),
          ...preview(byPaths(), byPaths({ objectType: "IgnoreParams" }), left(2_000)),
          ...preview(byPaths(), byPaths({ triggers: ["v1"] })),
          ...preview({ ...old, triggers: ["v1"] }, { ...old, triggers: ["v2"] }, left(2_000)),
          ...preview({ ...old, triggers: ["v1"] }, { ...changed, triggers: [UNKNOWN] }, left(2_000)),
          ...preview(byPaths({ triggers: ["v1"] }), byPaths({ triggers: UNKNOWN })),
          ...preview(undefined, byPaths({ objectType: "Directory", paths: [url("player/")] }), left(2_000)),
          ...preview(undefined, byPaths({ objectType: "Regex", paths: [url("player/.*")] }), left(2_000)),
          ...preview(
            undefined,
            byPaths({ objectType: "Regex", paths: [url("player/.*")] }),
            left(2_000, { regex: { quota: 20, remain: 20 } }),
          ),
          ...preview(old, changed, left(2_000)),
          ...preview(old, contents({ "a.js": "1", "new.css": "1" }), left(2_000), COVERAGE),
          ...preview(contents({ "a.js": "1", "old.css": "1" }), contents({ "a.js": "1" }), left(2_000), COVERAGE),
        ],
      },
      {
        title: "Preloads",
        messages: [
          ...preview(undefined, preload(), left(500)),
          ...preview(preload(), preload({ area: "overseas" }), left(500)),
          ...preview(preload(), preload({ l2Preload: true }), left(500)),
          ...preview(undefined, preload({ refresh }), left(500)),
          ...preview(
            preload({ refresh }),
            preload({ refresh: { ...refresh, objectType: "IgnoreParams" } as Inputs["refresh"] }),
            left(500),
          ),
        ],
      },
      {
        title: "Nothing is sent",
        note: "Where nothing is due and nothing was skipped, there is no line.",
        messages: [
          ...preview(sourceOf({ "a.js": "1" }), sourceOf({ "a.js": "1", "b.js": "1" })),
          ...preview(old, contents({ "a.js": "1", "b.js": "1", "c.js": "1", "d.js": "1" }, { refreshNew: false })),
          ...preview(old, contents({ "a.js": "1" }, { refreshRemoved: false })),
          ...show([
            describeRecorded(
              plan(undefined, contents({ "a.js": "1" }, { refreshOnCreate: false })).plan,
              contents({ "a.js": "1" }),
            ),
          ]),
          ...show([describeRecorded(plan(undefined, preload({ refreshOnCreate: false })).plan, preload())]),
        ],
      },
      {
        title: "Directories in place of URLs",
        messages: [
          ...preview(
            onTwoDomains("1"),
            { ...onTwoDomains("2"), quota: { onExceeded: "fail", collapse: "always" } },
            left(2_000),
          ),
          ...preview(wide, { ...wideChanged, quota: { onExceeded: "fail", collapse: "always" } }, left(2_000)),
          ...preview(wide, { ...wideChanged, force: true, quota: { onExceeded: "collapse" } }, left(10)),
          ...preview(
            wide,
            { ...contents(many(60, UNKNOWN)), quota: { onExceeded: "fail", collapse: "always" } },
            left(2_000),
          ),
        ],
      },
      {
        title: "The day's quota can't hold all of it",
        messages: [
          ...preview(old, changed, left(1)),
          ...preview(old, contents({ "a.js": UNKNOWN, "b.js": UNKNOWN }), left(0)),
          ...preview(old, { ...changed, quota: { onExceeded: "partial" } }, left(1)),
          ...preview(old, { ...changed, quota: { onExceeded: "partial" } }, left(0)),
          ...preview(undefined, byPaths({ objectType: "IgnoreParams" }), left(1)),
          exceeded(changed, left(1), old),
          exceeded(
            { ...wideChanged, quota: { onExceeded: "collapse" } },
            left(1, { directories: { quota: 100, remain: 0 } }),
            wide,
          ),
          exceeded(contents({ "b.js": "1" }), left(1, { urls: { quota: 2, remain: 1 } }), old),
          exceeded(contents(many(3, "1")), left(1, { urls: { quota: 2, remain: 1 } })),
          exceeded(contents({ "a.js": "2" }), left(0), contents({ "a.js": "1", "old.css": "1" }), COVERAGE),
          exceeded(preload(), left(1)),
          describeRanOut([url("b.js")], several.plan, several.inputs, NOW),
        ],
      },
      {
        title: "A playlist without its segments",
        messages: [describeTornPlaylists([url("videos/main.m3u8")], [url("videos/1.ts"), url("videos/2.ts")])],
      },
      {
        title: "A reserve",
        messages: [
          ...previewAbove(reserve, old, changed, left(2_000)),
          ...previewAbove(
            { urls, directories: { count: 5, setting: "reserve.directories" } },
            wide,
            collapsing,
            left(25),
          ),
          ...previewAbove(reserve, old, changed, left(11)),
          ...previewAbove(reserve, old, { ...changed, quota: { onExceeded: "partial" } }, left(11)),
          exceeded(changed, left(11), old, undefined, reserve),
          exceeded(changed, left(4), old, undefined, { urls: { count: 10, setting: "alicloud-vod:reserveUrls" } }),
          exceeded(contents(many(1_995, "1")), left(2_000), undefined, undefined, reserve),
          ...show(describeUnkeptReserve({ cost: { ...NO_COST, urls: 3, directories: 1 } }, reserve)),
        ],
      },
      {
        title: "Beside the plan",
        messages: [
          ...show([
            describeRepeated([url("a.js")], "player", "refresh"),
            describeRepeated([url("a.js"), url("b.js")], "player", "preload"),
          ]),
          ...show(describeOutstanding([url("a.js")])),
          ...show(describeHeldBack(failure, preload())),
          ...show(describeHeldBack(failure, byPaths({ objectType: "Preload" }))),
          ...show(
            describeHeldBack(failure, {
              ...COMMON,
              source: { directory: "dist", baseUrl: url("") },
              objectType: "Preload",
            } as Inputs),
          ),
        ],
      },
      {
        title: "After the calls",
        note: "`submitted` says that the service accepted the calls. The edge follows within minutes; only `wait` tells when.",
        messages: [
          describeSubmitted(several.batchPlan.batches, ["70422756"]),
          describeSubmitted(plan(undefined, preload()).batchPlan.batches, ["70422756,70422757"]),
          describePending(new Set([url("b.js")]), several.plan, several.inputs),
        ],
      },
    ],
  };
}
