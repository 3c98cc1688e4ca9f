/** What a Pulumi program imports from `pulumi-alicloud-vod`. */
export { ContentHashError } from "./files.js";
export { type HashFilesOptions, hashContent, hashFiles } from "./hash.js";
export { type ObjectType, type RefreshStatus, VodCacheRefresh, type VodCacheRefreshArgs } from "./refresh.js";
