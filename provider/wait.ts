/**
 * Follows refresh tasks to their end: a small state machine of looks and pauses. Who is asked, the clock and the dice are
 * passed in. What it tells is what was last seen, never what is hoped.
 */
import { setTimeout as pause } from "node:timers/promises";
import { counted, number } from "./describe.js";
import { VodError } from "./vod/errors.js";
import { shownPath } from "./vod/paths.js";
import type { RefreshTask } from "./vod/tasks.js";

/** How long the pause after the first look is, in milliseconds, before jitter. */
export const FIRST_DELAY_MS = 2_000;
/** By what each pause is longer than the one before it. */
export const DELAY_FACTOR = 1.5;
/** How long a pause is at most, in milliseconds, before jitter. */
export const MAX_DELAY_MS = 15_000;
/** How long before the deadline the last look is, in milliseconds, so that its answer is there in time. */
export const LAST_LOOK_LEAD_MS = 1_000;
/** How many tasks are asked for at a time. */
export const CONCURRENCY = 4;
/** How far apart two progress lines are at least, in milliseconds. */
export const PROGRESS_MS = 10_000;
/** After how long, in milliseconds, a progress line comes although nothing changed. */
export const STEADY_PROGRESS_MS = 30_000;
/** How many paths or tasks a sentence names. */
const NAMED = 5;

/** Asks for all rows of one task, those of all pages; none where the service doesn't know the task (yet, or any more). */
export type DescribeTask = (taskId: string) => Promise<RefreshTask[]>;

export interface WaitOptions {
  /** Of the tasks, those so old that what hasn't ended at their first answer isn't waited for. Default: none. */
  overdue?: readonly string[];
  /** How long to wait over all, in milliseconds; 0 is exactly one look. */
  timeoutMs: number;
  describe: DescribeTask;
  /** Gets a line such as "412 of 500 done, 82%, 1m 20s" now and then while the tasks haven't ended. Default: none. */
  onProgress?: (line: string) => void;
  /** The present time in milliseconds from any start. Default: a clock that nobody sets. */
  now?: () => number;
  /** Waits for that many milliseconds. Default: a timer. */
  sleep?: (ms: number) => Promise<void>;
  /** From 0 up to 1, for the jitter. Default: `Math.random`. */
  random?: () => number;
}

/** What was last seen of the tasks. Each path counts once, by its newest row: what an older task says of it is outdated. */
export interface Followed {
  /**
   * `Refreshing` or `Pending` if any path has not ended; a task of which no row was seen counts as `Pending`. Otherwise
   * `Failed` if any path failed, and `Complete` if none did.
   */
  status: RefreshTask["status"];
  /** How many paths are complete. */
  done: number;
  /** How many paths there are. */
  total: number;
  /** The paths that failed. */
  failed: { path: string; description: string }[];
  /** The paths that are complete. */
  complete: ReadonlySet<string>;
  /** The tasks of which no row was seen: expired, or not visible yet. */
  unknown: string[];
  /** Of those that are overdue, the tasks that haven't ended, or of which the service knows no row. */
  givenUp: string[];
  /** Whether the deadline came before the end. */
  timedOut: boolean;
}

/** The newest row of each path, for each task. */
type Seen = ReadonlyMap<string, Map<string, RefreshTask>>;

/**
 * One look at all tasks.
 *
 * @param taskIds as the service gave them, IDs joined by commas too.
 * @throws whatever `describe` throws.
 */
export async function lookAt(taskIds: readonly string[], describe: DescribeTask): Promise<Followed> {
  const seen = nothingSeen(taskIds);
  await look(seen, describe);
  return followed(seen);
}

/**
 * Looks at tasks with growing, jittered pauses until all have ended or the deadline comes; the last look is just before it.
 * Tasks that have ended are not asked for again. A failure that can pass is skipped, the task is asked for again next time.
 *
 * @param taskIds as the service gave them, IDs joined by commas too.
 * @throws VodError at once for a failure that can't pass; for one that can, only if no answer came before the deadline.
 */
export async function waitForTasks(taskIds: readonly string[], options: WaitOptions): Promise<Followed> {
  const { timeoutMs, now = () => performance.now(), sleep = (ms) => pause(ms), random = Math.random } = options;
  const { overdue = [] } = options;
  const seen = nothingSeen(taskIds);
  const start = now();
  const left = () => start + timeoutMs - now();
  const report = progressReporter(options.onProgress, start);
  const givenUp = new Set<string>();
  let answered = false;
  let failure: VodError | undefined;
  const describe: DescribeTask = async (taskId) => {
    try {
      const rows = await options.describe(taskId);
      answered = true;
      if (overdue.includes(taskId)) givenUp.add(taskId);
      return rows;
    } catch (error) {
      if (!(error instanceof VodError && error.retryable)) throw error;
      failure = error;
      return [];
    }
  };

  for (let looks = 0; ; looks++) {
    // The first look is always a whole one; a later one asks nothing more after the deadline.
    await look(seen, describe, () => looks === 0 || left() > 0);
    const result = followed(seen, givenUp);
    if (hasEnded(result)) return result;
    report(result, seen, now());
    const delay = delayAfter(looks, random());
    const untilLast = left() - LAST_LOOK_LEAD_MS;
    if (untilLast <= 0) break;
    // Rather a little longer than two looks in a row at the end.
    await sleep(untilLast - delay < FIRST_DELAY_MS / 2 ? untilLast : delay);
  }
  if (!answered && failure !== undefined) throw failure;
  return { ...followed(seen, givenUp), timedOut: true };
}

/** How long the pause after a look is, in milliseconds; `random` (0 up to 1) puts it into the upper half. */
export function delayAfter(looksBefore: number, random: number): number {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * DELAY_FACTOR ** looksBefore) * (0.5 + random / 2);
}

