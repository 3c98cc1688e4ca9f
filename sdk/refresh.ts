/** The refresh that a program declares. */
import * as pulumi from "@pulumi/pulumi";
import type { Collapse, QuotaPolicy } from "../provider/schema/enums.js";
import type { ObjectType } from "../provider/vod/limits.js";
// Types apart: a program without a TypeScript of its own is compiled by the one of Pulumi, 3.8.
import type { PreloadOptions, PreloadQuotaArgs, VodCachePreloadArgs } from "./preload.js";
import { VodCachePreload } from "./preload.js";
import type { FailurePolicy, InputsAsOutputs, RefreshStatus, SourceArgs, Triggers, WaitArgs } from "./resource.js";
import { CallInputs, CallOutputs, findWorst, refuseLookUp, VodCacheResource } from "./resource.js";

export type { Collapse, ObjectType, QuotaPolicy };

/** The preload that follows a refresh: what isn't named here is as for the refresh. */
export interface PreloadArgs extends PreloadOptions {
  /**
   * With `source`: globs of the files that are preloaded, in place of the source's own. Defaults to all that are
   * refreshed.
   */
  include?: pulumi.Input<pulumi.Input<string>[]>;
  /** With `source`: globs of files that are not preloaded, besides the source's own. Defaults to none. */
  exclude?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether creating the preload preloads everything. Defaults to `refreshOnCreate` of the refresh. */
  preloadOnCreate?: pulumi.Input<boolean>;
  /** How the preload uses the day's quota. Defaults to `{ onExceeded: "partial" }`. */
  quota?: pulumi.Input<PreloadQuotaArgs>;
  /**
   * What a failed preload means for the update. `warn`: the update succeeds with a warning, since the refresh
   * succeeded. `fail`: the update fails. In both cases the next update preloads what is `pending`. Defaults to `warn`.
   */
  onFailure?: pulumi.Input<FailurePolicy>;
  /**
   * Whether, and how, an update waits until the tasks of the preload have ended. Defaults to `true`, so that the first
   * viewer gets a hit.
   */
  wait?: pulumi.Input<boolean | WaitArgs>;
}

/** How a refresh uses the day's quota. */
export interface QuotaArgs {
  /**
   * What to do when the day's quota can't hold what is due. `fail`: send nothing, and fail. `partial`: send what fits,
   * in order, keep the rest as `pending` for the next update, and succeed with a warning and the status `Incomplete`.
   * `collapse`: refresh directories in place of URLs, and fail if they don't fit either. Defaults to `fail`.
   */
  onExceeded?: pulumi.Input<QuotaPolicy>;
  /**
   * Whether directories are refreshed in place of URLs. `always`: wherever that costs less of the day's quota. `never`:
   * not at all. Defaults to what `onExceeded` says.
   */
  collapse?: pulumi.Input<Collapse>;
}

