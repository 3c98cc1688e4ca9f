/** What the last update left open, by the state: the tasks to ask for again, and which of their rows are the resource's own. */
import { UNKNOWN_HASH } from "../manifest/hash.js";
import type { Manifest } from "../manifest/manifest.js";
import { selectHeldBack } from "../plan/held-back.js";
import { type Plan, type RequestKind, selectOwed } from "../plan/plan.js";
import { baselineOf, PATHS_SHOWN, type State } from "../plan/state.js";
import { isPreload } from "../schema/call-types.js";
import { getContent, getWait, type Inputs } from "../schema/inputs.js";
import { directoriesAbove, withoutScheme } from "../vod/paths.js";
import { RECORD_DAYS, type TaskStatus } from "../vod/tasks.js";
import { DAY_MS, HOUR_MS } from "../vod/time.js";
import type { TaskSummary } from "./task-status.js";

/** The age from which a task isn't waited for any more, in milliseconds. Tasks take some minutes. */
export const OVERDUE_MS = HOUR_MS;

/** The second within which the service merges calls for one domain into one task, and a little more, in milliseconds. Source: seed. */
export const MERGE_WINDOW_MS = 1_500;

/** What the last update left open. */
export interface OutstandingTasks {
  /** The tasks whose end wasn't seen. */
  taskIds: readonly string[];
  /** The unconfirmed paths, except for those that the plan sends again. */
  paths: readonly string[];
  /** Whether the tasks are so old that those which haven't ended aren't waited for. */
  isOverdue: boolean;
  /** As `ExpectedTasks` has it. Default: none. */
  longAgo?: number;
  /** How the paths were sent that the program no longer names, or that went as directories in place of URLs. */
  removed?: ReadonlyMap<string, RequestKind>;
  /** Without `paths`: the path of this resource that a row counts for; undefined if the row is another resource's. */
  nameOf?: (path: string) => string | undefined;
  /**
   * Until when the service may merge a call into tasks of the last update that failed or whose end wasn't seen, in milliseconds since
   * 1970: a path that is sent again must not share a task with its failure. Default: no such time.
   */
  mergesUntil?: number;
}

export const NONE: OutstandingTasks = { taskIds: [], paths: [], isOverdue: false };

/** Finds what the last update left open, except for what the plan sends again. Without `wait`, no end has to be seen. */
export function findOutstanding(
  state: State,
  inputs: Inputs,
  plan: Plan,
  current: Manifest,
  now: Date,
): OutstandingTasks {
  const { unconfirmed, removed } = state;
  const due = new Set(plan.paths);
  const isOwed = selectOwed(baselineOf(state), inputs, current);
  const owed = (unconfirmed ?? []).filter((path) => !due.has(path) && isOwed(path));
  const paths = getWait(inputs) === undefined ? [] : owed;
  const isOpen = unconfirmed === undefined ? hasOpenTasks(state) && !hasExpiredRecords(state, now) : paths.length > 0;
  const taskIds = isOpen ? state.taskIds : [];
  const letsGo = isPreload(inputs.objectType) || inputs.refreshRemoved === false;
  const isOfInputs = letsGo || getContent(inputs).mode === "paths";
  const nameOf = isOfInputs ? namesAmong([current]) : rowNames(state, current);
  const isOverdue = paths.length > 0 && measureAge(state, now) > OVERDUE_MS;
  const mergesUntil = findMergeEnd(state);
  const longAgo = now.getTime() - OVERDUE_MS;
  return { taskIds, paths, isOverdue, longAgo, removed, nameOf, ...(mergesUntil === undefined ? {} : { mergesUntil }) };
}

/**
 * Tells which path of a resource a row of its tasks counts for; undefined if the row is another resource's: the service merges the
 * calls for one domain within one second into one task.
 *
 * @param current the paths that the program names, if they are known.
 */
export function rowNames(state: State, current?: Manifest): (path: string) => string | undefined {
  const { refreshed, unconfirmed = [], pending } = state;
  const { manifest } = baselineOf(state);
  const manifests = current === undefined ? [manifest] : [current, manifest];
  const nameOf = namesAmong(manifests, new Set([...refreshed, ...unconfirmed, ...pending]));
  // If the state names only the first of the paths that were sent, a row may be of any other, such as a URL that was removed.
  return (path) => nameOf(path) ?? (refreshed.length < PATHS_SHOWN ? undefined : path);
}

/** Tells which of these paths a row counts for: one of them, or a directory above some; undefined for any other. */
export function namesAmong(manifests: readonly Manifest[], known: ReadonlySet<string> = new Set()) {
  let directories: ReadonlySet<string> | undefined;
  const isNamed = (path: string) => known.has(path) || manifests.some((manifest) => manifest.has(path));
  /** Whether a directory may have been sent for the URLs below it. */
  const coversSome = (path: string) => {
    directories ??= collectDirectories(manifests);
    return directories.has(path);
  };
  return (path: string): string | undefined => {
    const bare = withoutScheme(path);
    const spellings = path === bare ? [path, `https://${path}`, `http://${path}`] : [path, bare];
    const isOwn = (name: string) => isNamed(name) || (name.endsWith("/") && coversSome(name));
    return spellings.find(isOwn);
  };
}

/** All directories above any of the URLs. */
function collectDirectories(manifests: readonly Manifest[]): Set<string> {
  const directories = new Set<string>();
  for (const manifest of manifests) {
    for (const url of manifest.keys()) {
      for (const directory of directoriesAbove(url)) {
        if (directories.has(directory)) break;
        directories.add(directory);
      }
    }
  }
  return directories;
}

/**
 * The status that was seen, never better than the rows. If some paths or tasks have no row, the others decide once the missing
 * records must have expired.
 *
 * @returns undefined if the last known status stays.
 */
export function observedStatus(state: State, seen: TaskSummary, now: Date): TaskStatus | undefined {
  const { status, statusOfRows, missing, unknown } = seen;
  if (unknown.length + missing.length === 0) return status;
  if (statusOfRows === undefined) return undefined;
  if (measureAge(state, now) <= OVERDUE_MS) return status;
  return statusOfRows === "Complete" && missing.length > 0 ? undefined : statusOfRows;
}

/** Whether the tasks of the last update hadn't ended when they were last seen. */
export function hasOpenTasks({ status }: State): boolean {
  return ["Submitted", "Pending", "Refreshing"].includes(status);
}

/** Whether the last update left something to do. */
export function isUnfinished({ status, unconfirmed = [] }: State): boolean {
  return status === "Incomplete" || unconfirmed.length > 0;
}

/** Whether all that the last update left are preloads that failed less than a day ago: they are not tried again yet. */
export function isHeldBack(state: State, now: Date): boolean {
  const { __failures: failures = {}, unconfirmed = [] } = state;
  const held = selectHeldBack(failures, now);
  if (held.size === 0 || unconfirmed.length > 0) return false;
  return [...baselineOf(state).manifest].every(([path, hash]) => hash !== UNKNOWN_HASH || held.has(path));
}

function findMergeEnd(state: State): number | undefined {
  const mayHaveFailed = isUnfinished(state) || state.status === "Failed";
  return mayHaveFailed && state.submittedAt !== undefined ? Date.parse(state.submittedAt) + MERGE_WINDOW_MS : undefined;
}

/** Whether the service has no records any more of any task of the last update. */
export function hasExpiredRecords(state: State, now: Date): boolean {
  return measureAge(state, now) > RECORD_DAYS * DAY_MS;
}

function measureAge({ submittedAt }: State, now: Date): number {
  return submittedAt === undefined ? 0 : now.getTime() - Date.parse(submittedAt);
}
