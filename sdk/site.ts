/** The common case in one piece: a directory, the domains that serve it, and what a release of it calls for. */
import * as pulumi from "@pulumi/pulumi";
import type { VodCacheRefreshArgs } from "./refresh.js";
import { VodCacheRefresh } from "./refresh.js";
import type { RefreshStatus, VodCost } from "./resource.js";

/** How a site is released: what isn't named here is as for `VodCacheRefresh`, for each of its domains. */
export interface VodSiteReleaseArgs
  extends Omit<VodCacheRefreshArgs, "paths" | "contentHash" | "contents" | "source" | "force" | "planFile"> {
  /** The directory with the site's files, relative to the program's directory. */
  directory: pulumi.Input<string>;
  /**
   * Where the directory is served: a domain such as `vod.example.com`, which means `https://vod.example.com/`, or a URL such as
   * `https://vod.example.com/player/`. At least one; each has resources of its own, which are called by it.
   */
  domains: string[];
  /** Globs of the files that are served, relative to the directory. Defaults to all of them, dot files too. */
  include?: pulumi.Input<pulumi.Input<string>[]>;
  /** Globs of files and directories that are not. Defaults to none. */
  exclude?: pulumi.Input<pulumi.Input<string>[]>;
  /** The file that is also served at the URL of its directory, such as `index.html`. Defaults to none. */
  indexDocument?: pulumi.Input<string>;
}

/**
 * A release of a site: on each of its domains what changed is refreshed, and with `preload` then put on the edge again.
 *
 * Its `dependsOn` holds for all that is in it, so let it be what uploads the files.
 *
 * @example
 * new VodSiteRelease("site", {
 *   directory: "./dist",
 *   domains: ["vod.example.com", "vod.example.net"],
 *   preload: { include: ["videos/**"] },
 * }, { dependsOn: uploads });
 */
export class VodSiteRelease extends pulumi.ComponentResource {
  /** The refresh of each domain, in the order of `domains`; its preload is its `preloading`. */
  readonly refreshes: VodCacheRefresh[];
  /** The IDs of the refresh tasks of all domains. */
  readonly taskIds: pulumi.Output<string[]>;
  /** The status that is furthest from its good end: `Failed`, `Incomplete`, `Pending`, `Refreshing`, `Submitted`, `NotSubmitted`, `Complete`. */
  readonly status: pulumi.Output<RefreshStatus>;
  /** The IDs of the preload tasks of all domains; empty without `preload`. */
  readonly preloadTaskIds: pulumi.Output<string[]>;
  /** The same as `status`, of the preloads; undefined without `preload`. */
  readonly preloadStatus: pulumi.Output<RefreshStatus | undefined>;
  /** What all of these tasks cost of the day's quotas. */
  readonly cost: pulumi.Output<VodCost>;

  /** @throws RunError where `domains` is empty or names a domain twice. */
  constructor(name: string, args: VodSiteReleaseArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("alicloud-vod:index:VodSiteRelease", name, {}, opts);
    const { directory, domains, include, exclude, indexDocument, ...rest } = args;
    const source = { directory, include, exclude, indexDocument };
    this.refreshes = placesOf(name, domains).map(
      ([place, baseUrl]) =>
        new VodCacheRefresh(`${name}-${place}`, { ...rest, source: { ...source, baseUrl } } as VodCacheRefreshArgs, {
          parent: this,
          ...(opts.dependsOn ? { dependsOn: opts.dependsOn } : {}),
        }),
    );

    const preloads = this.refreshes.flatMap(({ preloadResource }) => preloadResource ?? []);
    this.taskIds = flattened(this.refreshes.map(({ taskIds }) => taskIds));
    this.preloadTaskIds = flattened(preloads.map(({ taskIds }) => taskIds));
    this.status = pulumi.all(this.refreshes.map(({ status }) => status)).apply((all) => furthest(all) as RefreshStatus);
    this.preloadStatus = pulumi.all(preloads.map(({ status }) => status)).apply(furthest);
    this.cost = pulumi.all([...this.refreshes, ...preloads].map(({ cost }) => cost)).apply(sum);
    const { taskIds, status, preloadTaskIds, preloadStatus, cost } = this;
    this.registerOutputs({ taskIds, status, preloadTaskIds, preloadStatus, cost });
  }
}

/** The base URL of each domain, by what its resources are called. */
function placesOf(name: string, domains: readonly string[]): [place: string, baseUrl: string][] {
  const places = new Map<string, string>();
  for (const domain of domains) {
    const baseUrl = `${/^https?:\/\//i.test(domain) ? domain : `https://${domain}`}/`.replace(/\/+$/, "/");
    const place = baseUrl.replace(/^https:\/\//i, "").replace(/\/$/, "");
    if (places.has(place)) {
      throw new pulumi.RunError(`domains of VodSiteRelease "${name}" names ${place} twice. Name it once.`);
    }
    places.set(place, baseUrl);
  }
  if (places.size === 0) {
    throw new pulumi.RunError(
      `domains of VodSiteRelease "${name}" is empty. Name at least one, such as vod.example.com.`,
    );
  }
  return [...places];
}

/** From the furthest from a good end to the good end itself. */
const ORDER: readonly RefreshStatus[] = [
  "Failed",
  "Incomplete",
  "Pending",
  "Refreshing",
  "Submitted",
  "NotSubmitted",
  "Complete",
];

function furthest(statuses: readonly RefreshStatus[]): RefreshStatus | undefined {
  return ORDER.find((status) => statuses.includes(status));
}

function flattened(lists: pulumi.Output<string[]>[]): pulumi.Output<string[]> {
  return pulumi.all(lists).apply((all) => all.flat());
}

function sum(costs: readonly (VodCost | undefined)[]): VodCost {
  const of = (count: (cost: VodCost) => number) => costs.reduce((all, cost) => all + (cost ? count(cost) : 0), 0);
  return {
    urls: of(({ urls }) => urls),
    directories: of(({ directories }) => directories),
    preloads: of(({ preloads }) => preloads),
  };
}
