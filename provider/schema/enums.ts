/** The words that some inputs and outputs choose from. Nothing but these here: the types of a program are made of them. */

/** What to do when the day's quota can't hold what is due. */
export const QUOTA_POLICIES = ["fail", "partial", "collapse"] as const;
/** What to do when the day's quota can't hold what is due. */
export type QuotaPolicy = (typeof QUOTA_POLICIES)[number];

/** Whether URLs are replaced by directories that hold them. */
export const COLLAPSES = ["always", "never"] as const;
/** Whether URLs are replaced by directories that hold them. */
export type Collapse = (typeof COLLAPSES)[number];

/** What to do when the tasks of a refresh haven't ended in time. */
export const TIMEOUT_POLICIES = ["fail", "warn"] as const;
/** What to do when the tasks of a refresh haven't ended in time. */
export type TimeoutPolicy = (typeof TIMEOUT_POLICIES)[number];

/** What a preload that fails means for the update. */
export const FAILURE_POLICIES = ["fail", "warn"] as const;
/** What a preload that fails means for the update. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number];

/**
 * What became of the last refresh, as it was last seen. `NotSubmitted`: nothing was ever sent (`refreshOnCreate: false`).
 * `Submitted`: the service accepted every path, and its tasks weren't looked at since. `Incomplete`: it hasn't accepted
 * the `pending` paths yet, or failed them. The others are the service's own: `Pending` and `Refreshing` tasks haven't
 * ended, `Complete` and `Failed` ones have.
 */
export const STATUSES = [
  "NotSubmitted",
  "Submitted",
  "Incomplete",
  "Pending",
  "Refreshing",
  "Complete",
  "Failed",
] as const;
/** What became of the last refresh, as it was last seen. */
export type RefreshStatus = (typeof STATUSES)[number];
