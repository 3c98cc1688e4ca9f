/** The words that some inputs and outputs choose from. Nothing but these here: the types of a program are made of them. */

/** What to do when the day's quota can't hold what is due. */
export const QUOTA_POLICIES = ["fail", "partial", "collapse"] as const;
/** What to do when the day's quota can't hold what is due. */
export type QuotaPolicy = (typeof QUOTA_POLICIES)[number];

/** Whether URLs are replaced by directories that hold them. */
export const COLLAPSES = ["always", "never"] as const;
/** Whether URLs are replaced by directories that hold them. */
export type Collapse = (typeof COLLAPSES)[number];

/**
 * What became of the last refresh: `NotSubmitted`: nothing was ever sent (`refreshOnCreate: false`); `Submitted`: the
 * service accepted every path; `Incomplete`: it hasn't accepted the `pending` ones yet.
 */
export const STATUSES = ["NotSubmitted", "Submitted", "Incomplete"] as const;
/** What became of the last refresh. */
export type RefreshStatus = (typeof STATUSES)[number];
