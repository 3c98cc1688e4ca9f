/** One resource of a run: what happens to its files, and who looks at them. */
import type { Sent } from "./faults.js";
import { bareOf } from "./invariants.js";
import type { Due, Ledger } from "./ledger.js";
import type { Attempt, Kind, Manner } from "./program.js";
import type { Random } from "./random.js";
import type { Site } from "./site.js";

export interface Resource {
  name: string;
  kind: Kind;
  site: Site;
  /** The refresh that a preload comes after. */
  after?: Resource;
  ledger: Ledger;
  manner: Manner;
  /** Whether the program names it at the moment. */
  inProgram: boolean;
}

/**
 * Changes, adds and removes files of a site; one is always left. What it did is returned.
 *
 * A URL that isn't known to be refreshed when it appears, only appears where the edge doesn't hold it: that no cache holds what
 * is new is the documented condition.
 */
export function changeFiles({ site, manner, ledger }: Resource, cached: readonly string[], random: Random): string {
  const said: string[] = [];
  const say = (what: string, url: string) => said.push(`${what} ${url.slice("https://".length)}`);
  for (const url of random.some([...site.files.keys()], random.pick([0, 0.1, 0.5, 1]))) {
    if (site.files.has(url)) say(site.write(url, random), url);
  }
  const held = new Set(cached.map(bareOf));
  const isSeenTo = (url: string) => ledger.recorded?.keys.has(url) || ledger.left.has(url);
  const mayAppear = (url: string) => manner.refreshNew || manner.mode === "paths" || isSeenTo(url) || !held.has(url);
  const absent = site.universe.filter((url) => !site.files.has(url) && mayAppear(url));
  for (const url of random.some(absent, random.pick([0, 0, 0.2, 0.5]))) {
    site.write(url, random);
    say("added", url);
  }
  for (const url of random.some([...site.files.keys()], random.pick([0, 0, 0.2, 0.9]))) {
    if (site.files.size === 1) break;
    site.remove(url);
    say("removed", url);
  }
  return `${site.name}: ${said.join(", ") || "no change"}`;
}

/** What random viewers look at: what is online, and what isn't only where the documents say that this is seen to. */
export function looks(resources: readonly Resource[], random: Random): string[] {
  const share = random.pick([0, 0.3, 1]);
  const refreshed = resources.filter(({ kind }) => kind === "refresh");
  const urls = refreshed.flatMap(({ site, manner, ledger }) => {
    const isSeenTo = manner.refreshNew && (manner.refreshOnCreate || ledger.recorded !== undefined);
    const all = site.universe.filter((url) => site.files.has(url) || isSeenTo);
    return all.flatMap((url) => (manner.objectType === "IgnoreParams" ? [url, `${url}?v=1`] : [url]));
  });
  return random.some(urls, share);
}

/** The paths that were refused since their domain is gone, from the account and from the program. */
export function excusedOf(attempt: Attempt, due: Due, sent: readonly Sent[]): Set<string> {
  const hostOf = (path: string) => path.split("/")[2];
  // The URL of a source's directory names its domain even while it has no file.
  const { baseUrl } = (attempt.inputs.source ?? {}) as { baseUrl?: string };
  const named = new Set([...attempt.keys.keys(), ...(baseUrl ? [baseUrl] : [])].map(hostOf));
  const own = sent.filter(({ isOutsiders }) => !isOutsiders);
  const gone = own.filter(({ code }) => code === "InvalidDomain.NotFound" || code === "InvalidDomain.Offline");
  const paths = gone.flatMap(({ paths }) => paths.filter((path) => !named.has(hostOf(path))));
  const isBelow = (key: string) => paths.some((path) => path.endsWith("/") && key.startsWith(path));
  return new Set([...paths, ...[...due.keys()].filter(isBelow)]);
}
