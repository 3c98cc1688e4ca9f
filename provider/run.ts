/** Carries a plan out: call after call, then its tasks to their end. */
import { setTimeout as delay } from "node:timers/promises";
import { type Allotment, type Batch, batchesOf } from "./allot.js";
import type { Wait } from "./inputs.js";
import type { Plan } from "./plan.js";
import type { Submission } from "./state.js";
import type { VodClient } from "./vod/client.js";
import { VodError } from "./vod/errors.js";
import type { ObjectType } from "./vod/limits.js";
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

/** What is followed beside the tasks of a run. */
export interface Following {
  wait: Wait;
  /** The tasks of the run before, where their end wasn't seen. */
  earlier: readonly string[];
  /** The paths that the program names. */
  named: ReadonlyMap<string, string>;
  /** As what these are sent. */
  manner: { objectType: ObjectType; force: boolean };
}

/**
 * Follows the tasks of a run to their end. Paths whose task failed are sent once more; what fails again is pending, and the
 * run has failed. What can't be seen to its end, and isn't waited for by the next update, is pending as well. Never throws.
 */
export async function follow(context: RunContext, plan: Plan, run: Run, following: Following): Promise<Run> {
  const { wait, earlier, named, manner } = following;
  const deadline = context.now().getTime() + wait.timeout * 1000;
  const first = await watch(context, [...earlier, ...run.refreshTaskIds], deadline);
  if (first instanceof VodError) return unseen(run, first);
  if (first.failed.length === 0) return concluded(run, first, wait, context);

  const failed = new Set(first.failed.map(({ path }) => path));
  const mine = withPaths(run.batches, (path) => failed.has(path));
  const own = new Set(mine.flatMap(({ paths }) => paths));
  const others = [...failed].filter((path) => !own.has(path)).flatMap((path) => namedBelow(named, path));
  const again = [...mine, ...batchesOf(union(others, []), manner.objectType, manner.force, () => true)];
  if (again.length === 0 || run.failure !== undefined || first.timedOut) {
    return lost(run, first, settledBy(again), wait, context);
  }

  context.tell(`warning: ${describeFollowed(first)}; these are sent once more`);
  // Within one second, the service would merge these tasks with those that failed.
  await (context.sleep ?? delay)(MERGE_WINDOW_MS);
  const repeated = await submit(context, { ...plan, paths: settledBy(again) }, { ...NO_ALLOTMENT, batches: again });
  const both: Run = {
    ...run,
    refreshTaskIds: [...run.refreshTaskIds, ...repeated.refreshTaskIds],
    requestIds: [...run.requestIds, ...repeated.requestIds],
    pending: union(run.pending, repeated.pending),
    ...(repeated.failure ? { failure: repeated.failure } : {}),
  };
  const second = await watch(context, repeated.refreshTaskIds, deadline);
  if (second instanceof VodError) return unseen({ ...both, pending: union(both.pending, settledBy(again)) }, second);
  const failedAgain = new Set(second.failed.map(({ path }) => path));
  const still = settledBy(withPaths(again, (path) => failedAgain.has(path)));
  return lost(both, second, still, wait, context);
}

/** The run with what failed for good as pending. */
function lost(run: Run, seen: Followed, paths: readonly string[], wait: Wait, context: RunContext): Run {
  if (paths.length === 0) return concluded(run, seen, wait, context);
  const failure = new VodError(
    `The service accepted the refresh and then failed it: ${describeFollowed(seen)}.`,
    "Check that the origin of the domain answers for these paths, then run `pulumi up` again.",
    { code: "RefreshFailed" },
  );
  const after = seen.timedOut ? settledBy(run.batches) : [];
  return { failure, ...run, pending: union(run.pending, [...paths, ...after]) };
}

/** The run whose tasks can't be asked for: the next update waits for them, or sends all of it if it has to send anyway. */
function unseen(run: Run, failure: VodError): Run {
  const isSentAgain = run.failure !== undefined || run.pending.length > 0;
  return { failure, ...run, pending: isSentAgain ? union(run.pending, settledBy(run.batches)) : run.pending };
}

function union(paths: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...paths, ...more])];
}

/** A path to send again; where it was a directory that stood for what the program names, these. */
function namedBelow(named: ReadonlyMap<string, string>, path: string): string[] {
  const below =
    path.endsWith("/") && !named.has(path) ? [...named.keys()].filter((other) => other.startsWith(path)) : [];
  return below.length > 0 ? below : [path];
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
  const failure = new VodError(
    happened,
    "Run `pulumi up` again to wait on, or set a longer `wait.timeout`; what was accepted isn't sent again.",
    { code: "RefreshTimeout" },
  );
  return { ...unseen(run, failure), status: followed.status };
}

function isNoDomain(error: unknown): boolean {
  return error instanceof VodError && ["InvalidDomain.NotFound", "InvalidDomain.Offline"].includes(error.code);
}

/** Whatever else is thrown is a fault of ours, and may hold anything: nothing of it is shown. */
export function asVodError(error: unknown): VodError {
  if (error instanceof VodError) return error;
  return new VodError("pulumi-alicloud-vod failed unexpectedly.", "Report it to the project.", { code: "Internal" });
}
