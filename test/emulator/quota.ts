/**
 * The limits of an account: URLs, directories and preloads a day, paths a minute. A call either fits into all of them or
 * spends nothing.
 */
import { refusal } from "./errors.js";
import { DAY, MINUTE, QUOTA_DAY_OFFSET } from "./limits.js";
import type { TaskType } from "./object-path.js";

export type QuotaKind = "url" | "directory" | "preload";

/**
 * Which quota a path of that type is taken from. The page counts "resources based on URLs" and "based on directories" and
 * doesn't say what Regex and IgnoreParams are. Here IgnoreParams names one URL, so it is a URL; Regex reaches as far as a
 * directory does, so it is a directory.
 */
export const QUOTA_OF: Record<TaskType, QuotaKind> = {
  File: "url",
  IgnoreParams: "url",
  Directory: "directory",
  Regex: "directory",
  Preload: "preload",
};

const NOTHING_USED: Readonly<Record<QuotaKind, number>> = { url: 0, directory: 0, preload: 0 };

export class Quota {
  private day = Number.NaN;
  private minute = Number.NaN;
  private used: Record<QuotaKind, number> = { ...NOTHING_USED };
  private usedThisMinute = 0;

  /**
   * @param limits a day's URLs, directories and preloads; the account's own may be higher than the published ones
   * @param perMinute paths that may be refreshed in a minute of the clock. The number is not published: undefined is no
   * limit. The page of PreloadVodObjectCaches knows no such limit
   */
  constructor(
    readonly limits: Record<QuotaKind, number>,
    public perMinute: number | undefined,
  ) {}

  remain(kind: QuotaKind, now: number): number {
    this.turn(now);
    return Math.max(0, this.limits[kind] - this.used[kind]);
  }

  /** Takes `count` paths from the quota, or throws and takes none. The day's limit is looked at before the minute's. */
  spend(kind: QuotaKind, count: number, now: number): void {
    this.turn(now);
    if (this.used[kind] + count > this.limits[kind]) throw refusal("QuotaExceeded.Refresh");
    if (kind !== "preload") this.spendOfMinute(count);
    this.used[kind] += count;
  }

  /** As if that many had been spent today by somebody else. */
  setRemain(kind: QuotaKind, remain: number, now: number): void {
    this.turn(now);
    this.used[kind] = Math.max(0, this.limits[kind] - remain);
  }

  private spendOfMinute(count: number): void {
    if (this.perMinute !== undefined && this.usedThisMinute + count > this.perMinute) {
      throw refusal("QuotaPerMinuteExceeded.Refresh");
    }
    this.usedThisMinute += count;
  }

  private turn(now: number): void {
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

/** The number of the day in UTC+8. */
export function quotaDay(now: number): number {
  return Math.floor((now + QUOTA_DAY_OFFSET) / DAY);
}
