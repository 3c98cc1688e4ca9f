/**
 * What the stack's state keeps of a resource. It is a contract: it carries a version, the states of all earlier
 * versions are read, and a state of a later version is refused instead of misread.
 */
import { z } from "zod";
import { packManifest, unpackManifest } from "../manifest/manifest.js";
import { RESTORE_STATE } from "../manifest/varint.js";
import { CALL_TYPES } from "../schema/call-types.js";
import { type RefreshStatus, STATUSES } from "../schema/enums.js";
import { getContent, getVerify, type Inputs, type ResourceKind } from "../schema/inputs.js";
import { VodError } from "../vod/errors.js";
import { joinNames } from "../vod/format.js";
import { addCosts, type Cost } from "./batches.js";
import type { PreloadFailures } from "./held-back.js";
import { type Baseline, manifestFromInputs, markPending, type RequestKind, selectOwed } from "./plan.js";

/** The version that this package writes. */
const STATE_VERSION = 1;

/** How many paths the state names at most where it needn't name all. */
export const PATHS_SHOWN = 50;

/** What came of the last run that sent something. */
const resultSchema = z.object({
  __stateVersion: z.literal(STATE_VERSION),
  taskIds: z.array(z.string()),
  refreshTaskId: z.string().optional(),
  requestIds: z.array(z.string()),
  submittedAt: z.string().optional(),
  status: z.enum(STATUSES),
  /** How much of the day's quota it used; absent if nothing was ever sent. */
  cost: z
    .object({
      urls: z.number(),
      directories: z.number(),
      preloads: z.number(),
      regex: z.number().optional(),
      ignoreParams: z.number().optional(),
    })
    .optional(),
  refreshed: z.array(z.string()),
  pending: z.array(z.string()),
  /** The IDs of tasks whose call was sent twice, since nobody knew whether the service had accepted it. */
  repeatedTaskIds: z.array(z.string()).optional(),
  /** Accepted paths that an update with `wait` couldn't follow to their end. */
  unconfirmed: z.array(z.string()).optional(),
  /**
   * How those pending or unconfirmed paths are sent that the inputs don't name, or that are directories in place of URLs;
   * absent if there are none.
   */
  __removedPaths: z.record(z.string(), z.object({ objectType: z.enum(CALL_TYPES), force: z.boolean() })).default({}),
  /** What the last verification saw; absent if there was none. */
  verified: z.object({ fresh: z.number(), stale: z.number(), notVerifiable: z.number(), at: z.string() }).optional(),
  /** Those pending paths that the last verification saw to be stale; absent if there are none. */
  __stale: z.array(z.string()).optional(),
  /** Why preloads failed that aren't tried again before a day has passed; absent if there are none. */
  __failures: z.record(z.string(), z.object({ reason: z.string(), at: z.string(), hash: z.string() })).optional(),
  /** Of a `source`: the packed hashes of all URLs. The hash of a pending URL is unknown. */
  __manifest: z.string().optional(),
});

/** The inputs of the last deployment, and what came of the last run that sent something. */
export interface State extends Omit<z.infer<typeof resultSchema>, "__removedPaths"> {
  inputs: Inputs;
  /** How those pending or unconfirmed paths are sent that the inputs don't name, or that are directories in place of URLs. */
  removed: ReadonlyMap<string, RequestKind>;
}

/** What came of the calls of one run. */
export interface Submission {
  /** The accepted paths, in order. */
  accepted: readonly string[];
  /** The paths that are still due, in order. */
  pending: readonly string[];
  /** The accepted paths that had to be followed to their end, and couldn't. */
  unconfirmed: readonly string[];
  /** For each call, its task IDs joined by commas. */
  refreshTaskIds: readonly string[];
  requestIds: readonly string[];
  /** The IDs of tasks whose call was sent twice. Default: none. */
  repeatedTaskIds?: readonly string[];
  /** How much of the day's quota the accepted calls used. */
  cost: Cost;
  /** When the last call was answered, in ISO 8601 and UTC. */
  submittedAt: string;
  /** How the tasks were last seen, if they were looked at; `Incomplete` if something is pending. */
  status?: RefreshStatus;
  /**
   * How those pending or unconfirmed paths are sent that the inputs don't name, or that are directories in place of URLs.
   * Default: none.
   */
  removed?: ReadonlyMap<string, RequestKind>;
  /** Why preloads failed that aren't tried again before a day has passed. Default: there are none. */
  failures?: PreloadFailures;
  /** What the verification saw. Default: there was none. */
  verified?: State["verified"];
  /** Those pending paths that the verification saw to be stale. Default: none. */
  stale?: readonly string[];
}

