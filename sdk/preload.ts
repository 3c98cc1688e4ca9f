/** The preload that a program declares. */
import type * as pulumi from "@pulumi/pulumi";
// Types apart: a program without a TypeScript of its own is compiled by the one of Pulumi, 3.8.
import type { PreloadQuotaPolicy } from "../provider/schema/enums.js";
import type { ObjectType, PreloadArea } from "../provider/vod/limits.js";
import type { FailurePolicy, InputsAsOutputs, RefreshStatus, SourceArgs, Triggers, WaitArgs } from "./resource.js";
import { CallInputs, CallOutputs, refuseLookUp, VodCacheResource } from "./resource.js";

export type { PreloadArea, PreloadQuotaPolicy };

/** How a preload uses the day's quota. */
export interface PreloadQuotaArgs {
  /**
   * What to do when the day's quota can't hold what is due. `fail`: send nothing, and fail. `partial`: send what fits,
   * in order, and keep the rest as `pending` for the next update. Defaults to `fail`.
   */
  onExceeded?: pulumi.Input<PreloadQuotaPolicy>;
}

/** The refresh before a preload: a `VodCacheRefresh`, or its outputs from another stack. */
export interface AwaitedRefreshArgs {
  /** What it refreshes. */
  objectType: pulumi.Input<ObjectType>;
  /** The IDs of its tasks. */
  taskIds: pulumi.Input<pulumi.Input<string>[]>;
  /** The status of its tasks. */
  status: pulumi.Input<RefreshStatus>;
  /** When its last call was accepted, ISO 8601 in UTC. Undefined if nothing was sent. */
  submittedAt?: pulumi.Input<string | undefined>;
}

class PreloadInputs extends CallInputs {
  /** URLs, at least one, and no more than a day's quota. Duplicates are sent once. */
  paths?: pulumi.Input<pulumi.Input<string>[]>;
  /** With `paths`: a text that changes when their content changes. A change preloads all `paths`. */
  contentHash?: pulumi.Input<string>;
  /** The hash of each URL's content, by URL. The URLs that are new, or whose hash changed, are preloaded. */
  contents?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Files that the provider hashes. Those that are new or changed are preloaded. */
  source?: pulumi.Input<SourceArgs>;
  /**
   * Any values: when one of them changes or is added, everything is preloaded once, whatever its content. Values at the
   * end that are left out preload nothing. Long ones are kept as a digest. Defaults to none.
   */
  triggers?: Triggers;
  /**
   * The refresh of the same content. Nothing is preloaded before its tasks have ended, since the edge keeps the old
   * copies until then and may fetch them again; this waits as long as `wait` says, or else 1,200 seconds. If it fails,
   * or was not sent as a whole, nothing is preloaded, and what is due stays `pending`. Defaults to none: the edge has
   * no copies of the content.
   */
  refresh?: AwaitedRefreshArgs;
  /** Whether creating the resource preloads its paths. Defaults to `true`. */
  preloadOnCreate?: pulumi.Input<boolean>;
  /** How the preload uses the day's quota. Defaults to `{ onExceeded: "fail" }`. */
  quota?: pulumi.Input<PreloadQuotaArgs>;
  /**
   * What a failed preload means for the update. `fail`: the update fails. `warn`: the update succeeds with a warning.
   * In both cases what is due stays `pending` for the next update. Defaults to `fail`.
   */
  onFailure?: pulumi.Input<FailurePolicy>;
  /**
   * Where copies are put: `domestic` (the Chinese mainland) or `overseas` (everywhere else). A change preloads
   * everything again. Defaults to `domestic`.
   */
  area?: pulumi.Input<PreloadArea>;
  /**
   * Whether copies are put on the L2 nodes of the edge as well. With `false` they are put on the layer only that fetches
   * from the origin. A change to `true` preloads everything again. Defaults to `false`.
   */
  l2Preload?: pulumi.Input<boolean>;
  /**
   * Headers of the requests to the origin, such as `{ "Accept-Encoding": "gzip" }` for copies that the edge keeps
   * apart. They are kept in the state, so never put a secret here. A change preloads everything again. Defaults to
   * none.
   */
  headers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Whether, and how, an update waits until its tasks have ended. A URL whose task failed is retried once; if that
   * fails too, the update fails and the URL stays `pending`. Defaults to `false`.
   */
  wait?: pulumi.Input<boolean | WaitArgs>;
}

