/**
 * The numbers of the VOD cache operations, each with its source.
 *
 * "Seed" is the service's own page of RefreshVodObjectCaches, "preload page" that of PreloadVodObjectCaches. Where the VOD
 * pages are silent, the page of the same operation of Alibaba Cloud CDN (RefreshObjectCaches, PushObjectCache), on which
 * VOD's acceleration runs, is the source; such a limit can make calls smaller than necessary, never wrong.
 */

/** What a path is to the service (seed, parameter `ObjectType`). */
export const OBJECT_TYPES = ["File", "Directory", "Regex", "IgnoreParams"] as const;

/** What a path is to the service: a file (a URL), a directory, a regular expression, or a URL with any query. */
export type ObjectType = (typeof OBJECT_TYPES)[number];

/**
 * Whether `Force` means anything for a type. A file is always fetched again. The seed speaks of directories; CDN and DCDN: of
 * any type but `File`, since "other refresh types refresh only changed resources by default".
 */
export function takesForce(type: ObjectType): boolean {
  return type !== "File";
}

/** The version of the VOD API that all operations belong to. Source: the official SDKs. */
export const API_VERSION = "2017-03-21";

/**
 * The only region that has the operation. Source: seed, "This operation is available only in the China (Shanghai)
 * region".
 */
export const REGION = "cn-shanghai";
export const DEFAULT_ENDPOINT = `https://vod.${REGION}.aliyuncs.com`;

/**
 * How many refreshes and preloads an account has each day, unless Alibaba Cloud raised the quota. Sources: seed,
 * preload page.
 */
export const DAILY_QUOTA = { urls: 2000, directories: 100, preload: 500 } as const;

/**
 * How many paths one call may carry. Sources: URLs: the VOD console guide; directories: one call may carry the quota of a
 * whole day; regular expressions: CDN ("1 regular expression a request"), VOD is silent.
 */
export const PATHS_PER_CALL: Readonly<Record<ObjectType, number>> = {
  File: 1000,
  IgnoreParams: 1000,
  Directory: 100,
  Regex: 1,
};

/** How many URLs one call may preload. Source: CDN; VOD refuses more than 1,000, which exceeds the quota of a day. */
export const PRELOADS_PER_CALL = 100;

/** Where a preload puts its copies (preload page, parameter `Area`). */
export const PRELOAD_AREAS = ["domestic", "overseas"] as const;

/** Where a preload puts its copies: in the Chinese mainland, or everywhere else. */
export type PreloadArea = (typeof PRELOAD_AREAS)[number];

/**
 * Where a preload puts its copies by default. It is always sent, since the service's pages disagree about its own
 * default.
 */
export const DEFAULT_PRELOAD_AREA: PreloadArea = "domestic";

/**
 * How many characters a path may have as it is sent. Source: CDN and DCDN ("each object path can be up to 1,024 characters
 * in length").
 */
export const MAX_PATH_LENGTH = 1_024;

/** How many different domains the paths of one call may have. Source: CDN; VOD is silent. */
export const DOMAINS_PER_CALL = 10;
