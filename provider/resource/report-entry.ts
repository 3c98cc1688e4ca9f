/** Builds the entry of a resource in a report, from what is due, what was sent and how that ended. */
import { type BatchPlan, type Cost, findCollapsed, QUOTAS } from "../plan/batches.js";
import { nextTry, type PreloadFailure } from "../plan/held-back.js";
import type { Reserve } from "../plan/reserve.js";
import type { QuotaName } from "../schema/call-types.js";
import type { RefreshStatus } from "../schema/enums.js";
import type { ResourceKind } from "../schema/inputs.js";
import type { PathList, QuotaUse, ReportEntry } from "../schema/report.js";
import { PATHS_REPORTED } from "../schema/report-form.js";
import type { SubmitResult } from "../tasks/submit.js";
import { HIDDEN, showLine, showWholePath } from "../text/show.js";
import type { CredentialsSource } from "../vod/credentials.js";
import type { VodError } from "../vod/errors.js";
import { formatNumber, pluralize } from "../vod/format.js";
import { describeNextDay, isQuotaExceeded, nextDay, type RefreshQuota } from "../vod/quota.js";
import type { CallContext } from "./context.js";
import type { Deployment } from "./deployment.js";

/** Whose entry it is, and what may be shown in it. */
export interface EntrySubject extends Pick<CallContext, "name" | "urn" | "secretPaths"> {
  kind: ResourceKind;
}

/** Who calls, and where. */
export interface CallPlace {
  source: CredentialsSource | undefined;
  endpoint: string | undefined;
}

/** What a deployment plans, as far as it is known. */
type Planned = Pick<Deployment, "state" | "plan" | "held" | "reserve" | "outstanding">;

/** How a create or an update ended. */
export interface EntryEnd {
  status: RefreshStatus;
  submission: SubmitResult | undefined;
  /** What is pending and unconfirmed after it. */
  pending: readonly string[];
  unconfirmed: readonly string[];
  /** The preloads among these that the origin refused. */
  held: ReadonlyMap<string, PreloadFailure>;
  /** Whether the program takes a failure for a warning. */
  warns: boolean;
  /** Whether the resource is not in the state, since nothing of it was accepted. */
  isMissing: boolean;
}

const NO_PATHS: PathList = { count: 0, paths: [] };

/** The names of the quotas in outputs. */
const QUOTA_KEY: Readonly<Record<QuotaName, keyof ReportEntry["quota"]>> = {
  urls: "urls",
  directories: "directories",
  preload: "preloads",
  regex: "regex",
  ignoreParams: "ignoreParams",
};

const ONLY_CHANGES = "The next update sends only what changes until then.";

/** The entry of a preview that can't tell yet what is due. */
export function unknownEntry(subject: EntrySubject, status: RefreshStatus, now: Date): ReportEntry {
  return {
    ...emptyEntry(subject, status, now),
    outcome: "unknown",
    nextUpdate: "The update decides what is sent: it depends on an input that isn't known yet.",
  };
}

/** The entry of a resource in which nothing is due. */
export function unchangedEntry(
  subject: EntrySubject,
  status: RefreshStatus,
  held: ReadonlyMap<string, PreloadFailure>,
  now: Date,
): ReportEntry {
  return {
    ...emptyEntry(subject, status, now),
    pending: listPaths([...held.keys()], subject),
    nextUpdate: describeHeld(held) || ONLY_CHANGES,
  };
}

/**
 * The entry of a plan.
 *
 * @param batchPlan undefined as long as nobody knows what is left of the day.
 * @param quota what was left of the day before it; undefined if that isn't known.
 */
