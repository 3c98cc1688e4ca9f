/** Follows tasks to their end, and retries the paths of those that failed. */
import { addCosts, type Batch, settledPaths, splitIntoBatches } from "../plan/batches.js";
import { chooseNoun, describeOmission, type Noun } from "../plan/describe.js";
import { isLastingFailure } from "../plan/held-back.js";
import type { Plan } from "../plan/plan.js";
import type { Wait } from "../schema/call-inputs.js";
import {
  CALL_TYPES,
  type CallType,
  getOperation,
  getQuotaName,
  isPreload,
  OPERATION_WORDS,
  type Operation,
} from "../schema/call-types.js";
import type { Inputs } from "../schema/inputs.js";
import { untilCancelled } from "../vod/cancellation.js";
import { asVodError, VodError } from "../vod/errors.js";
import { countOf, formatNumber, pluralize } from "../vod/format.js";
import { listFailures, listPaths } from "../vod/paths.js";
import { realSleep } from "../vod/retry.js";
import { MERGE_WINDOW_MS, type OutstandingTasks } from "./outstanding.js";
import { collectPaths, type SubmitContext, type SubmitResult, submit, waitOptions } from "./submit.js";
import {
  describeFailed,
  describeSummary,
  describeUnanswered,
  type ExpectedTasks,
  type TaskSummary,
  type TaskWords,
  type WaitResult,
  waitForTasks,
} from "./waiter.js";

interface TrackOptions {
  wait: Wait;
  /** The tasks that the last update left open: they are followed as well. */
  outstanding: OutstandingTasks;
  /** The paths that the program names. */
  named: ReadonlyMap<string, string>;
  /** How those paths are sent. */
  inputs: Inputs;
}

/**
 * Follows the tasks of a submission, and those that the last update left open, to their end. A path is retried once if its task
 * failed, or is so old that nobody expects its end any more. A path that fails again is pending, and the submission has failed; so
 * is a preload that the origin refused, at once, since it would be refused again. A path whose end can't be seen stays
 * unconfirmed: the next update waits for it. Never throws.
 */
export async function trackTasks(
  context: SubmitContext,
  plan: Plan,
  submission: SubmitResult,
  options: TrackOptions,
): Promise<SubmitResult> {
  const lasting = new Map<string, string>();
  const result = await followTasks(context, plan, submission, { ...options, lasting });
  if (lasting.size === 0) return result;
  const { failure = refusedByOrigin(lasting, options.inputs, context.secretPaths), pending, unconfirmed } = result;
  return {
    ...result,
    failure,
    pending: union(pending, [...lasting.keys()]),
    unconfirmed: unconfirmed.filter((path) => !lasting.has(path)),
    lastingFailures: lasting,
  };
}

/** The error of preloads that the origin refused. */
function refusedByOrigin(lasting: ReadonlyMap<string, string>, inputs: Inputs, areSecret = false): VodError {
  const named = listFailures(
    Array.from(lasting, ([path, description]) => ({ path, description })),
    areSecret,
  );
  return new VodError(
    `${pluralize(lasting.size, "preload")} failed because the origin refused the ${lasting.size === 1 ? "URL" : "URLs"}: ${named}.`,
    `Publish what is missing at the origin, or ${describeOmission(inputs)}; until then, it is tried again once a day.`,
    { code: `${OPERATION_WORDS.preload.code}Failed` },
  );
}

