/** Follows what was sent to its end, and sends once more what failed. */
import { addCosts, type Batch, quotaFor, settledPaths, splitIntoBatches } from "../plan/batches.js";
import { listPaths as firstFew, operationOf } from "../plan/describe.js";
import type { Plan } from "../plan/plan.js";
import type { CallType, Inputs, Wait } from "../schema/inputs.js";
import { untilCancelled } from "../vod/cancellation.js";
import { asVodError, VodError } from "../vod/errors.js";
import { OBJECT_TYPES } from "../vod/limits.js";
import { realSleep } from "../vod/retry.js";
import type { OutstandingTasks } from "./outstanding.js";
import { pathsOf, type SubmitContext, type SubmitResult, submit, waitOptions } from "./submit.js";
import {
  describeSummary,
  describeUnanswered,
  type ExpectedTasks,
  type TaskSummary,
  type WaitResult,
  waitForTasks,
} from "./waiter.js";

type Operation = ReturnType<typeof operationOf>;

/** For how long the service merges tasks of one domain, in milliseconds, and a little more. Source: seed. */
const MERGE_WINDOW_MS = 1_500;

/** What is followed beside the tasks of a run. */
export interface TrackOptions {
  wait: Wait;
  outstanding: OutstandingTasks;
  /** The paths that the program names. */
  named: ReadonlyMap<string, string>;
  /** As what these are sent. */
  inputs: Inputs;
}

/**
 * Follows the tasks of a run, and those that were left open, to their end. Paths whose task failed are sent once more, and so
 * are those whose end isn't to be expected any more; what fails again is pending, and the run has failed. What can't be
 * seen to its end stays unconfirmed: the next update waits for it. Never throws.
 */
