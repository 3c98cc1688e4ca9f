/** The outputs of a resource after a deployment, and the error that keeps them if it failed. */

import { findDirectoryKinds } from "../plan/batches.js";
import { describePending } from "../plan/describe.js";
import type { PreloadFailure } from "../plan/held-back.js";
import { keepRequestKinds } from "../plan/plan.js";
import { describeTornPlaylists } from "../plan/playlists.js";
import { type State, toOutputs, withoutSubmission, withSubmission } from "../plan/state.js";
import { isPreload } from "../schema/call-types.js";
import type { Inputs, ResourceKind } from "../schema/inputs.js";
import { hasExpiredRecords } from "../tasks/outstanding.js";
import type { SubmitResult } from "../tasks/submit.js";
import { VodError } from "../vod/errors.js";
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
  { log, secretPaths }: CallContext,
): Properties {
  const properties = toOutputs(stateAfter(deployment, result), kind);
  if (result.outcome === "unchanged") return properties;
  const torn = findTornPlaylists(deployment, result.submission, secretPaths);
  if (result.submission.failure === undefined) {
    if (torn !== "") log.warning(torn);
    return properties;
  }
  const reason = withPending(result.submission.failure, deployment, result.submission, torn).message;
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
  const { unconfirmed, batches } = result.submission;
  const pending = [...new Set([...result.submission.pending, ...held.keys()])];
  const failures = findFailures(deployment, result.submission);
  const submission = {
    ...result.submission,
    pending,
    failures,
    removed: new Map([
      ...keepRequestKinds([...pending, ...unconfirmed], plan, baseline),
      ...findDirectoryKinds(batches, unconfirmed),
    ]),
  };
  if (result.outcome === "waited") {
    return { ...withSubmission(inputs, unchanged, submission, current), refreshed: unchanged.refreshed };
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

/** Which playlists were refreshed without their segments. Nothing of a preload is old. */
function findTornPlaylists({ inputs }: Deployment, { accepted, pending }: SubmitResult, areSecret = false): string {
  return isPreload(inputs.objectType) ? "" : describeTornPlaylists(accepted, pending, areSecret);
}

/** A failure with how much of the plan it left. */
function withPending(
  failure: VodError,
  { plan, inputs }: Deployment,
  { pending }: SubmitResult,
  torn: string,
): VodError {
  const sentences = [describePending(new Set(pending), plan, inputs), torn === "" ? "" : `${torn}.`];
  const left = sentences.filter(Boolean).join(" ");
  return left === "" ? failure : new VodError(failure.happened, `${failure.remedy} ${left}`, failure);
}

/** Whether a failure is only a warning: what it left is pending all the same. */
export function warnsOnFailure({ onFailure }: Inputs): boolean {
  return onFailure === "warn";
}
