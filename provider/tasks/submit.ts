/** Sends a plan, call after call. */
import { type Batch, type BatchPlan, NO_COST, settledPaths, sumCost } from "../plan/batches.js";
import type { Noun } from "../plan/describe.js";
import type { Plan } from "../plan/plan.js";
import type { Submission } from "../plan/state.js";
import { isPreload } from "../schema/call-types.js";
import type { PreloadParameters } from "../schema/inputs.js";
import type { Log } from "../text/log.js";
import { HIDDEN } from "../text/show.js";
import type { VodClient } from "../vod/client.js";
import { asVodError, VodError } from "../vod/errors.js";
import { domainOf } from "../vod/paths.js";
import type { RetryLimits, Sleep } from "../vod/retry.js";
import type { OutstandingTasks } from "./outstanding.js";
import { pollRetry, type WaitOptions } from "./waiter.js";

/** What sending and tracking need beside the plan. */
export interface SubmitContext {
  client: VodClient;
  /** How URLs are preloaded. */
  preload: PreloadParameters;
  /** The tasks of the state: none of them is that of a call of this update. Default: none. */
  olderTaskIds?: readonly string[] | undefined;
  log: Log;
  now(): Date;
  /** How long and how often each call is tried. */
  retry: RetryLimits;
  /** Whether the day has room for calls of paths that were sent before, above what is reserved. Default: always. */
  hasRoomFor?: ((batches: readonly Batch[]) => Promise<boolean>) | undefined;
  /** Waits for that many milliseconds. Default: a timer. */
  sleep?: Sleep;
  /** From 0 up to 1, for the jitter of pauses. Default: `Math.random`. */
  random?: () => number;
  /** Whether no line and no error may name a path. Default: false. */
  secretPaths?: boolean | undefined;
  /** When it aborts, nothing more is waited for or sent. Default: it never does. */
  signal?: AbortSignal | undefined;
}

/** What came of sending a plan, up to its end or the first failure. */
export interface SubmitResult extends Submission {
  /** The accepted calls, in order: each has one of `refreshTaskIds`. */
  batches: readonly Batch[];
  failure?: VodError;
  /** Why pending preloads failed that the origin refused: to try them again soon is no use. Default: there are none. */
  lastingFailures?: ReadonlyMap<string, string>;
}

/** The result of sending nothing. */
export function nothingSent(plan: Plan, now: Date, outstanding: OutstandingTasks): SubmitResult {
  const submittedAt = now.toISOString();
  const nothing = { accepted: [], refreshTaskIds: [], requestIds: [], batches: [], cost: NO_COST };
  return { ...nothing, pending: plan.paths, unconfirmed: outstanding.paths, submittedAt };
}

/** The result of sending nothing of what is due, and why. */
export function rejected(plan: Plan, now: Date, failure: VodError, outstanding: OutstandingTasks): SubmitResult {
  return { ...nothingSent(plan, now, outstanding), failure };
}

/** Sends the calls in order, up to the first failure. Never throws. */
export async function submit(
  context: SubmitContext,
  plan: Plan,
  { batches }: Pick<BatchPlan, "batches">,
): Promise<SubmitResult> {
  const { log, now } = context;
  const refreshTaskIds: string[] = [];
  const requestIds: string[] = [];
  const repeatedTaskIds: string[] = [];
  const accepted: Batch[] = [];
  const settled = new Set<string>();
  let failure: VodError | undefined;
  try {
    for (const batch of batches) {
      const answer = await sendBatch(context, batch).catch((error: unknown) => {
        if (!batch.domainRemoved || !isNoDomain(error)) throw error;
        const domain = context.secretPaths ? HIDDEN : domainOf(batch.paths[0] ?? "");
        log.warning(`nothing was sent for ${domain}: it is no longer a domain of this account`);
      });
      for (const path of settledPaths(batch)) settled.add(path);
      if (!answer) continue;
      if (answer.unproven) {
        log.warning(
          "the answer to a call was lost, and today's quota has no room to repeat it; the tasks that the service lists for " +
            "its paths are assumed to be those of the call",
        );
      }
      if (answer.repeated) {
        log.warning(
          "a call was sent twice because the outcome of the first is unknown; it may count twice against today's quota",
        );
        repeatedTaskIds.push(...answer.taskId.split(","));
      }
      refreshTaskIds.push(answer.taskId);
      if (answer.requestId) requestIds.push(answer.requestId);
      accepted.push(batch);
    }
  } catch (error) {
    failure = asVodError(error);
  }
  return {
    refreshTaskIds,
    requestIds,
    repeatedTaskIds,
    batches: accepted,
    accepted: collectPaths(accepted),
    cost: sumCost(accepted),
    pending: plan.paths.filter((path) => !settled.has(path)),
    unconfirmed: [],
    submittedAt: now().toISOString(),
    ...(failure ? { failure } : {}),
  };
}

/** Sends one call. */
async function sendBatch(
  { client, preload: { area, l2Preload, headers }, olderTaskIds, log, secretPaths, signal }: SubmitContext,
  { objectType, ...batch }: Batch,
) {
  const own = { onWait: log.progress, secretPaths, signal, olderTaskIds };
  if (!isPreload(objectType)) {
    const { refreshTaskId: taskId, ...answer } = await client.refreshObjectCaches({ objectType, ...batch }, own);
    return { taskId, ...answer };
  }
  const { preloadTaskId: taskId, ...answer } = await client.preloadObjectCaches(
    { paths: batch.paths, area, l2Preload, headers },
    own,
  );
  return { taskId, ...answer };
}

/**
 * The options of a wait for tasks, by the client that sends.
 *
 * @param onProgress shows a line of how far the tasks are.
 */
export function waitOptions(
  { client, retry, now, sleep, random, signal }: SubmitContext,
  timeoutMs: number,
  noun: Noun,
  onProgress: (line: string) => void,
): WaitOptions {
  return {
    timeoutMs,
    now: () => now().getTime(),
    describe: (taskId, leftMs) =>
      client.describeRefreshTasks({ taskId }, { retry: pollRetry(retry, leftMs), onWait: onProgress, signal }),
    noun,
    onProgress,
    signal,
    ...(sleep ? { sleep } : {}),
    ...(random ? { random } : {}),
  };
}

/** The paths of calls, in order. */
export function collectPaths(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ paths }) => paths);
}

function isNoDomain(error: unknown): boolean {
  return error instanceof VodError && ["InvalidDomain.NotFound", "InvalidDomain.Offline"].includes(error.code);
}