/** @param options.lasting gets the preloads that the origin refused, and why. */
async function followTasks(
  context: SubmitContext,
  plan: Plan,
  submission: SubmitResult,
  { wait, outstanding, named, inputs, lasting }: TrackOptions & { lasting: Map<string, string> },
): Promise<SubmitResult> {
  const { secretPaths } = context;
  const words = chooseWords(submission, outstanding, inputs);
  const { operation } = words;
  const deadline = context.now().getTime() + wait.timeout * 1000;
  const sent = collectPaths(submission.batches);
  const expected = [expectOutstanding(outstanding), ...expectSubmitted(submission)];
  const first = await waitUntilDeadline(context, expected, words.noun, deadline);
  if (first instanceof VodError) return withUnknownStatus(submission, first, [...outstanding.paths, ...sent]);

  const note = ({ failed }: TaskSummary) => {
    if (!isPreload(inputs.objectType)) return;
    for (const { path, description } of failed) if (isLastingFailure(description)) lasting.set(path, description);
  };
  note(first);
  const current = new Set(sent);
  const failed = new Set(first.failed.map(({ path }) => path).filter((path) => !lasting.has(path)));
  const isAbandoned = (path: string) => !first.complete.has(path) && !lasting.has(path);
  const abandoned = first.givenUp.length > 0 ? outstanding.paths.filter(isAbandoned) : [];
  const earlier = union([...failed], abandoned).filter((path) => !current.has(path));
  const again = [
    ...pickPaths(submission.batches, (path) => failed.has(path)),
    ...planRetries(earlier, inputs, named, outstanding.removed),
  ];
  const isOpen = (path: string) => !failed.has(path) && !lasting.has(path);
  const rest = unfinishedPaths(first, [...outstanding.paths, ...sent]).filter(isOpen);
  const isEnded = submission.failure !== undefined || first.timedOut || first.cancelled;
  const mayRetry = wait.retryFailed !== false || failed.size === 0;
  const lacksRoom = again.length > 0 && !isEnded && mayRetry && (await context.hasRoomFor?.(again)) === false;
  if (lacksRoom) context.log.warning(describeNoRoom(again.flatMap(settledPaths)));
  const isStopped = isEnded || lacksRoom;
  if (again.length === 0 || (isStopped && failed.size === 0)) {
    return withFinalStatus(words, submission, first, union(rest, abandoned), wait, context);
  }
  // A plan can name a path that was removed only as a URL: a directory stays unconfirmed instead, and is sent again as such.
  const isPlannable = (path: string) => named.has(path) || !/[/*]$/.test(path);
  const failWith = (last: SubmitResult, seen: WaitResult, paths: readonly string[], open: readonly string[]) => {
    const isRetry = seen !== first;
    const [plannable, others] = [paths.filter(isPlannable), paths.filter((path) => !isPlannable(path))];
    const summary = describeSummary(seen, { ...words, isRetry }, secretPaths);
    return withFailedPaths(operation, last, summary, plannable, union(open, others));
  };
  const isFinal = wait.retryFailed === false && failed.size > 0;
  if (isStopped || isFinal) return failWith(submission, first, again.flatMap(settledPaths), rest);

  if (failed.size > 0) {
    const retried = first.failed.filter(({ path }) => failed.has(path));
    const what = describeFailed(retried, first.total, words, secretPaths);
    context.log.warning(`${what}; retrying ${retried.length === 1 ? "it" : "them"} once`);
  }
  if (abandoned.length > 0) context.log.warning(describeAbandoned(abandoned, secretPaths));
  await waitForMergeWindow(context, context.now().getTime() + MERGE_WINDOW_MS);
  const repeated = await submit(context, { ...plan, paths: again.flatMap(settledPaths) }, { batches: again });
  const both: SubmitResult = {
    ...submission,
    refreshTaskIds: [...submission.refreshTaskIds, ...repeated.refreshTaskIds],
    requestIds: [...submission.requestIds, ...repeated.requestIds],
    repeatedTaskIds: [...(submission.repeatedTaskIds ?? []), ...(repeated.repeatedTaskIds ?? [])],
    cost: addCosts(submission.cost, repeated.cost),
    ...(repeated.batches.length > 0 ? { submittedAt: repeated.submittedAt } : {}),
    pending: union(submission.pending, repeated.pending.filter(isPlannable)),
    ...(repeated.failure ? { failure: repeated.failure } : {}),
  };
  const refused = repeated.pending.filter((path) => !isPlannable(path));
  // Nothing was accepted, so that the first wait saw all that there is to see.
  if (repeated.batches.length === 0) return { ...both, status: first.status, unconfirmed: refused };
  const accepted = collectPaths(repeated.batches);
  const second = await waitUntilDeadline(context, expectSubmitted(repeated), words.noun, deadline);
  if (second instanceof VodError) return withUnknownStatus(both, second, [...accepted, ...refused]);
  note(second);
  const failedAgain = new Set(second.failed.map(({ path }) => path));
  const restAgain = [...unfinishedPaths(second, accepted).filter((path) => !failedAgain.has(path)), ...refused];
  if (failedAgain.size > 0) {
    const batches = pickPaths(again, (path) => failedAgain.has(path));
    return failWith(both, second, batches.flatMap(settledPaths), restAgain);
  }
  // The paths that were refused have the status that the first wait saw.
  const isWhole = refused.length === 0 || second.status !== "Complete";
  const seen = isWhole ? second : { ...second, status: first.status };
  return withFinalStatus(words, both, seen, restAgain, wait, context);
}

/**
 * Waits until the service no longer merges a call with tasks that failed; no longer than it ever merges, so that a clock that
 * was set back doesn't matter.
 */
export async function waitForMergeWindow(
  { now, sleep = realSleep, signal }: SubmitContext,
  mergesUntil: number | undefined,
): Promise<void> {
  const left = Math.min(MERGE_WINDOW_MS, (mergesUntil ?? 0) - now().getTime());
  // If the pause is cancelled, so is what follows: nothing is sent.
  if (left > 0) await untilCancelled(signal, () => sleep(left, signal)).catch(() => {});
}

/** Expects the tasks of the last update. If it is known which paths are unconfirmed, their other paths are settled. */
function expectOutstanding({ taskIds, paths, isOverdue, longAgo, nameOf }: OutstandingTasks): ExpectedTasks {
  return { taskIds, paths, isOverdue, longAgo, nameOf: paths.length > 0 ? undefined : nameOf };
}

/** Expects the tasks of each call: as long as one of its paths has no row, nothing is known of that path. */
function expectSubmitted({ batches, refreshTaskIds }: SubmitResult): ExpectedTasks[] {
  return batches.map(({ paths }, index) => ({ taskIds: refreshTaskIds.slice(index, index + 1), paths }));
}

/** Adds the paths that failed for good, which are pending from then on. */
function withFailedPaths(
  operation: Operation,
  submission: SubmitResult,
  summary: string,
  paths: readonly string[],
  unconfirmed: readonly string[],
): SubmitResult {
  const failure = new VodError(
    `${summary}.`,
    "Check that the domain's origin answers for these paths, then run `pulumi up` again.",
    { code: `${OPERATION_WORDS[operation].code}Failed` },
  );
  return { failure, ...submission, pending: union(submission.pending, paths), unconfirmed };
}

/** Adds why the end of the tasks wasn't seen. */
function withUnknownStatus(submission: SubmitResult, failure: VodError, unconfirmed: readonly string[]): SubmitResult {
  return { failure, ...submission, unconfirmed: union(unconfirmed, []) };
}

/** The paths whose end wasn't seen. */
function unfinishedPaths({ timedOut, cancelled, complete }: WaitResult, paths: readonly string[]): string[] {
  return timedOut || cancelled ? union(paths, []).filter((path) => !complete.has(path)) : [];
}

/**
 * Plans calls for paths of an earlier update. Each is sent as it was; if neither the program nor the state says how, as it must
 * have been.
 */
function planRetries(
  paths: readonly string[],
  inputs: Inputs,
  named: ReadonlyMap<string, string>,
  removed: OutstandingTasks["removed"] = new Map(),
): Batch[] {
  const findType = (path: string): CallType => {
    const known = removed.get(path);
    if (known !== undefined) return known.objectType;
    if (named.has(path) || isPreload(inputs.objectType)) return inputs.objectType;
    if (path.endsWith("/")) return "Directory";
    if (path.endsWith("*")) return "Regex";
    if (getQuotaName(inputs.objectType) === "urls") return inputs.objectType;
    return path.includes("?") ? "File" : "IgnoreParams";
  };
  return CALL_TYPES.flatMap((type) => {
    const own = paths.filter((path) => findType(path) === type);
    return splitIntoBatches(own, type, inputs.force || own.some((path) => removed.get(path)?.force), () => true);
  });
}

function describeNoRoom({ length }: readonly string[]): string {
  return `${pluralize(length, "path")} not retried: today's quota has no room for ${length === 1 ? "it" : "them"} above the reserve`;
}

function describeAbandoned(paths: readonly string[], areSecret = false): string {
  const count = pluralize(paths.length, "path");
  const them = paths.length === 1 ? "it" : "them";
  return `${count} of the last update did not complete within an hour: ${listPaths(paths, areSecret)}; retrying ${them} once`;
}

/** How what is waited for is called. How the paths of an earlier update were sent isn't known here. */
function chooseWords({ batches }: SubmitResult, { paths }: OutstandingTasks, { objectType }: Inputs): TaskWords {
  const types = batches.length === 0 ? [objectType] : batches.map((batch) => batch.objectType);
  return { operation: getOperation(objectType), noun: chooseNoun(paths.length > 0 ? [] : types) };
}

function union(paths: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...paths, ...more])];
}

