/**
 * Waits for tasks to end: it polls, with pauses in between. Who is asked, the clock and the dice are passed in. It returns what was
 * last seen, never what is hoped.
 */
import type { Noun } from "../plan/describe.js";
import { OPERATION_WORDS, type Operation } from "../schema/call-types.js";
import { describeLeft, estimateLeft, keepPace } from "../text/progress.js";
import { untilCancelled } from "../vod/cancellation.js";
import { VodError } from "../vod/errors.js";
import { countOf, formatNumber, listFirst, pluralize } from "../vod/format.js";
import { listFailures, listPaths } from "../vod/paths.js";
import { LOOK_RETRY, type RetryLimits, realSleep, type Sleep } from "../vod/retry.js";
import type { RefreshTask } from "../vod/tasks.js";
import { type ExpectedTasks, type TaskSummary, TaskTracker } from "./task-status.js";

export type { ExpectedTasks, TaskSummary } from "./task-status.js";

/** How long the pause after the first poll is, in milliseconds, before jitter. */
export const FIRST_DELAY_MS = 2_000;
/** How much longer each pause is than the one before it. */
const DELAY_FACTOR = 1.5;
/** The longest pause, in milliseconds, before jitter; longer with many tasks, each of which is a call. */
const MAX_DELAY_MS = 15_000;
const MAX_DELAY_PER_TASK_MS = 1_500;
/** How long before the deadline the last poll is, in milliseconds, so that its answer is there in time. */
export const LAST_POLL_LEAD_MS = 1_000;
/** How many tasks are asked for at a time. */
export const CONCURRENCY = 4;

/**
 * Asks for all rows of one task; none if the service doesn't know the task (yet, or any more).
 *
 * @param leftMs the time there is to ask again after a failure that can pass, in milliseconds.
 */
type DescribeTask = (taskId: string, leftMs: number) => Promise<RefreshTask[]>;

export interface WaitOptions {
  /** How long to wait, in milliseconds; 0 is exactly one poll. */
  timeoutMs: number;
  describe: DescribeTask;
  /** How the paths are called in a line of progress. */
  noun: Noun;
  /** Gets a line such as "412 of 500 URLs complete, 82% overall, about 20 s left" at a steady pace, while the tasks haven't ended. Default: none. */
  onProgress?: (line: string) => void;
  /** The current time in milliseconds since any start. Default: a monotonic clock. */
  now?: () => number;
  /** Waits for that many milliseconds. Default: a timer. */
  sleep?: Sleep;
  /** From 0 up to 1, for the jitter. Default: `Math.random`. */
  random?: () => number;
  /** When it aborts, the wait ends at once, with what was last seen. Default: it never does. */
  signal?: AbortSignal | undefined;
}

/** What was last seen, and why the wait ended. */
export interface WaitResult extends TaskSummary {
  /** Whether the deadline came before the end. */
  timedOut: boolean;
  /** Whether the signal aborted before the end and the deadline. */
  cancelled?: boolean;
  /** Why nothing was answered before the deadline; undefined if something was. */
  unanswered?: VodError;
}

/** How long and how often one question of a poll is tried, within the caller's limits and the time that is left. */
export function pollRetry(patience: RetryLimits, leftMs: number): RetryLimits {
  return {
    timeoutMs: Math.min(LOOK_RETRY.timeoutMs, patience.timeoutMs, leftMs),
    maxAttempts: Math.min(LOOK_RETRY.maxAttempts, patience.maxAttempts),
  };
}

/**
 * Polls all tasks once.
 *
 * @throws whatever `describe` throws.
 */
export async function pollOnce(expected: readonly ExpectedTasks[], describe: DescribeTask): Promise<TaskSummary> {
  const seen = new TaskTracker(expected);
  await poll(seen, (taskId) => describe(taskId, LOOK_RETRY.timeoutMs));
  return seen.summary();
}

/**
 * Polls tasks with growing, jittered pauses until all have ended or the deadline comes; the last poll is just before it. Tasks that
 * have ended are not asked for again, unless a path has no row yet. After a failure that can pass, the next poll asks again.
 *
 * @param expected the oldest first.
 * @throws VodError at once for a failure that can't pass.
 */
export async function waitForTasks(expected: readonly ExpectedTasks[], options: WaitOptions): Promise<WaitResult> {
  const { timeoutMs, now = () => performance.now(), sleep = realSleep, random = Math.random, signal } = options;
  const seen = new TaskTracker(expected);
  const start = now();
  const left = () => start + timeoutMs - now();
  const report = progressReporter(options, start);
  const overdue = new Set<string>();
  let answered = false;
  let failure: VodError | undefined;
  const describe = async (taskId: string) => {
    try {
      const rows = await options.describe(taskId, Math.max(0, left()));
      answered = true;
      if (seen.isOverdue(taskId)) overdue.add(taskId);
      return rows;
    } catch (error) {
      if (signal?.aborted) return [];
      if (!(error instanceof VodError && error.retryable)) throw error;
      failure = error;
      return [];
    }
  };

  for (let polls = 0; ; polls++) {
    // The first poll is always a whole one; a later poll asks nothing more after the deadline.
    await poll(seen, describe, () => !signal?.aborted && (polls === 0 || left() > 0));
    const result = seen.summary(overdue);
    const open = seen.unfinished();
    if (open.every((taskId) => overdue.has(taskId))) return { ...result, timedOut: false };
    if (signal?.aborted) return { ...result, timedOut: false, cancelled: true };
    report(result, seen.percent(result.total), now());
    const delay = delayAfter(polls, random(), open.length);
    const untilLast = left() - LAST_POLL_LEAD_MS;
    if (untilLast <= 0) break;
    // One pause that is a little longer is better than two polls in a row at the end.
    const ms = untilLast - delay < FIRST_DELAY_MS / 2 ? untilLast : delay;
    // The next turn of the loop tells that it was cancelled.
    await untilCancelled(signal, () => sleep(ms, signal)).catch(() => {});
  }
  const unanswered = answered ? undefined : failure;
  return { ...seen.summary(overdue), timedOut: true, ...(unanswered ? { unanswered } : {}) };
}

