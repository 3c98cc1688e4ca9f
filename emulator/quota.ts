/**
 * The limits of an account: URLs, directories and preloads in a day, and paths in a minute. A call fits into all of
 * them, or it spends nothing.
 */
import { refusal } from "./errors.js";
import { DAY, MINUTE, QUOTA_DAY_OFFSET } from "./limits.js";
import type { TaskType } from "./object-path.js";

export type QuotaKind = "url" | "directory" | "preload" | "regex" | "ignoreParams";

/** How many paths of each kind an account has in a day; undefined for a type that has no quota of its own. */
export type DayLimits = Record<"url" | "directory" | "preload", number> &
  Record<"regex" | "ignoreParams", number | undefined>;

/**
 * The quota that a path of each type is taken from. The page counts "resources based on URLs" and "based on
 * directories", and doesn't tell what Regex and IgnoreParams count as (choice): IgnoreParams names one URL, so it
 * counts as a URL; Regex covers as much as a directory, so it counts as a directory. An account can be told to have
 * quotas of their own for both, as one of CDN has.
 */
export const QUOTA_KIND: Record<TaskType, QuotaKind> = {
  File: "url",
  IgnoreParams: "url",
  Directory: "directory",
  Regex: "directory",
  Preload: "preload",
};

const OWN_KIND: Partial<Record<TaskType, "regex" | "ignoreParams">> = { Regex: "regex", IgnoreParams: "ignoreParams" };

const NOTHING_USED: Readonly<Record<QuotaKind, number>> = {
  url: 0,
  directory: 0,
  preload: 0,
  regex: 0,
  ignoreParams: 0,
};

export class Quota {
  private day = Number.NaN;
  private minute = Number.NaN;
  private used: Record<QuotaKind, number> = { ...NOTHING_USED };
  private usedThisMinute = 0;

  /**
   * @param limits the URLs, directories and preloads of a day; an account may have higher limits than the published
   * ones
   * @param perMinute how many paths may be refreshed in a minute of the clock; undefined is no limit, since the number
   * isn't published. The page of PreloadVodObjectCaches mentions no such limit
   */
  constructor(
    readonly limits: DayLimits,
    public perMinute: number | undefined,
    /** Whether DescribeVodRefreshQuota tells of the quotas that Regex and IgnoreParams have of their own. */
    public tellsOwn = true,
  ) {}

  /** The quota that a path of a type is taken from. */
  kindOf(type: TaskType): QuotaKind {
    const own = OWN_KIND[type];
    return own !== undefined && this.limits[own] !== undefined ? own : QUOTA_KIND[type];
  }

  remain(kind: QuotaKind, now: number): number {
    this.startPeriods(now);
    return Math.max(0, (this.limits[kind] ?? 0) - this.used[kind]);
  }

  /** Takes `count` paths from the quota, or throws and takes none. The day's limit is checked before the minute's. */
  spend(kind: QuotaKind, count: number, now: number): void {
    this.startPeriods(now);
    if (this.used[kind] + count > (this.limits[kind] ?? 0)) throw refusal("QuotaExceeded.Refresh");
    if (kind !== "preload") this.spendMinute(count);
    this.used[kind] += count;
  }

  /** Sets what is left of today's quota, as if somebody else had spent the rest. */
  setRemain(kind: QuotaKind, remain: number, now: number): void {
    this.startPeriods(now);
    this.used[kind] = Math.max(0, (this.limits[kind] ?? 0) - remain);
  }

  private spendMinute(count: number): void {
    if (this.perMinute !== undefined && this.usedThisMinute + count > this.perMinute) {
      throw refusal("QuotaPerMinuteExceeded.Refresh");
    }
    this.usedThisMinute += count;
  }

  private startPeriods(now: number): void {
    const day = quotaDay(now);
    if (day !== this.day) {
      this.day = day;
      this.used = { ...NOTHING_USED };
    }
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.minute) {
      this.minute = minute;
      this.usedThisMinute = 0;
    }
  }
}

/** Returns the number of the day in UTC+8. */
export function quotaDay(now: number): number {
  return Math.floor((now + QUOTA_DAY_OFFSET) / DAY);
}
