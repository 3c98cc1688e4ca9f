/** Describes a plan, and what became of it, in the lines that a preview and an update show. */

import {
  type CallType,
  getOperation,
  getQuotaName,
  holdsUrls,
  isPreload,
  isQuotaAssumed,
  OPERATION_WORDS,
  type Operation,
  type QuotaName,
} from "../schema/call-types.js";
import { getContent, type Inputs } from "../schema/inputs.js";
import { info, type Line, warning } from "../text/log.js";
import { HIDDEN } from "../text/show.js";
import { formatNumber, pluralize } from "../vod/format.js";
import { listFailures, listPaths } from "../vod/paths.js";
import { describeNextDay, type RefreshQuota } from "../vod/quota.js";
import { type Batch, type BatchPlan, type Cost, QUOTAS } from "./batches.js";
import { nextTry, type PreloadFailure } from "./held-back.js";
import type { Group, Plan } from "./plan.js";

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
  regex: "patterns",
  ignoreParams: "URLs with any query",
};

/**
 * Describes a plan in a few lines: what changed of how much, what that costs and leaves of the day's quota, and the
 * first few paths; if the quota can't hold the plan, also what that means.
 *
 * @param areSecret whether no path may be named.
 */
export function describePlan(
  plan: Plan,
  inputs: Inputs,
  batchPlan: BatchPlan,
  quota: RefreshQuota | undefined,
  now: Date,
  areSecret = false,
): Line[] {
  if (plan.paths.length === 0)
    return [info(`nothing to ${getOperation(inputs.objectType)}${describeLeftOut(plan, inputs)}`)];
  const upTo = plan.unknown > 0 ? "up to " : "";
  const cost = `${upTo}${describeCost(batchPlan)}${batchPlan.exceeded ? "" : describeRemaining(batchPlan, quota)}, ${pluralize(batchPlan.batches.length, "call")}${inputs.refresh === undefined ? "" : ", once the refresh has ended"}`;
  const isByPaths = getContent(inputs).mode === "paths";
  const lines = [info(`${isByPaths ? "" : upTo}${describeChanges(plan, inputs)}: ${cost}`)];
  if (!isByPaths || plan.paths.length < plan.total) lines.push(info(`  ${listPaths(plan.paths, areSecret)}`));
  if (hasReason(plan, "no longer covered")) {
    lines.push(
      info(
        "  hint: if what is no longer covered stays online as it is, refreshRemoved: false lets go of it without a call",
      ),
    );
  }
  if (batchPlan.collapsed > 0) {
    const covers = batchPlan.batches.filter(({ objectType }) => objectType === "Directory");
    const directories = covers.flatMap(({ paths }) => paths);
    lines.push(
      info(
        `  ${upTo}${pluralize(batchPlan.collapsed, "URL")} collapsed into ${areSecret ? `${HIDDEN} (${pluralize(directories.length, "directory", "directories")})` : listPaths(directories)}` +
          `${upTo && " (fewer may go by themselves)"}; the edge asks the origin again for everything below`,
      ),
    );
  }
  if (batchPlan.exceeded && quota !== undefined) {
    const left = describeShortage(batchPlan, quota, inputs, upTo);
    lines.push(
      warning(`the day's quota has ${left}, so that an update ${upTo ? "might" : "would"} send nothing and fail`),
    );
  }
  if (batchPlan.deferred.length > 0) {
    const paths = pluralize(batchPlan.deferred.length, "path stays", "paths stay");
    lines.push(
      warning(
        `${upTo}${paths} pending, since the day's quota holds ` +
          `${formatNumber(plan.paths.length - batchPlan.deferred.length)} of ${upTo}${formatNumber(plan.paths.length)}; it starts anew at ${describeNextDay(now)}`,
      ),
    );
  }
  return lines;
}

function hasReason({ groups }: Pick<Plan, "groups">, reason: Group["reason"]): boolean {
  return groups.some((group) => group.reason === reason);
}

/**
 * Describes the creation of a resource that sends nothing. Nobody can tell it from a replacement, after which the edge
 * may hold what was there before.
 */
export function describeRecorded({ total }: Plan, inputs: Inputs): Line {
  const operation = getOperation(inputs.objectType);
  const { onCreate } = OPERATION_WORDS[operation];
  const noun = getContent(inputs).mode === "paths" ? "path" : chooseNoun(inputs);
  const missed = operation === "preload" ? "isn't preloaded" : "stays stale";
  return info(
    `nothing to ${operation}: ${onCreate} is false, so that ${pluralize(total, noun)} ${total === 1 ? "is" : "are"} only recorded; ` +
      `if this replaces a resource, set it to true for this update, or what changed since ${missed}`,
  );
}

/** Describes what the last update left open. */
export function describeOutstanding(paths: readonly string[], areSecret = false): Line[] {
  if (paths.length === 0) return [];
  const named = areSecret ? HIDDEN : listPaths(paths);
  return [info(`waits for the tasks of the last update, ${pluralize(paths.length, "path")}: ${named}`)];
}

