/** What was seen of refresh tasks: whose rows they are, what is missing, and how it all stands. */
import { withoutScheme } from "../vod/paths.js";
import type { RefreshTask, TaskStatus } from "../vod/tasks.js";

/** The tasks of one call, or those that were left open before. */
export interface ExpectedTasks {
  /** As the service gave them, IDs joined by commas too. */
  taskIds: readonly string[];
  /** The paths of which these tasks must have rows: as long as one has none, nothing is known of it. Default: none. */
  paths?: readonly string[];
  /**
   * As what a row counts that is of none of `paths`; undefined for one that is another's: the service merges calls of one
   * domain within one second into one task. Default: with `paths` no such row counts, without them each by its own path.
   */
  nameOf?: ((path: string) => string | undefined) | undefined;
  /** Whether they are so old that what hasn't ended at their first answer isn't waited for. Default: false. */
  isOverdue?: boolean;
}

/** What was last seen of the tasks. Each path counts once, by its newest row: what an older task says of it is outdated. */
export interface TaskSummary {
  /**
   * `Refreshing` or `Pending` if any path has not ended; a path or a task of which no row was seen counts as `Pending`.
   * Otherwise `Failed` if any path failed, and `Complete` if none did.
   */
  status: TaskStatus;
  /** The same by the rows alone; undefined where none was seen. */
  statusOfRows: TaskStatus | undefined;
  /** How many paths are complete. */
  done: number;
  /** How many paths there are. */
  total: number;
  /** The paths that failed. */
  failed: { path: string; description: string }[];
  /** The paths that are complete. */
  complete: ReadonlySet<string>;
  /** The paths of which there must be a row, and was none. */
  missing: string[];
  /** The tasks of which no row was seen: expired, or not visible yet. */
  unknown: string[];
  /** Of those that are overdue, the tasks that haven't ended, or of which a row is missing. */
  givenUp: string[];
}

interface Task {
  /** The newest row of each path that counts. */
  rows: Map<string, RefreshTask>;
  /** Whether any row was seen, whosever it is. */
  isVisible: boolean;
  calls: Call[];
}

interface Call {
  ids: readonly string[];
  paths: readonly string[];
  /** The same by what is left of them without a scheme. */
  spellings: ReadonlyMap<string, string[]>;
  nameOf: (path: string) => string | undefined;
  isOverdue: boolean;
}

export class TaskTracker {
  private readonly tasks = new Map<string, Task>();
  private readonly calls: Call[] = [];

  /** @param awaited the oldest first: what a later call has too, an earlier one tells nothing of any more. */
  constructor(awaited: readonly ExpectedTasks[]) {
    const later = new Set<string>();
    for (const one of awaited.toReversed()) {
      const call = expectCall(one, later);
      // All that it had to be seen of was sent again: whatever is on record of it, and be it nothing, counts no more.
      if (one.paths !== undefined && one.paths.length > 0 && call.paths.length === 0) continue;
      for (const path of call.paths) later.add(path);
      this.calls.unshift(call);
    }
    for (const call of this.calls) {
      for (const id of call.ids) {
        const task: Task = this.tasks.get(id) ?? { rows: new Map(), isVisible: false, calls: [] };
        task.calls.push(call);
        this.tasks.set(id, task);
      }
    }
  }

  /** The tasks that have to be asked for: those that haven't ended, and of a call that lacks a row all that might have it. */
  unfinished(): string[] {
    const lacking = new Set(this.calls.filter((call) => this.lacksRow(call)));
    const isOpen = ({ isVisible, rows, calls }: Task) =>
      !isVisible || ![...rows.values()].every(hasEnded) || calls.some((call) => lacking.has(call));
    return [...this.tasks].filter(([, task]) => isOpen(task)).map(([id]) => id);
  }

  isOverdue(id: string): boolean {
    return this.tasks.get(id)?.calls.every((call) => call.isOverdue) ?? false;
  }

  /** A path that was seen stays, even if a later answer lacks it: its record may have expired, or pages have shifted. */
  update(id: string, answer: readonly RefreshTask[]): void {
    const task = this.tasks.get(id);
    if (task === undefined) return;
    if (answer.length > 0) task.isVisible = true;
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
    const missing = [...new Set(this.calls.flatMap((call) => this.missingOf(call)))];
    const lacks = new Set(missing);
    const rows = this.newestRows().filter(({ objectPath }) => !lacks.has(objectPath));
    const unknown = [...this.tasks].filter(([, { isVisible }]) => !isVisible).map(([id]) => id);
    const complete = rows.filter(({ status }) => status === "Complete").map(({ objectPath }) => objectPath);
    const failed = rows.filter(({ status }) => status === "Failed");
    const statusOfRows = rows.length === 0 ? undefined : statusOf(rows);
    // One so old that nothing is expected of it any more says nothing against the rows that its paths have.
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

  /** How far it is on an average, from 0 to 100. */
  percent(total: number): number {
    return this.newestRows().reduce((sum, row) => sum + row.percent, 0) / Math.max(1, total);
  }

  /** The newest row of each path. */
  private newestRows(): RefreshTask[] {
    const newest = new Map<string, RefreshTask>();
    for (const { rows } of this.tasks.values()) takeNewest(newest, rows.values());
    return [...newest.values()];
  }

  private missingOf({ ids, paths }: Call): string[] {
    const tasks = ids.map((id) => this.tasks.get(id));
    return paths.filter((path) => !tasks.some((task) => task?.rows.has(path)));
  }

  /** Whether a call lacks a row which is not of a task that isn't visible yet: that one is asked for anyway. */
  private lacksRow(call: Call): boolean {
    return call.ids.every((id) => this.tasks.get(id)?.isVisible) && this.missingOf(call).length > 0;
  }
}

function expectCall({ taskIds, paths, nameOf, isOverdue = false }: ExpectedTasks, later: ReadonlySet<string>): Call {
  const own = [...new Set(paths)].filter((path) => !later.has(path));
  const spellings = new Map<string, string[]>();
  for (const path of own) {
    const spelling = withoutScheme(path);
    spellings.set(spelling, [...(spellings.get(spelling) ?? []), path]);
  }
  const ids = new Set(taskIds.flatMap((joined) => joined.split(",")).filter((id) => id !== ""));
  const byDefault = (path: string) => (paths === undefined ? path : undefined);
  return { ids: [...ids], paths: own, spellings, nameOf: nameOf ?? byDefault, isOverdue };
}

/** The paths of a call that a row is of. Where one of the two has no scheme, nobody knows whether the service writes one. */
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
    // Times have whole seconds: of two rows of one second, that counts which is further from its good end.
    const order =
      other === undefined ? 1 : row.createdAt.getTime() - other.createdAt.getTime() || rank(row) - rank(other);
    if (order > 0) newest.set(row.objectPath, row);
  }
}

const rank = ({ status }: RefreshTask) => ["Complete", "Failed", "Refreshing", "Pending"].indexOf(status);
const hasEnded = ({ status }: RefreshTask) => status === "Complete" || status === "Failed";

function statusOf(rows: readonly RefreshTask[]): TaskStatus {
  const order: readonly TaskStatus[] = ["Refreshing", "Pending", "Failed"];
  return order.find((status) => rows.some((row) => row.status === status)) ?? "Complete";
}