/** The calls with the wanted ones of their paths. */
function pickPaths(batches: readonly Batch[], isWanted: (path: string) => boolean): Batch[] {
  return batches
    .map((batch) => ({ ...batch, paths: batch.paths.filter(isWanted) }))
    .filter(({ paths }) => paths.length > 0);
}

/** Waits for tasks, and returns why if they can't be asked for. */
async function waitUntilDeadline(
  context: SubmitContext,
  expected: readonly ExpectedTasks[],
  noun: Noun,
  deadline: number,
): Promise<WaitResult | VodError> {
  const timeoutMs = Math.max(0, deadline - context.now().getTime());
  return waitForTasks(expected, waitOptions(context, timeoutMs, noun, context.log.progress)).catch(asVodError);
}

/** Adds what was last seen of the tasks. */
function withFinalStatus(
  words: TaskWords,
  submission: SubmitResult,
  seen: WaitResult,
  unconfirmed: readonly string[],
  { timeout, onTimeout }: Wait,
  { log, secretPaths }: SubmitContext,
): SubmitResult {
  const { status, statusOfRows, timedOut, cancelled, unanswered, done, total } = seen;
  const { operation, noun } = words;
  const summary = describeSummary(seen, words, secretPaths);
  if (cancelled) {
    const failed = withUnknownStatus(submission, cancelledWait(operation, summary), unconfirmed);
    return statusOfRows === undefined ? failed : { ...failed, status };
  }
  if (!timedOut) {
    const isComplete = status === "Complete" && done === total;
    const counted = total === 0 ? "" : `: ${countOf(done, total, noun)}`;
    log.info(isComplete ? `${operation} complete${counted}` : `${operation} not complete: ${summary}`);
    return { ...submission, status, unconfirmed: submission.failure ? unconfirmed : [] };
  }
  const within = `within ${formatNumber(timeout)} s`;
  const happened = unanswered
    ? `The status of the ${operation} could not be read ${within}: ${describeUnanswered(unanswered)}.`
    : `The ${operation} did not complete ${within}: ${summary}.`;
  // Without an answer, no status was seen.
  const known = unanswered ? {} : { status };
  if (onTimeout === "warn") {
    log.warning(happened);
    return { ...submission, ...known, unconfirmed: union(unconfirmed, []) };
  }
  const failure = new VodError(
    happened,
    "Run `pulumi up` again to keep waiting, or set a longer `wait.timeout`; accepted calls are not sent again.",
    { code: `${OPERATION_WORDS[operation].code}Timeout`, requestId: unanswered?.requestId },
  );
  return { ...withUnknownStatus(submission, failure, unconfirmed), ...known };
}

function cancelledWait(operation: Operation, summary: string): VodError {
  return new VodError(
    `The wait for the ${operation} was cancelled: ${summary}.`,
    "Run `pulumi up` again to keep waiting; accepted calls are not sent again.",
    { code: "Cancelled" },
  );
}
