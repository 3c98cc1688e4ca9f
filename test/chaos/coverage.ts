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
  /** Whether pages are also at their names without `.html`, and directories without their slash. */
  isClean: boolean;
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
  const base = random.chance(0.7) ? "" : random.pick(BASES[shape]);
  const filter = random.chance(0.4) ? EVERYTHING : random.pick(FILTERS);
  const hasIndex = mayIndex && random.chance(0.5);
  // A wide site has no source. A file that a filter leaves out may be served at the clean URL of a page that comes later:
  // nobody can know.
  const isClean = shape !== "wide" && random.chance(0.3) && filter.selects("page");
  return { base, filter, hasIndex, isClean };
}

/** Replaces a filter that selects nothing, which no program could create a resource with. */
export function withFiles(site: Site, coverage: Coverage, urls: readonly string[]): Coverage {
  const isIdle = coverage.filter.include !== undefined && listCovered(site, coverage, urls).size === 0;
  return isIdle ? { ...coverage, filter: EVERYTHING } : coverage;
}

/** Returns the covered URLs, each with that of its file. No two files of a site have a URL in common. */
export function listCovered(site: Site, coverage: Coverage, urls: readonly string[]): Map<string, string> {
  const covered = new Map<string, string>();
  for (const file of urls.filter((url) => isSelected(site, coverage, url))) {
    const index = coverage.hasIndex && file.endsWith(`/${INDEX}`) ? file.slice(0, -INDEX.length) : undefined;
    const clean = [file.endsWith(".html") ? file.slice(0, -".html".length) : undefined, index?.slice(0, -1)];
    for (const url of [file, index, ...(coverage.isClean ? clean : [])]) if (url !== undefined) covered.set(url, file);
  }
  return covered;
}

/** Whether a URL is covered, or would be if its file were there. */
export function covers(site: Site, coverage: Coverage, url: string): boolean {
  return findFiles(site, coverage, url).length > 0;
}

/**
 * Whether a source comes to cover a URL: by a file by which the one before it didn't, unless that file is known not to have
 * been there.
 */
export function isNewlyCovered(
  site: Site,
  [before, now]: readonly [Coverage, Coverage],
  url: string,
  wasThere: (url: string) => boolean,
): boolean {
  const files = findFiles(site, before, url);
  if (before.base !== now.base || files.length === 0) return true;
  const others = findFiles(site, now, url).filter((file) => !files.includes(file));
  return others.some((file) => !isSelected(site, before, file) || wasThere(file));
}

/** The URLs of the files by which a URL is covered, whether or not they are there. */
function findFiles(site: Site, coverage: Coverage, url: string): string[] {
  const { hasIndex, isClean } = coverage;
  const files = url.endsWith("/") ? [] : [url];
  if (hasIndex && url.endsWith("/")) files.push(url + INDEX);
  if (isClean && !url.endsWith("/")) files.push(`${url}.html`, ...(hasIndex ? [`${url}/${INDEX}`] : []));
  return files.filter((file) => isSelected(site, coverage, file));
}

function isSelected(site: Site, { base, filter }: Coverage, file: string): boolean {
  const beginning = site.baseUrl + base;
  return file.startsWith(beginning) && filter.selects(file.slice(beginning.length));
}

export function toSource(site: Site, { base, filter, hasIndex, isClean }: Coverage): Record<string, unknown> {
  const { selects: _, ...globs } = filter;
  const places = { ...(hasIndex ? { indexDocument: INDEX } : {}), ...(isClean ? { cleanUrls: true } : {}) };
  return { directory: join(site.directory, base), baseUrl: site.baseUrl + base, ...globs, ...places };
}
