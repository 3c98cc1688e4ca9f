/** The preload that a program declares. */
import type * as pulumi from "@pulumi/pulumi";
import type { PreloadArea } from "../provider/vod/limits.js";
// Types apart: a program without a TypeScript of its own is compiled by the one of Pulumi, 3.8.
import type { Source, VodCacheArgs, Wait } from "./resource.js";
import { VodCacheResource } from "./resource.js";

export type { PreloadArea };

/** What to preload, and when: `paths` with `contentHash`, or `contents`, or `source`. */
export interface VodCachePreloadArgs extends VodCacheArgs {
  /** URLs, at least one, and no more than a day's quota. Duplicates are sent once. */
  paths?: pulumi.Input<pulumi.Input<string>[]>;
  /** With `paths`: a text that changes when their content does. A change preloads all `paths`. */
  contentHash?: pulumi.Input<string>;
  /** The hash of each URL's content, by URL. URLs that are new or whose hash changed are preloaded. */
  contents?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Files that are hashed by the provider. Those that are new or changed are preloaded. */
  source?: pulumi.Input<Source>;
  /** Whether creating the resource preloads its paths. Defaults to `true`. */
  preloadOnCreate?: pulumi.Input<boolean>;
  /**
   * What to do when the day's quota can't hold what is due. `fail`: send nothing, and fail. `partial`: send what fits, in
   * order, and keep the rest as `pending` for the next update. Defaults to `fail`.
   */
  onQuotaExceeded?: pulumi.Input<"fail" | "partial">;
  /** Where copies are put: `domestic` (the Chinese mainland) or `overseas`. A change preloads again. Defaults to `domestic`. */
  area?: pulumi.Input<PreloadArea>;
  /** Whether copies are put on the second layer of the edge only, nearer to the origin. Defaults to `false`. */
  l2Preload?: pulumi.Input<boolean>;
  /**
   * Headers of the requests to the origin, such as `{ "Accept-Encoding": "gzip" }` for a copy that is kept apart. They stand in
   * the state, so that no secret belongs here. A change preloads again. Defaults to none.
   */
  headers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Whether an update follows its tasks to their end. A URL whose task failed is sent once more; if that fails too, the
   * update fails and the URL stays `pending`. Defaults to `false`.
   */
  wait?: pulumi.Input<boolean | Wait>;
}

/**
 * Puts content on the edge of ApsaraVideo VOD before anybody asks for it (PreloadVodObjectCaches), when it is new or changed.
 *
 * A preload doesn't replace what the edge holds: refresh it first, with `wait`, and let this depend on that.
 *
 * @example
 * const release = new VodCacheRefresh("site", { source, wait: true }, { dependsOn: uploads });
 * new VodCachePreload("videos", { source: { ...source, include: ["videos/**"] } }, { dependsOn: release });
 */
export class VodCachePreload extends VodCacheResource {
  declare readonly preloadOnCreate: pulumi.Output<boolean>;
  declare readonly onQuotaExceeded: pulumi.Output<"fail" | "partial">;
  declare readonly area: pulumi.Output<PreloadArea | undefined>;
  declare readonly l2Preload: pulumi.Output<boolean | undefined>;
  declare readonly headers: pulumi.Output<Record<string, string> | undefined>;
  /** The task IDs as the API writes them, joined by commas; undefined if nothing was ever sent. */
  declare readonly preloadTaskId: pulumi.Output<string | undefined>;
  /** The URLs that the last update sent, the first 50 of them. */
  declare readonly preloaded: pulumi.Output<string[]>;

  /** @throws RunError for an import or a look-up by ID: a preload is an act of the past, and no object of the service. */
  constructor(name: string, args: VodCachePreloadArgs, opts?: pulumi.CustomResourceOptions) {
    const own = {
      preloadOnCreate: undefined,
      onQuotaExceeded: undefined,
      area: undefined,
      l2Preload: undefined,
      headers: undefined,
      ...args,
      preloadTaskId: undefined,
      preloaded: undefined,
    };
    super("VodCachePreload", name, own, opts);
  }
}
