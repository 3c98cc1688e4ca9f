/** What a Pulumi program imports from `pulumi-alicloud-vod`. */
export { ContentHashError } from "./files.js";
export { type HashFilesOptions, hashContent, hashFiles } from "./hash.js";
export {
  type Collapse,
  type ObjectType,
  type QuotaPolicy,
  type RefreshStatus,
  type Source,
  VodCacheRefresh,
  type VodCacheRefreshArgs,
} from "./refresh.js";
