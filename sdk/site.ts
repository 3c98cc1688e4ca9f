/** The common case in one piece: a directory, the domains that serve it, and what each release of it needs. */
import * as pulumi from "@pulumi/pulumi";
import type { VodCacheRefreshArgs } from "./refresh.js";
import { VodCacheRefresh } from "./refresh.js";
import type { RefreshStatus, SourceArgs, VodCost, VodVerified } from "./resource.js";
import { findWorst } from "./resource.js";
import { makeRunError } from "./run-error.js";

/** A site, and how it is released. Each input that `VodCacheRefresh` has too is that of the refresh of each domain. */
export interface VodSiteReleaseArgs
  extends Omit<SourceArgs, "baseUrl">,
    Omit<VodCacheRefreshArgs, "paths" | "contentHash" | "contents" | "source"> {
  /**
   * Where the directory is served, at least once: a domain such as `vod.example.com`, which stands for
   * `https://vod.example.com/`, or a URL such as `https://vod.example.com/player/`. Each has resources of its own,
   * which are named after it.
   */
  domains: string[];
}

/**
 * A release of a site: refreshes what changed on each of its domains, and with `preload` puts it on the edge again.
 *
 * Its `dependsOn` applies to the resources in it: give it what uploads the files.
 *
 * @example
 * new VodSiteRelease("site", {
 *   directory: "./dist",
 *   domains: ["vod.example.com", "vod.example.net"],
 *   preload: { include: ["videos/**"] },
 * }, { dependsOn: uploads });
 */
export class VodSiteRelease extends pulumi.ComponentResource {
  /** The refresh of each domain, in the order of `domains`. Its preload is its `preloadResource`. */
  readonly refreshes: VodCacheRefresh[];
  /** The IDs of the refresh tasks of all domains. */
  readonly taskIds: pulumi.Output<string[]>;
  /**
   * The status of the domain that is furthest from `Complete`, in the order `Failed`, `Incomplete`, `Pending`,
   * `Refreshing`, `Submitted`, `NotSubmitted`, `Complete`.
   */
  readonly status: pulumi.Output<RefreshStatus>;
  /** The IDs of the preload tasks of all domains; empty without `preload`. */
  readonly preloadTaskIds: pulumi.Output<string[]>;
  /** The status of the preload that is furthest from `Complete`, in the same order. Undefined without `preload`. */
  readonly preloadStatus: pulumi.Output<RefreshStatus | undefined>;
  /** How much of the day's quotas all these tasks cost. */
  readonly cost: pulumi.Output<VodCost>;
  /** What the last updates saw at the edge of all domains, and when the first of these was. Undefined without `verify`. */
  readonly verified: pulumi.Output<VodVerified | undefined>;

  /** @throws RunError if `domains` is empty, names a domain twice, or holds more than domains. */
  constructor(name: string, args: VodSiteReleaseArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("alicloud-vod:index:VodSiteRelease", name, {}, opts);
    const { directory, domains, include, exclude, indexDocument, cleanUrls, followSymlinks, ...rest } = args ?? {};
    const source = { directory, include, exclude, indexDocument, cleanUrls, followSymlinks };
    this.refreshes = findBaseUrls(name, domains).map(
      ([place, baseUrl]) =>
        new VodCacheRefresh(`${name}-${place}`, { ...rest, source: { ...source, baseUrl } } as VodCacheRefreshArgs, {
          parent: this,
          ...(opts.dependsOn ? { dependsOn: opts.dependsOn } : {}),
        }),
    );

    const preloads = this.refreshes.flatMap(({ preloadResource }) => preloadResource?.areaResources ?? []);
    this.taskIds = flatten(this.refreshes.map(({ taskIds }) => taskIds));
    this.preloadTaskIds = flatten(preloads.map(({ taskIds }) => taskIds));
    this.status = pulumi
      .all(this.refreshes.map(({ status }) => status))
      .apply((all) => findWorst(all) as RefreshStatus);
    this.preloadStatus = pulumi.all(preloads.map(({ status }) => status)).apply(findWorst);
    this.cost = pulumi.all([...this.refreshes, ...preloads].map(({ cost }) => cost)).apply(sum);
    this.verified = pulumi.all(this.refreshes.map(({ verified }) => verified)).apply(sumVerified);
    const { taskIds, status, preloadTaskIds, preloadStatus, cost, verified } = this;
    this.registerOutputs({ taskIds, status, preloadTaskIds, preloadStatus, cost, verified });
  }
}

/** The base URL of each domain, by what the names of its resources end in. */
function findBaseUrls(name: string, domains: readonly string[] = []): [place: string, baseUrl: string][] {
  const places = new Map<string, string>();
  for (const domain of domains) {
    // The name of the resource would show it everywhere.
    if (/^(https?:\/\/)?[^/]*@|[?#]/i.test(domain)) {
      throw new pulumi.RunError(
        `domains of VodSiteRelease "${name}" has an entry with a user name, a query or a fragment. List domains only, such as ` +
          "vod.example.com.",
      );
    }
    const baseUrl = `${/^https?:\/\//i.test(domain) ? domain : `https://${domain}`}/`.replace(/\/+$/, "/");
    const place = baseUrl.replace(/^https:\/\//i, "").replace(/\/$/, "");
    if (places.has(place)) {
      throw makeRunError(`domains of VodSiteRelease "${name}" lists ${place} twice. List it once.`);
    }
    places.set(place, baseUrl);
  }
  if (places.size === 0) {
    throw makeRunError(`domains of VodSiteRelease "${name}" is empty. List at least one, such as vod.example.com.`);
  }
  return [...places];
}

function sumVerified(all: readonly (VodVerified | undefined)[]): VodVerified | undefined {
  return all.reduce(
    (one, other) =>
      one && other
        ? {
            fresh: one.fresh + other.fresh,
            stale: one.stale + other.stale,
            notVerifiable: one.notVerifiable + other.notVerifiable,
            at: one.at < other.at ? one.at : other.at,
          }
        : (one ?? other),
    undefined,
  );
}

function flatten(lists: pulumi.Output<string[]>[]): pulumi.Output<string[]> {
  return pulumi.all(lists).apply((all) => all.flat());
}

function sum(costs: readonly (VodCost | undefined)[]): VodCost {
  const of = (count: (cost: VodCost) => number) => costs.reduce((all, cost) => all + (cost ? count(cost) : 0), 0);
  // A site has no patterns.
  const ignoreParams = of((cost) => cost.ignoreParams ?? 0);
  return {
    urls: of(({ urls }) => urls),
    directories: of(({ directories }) => directories),
    preloads: of(({ preloads }) => preloads),
    ...(ignoreParams > 0 ? { ignoreParams } : {}),
  };
}
