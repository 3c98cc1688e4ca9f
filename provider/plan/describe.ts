/** Describes a plan, and what became of it, in the lines that a preview and an update show. */

import type { Manifest } from "../manifest/manifest.js";
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
import { countOf, formatNumber, joinNames, listFirst, pluralize } from "../vod/format.js";
import { directoriesAbove, listFailures, listPaths } from "../vod/paths.js";
import { type DayQuota, describeNextDay, type RefreshQuota } from "../vod/quota.js";
import { type Batch, type BatchPlan, type Cost, findCollapsed, QUOTAS } from "./batches.js";
import { nextTry, type PreloadFailure } from "./held-back.js";
import type { Group, Plan } from "./plan.js";
import { describeTornPlaylists } from "./playlists.js";
import { NO_RESERVE, type Reserve, withoutReserve } from "./reserve.js";

/** How one thing is called, and how several are. */
export type Noun = readonly [one: string, many: string];

const NOUNS: Readonly<Record<CallType, Noun>> = {
  File: ["URL", "URLs"],
  IgnoreParams: ["URL with any query", "URLs with any query"],
  Directory: ["directory", "directories"],
  Regex: ["pattern", "patterns"],
  Preload: ["URL", "URLs"],
};

const QUOTA_NOUNS: Readonly<Record<QuotaName, string>> = {
  urls: "URLs",
  directories: "directories",
  preload: "preloads",
  regex: "patterns",
  ignoreParams: "URLs with any query",
};

/** What stands before the paths of a type: what they cover. */
const COVERED: Readonly<Record<CallType, string>> = {
  File: "",
  IgnoreParams: "with any query: ",
  Directory: "everything below ",
  Regex: "every URL that matches ",
  Preload: "",
};

/** A plan, and what it was made from. */
interface Planned {
  plan: Plan;
  inputs: Inputs;
  /** The current hash of every path that the inputs name. */
  current: Manifest;
  /** What has to be left of the day's quotas. Default: nothing. */
  reserve?: Reserve;
}

/**
 * Describes a plan in a few lines: what changed of how much, what that costs and leaves of the day's quota, and the
 * first few paths; if the quota can't hold the plan, also what that means. Where nothing is due, there is a line only if
 * something was skipped.
 *
 * @param areSecret whether no path may be named.
 */