class RefreshInputs extends CallInputs {
  /**
   * URLs, directories (ending in `/`) or patterns, as `objectType` says: at least one, and no more than a day's quota.
   * `https://vod.example.com/player/app.js` names one cached object; without a scheme, `vod.example.com/player/app.js`
   * is sent as it is written. Duplicates are sent once.
   */
  paths?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * With `paths`: a text that changes when their content changes, such as a hash (see `hashFiles` and `hashContent`), a
   * version or another resource's output. A change refreshes all `paths`.
   */
  contentHash?: pulumi.Input<string>;
  /**
   * The hash of each URL's content, by URL. Hashes may be outputs of other resources, such as an object's ETag. Only
   * the URLs whose hash changed, or that are no longer named, are refreshed.
   */
  contents?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Files that the provider hashes. Only those that changed or were removed are refreshed. */
  source?: pulumi.Input<SourceArgs>;
  /**
   * Any values: when one of them changes or is added, everything is refreshed once, whatever its content. They stand
   * for what no hash shows, such as a changed header or a domain's configuration. Values at the end that are left out
   * refresh nothing. Long ones are kept as a digest. Defaults to none.
   */
  triggers?: Triggers;
  /**
   * What the paths are to the service. `File`: exact URLs. `Directory`: everything below. `Regex`: regular expressions.
   * `IgnoreParams`: URLs with any query. `contents` and `source` name URLs, so only `File` and `IgnoreParams` go with
   * them. Defaults to `File`.
   */
  objectType?: pulumi.Input<ObjectType>;
  /**
   * For every type but `File`: `true` makes the edge fetch everything again that the paths cover, `false` only what
   * changed by the origin's `Last-Modified`. A `File` is always fetched again. Defaults to `false`.
   */
  force?: pulumi.Input<boolean>;
  /**
   * Whether creating the resource refreshes its paths. With `false`, the first deployment records the content and sends
   * nothing. Defaults to `true`, since nobody knows what the edge holds then.
   */
  refreshOnCreate?: pulumi.Input<boolean>;
  /**
   * Whether new URLs of `contents` and `source` are refreshed. A file that is new in a `source` wasn't online before,
   * so that the edge can have no copy but a 404 that it cached. What a source didn't cover is refreshed in any case.
   * Defaults to `true` with `contents`, to `false` with `source` unless `refreshRemoved` is `false`.
   */
  refreshNew?: pulumi.Input<boolean>;
  /**
   * Whether URLs are refreshed that `contents` and `source` no longer have: the file was removed, or is no longer
   * covered. With `false` nothing is sent for them, not even for those that are pending: for what stays online
   * unchanged. Defaults to `true`.
   */
  refreshRemoved?: pulumi.Input<boolean>;
  /** How the refresh uses the day's quota. Defaults to `{ onExceeded: "fail" }`. */
  quota?: pulumi.Input<QuotaArgs>;
  /**
   * Whether, and how, the refreshed URLs and the new ones are put on the edge again once the tasks of the refresh have
   * ended. This is a `VodCachePreload` below this resource, named after it with `-preload`. It preloads files only:
   * with `paths` the `objectType` must be `File`, and URLs that end in `/` are left out. Defaults to `false`.
   */
  preload?: boolean | PreloadArgs;
  /**
   * Whether, and how, an update waits until the tasks of its refresh have ended. A path whose task failed is retried
   * once; if that fails too, the update fails and the path stays `pending`. Defaults to `false`, and with `preload` to
   * `true`.
   */
  wait?: pulumi.Input<boolean | WaitArgs>;
}

/** What to refresh, and when: `paths` with `contentHash`, or `contents`, or `source`. */
export interface VodCacheRefreshArgs extends RefreshInputs {}

class RefreshOutputs extends CallOutputs {
  /** The task IDs as the API writes them, joined by commas. Undefined if nothing was ever sent. */
  readonly refreshTaskId!: pulumi.Output<string | undefined>;
  /** The paths that the last update sent and the program hasn't let go of since, the first 50. */
  readonly refreshed!: pulumi.Output<string[]>;
}

export interface VodCacheRefresh
  extends InputsAsOutputs<RefreshInputs, "objectType" | "force" | "refreshOnCreate" | "quota">,
    RefreshOutputs {}

/**
 * Refreshes paths on the edge of ApsaraVideo VOD (RefreshVodObjectCaches) when their content changes.
 *
 * With `paths`, a changed `contentHash` refreshes all of them, and a path that is added refreshes that path. With
 * `contents` and `source`, only the URLs that changed, were removed or came to be covered are refreshed. Creating it refreshes everything;
 * deleting it sends nothing. Let it depend on what uploads the content, or the edge may fetch the old content again.
 * Every input is an output too, in the form in which it is used: paths normalised and without duplicates.
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
  /** The preload that follows this refresh. Undefined without `preload`. */
  readonly preloadResource: VodCachePreload | undefined;
  /** The IDs of the preload's tasks; empty without `preload`, or if it never sent anything. */
  readonly preloadTaskIds: pulumi.Output<string[]>;
  /** The preload's last known status, with two areas the one further from `Complete`. Undefined without `preload`. */
  readonly preloadStatus: pulumi.Output<RefreshStatus | undefined>;

  /** @throws RunError always: a refresh is an action, not an object of the service that could be looked up. */
  static get(name: string, ..._: unknown[]): never {
    return refuseLookUp("VodCacheRefresh", name);
  }

  /**
   * @throws RunError for an import or a look-up by ID: a refresh is an action, not an object of the service.
   */
  constructor(name: string, args: VodCacheRefreshArgs, opts?: pulumi.CustomResourceOptions) {
    super("VodCacheRefresh", name, { ...new RefreshInputs(), ...args, ...new RefreshOutputs() }, opts);
    // A program in JavaScript may give none: the check then says what is missing.
    const { preload } = args ?? {};
    this.preloadResource = preload
      ? declarePreload(this, name, args, preload === true ? {} : preload, opts)
      : undefined;
    const preloads = this.preloadResource?.areaResources ?? [];
    this.preloadTaskIds = pulumi.all(preloads.map(({ taskIds }) => taskIds)).apply((all) => all.flat());
    this.preloadStatus = pulumi.all(preloads.map(({ status }) => status)).apply(findWorst);
  }
}

