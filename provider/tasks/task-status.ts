/** Keeps track of tasks by their rows: which paths the rows are of, which rows are missing, and what the status is. */
import { withoutScheme } from "../vod/paths.js";
import type { RefreshTask, TaskStatus } from "../vod/tasks.js";

/** The tasks of one call, or those that the last update left open. */
export interface ExpectedTasks {
  /** As the service gave them; IDs joined by commas too. */
  taskIds: readonly string[];
  /** The paths that must have a row: as long as a path has none, nothing is known of it. Default: none. */
  paths?: readonly string[];
  /**
   * The path that a row counts for if it is of none of `paths`; undefined if the row is another resource's: the service merges the
   * calls for one domain within one second into one task. Default: with `paths`, no such row counts; without, each for its own path.
   */
  nameOf?: ((path: string) => string | undefined) | undefined;
  /** Whether the tasks are so old that those which haven't ended at the first answer aren't waited for. Default: false. */
  isOverdue?: boolean;
  /**
   * A time so long ago, in milliseconds since 1970, that a task accepted before it is on record or isn't any more. Of `taskIds`, the
   * oldest first, one without a row that stands before one that was created then has expired: it isn't waited for. Default: none is.
   */
  longAgo?: number | undefined;
}

/** What was last seen of the tasks. Each path counts once, by its newest row: an older task's is outdated. */
export interface TaskSummary {
  /**
   * `Refreshing` or `Pending` if any path has not ended; a path or a task without a row counts as `Pending`. Otherwise `Failed` if
   * any path failed, and `Complete` if none did.
   */
  status: TaskStatus;
  /** The same by the rows alone; undefined without any. */
  statusOfRows: TaskStatus | undefined;
  /** How many paths are complete. */
  done: number;
  /** How many paths there are. */
  total: number;
  /** The paths that failed. */
  failed: { path: string; description: string }[];
  /** The paths that are complete. */
  complete: ReadonlySet<string>;
  /** The paths that must have a row and have none. */
  missing: string[];
  /** The tasks without a row: expired, or not visible yet. */
  unknown: string[];
  /** The overdue tasks that haven't ended, or that lack a row. */
  givenUp: string[];
}

interface Task {
  /** The newest row of each path. */
  rows: Map<string, RefreshTask>;
  /** Whether the service showed any row, even another resource's. */
  isVisible: boolean;
  /** When the newest of all its rows was created, in milliseconds since 1970. */
  createdAt: number;
  calls: Call[];
}

interface Call {
  ids: readonly string[];
  paths: readonly string[];
  /** The paths by what is left of them without a scheme. */
  spellings: ReadonlyMap<string, string[]>;
  nameOf: (path: string) => string | undefined;
  isOverdue: boolean;
  longAgo: number | undefined;
}

export class TaskTracker {
  private readonly tasks = new Map<string, Task>();
  private readonly calls: Call[] = [];

  /** @param expected the oldest first. A path that a later call has too is that call's alone. */
  constructor(expected: readonly ExpectedTasks[]) {
    const later = new Set<string>();
    for (const one of expected.toReversed()) {
      const call = expectCall(one, later);
      // All of its paths were sent again: its records don't count any more, and neither does their absence.
      if (one.paths !== undefined && one.paths.length > 0 && call.paths.length === 0) continue;
      for (const path of call.paths) later.add(path);
      this.calls.unshift(call);
    }
    for (const call of this.calls) {
      for (const id of call.ids) {
        const task: Task = this.tasks.get(id) ?? { rows: new Map(), isVisible: false, createdAt: 0, calls: [] };
        task.calls.push(call);
        this.tasks.set(id, task);
      }
    }
  }

  /** The tasks to ask for: those that haven't ended, and if a call lacks a row, all tasks that may have it. */
  unfinished(): string[] {
    const lacking = new Set(this.calls.filter((call) => this.lacksRow(call)));
    const isOpen = (id: string, { isVisible, rows, calls }: Task) =>
      isVisible ? ![...rows.values()].every(hasEnded) || calls.some((call) => lacking.has(call)) : !this.hasExpired(id);
    return [...this.tasks].filter(([id, task]) => isOpen(id, task)).map(([id]) => id);
  }

  /** Whether a task without a row was accepted before one that has been on record for long. */
  private hasExpired(id: string): boolean {
    const expiredIn = ({ ids, longAgo }: Call) =>
      longAgo !== undefined &&
      ids.slice(ids.indexOf(id) + 1).some((later) => {
        const { isVisible, createdAt } = this.tasks.get(later) as Task;
        return isVisible && createdAt < longAgo;
      });
    return this.tasks.get(id)?.calls.every(expiredIn) ?? false;
  }

  isOverdue(id: string): boolean {
    return this.tasks.get(id)?.calls.every((call) => call.isOverdue) ?? false;
  }