/** Describes what another resource sends in the same run as well. */
export function describeRepeated(
  paths: readonly string[],
  other: string,
  operation: Operation,
  areSecret = false,
): Line {
  const [is, them] = paths.length === 1 ? ["is", "it"] : ["are", "them"];
  const done = OPERATION_WORDS[operation].done.toLowerCase();
  return info(
    `hint: ${listPaths(paths, areSecret)} ${is} ${done} by "${other}" in this run as well, at a cost of its own; name ${them} in one resource`,
  );
}

/** Describes the preloads that failed less than a day ago, and what to do about them. */
export function describeHeldBack(held: ReadonlyMap<string, PreloadFailure>, inputs: Inputs, areSecret = false): Line[] {
  if (held.size === 0) return [];
  const named = listFailures(
    Array.from(held, ([path, { reason }]) => ({ path, description: reason })),
    areSecret,
  );
  const again = nextTry(held.values()).toISOString().slice(0, 16).replace("T", " ");
  return [
    warning(
      `${pluralize(held.size, "URL isn't preloaded", "URLs aren't preloaded")}, since the origin refused ` +
        `${held.size === 1 ? "it" : "them"}: ${named}; the next try is after ${again} UTC. Publish what is missing, or ` +
        `${describeOmission(inputs)}.`,
    ),
  ];
}

/** How a program leaves a URL out, as the end of a sentence. */
export function describeOmission(inputs: Pick<Inputs, "source" | "contents">): string {
  if (inputs.source !== undefined) return "leave it out with `exclude`";
  return `take it out of \`${inputs.contents === undefined ? "paths" : "contents"}\``;
}

/** Describes what the service accepted. */
export function describeSubmitted(accepted: readonly Batch[], refreshTaskIds: readonly string[]): string {
  // The service merges calls of one second into one task.
  const taskIds = new Set(refreshTaskIds.flatMap((joined) => joined.split(",")));
  const done = OPERATION_WORDS[getOperation(accepted[0]?.objectType ?? "File")].accepted;
  return `${done}: ${describeCost({ batches: accepted })} in ${pluralize(accepted.length, "call")}, task ${[...taskIds].join(", ")}`;
}

/** Describes that the day's quota ran out while a plan was sent. */
export function describeRanOut(pending: readonly string[], now: Date): string {
  return `the day's quota ran out, so that ${pluralize(pending.length, "path stays", "paths stay")} pending; it starts anew at ${describeNextDay(now)}`;
}

/** Describes that nothing may be sent, since the day's quota can't hold the plan, and what to do. */
export function describeExceeded(
  batchPlan: Pick<BatchPlan, "cost">,
  inputs: Inputs,
  plan: Pick<Plan, "groups">,
  quota: RefreshQuota,
  now: Date,
) {
  const cover = inputs.quota.onExceeded === "collapse" ? ", and no directories fit either" : "";
  const happened = `The day's quota has ${describeShortage(batchPlan, quota, inputs)}${cover}; nothing was sent.`;
  const letsGo = hasReason(plan, "no longer covered")
    ? `, or refreshRemoved to false, which lets go of what is no longer covered`
    : "";
  const policies = describePolicies(batchPlan.cost, inputs) + letsGo;
  // No other day holds what a whole day can't hold, but it may have the directories to collapse it into.
  const isTooMuch = QUOTAS.some((kind) => {
    const isHopeless = !holdsUrls(kind) || inputs.quota.onExceeded !== "collapse";
    return isHopeless && batchPlan.cost[kind] > (quota[kind]?.quota ?? Number.POSITIVE_INFINITY);
  });
  if (!isTooMuch) {
    const start = describeNextDay(now);
    return {
      happened,
      remedy: `Run \`pulumi up\` again after ${start}, when the quota starts anew, or set quota.onExceeded to ${policies}.`,
    };
  }
  const { onCreate } = OPERATION_WORDS[getOperation(inputs.objectType)];
  const recorded = hasReason(plan, "created")
    ? `, or ${onCreate} to false, which records the content and sends nothing`
    : "";
  return { happened, remedy: `No day can hold that: set quota.onExceeded to ${policies}${recorded}.` };
}

/** Lists the other policies that could send some of what the day can't hold. */
function describePolicies(cost: Cost, { objectType, quota: { onExceeded, collapse } }: Inputs): string {
  const hasUrls = QUOTAS.some((kind) => holdsUrls(kind) && cost[kind] > 0);
  const mayCollapse = onExceeded === "fail" && !isPreload(objectType) && collapse !== "never" && hasUrls;
  return mayCollapse ? '"partial" or "collapse"' : '"partial"';
}

