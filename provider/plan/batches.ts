/** Turns a plan into calls: within the day's quota, or by the program's policy if that can't hold the plan. */

import {
  type CallType,
  canForce,
  getPathsPerCall,
  getQuotaName,
  holdsUrls,
  type QuotaName,
} from "../schema/call-types.js";
import type { Inputs } from "../schema/inputs.js";
import { DAILY_QUOTA, DOMAINS_PER_CALL } from "../vod/limits.js";
import { directoriesAbove, domainOf } from "../vod/paths.js";
import type { DayQuota, RefreshQuota } from "../vod/quota.js";
import { type Cover, cheapestCover } from "./collapse.js";
import type { Plan, RequestKind } from "./plan.js";

/** How much of each daily quota something uses. */
export type Cost = Readonly<Record<QuotaName, number>>;

export const NO_COST: Cost = { urls: 0, directories: 0, preload: 0, regex: 0, ignoreParams: 0 };

/** All daily quotas. */
export const QUOTAS = Object.keys(NO_COST) as readonly QuotaName[];

export function addCosts(one: Cost, other: Cost): Cost {
  return Object.fromEntries(QUOTAS.map((name) => [name, one[name] + other[name]])) as Record<QuotaName, number>;
}

/** What calls cost. */
export function sumCost(batches: readonly Pick<Batch, "objectType" | "paths" | "ownQuota">[]): Cost {
  const cost: Record<QuotaName, number> = { ...NO_COST };
  for (const { objectType, paths, ownQuota } of batches) cost[ownQuota ?? getQuotaName(objectType)] += paths.length;
  return cost;
}

/** The usual quota of an account. Collapsing goes by it if the service doesn't tell what is left. */
const WHOLE_DAY: RefreshQuota = {
  urls: { quota: DAILY_QUOTA.urls, remain: DAILY_QUOTA.urls },
  directories: { quota: DAILY_QUOTA.directories, remain: DAILY_QUOTA.directories },
};

/** One call. */
export interface Batch {
  paths: readonly string[];
  objectType: CallType;
  force: boolean;
  /** If its type has a quota of its own by what the service says: that quota. */
  ownQuota?: QuotaName;
  /** If its directories stand for URLs of the plan: the paths that each of them settles. */
  covers?: ReadonlyMap<string, string[]>;
  /**
   * Whether the program no longer names its domains. If the service refuses such a domain, nothing of it can be stale.
   */
  domainRemoved: boolean;
}

export interface BatchPlan {
  /** The calls, in the order in which they are sent. */
  batches: readonly Batch[];
  /** What the calls cost. */
  cost: Cost;
  /** The paths that stay pending, since the day's quota can't hold them and the policy is "partial". */
  deferred: readonly string[];
  /** How many URLs are replaced by directories. */
  collapsed: number;
  /** Whether the day's quota can't hold the plan, so that nothing may be sent. */
  exceeded: boolean;
}

/**
 * Plans the calls: first for the paths that the program names, then for those that it no longer names, which are sent
 * as what they were. Each part has the quota that the parts before it leave, and their directories stand for its paths
 * too.
 *
 * @param isNamed whether the program still names any path of a domain.
 * @param quota what is left today. If it is undefined, since that isn't known, everything is sent and the service
 * decides.
 */
export function planBatches(
  plan: Plan,
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
  quota: RefreshQuota | undefined,
): BatchPlan {
  let left = quota;
  const parts: BatchPlan[] = [];
  for (const { paths, ...kind } of groupByKind(plan, inputs)) {
    const others = leaveToDirectories(paths, kind, parts);
    const part = planPart(others, { ...inputs, ...kind }, isNamed, left);
    left = left && subtractCost(left, part.cost);
    const joined = holdsUrls(getQuotaName(kind.objectType)) ? paths.length - others.length : 0;
    parts.push({ ...part, collapsed: part.collapsed + joined });
  }
  const batches = joinDirectories(parts.flatMap((part) => part.batches));
  return {
    batches,
    cost: sumCost(batches),
    deferred: parts.flatMap(({ deferred }) => deferred),
    collapsed: parts.reduce((sum, { collapsed }) => sum + collapsed, 0),
    exceeded: parts.some(({ exceeded }) => exceeded),
  };
}

