/**
 * What the stack's state keeps of a VodCacheRefresh. It is a contract: it carries a version, a state of every earlier
 * version is read, and a state of a later one is refused instead of misread.
 */
import { z } from "zod";
import type { RefreshInputs } from "./inputs.js";
import { VodError } from "./vod/errors.js";
import { OBJECT_TYPES } from "./vod/limits.js";

/** The version that this package writes. */
export const STATE_VERSION = 1;

/** How many of the paths that were sent the state names. */
const REFRESHED_SHOWN = 50;

/**
 * What became of the last refresh: `NotSubmitted`: nothing was ever sent (`refreshOnCreate: false`); `Submitted`: the
 * service accepted every path; `Incomplete`: it hasn't accepted the `pending` ones yet.
 */
export const STATUSES = ["NotSubmitted", "Submitted", "Incomplete"] as const;
export type RefreshStatus = (typeof STATUSES)[number];

/** The outputs: every input, and what came of the last refresh. */
const state = z.object({
  __stateVersion: z.literal(STATE_VERSION),
  paths: z.array(z.string()),
  objectType: z.enum(OBJECT_TYPES),
  force: z.boolean(),
  contentHash: z.string(),
  refreshOnCreate: z.boolean(),
  endpoint: z.string().optional(),
  taskIds: z.array(z.string()),
  refreshTaskId: z.string().optional(),
  requestIds: z.array(z.string()),
  submittedAt: z.string().optional(),
  status: z.enum(STATUSES),
  refreshed: z.array(z.string()),
  pending: z.array(z.string()),
});

export type RefreshState = RefreshInputs & Omit<z.infer<typeof state>, keyof RefreshInputs>;

/** What the calls of one run gave. */
export interface Submission {
  /** The paths that the service accepted, in order. */
  accepted: readonly string[];
  /** The paths that it was not asked for or refused, in order. */
  pending: readonly string[];
  /** One string of joined task IDs for each call. */
  refreshTaskIds: readonly string[];
  requestIds: readonly string[];
  /** When the last call was answered, ISO 8601 in UTC. */
  submittedAt: string;
}

/**
 * Reads the outputs that the state holds.
 *
 * @throws VodError UnknownState when a later version of the package, or something else, wrote them.
 */
export function readState(properties: Readonly<Record<string, unknown>>): RefreshState {
  const parsed = state.safeParse(properties);
  if (parsed.success) return parsed.data as RefreshState;
  const version = properties.__stateVersion;
  throw new VodError(
    typeof version === "number" && version > STATE_VERSION
      ? `The state of this resource was written by a later version of pulumi-alicloud-vod (state version ${version}).`
      : `The state of this resource can't be read: ${parsed.error.issues.map(({ path }) => path.join(".")).join(", ")}.`,
    "Install that version, or later, of pulumi-alicloud-vod; nothing was sent.",
    { code: "UnknownState" },
  );
}

/** The state before anything was sent. */
export function emptyState(inputs: RefreshInputs): RefreshState {
  return {
    __stateVersion: STATE_VERSION,
    ...inputs,
    taskIds: [],
    requestIds: [],
    status: "NotSubmitted",
    refreshed: [],
    pending: [],
  };
}

/** The same refresh under inputs that called for none. */
export function withInputs(
  { taskIds, refreshTaskId, requestIds, submittedAt, status, refreshed }: RefreshState,
  inputs: RefreshInputs,
): RefreshState {
  return {
    __stateVersion: STATE_VERSION,
    ...inputs,
    taskIds,
    ...(refreshTaskId === undefined ? {} : { refreshTaskId }),
    requestIds,
    ...(submittedAt === undefined ? {} : { submittedAt }),
    // Nothing is due, so what was pending is no longer in the program.
    status: status === "Incomplete" ? "Submitted" : status,
    refreshed,
    pending: [],
  };
}

/**
 * The state after a run that sent something, or tried to.
 *
 * @param before the last run's state where this one carried on with it: its task IDs stay; else undefined.
 */
export function withSubmission(inputs: RefreshInputs, before: RefreshState | undefined, run: Submission): RefreshState {
  const refreshTaskIds = [...(before?.refreshTaskId ? [before.refreshTaskId] : []), ...run.refreshTaskIds];
  const submittedAt = run.accepted.length > 0 ? run.submittedAt : before?.submittedAt;
  return {
    __stateVersion: STATE_VERSION,
    ...inputs,
    taskIds: [...new Set(refreshTaskIds.flatMap((joined) => joined.split(",")))],
    ...(refreshTaskIds.length === 0 ? {} : { refreshTaskId: refreshTaskIds.join(",") }),
    requestIds: [...(before?.requestIds ?? []), ...run.requestIds],
    ...(submittedAt === undefined ? {} : { submittedAt }),
    status: run.pending.length > 0 ? "Incomplete" : "Submitted",
    refreshed: run.accepted.slice(0, REFRESHED_SHOWN),
    pending: [...run.pending],
  };
}
