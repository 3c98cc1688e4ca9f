/**
 * The options of PreloadVodObjectCaches: the area, whether L2 nodes are filled, and the headers of the requests to the
 * origin.
 */
import { invalidParameter } from "./errors.js";
import { parseBoolean } from "./object-path.js";

/** The Chinese mainland, and everywhere else. Each area has a cache of its own. */
export const AREAS = ["domestic", "overseas"] as const;
export type Area = (typeof AREAS)[number];

/**
 * "If you do not specify a region, the value overseas is used" (page; newer pages don't tell, and CDN uses the domain's
 * own).
 */
export const DEFAULT_AREA: Area = "overseas";

/** The headers of the requests to the origin, unless the call sets others (page). */
export const DEFAULT_HEADERS: Headers = { "Accept-Encoding": ["gzip"] };

/** Each header with its values, as `WithHeader` has them. */
export type Headers = Readonly<Record<string, readonly string[]>>;

export interface PreloadOptions {
  area: Area;
  /** Whether L2 nodes are filled too. It makes no difference here, since the emulator has one layer. */
  l2Preload: boolean;
  headers: Headers;
}

/** Parses Area, L2Preload and WithHeader; each may be left out. */
export function parsePreloadOptions(parameters: Record<string, string | undefined>): PreloadOptions {
  return {
    area: parseArea(parameters.Area),
    l2Preload: parseBoolean("L2Preload", parameters.L2Preload),
    headers: parseHeaders(parameters.WithHeader),
  };
}

/** Area is case-sensitive, and empty means the default. */
function parseArea(value: string | undefined): Area {
  if (!value) return DEFAULT_AREA;
  const area = AREAS.find((known) => known === value);
  if (!area) throw invalidParameter("Area");
  return area;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

/** Accepts only the form of the page's example, `{"Accept-Encoding":["gzip, deflate, br"]}` (choice). */
function parseHeaders(value: string | undefined): Headers {
  if (!value) return DEFAULT_HEADERS;
  const headers = parseJson(value);
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) throw invalidParameter("WithHeader");
  for (const [name, values] of Object.entries(headers)) {
    const isList = Array.isArray(values) && values.length > 0;
    const isValue = (text: unknown) => typeof text === "string" && HEADER_VALUE.test(text);
    if (!HEADER_NAME.test(name) || !isList || !values.every(isValue)) throw invalidParameter("WithHeader");
  }
  return headers as Headers;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidParameter("WithHeader");
  }
}
