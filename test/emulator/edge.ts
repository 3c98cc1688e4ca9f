/**
 * The cache of an edge node: it keeps what the origin answered, for each area, until a refresh drops it.
 */
import type { EdgeSettings } from "./edge-config.js";
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
  /** When the origin answered last: it sent the copy, or told that the file is the same. In ms since the epoch. */
  savedAt: number;
  /** When the origin sent the copy. */
  firstSavedAt: number;
  /** The place of the copy, which the node numbers in the order in which they come. */
  place: number;
  /** Set by a refresh without Force: the next request compares Last-Modified with the origin. */
  mustRevalidate: boolean;
}

export interface EdgeResponse extends OriginResponse {
  cache: "HIT" | "MISS";
  /** Whether a copy was compared with the origin. */
  revalidated: boolean;
  savedAt: number;
  firstSavedAt: number;
  /** Undefined if the answer isn't kept. */
  place: number | undefined;
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
  private places = 0;

  constructor(
    private readonly originDirectory: string,
    private readonly settings: EdgeSettings,
  ) {}

  /** Answers a viewer. Files, redirects and 404s are all cached; failures of the origin and 401s aren't (choice). */
  request(url: CachedUrl, now: number): EdgeResponse {
    return this.respond(url, now, ({ status }) => status < 500 && status !== 401);
  }

  /** Answers a preload. What is cached stays as it is, and only files are cached. */
  preload(url: CachedUrl, now: number): EdgeResponse {
    return this.respond(url, now, ({ status }) => status === 200);
  }

  private respond(url: CachedUrl, now: number, keeps: (response: OriginResponse) => boolean): EdgeResponse {
    const key = cacheKey(url);
    const cached = this.entries.get(key);
    if (cached && !cached.mustRevalidate) return found(cached, false);
    const config = this.settings.configs.get(url.domain);
    const response = readOrigin(this.originDirectory, url.domain, url.rest, config);
    const revalidated = cached !== undefined;
    if (cached && isSame(cached.response, response)) {
      cached.mustRevalidate = false;
      cached.savedAt = now;
      return found(cached, revalidated);
    }
    const times = { savedAt: now, firstSavedAt: now };
    if (!keeps(response)) return { ...response, ...times, cache: "MISS", revalidated, place: undefined };
    const place = this.places++;
    this.entries.set(key, { url, response, ...times, place, mustRevalidate: false });
    return { ...response, ...times, cache: "MISS", revalidated, place };
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
    return !force && (type === "Directory" || (type !== "File" && this.settings.unforced === "revalidate"));
  }

  /** Lists the URLs that are cached in any area. */
  urls(): string[] {
    return [...new Set([...this.entries.values()].map(({ url }) => formatUrl(url)))];
  }
}

function found({ response, savedAt, firstSavedAt, place }: CacheEntry, revalidated: boolean): EdgeResponse {
  return { ...response, cache: "HIT", revalidated, savedAt, firstSavedAt, place };
}

/** Whether the origin has what it had. Of two 404s it has; of two redirects nobody can tell. */
function isSame(before: OriginResponse, now: OriginResponse): boolean {
  const comparable = now.status === 404 || now.lastModified !== undefined;
  return comparable && before.status === now.status && before.lastModified === now.lastModified;
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
