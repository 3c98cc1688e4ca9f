/** The calls that one process sent to an endpoint, and the service's tasks that they explain. */
import type { RefreshTask } from "./tasks.js";
import { HOUR_MS } from "./time.js";

/** One attempt of a call that starts tasks. */
export interface SentCall {
  /** The call without its paths. */
  kind: string;
  paths: ReadonlySet<string>;
  /** When it began, by this machine's clock, in milliseconds since the epoch. */
  startedAt: number;
  /** What answered it; undefined where that isn't known, or not yet. */
  taskIds?: ReadonlySet<string>;
}

/** For how long a call may be the reason for tasks that somebody asks for. A request is valid for 15 minutes. */
const MEMORY_MS = HOUR_MS;

export class SentCalls {
  /** In the order in which they began, without those that the service refused. */
  private calls: SentCall[] = [];

  begin(kind: string, paths: readonly string[], startedAt: number): SentCall {
    const call: SentCall = { kind, paths: new Set(paths), startedAt };
    this.calls = [...this.calls.filter((other) => startedAt - other.startedAt <= MEMORY_MS), call];
    return call;
  }

  /** Forgets a call that the service refused. */
  forget(call: SentCall): void {
    this.calls = this.calls.filter((other) => other !== call);
  }

  /**
   * Leaves out the rows that other calls explain. Calls of the same kind that began later explain none: what they did for a
   * path is as good.
   *
   * @param call the first attempt of a call.
   * @param own all its attempts.
   * @param olderTaskIds the tasks of earlier processes, as far as they are known.
   * @param mayHaveCreated whether a call that began at that time may have created a row.
   */
  withoutOthers(
    rows: readonly RefreshTask[],
    { call, own, olderTaskIds }: { call: SentCall; own: ReadonlySet<SentCall>; olderTaskIds: ReadonlySet<string> },
    mayHaveCreated: (startedAt: number, row: RefreshTask) => boolean,
  ): RefreshTask[] {
    const place = this.calls.indexOf(call);
    const isLater = (index: number) => place >= 0 && index > place;
    const others = this.calls.filter(
      (other, index) => !own.has(other) && (!isLater(index) || other.kind !== call.kind),
    );
    const isKnown = (other: SentCall) => other.taskIds !== undefined;
    // Which row is whose nobody knows: the newest prove most, and are left out first.
    let left = rows.toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
    /** Leaves out a row for each path: an attempt has one. */
    const leaveOut = (isExplained: (row: RefreshTask) => boolean) => {
      const explained = new Set<string>();
      left = left.filter((row) => {
        if (explained.has(row.objectPath) || !isExplained(row)) return true;
        explained.add(row.objectPath);
        return false;
      });
    };
    leaveOut(({ taskId }) => olderTaskIds.has(taskId));
    for (const { paths, taskIds } of others.filter(isKnown)) {
      leaveOut(({ objectPath, taskId }) => paths.has(objectPath) && taskIds?.has(taskId) === true);
    }
    for (const { paths, startedAt } of others.filter((other) => !isKnown(other))) {
      leaveOut((row) => paths.has(row.objectPath) && mayHaveCreated(startedAt, row));
    }
    return left;
  }
}
