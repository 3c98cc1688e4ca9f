/**
 * What the stack's state keeps of a VodCacheRefresh. It is a contract: it carries a version, a state of every earlier
 * version is read, and a state of a later one is refused instead of misread.
 */
import { z } from "zod";
import { UNKNOWN_HASH } from "../manifest/hash.js";
import { packManifest, unpackManifest } from "../manifest/manifest.js";
import { type RefreshStatus, STATUSES } from "../schema/enums.js";
import { contentOf, type Inputs, type ResourceKind } from "../schema/inputs.js";
import { VodError } from "../vod/errors.js";
import { OBJECT_TYPES } from "../vod/limits.js";
import { addCosts, type Cost } from "./batches.js";
import { type Baseline, manifestFromInputs, markPending } from "./plan.js";

/** The version that this package writes. */
export const STATE_VERSION = 1;

/** How many paths the state names where it needn't name all. */
export const PATHS_SHOWN = 50;

/** What came of the last refresh. */
const resultSchema = z.object({
  __stateVersion: z.literal(STATE_VERSION),
  taskIds: z.array(z.string()),
  refreshTaskId: z.string().optional(),
  requestIds: z.array(z.string()),
  submittedAt: z.string().optional(),
  status: z.enum(STATUSES),
  /** Of the day's quota. States that were written before 0.2 lack it. */
  cost: z.object({ urls: z.number(), directories: z.number(), preloads: z.number() }).optional(),
  refreshed: z.array(z.string()),
  pending: z.array(z.string()),
  /** Of the task IDs, those of calls that were sent again, since nobody knew whether they had been accepted. */
  repeatedTaskIds: z.array(z.string()).optional(),
  /** Paths that were accepted, and whose end an update with `wait` had to see and couldn't. */
  unconfirmed: z.array(z.string()).optional(),
  /** As what paths are sent that are pending or unconfirmed, and that the inputs don't name; absent without such. */
  __removedPaths: z
    .record(z.string(), z.object({ objectType: z.enum([...OBJECT_TYPES, "Preload"]), force: z.boolean() }))
    .optional(),
  /** With `source`: the hash of every URL, packed; a URL that is pending has no hash in it. */
  __manifest: z.string().optional(),
});

/** What the state says: the inputs that it was reached with, and what came of the last update that sent something. */
export interface State extends z.infer<typeof resultSchema> {
  inputs: Inputs;
}

/** What the calls of one run gave. */
export interface Submission {
  /** The paths that were sent and accepted, in order. */
  accepted: readonly string[];
  /** The paths that are still due, in order. */
  pending: readonly string[];
  /** The accepted paths whose end had to be seen, and wasn't. */
  unconfirmed: readonly string[];
  /** One string of joined task IDs for each call. */
  refreshTaskIds: readonly string[];
  requestIds: readonly string[];
  /** The task IDs of calls that were sent again, since nobody knew whether they had been accepted. Default: none. */
  repeatedTaskIds?: readonly string[];
  /** What was accepted, of the day's quota. */
  cost: Cost;
  /** When the last call was answered, ISO 8601 in UTC. */
  submittedAt: string;
  /** What was last seen of the tasks, if they were looked at; `Incomplete` where something is pending. */
  status?: RefreshStatus;
  /** As what those are sent that are pending or unconfirmed, and that the inputs don't name. */
  removed?: State["__removedPaths"];
}

/**
 * Reads the outputs that the state holds.
 *
 * @throws VodError UnknownState when a later version of the package, or something else, wrote them.
 */
export function readState(properties: Readonly<Record<string, unknown>>, kind: ResourceKind): State {
  const { taskId, sent } = kind.outputs;
  const { [taskId]: refreshTaskId, [sent]: refreshed, ...rest } = properties;
  const result = resultSchema.safeParse({ ...rest, refreshTaskId, refreshed });
  const inputs = kind.checked.safeParse(properties);
  if (result.success && inputs.success) return { ...result.data, inputs: inputs.data };
  const issues = [...(result.error?.issues ?? []), ...(inputs.error?.issues ?? [])].map(({ path }) => path.join("."));
  const version = properties.__stateVersion;
  const isLater = typeof version === "number" && version > STATE_VERSION;
  throw new VodError(
    isLater
      ? `The state of this resource was written by a later version of pulumi-alicloud-vod (state version ${version}).`
      : `The state of this resource can't be read: ${issues.join(", ")}.`,
    isLater
      ? "Install that version, or later, of pulumi-alicloud-vod; nothing was sent."
      : "Restore the stack's state from a backup, or remove the resource from it with `pulumi state delete`, so that the " +
          "next `pulumi up` refreshes everything; nothing was sent.",
    { code: "UnknownState" },
  );
}

