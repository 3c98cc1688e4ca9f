/** What is left of the day's quota for several resources that one process plans or sends at once. */

import { type Inputs, identityOf } from "../schema/inputs.js";
import type { RefreshQuota } from "../vod/quota.js";
import { addCosts, type BatchPlan, type Cost, NO_COST, subtractCost } from "./batches.js";

/** The day as the service told it at a moment, of which each resource has what those before it leave. */
export class QuotaSnapshot {
  private asked: Promise<RefreshQuota> | undefined;
  private readonly reservations = new Map<unknown, Cost>();

  constructor(private readonly ask: () => Promise<RefreshQuota>) {}

  /** What the service says is left. It is asked once. */
  quota(): Promise<RefreshQuota> {
    this.asked ??= this.ask();
    return this.asked;
  }

  /**
   * Allots a resource its part. It does so at once, so that nobody else looks at the day in between; a resource that comes
   * again keeps its place.
   *
   * @param quota what {@link quota} said.
   * @returns the part, and what was left before it.
   */
  reserve(
    resource: unknown,
    quota: RefreshQuota,
    allot: (left: RefreshQuota) => BatchPlan,
  ): { batchPlan: BatchPlan; left: RefreshQuota } {
    let before = NO_COST;
    for (const [other, cost] of this.reservations) {
      if (other === resource) break;
      before = addCosts(before, cost);
    }
    const left = subtractCost(quota, before);
    const batchPlan = allot(left);
    this.reservations.set(resource, batchPlan.exceeded ? NO_COST : batchPlan.cost);
    return { batchPlan, left };
  }
}

/**
 * For how long what the service said is left of the day is good enough to send by, in milliseconds, less what was sent since:
 * 200 resources, one after another, would ask 200 times and wait as long for that as for their refreshes.
 */
const FRESH_MS = 5_000;

/** Is told of a longer wait for the answer. */
type OnWait = (line: string) => void;

/** A day by which resources send. */
interface Lease {
  snapshot: QuotaSnapshot;
  since: number;
  /** How many of them send right now. */
  senders: number;
}

/** The days of all who call: one each that previews look at, and another one by which resources send, as long as it is fresh. */
export class QuotaBudget {
  private readonly previewed = new Map<string, { day: QuotaSnapshot; since: number }>();
  /** Undefined after a failure: what the day has left isn't known. */
  private readonly sending = new Map<string, Lease | undefined>();

  constructor(
    private readonly ask: (inputs: Inputs, onWait?: OnWait) => Promise<RefreshQuota>,
    private readonly now: () => Date,
  ) {}

  /** The day that previews look at: of what is sent meanwhile they know, since it was planned before. */
  forPreview(inputs: Inputs, onWait?: OnWait): QuotaSnapshot {
    const key = keyOf(inputs);
    const foreseen = this.previewed.get(key) ?? {
      day: new QuotaSnapshot(() => this.ask(inputs, onWait)),
      since: this.now().getTime(),
    };
    this.previewed.set(key, foreseen);
    return foreseen.day;
  }

  /**
   * Lends the day to what asks and then sends. It is asked for anew, unless it is fresh or another resource is sending right now:
   * what the service counted of that one's calls can't be told, so that both go by what was left before either. The first one
   * that sends goes by what was foreseen, if that is fresh.
   */
  async withLease<T>(inputs: Inputs, send: (day: QuotaSnapshot) => Promise<T>, onWait?: OnWait): Promise<T> {
    const key = keyOf(inputs);
    const now = this.now().getTime();
    const last = this.sending.get(key);
    const isGood = last !== undefined && (last.senders > 0 || now - last.since < FRESH_MS);
    const lent = isGood ? last : this.newLease(inputs, key, now, onWait);
    this.sending.set(key, lent);
    lent.senders++;
    try {
      return await send(lent.snapshot);
    } catch (error) {
      this.sending.set(key, undefined);
      throw error;
    } finally {
      lent.senders--;
    }
  }

  private newLease(inputs: Inputs, key: string, now: number, onWait: OnWait | undefined): Lease {
    const foreseen = this.previewed.get(key);
    if (this.sending.has(key) || foreseen === undefined || now - foreseen.since >= FRESH_MS) {
      return { snapshot: new QuotaSnapshot(() => this.ask(inputs, onWait)), since: now, senders: 0 };
    }
    const { day, since } = foreseen;
    return { snapshot: new QuotaSnapshot(() => day.quota().catch(() => this.ask(inputs, onWait))), since, senders: 0 };
  }
}

/** Who asks, and where: another may have another day. */
function keyOf(inputs: Inputs): string {
  return JSON.stringify([inputs.endpoint, identityOf(inputs)]);
}
