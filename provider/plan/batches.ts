/** How a plan is sent: as which calls, within the day's quota, by which policy where that can't hold it. */

import type { CallType, Inputs } from "../schema/inputs.js";
import { DAILY_QUOTA, DOMAINS_PER_CALL, PATHS_PER_CALL, PRELOADS_PER_CALL } from "../vod/limits.js";
import { domainOf } from "../vod/paths.js";
import { type DayQuota, type QuotaKind, quotaOf, type RefreshQuota } from "../vod/quota.js";
import { cheapestCover } from "./collapse.js";
import type { Plan, RequestKind } from "./plan.js";

/** The daily quotas, each by what counts against it. */
export type QuotaName = QuotaKind | "preload";

/** Which quota a call counts against. */
export function quotaFor(type: CallType): QuotaName {
  return type === "Preload" ? "preload" : quotaOf(type);
}

/** What nothing costs. */
export const NO_COST: Cost = { urls: 0, directories: 0, preload: 0 };

/** How much of each day's quota is used. */
export type Cost = Readonly<Record<QuotaName, number>>;

export function addCosts(one: Cost, other: Cost): Cost {
  const sum = (name: QuotaName) => one[name] + other[name];
  return { urls: sum("urls"), directories: sum("directories"), preload: sum("preload") };
}

/** What calls cost of the day. */
export function sumCost(batches: readonly Pick<Batch, "objectType" | "paths">[]): Cost {
  const cost: Record<QuotaName, number> = { ...NO_COST };
  for (const { objectType, paths } of batches) cost[quotaFor(objectType)] += paths.length;
  return cost;
}

/** What collapsing goes by where what is left isn't known: what an account has in a day. */
const WHOLE_DAY: RefreshQuota = {
  urls: { quota: DAILY_QUOTA.urls, remain: DAILY_QUOTA.urls },
  directories: { quota: DAILY_QUOTA.directories, remain: DAILY_QUOTA.directories },
};

/** One call. */
export interface Batch {
  paths: readonly string[];
  objectType: CallType;
  force: boolean;
  /** Where its directories stand for URLs of the plan, for which each of them. */
  covers?: ReadonlyMap<string, readonly string[]>;
  /** Whether its domains are no longer in the program, so that a refusal of the domain means that nothing is stale. */
  domainRemoved: boolean;
}

export interface BatchPlan {
  /** In the order in which they are sent. */
  batches: readonly Batch[];
  /** What they cost of the day. */
  cost: Cost;
  /** What stays pending, since the day's quota can't hold it (`quota.onExceeded: "partial"`). */
  deferred: readonly string[];
  /** How many URLs directories stand for. */
  collapsed: number;
  /** Whether the day's quota can't hold the plan, so that nothing may be sent. */
  exceeded: boolean;
}

/**
 * Allots a plan to calls: what the program names first, then what it no longer names, each as what it was. Each part has what
 * those before it leave of the day.
 *
 * @param isNamed whether the program still names a domain, by any path of it.
 * @param quota what is left today; undefined where that isn't known: then everything is sent, and the service decides.
 */
export function planBatches(
  plan: Plan,
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
  quota: RefreshQuota | undefined,
): BatchPlan {
  let left = quota;
  const parts = groupByKind(plan, inputs).map(({ paths, ...manner }) => {
    const part = planPart(paths, { ...inputs, ...manner }, isNamed, left);
    left = left && subtractCost(left, part.cost);
    return part;
  });
  return {
    batches: parts.flatMap(({ batches }) => batches),
    cost: parts.map(({ cost }) => cost).reduce(addCosts, NO_COST),
    deferred: parts.flatMap(({ deferred }) => deferred),
    collapsed: parts.reduce((sum, { collapsed }) => sum + collapsed, 0),
    exceeded: parts.some(({ exceeded }) => exceeded),
  };
}

/** What is left of a day once something was sent. */
export function subtractCost(quota: RefreshQuota, cost: Cost): RefreshQuota {
  const after = (name: QuotaName, { quota: all, remain }: DayQuota) => ({
    quota: all,
    remain: Math.max(0, remain - cost[name]),
  });
  return {
    urls: after("urls", quota.urls),
    directories: after("directories", quota.directories),
    ...(quota.preload === undefined ? {} : { preload: after("preload", quota.preload) }),
  };
}

