/** Chooses which of the refreshed paths the edge is asked for. */
import { directoryOf } from "../vod/paths.js";

/** A path that can be asked for, and why it was due. */
export interface Candidate {
  path: string;
  reason: string;
}

/**
 * Chooses a sample, in the order of the candidates: as few as there can be that have each directory, and so each domain, and each
 * reason; then more, spread evenly, up to the size. The same candidates always give the same sample.
 */
export function chooseSample<T extends Candidate>(candidates: readonly T[], size: number | "all"): T[] {
  if (size === "all" || candidates.length <= size) return [...candidates];
  const chosen = new Set(chooseLeast(candidates));
  const rest = candidates.filter((candidate) => !chosen.has(candidate));
  const more = Math.max(0, size - chosen.size);
  for (let index = 0; index < more; index++) chosen.add(rest[Math.floor((index * rest.length) / more)] as T);
  return candidates.filter((candidate) => chosen.has(candidate));
}

/**
 * The least edge cover of the graph whose vertices are directories and reasons, and whose edges are the candidates: a matching that
 * can't be larger, and an edge for each vertex that it leaves.
 */
function chooseLeast<T extends Candidate>(candidates: readonly T[]): T[] {
  /** For each reason, the first candidate of each directory. */
  const byReason = new Map<string, Map<string, T>>();
  const firstOf = new Map<string, T>();
  for (const candidate of candidates) {
    const directory = directoryOf(candidate.path);
    const own = byReason.get(candidate.reason) ?? new Map<string, T>();
    if (!own.has(directory)) own.set(directory, candidate);
    byReason.set(candidate.reason, own);
    if (!firstOf.has(directory)) firstOf.set(directory, candidate);
  }
  const reasonOf = new Map<string, string>();
  /** Finds a directory for a reason, and if need be another one for the reason that had it. */
  const match = (reason: string, tried: Set<string>): boolean => {
    for (const directory of byReason.get(reason)?.keys() ?? []) {
      if (tried.has(directory)) continue;
      tried.add(directory);
      const other = reasonOf.get(directory);
      if (other !== undefined && !match(other, tried)) continue;
      reasonOf.set(directory, reason);
      return true;
    }
    return false;
  };
  const unmatched = [...byReason.keys()].filter((reason) => !match(reason, new Set()));
  const ofDirectories = Array.from(firstOf, ([directory, first]) => {
    const reason = reasonOf.get(directory);
    return (reason === undefined ? undefined : byReason.get(reason)?.get(directory)) ?? first;
  });
  const ofReasons = unmatched.flatMap((reason) => [...(byReason.get(reason)?.values() ?? [])].slice(0, 1));
  return [...ofDirectories, ...ofReasons];
}