/**
 * A progress line, such as "412 of 500 done, 82%, 1m 20s".
 *
 * @param percent the average over all rows, 0 to 100; cut to a whole number, so that 100% is all.
 * @param elapsedMs for how long the tasks have been followed, in milliseconds.
 */
export function describeProgress(
  { done, total, failed, unknown }: Followed,
  percent: number,
  elapsedMs: number,
): string {
  return [
    ...(total > 0 ? [`${number(done)} of ${number(total)} done`] : []),
    ...(failed.length > 0 ? [`${number(failed.length)} failed`] : []),
    ...(total > 0 ? [`${Math.floor(percent)}%`] : []),
    ...(unknown.length > 0 ? [`${counted(unknown.length, "task")} not visible yet`] : []),
    describeDuration(elapsedMs),
  ].join(", ");
}

/** What was seen, in a sentence: "500 of 500 done", "2 of 500 failed: https://vod.example.com/a (Origin Timeout), …". */
export function describeFollowed({ done, total, failed, unknown, timedOut }: Followed): string {
  const failures = failed.map(
    ({ path, description }) => shownPath(path) + (description === "" ? "" : ` (${description})`),
  );
  const open = total - done - failed.length;
  const parts: string[] = [];
  if (open > 0 || failed.length === 0) parts.push(`${number(done)} of ${number(total)} done`);
  if (open > 0) parts.push(`${number(open)} not ended${timedOut ? " when the time was up" : ""}`);
  if (failed.length > 0) parts.push(`${number(failed.length)} of ${number(total)} failed: ${firstOf(failures)}`);
  if (unknown.length === 0) return parts.join(", ");
  const unseen = `no row of ${unknown.length === 1 ? "task" : "tasks"} ${firstOf(unknown)} was seen`;
  return total === 0 ? unseen : `${parts.join(", ")}; ${unseen}`;
}

function nothingSeen(taskIds: readonly string[]): Seen {
  const ids = taskIds.flatMap((joined) => joined.split(",")).filter((id) => id !== "");
  return new Map(ids.map((id) => [id, new Map()]));
}

/** Asks for each task that hasn't ended, a few at a time, and takes in what is new. */
async function look(seen: Seen, describe: DescribeTask, mayAsk = () => true): Promise<void> {
  const queue = [...seen].filter(([, rows]) => !isOver(rows)).values();
  let broken = false;
  const ask = async () => {
    for (const [taskId, rows] of queue) {
      if (broken || !mayAsk()) return;
      try {
        takeIn(rows, await describe(taskId));
      } catch (error) {
        broken = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask));
}

/** A path that was seen stays, even if a later answer lacks it: its record may have expired, or pages have shifted. */
function takeIn(rows: Map<string, RefreshTask>, answer: readonly RefreshTask[]): void {
  const newest = new Map<string, RefreshTask>();
  takeNewest(newest, answer);
  for (const [path, row] of newest) {
    const before = rows.get(path);
    if (before === undefined || row.createdAt >= before.createdAt) rows.set(path, row);
  }
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
const hasEnded = ({ status }: { status: RefreshTask["status"] }) => status === "Complete" || status === "Failed";
const isOver = (rows: ReadonlyMap<string, RefreshTask>) => rows.size > 0 && [...rows.values()].every(hasEnded);

/** The newest row of each path. */
function newestRows(seen: Seen): RefreshTask[] {
  const newest = new Map<string, RefreshTask>();
  for (const rows of seen.values()) takeNewest(newest, rows.values());
  return [...newest.values()];
}

/** @param answered the overdue tasks that were asked for. */
function followed(seen: Seen, answered: ReadonlySet<string> = new Set()): Followed {
  const givenUp = [...seen]
    .filter(([taskId, found]) => answered.has(taskId) && !isOver(found))
    .map(([taskId]) => taskId);
  const rows = newestRows(seen).filter((row) => hasEnded(row) || !givenUp.includes(row.taskId));
  const of = (status: RefreshTask["status"]) => rows.filter((row) => row.status === status);
  const complete = of("Complete").map(({ objectPath }) => objectPath);
  const failed = of("Failed").map(({ objectPath, description }) => ({ path: objectPath, description }));
  const rowless = [...seen].filter(([, found]) => found.size === 0).map(([taskId]) => taskId);
  const unknown = rowless.filter((taskId) => !givenUp.includes(taskId));
  const ended = failed.length > 0 ? "Failed" : "Complete";
  const unstarted = of("Pending").length + unknown.length > 0 ? "Pending" : ended;
  const status = of("Refreshing").length > 0 ? "Refreshing" : unstarted;
  return {
    status,
    done: complete.length,
    total: rows.length,
    failed,
    complete: new Set(complete),
    unknown,
    givenUp,
    timedOut: false,
  };
}

/** Few and steady lines: none in the first seconds, then one when something changed, or after a while. */
function progressReporter(onProgress: ((line: string) => void) | undefined, start: number) {
  let last = { at: start, what: "" };
  return (result: Followed, seen: Seen, at: number) => {
    const percent = newestRows(seen).reduce((sum, row) => sum + row.percent, 0) / Math.max(1, result.total);
    const what = describeProgress(result, percent, 0);
    if (at - last.at < (what === last.what ? STEADY_PROGRESS_MS : PROGRESS_MS)) return;
    last = { at, what };
    onProgress?.(describeProgress(result, percent, at - start));
  };
}

/** "45s", "1m 20s", "2h 5m". */
function describeDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds}s`;
  return minutes < 60 ? `${minutes}m ${seconds % 60}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

function firstOf(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${number(names.length - NAMED)} more` : "";
  return names.slice(0, NAMED).join(", ") + more;
}
