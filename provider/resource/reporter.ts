/** Shows a plan in lines beside the resource. */
import type { Manifest } from "../manifest/manifest.js";
import { type BatchPlan, planBatches } from "../plan/batches.js";
import {
  describeHeldBack,
  describeOutstanding,
  describePlan,
  describeRecorded,
  describeRepeated,
  describeUnkeptReserve,
} from "../plan/describe.js";
import type { QuotaSnapshot } from "../plan/quota-budget.js";
import { withoutReserve } from "../plan/reserve.js";
import { getOperation } from "../schema/call-types.js";
import type { Inputs } from "../schema/inputs.js";
import { type Line, write } from "../text/log.js";
import { untilCancelled } from "../vod/cancellation.js";
import { asVodError } from "../vod/errors.js";
import { domainOf } from "../vod/paths.js";
import type { RefreshQuota } from "../vod/quota.js";
import type { CallContext } from "./context.js";
import type { Deployment } from "./deployment.js";
import { describeVerification } from "./verification.js";

/** Which day a plan is reported against, and as whose. */
interface QuotaShare {
  snapshot: QuotaSnapshot;
  /** By what its part of the day is known. */
  resource: unknown;
}

/** A resource that sends a path. */
interface Sender {
  urn: string;
  name: string;
}

export class Reporter {
  private readonly shown = new Map<string | undefined, string>();
  /** The resource that sends each path, by path and kind of copy. */
  private readonly senders = new Map<string, Sender>();
  private readonly unknownQuotas = new Set<string>();

  constructor(private readonly now: () => Date) {}

  /**
   * Shows a plan, with what it costs of the day.
   *
   * @returns the calls within its part of the day, and what was left before it; undefined if that isn't known.
   */
  async reportPlan(
    { inputs, state, plan, reasons, held, current, reserve, outstanding }: Deployment,
    { snapshot, resource }: QuotaShare,
    context: CallContext,
  ): Promise<{ batchPlan: BatchPlan; quota: RefreshQuota | undefined }> {
    const asked = plan.paths.length === 0 ? undefined : await this.askQuota(snapshot, context);
    const allot = (left?: RefreshQuota) =>
      planBatches(plan, inputs, namesDomain(current, inputs), left && withoutReserve(left, reserve));
    const { batchPlan, left: quota } =
      asked === undefined ? { batchPlan: allot(), left: undefined } : snapshot.reserve(resource, asked, allot);
    const { secretPaths = false } = context;
    const recordsOnly = state === undefined && plan.paths.length === 0 && plan.total > 0;
    const lines = [
      ...(recordsOnly
        ? [describeRecorded(plan, inputs)]
        : describePlan({ plan, inputs, current, reserve }, batchPlan, quota, this.now(), secretPaths)),
      ...(quota === undefined ? describeUnkeptReserve(batchPlan, reserve) : []),
      ...this.describeRepeats(inputs, batchPlan, context),
      ...describeHeldBack(held, inputs, secretPaths),
      ...describeOutstanding(outstanding.paths, secretPaths),
      ...(await describeVerification({ plan, inputs, reasons }, batchPlan)),
    ];
    // An update that follows its preview in one process shows only what is different by now.
    const { urn, log } = context;
    const text = JSON.stringify(lines);
    if (this.shown.get(urn) !== text) write(log, lines);
    this.shown.set(urn, text);
    return { batchPlan, quota };
  }

  /** Shows that too little is known yet for a plan. */
  reportUnknown({ log }: CallContext): void {
    log.info("plan unknown until the update: it depends on an output that is not known yet");
  }

  /** Shows that nothing is to be done, which needs no line but for what is held back. */
  reportNothing(inputs: Inputs, held: Deployment["held"], { log, secretPaths }: CallContext): void {
    write(log, describeHeldBack(held, inputs, secretPaths));
  }

  /** Describes what other resources of this run send as well. The one that planned a path first has no line of it. */
  private describeRepeats(
    inputs: Inputs,
    { batches, exceeded }: BatchPlan,
    { urn, name = "", secretPaths }: CallContext,
  ): Line[] {
    if (urn === undefined || exceeded) return [];
    // Preloads of other copies are no repetitions.
    const copies = JSON.stringify([inputs.area, inputs.headers]);
    const repeats = new Map<string, string[]>();
    for (const path of batches.flatMap(({ paths }) => paths)) {
      const key = `${path} ${copies}`;
      const first: Sender = this.senders.get(key) ?? { urn, name };
      this.senders.set(key, first);
      if (first.urn === urn) continue;
      const repeated = repeats.get(first.name) ?? [];
      repeated.push(path);
      repeats.set(first.name, repeated);
    }
    const operation = getOperation(inputs.objectType);
    return Array.from(repeats, ([other, paths]) => describeRepeated(paths, other, operation, secretPaths));
  }

  /** Asks what is left of the day. A failure to ask is a warning, never an error: the service decides in the end. */
  private async askQuota(snapshot: QuotaSnapshot, { log, signal }: CallContext): Promise<RefreshQuota | undefined> {
    try {
      return await untilCancelled(signal, () => snapshot.quota());
    } catch (error) {
      if (signal?.aborted) throw error;
      // One reason holds for every resource of a process.
      const reason = asVodError(error);
      if (!this.unknownQuotas.has(reason.code)) {
        log.warning(`the remaining quota could not be read. ${reason.message}`);
      }
      this.unknownQuotas.add(reason.code);
      return undefined;
    }
  }
}

/** Which domains the program still names: a source names one even without a file. */
function namesDomain(current: Manifest, { source }: Inputs): (domain: string) => boolean {
  if (source !== undefined) return (domain) => domain === domainOf(source.baseUrl);
  const domains = new Set<string>();
  for (const path of current.keys()) domains.add(domainOf(path));
  return (domain) => domains.has(domain);
}