/** Declares the preload after a refresh: of the same content without directories, by the same caller. */
function declarePreload(
  refresh: VodCacheRefresh,
  name: string,
  args: VodCacheRefreshArgs,
  options: PreloadArgs,
  { ignoreChanges = [] }: pulumi.CustomResourceOptions = {},
): VodCachePreload {
  const { include, exclude, quota = {}, onFailure = "warn", wait = true, ...rest } = options;
  const { contentHash, triggers, priority, reserve, report, retry, endpoint, profile, assumeRole } = args;
  const paths = (urls: readonly pulumi.Input<string>[]) => urls.filter(isFile);
  const contents = (hashes: Record<string, pulumi.Input<string>>) =>
    Object.fromEntries(Object.entries(hashes).filter(([url]) => isFile(url)));
  const source = ({ indexDocument, ...files }: SourceArgs) => ({
    ...files,
    // A directory is preloaded only where it has a URL without its slash.
    indexDocument: onlyIf(files.cleanUrls, indexDocument),
    include: include ?? files.include,
    exclude: exclude && files.exclude ? joinGlobs(files.exclude, exclude) : (exclude ?? files.exclude),
  });
  const inputs = {
    ...{ contentHash, triggers, priority, reserve, report, retry, endpoint, profile, assumeRole },
    ...{ ...rest, onFailure, wait, refresh },
    quota: mapInput(quota, ({ onExceeded = "partial", ...others }) => ({ onExceeded, ...others })),
    paths: args.paths && mapInput(args.paths, paths),
    contents: args.contents && mapInput(args.contents, contents),
    source: args.source && mapInput(args.source, source),
    preloadOnCreate: rest.preloadOnCreate ?? args.refreshOnCreate,
  } as VodCachePreloadArgs;
  // What the refresh doesn't take for new content, its preload doesn't either.
  const ignored = ignoreChanges.filter((path) => NAMES_CONTENT.test(path));
  const ignoring = ignored.length > 0 ? { ignoreChanges: ignored } : {};
  return new VodCachePreload(`${name}-preload`, inputs, { parent: refresh, ...ignoring });
}

/** The paths in `ignoreChanges` that stand for content. */
const NAMES_CONTENT = /^(\*|files|source|paths|contents|contentHash|triggers)(\W|$)/;

/** Whether a URL can be preloaded. An output isn't known here: the check of the preload refuses it if it can't. */
function isFile(url: pulumi.Input<string>): boolean {
  return typeof url !== "string" || /^(https?:\/\/)?[^/]+\/.*[^/]$/i.test(url);
}

/** A value if a condition holds, at once if that isn't an output or a promise. */
function onlyIf<T>(condition: pulumi.Input<boolean | undefined>, value: pulumi.Input<T>): pulumi.Input<T | undefined> {
  if (typeof condition === "boolean" || condition === undefined) return condition ? value : undefined;
  return pulumi.all([condition, value]).apply(([holds, then]) => (holds ? (then as T) : undefined));
}

/** Changes a value at once if it isn't an output or a promise: an unknown part then doesn't make the whole unknown. */
function mapInput<T extends object, U>(value: pulumi.Input<T>, change: (value: T) => U): pulumi.Input<U> {
  const isLater = pulumi.Output.isInstance(value) || value instanceof Promise;
  return isLater ? pulumi.output(value).apply((known) => change(known as T)) : change(value);
}

type Globs = pulumi.Input<pulumi.Input<string>[]>;

function joinGlobs(one: Globs, other: Globs): Globs {
  return pulumi.all([one, other]).apply(([some, more]) => [...some, ...more]);
}
