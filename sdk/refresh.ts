/** The refresh that a program declares. */
import type * as pulumi from "@pulumi/pulumi";
import type { Collapse, QuotaPolicy } from "../provider/choices.js";
import type { ObjectType } from "../provider/vod/limits.js";
// Types apart: a program without a TypeScript of its own is compiled by the one of Pulumi, 3.8.
import type { Source, VodCacheArgs, Wait } from "./resource.js";
import { VodCacheResource } from "./resource.js";

export type { Collapse, ObjectType, QuotaPolicy };

/** What to refresh, and when: `paths` with `contentHash`, or `contents`, or `source`. */
export interface VodCacheRefreshArgs extends VodCacheArgs {
  /**
   * URLs, directories (ending in `/`) or patterns, as `objectType` says: at least one, and no more than a day's quota.
   * `https://vod.example.com/player/app.js` names one cached object; without a scheme,
   * `vod.example.com/player/app.js` is sent as it is written. Duplicates are sent once.
   */
  paths?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * With `paths`: a text that changes when their content does: a hash (see `hashFiles` and `hashContent`), a version,
   * another resource's output. A change refreshes all `paths`.
   */
  contentHash?: pulumi.Input<string>;
  /**
   * The hash of each URL's content, by URL; hashes may be outputs of other resources, such as an object's etag. Only URLs
   * whose hash changed, or that are no longer in it, are refreshed.
   */
  contents?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Files that are hashed by the provider. Only those that changed or vanished are refreshed. */
  source?: pulumi.Input<Source>;
  /**
   * What the paths are to the service. `File`: exact URLs. `Directory`: everything below. `Regex`: regular
   * expressions. `IgnoreParams`: URLs with any query. `contents` and `source` are URLs, so `File` or `IgnoreParams`.
   * Defaults to `File`.
   */
  objectType?: pulumi.Input<ObjectType>;
  /**
   * For directories: `true` makes the edge fetch everything again, `false` only what the origin's `Last-Modified` shows
   * as changed. Not sent for other object types. Defaults to `false`.
   */
  force?: pulumi.Input<boolean>;
  /**
   * Whether creating the resource refreshes its paths. With `false`, the first deployment records the content and
   * sends nothing. Defaults to `true`, since what the edge holds is unknown then.
   */
  refreshOnCreate?: pulumi.Input<boolean>;
  /**
   * With `contents` and `source`: whether a URL that is new is refreshed as well. No cache can hold it, unless somebody
   * asked for it before it was there and the edge cached the 404. Defaults to `false`.
   */
  refreshNew?: pulumi.Input<boolean>;
  /**
   * What to do when the day's quota can't hold what is due. `fail`: send nothing, and fail. `partial`: send what fits, in
   * order, keep the rest as `pending` for the next update, and succeed with a warning and the status `Incomplete`.
   * `collapse`: refresh directories instead of URLs; fail if that doesn't fit either. Defaults to `fail`.
   */
  onQuotaExceeded?: pulumi.Input<QuotaPolicy>;
  /**
   * Whether URLs are replaced by directories that hold them: `always`, where that costs less of the day's quota, or
   * `never`. Defaults to what `onQuotaExceeded` says.
   */
  collapse?: pulumi.Input<Collapse>;
  /**
   * Whether an update follows the tasks of its refresh to their end. A path whose task failed is sent once more; if that
   * fails too, the update fails and the path stays `pending`. Defaults to `false`.
   */
  wait?: pulumi.Input<boolean | Wait>;
}

/**
 * Refreshes paths on the edge of ApsaraVideo VOD (RefreshVodObjectCaches) when their content changes.
 *
 * With `paths`, a changed `contentHash` refreshes all of them, and a path that is added refreshes that path. With
 * `contents` and `source`, only the URLs that changed or vanished are refreshed. Creating it refreshes everything;
 * deleting it sends nothing. Let it depend on what uploads the content, or the edge may fetch the old content again.
 *
 * @example
 * new VodCacheRefresh("player", {
 *   paths: ["https://vod.example.com/player/app.js"],
 *   contentHash: hashFiles("./dist"),
 * }, { dependsOn: upload });
 *
 * @example
 * new VodCacheRefresh("site", {
 *   source: { directory: "./dist", baseUrl: "https://vod.example.com/", indexDocument: "index.html" },
 * }, { dependsOn: upload });
 */
export class VodCacheRefresh extends VodCacheResource {
  declare readonly objectType: pulumi.Output<ObjectType>;
  declare readonly force: pulumi.Output<boolean>;
  declare readonly refreshOnCreate: pulumi.Output<boolean>;
  declare readonly refreshNew: pulumi.Output<boolean | undefined>;
  declare readonly onQuotaExceeded: pulumi.Output<QuotaPolicy>;
  declare readonly collapse: pulumi.Output<Collapse | undefined>;

  /** The same IDs as the API writes them, joined by commas; undefined if nothing was ever sent. */
  declare readonly refreshTaskId: pulumi.Output<string | undefined>;
  /** The paths that the last update sent, the first 50 of them. */
  declare readonly refreshed: pulumi.Output<string[]>;

  /** @throws RunError for an import or a look-up by ID: a refresh is an act of the past, and no object of the service. */
  constructor(name: string, args: VodCacheRefreshArgs, opts?: pulumi.CustomResourceOptions) {
    const own = {
      objectType: undefined,
      force: undefined,
      refreshOnCreate: undefined,
      refreshNew: undefined,
      onQuotaExceeded: undefined,
      collapse: undefined,
      ...args,
      refreshTaskId: undefined,
      refreshed: undefined,
    };
    super("VodCacheRefresh", name, own, opts);
  }
}
