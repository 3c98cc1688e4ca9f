/** The resource that a program declares. It computes nothing: all that it does happens in Pulumi's provider process. */
import * as pulumi from "@pulumi/pulumi";
import type { RefreshStatus } from "../provider/state.js";
import type { ObjectType } from "../provider/vod/limits.js";

export type { ObjectType, RefreshStatus };

/** What to refresh, and when. */
export interface VodCacheRefreshArgs {
  /**
   * URLs, directories (ending in `/`) or patterns, as `objectType` says: at least one, and no more than a day's quota.
   * `https://vod.example.com/player/app.js` names one cached object; without a scheme,
   * `vod.example.com/player/app.js` is sent as it is written. Duplicates are sent once.
   */
  paths: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * A text that changes when the content does: a hash (see `hashFiles` and `hashContent`), a version, another
   * resource's output. A change refreshes all `paths`.
   */
  contentHash: pulumi.Input<string>;
  /**
   * What the paths are to the service. `File`: exact URLs. `Directory`: everything below. `Regex`: regular
   * expressions. `IgnoreParams`: URLs with any query. Defaults to `File`.
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
   * Where the VOD API is: a host, or `https://` and a host; `http://` for loopback addresses only. Defaults to the
   * environment's `VOD_ENDPOINT`, else to `vod.cn-shanghai.aliyuncs.com`.
   */
  endpoint?: pulumi.Input<string>;
}

/**
 * Refreshes paths on the edge of ApsaraVideo VOD (RefreshVodObjectCaches) whenever `contentHash` changes.
 *
 * Creating it refreshes all paths, a changed hash refreshes all paths, a path that is added refreshes that path; nothing
 * else sends anything. Deleting it sends nothing. Let it depend on what uploads the content, or the edge may fetch the
 * old content again.
 *
 * @example
 * new VodCacheRefresh("player", {
 *   paths: ["https://vod.example.com/player/app.js"],
 *   contentHash: hashFiles("./dist"),
 * }, { dependsOn: upload });
 */
export class VodCacheRefresh extends pulumi.CustomResource {
  /** The paths as they are sent: normalised, without duplicates. */
  declare readonly paths: pulumi.Output<string[]>;
  declare readonly contentHash: pulumi.Output<string>;
  declare readonly objectType: pulumi.Output<ObjectType>;
  declare readonly force: pulumi.Output<boolean>;
  declare readonly refreshOnCreate: pulumi.Output<boolean>;
  declare readonly endpoint: pulumi.Output<string | undefined>;

  /** The IDs of the tasks of the last refresh; empty if nothing was ever sent. Source: the API's `RefreshTaskId`. */
  declare readonly taskIds: pulumi.Output<string[]>;
  /** The same IDs as the API writes them, joined by commas; undefined if nothing was ever sent. */
  declare readonly refreshTaskId: pulumi.Output<string | undefined>;
  /** The IDs of the requests of the last refresh, for the service's support. Source: the API's `RequestId`. */
  declare readonly requestIds: pulumi.Output<string[]>;
  /** When the last call was accepted, ISO 8601 in UTC by this machine's clock; undefined if nothing was ever sent. */
  declare readonly submittedAt: pulumi.Output<string | undefined>;
  /**
   * `NotSubmitted`: nothing was ever sent. `Submitted`: the service accepted every path of the last refresh.
   * `Incomplete`: it has not accepted the `pending` paths yet; the next update sends them.
   */
  declare readonly status: pulumi.Output<RefreshStatus>;
  /** The paths that the last update sent, the first 50 of them. */
  declare readonly refreshed: pulumi.Output<string[]>;
  /** The paths that are still to be sent after an update that failed. */
  declare readonly pending: pulumi.Output<string[]>;

  constructor(name: string, args: VodCacheRefreshArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      objectType: undefined,
      force: undefined,
      refreshOnCreate: undefined,
      endpoint: undefined,
      ...args,
      taskIds: undefined,
      refreshTaskId: undefined,
      requestIds: undefined,
      submittedAt: undefined,
      status: undefined,
      refreshed: undefined,
      pending: undefined,
    };
    super(TYPE, name, { ...outputs, __resourceName: name, __provider: PROVIDER }, opts);
  }
}

const TYPE = "pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh";

/**
 * The text from which Pulumi's provider process makes the provider. It is stored with every resource, and it is what
 * deletes and reads run later: it never changes, and captures nothing.
 */
const PROVIDER =
  'exports.handler=()=>{try{return require("pulumi-alicloud-vod/provider").vodCacheRefresh}catch(e){' +
  "const message=e.code==='MODULE_NOT_FOUND'||e.code==='ERR_PACKAGE_PATH_NOT_EXPORTED'" +
  "?'The package pulumi-alicloud-vod is not installed in the directory of this Pulumi program. Run npm install there.'" +
  ":'The package pulumi-alicloud-vod cannot be loaded. Install it again, on Node 20.19 or newer.';" +
  "throw{message,stack:'',toString:()=>message}}}";
