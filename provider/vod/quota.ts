/** The daily quotas of an account: which one a path counts against, what is left, and when they reset. */
import { z } from "zod";
import type { ObjectType } from "./limits.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./time.js";

/** The two quotas that refreshes count against. */
type QuotaKind = "urls" | "directories";

/**
 * The types that may have a quota of their own. Source: CDN, where an account has 20 regular expressions and 100 URLs with any
 * query a day; VOD is silent.
 */
export type OwnQuota = "regex" | "ignoreParams";

/** How much an account may do in a day, and how much is left. */
export interface DayQuota {
  quota: number;
  remain: number;
}

/**
 * The day's quotas of an account; those of preloads and of single types only where the service gives them. Source:
 * DescribeVodRefreshQuota.
 */
export type RefreshQuota = Readonly<Record<QuotaKind, DayQuota> & Partial<Record<"preload" | OwnQuota, DayQuota>>>;

const count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
/** No refresh needs these quotas, so none fails where one is missing or can't be read. */
const optionalCount = count.optional().catch(undefined);

/** The answer, in which all numbers are strings; other fields are ignored. */
export const quotaAnswer = z
  .object({
    UrlQuota: count,
    UrlRemain: count,
    DirQuota: count,
    DirRemain: count,
    PreloadQuota: optionalCount,
    PreloadRemain: optionalCount,
    RegexQuota: optionalCount,
    RegexRemain: optionalCount,
    IgnoreParamsQuota: optionalCount,
    IgnoreParamsRemain: optionalCount,
  })
  .transform(
    (answer): RefreshQuota => ({
      urls: { quota: answer.UrlQuota, remain: answer.UrlRemain },
      directories: { quota: answer.DirQuota, remain: answer.DirRemain },
      ...named("preload", answer.PreloadQuota, answer.PreloadRemain),
      ...named("regex", answer.RegexQuota, answer.RegexRemain),
      ...named("ignoreParams", answer.IgnoreParamsQuota, answer.IgnoreParamsRemain),
    }),
  );

function named(name: "preload" | OwnQuota, quota: number | undefined, remain: number | undefined) {
  return quota === undefined || remain === undefined ? {} : { [name]: { quota, remain } };
}

/** Whether a code says that a day's quota is used up. Sources: seed and preload page; CDN names that of preloads. */
export function isQuotaExceeded(code: string): boolean {
  return code === "QuotaExceeded.Refresh" || code === "QuotaExceeded.Preload";
}

/**
 * The offset from UTC of the midnight at which the service's day begins, in hours. Source: the console guide (Beijing
 * time).
 */
const DAY_UTC_OFFSET_HOURS = 8;

/** The quota of its own that a type has where the account has one; undefined for a type that never has. */
export function ownQuotaOf(objectType: ObjectType): OwnQuota | undefined {
  return objectType === "Regex" ? "regex" : objectType === "IgnoreParams" ? "ignoreParams" : undefined;
}

/**
 * Which quota a path counts against where its type has none of its own. Source: seed; it is silent on Regex (CDN: with
 * directories) and IgnoreParams, so of these two it is assumed.
 */
export function quotaOf(objectType: ObjectType): QuotaKind {
  return objectType === "Directory" || objectType === "Regex" ? "directories" : "urls";
}

/** When the day's quotas reset next: midnight in UTC+8. */
export function nextDay(now: Date): Date {
  const shift = DAY_UTC_OFFSET_HOURS * HOUR_MS;
  return new Date(Math.floor((now.getTime() + shift) / DAY_MS + 1) * DAY_MS - shift);
}

/** The same for people, such as "2026-11-24 00:00 UTC+8 (in 8 h 41 min)". */
export function describeNextDay(now: Date): string {
  const next = nextDay(now);
  const day = new Date(next.getTime() + DAY_UTC_OFFSET_HOURS * HOUR_MS).toISOString().slice(0, 10);
  const minutes = Math.ceil((next.getTime() - now.getTime()) / MINUTE_MS);
  const hours = Math.floor(minutes / 60);
  return `${day} 00:00 UTC+${DAY_UTC_OFFSET_HOURS} (in ${hours > 0 ? `${hours} h ` : ""}${minutes % 60} min)`;
}
