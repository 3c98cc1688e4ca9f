/**
 * The limits of the service, each with its source: "page" is the service's own page of RefreshVodObjectCaches, "preload
 * page" that of PreloadVodObjectCaches, "help" another of its help pages, "choice" a decision made here because no page
 * tells.
 */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How many URLs an account may refresh in a day (page). */
export const URLS_PER_DAY = 2_000;
/** How many directories an account may refresh in a day (page). */
export const DIRECTORIES_PER_DAY = 100;
/** How many URLs an account may preload in a day (preload page). */
export const PRELOADS_PER_DAY = 500;
/** "BlockQuota" and "blockRemain" of DescribeVodRefreshQuota (help, its example). Nothing here spends it. */
export const BLOCKS_PER_DAY = 500;
/** A day of the quota starts at 00:00 UTC+8, which is this long before midnight UTC (help). */
export const QUOTA_DAY_OFFSET = 8 * HOUR;

/**
 * How many URLs a call may carry (help, console guide). Directories have no such limit: a call may carry a whole day's.
 */
export const URLS_PER_CALL = 1_000;
/**
 * How many URLs a call may preload (help, the same operation of the CDN product). The message of the refusal mentions
 * 1,000 (preload page), which is more than a day's quota.
 */
export const PRELOADS_PER_CALL = 100;
/** How many characters a path may have (help, the same operation of the CDN product). */
export const MAX_PATH_LENGTH = 1_024;
/** How many URL tasks may share a task ID (page). */
export const TASKS_PER_ID = 2_000;
/** URL tasks of one domain share an ID if they are submitted within this time (page). */
export const MERGE_WINDOW = SECOND;

/** How many rows a page of DescribeVodRefreshTasks has by default (help). */
export const DEFAULT_PAGE_SIZE = 20;
/** The most rows on a page of DescribeVodRefreshTasks (help). */
export const MAX_PAGE_SIZE = 50;
/** The highest page number (help, the same operation of the CDN product). */
export const MAX_PAGE_NUMBER = 100_000;
/** How long a task can be queried (help). */
export const TASK_RECORD_LIFE = 3 * DAY;

/** How far a request's Timestamp may differ from the gateway's clock, either way (help). */
export const TIMESTAMP_TOLERANCE = 15 * MINUTE;

/** The longest request line and headers, in bytes; a longer one gets an HTML 414 (choice: the limit of Node). */
export const MAX_HEADER_BYTES = 16_384;
/** The longest body, in bytes; a longer one gets an HTML 413 (choice: 1,000 percent-encoded URLs of 2 KB fit). */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