export function describePlan(
  { plan, inputs, current, reserve = NO_RESERVE }: Planned,
  batchPlan: BatchPlan,
  quota: RefreshQuota | undefined,
  now: Date,
  areSecret = false,
): Line[] {
  const operation = getOperation(inputs.objectType);
  if (plan.paths.length === 0) {
    const skipped = describeSkipped(plan, inputs);
    return skipped === "" ? [] : [info(`nothing to ${operation}${skipped}`)];
  }
  const upTo = plan.unknown > 0 ? "up to " : "";
  const [first] = plan.groups;
  const isCounted = getContent(inputs).mode !== "paths" && first !== undefined && !isWhole(first);
  const sentCount = batchPlan.batches.reduce((sum, { paths }) => sum + paths.length, 0);
  const lines = [
    info(
      `${isCounted ? upTo : ""}${describeChanges(plan, inputs, sentCount)}: ${describeCalls(batchPlan, inputs, upTo)}` +
        (batchPlan.exceeded ? "" : describeRemaining(batchPlan, quota, reserve, upTo)),
    ),
  ];
  const deferred = new Set(batchPlan.deferred);
  const sent = plan.paths.filter((path) => !deferred.has(path));
  for (const [type, paths] of groupByType(sent, plan, inputs)) {
    lines.push(info(`  ${COVERED[type]}${listPaths(paths, areSecret)}`));
  }
  if (hasReason(plan, "no longer covered")) {
    lines.push(
      info(
        "  hint: URLs that the program no longer covers are treated as removed; if they stay online unchanged, set refreshRemoved to false to skip them",
      ),
    );
  }
  if (batchPlan.collapsed > 0) lines.push(describeCollapsed(batchPlan, { plan, inputs, current }, upTo, areSecret));
  if (batchPlan.exceeded && quota !== undefined) {
    const [would, fail] = [upTo ? "might" : "would", inputs.onFailure === "warn" ? "" : " and fail"];
    const shortage = describeShortage(batchPlan, quota, inputs, reserve, upTo);
    lines.push(warning(`today's quota has ${shortage}: the update ${would} send nothing${fail}`));
  }
  if (deferred.size > 0) {
    const noun = choosePathNoun(batchPlan.deferred, plan, inputs);
    const named = areSecret ? "" : ` (${listPaths(batchPlan.deferred)})`;
    const due = pluralize(plan.paths.length, ...choosePathNoun(plan.paths, plan, inputs));
    const kinds = new Set(batchPlan.deferred.map((path) => getQuotaName(findType(path, plan, inputs), quota)));
    const kept = [...kinds].filter((kind) => reserve[kind] && (quota?.[kind]?.remain ?? 0) > batchPlan.cost[kind]);
    const room = `${formatNumber(sent.length)} of ${upTo}${due}${kept.length > 0 ? " above the reserve" : ""}`;
    const emergency = kept.length > 0 ? `; in an emergency, ${describeRelease(kept, reserve)}` : "";
    lines.push(
      warning(
        `${upTo}${pluralize(deferred.size, ...noun)} deferred to the next update${named}: ` +
          `today's quota has room for ${room}; it resets at ${describeNextDay(now)}${emergency}`,
      ),
    );
    const torn = isPreload(inputs.objectType) ? "" : describeTornPlaylists(sent, batchPlan.deferred, areSecret);
    if (torn !== "") lines.push(warning(torn));
  }
  return lines;
}

/** The paths by how they are sent, in order. */
function groupByType(paths: readonly string[], plan: Plan, inputs: Inputs): Map<CallType, string[]> {
  const groups = new Map<CallType, string[]>();
  for (const path of paths) {
    const type = findType(path, plan, inputs);
    const group = groups.get(type) ?? [];
    group.push(path);
    groups.set(type, group);
  }
  return groups;
}

function findType(path: string, { removed }: Plan, { objectType }: Inputs): CallType {
  return removed.get(path)?.objectType ?? objectType;
}

/** How paths of a plan are called. */
export function choosePathNoun(paths: readonly string[], plan: Plan, inputs: Inputs): Noun {
  return chooseNoun(paths.map((path) => findType(path, plan, inputs)));
}

/** How paths of these types are called: "paths" if they differ. */
export function chooseNoun(types: readonly CallType[]): Noun {
  const [first, ...others] = new Set(types);
  return first === undefined || others.length > 0 ? ["path", "paths"] : NOUNS[first];
}

/** Describes what directories stand for, and what the edge does with them. */
function describeCollapsed(
  { batches, collapsed }: BatchPlan,
  { inputs, current }: Planned,
  upTo: string,
  areSecret: boolean,
): Line {
  const directories = findCollapsed(batches);
  const isOne = directories.length === 1;
  const named = areSecret ? `${HIDDEN} (${pluralize(directories.length, ...NOUNS.Directory)})` : listPaths(directories);
  // Of paths, nobody knows what else is below.
  const isByPaths = getContent(inputs).mode === "paths";
  const share = isByPaths ? "" : `, which ${isOne ? "holds" : "hold"} ${countBelow(directories, current, inputs)}`;
  const them = isOne ? "it" : "them";
  const done = inputs.force
    ? `fetches everything below ${them} from the origin again`
    : `revalidates everything below ${them} with the origin`;
  return info(
    `  ${upTo}${pluralize(collapsed, "URL")} collapsed into ${named}${share}; the edge ${done}` +
      (upTo === "" ? "" : "; if fewer changed, they may be sent as URLs"),
  );
}