/**
 * Reads a state from the outputs of a resource.
 *
 * @throws VodError UnknownState when a later version of the package, or something else, wrote them.
 */
export function readState(properties: Readonly<Record<string, unknown>>, kind: ResourceKind): State {
  const { taskId, sent } = kind.outputs;
  const { [taskId]: refreshTaskId, [sent]: refreshed, ...rest } = properties;
  const result = resultSchema.safeParse({ ...rest, refreshTaskId, refreshed });
  const inputs = kind.checked.safeParse(properties);
  if (result.success && inputs.success) {
    const { __removedPaths, ...data } = result.data;
    return { ...data, removed: new Map(Object.entries(__removedPaths)), inputs: inputs.data };
  }
  // The keys of some properties are paths, which may be secret.
  const issues = [...(result.error?.issues ?? []), ...(inputs.error?.issues ?? [])];
  const named = [...new Set(issues.map(({ path }) => String(path[0])))];
  const version = properties.__stateVersion;
  const isLater = typeof version === "number" && version > STATE_VERSION;
  throw new VodError(
    isLater
      ? `The state of this resource was written by a later version of pulumi-alicloud-vod (state version ${version}).`
      : `The state of this resource can't be read: ${joinNames(named, "and")} ${named.length === 1 ? "is" : "are"} missing or not valid.`,
    isLater
      ? "Install the version of pulumi-alicloud-vod that wrote it, or a later one; nothing was sent."
      : RESTORE_STATE,
    { code: "UnknownState" },
  );
}

/**
 * What the next plan needs of a state. A pending path has the unknown hash, which differs from that of every content.
 */
export function baselineOf(state: State): Baseline {
  const { inputs, removed } = state;
  const content = getContent(inputs);
  const stale = new Set(state.__stale);
  if (content.mode === "source") return { inputs, manifest: unpackManifest(state.__manifest ?? ""), removed, stale };
  const manifest = manifestFromInputs(content);
  return { inputs, manifest: markPending(manifest, state.pending), removed, stale };
}

/**
 * The state after an update that had nothing to send.
 *
 * @param before undefined for a resource that is created.
 * @param held the preloads that failed less than a day ago, and why; they stay pending.
 */
export function withoutSubmission(
  before: State | undefined,
  inputs: Inputs,
  current: ReadonlyMap<string, string>,
  held: PreloadFailures = {},
): State {
  const pending = Object.keys(held);
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
  // A later update must not follow what this one let go of.
  const kept = before ? refreshed.filter(selectOwed(baselineOf(before), inputs, current)) : [];
  // Where nothing is pending, the program no longer names what was; and what has failed may be let go of.
  const isOutdated = status === "Incomplete" || (status === "Failed" && kept.length < refreshed.length);
  const settled = isOutdated ? "Submitted" : status;
  return buildState(inputs, markPending(current, pending), {
    taskIds,
    refreshTaskId,
    requestIds,
    submittedAt,
    status: pending.length > 0 ? "Incomplete" : settled,
    cost,
    repeatedTaskIds,
    refreshed: kept,
    pending: namePending(inputs, pending),
    unconfirmed: undefined,
    removed: new Map(),
    verified: keepVerified(before, inputs),
    __stale: undefined,
    __failures: pending.length === 0 ? undefined : held,
  });
}

