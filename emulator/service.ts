/**
 * The operations of the service, behind the gateway. Each takes the parameters of a call and returns the body of the
 * answer without its RequestId, or throws a refusal.
 */
import { type Account, requireDomain, requireOpenService } from "./account.js";
import type { Clock } from "./clock.js";
import { describeTasks, parseTasksQuery } from "./describe.js";
import { type ErrorCode, refusal } from "./errors.js";
import { BLOCKS_PER_DAY, PRELOADS_PER_CALL, URLS_PER_CALL } from "./limits.js";
import { parseBoolean, parseObjectPaths, parseObjectType } from "./object-path.js";
import { parsePreloadOptions } from "./preload.js";
import type { Quota } from "./quota.js";
import type { Course, TaskBook } from "./tasks.js";

export type Parameters = Record<string, string | undefined>;
export type Answer = Record<string, unknown>;

/** The code for too many URLs in a call: the nearest of the page's codes (choice). */
const TOO_MANY_URLS: ErrorCode = "QuotaExceeded.Refresh";

export class VodService {
  constructor(
    private readonly account: Account,
    private readonly clock: Clock,
    private readonly quota: Quota,
    private readonly tasks: TaskBook,
  ) {}

  /** @param course returns how the tasks go; called when a refresh or a preload is accepted */
  call(action: string | undefined, parameters: Parameters, course: () => Course): Answer {
    switch (action) {
      case "RefreshVodObjectCaches":
        return this.refresh(parameters, course);
      case "PreloadVodObjectCaches":
        return this.preload(parameters, course);
      case "DescribeVodRefreshTasks":
        requireOpenService(this.account);
        return describeTasks(this.tasks.list(this.clock.now()), parseTasksQuery(parameters), this.clock.now());
      case "DescribeVodRefreshQuota":
        requireOpenService(this.account);
        return this.describeQuota();
      case undefined:
      case "":
        throw refusal("MissingAction");
      default:
        throw refusal("InvalidAction.NotFound");
    }
  }

  /** Checks everything before it spends quota or files tasks: a refused call leaves no trace. */
  private refresh(parameters: Parameters, course: () => Course): Answer {
    requireOpenService(this.account);
    if (!parameters.ObjectPath) throw refusal("MissingParameter");
    const type = parseObjectType(parameters.ObjectType);
    const force = parseBoolean("Force", parameters.Force);
    const paths = parseObjectPaths(parameters.ObjectPath, type);
    for (const path of paths) requireDomain(this.account, path.domain);
    const kind = this.quota.kindOf(type);
    if ((type === "File" || type === "IgnoreParams") && paths.length > URLS_PER_CALL) throw refusal(TOO_MANY_URLS);
    const now = this.clock.now();
    this.quota.spend(kind, paths.length, now);
    return { RefreshTaskId: this.tasks.submit(paths, { type, force }, now, course()).join(",") };
  }

  /** As with a refresh, a refused call leaves no trace. */
  private preload(parameters: Parameters, course: () => Course): Answer {
    requireOpenService(this.account);
    if (!parameters.ObjectPath) throw refusal("MissingParameter");
    const options = parsePreloadOptions(parameters);
    const paths = parseObjectPaths(parameters.ObjectPath, "Preload");
    for (const path of paths) requireDomain(this.account, path.domain);
    if (paths.length > PRELOADS_PER_CALL) throw refusal("InvalidObjectPath.Size.Malformed");
    if (!this.tasks.hasRoomFor(paths.length)) throw refusal("PreloadQueueFull");
    const now = this.clock.now();
    this.quota.spend("preload", paths.length, now);
    return { PreloadTaskId: this.tasks.submit(paths, { type: "Preload", ...options }, now, course()).join(",") };
  }

  private describeQuota(): Answer {
    const now = this.clock.now();
    const { limits, tellsOwn } = this.quota;
    const own = (name: string, kind: "regex" | "ignoreParams") =>
      limits[kind] === undefined || !tellsOwn
        ? {}
        : { [`${name}Quota`]: String(limits[kind]), [`${name}Remain`]: String(this.quota.remain(kind, now)) };
    return {
      UrlQuota: String(this.quota.limits.url),
      UrlRemain: String(this.quota.remain("url", now)),
      DirQuota: String(this.quota.limits.directory),
      DirRemain: String(this.quota.remain("directory", now)),
      PreloadQuota: String(this.quota.limits.preload),
      PreloadRemain: String(this.quota.remain("preload", now)),
      BlockQuota: String(BLOCKS_PER_DAY),
      // The only field whose name begins with a small letter.
      blockRemain: String(BLOCKS_PER_DAY),
      // The names of CDN's answer.
      ...own("Regex", "regex"),
      ...own("IgnoreParams", "ignoreParams"),
    };
  }
}
