/** Carries a plan out: call after call, then its tasks to their end. */
import { setTimeout as delay } from "node:timers/promises";
import { type Allotment, type Batch, batchesOf, quotaFor } from "./allot.js";
import { deedOf, named as firstFew } from "./describe.js";
import { type CallType, contentOf, type Inputs, type PreloadOptions, type Wait } from "./inputs.js";
import type { Plan } from "./plan.js";
import type { Submission } from "./state.js";
import type { VodClient } from "./vod/client.js";
import { VodError } from "./vod/errors.js";
import { OBJECT_TYPES } from "./vod/limits.js";
import { domainOf } from "./vod/paths.js";
import { describeFollowed, type Followed, waitForTasks } from "./wait.js";

type Deed = ReturnType<typeof deedOf>;

/** For how long the service merges tasks of one domain, in milliseconds, and a little more. Source: seed. */
const MERGE_WINDOW_MS = 1_500;

/** What a run needs of its surroundings. */
export interface RunContext {
  client: VodClient;
  /** How what is preloaded is. */
  preload: PreloadOptions;
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

/** What the run before left open. */
export interface Open {
  /** The tasks whose end wasn't seen. */
  taskIds: readonly string[];
  /** The paths whose end had to be seen, and wasn't; none of them is in the plan. */
  paths: readonly string[];
  /** Whether these tasks are so old that those which haven't ended aren't waited for. */
  isOverdue: boolean;
}

/** The run that sends nothing. */
export function nothingSent(plan: Plan, now: Date, failure: VodError, open: Open): Run {
  const submittedAt = now.toISOString();
  const nothing = { accepted: [], refreshTaskIds: [], requestIds: [], batches: [], unconfirmed: open.paths };
  return { ...nothing, pending: plan.paths, submittedAt, failure };
}

/** Sends what is allotted, in order, up to the first failure. Never throws. */
export async function submit(
  { client, preload, tell, now }: RunContext,
  plan: Plan,
  { batches }: Pick<Allotment, "batches">,
): Promise<Run> {
  const refreshTaskIds: string[] = [];
  const requestIds: string[] = [];
  const accepted: Batch[] = [];
  const settled = new Set<string>();
  let failure: VodError | undefined;
  try {
    for (const batch of batches) {
      const answer = await sendBatch(client, batch, preload).catch((error: unknown) => {
        if (!batch.departed || !isNoDomain(error)) throw error;
        const domain = domainOf(batch.paths[0] ?? "");
        tell(`warning: ${domain} is not refreshed, since it is no domain of this account any more.`);
      });
      for (const path of batch.settles) settled.add(path);
      if (!answer) continue;
      if (answer.repeated) tell("warning: a call was sent twice, since the outcome of the first one isn't known.");
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
    batches: accepted,
    accepted: accepted.flatMap(({ paths }) => paths),
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
) {
  if (objectType !== "Preload") {
    const { refreshTaskId: taskId, ...answer } = await client.refreshObjectCaches({ objectType, ...batch });
    return { taskId, ...answer };
  }
  const { preloadTaskId: taskId, ...answer } = await client.preloadObjectCaches({
    paths: batch.paths,
    ...(area === undefined ? {} : { area }),
    ...(l2Preload === undefined ? {} : { l2Preload }),
    ...(headers === undefined ? {} : { headers }),
  });
  return { taskId, ...answer };
}

/** What is followed beside the tasks of a run. */
export interface Following {
  wait: Wait;
  open: Open;
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
export async function follow(context: RunContext, plan: Plan, run: Run, following: Following): Promise<Run> {
  const { wait, open, named, inputs } = following;
  const deed = deedOf(inputs.objectType);
  const deadline = context.now().getTime() + wait.timeout * 1000;
  const sent = pathsOf(run.batches);
  const overdue = open.isOverdue ? open.taskIds : [];
  const seen = await watch(context, [...open.taskIds, ...run.refreshTaskIds], deadline, overdue);
  if (seen instanceof VodError) return unseen(run, seen, [...open.paths, ...sent]);

  const ours = new Set(sent);
  const isDue = isDueAgain(inputs, open, named);
  const first = withoutFailures(seen, (path) => !ours.has(path) && !isDue(path));
  const failed = new Set(first.failed.map(({ path }) => path));
  const own = withPaths(run.batches, (path) => failed.has(path));
  const abandoned = first.givenUp.length > 0 ? open.paths.filter((path) => !first.complete.has(path)) : [];
  const theirs = union([...failed], abandoned).filter((path) => !ours.has(path));
  const again = [...own, ...batchesAgain(theirs, inputs, named)];
  const rest = openPaths(first, [...open.paths, ...sent]).filter((path) => !failed.has(path));
  const isStopped = run.failure !== undefined || first.timedOut;
  if (again.length === 0 || (isStopped && failed.size === 0)) {
    return concluded(deed, run, first, union(rest, abandoned), wait, context);
  }
  // A plan can't name what isn't named any more but as a URL: a directory is sent again as long as it isn't confirmed.
  const isPlannable = (path: string) => named.has(path) || !/[/*]$/.test(path);
  const losing = (last: Run, followed: Followed, paths: readonly string[], open: readonly string[]) =>
    lost(
      deed,
      last,
      followed,
      paths.filter(isPlannable),
      union(
        open,
        paths.filter((path) => !isPlannable(path)),
      ),
    );
  if (isStopped) return losing(run, first, settledBy(again), rest);

  if (failed.size > 0) context.tell(`warning: ${describeFollowed(first)}; these are sent once more`);
  if (abandoned.length > 0) context.tell(`warning: ${describeAbandoned(abandoned)}; sent once more`);
  // Within one second, the service would merge these tasks with those that failed.
  await (context.sleep ?? delay)(MERGE_WINDOW_MS);
  const repeated = await submit(context, { ...plan, paths: settledBy(again) }, { batches: again });
  const both: Run = {
    ...run,
    refreshTaskIds: [...run.refreshTaskIds, ...repeated.refreshTaskIds],
    requestIds: [...run.requestIds, ...repeated.requestIds],
    pending: union(run.pending, repeated.pending.filter(isPlannable)),
    ...(repeated.failure ? { failure: repeated.failure } : {}),
  };
  const sentAgain = [...pathsOf(repeated.batches), ...repeated.pending.filter((path) => !isPlannable(path))];
  const second = await watch(context, repeated.refreshTaskIds, deadline);
  if (second instanceof VodError) return unseen(both, second, sentAgain);
  const failedAgain = new Set(second.failed.map(({ path }) => path));
  const restAgain = both.failure ? sentAgain : openPaths(second, sentAgain).filter((path) => !failedAgain.has(path));
  if (failedAgain.size === 0) return concluded(deed, both, second, restAgain, wait, context);
  return losing(both, second, settledBy(withPaths(again, (path) => failedAgain.has(path))), restAgain);
}

/** The run with what failed for good as pending. */
function lost(deed: Deed, run: Run, seen: Followed, paths: readonly string[], unconfirmed: readonly string[]): Run {
  const failure = new VodError(
    `The service accepted the ${deed} and then failed it: ${describeFollowed(seen)}.`,
    "Check that the origin of the domain answers for these paths, then run `pulumi up` again.",
    { code: deed === "preload" ? "PreloadFailed" : "RefreshFailed" },
  );
  return { failure, ...run, pending: union(run.pending, paths), unconfirmed };
}

/** The run whose tasks can't be asked for. */
function unseen(run: Run, failure: VodError, unconfirmed: readonly string[]): Run {
  return { failure, ...run, unconfirmed: union(unconfirmed, []) };
}

/** Of paths, those that haven't been seen at their end. */
function openPaths({ timedOut, complete, unknown }: Followed, paths: readonly string[]): string[] {
  if (!timedOut) return [];
  // The row of a path may be an older task's, as long as that of the task which counts can't be seen.
  return union(paths, []).filter((path) => unknown.length > 0 || !complete.has(path));
}

/** Whether a path of an earlier run that failed is still somebody's. */
function isDueAgain(inputs: Inputs, { paths }: Open, named: ReadonlyMap<string, string>) {
  const owed = new Set(paths);
  const keepsUnnamed = contentOf(inputs).mode !== "paths";
  // Where it is known whose end has to be seen, what else these tasks were for is settled.
  return (path: string): boolean => (owed.size > 0 ? owed.has(path) : keepsUnnamed || named.has(path));
}

/** Paths of an earlier run as calls: each as what it must have been, where the program no longer says it. */
function batchesAgain(paths: readonly string[], inputs: Inputs, named: ReadonlyMap<string, string>): Batch[] {
  const asUrl = quotaFor(inputs.objectType) === "directories" ? undefined : inputs.objectType;
  const typeOf = (path: string): CallType => {
    if (named.has(path)) return inputs.objectType;
    if (asUrl !== "Preload" && path.endsWith("/")) return "Directory";
    if (asUrl !== "Preload" && path.endsWith("*")) return "Regex";
    return asUrl ?? (path.includes("?") ? "File" : "IgnoreParams");
  };
  return [...OBJECT_TYPES, "Preload" as const].flatMap((type) => {
    const own = paths.filter((path) => typeOf(path) === type);
    return batchesOf(own, type, inputs.force, () => true);
  });
}

/** What was seen, without failures that are nobody's. */
function withoutFailures(seen: Followed, isNobodys: (path: string) => boolean): Followed {
  const failed = seen.failed.filter(({ path }) => !isNobodys(path));
  const status = seen.status === "Failed" && failed.length === 0 ? "Complete" : seen.status;
  return { ...seen, failed, status, total: seen.total - (seen.failed.length - failed.length) };
}

function describeAbandoned(paths: readonly string[]): string {
  return `the tasks of the last update haven't been seen to end within an hour: ${firstFew(paths)}`;
}

function pathsOf(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ paths }) => paths);
}

function union(paths: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...paths, ...more])];
}

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
  overdue: readonly string[] = [],
): Promise<Followed | VodError> {
  return waitForTasks(taskIds, {
    overdue,
    timeoutMs: Math.max(0, deadline - now().getTime()),
    now: () => now().getTime(),
    describe: (taskId) => client.describeRefreshTasks({ taskId }),
    onProgress: tell,
    ...(sleep ? { sleep } : {}),
  }).catch(asVodError);
}