export async function trackTasks(
  context: SubmitContext,
  plan: Plan,
  run: SubmitResult,
  following: TrackOptions,
): Promise<SubmitResult> {
  const { wait, outstanding, named, inputs } = following;
  const deed = operationOf(inputs.objectType);
  const deadline = context.now().getTime() + wait.timeout * 1000;
  const sent = pathsOf(run.batches);
  const first = await waitUntilDeadline(context, [expectOutstanding(outstanding), ...expectSubmitted(run)], deadline);
  if (first instanceof VodError) return withUnknownStatus(run, first, [...outstanding.paths, ...sent]);

  const ours = new Set(sent);
  const failed = new Set(first.failed.map(({ path }) => path));
  const own = withPaths(run.batches, (path) => failed.has(path));
  const abandoned = first.givenUp.length > 0 ? outstanding.paths.filter((path) => !first.complete.has(path)) : [];
  const theirs = union([...failed], abandoned).filter((path) => !ours.has(path));
  const again = [...own, ...batchesToRetry(theirs, inputs, named, outstanding.removed)];
  const rest = unfinishedPaths(first, [...outstanding.paths, ...sent]).filter((path) => !failed.has(path));
  const isStopped = run.failure !== undefined || first.timedOut || first.cancelled;
  if (again.length === 0 || (isStopped && failed.size === 0)) {
    return withFinalStatus(deed, run, first, union(rest, abandoned), wait, context);
  }
  // A plan can't name what isn't named any more but as a URL: a directory is sent again as long as it isn't confirmed.
  const isPlannable = (path: string) => named.has(path) || !/[/*]$/.test(path);
  const losing = (last: SubmitResult, followed: WaitResult, paths: readonly string[], open: readonly string[]) => {
    const [plannable, others] = [paths.filter(isPlannable), paths.filter((path) => !isPlannable(path))];
    return withFailedPaths(deed, last, followed, plannable, union(open, others));
  };
  const isFinal = wait.retryFailed === false && failed.size > 0;
  if (isStopped || isFinal) return losing(run, first, settledByAll(again), rest);

  if (failed.size > 0) context.log(`warning: ${describeSummary(first)}; these are sent once more`);
  if (abandoned.length > 0) context.log(`warning: ${describeAbandoned(abandoned)}; sent once more`);
  // Within one second, the service would merge these tasks with those that failed.
  const { sleep = realSleep, signal } = context;
  // Where that is cancelled, nothing is sent, and that is what the result tells.
  await untilCancelled(signal, () => sleep(MERGE_WINDOW_MS, signal)).catch(() => {});
  const repeated = await submit(context, { ...plan, paths: settledByAll(again) }, { batches: again });
  const both: SubmitResult = {
    ...run,
    refreshTaskIds: [...run.refreshTaskIds, ...repeated.refreshTaskIds],
    requestIds: [...run.requestIds, ...repeated.requestIds],
    repeatedTaskIds: [...(run.repeatedTaskIds ?? []), ...(repeated.repeatedTaskIds ?? [])],
    cost: addCosts(run.cost, repeated.cost),
    pending: union(run.pending, repeated.pending.filter(isPlannable)),
    ...(repeated.failure ? { failure: repeated.failure } : {}),
  };
  const refused = repeated.pending.filter((path) => !isPlannable(path));
  // Nothing new was accepted, so that what was seen before is all that there is to see.
  if (repeated.batches.length === 0) return { ...both, status: first.status, unconfirmed: refused };
  const accepted = pathsOf(repeated.batches);
  const second = await waitUntilDeadline(context, expectSubmitted(repeated), deadline);
  if (second instanceof VodError) return withUnknownStatus(both, second, [...accepted, ...refused]);
  const failedAgain = new Set(second.failed.map(({ path }) => path));
  const restAgain = [...unfinishedPaths(second, accepted).filter((path) => !failedAgain.has(path)), ...refused];
  if (failedAgain.size > 0) {
    const batches = withPaths(again, (path) => failedAgain.has(path));
    return losing(both, second, settledByAll(batches), restAgain);
  }
  // What was refused stands as it was first seen.
  const isTold = refused.length === 0 || second.status !== "Complete";
  return withFinalStatus(deed, both, isTold ? second : { ...second, status: first.status }, restAgain, wait, context);
}

/** The tasks of an earlier run. Where it is known whose end has to be seen, what else they were for is settled. */
function expectOutstanding({ taskIds, paths, isOverdue, nameOf }: OutstandingTasks): ExpectedTasks {
  return { taskIds, paths, isOverdue, nameOf: paths.length > 0 ? undefined : nameOf };
}

/** The tasks of each call of a run: each must have a row of each of its paths, or nothing is known of that one. */
function expectSubmitted({ batches, refreshTaskIds }: SubmitResult): ExpectedTasks[] {
  return batches.map(({ paths }, index) => ({ taskIds: refreshTaskIds.slice(index, index + 1), paths }));
}

/** The run with what failed for good as pending. */
function withFailedPaths(
  deed: Operation,
  run: SubmitResult,
  seen: TaskSummary,
  paths: readonly string[],
  unconfirmed: readonly string[],
): SubmitResult {
  const failure = new VodError(
    `The service accepted the ${deed} and then failed it: ${describeSummary(seen)}.`,
    "Check that the origin of the domain answers for these paths, then run `pulumi up` again.",
    { code: deed === "preload" ? "PreloadFailed" : "RefreshFailed" },
  );
  return { failure, ...run, pending: union(run.pending, paths), unconfirmed };
}

/** The run whose tasks can't be asked for. */
function withUnknownStatus(run: SubmitResult, failure: VodError, unconfirmed: readonly string[]): SubmitResult {
  return { failure, ...run, unconfirmed: union(unconfirmed, []) };
}

/** Of paths, those that haven't been seen at their end. */
function unfinishedPaths({ timedOut, cancelled, complete }: WaitResult, paths: readonly string[]): string[] {
  return timedOut || cancelled ? union(paths, []).filter((path) => !complete.has(path)) : [];
}

/** Paths of an earlier run as calls: each as what it was, or must have been where neither the program nor the state says it. */
function batchesToRetry(
  paths: readonly string[],
  inputs: Inputs,
  named: ReadonlyMap<string, string>,
  removed: OutstandingTasks["removed"] = new Map(),
): Batch[] {
  const asUrl = quotaFor(inputs.objectType) === "directories" ? undefined : inputs.objectType;
  const typeOf = (path: string): CallType => {
    const known = removed.get(path);
    if (known !== undefined) return known.objectType;
    if (named.has(path)) return inputs.objectType;
    if (asUrl !== "Preload" && path.endsWith("/")) return "Directory";
    if (asUrl !== "Preload" && path.endsWith("*")) return "Regex";
    return asUrl ?? (path.includes("?") ? "File" : "IgnoreParams");
  };
  return [...OBJECT_TYPES, "Preload" as const].flatMap((type) => {
    const own = paths.filter((path) => typeOf(path) === type);
    return splitIntoBatches(own, type, inputs.force || own.some((path) => removed.get(path)?.force), () => true);
  });
}

function describeAbandoned(paths: readonly string[]): string {
  return `the tasks of the last update haven't been seen to end within an hour: ${firstFew(paths)}`;
}

function union(paths: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...paths, ...more])];
}

