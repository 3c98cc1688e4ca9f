/** Follows what was sent to its end, and sends once more what failed. */
import { setTimeout as delay } from "node:timers/promises";
import { type Batch, batchesOf, quotaFor, sumOfCosts } from "./allot.js";
import { deedOf, named as firstFew } from "./describe.js";
import { type CallType, contentOf, type Inputs, type Wait } from "./inputs.js";
import type { Plan } from "./plan.js";
import { asVodError, type Open, pathsOf, type Run, type RunContext, submit } from "./run.js";
import { VodError } from "./vod/errors.js";
import { OBJECT_TYPES } from "./vod/limits.js";
import { describeFollowed, type Followed, waitForTasks } from "./wait.js";

type Deed = ReturnType<typeof deedOf>;

/** For how long the service merges tasks of one domain, in milliseconds, and a little more. Source: seed. */
const MERGE_WINDOW_MS = 1_500;

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
    cost: sumOfCosts(run.cost, repeated.cost),
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
