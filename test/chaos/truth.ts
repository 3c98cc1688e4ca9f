/** Checks what a state says about tasks against what the service knows: it asks the emulator, not the provider. */
import type { State } from "../../provider/plan/state.js";
import type { TaskView } from "../emulator/index.js";
import type { Sent } from "./faults.js";
import { type Deployment, isUrlType, Violation } from "./invariants.js";
import { callsFor, type Ledger } from "./ledger.js";
import type { Attempt, Kind } from "./program.js";

/** The tasks that the service has on record, and all that it ever had. */
export class Tasks {
  /** The newest first. */
  private rows: readonly TaskView[] = [];
  private readonly everById = new Map<string, Set<string>>();

  update(rows: readonly TaskView[]): void {
    this.rows = rows;
    for (const { taskId, path } of rows) {
      const paths = this.everById.get(taskId) ?? new Set();
      this.everById.set(taskId, paths.add(path));
    }
  }

  /** Finds tasks by kind, path and ID, newest first. */
  find(kind: Kind, path: string, ids: readonly string[]): TaskView[] {
    const isKind = ({ objectType }: TaskView) => (objectType === "Preload") === (kind === "preload");
    return this.rows.filter((row) => row.path === path && isKind(row) && ids.includes(row.taskId));
  }

  /** Finds tasks by kind and path, created at this time or later, newest first. */
  findSince(kind: Kind, path: string, time: number): TaskView[] {
    const ids = [...this.everById].filter(([, paths]) => paths.has(path)).map(([id]) => id);
    return this.find(kind, path, ids).filter(({ createdAt }) => createdAt >= time);
  }

  /** Whether a task ever had such a path. */
  everHadPath(taskId: string, isOurs: (path: string) => boolean): boolean {
    return [...(this.everById.get(taskId) ?? [])].some(isOurs);
  }
}

/** A deployment with the state that it left, its begin, and the tasks of the service. */
export interface ReportedDeployment extends Deployment {
  kind: Kind;
  state: State;
  began: number;
  tasks: Tasks;
  /** Whether it asked the edge for what it sent. */
  verifies: boolean;
  /** Whether the update succeeded as a whole, and not only because failures are warnings. */
  isWhole: boolean;
}

/** The state has the IDs of the tasks of everything that was accepted, and no other IDs. */
export function taskIdsAreTrue({ site, kind, state, sent, began, tasks }: ReportedDeployment): void {
  const { taskIds } = state;
  const fail = (detail: string) => {
    throw new Violation("the task IDs are true", detail);
  };
  for (const path of pathsWith(sent, "done")) {
    const ids = tasks.findSince(kind, path, began).map(({ taskId }) => taskId);
    if (ids.length > 0 && !ids.some((id) => taskIds.includes(id))) fail(`${path} has the tasks ${ids}, not ${taskIds}`);
  }
  for (const id of taskIds)
    if (!tasks.everHadPath(id, (path) => site.owns(path))) fail(`${id} is no task of ${site.name}`);
  for (const path of state.unconfirmed ?? []) {
    const isKept = taskIds.some((id) => tasks.everHadPath(id, (one) => one === path));
    if (!isKept) fail(`${path} has to be seen to its end, and is of none of the tasks ${taskIds}`);
  }
}

/**
 * The status is never better than the tasks, and if the resource waits, each task has ended or is still recorded as
 * owed.
 */
export function statusIsTrue(reported: ReportedDeployment): void {
  const { attempt, state, sent, isWhole } = reported;
  const { status, pending, unconfirmed = [] } = state;
  statusOfTasksIsTrue(reported.kind, withOwed(state, attempt), pathsWith(sent, "done"), reported.tasks);
  if (attempt.declaration.wait === undefined) return;
  const accepted = [...pathsWith(sent, "done"), ...pathsWith(sent, "failed")];
  for (const path of accepted) {
    const [newest] = reported.tasks.find(reported.kind, path, state.taskIds);
    if (newest === undefined || newest.status === "Complete") continue;
    const isRecorded = [...pending, ...unconfirmed].some((key) => key === path || key.startsWith(path));
    if (!isRecorded)
      throw new Violation("the status is true", `${path} is ${newest.status}, and the state doesn't know`);
  }
  const mayWarn = typeof attempt.declaration.wait === "object" && attempt.declaration.wait.onTimeout === "warn";
  if (isWhole && !mayWarn && accepted.length > 0 && pending.length === 0 && status !== "Complete")
    throw new Violation("the status is true", `an update that waited has succeeded, and it is ${status}`);
}

/** Leaves out what a preload no longer names, or what is let go of: nobody polls its tasks. */
function withOwed(state: State, attempt: Attempt): State {
  const letsGo = attempt.declaration.objectType === "Preload" || attempt.declaration.letsGo;
  return letsGo ? { ...state, refreshed: state.refreshed.filter((path) => isNamed(path, attempt)) } : state;
}

/** Whether the program names a path, or a URL for which a directory stands. */
function isNamed(path: string, { keys }: Attempt): boolean {
  return keys.has(path) || (path.endsWith("/") && [...keys.keys()].some((key) => key.startsWith(path)));
}