/** The run with what was last seen of its tasks. */
function concluded(
  deed: Deed,
  run: Run,
  followed: Followed,
  unconfirmed: readonly string[],
  { timeout, onTimeout }: Wait,
  { tell }: RunContext,
): Run {
  const status = followed.status;
  if (!followed.timedOut || status === "Complete") {
    tell(describeFollowed(followed));
    return { ...run, status, unconfirmed: run.failure ? unconfirmed : [] };
  }
  const happened = `The ${deed} hasn't ended within ${timeout} s: ${describeFollowed(followed)}.`;
  if (onTimeout === "warn") {
    tell(`warning: ${happened}`);
    return { ...run, status };
  }
  const failure = new VodError(
    happened,
    "Run `pulumi up` again to wait on, or set a longer `wait.timeout`; what was accepted isn't sent again.",
    { code: deed === "preload" ? "PreloadTimeout" : "RefreshTimeout" },
  );
  return { ...unseen(run, failure, unconfirmed), status };
}

function isNoDomain(error: unknown): boolean {
  return error instanceof VodError && ["InvalidDomain.NotFound", "InvalidDomain.Offline"].includes(error.code);
}

/** Whatever else is thrown is a fault of ours, and may hold anything: nothing of it is shown. */
export function asVodError(error: unknown): VodError {
  if (error instanceof VodError) return error;
  return new VodError("pulumi-alicloud-vod failed unexpectedly.", "Report it to the project.", { code: "Internal" });
}