/** Counts what the inputs name below directories, of all that they name. */
function countBelow(directories: readonly string[], current: Manifest, inputs: Inputs): string {
  const wanted = new Set(directories);
  const below = [...current.keys()].filter((url) => [...directoriesAbove(url)].some((above) => wanted.has(above)));
  return countOf(below.length, current.size, chooseContentNoun(inputs));
}

function hasReason({ groups }: Pick<Plan, "groups">, reason: Group["reason"]): boolean {
  return groups.some((group) => group.reason === reason);
}

/**
 * Describes the creation of a resource that sends nothing. Nobody can tell it from a replacement, after which the edge
 * may hold what was there before.
 */
export function describeRecorded({ total }: Plan, inputs: Inputs): Line {
  const { onCreate, past } = OPERATION_WORDS[getOperation(inputs.objectType)];
  const missed = isPreload(inputs.objectType) ? "isn't preloaded" : "stays stale";
  return info(
    `${pluralize(total, ...chooseContentNoun(inputs))} recorded, not ${past}: ${onCreate} is false; ` +
      `if this resource replaces another, set ${onCreate} to true for this update, or what changed in between ${missed}`,
  );
}

/** Describes what the last update left open. */
export function describeOutstanding(paths: readonly string[], areSecret = false): Line[] {
  if (paths.length === 0) return [];
  const named = areSecret ? HIDDEN : listPaths(paths);
  return [info(`waiting for ${pluralize(paths.length, "path")} of the last update: ${named}`)];
}