/** The calls with some of their paths. */
function withPaths(batches: readonly Batch[], isWanted: (path: string) => boolean): Batch[] {
  return batches
    .map((batch) => ({ ...batch, paths: batch.paths.filter(isWanted) }))
    .filter(({ paths }) => paths.length > 0);
}

function settledByAll(batches: readonly Batch[]): string[] {
  return batches.flatMap(settledPaths);
}

/** Waits for tasks; a failure to ask for them, as an error. */
async function waitUntilDeadline(
  context: SubmitContext,
  awaited: readonly ExpectedTasks[],
  deadline: number,
): Promise<WaitResult | VodError> {
  const timeoutMs = Math.max(0, deadline - context.now().getTime());
  return waitForTasks(awaited, waitOptions(context, timeoutMs, context.log)).catch(asVodError);
}

/** The run with what was last seen of its tasks. */
function withFinalStatus(
  deed: Operation,
  run: SubmitResult,
  followed: WaitResult,
  unconfirmed: readonly string[],
  { timeout, onTimeout }: Wait,
  { log }: SubmitContext,
): SubmitResult {
  const { status, timedOut, cancelled, unanswered } = followed;
  if (cancelled) {
    const seen = followed.statusOfRows === undefined ? {} : { status };
    return { ...withUnknownStatus(run, cancelledWait(deed, followed), unconfirmed), ...seen };
  }
  if (!timedOut) {
    log(describeSummary(followed));
    return { ...run, status, unconfirmed: run.failure ? unconfirmed : [] };
  }
  const happened = unanswered
    ? `The ${deed} ${describeUnanswered(unanswered, timeout)}.`
    : `The ${deed} hasn't ended within ${timeout} s: ${describeSummary(followed)}.`;
  // Nothing was seen that could be told where nothing was answered.
  const seen = unanswered ? {} : { status };
  if (onTimeout === "warn") {
    log(`warning: ${happened}`);
    return { ...run, ...seen, unconfirmed: union(unconfirmed, []) };
  }
  const failure = new VodError(
    happened,
    "Run `pulumi up` again to wait on, or set a longer `wait.timeout`; what was accepted isn't sent again.",
    { code: deed === "preload" ? "PreloadTimeout" : "RefreshTimeout", requestId: unanswered?.requestId },
  );
  return { ...withUnknownStatus(run, failure, unconfirmed), ...seen };
}

function cancelledWait(deed: Operation, seen: WaitResult): VodError {
  return new VodError(
    `The wait for the ${deed} was cancelled: ${describeSummary(seen)}.`,
    "Run `pulumi up` again to wait on; what was accepted isn't sent again.",
    { code: "Cancelled" },
  );
}
