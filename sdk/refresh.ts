/** The refresh that a program declares. */
import * as pulumi from "@pulumi/pulumi";
import type { Collapse, QuotaPolicy } from "../provider/schema/enums.js";
import type { ObjectType } from "../provider/vod/limits.js";
// Types apart: a program without a TypeScript of its own is compiled by the one of Pulumi, 3.8.
import type { PreloadOptions, PreloadQuotaArgs, VodCachePreloadArgs } from "./preload.js";
import { VodCachePreload } from "./preload.js";
import type { FailurePolicy, RefreshStatus, SourceArgs, VodCacheArgs, WaitArgs } from "./resource.js";
import { VodCacheResource } from "./resource.js";

export type { Collapse, ObjectType, QuotaPolicy };

/** The preload that follows a refresh, as a resource of its own: its inputs that aren't those of the refresh. */
export interface PreloadArgs extends PreloadOptions {
  /** With `source`: globs of the files that are preloaded, in place of the source's own. Defaults to all that are refreshed. */
  include?: pulumi.Input<pulumi.Input<string>[]>;
  /** With `source`: globs of files that are not, besides the source's own. Defaults to none. */
  exclude?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether creating it preloads everything. Defaults to `refreshOnCreate` of the refresh. */
  preloadOnCreate?: pulumi.Input<boolean>;
  /** What the day's quota means for the preload. `onExceeded` defaults to `partial` here. */
  quota?: pulumi.Input<PreloadQuotaArgs>;
  /**
   * What a preload that fails means for the update. `warn`: a good refresh stays a success, with a warning. `fail`: the
   * update fails. Either way the next update preloads what is `pending`. Defaults to `warn`.
   */
  onFailure?: pulumi.Input<FailurePolicy>;
  /** How the tasks of the preload are followed to their end. Defaults to `true`, so that the first viewer gets a hit. */
  wait?: pulumi.Input<boolean | WaitArgs>;
}

/** What the day's quota means for a refresh. */
export interface QuotaArgs {
  /**
   * What to do when the day's quota can't hold what is due. `fail`: send nothing, and fail. `partial`: send what fits, in
   * order, keep the rest as `pending` for the next update, and succeed with a warning and the status `Incomplete`.
   * `collapse`: refresh directories instead of URLs; fail if that doesn't fit either. Defaults to `fail`.
   */
  onExceeded?: pulumi.Input<QuotaPolicy>;
  /**
   * Whether URLs are replaced by directories that hold them: `always`, where that costs less of the day's quota, or
   * `never`. Defaults to what `onExceeded` says.
   */
  collapse?: pulumi.Input<Collapse>;
}

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
  source?: pulumi.Input<SourceArgs>;
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
  /** What the day's quota means for the refresh. Defaults to `{ onExceeded: "fail" }`. */
  quota?: pulumi.Input<QuotaArgs>;
  /**
   * Whether an update follows the tasks of its refresh to their end. A path whose task failed is sent once more; if that
   * fails too, the update fails and the path stays `pending`. Defaults to `false`, and with `preload` to `true`.
   */
  wait?: pulumi.Input<boolean | WaitArgs>;
  /**
   * Whether what was refreshed is put on the edge again, and what is new as well, once the tasks of the refresh have ended:
   * `true`, or how. It is a {@link VodCachePreload} below this resource, called by its name and `-preload`. Files alone: with `paths`
   * the `objectType` is `File`, and URLs that end in `/` are left out. Defaults to `false`.
   */
  preload?: boolean | PreloadArgs;
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
  declare readonly quota: pulumi.Output<{ onExceeded: QuotaPolicy; collapse?: Collapse }>;
  declare readonly preload: pulumi.Output<pulumi.Unwrap<boolean | PreloadArgs> | undefined>;

  /** The same IDs as the API writes them, joined by commas; undefined if nothing was ever sent. */
  declare readonly refreshTaskId: pulumi.Output<string | undefined>;
  /** The paths that the last update sent, the first 50 of them. */
  declare readonly refreshed: pulumi.Output<string[]>;
  /** The preload that follows this refresh; undefined without `preload`. */
  readonly preloadResource: VodCachePreload | undefined;
  /** The task IDs of that preload; empty without one, or if it never sent anything. */
  readonly preloadTaskIds: pulumi.Output<string[]>;
  /** What was last seen of them; undefined without a preload. */
  readonly preloadStatus: pulumi.Output<RefreshStatus | undefined>;

  /** @throws RunError for an import or a look-up by ID: a refresh is an act of the past, and no object of the service. */
  constructor(name: string, args: VodCacheRefreshArgs, opts?: pulumi.CustomResourceOptions) {
    const own = {
      objectType: undefined,
      force: undefined,
      refreshOnCreate: undefined,
      refreshNew: undefined,
      quota: undefined,
      preload: undefined,
      ...args,
      refreshTaskId: undefined,
      refreshed: undefined,
    };
    super("VodCacheRefresh", name, own, opts);
    this.preloadResource = args.preload
      ? preloadAfter(this, name, args, args.preload === true ? {} : args.preload)
      : undefined;
    this.preloadTaskIds = this.preloadResource ? this.preloadResource.taskIds : pulumi.output([]);
    this.preloadStatus = this.preloadResource ? this.preloadResource.status : pulumi.output(undefined);
  }
}