export function planEntry(
  subject: EntrySubject,
  { state, plan, held, reserve, outstanding }: Planned,
  { batchPlan, quota }: { batchPlan: BatchPlan | undefined; quota: RefreshQuota | undefined },
  { source, endpoint }: CallPlace,
  now: Date,
): ReportEntry {
  const exceeded = batchPlan?.exceeded ?? false;
  const kept = exceeded ? plan.paths : (batchPlan?.deferred ?? []);
  const isDue = plan.paths.length > 0;
  const directories = findCollapsed(batchPlan?.batches ?? []);
  return {
    ...emptyEntry(subject, state?.status ?? "NotSubmitted", now),
    outcome: isDue ? "planned" : "unchanged",
    due: {
      ...listPaths(plan.paths, subject),
      total: plan.total,
      atMost: plan.unknown > 0,
      reasons: plan.groups.map(({ reason, count }) => ({ reason, count })),
    },
    exceeded,
    ...(batchPlan && batchPlan.collapsed > 0
      ? { collapsed: { urls: batchPlan.collapsed, directories: listPaths(directories, subject) } }
      : {}),
    quota:
      batchPlan === undefined ? {} : useQuota(batchPlan.cost, exceeded ? undefined : batchPlan.cost, quota, reserve),
    ...(isDue ? { quotaResetsAt: nextDay(now).toISOString() } : {}),
    plannedCalls: batchPlan?.batches.length ?? 0,
    pending: listPaths([...kept, ...held.keys()], subject),
    unconfirmed: listPaths(outstanding.paths, subject),
    nextUpdate: describeUpdate(plan.paths.length, batchPlan, held, outstanding.paths.length, now),
    ...(source === undefined ? {} : { caller: describeCaller(source) }),
    ...(endpoint === undefined ? {} : { endpoint: showLine(endpoint) }),
  };
}

/** The entry of a create or an update that began. */
export function startedEntry(entry: ReportEntry, isNew: boolean, startedAt: string): ReportEntry {
  return {
    ...entry,
    operation: isNew ? "create" : "update",
    outcome: "running",
    startedAt,
    nextUpdate:
      "The update hadn't ended when this was written; the next one sends what the state doesn't have as sent.",
  };
}

/** The entry after calls were accepted: as long as it runs, and at its end. */
export function submittedEntry(
  entry: ReportEntry,
  { batches, refreshTaskIds, requestIds, cost, submittedAt }: SubmitResult,
): ReportEntry {
  if (batches.length === 0) return { ...entry, quota: spendQuota(entry.quota, undefined) };
  return {
    ...entry,
    calls: batches.map(({ objectType, paths }, index) => ({
      objectType,
      paths: paths.length,
      taskIds: (refreshTaskIds[index] ?? "").split(",").filter(Boolean).map(showId),
    })),
    requestIds: requestIds.map(showId),
    quota: spendQuota(entry.quota, cost),
    submittedAt,
  };
}

/** The entry of a create or an update that ended. */
export function endedEntry(
  entry: ReportEntry,
  subject: EntrySubject,
  { status, submission, pending, unconfirmed, held, warns, isMissing }: EntryEnd,
  now: Date,
): ReportEntry {
  const sent = submission === undefined ? entry : submittedEntry(entry, submission);
  const failure = submission?.failure;
  const isStale = (submission?.stale?.length ?? 0) > 0;
  return {
    ...sent,
    outcome: failure ? (warns ? "warned" : "failed") : submission === undefined ? "unchanged" : "succeeded",
    status,
    pending: listPaths(pending, subject),
    unconfirmed: listPaths(unconfirmed, subject),
    ...(submission?.verified ? { verified: countVerified(submission.verified) } : {}),
    ...(failure ? { error: describeError(failure) } : {}),
    nextUpdate: isMissing
      ? "The resource isn't in the state: the next update creates it and sends everything."
      : describeNext(
          { pending: pending.length - held.size, unconfirmed: unconfirmed.length, held, failure, isStale },
          now,
        ),
    finishedAt: now.toISOString(),
  };
}

function emptyEntry({ kind, name = "", urn }: EntrySubject, status: RefreshStatus, now: Date): ReportEntry {
  return {
    name: showLine(name),
    type: kind.name,
    ...(urn === undefined ? {} : { urn: showLine(urn) }),
    operation: "preview",
    outcome: "unchanged",
    status,
    exceeded: false,
    quota: {},
    plannedCalls: 0,
    calls: [],
    requestIds: [],
    pending: NO_PATHS,
    unconfirmed: NO_PATHS,
    nextUpdate: ONLY_CHANGES,
    plannedAt: now.toISOString(),
  };
}

/** The first of the paths, or only their number if they are secret. */
function listPaths(paths: readonly string[], { secretPaths = false }: EntrySubject): PathList {
  if (paths.length === 0) return NO_PATHS;
  const named = secretPaths ? [HIDDEN] : paths.slice(0, PATHS_REPORTED).map(showWholePath);
  return { count: paths.length, paths: named };
}

function countVerified({ fresh, stale, notVerifiable }: NonNullable<SubmitResult["verified"]>) {
  return { fresh, stale, notVerifiable };
}

/** An ID as the service writes it: it is short. */
function showId(id: string): string {
  return showLine(id, 200);
}

