/** Verifies at the edge what a deployment sent. What asks the edge is loaded only if the program wants that. */
import { statIfThere } from "../content/files.js";
import type { FoundFile, Target } from "../edge/targets.js";
import type { Verification } from "../edge/verify.js";
import type { BatchPlan } from "../plan/batches.js";
import type { Verify } from "../schema/call-inputs.js";
import { getOperation, isPreload } from "../schema/call-types.js";
import { getContent, getVerify, type Inputs } from "../schema/inputs.js";
import { candidateFiles } from "../source/source.js";
import type { SubmitResult } from "../tasks/submit.js";
import { info, type Line } from "../text/log.js";
import { resolveProxy } from "../vod/endpoint.js";
import { agentFor } from "../vod/http-agent.js";
import type { Runtime } from "./clients.js";
import type { CallContext } from "./context.js";
import type { Deployment } from "./deployment.js";

/** What an earlier update sent, and this one saw to its end. */
const SENT_EARLIER = "unconfirmed";

/** Describes what will be verified of a plan; nothing if it isn't, or nothing is sent. */
export async function describeVerification(
  { plan, inputs, reasons }: Pick<Deployment, "plan" | "inputs" | "reasons">,
  { deferred, exceeded }: Pick<BatchPlan, "deferred" | "exceeded">,
): Promise<Line[]> {
  const verify = getVerify(inputs);
  if (verify === undefined || exceeded || plan.paths.length === deferred.length) return [];
  const [{ chooseSample }, { listCandidates }, { describePlanned }] = await Promise.all([
    import("../edge/sample.js"),
    import("../edge/targets.js"),
    import("../edge/describe.js"),
  ]);
  const isDeferred = new Set(deferred);
  const candidates = listCandidates({ plan, inputs }, reasons).filter(({ path }) => !isDeferred.has(path));
  const asked = chooseSample(candidates, verify.sample).length;
  return [info(describePlanned(asked, plan.paths.length - deferred.length, plan.unknown > 0 ? "up to " : ""))];
}

/**
 * Asks the edge for what a deployment sent and saw complete. What is stale is pending from then on, and fails the deployment unless the
 * program takes it for a warning; if it has failed already, the edge is asked once.
 *
 * @param sentAt when the first call was about to be sent.
 */
export async function verifySubmission(
  deployment: Deployment,
  submission: SubmitResult,
  sentAt: Date,
  runtime: Runtime,
  context: CallContext,
): Promise<SubmitResult> {
  const { inputs } = deployment;
  const verify = getVerify(inputs);
  if (verify === undefined) return submission;
  const targets = await findTargets(deployment, submission, sentAt, verify);
  if (targets.length === 0) return submission;
  const seen = await look(targets, verify, submission.failure !== undefined, runtime, context);
  const { log, secretPaths } = context;
  const words = await import("../edge/describe.js");
  const { fresh, stale, notVerifiable, cancelled } = seen;
  const paths = stale.map(({ path }) => path);
  const verified: SubmitResult = {
    ...submission,
    pending: [...new Set([...submission.pending, ...paths])],
    stale: paths,
    verified: {
      fresh: fresh.length,
      stale: stale.length,
      notVerifiable: notVerifiable.length,
      at: runtime.now().toISOString(),
    },
  };
  if (cancelled) return { failure: words.cancelledVerification(seen), ...verified };
  log.info(words.describeVerified(seen));
  if (notVerifiable.length > 0) log.info(words.describeNotVerifiable(notVerifiable, secretPaths));
  if (stale.length === 0) return verified;
  const waited = submission.failure === undefined ? verify.timeout : 0;
  const happened = words.describeStale(stale, targets.length, waited, secretPaths);
  if (verify.onFailure === "fail" && submission.failure === undefined) {
    return { ...verified, failure: words.staleError(happened, getOperation(inputs.objectType)) };
  }
  log.warning(words.describeStaleWarning(happened));
  return verified;
}

