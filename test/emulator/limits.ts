/**
 * Every number that the emulator takes from outside, each with where it comes from: "page" is the service's own page of
 * RefreshVodObjectCaches, "preload page" that of PreloadVodObjectCaches, "help" another of its help pages, "choice" a
 * decision made here because none of them says.
 */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** URLs an account may refresh a day (page). */
export const URLS_PER_DAY = 2_000;
/** Directories an account may refresh a day (page). */
export const DIRECTORIES_PER_DAY = 100;
/** URLs an account may preload a day (preload page). */
export const PRELOADS_PER_DAY = 500;
/** "BlockQuota" and "blockRemain" of DescribeVodRefreshQuota (help, its example). Nothing here spends it. */
export const BLOCKS_PER_DAY = 500;
/** A day of the quota starts at 00:00 UTC+8, so this much before midnight UTC (help). */
export const QUOTA_DAY_OFFSET = 8 * HOUR;

/** URLs that one call may carry (help, console guide). Directories have no such limit: a day's worth may go at once. */
export const URLS_PER_CALL = 1_000;
/**
 * URLs that one call may preload (help, the same operation of the CDN product). The message of the refusal speaks of 1,000
 * (preload page), which is more than a day's quota.
 */
export const PRELOADS_PER_CALL = 100;
/** URL tasks that share one task ID at most (page). */
export const TASKS_PER_ID = 2_000;
/** URL tasks of one domain share an ID when they were submitted within one second (page). */
export const MERGE_WINDOW = SECOND;

/** Rows on a page of DescribeVodRefreshTasks, unless told otherwise (help). */
export const DEFAULT_PAGE_SIZE = 20;
/** Most rows on a page of DescribeVodRefreshTasks (help). */
export const MAX_PAGE_SIZE = 50;
/** Highest page number (help, the same operation of the CDN product). */
export const MAX_PAGE_NUMBER = 100_000;
/** How long a task can be queried (help). */
export const TASK_RECORD_LIFE = 3 * DAY;

/** How far a request's Timestamp may lie from the gateway's clock, either way (help). */
export const TIMESTAMP_TOLERANCE = 15 * MINUTE;

/** Longest request line and headers, in bytes; beyond it comes an HTML 414 (choice; it is also what Node reads at most). */
export const MAX_HEADER_BYTES = 16_384;
/** Longest body, in bytes; beyond it comes an HTML 413 (choice: 1,000 URLs of 2 KB, percent-encoded, fit). */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
