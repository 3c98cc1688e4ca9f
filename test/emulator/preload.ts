/**
 * What a call of PreloadVodObjectCaches may say beside its paths: for which area, how deep, and with which headers the origin
 * is asked.
 */
import { invalidParameter } from "./errors.js";
import { parseBoolean } from "./object-path.js";

/** The Chinese mainland, and everywhere else: what is cached in one of them is not in the other. */
export const AREAS = ["domestic", "overseas"] as const;
export type Area = (typeof AREAS)[number];

/** "If you do not specify a region, the value overseas is used" (page; newer pages don't say, CDN takes the domain's own). */
export const DEFAULT_AREA: Area = "overseas";

/** What a preload asks the origin with, unless told otherwise (page). */
export const DEFAULT_HEADERS: Headers = { "Accept-Encoding": ["gzip"] };

/** Each header with its values, as `WithHeader` has them. */
export type Headers = Readonly<Record<string, readonly string[]>>;

export interface PreloadOptions {
  area: Area;
  /** Whether the nodes next to the viewers are filled too. The emulator has one layer, so that it makes no difference. */
  l2Preload: boolean;
  headers: Headers;
}

/** Reads Area, L2Preload and WithHeader; each may be left out. */
export function parsePreloadOptions(parameters: Record<string, string | undefined>): PreloadOptions {
  return {
    area: parseArea(parameters.Area),
    l2Preload: parseBoolean("L2Preload", parameters.L2Preload),
    headers: parseHeaders(parameters.WithHeader),
  };
}

/** The values are case-sensitive, and an empty one is the default. */
function parseArea(value: string | undefined): Area {
  if (!value) return DEFAULT_AREA;
  const area = AREAS.find((known) => known === value);
  if (!area) throw invalidParameter("Area");
  return area;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

/** The form of the page's example alone, `{"Accept-Encoding":["gzip, deflate, br"]}`: any other is refused (choice). */
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