  /** A row stays even if a later answer lacks it: its record may have expired, or the pages have shifted. */
  update(id: string, answer: readonly RefreshTask[]): void {
    const task = this.tasks.get(id);
    if (task === undefined) return;
    if (answer.length > 0) task.isVisible = true;
    for (const { createdAt } of answer) task.createdAt = Math.max(task.createdAt, createdAt.getTime());
    const newest = new Map<string, RefreshTask>();
    for (const row of answer) {
      const names = new Set(task.calls.flatMap((call) => matchPaths(call, row.objectPath)));
      takeNewest(
        newest,
        [...names].map((objectPath) => ({ ...row, objectPath })),
      );
    }
    for (const [path, row] of newest) {
      const before = task.rows.get(path);
      if (before === undefined || row.createdAt >= before.createdAt) task.rows.set(path, row);
    }
  }

  /** @param answered the overdue tasks that were asked for. */
  summary(answered: ReadonlySet<string> = new Set()): TaskSummary {
    const missing = [...new Set(this.calls.flatMap((call) => this.findMissing(call)))];
    const lacks = new Set(missing);
    const rows = this.newestRows().filter(({ objectPath }) => !lacks.has(objectPath));
    const unseen = [...this.tasks].filter(([, { isVisible }]) => !isVisible).map(([id]) => id);
    const unknown = unseen.filter((id) => !this.hasExpired(id));
    const complete = rows.filter(({ status }) => status === "Complete").map(({ objectPath }) => objectPath);
    const failed = rows.filter(({ status }) => status === "Failed");
    const statusOfRows = rows.length === 0 ? undefined : worstStatus(rows);
    // An overdue task without rows says nothing against the rows that its paths have elsewhere.
    const isMoot = (id: string) => answered.has(id) && this.tasks.get(id)?.calls.every(({ paths }) => paths.length > 0);
    const isUnseen = missing.length > 0 || !unknown.every(isMoot);
    return {
      status: isUnseen && statusOfRows !== "Refreshing" ? "Pending" : (statusOfRows ?? "Complete"),
      statusOfRows,
      done: complete.length,
      total: rows.length + missing.length,
      failed: failed.map(({ objectPath, description }) => ({ path: objectPath, description })),
      complete: new Set(complete),
      missing,
      unknown,
      givenUp: this.unfinished().filter((id) => answered.has(id)),
    };
  }

  /** The average progress of all paths, from 0 to 100. */
  percent(total: number): number {
    return this.newestRows().reduce((sum, row) => sum + row.percent, 0) / Math.max(1, total);
  }

  /** The newest row of each path. */
  private newestRows(): RefreshTask[] {
    const newest = new Map<string, RefreshTask>();
    for (const { rows } of this.tasks.values()) takeNewest(newest, rows.values());
    return [...newest.values()];
  }

  private findMissing({ ids, paths }: Call): string[] {
    const tasks = ids.map((id) => this.tasks.get(id));
    return paths.filter((path) => !tasks.some((task) => task?.rows.has(path)));
  }

  /** Whether a call lacks a row although all of its tasks are visible. A task that isn't is asked for anyway. */
  private lacksRow(call: Call): boolean {
    const isSettled = (id: string) => this.tasks.get(id)?.isVisible === true || this.hasExpired(id);
    return call.ids.every(isSettled) && this.findMissing(call).length > 0;
  }
}

function expectCall(expected: ExpectedTasks, later: ReadonlySet<string>): Call {
  const { taskIds, paths, nameOf, isOverdue = false, longAgo } = expected;
  const own = [...new Set(paths)].filter((path) => !later.has(path));
  const spellings = new Map<string, string[]>();
  for (const path of own) {
    const spelling = withoutScheme(path);
    spellings.set(spelling, [...(spellings.get(spelling) ?? []), path]);
  }
  const ids = new Set(taskIds.flatMap((joined) => joined.split(",")).filter((id) => id !== ""));
  const byDefault = (path: string) => (paths === undefined ? path : undefined);
  return { ids: [...ids], paths: own, spellings, nameOf: nameOf ?? byDefault, isOverdue, longAgo };
}

/** The paths of a call that a row is of. If one of the two has no scheme, nobody knows whether the service adds one. */
function matchPaths({ spellings, nameOf }: Call, path: string): string[] {
  const isBare = (other: string) => withoutScheme(other) === other;
  const named = (spellings.get(withoutScheme(path)) ?? []).filter((own) => own === path || isBare(own) || isBare(path));
  if (named.length > 0) return named;
  const name = nameOf(path);
  return name === undefined ? [] : [name];
}

function takeNewest(newest: Map<string, RefreshTask>, rows: Iterable<RefreshTask>): void {
  for (const row of rows) {
    const other = newest.get(row.objectPath);
    // Times have whole seconds: of two rows of one second, the one that is further from completion counts.
    const order =
      other === undefined ? 1 : row.createdAt.getTime() - other.createdAt.getTime() || rank(row) - rank(other);
    if (order > 0) newest.set(row.objectPath, row);
  }
}

const rank = ({ status }: RefreshTask) => ["Complete", "Failed", "Refreshing", "Pending"].indexOf(status);
const hasEnded = ({ status }: RefreshTask) => status === "Complete" || status === "Failed";

function worstStatus(rows: readonly RefreshTask[]): TaskStatus {
  const order: readonly TaskStatus[] = ["Refreshing", "Pending", "Failed"];
  return order.find((status) => rows.some((row) => row.status === status)) ?? "Complete";
}