/** The preload of what a refresh purges: the same content, less what stands for directories, by the same caller. */
function preloadAfter(
  refresh: VodCacheRefresh,
  name: string,
  args: VodCacheRefreshArgs,
  options: PreloadArgs,
): VodCachePreload {
  const { include, exclude, quota = {}, onFailure = "warn", wait = true, ...manner } = options;
  const { contentHash, retry, endpoint, profile, assumeRole } = args;
  const paths = (urls: readonly pulumi.Input<string>[]) => urls.filter(isFile);
  const contents = (hashes: Record<string, pulumi.Input<string>>) =>
    Object.fromEntries(Object.entries(hashes).filter(([url]) => isFile(url)));
  const source = ({ indexDocument: _, ...files }: SourceArgs) => ({
    ...files,
    include: include ?? files.include,
    exclude: exclude && files.exclude ? joined(files.exclude, exclude) : (exclude ?? files.exclude),
  });
  const inputs = {
    ...{ contentHash, retry, endpoint, profile, assumeRole },
    ...{ ...manner, onFailure, wait, refresh },
    quota: lifted(quota, ({ onExceeded = "partial", ...rest }) => ({ onExceeded, ...rest })),
    paths: args.paths && lifted(args.paths, paths),
    contents: args.contents && lifted(args.contents, contents),
    source: args.source && lifted(args.source, source),
    preloadOnCreate: manner.preloadOnCreate ?? args.refreshOnCreate,
  } as VodCachePreloadArgs;
  return new VodCachePreload(`${name}-preload`, inputs, { parent: refresh });
}

/** Whether it may be preloaded; of an output that can't be told here, and its check says so. */
function isFile(url: pulumi.Input<string>): boolean {
  return typeof url !== "string" || /^(https?:\/\/)?[^/]+\/.*[^/]$/i.test(url);
}

/** Changes a value at once where it is there, so that what is unknown within it doesn't make all of it unknown. */
function lifted<T extends object, U>(value: pulumi.Input<T>, change: (value: T) => U): pulumi.Input<U> {
  const isLater = pulumi.Output.isInstance(value) || value instanceof Promise;
  return isLater ? pulumi.output(value).apply((known) => change(known as T)) : change(value);
}

type Globs = pulumi.Input<pulumi.Input<string>[]>;

function joined(one: Globs, other: Globs): Globs {
  return pulumi.all([one, other]).apply(([some, more]) => [...some, ...more]);
}