function describeError({ message, code, httpStatus, requestId }: VodError): ReportEntry["error"] {
  return {
    message: showLine(message),
    code: showLine(code, 200),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(requestId === undefined ? {} : { requestId: showId(requestId) }),
  };
}

function describeCaller({ description, accessKeyIdEnd, role }: CredentialsSource): ReportEntry["caller"] {
  return {
    source: showLine(description),
    ...(accessKeyIdEnd === undefined ? {} : { accessKeyIdEnd: showLine(accessKeyIdEnd) }),
    ...(role === undefined ? {} : { role: showLine(role) }),
  };
}

/** What calls cost, and what they leave. @param spent what is really sent of it; undefined for nothing. */
function useQuota(
  cost: Cost,
  spent: Cost | undefined,
  quota: RefreshQuota | undefined,
  reserve: Reserve,
): ReportEntry["quota"] {
  const uses = QUOTAS.filter((name) => cost[name] > 0).map((name): [string, QuotaUse] => {
    const day = quota?.[name];
    const known = day && {
      before: day.remain,
      after: Math.max(0, day.remain - (spent?.[name] ?? 0)),
      limit: day.quota,
    };
    const kept = reserve[name] === undefined ? {} : { reserve: reserve[name].count };
    return [QUOTA_KEY[name], { cost: cost[name], ...known, ...kept }];
  });
  return Object.fromEntries(uses);
}

/** The quota after calls. What the plan didn't foresee has no figure of what is left. */
function spendQuota(planned: ReportEntry["quota"], spent: Cost | undefined): ReportEntry["quota"] {
  const uses = QUOTAS.flatMap((name): [string, QuotaUse][] => {
    const { cost = 0, before, after: _, ...rest } = planned[QUOTA_KEY[name]] ?? {};
    const used = spent?.[name] ?? 0;
    if (cost === 0 && used === 0) return [];
    const after = before === undefined ? {} : { before, after: Math.max(0, before - used) };
    return [[QUOTA_KEY[name], { cost: spent === undefined ? cost : used, ...after, ...rest }]];
  });
  return Object.fromEntries(uses);
}

function describeUpdate(
  due: number,
  batchPlan: BatchPlan | undefined,
  held: ReadonlyMap<string, PreloadFailure>,
  unconfirmed: number,
  now: Date,
): string {
  const { exceeded = false, deferred = [], batches = [] } = batchPlan ?? {};
  const sentences = [describeHeld(held), describeUnconfirmed(unconfirmed)];
  if (exceeded) {
    sentences.unshift(
      `The update sends nothing and fails: today's quota has no room for ${pluralize(due, "path")}; it resets at ${describeNextDay(now)}.`,
    );
  } else if (due > 0) {
    const calls = batches.length === 0 ? "" : ` in ${pluralize(batches.length, "call")}`;
    const rest = deferred.length === 0 ? "" : `, and defers ${formatNumber(deferred.length)} to the next one`;
    sentences.unshift(`The update sends ${pluralize(due - deferred.length, "path")}${calls}${rest}.`);
  }
  return sentences.filter(Boolean).join(" ") || ONLY_CHANGES;
}

interface Rest {
  /** How many paths are pending and not held back. */
  pending: number;
  unconfirmed: number;
  held: ReadonlyMap<string, PreloadFailure>;
  failure: VodError | undefined;
  /** Whether some of the pending paths are stale at the edge. */
  isStale: boolean;
}

function describeNext({ pending, unconfirmed, held, failure, isStale }: Rest, now: Date): string {
  // Without a failure, only the quota keeps an update from sending everything, or the edge from being fresh.
  const isQuota = failure === undefined ? !isStale : isQuotaExceeded(failure.code);
  const reset = isQuota ? `; today's quota resets at ${describeNextDay(now)}` : "";
  const sentences = [
    pending <= 0 ? "" : `The next update sends ${pluralize(pending, "pending path")}${reset}.`,
    describeUnconfirmed(unconfirmed),
    describeHeld(held),
  ];
  return sentences.filter(Boolean).join(" ") || ONLY_CHANGES;
}

function describeUnconfirmed(count: number): string {
  return count === 0 ? "" : `The next update waits for ${pluralize(count, "unconfirmed path")}.`;
}

function describeHeld(held: ReadonlyMap<string, PreloadFailure>): string {
  if (held.size === 0) return "";
  const again = nextTry(held.values()).toISOString();
  return `${pluralize(held.size, "URL")} that the origin refused ${held.size === 1 ? "is" : "are"} held back until ${again}.`;
}
