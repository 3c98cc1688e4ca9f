/**
 * What the edge answers before it looks into its cache: it refuses a URL without a valid signature and a Referer that isn't on
 * the list, and redirects http to https.
 */
import { createHash } from "node:crypto";
import type { CachedUrl } from "./edge.js";
import type { DomainConfig } from "./edge-config.js";

/** The default of the console, in seconds. */
const AUTH_SECONDS = 1800;

export interface Denial {
  status: 301 | 403;
  headers: Record<string, string>;
}

export interface AccessRequest {
  url: Pick<CachedUrl, "scheme" | "domain" | "rest">;
  referer: string | undefined;
  /** The service's time in ms since the epoch. */
  now: number;
}

/** Returns undefined if the request may pass. The headers of a refusal are those of the service's pages. */
export function deny(config: DomainConfig, { url, referer, now }: AccessRequest): Denial | undefined {
  if (config.forceHttps && url.scheme === "http") {
    return { status: 301, headers: { Location: `https://${url.domain}${url.rest}` } };
  }
  const reason = denyReferer(config, referer) ?? denySignature(config, url.rest, now);
  return reason === undefined ? undefined : { status: 403, headers: { "X-Tengine-Error": `denied by ${reason}` } };
}

/** A host is listed by itself, or by `*.` and what it ends with (choice: the list of CDN has more notations). */
function denyReferer({ referers, emptyReferer }: DomainConfig, referer: string | undefined): string | undefined {
  if (!referers || (!referer && emptyReferer)) return undefined;
  const host = URL.canParse(referer ?? "") ? new URL(referer ?? "").hostname : "";
  const isListed = (name: string) => (name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name);
  return referers.some(isListed) ? undefined : "Referer ACL";
}

/** `auth_key=timestamp-rand-uid-md5hash`; the hash is of `path-timestamp-rand-uid-key`. */
function denySignature(config: DomainConfig, rest: string, now: number): string | undefined {
  if (config.authKey === undefined) return undefined;
  const [path = "", query = ""] = rest.split("?");
  const given = new URLSearchParams(query).get("auth_key");
  if (!given) return "req auth: no url arg auth_key";
  const [timestamp = "", rand = "", uid = "", hash = ""] = given.split("-");
  const end = Number(timestamp) + (config.authSeconds ?? AUTH_SECONDS);
  if (!(end * 1000 >= now)) return `req auth: expired timestamp=${timestamp}`;
  return hash === signPath(path, { timestamp, rand, uid, key: config.authKey })
    ? undefined
    : `req auth: invalid md5hash=${hash}`;
}

function signPath(path: string, parts: { timestamp: string; rand: string; uid: string; key: string }): string {
  const { timestamp, rand, uid, key } = parts;
  return createHash("md5").update([path, timestamp, rand, uid, key].join("-")).digest("hex");
}

/** Removes the signature from a path and query: with or without it, a URL is one cached object. */
export function withoutSignature({ authKey }: DomainConfig, rest: string): string {
  const [path = "", query] = rest.split("?");
  if (authKey === undefined || query === undefined) return rest;
  const kept = query.split("&").filter((pair) => !pair.startsWith("auth_key="));
  return kept.length === 0 ? path : `${path}?${kept.join("&")}`;
}
