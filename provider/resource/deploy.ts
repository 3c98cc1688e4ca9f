/** Carries a deployment out: waits for the refresh before it, sends within the day's quota, follows the tasks. */
import { type Batch, QUOTAS, sumCost } from "../plan/batches.js";
import { describeExceeded, describeRanOut, describeSubmitted } from "../plan/describe.js";
import type { QuotaBudget, QuotaSnapshot } from "../plan/quota-budget.js";
import { withoutReserve } from "../plan/reserve.js";
import { getWait } from "../schema/inputs.js";
import { awaitRefresh } from "../tasks/await-refresh.js";
import { nothingSent, rejected, type SubmitContext, type SubmitResult, submit } from "../tasks/submit.js";
import { trackTasks, waitForMergeWindow } from "../tasks/track.js";
import { asVodError, VodError } from "../vod/errors.js";
import { isQuotaExceeded } from "../vod/quota.js";
import { type Clients, type Runtime, retryLimits } from "./clients.js";
import type { CallContext } from "./context.js";
import { type Deployment, type DeployResult, waitsForOutstanding } from "./deployment.js";
import type { ReportWriter } from "./report-writer.js";
import type { Reporter } from "./reporter.js";
import { verifySubmission } from "./verification.js";

export class Deployer {
  constructor(
    private readonly runtime: Runtime,
    private readonly clients: Clients,
    private readonly quotas: QuotaBudget,
    private readonly reporter: Reporter,
    private readonly reports: ReportWriter,
  ) {}

  /** A failure to send or to follow is part of the result. */
  async deploy(deployment: Deployment, context: CallContext): Promise<DeployResult> {
    const { plan, outstanding, refusal } = deployment;
    await this.reports.reportStart(deployment, context);
    const reject = (failure: VodError): DeployResult => ({
      outcome: "submitted",
      submission: rejected(plan, this.runtime.now(), failure, outstanding),
    });
    if (refusal) return reject(refusal);
    if (plan.paths.length === 0) return this.waitForOutstanding(deployment, context);
    try {
      return { outcome: "submitted", submission: await this.sendAndTrack(deployment, context) };
    } catch (error) {
      return reject(asVodError(error));
    }
  }

  /** Waits for the tasks whose end the last update didn't see. */
  private async waitForOutstanding(deployment: Deployment, context: CallContext): Promise<DeployResult> {
    const { plan, outstanding } = deployment;
    if (!waitsForOutstanding(deployment)) return { outcome: "unchanged" };
    const now = this.runtime.now();
    const idle = nothingSent(plan, now, outstanding);
    const submission = await this.track(deployment, idle, this.submitContext(deployment, context));
    return {
      outcome: "waited",
      submission: await verifySubmission(deployment, submission, now, this.runtime, context),
    };
  }

  private async sendAndTrack(deployment: Deployment, context: CallContext): Promise<SubmitResult> {
    const { inputs, plan, current, outstanding } = deployment;
    const submitContext = this.submitContext(deployment, context);
    const refusal = await awaitRefresh(submitContext, inputs, current);
    if (refusal) return rejected(plan, this.runtime.now(), refusal, outstanding);
    await waitForMergeWindow(submitContext, outstanding.mergesUntil);
    const sentAt = this.runtime.now();
    const sent = await this.quotas.withLease(
      inputs,
      (snapshot) => this.sendWithinQuota(deployment, snapshot, submitContext, context),
      context.log.progress,
    );
    if (sent.batches.length > 0) {
      context.log.info(describeSubmitted(sent.batches, sent.refreshTaskIds));
      await this.reports.reportSubmitted(deployment, sent, context);
    }
    const submission = ignoreQuotaIfPartial(sent, deployment, submitContext);
    const hasTasks = sent.batches.length > 0 || (submission.failure === undefined && outstanding.taskIds.length > 0);
    if (!hasTasks) return { ...submission, unconfirmed: outstanding.paths };
    const tracked = await this.track(deployment, submission, submitContext);
    const settled = ignoreQuotaIfPartial(tracked, deployment, submitContext);
    return verifySubmission(deployment, settled, sentAt, this.runtime, context);
  }

  /** Shows the plan, and sends it unless the day's quota can't hold it. */
  private async sendWithinQuota(
    deployment: Deployment,
    snapshot: QuotaSnapshot,
    submitContext: SubmitContext,
    context: CallContext,
  ): Promise<SubmitResult> {
    const { inputs, plan, reserve, outstanding } = deployment;
    const { batchPlan, quota } = await this.reporter.reportPlan(deployment, { snapshot, resource: {} }, context);
    await this.reports.reportPlan(deployment, { batchPlan, quota }, context);
    if (!batchPlan.exceeded || quota === undefined) return submit(submitContext, plan, batchPlan);
    const now = this.runtime.now();
    const { happened, remedy } = describeExceeded(batchPlan, inputs, plan, quota, now, reserve);
    return rejected(plan, now, new VodError(happened, remedy, { code: "QuotaExceeded.Refresh" }), outstanding);
  }

  /** Follows tasks to their end if the inputs ask for that. */
  private async track(
    { inputs, plan, current, outstanding }: Deployment,
    submission: SubmitResult,
    submitContext: SubmitContext,
  ): Promise<SubmitResult> {
    const wait = getWait(inputs);
    if (wait === undefined) return { ...submission, unconfirmed: outstanding.paths };
    return trackTasks(submitContext, plan, submission, { wait, outstanding, named: current, inputs });
  }

  /** Takes room for a retry from what is left of the day above the reserve. If that isn't known, the service decides. */
  private async takeRoom({ inputs, reserve }: Deployment, batches: readonly Batch[]): Promise<boolean> {
    const cost = sumCost(batches);
    const take = async (snapshot: QuotaSnapshot) =>
      snapshot.reserve({}, await snapshot.quota(), (left) => {
        const free = withoutReserve(left, reserve);
        const exceeded = QUOTAS.some((name) => cost[name] > (free[name]?.remain ?? Number.POSITIVE_INFINITY));
        return { batches, cost, deferred: [], collapsed: 0, exceeded };
      });
    try {
      return !(await this.quotas.withLease(inputs, take)).batchPlan.exceeded;
    } catch {
      return true;
    }
  }

  private submitContext(deployment: Deployment, { log, secretPaths, signal }: CallContext): SubmitContext {
    const { inputs, state, reserve } = deployment;
    const keepsReserve = Object.keys(reserve).length > 0;
    const { now, sleep, random } = this.runtime;
    return {
      client: this.clients.submitClient(inputs),
      preload: inputs,
      olderTaskIds: state?.taskIds,
      log,
      now,
      retry: retryLimits(inputs),
      hasRoomFor: keepsReserve ? (batches) => this.takeRoom(deployment, batches) : undefined,
      secretPaths,
      signal,
      ...(sleep ? { sleep } : {}),
      ...(random ? { random } : {}),
    };
  }
}

/** With `partial`, a quota that runs out on the way is no failure: the rest is sent another day. */
function ignoreQuotaIfPartial(
  submission: SubmitResult,
  { inputs, plan }: Deployment,
  { log, now }: SubmitContext,
): SubmitResult {
  const { failure, ...rest } = submission;
  // With nothing left to send, it was a question that failed, and not a call.
  if (inputs.quota.onExceeded !== "partial" || submission.pending.length === 0) return submission;
  if (failure === undefined || !isQuotaExceeded(failure.code)) return submission;
  log.warning(describeRanOut(submission.pending, plan, inputs, now()));
  return rest;
}
