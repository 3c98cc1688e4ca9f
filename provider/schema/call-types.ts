/** The types of calls and what sets them apart. What differs between a refresh and a preload is decided here. */
import { OBJECT_TYPES, type ObjectType, PATHS_PER_CALL, PRELOADS_PER_CALL, takesForce } from "../vod/limits.js";
import { ownQuotaOf, quotaOf, type RefreshQuota } from "../vod/quota.js";

export const CALL_TYPES = [...OBJECT_TYPES, "Preload"] as const;

/** What a call does with its paths: it refreshes them as that type, or preloads them. */
export type CallType = ObjectType | "Preload";

/** What a resource does with its paths. */
export type Operation = "refresh" | "preload";

/** The daily quotas, by what counts against each. */
export type QuotaName = keyof RefreshQuota;

interface OperationWords {
  /** What error codes of this package begin with. */
  code: string;
  /** Several of them. */
  plural: string;
  /** What is done with a path, as a participle. */
  past: string;
  /** The input that says whether a new resource sends anything. */
  onCreate: string;
}

export const OPERATION_WORDS: Readonly<Record<Operation, OperationWords>> = {
  refresh: { code: "Refresh", plural: "refreshes", past: "refreshed", onCreate: "refreshOnCreate" },
  preload: { code: "Preload", plural: "preloads", past: "preloaded", onCreate: "preloadOnCreate" },
};

export function isPreload(type: CallType): type is "Preload" {
  return type === "Preload";
}

export function getOperation(type: CallType): Operation {
  return isPreload(type) ? "preload" : "refresh";
}

/**
 * The quota that a call counts against: that of its type, if it has one of its own.
 *
 * @param told the quotas that the account has, as the service tells them. Default: no type has one of its own.
 */
export function getQuotaName(type: CallType, told?: Partial<Record<QuotaName, unknown>>): QuotaName {
  if (isPreload(type)) return "preload";
  const own = ownQuotaOf(type);
  return own !== undefined && told?.[own] !== undefined ? own : quotaOf(type);
}

/** Whether it is only assumed which quota calls of that type count against: the service doesn't say. */
export function isQuotaAssumed(type: CallType, told: RefreshQuota): boolean {
  const own = isPreload(type) ? undefined : ownQuotaOf(type);
  return own !== undefined && told[own] === undefined;
}

/** Whether a quota holds URLs, so that directories may be refreshed in their place. */
export function holdsUrls(name: QuotaName): boolean {
  return name === "urls" || name === "ignoreParams";
}

/** Whether calls of that type with force and without it differ. */
export function canForce(type: CallType): boolean {
  return !isPreload(type) && takesForce(type);
}

/** How many paths one call may carry. */
export function getPathsPerCall(type: CallType): number {
  return isPreload(type) ? PRELOADS_PER_CALL : PATHS_PER_CALL[type];
}
