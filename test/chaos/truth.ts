/** Whether what a state says of tasks is what the service knows of them: the oracle asks the emulator, and not the provider. */
import type { State } from "../../provider/plan/state.js";
import type { TaskView } from "../emulator/index.js";
import type { Sent } from "./faults.js";
import { type Deployment, isUrlType, Violation } from "./invariants.js";
import { callsFor, type Ledger } from "./ledger.js";
import type { Kind } from "./program.js";

/** The tasks that the service has on record, and those that it ever had. */
export class Tasks {
  /** The newest first. */
  private rows: readonly TaskView[] = [];
  private readonly everById = new Map<string, Set<string>>();

  look(rows: readonly TaskView[]): void {
    this.rows = rows;
    for (const { taskId, path } of rows) {
      const paths = this.everById.get(taskId) ?? new Set();
      this.everById.set(taskId, paths.add(path));
    }
  }

  /** The tasks of one kind, by their IDs and a path of theirs. */
  of(kind: Kind, path: string, ids: readonly string[]): TaskView[] {
    const isKind = ({ objectType }: TaskView) => (objectType === "Preload") === (kind === "preload");
    return this.rows.filter((row) => row.path === path && isKind(row) && ids.includes(row.taskId));
  }

  /** Those of any ID since a time. */
  since(kind: Kind, path: string, time: number): TaskView[] {
    const ids = [...this.everById].filter(([, paths]) => paths.has(path)).map(([id]) => id);
    return this.of(kind, path, ids).filter(({ createdAt }) => createdAt >= time);
  }

  /** Whether a task was ever one of these paths'. */
  wasOf(taskId: string, isOurs: (path: string) => boolean): boolean {
    return [...(this.everById.get(taskId) ?? [])].some(isOurs);
  }
}

/** What a deployment has told its state, when it began, and what the service has on record. */
export interface Told extends Deployment {
  kind: Kind;
  state: State;
  began: number;
  tasks: Tasks;
  /** Whether everything went as the provider says, and not only as far as it is forgiven. */
  isWhole: boolean;
}

/** The tasks of what was accepted, and no others, can be looked at by whoever reads the state. */
export function taskIdsAreTrue({ site, kind, state, sent, began, tasks }: Told): void {
  const { taskIds } = state;
  const fail = (detail: string) => {
    throw new Violation("the task IDs are true", detail);
  };
  for (const path of pathsWith(sent, "done")) {
    const ids = tasks.since(kind, path, began).map(({ taskId }) => taskId);
    if (ids.length > 0 && !ids.some((id) => taskIds.includes(id))) fail(`${path} has the tasks ${ids}, not ${taskIds}`);
  }
  for (const id of taskIds) if (!tasks.wasOf(id, (path) => site.owns(path))) fail(`${id} is no task of ${site.name}`);
  for (const path of state.unconfirmed ?? []) {
    const isKept = taskIds.some((id) => tasks.wasOf(id, (one) => one === path));
    if (!isKept) fail(`${path} has to be seen to its end, and is of none of the tasks ${taskIds}`);
  }
}

/** The status is never better than the tasks, and an end that had to be seen was seen, or is known to be owed. */
export function statusIsTrue(told: Told): void {
  const { attempt, state, sent, isWhole } = told;
  const { status, pending, unconfirmed = [] } = state;
  // Of a preload, what is no longer named needs no copy, and isn't looked at.
  const refreshed = state.refreshed.filter((path) => told.kind === "refresh" || attempt.keys.has(path));
  statusOfTasksIsTrue(told.kind, { ...state, refreshed }, pathsWith(sent, "done"), told.tasks);
  if (attempt.manner.wait === undefined) return;
  const accepted = [...pathsWith(sent, "done"), ...pathsWith(sent, "failed")];
  for (const path of accepted) {
    const [newest] = told.tasks.of(told.kind, path, state.taskIds);
    if (newest === undefined || newest.status === "Complete") continue;
    const isOwed = [...pending, ...unconfirmed].some((key) => key === path || key.startsWith(path));
    if (!isOwed) throw new Violation("the status is true", `${path} is ${newest.status}, and the state doesn't know`);
  }
  const mayWarn = typeof attempt.manner.wait === "object" && attempt.manner.wait.onTimeout === "warn";
  if (isWhole && !mayWarn && accepted.length > 0 && pending.length === 0 && status !== "Complete")
    throw new Violation("the status is true", `an update that waited has succeeded, and it is ${status}`);
}

/** The same of what `pulumi refresh` has read. */
export function readIsTrue(kind: Kind, before: State, after: State, tasks: Tasks): void {
  statusOfTasksIsTrue(kind, after, [], tasks);
  const stillOwed = new Set(after.unconfirmed);
  for (const path of before.unconfirmed ?? []) {
    const isComplete = tasks.of(kind, path, before.taskIds)[0]?.status === "Complete";
    if (!stillOwed.has(path) && !isComplete)
      throw new Violation("no path is lost", `a refresh of the state has forgotten ${path}, which hasn't ended`);
  }
}

function statusOfTasksIsTrue(kind: Kind, state: State, accepted: readonly string[], tasks: Tasks): void {
  const { status, taskIds, inputs } = state;
  // What a list of paths names no longer is nothing that is kept fresh, and isn't looked at.
  const refreshed = state.refreshed.filter((path) => inputs.paths?.includes(path) !== false);
  const newest = new Set([...refreshed, ...accepted].flatMap((path) => tasks.of(kind, path, taskIds).slice(0, 1)));
  const open = [...newest].find((row) => row.status !== "Complete");
  if (status === "Complete" && open)
    throw new Violation("the status is true", `it is Complete, and ${open.path} is ${open.status}`);
  if (status === "NotSubmitted" && taskIds.length > 0)
    throw new Violation("the status is true", `it is NotSubmitted, with the tasks ${taskIds}`);
  const known = [...state.refreshed, ...(state.unconfirmed ?? []), ...accepted];
  const hasFailed = known.some((path) => tasks.of(kind, path, taskIds)[0]?.status === "Failed");
  if (status === "Failed" && newest.size > 0 && !hasFailed)
    throw new Violation("the status is true", "it is Failed, and no task of it has");
}

/** What is called pending is due, and wasn't accepted and done. */
export function pendingIsTrue({ attempt, due, sent, state }: Told, { directories }: Ledger): void {
  const own = sent.filter(({ isOutsiders }) => !isOutsiders);
  for (const key of state.pending) {
    if (!due.has(key)) throw new Violation("what is pending is due", `${key} isn't`);
    const itself = own.filter(({ paths }) => paths.includes(key));
    const isOlder = own.some(({ paths }) => paths.some((path) => directories.has(path) && key.startsWith(path)));
    if (itself.length === 0 && (isOlder || !isUrlType(attempt.manner.objectType))) continue;
    const outcomes = callsFor(key, own);
    if (outcomes.length > 0 && outcomes.every((outcome) => outcome === "done"))
      throw new Violation("what is pending is due", `${key} was accepted, its task did its work, and it is pending`);
  }
}

function pathsWith(sent: readonly Sent[], outcome: Sent["outcome"]): string[] {
  const own = sent.filter((call) => call.outcome === outcome && !call.isOutsiders);
  return [...new Set(own.flatMap(({ paths }) => paths))];
}