/**
 * The status is true after a `pulumi refresh` as well, and nothing is complete of which there is no record any more.
 *
 * @param recorded the deployment that the state records
 */
export function readIsTrue(kind: Kind, before: State, after: State, tasks: Tasks, recorded: Attempt | undefined): void {
  statusOfTasksIsTrue(kind, recorded ? withOwed(after, recorded) : after, [], tasks);
  const isNews = after.status === "Complete" && before.status !== "Complete";
  for (const path of isNews ? [...before.refreshed, ...(before.unconfirmed ?? [])] : [])
    if (tasks.find(kind, path, before.taskIds).length === 0)
      throw new Violation("the status is true", `it is Complete, and there is no record of ${path}`);
  const stillOwed = new Set(after.unconfirmed);
  for (const path of before.unconfirmed ?? []) {
    const isComplete = tasks.find(kind, path, before.taskIds)[0]?.status === "Complete";
    if (!stillOwed.has(path) && !isComplete)
      throw new Violation("no path is lost", `a refresh of the state has forgotten ${path}, which hasn't ended`);
  }
}

/**
 * What the update before left unconfirmed was seen to be complete, was sent again, or is still recorded as owed; an
 * update that doesn't wait, and a path that is no longer named or let go of, owe nothing.
 */
export function unconfirmedIsSettled(
  { attempt, kind, sent, excused, pending, tasks }: ReportedDeployment,
  before: State,
) {
  if (attempt.declaration.wait === undefined) return;
  for (const path of before.unconfirmed ?? []) {
    const isTakenOut = before.inputs.paths?.includes(path) === true;
    const letsGo = kind === "preload" || attempt.declaration.letsGo;
    const isLetGo = isTakenOut ? !attempt.keys.has(path) : letsGo && !isNamed(path, attempt);
    const isAccepted = callsFor(path, sent).some((outcome) => outcome !== "refused");
    if (isLetGo || isAccepted || pending.has(path) || excused.has(path)) continue;
    if (tasks.find(kind, path, before.taskIds)[0]?.status !== "Complete")
      throw new Violation("no path is lost", `an update has forgotten ${path}, which hasn't been seen to its end`);
  }
}

function statusOfTasksIsTrue(kind: Kind, state: State, accepted: readonly string[], tasks: Tasks): void {
  const { status, taskIds, inputs } = state;
  // A path that `paths` no longer names isn't kept fresh, so its task isn't polled.
  const refreshed = state.refreshed.filter((path) => inputs.paths?.includes(path) !== false);
  const newest = new Set([...refreshed, ...accepted].flatMap((path) => tasks.find(kind, path, taskIds).slice(0, 1)));
  const open = [...newest].find((row) => row.status !== "Complete");
  if (status === "Complete" && open)
    throw new Violation("the status is true", `it is Complete, and ${open.path} is ${open.status}`);
  if (status === "NotSubmitted" && taskIds.length > 0)
    throw new Violation("the status is true", `it is NotSubmitted, with the tasks ${taskIds}`);
  const known = [...state.refreshed, ...(state.unconfirmed ?? []), ...accepted];
  // The service's times have whole seconds: of two rows of one second, nobody can tell which is the newer one.
  const readSecond = ({ createdAt }: TaskView) => Math.floor(createdAt / 1000);
  const hasFailed = known.some((path) => {
    const rows = tasks.find(kind, path, taskIds);
    const newestSecond = Math.max(...rows.map(readSecond));
    return rows.some((row) => row.status === "Failed" && readSecond(row) === newestSecond);
  });
  if (status === "Failed" && newest.size > 0 && !hasFailed)
    throw new Violation("the status is true", "it is Failed, and no task of it has");
}

/** Every pending path is due, and wasn't both accepted and done. */
export function pendingIsTrue({ attempt, due, sent, state }: ReportedDeployment, { directories }: Ledger): void {
  const own = sent.filter(({ isFromOutsider }) => !isFromOutsider);
  const stale = new Set(state.__stale);
  for (const key of state.pending) {
    // Its task did its work, and a node of the edge still had the old copy.
    if (stale.has(key)) continue;
    if (!due.has(key)) throw new Violation("what is pending is due", `${key} isn't`);
    const itself = own.filter(({ paths }) => paths.includes(key));
    const isOlder = own.some(({ paths }) => paths.some((path) => directories.has(path) && key.startsWith(path)));
    if (itself.length === 0 && (isOlder || !isUrlType(attempt.declaration.objectType))) continue;
    const outcomes = callsFor(key, own);
    if (outcomes.length > 0 && outcomes.every((outcome) => outcome === "done"))
      throw new Violation("what is pending is due", `${key} was accepted, its task did its work, and it is pending`);
  }
}

function pathsWith(sent: readonly Sent[], outcome: Sent["outcome"]): string[] {
  const own = sent.filter((call) => call.outcome === outcome && !call.isFromOutsider);
  return [...new Set(own.flatMap(({ paths }) => paths))];
}
