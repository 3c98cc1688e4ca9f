/** How a plan is sent: as which calls, within the day's quota, by which policy where that can't hold it. */
import { cheapestCover } from "./cover.js";
import type { CallType, Inputs } from "./inputs.js";
import type { Plan } from "./plan.js";
import { DOMAINS_PER_CALL, PATHS_PER_CALL, PRELOADS_PER_CALL } from "./vod/limits.js";
import { domainOf } from "./vod/paths.js";
import { type DayQuota, type QuotaKind, quotaOf, type RefreshQuota } from "./vod/quota.js";

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

export function sumOfCosts(one: Cost, other: Cost): Cost {
  const sum = (name: QuotaName) => one[name] + other[name];
  return { urls: sum("urls"), directories: sum("directories"), preload: sum("preload") };
}

/** What calls cost of the day. */
export function costOfBatches(batches: readonly Pick<Batch, "objectType" | "paths">[]): Cost {
  const cost: Record<QuotaName, number> = { ...NO_COST };
  for (const { objectType, paths } of batches) cost[quotaFor(objectType)] += paths.length;
  return cost;
}

/** One call. */
export interface Batch {
  paths: readonly string[];
  objectType: CallType;
  force: boolean;
  /** Where its directories stand for URLs of the plan, for which each of them. */
  standsFor?: ReadonlyMap<string, readonly string[]>;
  /** Whether its domains are no longer in the program, so that a refusal of the domain means that nothing is stale. */
  departed: boolean;
}

export interface Allotment {
  /** In the order in which they are sent. */
  batches: readonly Batch[];
  /** What they cost of the day. */
  cost: Cost;
  /** What stays pending, since the day's quota can't hold it (`onQuotaExceeded: "partial"`). */
  later: readonly string[];
  /** How many URLs directories stand for. */
  collapsed: number;
  /** Whether the day's quota can't hold the plan, so that nothing may be sent. */
  exceeded: boolean;
}

/**
 * Allots a plan to calls.
 *
 * @param now the domains that the program still names, by any path of them.
 * @param quota what is left today; undefined where that isn't known: then everything is sent, and the service decides.
 */
export function allot(
  plan: Plan,
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
  quota: RefreshQuota | undefined,
): Allotment {
  const { objectType, onQuotaExceeded, collapse } = inputs;
  const kind = quotaFor(objectType);
  const left: DayQuota | undefined = quota?.[kind];
  if (kind === "directories" && plan.gone.length > 0) return allotApart(plan, inputs, isNamed, quota);
  const single = batchesOf(plan.paths, objectType, inputs.force, isNamed);
  const asIs: Allotment = {
    batches: single,
    cost: { ...NO_COST, [kind]: plan.paths.length },
    later: [],
    collapsed: 0,
    exceeded: false,
  };
  const fits = left === undefined || plan.paths.length <= left.remain;
  if (kind === "urls" && quota !== undefined && (collapse === "always" || (!fits && onQuotaExceeded === "collapse"))) {
    const cover = cheapestCover(plan.paths, quota);
    if (cover !== undefined) {
      return {
        ...asIs,
        batches: [
          ...batchesOf(cover.urls, objectType, inputs.force, isNamed),
          ...directoryBatches(cover, plan, inputs, isNamed),
        ],
        cost: { ...NO_COST, urls: cover.urls.length, directories: cover.directories.length },
        collapsed: plan.paths.length - cover.urls.length,
      };
    }
  }
  if (fits) return asIs;
  if (onQuotaExceeded !== "partial") return { ...asIs, exceeded: true };
  const held = plan.paths.slice(0, left.remain);
  return {
    ...asIs,
    batches: batchesOf(held, objectType, inputs.force, isNamed),
    cost: { ...asIs.cost, [kind]: held.length },
    later: plan.paths.slice(held.length),
  };
}

/**
 * URLs that are no longer named, beside directories or patterns that are: each kind against its own quota. The URLs go with
 * any query, since nobody knows any more as what they were named.
 */
function allotApart(
  plan: Plan,
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
  quota: RefreshQuota | undefined,
): Allotment {
  const gone = new Set(plan.gone);
  const part = (paths: readonly string[], objectType: CallType) =>
    allot({ ...plan, paths, gone: [] }, { ...inputs, objectType }, isNamed, quota);
  const withQuery = plan.gone.filter((path) => path.includes("?"));
  const parts = [
    part(
      plan.paths.filter((path) => !gone.has(path)),
      inputs.objectType,
    ),
    part(
      plan.gone.filter((path) => !path.includes("?")),
      "IgnoreParams",
    ),
    part(withQuery, "File"),
  ];
  const sum = (count: (part: Allotment) => number) => parts.reduce((total, one) => total + count(one), 0);
  return {
    batches: parts.flatMap(({ batches }) => batches),
    cost: { ...NO_COST, urls: sum(({ cost }) => cost.urls), directories: sum(({ cost }) => cost.directories) },
    later: parts.flatMap(({ later }) => later),
    collapsed: sum(({ collapsed }) => collapsed),
    exceeded: parts.some(({ exceeded }) => exceeded),
  };
}

/** Paths as calls, in their order: each within the limits of one call, those of departed domains apart. */
export function batchesOf(
  paths: readonly string[],
  objectType: CallType,
  force: boolean,
  isNamed: (domain: string) => boolean,
): Batch[] {
  const batches: { paths: string[]; departed: boolean; domains: Set<string> }[] = [];
  const most = objectType === "Preload" ? PRELOADS_PER_CALL : PATHS_PER_CALL[objectType];
  for (const path of paths) {
    const domain = domainOf(path);
    const departed = !isNamed(domain);
    const last = batches.at(-1);
    const fits = last && last.departed === departed && last.paths.length < most;
    // A departed domain has a call of its own: a refusal of it must not hold back another.
    const joins = last?.domains.has(domain) || (!departed && (last?.domains.size ?? 0) < DOMAINS_PER_CALL);
    if (fits && joins) {
      last.paths.push(path);
      last.domains.add(domain);
    } else {
      batches.push({ paths: [path], departed, domains: new Set([domain]) });
    }
  }
  return batches.map(({ paths: own, departed }) => ({ paths: own, objectType, force, departed }));
}

/** The directories of a cover as calls, each with the paths of the plan that lie below it. */
function directoryBatches(
  { urls, directories }: { urls: readonly string[]; directories: readonly string[] },
  plan: Plan,
  inputs: Inputs,
  isNamed: (domain: string) => boolean,
): Batch[] {
  const alone = new Set(urls);
  const below = new Map<string, string[]>(directories.map((directory) => [directory, []]));
  for (const path of plan.paths) {
    if (alone.has(path)) continue;
    for (let end = path.split("?", 1)[0]?.lastIndexOf("/") ?? -1; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const found = below.get(path.slice(0, end + 1));
      if (found === undefined) continue;
      found.push(path);
      break;
    }
  }
  return batchesOf(directories, "Directory", inputs.force, isNamed).map((batch) => ({
    ...batch,
    standsFor: below,
  }));
}

/** The paths of the plan that a call settles: its own, or those below its directories. */
export function settledBy({ paths, standsFor }: Pick<Batch, "paths" | "standsFor">): readonly string[] {
  return standsFor === undefined ? paths : paths.flatMap((directory) => standsFor.get(directory) ?? []);
}
