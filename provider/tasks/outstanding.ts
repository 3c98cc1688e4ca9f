/** What the last update left open, told from the state: the tasks that are still to be looked at, and which rows are its own. */

import type { Manifest } from "../manifest/manifest.js";
import type { Plan, RequestKind } from "../plan/plan.js";
import { baselineOf, PATHS_SHOWN, type State } from "../plan/state.js";
import type { Inputs } from "../schema/inputs.js";
import { contentOf, waitOf } from "../schema/inputs.js";
import { directoriesAbove, withoutScheme } from "../vod/paths.js";
import { RECORD_DAYS, type TaskStatus } from "../vod/tasks.js";
import { DAY_MS, HOUR_MS } from "../vod/time.js";
import type { TaskSummary } from "./task-status.js";

/** After how long a task whose end has to be seen isn't waited for any more, in milliseconds. Tasks take some minutes. */
const OVERDUE_MS = HOUR_MS;

/** For how long the service merges tasks of one domain, in milliseconds, and a little more. Source: seed. */
export const MERGE_WINDOW_MS = 1_500;

/** What the run before left open. */
export interface OutstandingTasks {
  /** The tasks whose end wasn't seen. */
  taskIds: readonly string[];
  /** The paths whose end had to be seen, and wasn't; none of them is in the plan. */
  paths: readonly string[];
  /** Whether these tasks are so old that those which haven't ended aren't waited for. */
  isOverdue: boolean;
  /** As what those of the paths were sent that the program no longer names, where the state says it. */
  removed?: ReadonlyMap<string, RequestKind>;
  /** Where no paths are known: as which path of this resource a row counts; undefined for another's. */
  nameOf?: (path: string) => string | undefined;
  /**
   * Until when the service may merge a call with tasks of the run before that failed, or whose end wasn't seen, in milliseconds
   * since 1970: a path that is sent again must not share a task with its failure. Default: no such time.
   */
  mergesUntil?: number;
}

export const NONE: OutstandingTasks = { taskIds: [], paths: [], isOverdue: false };

/** What the last run left open, but for what the plan sends anyway. Without `wait`, nobody has to see an end. */
export function findOutstanding(
  before: State,
  inputs: Inputs,
  plan: Plan,
  present: Manifest,
  now: Date,
): OutstandingTasks {
  const { unconfirmed } = before;
  const [isDue, oldPaths] = [new Set(plan.paths), new Set(before.inputs.paths)];
  // Of `paths`, one that is no longer named is nobody's any more; of a preload, none is.
  const isPreload = inputs.objectType === "Preload";
  const isOwed = (path: string) => !isDue.has(path) && (present.has(path) || !(isPreload || oldPaths.has(path)));
  const paths = waitOf(inputs) === undefined ? [] : (unconfirmed ?? []).filter(isOwed);
  const age = ageOf(before, now);
  const isOpen = unconfirmed === undefined ? hasOpenTasks(before) && age <= RECORD_DAYS * DAY_MS : paths.length > 0;
  const taskIds = isOpen ? before.taskIds : [];
  const nameOf = isPreload || contentOf(inputs).mode === "paths" ? namesAmong([present]) : rowNames(before, present);
  const isOverdue = paths.length > 0 && age > OVERDUE_MS;
  const mergesUntil = endOfMerging(before);
  return {
    taskIds,
    paths,
    isOverdue,
    removed: before.removed,
    nameOf,
    ...(mergesUntil === undefined ? {} : { mergesUntil }),
  };
}

/**
 * As which of its paths a resource takes a row of its tasks: the service merges what is sent for one domain within one second
 * into one task, so that rows may be another resource's, whose failures are none of its own.
 *
 * @param present what it names by now, where that is known.
 */
export function rowNames(state: State, present?: Manifest): (path: string) => string | undefined {
  const { refreshed, unconfirmed = [], pending } = state;
  const manifests = present === undefined ? [baselineOf(state).manifest] : [present, baselineOf(state).manifest];
  const nameOf = namesAmong(manifests, new Set([...refreshed, ...unconfirmed, ...pending]));
  // Where the state names but some of what was sent, a row may be of the rest, such as of a URL that vanished.
  return (path) => nameOf(path) ?? (refreshed.length < PATHS_SHOWN ? undefined : path);
}

/** As which of their paths a row counts: one of them, or a directory above some; undefined for any other. */
export function namesAmong(manifests: readonly Manifest[], known: ReadonlySet<string> = new Set()) {
  let directories: ReadonlySet<string> | undefined;
  const isNamed = (path: string) => known.has(path) || manifests.some((manifest) => manifest.has(path));
  /** Whether it may have been sent for the URLs below it. */
  const standsForSome = (path: string) => {
    directories ??= directoriesOf(manifests);
    return directories.has(path);
  };
  return (path: string): string | undefined => {
    const bare = withoutScheme(path);
    const spellings = path === bare ? [path, `https://${path}`, `http://${path}`] : [path, bare];
    const isOwn = (name: string) => isNamed(name) || (name.endsWith("/") && standsForSome(name));
    return spellings.find(isOwn);
  };
}

/** All directories that hold any URL. */
function directoriesOf(manifests: readonly Manifest[]): Set<string> {
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
 * The status by a look at the tasks of a state, never better than what was seen: where some of it can't be seen, the rest
 * decides once the records of those must have expired.
 *
 * @returns undefined where the last known status stays.
 */
export function observedStatus(state: State, seen: TaskSummary, now: Date): TaskStatus | undefined {
  const { status, statusOfRows, missing, unknown } = seen;
  if (unknown.length + missing.length === 0) return status;
  if (statusOfRows === undefined) return undefined;
  if (ageOf(state, now) <= OVERDUE_MS) return status;
  return statusOfRows === "Complete" && missing.length > 0 ? undefined : statusOfRows;
}

/** Whether the tasks of the last refresh hadn't ended when they were last seen. */
export function hasOpenTasks({ status }: State): boolean {
  return ["Submitted", "Pending", "Refreshing"].includes(status);
}

/** Whether the last update left something to do. */
export function isUnfinished({ status, unconfirmed = [] }: State): boolean {
  return status === "Incomplete" || unconfirmed.length > 0;
}

function endOfMerging(state: State): number | undefined {
  const mayHaveFailed = isUnfinished(state) || state.status === "Failed";
  return mayHaveFailed && state.submittedAt !== undefined ? Date.parse(state.submittedAt) + MERGE_WINDOW_MS : undefined;
}

function ageOf({ submittedAt }: State, now: Date): number {
  return submittedAt === undefined ? 0 : now.getTime() - Date.parse(submittedAt);
}
