/**
 * The edge cache: what the POPs of each area hold of the origin, for ever, until a refresh task says otherwise.
 */
import { compilePattern, type ObjectPath, type ObjectType } from "./object-path.js";
import { type OriginResponse, readOrigin } from "./origin.js";
import type { Area } from "./preload.js";

export interface CachedUrl {
  /** Whose POPs are asked. */
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
  /** A Directory refresh without Force passed over it: the next request compares Last-Modified with the origin. */
  mustRevalidate: boolean;
}

export interface EdgeResponse extends OriginResponse {
  cache: "HIT" | "MISS";
}

export interface RefreshRule {
  path: ObjectPath;
  type: ObjectType;
  force: boolean;
}

export class EdgeCache {
  private readonly entries = new Map<string, CacheEntry>();

  constructor(private readonly originDirectory: string) {}

  /** What a viewer of that URL gets. Files and 404s are cached alike. */
  request(url: CachedUrl): EdgeResponse {
    return this.respond(url, () => true);
  }

  /** What a preload of that URL gets: what is cached stays as it is, and of what isn't only a file gets into the cache. */
  preload(url: CachedUrl): EdgeResponse {
    return this.respond(url, ({ status }) => status === 200);
  }

  private respond(url: CachedUrl, keeps: (response: OriginResponse) => boolean): EdgeResponse {
    const key = keyOf(url);
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

  /** Obeys a completed refresh task. */
  refresh(rule: RefreshRule): void {
    const covers = coverage(rule);
    for (const [key, entry] of this.entries) {
      if (!covers(entry.url)) continue;
      // Force is about directories only (page); a File, Regex or IgnoreParams refresh always drops what it covers.
      if (rule.type === "Directory" && !rule.force) entry.mustRevalidate = true;
      else this.entries.delete(key);
    }
  }

  /** The URLs that are cached in any area, for a look from outside. */
  urls(): string[] {
    return [...new Set([...this.entries.values()].map(({ url }) => textOf(url)))];
  }
}

function keyOf(url: CachedUrl): string {
  return `${url.area} ${textOf(url)}`;
}

export function textOf({ scheme, domain, rest }: Omit<CachedUrl, "area">): string {
  return `${scheme}://${domain}${rest}`;
}

/** The URLs that a path names, in one area. Without a scheme it is http and https. */
export function urlsOf({ scheme, domain, rest }: ObjectPath, area: Area): CachedUrl[] {
  return (scheme === undefined ? (["http", "https"] as const) : [scheme]).map((known) => ({
    area,
    scheme: known,
    domain,
    rest,
  }));
}

/** Which cached URLs a refresh covers. A path without a scheme covers http and https. */
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
