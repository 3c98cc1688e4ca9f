/** Shares what is left of the day's quota among the resources that one process plans or sends at the same time. */

import { getIdentity, type Inputs } from "../schema/inputs.js";
import type { RefreshQuota } from "../vod/quota.js";
import { addCosts, type BatchPlan, type Cost, NO_COST, subtractCost } from "./batches.js";

/** What the service said is left at one moment. Each resource gets what the resources before it leave. */
export class QuotaSnapshot {
  private asked: Promise<RefreshQuota> | undefined;
  private readonly reservations = new Map<unknown, Cost>();

  constructor(private readonly ask: () => Promise<RefreshQuota>) {}

  /** What the service says is left. It is asked only once. */
  quota(): Promise<RefreshQuota> {
    this.asked ??= this.ask();
    return this.asked;
  }

  /**
   * Reserves the part of a resource. It does so synchronously, so that no other resource comes in between. A resource
   * that comes again keeps its place.
   *
   * @param quota what {@link quota} returned.
   * @returns the calls of the resource, and what was left before them.
   */
  reserve(
    resource: unknown,
    quota: RefreshQuota,
    plan: (left: RefreshQuota) => BatchPlan,
  ): { batchPlan: BatchPlan; left: RefreshQuota } {
    let before = NO_COST;
    for (const [other, cost] of this.reservations) {
      if (other === resource) break;
      before = addCosts(before, cost);
    }
    const left = subtractCost(quota, before);
    const batchPlan = plan(left);
    this.reservations.set(resource, batchPlan.exceeded ? NO_COST : batchPlan.cost);
    return { batchPlan, left };
  }
}

/**
 * For how long, in milliseconds, resources send by what the service said is left, minus what was sent since. Otherwise
 * 200 resources that are sent one after the other would ask 200 times, and wait as long for the answers as for their
 * refreshes.
 */
const FRESH_MS = 5_000;

/** Called with a line when the answer takes longer. */
type OnWait = (line: string) => void;

/** The snapshot by which resources send. */
interface Lease {
  snapshot: QuotaSnapshot;
  since: number;
  /** How many resources are sending right now. */
  senders: number;
}

/** The snapshots of each caller: one for its previews, and another, as long as it is fresh, for its calls. */
export class QuotaBudget {
  private readonly previewed = new Map<string, { snapshot: QuotaSnapshot; since: number }>();
  /** Undefined after a failure, since nobody knows then what is left. */
  private readonly sending = new Map<string, Lease | undefined>();

  constructor(
    private readonly ask: (inputs: Inputs, onWait?: OnWait) => Promise<RefreshQuota>,
    private readonly now: () => Date,
  ) {}

  /** The snapshot for previews. It isn't renewed: what is sent meanwhile was planned before, and is in it. */
  forPreview(inputs: Inputs, onWait?: OnWait): QuotaSnapshot {
    const key = buildKey(inputs);
    const previewed = this.previewed.get(key) ?? {
      snapshot: new QuotaSnapshot(() => this.ask(inputs, onWait)),
      since: this.now().getTime(),
    };
    this.previewed.set(key, previewed);
    return previewed.snapshot;
  }

  /**
   * Lends a snapshot to a resource that sends. The service is asked again, unless the snapshot is fresh or another
   * resource is sending right now: nobody can tell how much of that one's calls an answer would count, so that both go
   * by what was left before. The first resource goes by the snapshot of the preview, if that is fresh.
   */
  async withLease<T>(inputs: Inputs, send: (snapshot: QuotaSnapshot) => Promise<T>, onWait?: OnWait): Promise<T> {
    const key = buildKey(inputs);
    const now = this.now().getTime();
    const last = this.sending.get(key);
    const isValid = last !== undefined && (last.senders > 0 || now - last.since < FRESH_MS);
    const lease = isValid ? last : this.newLease(inputs, key, now, onWait);
    this.sending.set(key, lease);
    lease.senders++;
    try {
      return await send(lease.snapshot);
    } catch (error) {
      this.sending.set(key, undefined);
      throw error;
    } finally {
      lease.senders--;
    }
  }

  private newLease(inputs: Inputs, key: string, now: number, onWait: OnWait | undefined): Lease {
    const previewed = this.previewed.get(key);
    if (this.sending.has(key) || previewed === undefined || now - previewed.since >= FRESH_MS) {
      return { snapshot: new QuotaSnapshot(() => this.ask(inputs, onWait)), since: now, senders: 0 };
    }
    const { snapshot, since } = previewed;
    return {
      snapshot: new QuotaSnapshot(() => snapshot.quota().catch(() => this.ask(inputs, onWait))),
      since,
      senders: 0,
    };
  }
}

/** Identifies a caller by who asks and where, since another caller may have another quota. */
function buildKey(inputs: Inputs): string {
  return JSON.stringify([inputs.endpoint, getIdentity(inputs)]);
}
