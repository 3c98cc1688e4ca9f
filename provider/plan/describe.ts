/** A plan and what became of it in words: the lines that a preview and an update show. */

import { type CallType, contentOf, type Inputs } from "../schema/inputs.js";
import { shownPath } from "../vod/paths.js";
import { describeNextDay, type RefreshQuota } from "../vod/quota.js";
import { type Allotment, type Batch, type Cost, NO_COST, type QuotaName } from "./batches.js";
import type { Group, Plan } from "./plan.js";

/** How many paths a line names. */
const NAMED = 5;

const NOUNS: Readonly<Record<CallType, string>> = {
  File: "URL refresh",
  IgnoreParams: "URL refresh (any query)",
  Directory: "directory refresh",
  Regex: "pattern refresh",
  Preload: "URL preload",
};

const QUOTA_NOUNS: Readonly<Record<QuotaName, string>> = {
  urls: "URLs",
  directories: "directories",
  preload: "preloads",
};

/** What a call does, in a word. */
export function deedOf(type: CallType): "refresh" | "preload" {
  return type === "Preload" ? "preload" : "refresh";
}

/** A whole number for people: 1,204. Node takes 9 ms to do it for the first time by a locale. */
export function number(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A number of things in words: "1 call", "2 calls". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/**
 * The plan in a few lines: what changed of how much, what it costs and leaves, the first few paths by name; and, where the
 * day's quota can't hold it, what that means.
 */
export function describePlan(
  plan: Plan,
  inputs: Inputs,
  allotment: Allotment,
  quota: RefreshQuota | undefined,
  now: Date,
): string[] {
  if (plan.paths.length === 0) return [`nothing to ${deedOf(inputs.objectType)}${skipped(plan, inputs)}`];
  const upTo = plan.unknown > 0 ? "up to " : "";
  const cost = `${upTo}${costOf(allotment)}${allotment.exceeded ? "" : leaves(allotment, quota)}, ${counted(allotment.batches.length, "call")}${inputs.after === undefined ? "" : ", once the refresh has ended"}`;
  const isByPaths = contentOf(inputs).mode === "paths";
  const lines = [`${isByPaths ? "" : upTo}${changes(plan, inputs)}: ${cost}`];
  if (!isByPaths || plan.paths.length < plan.total) lines.push(`  ${named(plan.paths)}`);
  if (allotment.collapsed > 0) {
    const directories = allotment.batches.filter(({ objectType }) => objectType === "Directory");
    lines.push(
      `  ${upTo}${counted(allotment.collapsed, "URL")} collapsed into ${named(directories.flatMap(({ paths }) => paths))}` +
        `${upTo && " (fewer may go by themselves)"}; the edge asks the origin again for everything below`,
    );
  }
  if (allotment.exceeded && quota !== undefined) {
    const left = describeLeft(allotment, quota, upTo);
    lines.push(
      `warning: the day's quota has ${left}, so that an update ${upTo ? "might" : "would"} send nothing and fail`,
    );
  }
  if (allotment.later.length > 0) {
    const paths = counted(allotment.later.length, "path stays", "paths stay");
    lines.push(
      `warning: ${upTo}${paths} pending, since the day's quota holds ` +
        `${number(plan.paths.length - allotment.later.length)} of ${upTo}${number(plan.paths.length)}; it starts anew at ${describeNextDay(now)}`,
    );
  }
  return lines;
}

/** What the last update left open. */
export function describeOpen(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  return [`waits for the tasks of the last update, ${counted(paths.length, "path")}: ${named(paths)}`];
}

/** What happened, as the service accepted it. */
export function describeRun(accepted: readonly Batch[], refreshTaskIds: readonly string[]): string {
  const done = accepted[0]?.objectType === "Preload" ? "preloading" : "refreshed";
  return `${done}: ${costOf({ batches: accepted })} in ${counted(accepted.length, "call")}, task ${refreshTaskIds.join(", ")}`;
}

/** That the day's quota ran out while a plan was sent. */
export function describeRanOut(pending: readonly string[], now: Date): string {
  return `warning: the day's quota ran out, so that ${counted(pending.length, "path stays", "paths stay")} pending; it starts anew at ${describeNextDay(now)}`;
}

/** Why nothing may be sent where the day's quota can't hold the plan, and what to do. */
export function describeExceeded(
  allotment: Pick<Allotment, "cost">,
  inputs: Inputs,
  plan: Pick<Plan, "groups">,
  quota: RefreshQuota,
  now: Date,
) {
  const cover = inputs.onQuotaExceeded === "collapse" ? ", and no directories fit either" : "";
  const happened = `The day's quota has ${describeLeft(allotment, quota)}${cover}; nothing was sent.`;
  const policies = policiesFor(allotment.cost, inputs);
  // What a whole day can't hold, no other day will; but another may have the directories to collapse it into.
  const isTooMuch = QUOTAS.some((kind) => {
    const isHopeless = kind !== "urls" || inputs.onQuotaExceeded !== "collapse";
    return isHopeless && allotment.cost[kind] > (quota[kind]?.quota ?? Number.POSITIVE_INFINITY);
  });
  if (!isTooMuch) {
    const start = describeNextDay(now);
    return {
      happened,
      remedy: `Run \`pulumi up\` again after ${start}, when the quota starts anew, or set onQuotaExceeded to ${policies}.`,
    };
  }
  const onCreate = inputs.objectType === "Preload" ? "preloadOnCreate" : "refreshOnCreate";
  const isCreated = plan.groups.some(({ reason }) => reason === "created");
  const recorded = isCreated ? `, or ${onCreate} to false, which records the content and sends nothing` : "";
  return { happened, remedy: `No day can hold that: set onQuotaExceeded to ${policies}${recorded}.` };
}

/** The other policies that could send something of what the day can't hold. */
function policiesFor(cost: Cost, { objectType, onQuotaExceeded, collapse }: Inputs): string {
  const mayCollapse = onQuotaExceeded === "fail" && objectType !== "Preload" && collapse !== "never" && cost.urls > 0;
  return mayCollapse ? '"partial" or "collapse"' : '"partial"';
}

const QUOTAS = Object.keys(NO_COST) as QuotaName[];

/** What is left of that of which too little is left, and how much of it is due. */
function describeLeft({ cost }: Pick<Allotment, "cost">, quota: RefreshQuota, upTo = ""): string {
  const parts = QUOTAS.flatMap((kind) => {
    const left = quota[kind];
    if (left === undefined || cost[kind] <= left.remain) return [];
    const due = `${upTo}${number(cost[kind])} ${cost[kind] === 1 ? "is" : "are"} due`;
    return [`${number(left.remain)} of ${number(left.quota)} ${QUOTA_NOUNS[kind]} left, and ${due}`];
  });
  return parts.join("; ");
}

/** The first few paths by name. */
export function named(paths: readonly string[]): string {
  const more = paths.length > NAMED ? ` and ${number(paths.length - NAMED)} more` : "";
  return `${paths.slice(0, NAMED).map(shownPath).join(", ")}${more}`;
}

/** The reasons for which everything is due. */
const WHOLE: readonly Group["reason"][] = [
  "created",
  "area or headers changed",
  "given in another way",
  "objectType changed",
  "refreshed as another type",
];

/** What changed, such as "3 of 1,204 files changed, 1 vanished" or "contentHash changed". */
function changes(plan: Plan, inputs: Inputs): string {
  const { mode } = contentOf(inputs);
  const nouns = (count: number) => nounOf(inputs) + (count === 1 ? "" : "s");
  const [first, ...rest] = plan.groups;
  if (first === undefined) return "";
  if (mode === "paths") return plan.groups.map(({ reason, count }) => partOf(reason, count, plan)).join(", ");
  const of = first.reason === "vanished" ? "" : ` of ${number(plan.total)}`;
  const noun = nouns(of === "" ? first.count : plan.total);
  const start = WHOLE.includes(first.reason)
    ? `${first.reason}, ${number(first.count)} ${noun}`
    : `${number(first.count)}${of} ${noun} ${first.reason}`;
  return [start, ...rest.map(({ reason, count }) => `${number(count)} ${reason}`)].join(", ") + skipped(plan, inputs);
}

/** What a manifest counts: with an index document, a file may have two URLs. */
function nounOf({ source }: Inputs): string {
  return source !== undefined && source.indexDocument === undefined ? "file" : "URL";
}

function partOf(reason: Group["reason"], count: number, plan: Plan): string {
  if (count === plan.total) return reason;
  // What is no longer named isn't of those that are.
  return count > plan.total || reason === "vanished"
    ? `${number(count)} ${reason}`
    : `${reason}, ${number(count)} of ${number(plan.total)}`;
}

function skipped({ skipped: count }: Plan, inputs: Inputs): string {
  if (count === 0) return "";
  return ` (${counted(count, `new ${nounOf(inputs)}`)} skipped: no cache can hold ${count === 1 ? "it" : "them"})`;
}

function costOf({ batches }: Pick<Allotment, "batches">): string {
  const counts = new Map<CallType, number>();
  for (const { objectType, paths } of batches) counts.set(objectType, (counts.get(objectType) ?? 0) + paths.length);
  const parts = [...counts].map(([type, count]) =>
    counted(count, NOUNS[type], NOUNS[type].replace("refresh", "refreshes").replace(/preload$/, "preloads")),
  );
  return parts.join(" and ") || "nothing";
}

/** What is left of the day's quota once this was sent. */
function leaves({ cost }: Allotment, quota: RefreshQuota | undefined): string {
  if (quota === undefined) return "";
  const kinds = QUOTAS.filter((kind) => cost[kind] > 0);
  const left = kinds.flatMap((kind) => {
    const day = quota[kind];
    if (day === undefined) return [];
    const noun = kinds.length > 1 ? ` ${QUOTA_NOUNS[kind]}` : "";
    return [`${number(Math.max(0, day.remain - cost[kind]))} of ${number(day.quota)}${noun}`];
  });
  return left.length === 0 ? "" : ` (${left.join(" and ")} left today)`;
}
