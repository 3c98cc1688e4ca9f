/**
 * Preloads that the origin refused, such as of a file that it doesn't have: to send one again soon costs quota and fails
 * again. A day later it is tried once more.
 */
import type { Manifest } from "../manifest/manifest.js";
import { DAY_MS } from "../vod/time.js";
import type { Plan } from "./plan.js";

/** How the preload of a path failed. */
export interface PreloadFailure {
  /** The service's description. */
  reason: string;
  /** When it was sent, in ISO 8601 and UTC. */
  at: string;
  /** What the content was. */
  hash: string;
}

export type PreloadFailures = Readonly<Record<string, PreloadFailure>>;

/** How long a path isn't tried again. */
const PAUSE_MS = DAY_MS;

/**
 * Whether a failure stays until somebody changes something at the origin, by its description. Source: the page of
 * DescribeVodRefreshTasks has `Origin Return StatusCode 5XX`, and a 404 is taken to follow that pattern.
 */
export function isLastingFailure(description: string): boolean {
  return /\bStatusCode 4\d\d\b/i.test(description);
}

/** Selects the failures after which a path isn't tried again yet, unless its content changes. */
export function selectHeldBack(failures: PreloadFailures, now: Date): Map<string, PreloadFailure> {
  const isRecent = ({ at }: PreloadFailure) => {
    const age = now.getTime() - Date.parse(at);
    return age >= 0 && age < PAUSE_MS;
  };
  return new Map(Object.entries(failures).filter(([, failure]) => isRecent(failure)));
}

/** When the first of some paths is tried again. */
export function nextTry(held: Iterable<PreloadFailure>): Date {
  return new Date(Math.min(...[...held].map(({ at }) => Date.parse(at))) + PAUSE_MS);
}

/**
 * Takes out of a plan what is due only because it failed less than a day ago.
 *
 * @returns what is left of the plan, and the failures of what was taken out.
 */
export function holdBack(
  plan: Plan,
  failures: PreloadFailures,
  current: Manifest,
  now: Date,
): { plan: Plan; held: ReadonlyMap<string, PreloadFailure> } {
  const [first, ...groups] = plan.groups;
  const recent = selectHeldBack(failures, now);
  if (recent.size === 0 || first?.reason !== "pending from the last update") return { plan, held: new Map() };
  const isHeld = (path: string) => recent.has(path) && recent.get(path)?.hash === current.get(path);
  const left = plan.paths.slice(0, first.count);
  const kept = left.filter((path) => !isHeld(path));
  return {
    plan: {
      ...plan,
      paths: [...kept, ...plan.paths.slice(first.count)],
      groups: kept.length === 0 ? groups : [{ ...first, count: kept.length }, ...groups],
      resumes: plan.resumes && kept.length > 0,
    },
    held: new Map([...recent].filter(([path]) => left.includes(path) && isHeld(path))),
  };
}