/** Describes the quotas that are too small: what is left of each, and how much is due. */
function describeShortage(
  { cost }: Pick<BatchPlan, "cost">,
  quota: RefreshQuota,
  { objectType }: Inputs,
  upTo = "",
): string {
  const assumed = isQuotaAssumed(objectType, quota) ? getQuotaName(objectType) : undefined;
  const parts = QUOTAS.flatMap((kind) => {
    const left = quota[kind];
    if (left === undefined || cost[kind] <= left.remain) return [];
    const due = `${upTo}${formatNumber(cost[kind])} ${cost[kind] === 1 ? "is" : "are"} due`;
    return [
      `${formatNumber(left.remain)} of ${formatNumber(left.quota)} ${QUOTA_NOUNS[kind]} left, and ${due}${kind === assumed ? ` (${describeAssumed([kind])})` : ""}`,
    ];
  });
  return parts.join("; ");
}

/** The reasons that make every path due. */
const WHOLE: readonly Group["reason"][] = [
  "created",
  "area or headers changed",
  "l2Preload switched on",
  "given in another way",
  "objectType changed",
  "refreshed as another type",
];

/** The reasons of paths that aren't part of the total. */
const REMOVED: readonly Group["reason"][] = ["vanished", "no longer covered"];

/** Describes what changed, such as "3 of 1,204 files changed, 1 vanished" or "contentHash changed". */
function describeChanges(plan: Plan, inputs: Inputs): string {
  const { mode } = getContent(inputs);
  const nouns = (count: number) => chooseNoun(inputs) + (count === 1 ? "" : "s");
  const [first, ...rest] = plan.groups;
  if (first === undefined) return "";
  if (mode === "paths") return plan.groups.map(({ reason, count }) => describePart(reason, count, plan)).join(", ");
  const of = REMOVED.includes(first.reason) ? "" : ` of ${formatNumber(plan.total)}`;
  const noun = nouns(of === "" ? first.count : plan.total);
  const start = WHOLE.includes(first.reason)
    ? `${first.reason}, ${formatNumber(first.count)} ${noun}`
    : `${formatNumber(first.count)}${of} ${noun} ${first.reason}`;
  return (
    [start, ...rest.map(({ reason, count }) => `${formatNumber(count)} ${reason}`)].join(", ") +
    describeLeftOut(plan, inputs)
  );
}

/** What a manifest counts: files, unless an index document gives a file two URLs. */
function chooseNoun({ source }: Inputs): string {
  return source !== undefined && source.indexDocument === undefined ? "file" : "URL";
}

function describePart(reason: Group["reason"], count: number, plan: Plan): string {
  if (count === plan.total) return reason;
  // Removed paths are not part of the total.
  return count > plan.total || REMOVED.includes(reason)
    ? `${formatNumber(count)} ${reason}`
    : `${reason}, ${formatNumber(count)} of ${formatNumber(plan.total)}`;
}

/** Describes what came or went and isn't sent. */
function describeLeftOut({ skipped, letGo }: Plan, inputs: Inputs): string {
  const noun = chooseNoun(inputs);
  const why =
    inputs.source === undefined
      ? "refreshNew is false"
      : `${skipped === 1 ? "it wasn't" : "they weren't"} there at the last update`;
  const parts = [
    ...(skipped === 0 ? [] : [`${pluralize(skipped, `new ${noun}`)} skipped: ${why}`]),
    ...(letGo === 0 ? [] : [`${pluralize(letGo, `removed ${noun}`)} let go: refreshRemoved is false`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

function describeCost({ batches }: Pick<BatchPlan, "batches">): string {
  const counts = new Map<CallType, number>();
  for (const { objectType, paths } of batches) counts.set(objectType, (counts.get(objectType) ?? 0) + paths.length);
  const parts = [...counts].map(([type, count]) =>
    pluralize(count, NOUNS[type], NOUNS[type].replace("refresh", "refreshes").replace(/preload$/, "preloads")),
  );
  return parts.join(" and ") || "nothing";
}

/** Describes what is left of the day's quota after the calls: no figure where it is only assumed what they cost. */
function describeRemaining({ cost, batches }: BatchPlan, quota: RefreshQuota | undefined): string {
  if (quota === undefined) return "";
  const kinds = QUOTAS.filter((kind) => cost[kind] > 0);
  const types = batches.map(({ objectType }) => objectType).filter((type) => isQuotaAssumed(type, quota));
  const assumed = new Set(types.map((type) => getQuotaName(type)));
  const left = kinds.flatMap((kind) => {
    const day = quota[kind];
    if (day === undefined || assumed.has(kind)) return [];
    const noun = kinds.length > 1 ? ` ${QUOTA_NOUNS[kind]}` : "";
    return [`${formatNumber(Math.max(0, day.remain - cost[kind]))} of ${formatNumber(day.quota)}${noun}`];
  });
  const parts = left.length === 0 ? [] : [`${left.join(" and ")} left today`];
  if (assumed.size > 0) parts.push((parts.length > 0 ? "the rest " : "") + describeAssumed([...assumed]));
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

/** Describes against which quotas calls are counted, where that is only assumed. */
function describeAssumed(kinds: readonly QuotaName[]): string {
  return `counted as ${kinds.map((kind) => QUOTA_NOUNS[kind]).join(" and ")}; the service doesn't say`;
}