/** What is left of a day after something was sent. */
export function subtractCost(quota: RefreshQuota, cost: Cost): RefreshQuota {
  return mapQuotas(quota, (name, { remain }) => Math.max(0, remain - cost[name]));
}

/** The same quotas with something else left of each. */
export function mapQuotas(quota: RefreshQuota, findRemain: (name: QuotaName, day: DayQuota) => number): RefreshQuota {
  const left = QUOTAS.flatMap((name): [QuotaName, DayQuota][] => {
    const day = quota[name];
    return day === undefined ? [] : [[name, { quota: day.quota, remain: findRemain(name, day) }]];
  });
  return { ...quota, ...Object.fromEntries(left) };
}

/** Groups the paths of a plan by how they are sent, those of the inputs' own kind first. */
function groupByKind(plan: Plan, { objectType, force }: Inputs): (RequestKind & { paths: string[] })[] {
  const own = { objectType, force, paths: [] as string[] };
  const others = new Map<string, RequestKind & { paths: string[] }>();
  for (const path of plan.paths) {
    const kind = plan.removed.get(path) ?? own;
    const isOwn = kind.objectType === objectType && (!canForce(objectType) || kind.force === force);
    const key = `${kind.objectType} ${kind.force}`;
    const part = isOwn ? own : (others.get(key) ?? { ...kind, paths: [] });
    part.paths.push(path);
    if (!isOwn) others.set(key, part);
  }
  return [own, ...others.values()].filter(({ paths }) => paths.length > 0);
}

/**
 * Adds the paths that lie below directories which other parts send in place of URLs to what these stand for. A path that
 * is sent with force isn't left to a directory without.
 *
 * @returns the paths that are still to be planned.
 */
function leaveToDirectories(
  paths: readonly string[],
  { objectType, force }: RequestKind,
  parts: readonly BatchPlan[],
): readonly string[] {
  if (objectType === "Regex") return paths;
  const batches = parts.flatMap((part) => part.batches).filter((batch) => batch.force || !force);
  const covers = new Set(batches.flatMap((batch) => batch.covers ?? []));
  if (covers.size === 0) return paths;
  const isLeft = (path: string) => {
    for (const directory of directoriesAbove(path)) {
      for (const cover of covers) {
        const covered = cover.get(directory);
        if (covered?.push(path) !== undefined) return true;
      }
    }
    return false;
  };
  return paths.filter((path) => !isLeft(path));
}

/** Sends each directory once, with force if one of its calls has that, for all that these settle. */
function joinDirectories(batches: readonly Batch[]): Batch[] {
  const settled = new Map<string, string[]>();
  const senders = new Map<string, Batch>();
  for (const batch of batches.filter(({ objectType }) => objectType === "Directory")) {
    for (const directory of batch.paths) {
      const sender = senders.get(directory);
      if (sender === undefined || (batch.force && !sender.force)) senders.set(directory, batch);
      settled.set(directory, [...(settled.get(directory) ?? []), ...(batch.covers?.get(directory) ?? [directory])]);
    }
  }
  return batches.flatMap((batch): Batch[] => {
    if (batch.objectType !== "Directory") return [batch];
    const paths = batch.paths.filter((directory) => senders.get(directory) === batch);
    if (paths.length === 0) return [];
    const isJoined = paths.some((directory) => settled.get(directory)?.some((path) => path !== directory));
    if (!isJoined) return [{ ...batch, paths }];
    return [{ ...batch, paths, covers: new Map(paths.map((directory) => [directory, settled.get(directory) ?? []])) }];
  });
}

/** The directories that are sent in place of URLs. */
export function findCollapsed(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ paths, covers }) =>
    paths.filter((directory) => covers?.get(directory)?.some((path) => path !== directory)),
  );
}

/** How those of the paths were sent that are directories which stand for URLs: one of these may have the same name. */
export function findDirectoryKinds(batches: readonly Batch[], paths: readonly string[]): Map<string, RequestKind> {
  const wanted = new Set(paths);
  const kinds = new Map<string, RequestKind>();
  for (const { paths: sent, covers, objectType, force } of batches) {
    if (covers === undefined) continue;
    for (const directory of sent) if (wanted.has(directory)) kinds.set(directory, { objectType, force });
  }
  return kinds;
}