/**
 * How long the pause after a poll is, in milliseconds; `random` (0 up to 1) puts it into the upper half.
 *
 * @param tasks how many tasks the next poll asks for.
 */
export function delayAfter(pollsBefore: number, random: number, tasks = 1): number {
  const most = Math.max(MAX_DELAY_MS, tasks * MAX_DELAY_PER_TASK_MS);
  return Math.min(most, FIRST_DELAY_MS * DELAY_FACTOR ** pollsBefore) * (0.5 + random / 2);
}

/**
 * A progress line, such as "412 of 500 URLs complete, 82% overall, about 20 s left".
 *
 * @param noun how the paths are called.
 * @param percent the average of all rows, from 0 to 100; rounded down, so that 100% means all.
 * @param leftMs how much longer it takes, in milliseconds; undefined if nobody knows.
 */
export function describeProgress(
  { done, total, failed, unknown, missing }: TaskSummary,
  noun: Noun,
  percent: number,
  leftMs: number | undefined,
): string {
  const unseen = unknown.length > 0 ? pluralize(unknown.length, "task") : pluralize(missing.length, ...noun);
  const left = describeLeft(leftMs);
  return [
    ...(total > 0 ? [`${countOf(done, total, noun)} complete`] : []),
    ...(failed.length > 0 ? [`${formatNumber(failed.length)} failed`] : []),
    ...(total > 0 ? [`${Math.floor(percent)}% overall`] : []),
    ...(unknown.length + missing.length > 0 ? [`${unseen} not visible yet`] : []),
    ...(total > 0 && left !== undefined ? [left] : []),
  ].join(", ");
}

/** How tasks are spoken of. */
export interface TaskWords {
  operation: Operation;
  /** How their paths are called. */
  noun: Noun;
  /** Whether they are those of a retry. Default: false. */
  isRetry?: boolean;
}

/**
 * Describes what was seen: "412 of 500 URLs complete, 88 still running at the timeout", or "2 of 500 refreshes failed:
 * https://vod.example.com/a (Origin Timeout), …; 498 complete".
 *
 * @param areSecret whether no path may be named.
 */
export function describeSummary(
  { done, total, failed, unknown, missing, timedOut = false }: TaskSummary & Partial<WaitResult>,
  words: TaskWords,
  areSecret = false,
): string {
  const hasFailed = failed.length > 0;
  const running = total - done - failed.length - missing.length;
  const unseen = unknown.length > 0 ? unknown : missing;
  const named =
    unknown.length > 0 ? `task${unknown.length === 1 ? "" : "s"} ${listFirst(unknown)}` : listPaths(missing, areSecret);
  const complete = hasFailed ? formatNumber(done) : countOf(done, total, words.noun);
  const others = [
    ...(done > 0 || (!hasFailed && (total > 0 || unseen.length === 0)) ? [`${complete} complete`] : []),
    ...(running > 0 ? [`${formatNumber(running)} still running${timedOut ? " at the timeout" : ""}`] : []),
  ];
  const parts = [
    ...(hasFailed ? [describeFailed(failed, total, words, areSecret)] : []),
    ...(others.length > 0 ? [others.join(", ")] : []),
    ...(unseen.length > 0 ? [`${named} ${unseen.length === 1 ? "is" : "are"} not visible yet`] : []),
  ];
  return parts.join("; ");
}

/** Describes tasks that failed: "1 of 2 refreshes failed: https://vod.example.com/a (Origin Timeout)". */
export function describeFailed(
  failed: TaskSummary["failed"],
  total: number,
  { operation, isRetry = false }: TaskWords,
  areSecret = false,
): string {
  const noun = [operation, OPERATION_WORDS[operation].plural] as const;
  const what = isRetry
    ? `${pluralize(failed.length, ...noun)} failed after a retry`
    : `${countOf(failed.length, total, noun)} failed`;
  return `${what}: ${listFailures(failed, areSecret)}`;
}

/** Describes why nothing was seen of tasks, as the end of a sentence about their status. */
export function describeUnanswered({ happened, code }: VodError): string {
  return `${happened.replace(/^The /, "the ").replace(/\.$/, "")} (code ${code})`;
}

/** Asks for each task that hasn't ended, a few at a time, and updates the tracker. */
async function poll(
  seen: TaskTracker,
  describe: (taskId: string) => Promise<RefreshTask[]>,
  mayAsk = () => true,
): Promise<void> {
  const queue = seen.unfinished().values();
  let broken = false;
  const ask = async () => {
    for (const taskId of queue) {
      if (broken || !mayAsk()) return;
      try {
        seen.update(taskId, await describe(taskId));
      } catch (error) {
        broken = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask));
}

/** Shows lines at a steady pace; none in the first seconds, in which most tasks of a test or of a small refresh end. */
function progressReporter({ onProgress, noun }: Pick<WaitOptions, "onProgress" | "noun">, start: number) {
  const isDue = keepPace(start);
  let first: number | undefined;
  return (result: TaskSummary, percent: number, at: number) => {
    // A wait may begin with tasks that are half done already.
    first ??= percent;
    if (isDue(at)) {
      onProgress?.(describeProgress(result, noun, percent, estimateLeft(percent - first, 100 - percent, at - start)));
    }
  };
}