/**
 * The state after a run that sent something or tried to. If it sent nothing, the record of the last run that did stays.
 *
 * @param before the state before the run, if there was one.
 * @param current the current hash of every path that the inputs name.
 * @param options.carriesOn whether the run carried on with the last one, so that the task IDs of that one stay.
 * Default: true.
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
  // Only what this run sent, so that the next one can tell whether there is anything to carry on with.
  const refreshed = hasSent ? run.accepted : carriesOn ? (before?.refreshed ?? []) : [];
  // If nothing was sent and nothing is due, the status stays.
  const unseen = hasSent || before === undefined || before.status === "Incomplete" ? "Submitted" : before.status;
  return buildState(inputs, markPending(current, run.pending), {
    taskIds: [...new Set(refreshTaskIds.flatMap((joined) => joined.split(",")))],
    refreshTaskId: refreshTaskIds.length === 0 ? undefined : refreshTaskIds.join(","),
    requestIds: [...(kept?.requestIds ?? []), ...run.requestIds],
    submittedAt: hasSent ? run.submittedAt : kept?.submittedAt,
    // A pending path is due whatever became of the others.
    status: run.pending.length > 0 ? "Incomplete" : (run.status ?? unseen),
    cost: hasSent || kept === undefined ? addToCost(run.cost, kept?.cost) : kept.cost,
    repeatedTaskIds: repeated.length === 0 ? undefined : repeated,
    refreshed: refreshed.slice(0, PATHS_SHOWN),
    pending: namePending(inputs, run.pending),
    unconfirmed: run.unconfirmed.length === 0 ? undefined : [...run.unconfirmed],
    removed: run.removed ?? new Map(),
    verified: run.verified ?? keepVerified(before, inputs),
    __stale: findStale(before, run),
    __failures: Object.keys(run.failures ?? {}).length === 0 ? undefined : run.failures,
  });
}

/** What an earlier update saw at the edge, as long as the program has anything verified. */
function keepVerified(before: State | undefined, inputs: Inputs): State["verified"] {
  return getVerify(inputs) === undefined ? undefined : before?.verified;
}

/** The paths that a verification saw to be stale, until they are sent again. */
function findStale(before: State | undefined, { stale = [], pending }: Submission): string[] | undefined {
  const isPending = new Set(pending);
  const paths = [...new Set([...stale, ...(before?.__stale ?? [])])].filter((path) => isPending.has(path));
  return paths.length === 0 ? undefined : paths;
}

/** The pending paths that a state names: the manifest of a source knows all of them. */
function namePending({ source }: Inputs, pending: readonly string[]): string[] {
  return source === undefined ? [...pending] : pending.slice(0, PATHS_SHOWN);
}

/** Adds what a run cost to what the run cost that it carried on with. */
function addToCost(
  cost: Cost,
  { preloads, urls, directories, regex = 0, ignoreParams = 0 }: NonNullable<State["cost"]> = NOTHING,
): State["cost"] {
  const sum = addCosts(cost, { urls, directories, preload: preloads, regex, ignoreParams });
  return {
    urls: sum.urls,
    directories: sum.directories,
    preloads: sum.preload,
    // Only an account whose service tells of these quotas spends them.
    ...(sum.regex > 0 ? { regex: sum.regex } : {}),
    ...(sum.ignoreParams > 0 ? { ignoreParams: sum.ignoreParams } : {}),
  };
}

const NOTHING: NonNullable<State["cost"]> = { urls: 0, directories: 0, preloads: 0 };

type Result = { [Key in keyof Omit<State, "__stateVersion" | "__manifest" | "inputs">]: State[Key] | undefined };

function buildState(inputs: Inputs, manifest: ReadonlyMap<string, string>, result: Result): State {
  const packed = inputs.source === undefined ? {} : { __manifest: packManifest(manifest) };
  return { __stateVersion: STATE_VERSION, ...result, ...packed, inputs } as State;
}

/** Formats a state as the outputs of a resource. */
export function toOutputs(
  { inputs, refreshTaskId, refreshed, removed, ...result }: State,
  kind: ResourceKind,
): Record<string, unknown> {
  const __removedPaths = removed.size === 0 ? undefined : Object.fromEntries(removed);
  const named = { [kind.outputs.taskId]: refreshTaskId, [kind.outputs.sent]: refreshed };
  // An undefined value would make the engine lose the resource.
  return Object.fromEntries(
    Object.entries({ ...kind.kept(inputs), ...result, __removedPaths, ...named }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
