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

/** An answer of the origin on its way to a node. */
interface Delivery {
  response: OriginResponse;
  /** When the origin gave this answer, or told that the file is the same. In ms since the epoch. */
  answeredAt: number;
  /** When the origin sent the file. */
  sentAt: number;
  /** Whether the layer above had a copy. */
  above: Outcome;
}

type Outcome = "HIT" | "MISS";
type Keeps = (response: OriginResponse) => boolean;

/** What a node asks for what it doesn't have: the origin, or the layer above. */
export type Source = (url: CachedUrl, now: number, keeps: Keeps) => Delivery;

interface CacheEntry extends Delivery {
  url: CachedUrl;
  /** When the node got the copy, or was told that it is the same. */
  savedAt: number;
  /** The place of the copy, which the node numbers in the order in which they come. */
  place: number;
  /** Set by a refresh without Force: the next request compares Last-Modified with the source. */
  mustRevalidate: boolean;
}

export interface EdgeResponse extends Delivery {
  cache: Outcome;
  /** Whether a copy was compared with the source. */
  revalidated: boolean;
  savedAt: number;
  /** Undefined if the answer isn't kept. */
  place: number | undefined;
}

export interface RefreshRule {
  path: ObjectPath;
  type: ObjectType;
  force: boolean;
}

export class EdgeCache {
  private readonly entries = new Map<string, CacheEntry>();
  private places = 0;

  constructor(
    private readonly source: Source,
    private readonly settings: Pick<EdgeSettings, "unforced">,
  ) {}

  /** Answers a viewer. Files, redirects and 404s are all cached; failures of the origin and 401s aren't (choice). */
  request(url: CachedUrl, now: number): EdgeResponse {
    return this.respond(url, now, ({ status }) => status < 500 && status !== 401);
  }

  /** Answers a preload. What is cached stays as it is, and only files are cached. */
  preload(url: CachedUrl, now: number): EdgeResponse {
    return this.respond(url, now, ({ status }) => status === 200);
  }

  /** Is the source of the nodes below. */
  readonly asSource: Source = (url, now, keeps) => {
    const { response, answeredAt, sentAt, cache } = this.respond(url, now, keeps);
    return { response, answeredAt, sentAt, above: cache };
  };

  private respond(url: CachedUrl, now: number, keeps: Keeps): EdgeResponse {
    const key = cacheKey(url);
    const cached = this.entries.get(key);
    if (cached && !cached.mustRevalidate) return { ...cached, cache: "HIT", revalidated: false };
    const delivery = this.source(url, now, keeps);
    const revalidated = cached !== undefined;
    if (cached && isSame(cached.response, delivery.response)) {
      const confirmed = { ...cached, answeredAt: delivery.answeredAt, savedAt: now, mustRevalidate: false };
      this.entries.set(key, confirmed);
      return { ...confirmed, cache: "HIT", revalidated };
    }
    const answer = { ...delivery, cache: "MISS" as const, revalidated, savedAt: now };
    if (!keeps(delivery.response)) return { ...answer, place: undefined };
    const place = this.places++;
    this.entries.set(key, { ...delivery, url, savedAt: now, place, mustRevalidate: false });
    return { ...answer, place };
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

/** Returns the origin as the source of a node. */
export function originSource(directory: string, { configs }: Pick<EdgeSettings, "configs">): Source {
  return (url, now) => {
    const response = readOrigin(directory, url.domain, url.rest, configs.get(url.domain));
    return { response, answeredAt: now, sentAt: now, above: "MISS" };
  };
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
