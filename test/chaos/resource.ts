/** One resource of a run: how its files change, and which of its URLs viewers request. */
import type { Sent } from "./faults.js";
import { stripQuery } from "./invariants.js";
import type { Due, Ledger } from "./ledger.js";
import type { Attempt, Declaration, Kind } from "./program.js";
import type { Random } from "./random.js";
import type { Site } from "./site.js";

export interface Resource {
  name: string;
  kind: Kind;
  site: Site;
  /** The refresh before a preload. */
  refresh?: Resource;
  ledger: Ledger;
  declaration: Declaration;
  /** Whether the program currently declares it. */
  inProgram: boolean;
}

/**
 * Changes, adds and removes files of a site, and always leaves one. Returns what it did.
 *
 * A URL that nobody refreshes when it appears only appears if the edge hasn't cached it: the documentation requires
 * that no cache has a new URL.
 */
export function changeFiles(
  { site, declaration, ledger }: Resource,
  cached: readonly string[],
  random: Random,
): string {
  const changes: string[] = [];
  const note = (what: string, url: string) => changes.push(`${what} ${url.slice("https://".length)}`);
  for (const url of random.some([...site.files.keys()], random.pick([0, 0.1, 0.5, 1]))) {
    if (site.files.has(url)) note(site.write(url, random), url);
  }
  const held = new Set(cached.map(stripQuery));
  const isManaged = (url: string) => ledger.recorded?.keys.has(url) || ledger.leftover.has(url);
  const mayAppear = (url: string) =>
    declaration.refreshNew || declaration.mode === "paths" || isManaged(url) || !held.has(url);
  const absent = site.universe.filter((url) => !site.files.has(url) && mayAppear(url));
  for (const url of random.some(absent, random.pick([0, 0, 0.2, 0.5]))) {
    site.write(url, random);
    note("added", url);
  }
  for (const url of random.some([...site.files.keys()], random.pick([0, 0, 0.2, 0.9]))) {
    if (site.files.size === 1) break;
    site.remove(url);
    note("removed", url);
  }
  return `${site.name}: ${changes.join(", ") || "no change"}`;
}

/**
 * Draws the URLs that viewers request: files that are online, and others only if the documentation promises to refresh
 * them when they appear.
 */
export function drawViews(resources: readonly Resource[], random: Random): string[] {
  const share = random.pick([0, 0.3, 1]);
  const refreshed = resources.filter(({ kind }) => kind === "refresh");
  const urls = refreshed.flatMap(({ site, declaration, ledger }) => {
    const isManaged = declaration.refreshNew && (declaration.refreshOnCreate || ledger.recorded !== undefined);
    const all = site.universe.filter((url) => site.files.has(url) || isManaged);
    return all.flatMap((url) => (declaration.objectType === "IgnoreParams" ? [url, `${url}?v=1`] : [url]));
  });
  return random.some(urls, share);
}

/** Returns the paths that were refused because their domain was removed from the account and from the program. */
export function findExcused(attempt: Attempt, due: Due, sent: readonly Sent[]): Set<string> {
  const readHost = (path: string) => path.split("/")[2];
  // The URL of a source names its domain even if its directory is empty.
  const { baseUrl } = (attempt.inputs.source ?? {}) as { baseUrl?: string };
  const named = new Set([...attempt.keys.keys(), ...(baseUrl ? [baseUrl] : [])].map(readHost));
  const own = sent.filter(({ isFromOutsider }) => !isFromOutsider);
  const refusals = own.filter(({ code }) => code === "InvalidDomain.NotFound" || code === "InvalidDomain.Offline");
  const paths = refusals.flatMap(({ paths }) => paths.filter((path) => !named.has(readHost(path))));
  const isBelow = (key: string) => paths.some((path) => path.endsWith("/") && key.startsWith(path));
  return new Set([...paths, ...[...due.keys()].filter(isBelow)]);
}
