/** The preload that a program declares. */
import type * as pulumi from "@pulumi/pulumi";
import type { ObjectType, PreloadArea } from "../provider/vod/limits.js";
// Types apart: a program without a TypeScript of its own is compiled by the one of Pulumi, 3.8.
import type { VodCacheRefresh } from "./refresh.js";
import type { FailurePolicy, RefreshStatus, SourceArgs, VodCacheArgs, WaitArgs } from "./resource.js";
import { VodCacheResource } from "./resource.js";

export type { PreloadArea };

/** How content is put on the edge. */
export interface PreloadOptions {
  /** Where copies are put: `domestic` (the Chinese mainland) or `overseas`. A change preloads again. Defaults to `domestic`. */
  area?: pulumi.Input<PreloadArea>;
  /** Whether copies are put on the second layer of the edge only, nearer to the origin. Defaults to `false`. */
  l2Preload?: pulumi.Input<boolean>;
  /**
   * Headers of the requests to the origin, such as `{ "Accept-Encoding": "gzip" }` for a copy that is kept apart. They stand in
   * the state, so that no secret belongs here. A change preloads again. Defaults to none.
   */
  headers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** What the day's quota means for a preload. */
export interface PreloadQuotaArgs {
  /**
   * What to do when the day's quota can't hold what is due. `fail`: send nothing, and fail. `partial`: send what fits, in
   * order, and keep the rest as `pending` for the next update. Defaults to `fail`.
   */
  onExceeded?: pulumi.Input<"fail" | "partial">;
}

/** What to preload, and when: `paths` with `contentHash`, or `contents`, or `source`. */
export interface VodCachePreloadArgs extends VodCacheArgs, PreloadOptions {
  /**
   * The refresh of the same content. Nothing is preloaded before its tasks have ended, which is waited for as long as `wait`
   * says, or else 1,200 seconds: until then the edge keeps the old copies, and may fetch them again. Where it isn't sent as a whole, or
   * fails, nothing is preloaded, and what is due stays `pending`. Defaults to none: the content is known not to be there.
   */
  refresh?: VodCacheRefresh;
  /** URLs, at least one, and no more than a day's quota. Duplicates are sent once. */
  paths?: pulumi.Input<pulumi.Input<string>[]>;
  /** With `paths`: a text that changes when their content does. A change preloads all `paths`. */
  contentHash?: pulumi.Input<string>;
  /** The hash of each URL's content, by URL. URLs that are new or whose hash changed are preloaded. */
  contents?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Files that are hashed by the provider. Those that are new or changed are preloaded. */
  source?: pulumi.Input<SourceArgs>;
  /** Whether creating the resource preloads its paths. Defaults to `true`. */
  preloadOnCreate?: pulumi.Input<boolean>;
  /** What the day's quota means for the preload. Defaults to `{ onExceeded: "fail" }`. */
  quota?: pulumi.Input<PreloadQuotaArgs>;
  /**
   * What a preload that fails means for the update. `fail`: it fails. `warn`: it succeeds, with a warning. Either way what is due stays
   * `pending` for the next update. Defaults to `fail`.
   */
  onFailure?: pulumi.Input<FailurePolicy>;
  /**
   * Whether an update follows its tasks to their end. A URL whose task failed is sent once more; if that fails too, the
   * update fails and the URL stays `pending`. Defaults to `false`.
   */
  wait?: pulumi.Input<boolean | WaitArgs>;
}

/** The refresh that a preload comes after, as the state keeps it. */
export interface AwaitedRefresh {
  objectType: ObjectType;
  taskIds: string[];
  status: RefreshStatus;
  submittedAt?: string;
}

/**
 * Puts content on the edge of ApsaraVideo VOD before anybody asks for it (PreloadVodObjectCaches), when it is new or changed.
 *
 * A preload doesn't replace what the edge holds: let it follow the `refresh`, or say `preload: true` there.
 *
 * @example
 * const release = new VodCacheRefresh("site", { source, wait: true }, { dependsOn: uploads });
 * new VodCachePreload("videos", { source: { ...source, include: ["videos/**"] }, refresh: release });
 */
export class VodCachePreload extends VodCacheResource {
  declare readonly preloadOnCreate: pulumi.Output<boolean>;
  declare readonly quota: pulumi.Output<{ onExceeded: "fail" | "partial" }>;
  declare readonly onFailure: pulumi.Output<FailurePolicy | undefined>;
  declare readonly refresh: pulumi.Output<AwaitedRefresh | undefined>;
  declare readonly area: pulumi.Output<PreloadArea | undefined>;
  declare readonly l2Preload: pulumi.Output<boolean | undefined>;
  declare readonly headers: pulumi.Output<Record<string, string> | undefined>;
  /** The task IDs as the API writes them, joined by commas; undefined if nothing was ever sent. */
  declare readonly preloadTaskId: pulumi.Output<string | undefined>;
  /** The URLs that the last update sent, the first 50 of them. */
  declare readonly preloaded: pulumi.Output<string[]>;

  /** @throws RunError for an import or a look-up by ID: a preload is an act of the past, and no object of the service. */
  constructor(name: string, args: VodCachePreloadArgs, opts?: pulumi.CustomResourceOptions) {
    const { refresh, ...rest } = args;
    const own = {
      preloadOnCreate: undefined,
      quota: undefined,
      onFailure: undefined,
      area: undefined,
      l2Preload: undefined,
      headers: undefined,
      ...rest,
      refresh: refresh && {
        objectType: refresh.objectType,
        taskIds: refresh.taskIds,
        status: refresh.status,
        submittedAt: refresh.submittedAt,
      },
      preloadTaskId: undefined,
      preloaded: undefined,
    };
    super("VodCachePreload", name, own, opts);
  }
}
