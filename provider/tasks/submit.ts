/** Carries a plan out, call after call. */
import { type Allotment, type Batch, costOfBatches, NO_COST, settledBy } from "../plan/batches.js";
import type { Plan } from "../plan/plan.js";
import type { Submission } from "../plan/state.js";
import type { PreloadOptions } from "../schema/inputs.js";
import type { VodClient } from "../vod/client.js";
import { VodError } from "../vod/errors.js";
import { domainOf } from "../vod/paths.js";
import type { RetryLimits } from "../vod/retry.js";
import type { Open } from "./outstanding.js";
import { lookRetry, type WaitOptions } from "./waiter.js";

/** What a run needs of its surroundings. */
export interface RunContext {
  client: VodClient;
  /** How what is preloaded is. */
  preload: PreloadOptions;
  /** Shows a line to the user. */
  tell(line: string): void;
  now(): Date;
  /** How long and how often the client tries each call. */
  retry: RetryLimits;
  /** Waits for that many milliseconds. Default: a timer. */
  sleep?: (ms: number) => Promise<void>;
  /** From 0 up to 1, for the jitter of pauses. Default: `Math.random`. */
  random?: () => number;
}

/** A run of a plan, up to its end or the first failure. */
export interface Run extends Submission {
  /** The calls that were accepted, in order: each has one of `refreshTaskIds`. */
  batches: readonly Batch[];
  failure?: VodError;
}

/** The run that sends nothing. */
export function nothingSent(plan: Plan, now: Date, failure: VodError, open: Open): Run {
  const submittedAt = now.toISOString();
  const nothing = { accepted: [], refreshTaskIds: [], requestIds: [], batches: [], cost: NO_COST };
  return { ...nothing, pending: plan.paths, unconfirmed: open.paths, submittedAt, failure };
}

/** Sends what is allotted, in order, up to the first failure. Never throws. */
export async function submit(
  { client, preload, tell, now }: RunContext,
  plan: Plan,
  { batches }: Pick<Allotment, "batches">,
): Promise<Run> {
  const refreshTaskIds: string[] = [];
  const requestIds: string[] = [];
  const repeatedTaskIds: string[] = [];
  const accepted: Batch[] = [];
  const settled = new Set<string>();
  let failure: VodError | undefined;
  try {
    for (const batch of batches) {
      const answer = await sendBatch(client, batch, preload, tell).catch((error: unknown) => {
        if (!batch.departed || !isNoDomain(error)) throw error;
        const domain = domainOf(batch.paths[0] ?? "");
        tell(`warning: ${domain} is not refreshed, since it is no domain of this account any more.`);
      });
      for (const path of settledBy(batch)) settled.add(path);
      if (!answer) continue;
      if (answer.repeated) {
        tell("warning: a call was sent twice, since the outcome of the first one isn't known.");
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
    accepted: pathsOf(accepted),
    cost: costOfBatches(accepted),
    pending: plan.paths.filter((path) => !settled.has(path)),
    unconfirmed: [],
    submittedAt: now().toISOString(),
    ...(failure ? { failure } : {}),
  };
}

/** Sends one call. */
async function sendBatch(
  client: VodClient,
  { objectType, ...batch }: Batch,
  { area, l2Preload, headers }: PreloadOptions,
  onWait: RunContext["tell"],
) {
  if (objectType !== "Preload") {
    const { refreshTaskId: taskId, ...answer } = await client.refreshObjectCaches({ objectType, ...batch }, { onWait });
    return { taskId, ...answer };
  }
  const { preloadTaskId: taskId, ...answer } = await client.preloadObjectCaches(
    { paths: batch.paths, area, l2Preload, headers },
    { onWait },
  );
  return { taskId, ...answer };
}

/**
 * How tasks are waited for: with the client that sends, and within the time that is left.
 *
 * @param onProgress shows a line of how far they are.
 */
export function waiting(
  { client, retry, now, sleep, random }: RunContext,
  timeoutMs: number,
  onProgress: (line: string) => void,
): WaitOptions {
  return {
    timeoutMs,
    now: () => now().getTime(),
    describe: (taskId, leftMs) =>
      client.describeRefreshTasks({ taskId }, { retry: lookRetry(retry, leftMs), onWait: onProgress }),
    onProgress,
    ...(sleep ? { sleep } : {}),
    ...(random ? { random } : {}),
  };
}

/** The paths of calls, in order. */
export function pathsOf(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ paths }) => paths);
}

function isNoDomain(error: unknown): boolean {
  return error instanceof VodError && ["InvalidDomain.NotFound", "InvalidDomain.Offline"].includes(error.code);
}

/** Whatever else is thrown is a fault of ours, and may hold anything: nothing of it is shown. */
export function asVodError(error: unknown): VodError {
  if (error instanceof VodError) return error;
  return new VodError("pulumi-alicloud-vod failed unexpectedly.", "Report it to the project.", { code: "Internal" });
}