/** What the next plan needs of a state: a path that is pending has no hash, so that it differs from every content. */
export function baselineOf(state: State): Baseline {
  const { inputs } = state;
  const content = contentOf(inputs);
  const removed = new Map(Object.entries(state.__removedPaths ?? {}));
  if (content.mode === "source") return { inputs, manifest: unpackManifest(state.__manifest ?? ""), removed };
  const manifest = manifestFromInputs(content);
  for (const path of state.pending) manifest.set(path, UNKNOWN_HASH);
  return { inputs, manifest, removed };
}

/**
 * The state after a run that had nothing to send.
 *
 * @param before undefined where nothing was ever sent.
 */
export function withoutSubmission(
  before: State | undefined,
  inputs: Inputs,
  current: ReadonlyMap<string, string>,
): State {
  const {
    taskIds = [],
    refreshTaskId,
    requestIds = [],
    submittedAt,
    status = "NotSubmitted",
    cost,
    repeatedTaskIds,
    refreshed = [],
  } = before ?? {};
  return buildState(inputs, current, {
    taskIds,
    refreshTaskId,
    requestIds,
    submittedAt,
    // Nothing is due, so what was pending is no longer in the program.
    status: status === "Incomplete" ? "Submitted" : status,
    cost,
    repeatedTaskIds,
    refreshed,
    pending: [],
    unconfirmed: undefined,
    __removedPaths: undefined,
  });
}

/**
 * The state after a run that sent something, or tried to. The last run that sent something stays on record until then.
 *
 * @param before the state before it, if there was one.
 * @param current the present hash of every path that the inputs name.
 * @param options.carriesOn whether the run carried on with what `before` tells of: its task IDs stay. Default: true.
 */
export function withSubmission(
  inputs: Inputs,
  before: State | undefined,
  run: Submission,
  current: ReadonlyMap<string, string>,
  { carriesOn = true }: { carriesOn?: boolean } = {},
): State {
  const hasSent = run.refreshTaskIds.length > 0;
  const kept = carriesOn || !hasSent ? before : undefined;
  const refreshTaskIds = [...(kept?.refreshTaskId ? [kept.refreshTaskId] : []), ...run.refreshTaskIds];
  const repeated = [...(kept?.repeatedTaskIds ?? []), ...(run.repeatedTaskIds ?? [])];
  // Of what the run itself sent, so that the next one can tell whether there is anything to carry on with.
  const refreshed = hasSent ? run.accepted : carriesOn ? (before?.refreshed ?? []) : [];
  // Where nothing was sent, and nothing is due either, it stands as before.
  const asBefore = hasSent || before === undefined || before.status === "Incomplete" ? "Submitted" : before.status;
  return buildState(inputs, markPending(current, run.pending), {
    taskIds: [...new Set(refreshTaskIds.flatMap((joined) => joined.split(",")))],
    refreshTaskId: refreshTaskIds.length === 0 ? undefined : refreshTaskIds.join(","),
    requestIds: [...(kept?.requestIds ?? []), ...run.requestIds],
    submittedAt: hasSent ? run.submittedAt : kept?.submittedAt,
    // What is pending is due whatever became of the rest.
    status: run.pending.length > 0 ? "Incomplete" : (run.status ?? asBefore),
    cost: hasSent || kept === undefined ? addToCost(run.cost, kept?.cost) : kept.cost,
    repeatedTaskIds: repeated.length === 0 ? undefined : repeated,
    refreshed: refreshed.slice(0, PATHS_SHOWN),
    // Of a source, the manifest knows them all.
    pending: inputs.source === undefined ? [...run.pending] : run.pending.slice(0, PATHS_SHOWN),
    unconfirmed: run.unconfirmed.length === 0 ? undefined : [...run.unconfirmed],
    __removedPaths: run.removed,
  });
}

/** What a run cost, with what the one cost that it carried on with. */
function addToCost(
  cost: Cost,
  { preloads: preload, ...refreshes }: NonNullable<State["cost"]> = NOTHING,
): State["cost"] {
  const { preload: preloads, ...rest } = addCosts(cost, { ...refreshes, preload });
  return { ...rest, preloads };
}

const NOTHING: NonNullable<State["cost"]> = { urls: 0, directories: 0, preloads: 0 };

type Result = {
  [Key in keyof Omit<z.infer<typeof resultSchema>, "__stateVersion" | "__manifest">]: State[Key] | undefined;
};

function buildState(inputs: Inputs, manifest: ReadonlyMap<string, string>, result: Result): State {
  const packed = inputs.source === undefined ? {} : { __manifest: packManifest(manifest) };
  return { __stateVersion: STATE_VERSION, ...result, ...packed, inputs } as State;
}

/** A state as the outputs of a resource. */
export function toOutputs(
  { inputs, refreshTaskId, refreshed, ...result }: State,
  kind: ResourceKind,
): Record<string, unknown> {
  const named = { [kind.outputs.taskId]: refreshTaskId, [kind.outputs.sent]: refreshed };
  // An undefined value would make the engine lose the resource.
  return Object.fromEntries(
    Object.entries({ ...kind.kept(inputs), ...result, ...named }).filter(([, value]) => value !== undefined),
  );
}
