/**
 * The edge cache: what the POPs hold of the origin, for ever, until a refresh task says otherwise.
 */
import { compilePattern } from "./object-path.js";
import { type OriginResponse, readOrigin } from "./origin.js";
import type { TaskRow } from "./tasks.js";

export interface CachedUrl {
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

export type RefreshRule = Pick<TaskRow, "path" | "type" | "force">;

export class EdgeCache {
  private readonly entries = new Map<string, CacheEntry>();

  constructor(private readonly originDirectory: string) {}

  /** What a viewer of that URL gets. Files and 404s are cached alike. */
  request(url: CachedUrl): EdgeResponse {
    const key = keyOf(url);
    const cached = this.entries.get(key);
    if (cached && !cached.mustRevalidate) return { ...cached.response, cache: "HIT" };
    const response = readOrigin(this.originDirectory, url.domain, url.rest);
    if (cached && cached.response.lastModified === response.lastModified) {
      cached.mustRevalidate = false;
      return { ...cached.response, cache: "HIT" };
    }
    this.entries.set(key, { url, response, mustRevalidate: false });
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

  /** The cached URLs, for a look from outside. */
  urls(): string[] {
    return [...this.entries.keys()];
  }
}

function keyOf(url: CachedUrl): string {
  return `${url.scheme}://${url.domain}${url.rest}`;
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