/** A sample of what was sent and is complete, and of what the last update sent and is complete only now. */
async function findTargets(
  { plan, inputs, reasons, state, current, outstanding }: Deployment,
  submission: SubmitResult,
  sentAt: Date,
  { sample }: Verify,
): Promise<Target[]> {
  const [{ chooseSample }, { expectPath, listCandidates, listCompleted, urlOf }] = await Promise.all([
    import("../edge/sample.js"),
    import("../edge/targets.js"),
  ]);
  const sent = { plan, inputs, current };
  const completed = listCompleted(submission.batches, submission);
  const open = new Set([...submission.unconfirmed, ...submission.pending, ...completed]);
  const earlier = expandDirectories(
    outstanding.paths.filter((path) => !open.has(path)),
    current,
    outstanding.removed,
  );
  const candidates = [
    ...listCandidates(sent, reasons).filter(({ path }) => completed.has(path)),
    ...listCandidates(
      { ...sent, plan: { ...plan, paths: earlier }, removed: outstanding.removed },
      new Map(earlier.map((path) => [path, SENT_EARLIER])),
    ),
  ];
  const find = fileFinder(inputs);
  return Promise.all(
    chooseSample(candidates, sample).map(async (candidate) => ({
      ...candidate,
      ...(await expectPath(candidate.path, sent, find)),
      url: urlOf(candidate.path),
      since: findSince(inputs, candidate.reason === SENT_EARLIER ? (state?.submittedAt ?? sentAt) : sentAt),
    })),
  );
}

/** The URLs below the directories that were sent in their place: a URL may have the name of one. */
function expandDirectories(
  paths: readonly string[],
  current: Deployment["current"],
  kinds: Deployment["outstanding"]["removed"],
): string[] {
  const urls = [...current.keys()];
  const expanded = paths.flatMap((path) => {
    const isDirectory = kinds?.get(path)?.objectType === "Directory";
    const below = isDirectory ? urls.filter((url) => url.startsWith(path)) : [];
    return below.length > 0 ? below : [path];
  });
  return [...new Set(expanded)];
}

/** From when on a copy is new: from the refresh on, also for the preload that follows it. */
function findSince({ objectType, refresh }: Inputs, sentAt: Date | string): number {
  const refreshedAt = isPreload(objectType) ? refresh?.submittedAt : undefined;
  return new Date(refreshedAt ?? sentAt).getTime();
}

/** Finds the file that is served at a URL, with its size; nothing if that may be one of several. */
function fileFinder(inputs: Inputs): (url: string) => Promise<FoundFile | undefined> {
  const content = getContent(inputs);
  if (content.mode !== "source") return async () => undefined;
  return async (url) => {
    const found: FoundFile[] = [];
    for (const path of candidateFiles(content.source, url)) {
      const stats = await statIfThere(path);
      if (stats?.isFile()) found.push({ path, size: stats.size });
    }
    return found.length === 1 ? found[0] : undefined;
  };
}

async function look(
  targets: readonly Target[],
  { timeout, headers, address }: Verify,
  hasFailed: boolean,
  { now, sleep, random, environment, edgeAgent }: Runtime,
  { log, signal }: CallContext,
): Promise<Verification> {
  const [{ EdgeClient }, { countConnections, verifyTargets }] = await Promise.all([
    import("../edge/ask.js"),
    import("../edge/verify.js"),
  ]);
  const clock = () => now().getTime();
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address ?? "") ?? [];
  const client = new EdgeClient({
    ...(address === undefined ? {} : { address: { host: host.replace(/^\[|\]$/g, ""), port: Number(port) } }),
    headers,
    agentFor:
      edgeAgent ??
      ((origin) => agentFor(origin, address === undefined ? resolveProxy(origin, environment) : undefined)),
    connections: countConnections(targets.length),
    now: clock,
    signal,
  });
  try {
    return await verifyTargets(targets, {
      timeoutMs: hasFailed ? 0 : timeout * 1_000,
      ask: (target) => client.ask(target),
      now: clock,
      sleep,
      random,
      signal,
      onProgress: log.progress,
    });
  } finally {
    await client.close();
  }
}