/** The paths of a plan by what they are sent as, those of the inputs' own type first. */
function groupByKind(plan: Plan, { objectType, force }: Inputs): (RequestKind & { paths: string[] })[] {
  const own = { objectType, force, paths: [] as string[] };
  const others = new Map<string, RequestKind & { paths: string[] }>();
  for (const path of plan.paths) {
    const manner = plan.removed.get(path) ?? own;
    const isOwn = manner.objectType === objectType && (objectType !== "Directory" || manner.force === force);
    const key = `${manner.objectType} ${manner.force}`;
    const part = isOwn ? own : (others.get(key) ?? { ...manner, paths: [] });
    part.paths.push(path);
    if (!isOwn) others.set(key, part);
  }
  return [own, ...others.values()].filter(({ paths }) => paths.length > 0);
}

/** Allots paths that are sent as one type. */
function planPart(
  paths: readonly string[],
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
  quota: RefreshQuota | undefined,
): BatchPlan {
  const { objectType, force } = inputs;
  const { onExceeded, collapse } = inputs.quota;
  const kind = quotaFor(objectType);
  const left: DayQuota | undefined = quota?.[kind];
  const asIs: BatchPlan = {
    batches: splitIntoBatches(paths, objectType, force, isNamed),
    cost: { ...NO_COST, [kind]: paths.length },
    deferred: [],
    collapsed: 0,
    exceeded: false,
  };
  const fits = left === undefined || paths.length <= left.remain;
  const collapses = collapse === "always" || (collapse !== "never" && !fits && onExceeded === "collapse");
  const cover = kind === "urls" && collapses ? cheapestCover(paths, quota ?? WHOLE_DAY) : undefined;
  if (cover !== undefined) {
    return {
      ...asIs,
      batches: [
        ...splitIntoBatches(cover.urls, objectType, force, isNamed),
        ...directoryBatches(cover, paths, inputs, isNamed),
      ],
      cost: { ...NO_COST, urls: cover.urls.length, directories: cover.directories.length },
      collapsed: paths.length - cover.urls.length,
    };
  }
  if (fits) return asIs;
  if (onExceeded !== "partial") return { ...asIs, exceeded: true };
  const held = paths.slice(0, left.remain);
  return {
    ...asIs,
    batches: splitIntoBatches(held, objectType, force, isNamed),
    cost: { ...asIs.cost, [kind]: held.length },
    deferred: paths.slice(held.length),
  };
}

/** Paths as calls, in their order: each within the limits of one call, those of departed domains apart. */
export function splitIntoBatches(
  paths: readonly string[],
  objectType: CallType,
  force: boolean,
  isNamed: (domain: string) => boolean,
): Batch[] {
  const batches: { paths: string[]; domainRemoved: boolean; domains: Set<string> }[] = [];
  const most = objectType === "Preload" ? PRELOADS_PER_CALL : PATHS_PER_CALL[objectType];
  for (const path of paths) {
    const domain = domainOf(path);
    const domainRemoved = !isNamed(domain);
    const last = batches.at(-1);
    const fits = last && last.domainRemoved === domainRemoved && last.paths.length < most;
    // A departed domain has a call of its own: a refusal of it must not hold back another.
    const joins = last?.domains.has(domain) || (!domainRemoved && (last?.domains.size ?? 0) < DOMAINS_PER_CALL);
    if (fits && joins) {
      last.paths.push(path);
      last.domains.add(domain);
    } else {
      batches.push({ paths: [path], domainRemoved, domains: new Set([domain]) });
    }
  }
  return batches.map(({ paths: own, domainRemoved }) => ({ paths: own, objectType, force, domainRemoved }));
}

/** The directories of a cover as calls, each with the paths of the plan that lie below it. */
function directoryBatches(
  { urls, directories }: { urls: readonly string[]; directories: readonly string[] },
  paths: readonly string[],
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
): Batch[] {
  const alone = new Set(urls);
  const below = new Map<string, string[]>(directories.map((directory) => [directory, []]));
  for (const path of paths) {
    if (alone.has(path)) continue;
    for (let end = path.split("?", 1)[0]?.lastIndexOf("/") ?? -1; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const found = below.get(path.slice(0, end + 1));
      if (found === undefined) continue;
      found.push(path);
      break;
    }
  }
  return splitIntoBatches(directories, "Directory", inputs.force, isNamed).map((batch) => ({
    ...batch,
    covers: below,
  }));
}

/** The paths of the plan that a call settles: its own, or those below its directories. */
export function settledPaths({ paths, covers }: Pick<Batch, "paths" | "covers">): readonly string[] {
  return covers === undefined ? paths : paths.flatMap((directory) => covers.get(directory) ?? []);
}