/** Plans the calls of paths that are sent as one kind. */
function planPart(
  paths: readonly string[],
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
  quota: RefreshQuota | undefined,
): BatchPlan {
  const { objectType, force } = inputs;
  const { onExceeded, collapse } = inputs.quota;
  const kind = getQuotaName(objectType, quota);
  const split = (some: readonly string[]) => splitIntoBatches(some, objectType, force, isNamed, kind);
  const left: DayQuota | undefined = quota?.[kind];
  const asIs: BatchPlan = {
    batches: split(paths),
    cost: { ...NO_COST, [kind]: paths.length },
    deferred: [],
    collapsed: 0,
    exceeded: false,
  };
  const fits = left === undefined || paths.length <= left.remain;
  const collapses = collapse === "always" || (collapse !== "never" && !fits && onExceeded === "collapse");
  const day = quota ?? WHOLE_DAY;
  const cover = holdsUrls(kind) && collapses ? findCover(paths, inputs, { ...day, urls: left ?? day.urls }) : undefined;
  if (cover !== undefined) {
    return {
      ...asIs,
      batches: [...split(cover.urls), ...splitDirectories(cover, paths, inputs, isNamed)],
      cost: { ...NO_COST, [kind]: cover.urls.length, directories: cover.directories.length },
      collapsed: paths.length - cover.urls.length,
    };
  }
  if (fits) return asIs;
  if (onExceeded !== "partial") return { ...asIs, exceeded: true };
  const sent = paths.slice(0, left.remain);
  return {
    ...asIs,
    batches: split(sent),
    cost: { ...asIs.cost, [kind]: sent.length },
    deferred: paths.slice(sent.length),
  };
}

/**
 * The cheapest cover. The base URL without its slash, which lies outside of the source's directory, has a URL of its own
 * wherever that fits: the directory above would hold what the source doesn't have.
 */
function findCover(paths: readonly string[], { source }: Inputs, quota: RefreshQuota): Cover | undefined {
  const isAlone = (url: string) => source !== undefined && `${url}/` === source.baseUrl;
  return cheapestCover(paths, quota, { isAlone }) ?? cheapestCover(paths, quota);
}

/**
 * Splits paths into calls, in their order. Each is within the limits of a call; a domain that was removed has calls of
 * its own.
 */
export function splitIntoBatches(
  paths: readonly string[],
  objectType: CallType,
  force: boolean,
  isNamed: (domain: string) => boolean,
  quota = getQuotaName(objectType),
): Batch[] {
  const own = quota === getQuotaName(objectType) ? {} : { ownQuota: quota };
  const batches: { paths: string[]; domainRemoved: boolean; domains: Set<string> }[] = [];
  const most = getPathsPerCall(objectType);
  for (const path of paths) {
    const domain = domainOf(path);
    const domainRemoved = !isNamed(domain);
    const last = batches.at(-1);
    const fits = last && last.domainRemoved === domainRemoved && last.paths.length < most;
    // The refusal of a removed domain must not hold back another domain.
    const joins = last?.domains.has(domain) || (!domainRemoved && (last?.domains.size ?? 0) < DOMAINS_PER_CALL);
    if (fits && joins) {
      last.paths.push(path);
      last.domains.add(domain);
    } else {
      batches.push({ paths: [path], domainRemoved, domains: new Set([domain]) });
    }
  }
  return batches.map(({ paths: sent, domainRemoved }) => ({ paths: sent, objectType, force, domainRemoved, ...own }));
}

/** Splits the directories of a cover into calls that know which paths of the plan lie below each directory. */
function splitDirectories(
  { urls, directories }: { urls: readonly string[]; directories: readonly string[] },
  paths: readonly string[],
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
): Batch[] {
  const alone = new Set(urls);
  const below = new Map<string, string[]>(directories.map((directory) => [directory, []]));
  for (const path of paths) {
    if (alone.has(path)) continue;
    for (const directory of directoriesAbove(path)) {
      const covered = below.get(directory);
      if (covered === undefined) continue;
      covered.push(path);
      break;
    }
  }
  return splitIntoBatches(directories, "Directory", inputs.force, isNamed).map((batch) => ({
    ...batch,
    covers: below,
  }));
}

/** The paths of the plan that are settled by a call: its own, or those below its directories. */
export function settledPaths({ paths, covers }: Pick<Batch, "paths" | "covers">): readonly string[] {
  return covers === undefined ? paths : paths.flatMap((directory) => covers.get(directory) ?? []);
}
