/** What is to be sent, decided from values alone, so that the preview and the update can't disagree. */
import type { RefreshInputs } from "./inputs.js";
import { DOMAINS_PER_CALL, type ObjectType, PATHS_PER_CALL } from "./vod/limits.js";
import { domainOf } from "./vod/paths.js";

/** What is known of the last refresh that matters for the next one. */
export type Refreshed = Pick<RefreshInputs, "paths" | "objectType" | "contentHash"> & {
  /** Paths that were to be refreshed and haven't been accepted by the service yet. */
  pending: readonly string[];
};

/** Why paths are sent. */
export type Reason = "created" | "contentHash changed" | "objectType changed" | "left from the last run" | "new path";

export interface Plan {
  /** What is sent, in this order. */
  paths: string[];
  /** Why, in the order in which it is sent; empty where nothing is. */
  reasons: Reason[];
  /** Whether the plan carries on where the last run stopped, so that its task IDs still count. */
  resumes: boolean;
}

const NOTHING: Plan = { paths: [], reasons: [], resumes: false };

/** The plan for a resource that doesn't exist yet: what the edge holds is unknown, so everything is sent. */
export function planCreate(news: RefreshInputs): Plan {
  return news.refreshOnCreate ? { paths: news.paths, reasons: ["created"], resumes: false } : NOTHING;
}

/**
 * The plan for a resource that exists. A path that the program no longer names isn't sent, even if it was pending:
 * it may be the very path that the service refused.
 */
export function planUpdate(olds: Refreshed, news: RefreshInputs): Plan {
  const sameType = olds.objectType === news.objectType;
  const before = new Set(sameType ? olds.paths : []);
  const unfinished = new Set(sameType ? olds.pending : []);
  const pending = news.paths.filter((path) => unfinished.has(path));
  const rest = news.paths.filter((path) => !unfinished.has(path));

  if (olds.contentHash !== news.contentHash) {
    return { paths: [...pending, ...rest], reasons: ["contentHash changed"], resumes: false };
  }
  const added = rest.filter((path) => !before.has(path));
  const reasons: Reason[] = [];
  if (pending.length > 0) reasons.push("left from the last run");
  if (added.length > 0) reasons.push(sameType ? "new path" : "objectType changed");
  return { paths: [...pending, ...added], reasons, resumes: pending.length > 0 };
}

/** Whether a difference is worth an update, with or without a call: the order of the paths isn't. */
export function differs(olds: RefreshInputs, news: RefreshInputs): boolean {
  const paths = new Set(news.paths);
  return (
    olds.contentHash !== news.contentHash ||
    olds.objectType !== news.objectType ||
    olds.force !== news.force ||
    olds.refreshOnCreate !== news.refreshOnCreate ||
    olds.endpoint !== news.endpoint ||
    olds.paths.length !== paths.size ||
    olds.paths.some((path) => !paths.has(path))
  );
}

/** The plan's paths as the calls that carry them: in their order, each within the limits of one call. */
export function batchesOf(paths: readonly string[], objectType: ObjectType): string[][] {
  const batches: string[][] = [];
  let domains = new Set<string>();
  for (const path of paths) {
    const batch = batches.at(-1);
    const domain = domainOf(path);
    const fits = batch && batch.length < PATHS_PER_CALL[objectType];
    if (fits && (domains.has(domain) || domains.size < DOMAINS_PER_CALL)) {
      batch.push(path);
      domains.add(domain);
    } else {
      batches.push([path]);
      domains = new Set([domain]);
    }
  }
  return batches;
}

const NOUNS: Readonly<Record<ObjectType, readonly [one: string, many: string]>> = {
  File: ["URL", "URLs"],
  IgnoreParams: ["URL with any query", "URLs with any query"],
  Directory: ["directory", "directories"],
  Regex: ["pattern", "patterns"],
};

/** A number of paths in words, such as "1 directory" or "3 URLs"; with `all`, "1 of 3 URLs" where it isn't all. */
export function counted(count: number, objectType: ObjectType, all = count): string {
  const noun = NOUNS[objectType][all === 1 ? 0 : 1];
  return count === all ? `${count} ${noun}` : `${count} of ${all} ${noun}`;
}

/** A number of calls in words. */
export function calls(count: number): string {
  return count === 1 ? "1 call" : `${count} calls`;
}

/** The plan as one line for people. */
export function describePlan({ paths, reasons }: Plan, news: RefreshInputs): string {
  if (paths.length === 0) return "nothing to refresh";
  const what = counted(paths.length, news.objectType, news.paths.length);
  return `to refresh: ${what} (${reasons.join(", ")}), ${calls(batchesOf(paths, news.objectType).length)}`;
}
