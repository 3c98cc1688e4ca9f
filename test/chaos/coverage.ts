/** What the `source` of a declaration covers, by a reading of its globs that shares no code with the provider. */
import { join } from "node:path";
import type { Random } from "./random.js";
import type { Shape, Site } from "./site.js";

/** Globs, and whether they select a name. */
interface Filter {
  include?: readonly string[];
  exclude?: readonly string[];
  selects: (name: string) => boolean;
}

export interface Coverage {
  /** The part of the site that the source has: empty, or a directory with `/` at its end. */
  base: string;
  filter: Filter;
  hasIndex: boolean;
}

const INDEX = "index.html";
const EVERYTHING: Filter = { selects: () => true };
const FILTERS: readonly Filter[] = [
  EVERYTHING,
  { include: ["*.js", "b", "0/"], selects: (name) => /^([^/]*\.js|b\/.*|0\/.*)$/.test(name) },
  { exclude: ["b/", "**/one.js", "**/1"], selects: (name) => !/^b\/|(^|\/)(one\.js|1)(\/|$)/.test(name) },
  {
    include: ["**/*.{js,html,ts}"],
    exclude: ["**/segment-1*.ts"],
    selects: (name) => /\.(js|html|ts)$/.test(name) && !/(^|\/)segment-1[^/]*\.ts$/.test(name),
  },
];

/** Directories that are always there. */
export const BASES: Readonly<Record<Shape, readonly string[]>> = {
  small: ["", "a/", "b/"],
  wide: [""],
  deep: ["", "deep/", "deep/1/"],
};

export function drawCoverage(shape: Shape, mayIndex: boolean, random: Random): Coverage {
  return {
    base: random.chance(0.7) ? "" : random.pick(BASES[shape]),
    filter: random.chance(0.4) ? EVERYTHING : random.pick(FILTERS),
    hasIndex: mayIndex && random.chance(0.5),
  };
}

/** Replaces a filter that selects nothing, which no program could create a resource with. */
export function withFiles(site: Site, coverage: Coverage, urls: readonly string[]): Coverage {
  const isIdle = coverage.filter.include !== undefined && listCovered(site, coverage, urls).size === 0;
  return isIdle ? { ...coverage, filter: EVERYTHING } : coverage;
}

/** Returns the covered URLs, each with that of its file. */
export function listCovered(site: Site, coverage: Coverage, urls: readonly string[]): Map<string, string> {
  const covered = new Map<string, string>();
  for (const url of urls) {
    if (!covers(site, { ...coverage, hasIndex: false }, url)) continue;
    covered.set(url, url);
    if (coverage.hasIndex && url.endsWith(`/${INDEX}`)) covered.set(url.slice(0, -INDEX.length), url);
  }
  return covered;
}

/** Whether a URL is covered, or would be if its file were there. */
export function covers(site: Site, { base, filter, hasIndex }: Coverage, url: string): boolean {
  const beginning = site.baseUrl + base;
  if (url.endsWith("/")) return hasIndex && covers(site, { base, filter, hasIndex }, url + INDEX);
  return url.startsWith(beginning) && filter.selects(url.slice(beginning.length));
}

export function toSource(site: Site, { base, filter, hasIndex }: Coverage): Record<string, unknown> {
  const { selects: _, ...globs } = filter;
  const indexDocument = hasIndex ? { indexDocument: INDEX } : {};
  return { directory: join(site.directory, base), baseUrl: site.baseUrl + base, ...globs, ...indexDocument };
}
