/** The outputs of a resource after a deployment, and the error that keeps them if it failed. */
import type { PreloadFailure } from "../plan/held-back.js";
import { keepRequestKinds } from "../plan/plan.js";
import { type State, toOutputs, withoutSubmission, withSubmission } from "../plan/state.js";
import { OPERATION_WORDS } from "../schema/call-types.js";
import type { Inputs, ResourceKind } from "../schema/inputs.js";
import { hasExpiredRecords } from "../tasks/outstanding.js";
import type { SubmitResult } from "../tasks/submit.js";
import type { VodError } from "../vod/errors.js";
import { formatNumber } from "../vod/format.js";
import type { CallContext, Properties } from "./context.js";
import type { Deployment, DeployResult } from "./deployment.js";

/** A failure after which the engine keeps the resource, with these properties, and updates it again next time. */
export class ResourceInitFailedError extends Error {
  constructor(
    readonly id: string,
    readonly properties: Properties,
    readonly reasons: readonly string[],
  ) {
    super(reasons.join(" "));
  }
}

/**
 * The outputs after a deployment.
 *
 * @throws ResourceInitFailedError with these outputs if it failed, unless the program takes that for a warning.
 */
export function outputsAfter(
  kind: ResourceKind,
  id: string,
  deployment: Deployment,
  result: DeployResult,
  { log }: CallContext,
): Properties {
  const properties = toOutputs(stateAfter(deployment, result), kind);
  const failure = result.outcome === "unchanged" ? undefined : result.submission.failure;
  if (failure === undefined) return properties;
  const reason = failure.message + describeRest(kind, deployment, result);
  if (!warnsOnFailure(deployment.inputs)) throw new ResourceInitFailedError(id, properties, [reason]);
  log.warning(reason);
  return properties;
}

/** Why nothing was accepted of what had to be sent; undefined if something was, or if the program takes that for a warning. */
export function findRejection(deployment: Deployment, result: DeployResult): VodError | undefined {
  if (result.outcome === "unchanged" || result.submission.batches.length > 0) return undefined;
  return warnsOnFailure(deployment.inputs) ? undefined : result.submission.failure;
}

function stateAfter(deployment: Deployment, result: DeployResult): State {
  const { inputs, state, baseline, current, plan, held, outstanding } = deployment;
  const unchanged = withoutSubmission(state, inputs, current, Object.fromEntries(held));
  if (result.outcome === "unchanged") return unchanged;
  const { unconfirmed } = result.submission;
  const pending = [...new Set([...result.submission.pending, ...held.keys()])];
  const failures = findFailures(deployment, result.submission);
  const submission = {
    ...result.submission,
    pending,
    failures,
    removed: keepRequestKinds([...pending, ...unconfirmed], plan, baseline),
  };
  if (result.outcome === "waited") {
    return { ...withSubmission(inputs, state, submission, current), refreshed: unchanged.refreshed };
  }
  // Paths that an update left without sending any have no tasks yet: the state has those of an earlier update.
  const isOnRecord = state !== undefined && !hasExpiredRecords(state, new Date(submission.submittedAt));
  const resumes = plan.paths.length === 0 || (plan.resumes && isOnRecord && state.refreshed.length > 0);
  const carriesOn = resumes || (unconfirmed.length > 0 && outstanding.taskIds.length > 0);
  return withSubmission(inputs, state, submission, current, { carriesOn });
}

/** Why preloads failed that are not tried again yet: those that were held back, and those that failed just now. */
function findFailures({ held, current }: Deployment, { lastingFailures, pending, submittedAt }: SubmitResult) {
  const failures: Record<string, PreloadFailure> = Object.fromEntries(held);
  for (const path of pending) {
    // A path that was to be tried again, and wasn't sent, is tried by the next update.
    const reason = lastingFailures?.get(path);
    const hash = current.get(path);
    if (reason !== undefined && hash !== undefined) failures[path] = { reason, at: submittedAt, hash };
  }
  return failures;
}

/** How much was done before a failure. */
function describeRest(kind: ResourceKind, { plan }: Deployment, result: DeployResult): string {
  const pending = new Set(result.outcome === "unchanged" ? [] : result.submission.pending);
  const all = plan.paths.length;
  if (pending.size === 0 || all === 0) return "";
  const done = plan.paths.filter((path) => !pending.has(path)).length;
  const verb = OPERATION_WORDS[kind.operation].done;
  const mayBeMore = result.outcome !== "unchanged" && result.submission.failure?.outcomeUnknown === true;
  return (
    ` ${verb} ${mayBeMore ? "for certain " : ""}before that: ${formatNumber(done)} of ${formatNumber(all)} ${all === 1 ? "path" : "paths"}; ` +
    "the next update sends the rest."
  );
}

/** Whether a failure is only a warning: what it left is pending all the same. */
export function warnsOnFailure({ onFailure }: Inputs): boolean {
  return onFailure === "warn";
}
