/**
 * The edge cache: the POPs of each area keep what the origin answered until a refresh task drops it.
 */
import { compilePattern, type ObjectPath, type ObjectType } from "./object-path.js";
import { type OriginResponse, readOrigin } from "./origin.js";
import type { Area } from "./preload.js";

export interface CachedUrl {
  /** The area whose POPs get the request. */
  area: Area;
  scheme: "http" | "https";
  /** In lower case, without a port. */
  domain: string;
  /** Path and query as sent: `/a?x=1` and `/a` are two cached objects. */
  rest: string;
}

interface CacheEntry {
  url: CachedUrl;
  response: OriginResponse;
  /** Set by a refresh without Force: the next request compares Last-Modified with the origin. */
  mustRevalidate: boolean;
}

export interface EdgeResponse extends OriginResponse {
  cache: "HIT" | "MISS";
}

/**
 * What a Regex or IgnoreParams refresh without Force does to what it covers: it drops it, or has it compared with the origin as a
 * Directory refresh does. The page speaks of directories only; the pages of CDN and DCDN of any type but File.
 */
export const UNFORCED = ["drop", "revalidate"] as const;
export type Unforced = (typeof UNFORCED)[number];

export interface RefreshRule {
  path: ObjectPath;
  type: ObjectType;
  force: boolean;
}

export class EdgeCache {
  private readonly entries = new Map<string, CacheEntry>();

  constructor(
    private readonly originDirectory: string,
    public unforced: Unforced = "drop",
  ) {}

  /** Answers a viewer. Files and 404s are both cached. */
  request(url: CachedUrl): EdgeResponse {
    return this.respond(url, () => true);
  }

  /** Answers a preload. What is cached stays as it is, and a 404 of the origin isn't cached. */
  preload(url: CachedUrl): EdgeResponse {
    return this.respond(url, ({ status }) => status === 200);
  }

  private respond(url: CachedUrl, keeps: (response: OriginResponse) => boolean): EdgeResponse {
    const key = cacheKey(url);
    const cached = this.entries.get(key);
    if (cached && !cached.mustRevalidate) return { ...cached.response, cache: "HIT" };
    const response = readOrigin(this.originDirectory, url.domain, url.rest);
    if (cached && cached.response.lastModified === response.lastModified) {
      cached.mustRevalidate = false;
      return { ...cached.response, cache: "HIT" };
    }
    if (keeps(response)) this.entries.set(key, { url, response, mustRevalidate: false });
    return { ...response, cache: "MISS" };
  }

  /** Carries out a refresh task. */
  refresh(rule: RefreshRule): void {
    const covers = coverage(rule);
    for (const [key, entry] of this.entries) {
      if (!covers(entry.url)) continue;
      if (this.revalidates(rule)) entry.mustRevalidate = true;
      else this.entries.delete(key);
    }
  }

  private revalidates({ type, force }: RefreshRule): boolean {
    return !force && (type === "Directory" || (type !== "File" && this.unforced === "revalidate"));
  }

  /** Lists the URLs that are cached in any area. */
  urls(): string[] {
    return [...new Set([...this.entries.values()].map(({ url }) => formatUrl(url)))];
  }
}

function cacheKey(url: CachedUrl): string {
  return `${url.area} ${formatUrl(url)}`;
}

export function formatUrl({ scheme, domain, rest }: Omit<CachedUrl, "area">): string {
  return `${scheme}://${domain}${rest}`;
}

/** Lists the URLs that a path names in an area: http and https if it has no scheme. */
export function listUrls({ scheme, domain, rest }: ObjectPath, area: Area): CachedUrl[] {
  return (scheme === undefined ? (["http", "https"] as const) : [scheme]).map((known) => ({
    area,
    scheme: known,
    domain,
    rest,
  }));
}

/** Returns a test of whether a refresh covers a cached URL. A path without a scheme covers http and https. */
export function coverage({ path, type }: RefreshRule): (url: CachedUrl) => boolean {
  const covers = restCoverage(path.rest, type);
  return (url) =>
    url.domain === path.domain && (path.scheme === undefined || path.scheme === url.scheme) && covers(url.rest);
}

function restCoverage(rest: string, type: RefreshRule["type"]): (cached: string) => boolean {
  switch (type) {
    case "File":
      return (cached) => cached === rest;
    case "Directory":
      return (cached) => cached.startsWith(rest);
    case "IgnoreParams": {
      const bare = withoutQuery(rest);
      return (cached) => withoutQuery(cached) === bare;
    }
    case "Regex": {
      const pattern = compilePattern(rest);
      return (cached) => pattern?.test(cached) ?? false;
    }
  }
}

function withoutQuery(rest: string): string {
  return rest.split("?")[0] ?? "";
}
