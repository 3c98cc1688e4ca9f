/** The values that some inputs and outputs choose from, and nothing else: the types of a program are made of these. */

export const QUOTA_POLICIES = ["fail", "partial", "collapse"] as const;
/** What to do when the day's quota can't hold what is due. */
export type QuotaPolicy = (typeof QUOTA_POLICIES)[number];

export const PRELOAD_QUOTA_POLICIES = ["fail", "partial"] as const;
/** What to do when the day's quota can't hold what is to be preloaded. */
export type PreloadQuotaPolicy = (typeof PRELOAD_QUOTA_POLICIES)[number];

export const COLLAPSES = ["always", "never"] as const;
/** Whether directories are refreshed in place of URLs. */
export type Collapse = (typeof COLLAPSES)[number];

export const TIMEOUT_POLICIES = ["fail", "warn"] as const;
/** What to do when tasks have not ended in time. */
export type TimeoutPolicy = (typeof TIMEOUT_POLICIES)[number];

export const FAILURE_POLICIES = ["fail", "warn"] as const;
/** What a failed preload means for the update. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];

export const STATUSES = [
  "NotSubmitted",
  "Submitted",
  "Incomplete",
  "Pending",
  "Refreshing",
  "Complete",
  "Failed",
] as const;
/**
 * The last known status of the last refresh or preload. `NotSubmitted`: nothing was ever sent. `Submitted`: the service
 * accepted every path, and its tasks have not been asked for since. `Incomplete`: the next update still has to send the
 * `pending` paths. The others are the service's own: `Pending` and `Refreshing` tasks have not ended, `Complete` and
 * `Failed` ones have.
 */
export type RefreshStatus = (typeof STATUSES)[number];
