/** What a Pulumi program imports from `pulumi-alicloud-vod`. */
export { ContentHashError } from "../provider/content/files.js";
export type { HashFilesOptions } from "../provider/content/hash.js";
export { hashContent, hashFiles } from "../provider/content/hash.js";
export type {
  GetVodRefreshQuotaArgs,
  GetVodRefreshQuotaOutputArgs,
  GetVodRefreshQuotaResult,
  GetVodRefreshTasksArgs,
  GetVodRefreshTasksOutputArgs,
  GetVodRefreshTasksResult,
  VodDayQuota,
  VodRefreshTask,
} from "./functions.js";
export {
  getVodRefreshQuota,
  getVodRefreshQuotaOutput,
  getVodRefreshTasks,
  getVodRefreshTasksOutput,
} from "./functions.js";
// Types apart: a program without a TypeScript of its own is compiled by the one of Pulumi, 3.8.
export type {
  AwaitedRefreshArgs,
  PreloadArea,
  PreloadOptions,
  PreloadQuotaArgs,
  PreloadQuotaPolicy,
  VodCachePreloadArgs,
} from "./preload.js";
export { VodCachePreload } from "./preload.js";
export type { Collapse, ObjectType, PreloadArgs, QuotaArgs, QuotaPolicy, VodCacheRefreshArgs } from "./refresh.js";
export { VodCacheRefresh } from "./refresh.js";
export type {
  AssumeRoleArgs,
  FailurePolicy,
  FollowSymlinks,
  RefreshStatus,
  RetryArgs,
  SourceArgs,
  TimeoutPolicy,
  VerifyArgs,
  VodCost,
  VodVerified,
  WaitArgs,
} from "./resource.js";
export type { VodSiteReleaseArgs } from "./site.js";
export { VodSiteRelease } from "./site.js";