/** Where copies are put, by a program: an output can't say `both`, which declares a second resource. */
interface AreaArgs {
  /**
   * Where copies are put: `domestic` (the Chinese mainland), `overseas` (everywhere else) or `both`, which declares a
   * second resource and preloads each URL twice. Defaults to `domestic`.
   */
  area?: pulumi.Input<PreloadArea> | "both";
}

/** What to preload, and when: `paths` with `contentHash`, or `contents`, or `source`. */
export interface VodCachePreloadArgs extends Omit<PreloadInputs, "area">, AreaArgs {}

/** How content is preloaded. */
export interface PreloadOptions extends Pick<PreloadInputs, "l2Preload" | "headers">, AreaArgs {}

class PreloadOutputs extends CallOutputs {
  /** The task IDs as the API writes them, joined by commas. Undefined if nothing was ever sent. */
  readonly preloadTaskId!: pulumi.Output<string | undefined>;
  /** The URLs that the last update sent, the first 50. */
  readonly preloaded!: pulumi.Output<string[]>;
}

export interface VodCachePreload extends InputsAsOutputs<PreloadInputs, "preloadOnCreate" | "quota">, PreloadOutputs {}

/**
 * Puts content on the edge of ApsaraVideo VOD before anybody asks for it (PreloadVodObjectCaches), when it is new or
 * changed.
 *
 * A preload doesn't replace what the edge holds: give it the `refresh` of the same content, or write `preload: true`
 * there. Every input is an output too, in the form in which it is used.
 *
 * With the area `both` it is the preload for `domestic`, and has a second one below it for `overseas`, which is named after
 * it with `-overseas`: each has its own state, so that only the one that failed is sent again.
 *
 * @example
 * const release = new VodCacheRefresh("site", { source, wait: true }, { dependsOn: uploads });
 * new VodCachePreload("videos", { source: { ...source, include: ["videos/**"] }, refresh: release });
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: Pulumi defines the outputs, by the properties below.
export class VodCachePreload extends VodCacheResource {
  /** The preload for `overseas` with the area `both`. Undefined otherwise. */
  readonly overseasResource: VodCachePreload | undefined;

  /** @throws RunError always: a preload is an action, not an object of the service that could be looked up. */
  static get(name: string, ..._: unknown[]): never {
    return refuseLookUp("VodCachePreload", name);
  }

  /**
   * @throws RunError for an import or a look-up by ID: a preload is an action, not an object of the service.
   */
  constructor(name: string, args: VodCachePreloadArgs, opts?: pulumi.CustomResourceOptions) {
    const { objectType, taskIds, status, submittedAt } = args?.refresh ?? {};
    const refresh = args?.refresh && { objectType, taskIds, status, submittedAt };
    const both = args?.area === "both";
    const inputs = { ...args, ...(both ? { area: "domestic" } : {}), refresh };
    super("VodCachePreload", name, { ...new PreloadInputs(), ...inputs, ...new PreloadOutputs() }, opts);
    const { dependsOn, ignoreChanges } = opts ?? {};
    const shared = { ...(dependsOn ? { dependsOn } : {}), ...(ignoreChanges ? { ignoreChanges } : {}) };
    this.overseasResource = both
      ? new VodCachePreload(`${name}-overseas`, { ...args, area: "overseas" }, { parent: this, ...shared })
      : undefined;
  }

  /** This preload, and with the area `both` the one for `overseas`. */
  get areaResources(): readonly VodCachePreload[] {
    return this.overseasResource === undefined ? [this] : [this, this.overseasResource];
  }
}
