/** What the writer of a report needs of its shape, apart from it: to build that takes milliseconds of every start. */

/** The version that this package writes. A field may be added in the same version; a change of one is a new version. */
export const REPORT_VERSION = 1;

/** How many paths a list of a report names; its count has all of them. */
export const PATHS_REPORTED = 2_000;

/** The quotas, named as in the output `cost`. */
export const QUOTA_KEYS = ["urls", "directories", "preloads", "regex", "ignoreParams"] as const;

/** The fields of an entry, in the order in which a person reads them. */
export const ENTRY_FIELDS = [
  "name",
  "type",
  "urn",
  "operation",
  "outcome",
  "status",
  "due",
  "exceeded",
  "collapsed",
  "quota",
  "quotaResetsAt",
  "plannedCalls",
  "calls",
  "requestIds",
  "pending",
  "unconfirmed",
  "verified",
  "error",
  "nextUpdate",
  "caller",
  "endpoint",
  "plannedAt",
  "startedAt",
  "submittedAt",
  "finishedAt",
] as const;