/** Describes what another resource sends in the same run as well. */
export function describeRepeated(
  paths: readonly string[],
  other: string,
  operation: Operation,
  areSecret = false,
): Line {
  const [is, them] = paths.length === 1 ? ["is", "it"] : ["are", "them"];
  const { past } = OPERATION_WORDS[operation];
  return info(
    `hint: ${listPaths(paths, areSecret)} ${is} also ${past} by "${other}", which uses quota twice; name ${them} in one resource only`,
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
  const [is, them] = held.size === 1 ? ["is", "it"] : ["are", "them"];
  return [
    warning(
      `${pluralize(held.size, "URL")} ${is} held back until ${again} UTC, because the origin refused ${them}: ${named}. ` +
        `Publish what is missing, or ${describeOmission(inputs)}.`,
    ),
  ];
}

/** How a program leaves a URL out, as the end of a sentence. */
export function describeOmission(inputs: Pick<Inputs, "source" | "contents">): string {
  if (inputs.source !== undefined) return "leave it out with `exclude`";
  return `remove it from \`${inputs.contents === undefined ? "paths" : "contents"}\``;
}

/** Describes what the service accepted. */
export function describeSubmitted(accepted: readonly Batch[], refreshTaskIds: readonly string[]): string {
  // The service merges calls of one second into one task.
  const taskIds = new Set(refreshTaskIds.flatMap((joined) => joined.split(",")));
  const tasks = `${taskIds.size === 1 ? "task" : "tasks"} ${listFirst([...taskIds])}`;
  const operation = getOperation(accepted[0]?.objectType ?? "File");
  return `${operation} submitted: ${countPaths(accepted)} in ${pluralize(accepted.length, "call")} (${tasks})`;
}

/** Describes that the day's quota ran out while a plan was sent. */
export function describeRanOut(pending: readonly string[], plan: Plan, inputs: Inputs, now: Date): string {
  const count = pluralize(pending.length, ...choosePathNoun(pending, plan, inputs));
  return `${count} deferred to the next update: today's quota ran out; it resets at ${describeNextDay(now)}`;
}

/** Describes how much of a plan is pending after a failure; an empty text if nothing or all of it is. */
export function describePending(pending: ReadonlySet<string>, plan: Plan, inputs: Inputs): string {
  const left = plan.paths.filter((path) => pending.has(path));
  const all = plan.paths.length;
  if (left.length === 0 || left.length === all) return "";
  const count = countOf(left.length, all, choosePathNoun(plan.paths, plan, inputs));
  return `${count} ${left.length === 1 ? "is" : "are"} pending; the next update sends ${left.length === 1 ? "it" : "them"}.`;
}

/** Describes that nothing may be sent, since the day's quota can't hold the plan, and what to do. */
export function describeExceeded(
  batchPlan: Pick<BatchPlan, "cost">,
  inputs: Inputs,
  plan: Pick<Plan, "groups">,
  quota: RefreshQuota,
  now: Date,
  reserve: Reserve = NO_RESERVE,
) {
  const cover = inputs.quota.onExceeded === "collapse" ? ", and too few directories are left to collapse them" : "";
  const happened = `Today's quota has ${describeShortage(batchPlan, quota, inputs, reserve)}${cover}; nothing was sent.`;
  const skips = hasReason(plan, "no longer covered")
    ? ", or refreshRemoved to false to send nothing for what is no longer covered"
    : "";
  const policies = describePolicies(batchPlan.cost, inputs) + skips;
  // What doesn't fit, though it would without the reserve.
  const missing = QUOTAS.filter((kind) => batchPlan.cost[kind] > countFree(kind, quota, reserve));
  const isReserved = missing.every((kind) => batchPlan.cost[kind] <= (quota[kind]?.remain ?? 0));
  const emergency = isReserved && missing.length > 0 ? ` In an emergency, ${describeRelease(missing, reserve)}.` : "";
  // No other day holds what a whole day can't hold, but it may have the directories to collapse it into.
  const exceedsDay = (kept: Reserve) =>
    QUOTAS.some((kind) => {
      const isHopeless = !holdsUrls(kind) || inputs.quota.onExceeded !== "collapse";
      const day = (quota[kind]?.quota ?? Number.POSITIVE_INFINITY) - (kept[kind]?.count ?? 0);
      return isHopeless && batchPlan.cost[kind] > day;
    });
  if (!exceedsDay(reserve)) {
    const remedy = `Run \`pulumi up\` again after the quota resets at ${describeNextDay(now)}, or set quota.onExceeded to ${policies}.`;
    return { happened, remedy: remedy + emergency };
  }
  const { onCreate } = OPERATION_WORDS[getOperation(inputs.objectType)];
  const recorded = hasReason(plan, "initial deployment")
    ? `, or ${onCreate} to false to record the content and send nothing`
    : "";
  const day = exceedsDay(NO_RESERVE) ? "a full day's quota" : "a full day's quota less the reserve";
  return { happened, remedy: `This exceeds ${day}: set quota.onExceeded to ${policies}${recorded}.${emergency}` };
}

/** How much of a quota may be sent. */
function countFree(kind: QuotaName, quota: RefreshQuota, reserve: Reserve): number {
  return withoutReserve(quota, reserve)[kind]?.remain ?? Number.POSITIVE_INFINITY;
}

/** How a person lets an update use the reserve, as the end of a sentence. */
function describeRelease(kinds: readonly QuotaName[], reserve: Reserve): string {
  const settings = kinds.flatMap((kind) => reserve[kind]?.setting ?? []);
  const steps = settings.map((name) =>
    name.includes(":") ? `run \`pulumi config set ${name} 0\`` : `set ${name} to 0`,
  );
  return `${joinNames(steps, "and")} for one update`;
}

/** Describes that nobody knows what is left of the day, so that the calls may take from the reserve. */
export function describeUnkeptReserve({ cost }: Pick<BatchPlan, "cost">, reserve: Reserve): Line[] {
  const kinds = QUOTAS.filter((kind) => cost[kind] > 0 && reserve[kind] !== undefined);
  const counts = kinds.map((kind) => `${formatNumber(reserve[kind]?.count ?? 0)} ${QUOTA_NOUNS[kind]}`);
  if (kinds.length === 0) return [];
  return [
    warning(`the reserve of ${joinNames(counts, "and")} can't be kept to, since the remaining quota is not known`),
  ];
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
  reserve: Reserve,
  upTo = "",
): string {
  const assumed = isQuotaAssumed(objectType, quota) ? getQuotaName(objectType) : undefined;
  const parts = QUOTAS.flatMap((kind) => {
    const left = quota[kind];
    if (left === undefined || cost[kind] <= countFree(kind, quota, reserve)) return [];
    const kept = Math.min(left.remain, reserve[kind]?.count ?? 0);
    const reserved = kept === 0 ? "" : `, ${kept === left.remain ? "all" : formatNumber(kept)} of them reserved,`;
    const due = `${upTo}${formatNumber(cost[kind])} ${cost[kind] === 1 ? "is" : "are"} due`;
    return [
      `${formatNumber(left.remain)} of ${formatNumber(left.quota)} ${QUOTA_NOUNS[kind]} left${reserved} and ${due}${kind === assumed ? ` (${describeAssumed([kind])})` : ""}`,
    ];
  });
  return parts.join("; ");
}

/** The reasons that make every path due. */
const WHOLE: readonly Group["reason"][] = [
  "initial deployment",
  "area or headers changed",
  "l2Preload enabled",
  "objectType changed",
  "objectType of the refresh changed",
];

/** The reasons in the words of `contentHash`. */
const BY_HASH: readonly Group["reason"][] = ["contentHash changed", "contentHash not known yet"];

/** The reasons of paths that a source covers and didn't, or the other way round. */
const BY_COVERAGE: readonly Group["reason"][] = ["newly covered", "no longer covered"];

/** The reasons of paths that aren't part of the total. */
const REMOVED: readonly Group["reason"][] = ["removed", "no longer covered"];

/**
 * Describes what changed, such as "3 of 1,204 files changed, 1 removed" or "contentHash changed".
 *
 * @param sentCount how many paths are sent: if that is all of it, the count isn't said twice.
 */
function describeChanges(plan: Plan, inputs: Inputs, sentCount: number): string {
  const [first, ...rest] = plan.groups;
  if (first === undefined) return "";
  const more = rest.map(({ reason, count }) =>
    BY_HASH.includes(reason) ? `${reason} for ${formatNumber(count)}` : `${formatNumber(count)} ${reason}`,
  );
  const parts = [describeFirst(first, plan, inputs, sentCount), ...more];
  // It is the same for all that came to be covered, or no longer is.
  const at = plan.groups.findIndex(({ reason }) => BY_COVERAGE.includes(reason));
  if (at >= 0) parts[at] += ` since ${joinNames(plan.changedCoverage, "and")} changed`;
  return parts.join(", ") + describeSkipped(plan, inputs);
}

function describeFirst({ reason, count }: Group, plan: Plan, inputs: Inputs, sentCount: number): string {
  const { total, groups } = plan;
  const noun = chooseContentNoun(inputs);
  if (isWhole({ reason }) || (BY_HASH.includes(reason) && count === total)) {
    const isSaid = getContent(inputs).mode === "paths" || (groups.length === 1 && count === sentCount);
    return isSaid ? reason : `${reason}, ${pluralize(count, ...noun)}`;
  }
  // Removed paths are not part of the total.
  const isPart = count <= total && !REMOVED.includes(reason);
  const others = getContent(inputs).mode === "paths" ? choosePathNoun(plan.paths, plan, inputs) : noun;
  const counted = isPart ? countOf(count, total, noun) : pluralize(count, ...others);
  return BY_HASH.includes(reason) ? `${reason} for ${counted}` : `${counted} ${reason}`;
}

/** Whether a reason is one of everything that the program names. */
function isWhole({ reason }: Pick<Group, "reason">): boolean {
  return WHOLE.includes(reason) || reason.startsWith("switched from ") || reason.includes("triggers");
}

/** How what the inputs name is called: files, unless an index document gives a file two URLs. */
function chooseContentNoun({ source, paths, objectType }: Inputs): Noun {
  if (source !== undefined && source.indexDocument === undefined && !source.cleanUrls) return ["file", "files"];
  return NOUNS[paths !== undefined && objectType !== "IgnoreParams" ? objectType : "File"];
}

/** Describes what came or went and isn't sent. */
function describeSkipped({ skipped, letGo }: Plan, inputs: Inputs): string {
  const [one, many] = chooseContentNoun(inputs);
  const why = inputs.refreshNew === false ? "refreshNew is false" : "no old copy to refresh";
  const parts = [
    ...(skipped === 0 ? [] : [`${pluralize(skipped, `new ${one}`, `new ${many}`)} skipped: ${why}`]),
    ...(letGo === 0
      ? []
      : [`${pluralize(letGo, `removed ${one}`, `removed ${many}`)} skipped: refreshRemoved is false`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

/** Describes what would be sent, such as "refresh 3 URLs in 1 call". */
function describeCalls({ batches }: BatchPlan, inputs: Inputs, upTo: string): string {
  if (batches.length === 0) return "nothing can be sent today";
  const after = inputs.refresh === undefined ? "" : " once the refresh is complete";
  const operation = getOperation(inputs.objectType);
  return `${operation} ${upTo}${countPaths(batches)} in ${pluralize(batches.length, "call")}${after}`;
}

/** Counts the paths of calls by their types, such as "2 URLs and 1 directory". */
function countPaths(batches: readonly Batch[]): string {
  const counts = new Map<CallType, number>();
  for (const { objectType, paths } of batches) counts.set(objectType, (counts.get(objectType) ?? 0) + paths.length);
  return [...counts].map(([type, count]) => pluralize(count, ...NOUNS[type])).join(" and ");
}

/** Describes what calls leave of the day's quota: no figure where it is only assumed what they cost. */
function describeRemaining(
  { cost, batches }: BatchPlan,
  quota: RefreshQuota | undefined,
  reserve: Reserve,
  upTo: string,
): string {
  if (quota === undefined) return "";
  const types = batches.map(({ objectType }) => objectType).filter((type) => isQuotaAssumed(type, quota));
  const assumed = new Set(types.map((type) => getQuotaName(type)));
  const kinds = QUOTAS.filter((kind) => quota[kind] !== undefined && cost[kind] > 0 && !assumed.has(kind));
  const left = kinds.map((kind) => {
    const { quota: ofDay, remain } = quota[kind] as DayQuota;
    return `${formatNumber(Math.max(0, remain - cost[kind]))} of ${formatNumber(ofDay)} ${QUOTA_NOUNS[kind]}`;
  });
  const free = kinds
    .filter((kind) => reserve[kind] !== undefined)
    .map((kind) => {
      const count = formatNumber(Math.max(0, countFree(kind, quota, reserve) - cost[kind]));
      return kinds.length === 1 ? count : `${count} ${QUOTA_NOUNS[kind]}`;
    });
  const above = free.length === 0 ? "" : `, ${joinNames(free, "and")} of them above the reserve`;
  const atLeast = upTo === "" ? "" : "at least ";
  const parts = left.length === 0 ? [] : [`leaves ${atLeast}${left.join(" and ")} in today's quota${above}`];
  if (assumed.size > 0) parts.push((parts.length > 0 ? "the rest is " : "") + describeAssumed([...assumed]));
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

/** Describes against which quotas calls are counted, where that is only assumed: the service doesn't say. */
function describeAssumed(kinds: readonly QuotaName[]): string {
  return `counted as ${kinds.map((kind) => QUOTA_NOUNS[kind]).join(" and ")}, since the service doesn't say otherwise`;
}
