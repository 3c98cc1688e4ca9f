/** Carries a plan out: call after call, then its tasks to their end. */
import { setTimeout as delay } from "node:timers/promises";
import type { Allotment, Batch } from "./allot.js";
import type { Wait } from "./inputs.js";
import type { Plan } from "./plan.js";
import type { Submission } from "./state.js";
import type { VodClient } from "./vod/client.js";
import { VodError } from "./vod/errors.js";
import { domainOf } from "./vod/paths.js";
import { describeFollowed, type Followed, waitForTasks } from "./wait.js";

/** For how long the service merges tasks of one domain, in milliseconds, and a little more. Source: seed. */
const MERGE_WINDOW_MS = 1_500;

/** What a run needs of its surroundings. */
export interface RunContext {
  client: VodClient;
  /** Shows a line to the user. */
  tell(line: string): void;
  now(): Date;
  /** Waits for that many milliseconds. Default: a timer. */
  sleep?: (ms: number) => Promise<void>;
}

/** A run of a plan, up to its end or the first failure. */
export interface Run extends Submission {
  /** The calls that were accepted, in order. */
  batches: readonly Batch[];
  failure?: VodError;
}

/** The run that sends nothing. */
export function nothingSent(plan: Plan, now: Date, failure: VodError): Run {
  const submittedAt = now.toISOString();
  return { accepted: [], pending: plan.paths, refreshTaskIds: [], requestIds: [], batches: [], submittedAt, failure };
}

/** Sends what is allotted, in order, up to the first failure. Never throws. */
export async function submit({ client, tell, now }: RunContext, plan: Plan, { batches }: Allotment): Promise<Run> {
  const refreshTaskIds: string[] = [];
  const requestIds: string[] = [];
  const accepted: Batch[] = [];
  const settled = new Set<string>();
  let failure: VodError | undefined;
  try {
    for (const batch of batches) {
      const answer = await client.refreshObjectCaches(batch).catch((error: unknown) => {
        if (!batch.departed || !isNoDomain(error)) throw error;
        const domain = domainOf(batch.paths[0] ?? "");
        tell(`warning: ${domain} is not refreshed, since it is no domain of this account any more.`);
      });
      for (const path of batch.settles) settled.add(path);
      if (!answer) continue;
      if (answer.repeated) tell("warning: a call was sent twice, since the outcome of the first one isn't known.");
      refreshTaskIds.push(answer.refreshTaskId);
      if (answer.requestId) requestIds.push(answer.requestId);
      accepted.push(batch);
    }
  } catch (error) {
    failure = asVodError(error);
  }
  return {
    refreshTaskIds,
    requestIds,
    batches: accepted,
    accepted: accepted.flatMap(({ paths }) => paths),
    pending: plan.paths.filter((path) => !settled.has(path)),
    submittedAt: now().toISOString(),
    ...(failure ? { failure } : {}),
  };
}

/**
 * Follows the tasks of a run to their end. Paths whose task failed are sent once more; what fails again is pending, and the
 * run has failed. Never throws: what was last seen is in the run.
 */
export async function follow(context: RunContext, plan: Plan, run: Run, wait: Wait): Promise<Run> {
  const deadline = context.now().getTime() + wait.timeout * 1000;
  const first = await watch(context, run.refreshTaskIds, deadline);
  if (first instanceof VodError) return { ...run, failure: first };
  if (first.failed.length === 0) return concluded(run, first, wait, context);

  context.tell(`warning: ${describeFollowed(first)}; these are sent once more`);
  const failed = new Set(first.failed.map(({ path }) => path));
  const again = withPaths(run.batches, (path) => failed.has(path));
  // Within one second, the service would merge these tasks with those that failed.
  await (context.sleep ?? delay)(MERGE_WINDOW_MS);
  const repeated = await submit(context, { ...plan, paths: settledBy(again) }, { ...NO_ALLOTMENT, batches: again });
  const both: Run = {
    ...run,
    refreshTaskIds: [...run.refreshTaskIds, ...repeated.refreshTaskIds],
    requestIds: [...run.requestIds, ...repeated.requestIds],
  };
  if (repeated.failure) {
    return { ...both, status: "Incomplete", pending: repeated.pending, failure: repeated.failure };
  }
  const second = await watch(context, repeated.refreshTaskIds, deadline);
  if (second instanceof VodError) return { ...both, failure: second };
  if (second.failed.length === 0) return concluded(both, second, wait, context);
  const lost = new Set(second.failed.map(({ path }) => path));
  return {
    ...both,
    status: "Incomplete",
    pending: settledBy(withPaths(again, (path) => lost.has(path))),
    failure: new VodError(
      `The service accepted the refresh and then failed it, twice: ${describeFollowed(second)}.`,
      "Check that the origin of the domain answers for these paths, then run `pulumi up` again.",
      { code: "RefreshFailed" },
    ),
  };
}

const NO_ALLOTMENT: Allotment = {
  batches: [],
  cost: { urls: 0, directories: 0 },
  later: [],
  collapsed: 0,
  exceeded: false,
};

/** The calls with some of their paths, and what these settle: of a directory, all that lies below it. */
function withPaths(batches: readonly Batch[], isWanted: (path: string) => boolean): Batch[] {
  return batches
    .map((batch) => {
      const paths = batch.paths.filter(isWanted);
      return { ...batch, paths, settles: batch.settles === batch.paths ? paths : batch.settles };
    })
    .filter(({ paths }) => paths.length > 0);
}

function settledBy(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ settles }) => settles);
}

/** Waits for tasks; a failure to ask for them, as an error. */
async function watch(
  { client, tell, now, sleep }: RunContext,
  taskIds: readonly string[],
  deadline: number,
): Promise<Followed | VodError> {
  return waitForTasks(taskIds, {
    timeoutMs: Math.max(0, deadline - now().getTime()),
    now: () => now().getTime(),
    describe: (taskId) => client.describeRefreshTasks({ taskId }),
    onProgress: tell,
    ...(sleep ? { sleep } : {}),
  }).catch(asVodError);
}

/** The run with what was last seen of its tasks. */
function concluded(run: Run, followed: Followed, { timeout, onTimeout }: Wait, { tell }: RunContext): Run {
  if (!followed.timedOut || followed.status === "Complete") {
    tell(describeFollowed(followed));
    return { ...run, status: followed.status };
  }
  const happened = `The refresh hasn't ended within ${timeout} s: ${describeFollowed(followed)}.`;
  if (onTimeout === "warn") {
    tell(`warning: ${happened}`);
    return { ...run, status: followed.status };
  }
  const remedy =
    "Run `pulumi up` again to wait on, or set a longer `wait.timeout`; every path was accepted, and none is sent again.";
  return { ...run, status: followed.status, failure: new VodError(happened, remedy, { code: "RefreshTimeout" }) };
}

function isNoDomain(error: unknown): boolean {
  return error instanceof VodError && ["InvalidDomain.NotFound", "InvalidDomain.Offline"].includes(error.code);
}

/** Whatever else is thrown is a fault of ours, and may hold anything: nothing of it is shown. */
export function asVodError(error: unknown): VodError {
  if (error instanceof VodError) return error;
  return new VodError("pulumi-alicloud-vod failed unexpectedly.", "Report it to the project.", { code: "Internal" });
}
