/**
 * Deploys resources in parallel, but in an order that the seed decides: one call runs at a time, and the next one is
 * drawn when every resource either waits with a call or has ended.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Limiter } from "../../provider/vod/rate-limiter.js";
import type { Random } from "./random.js";

interface Waiting {
  who: string;
  start: () => void;
}

export interface GateKeeper {
  /** Whether further calls may start; a dead process starts none. */
  isOpen(): boolean;
  /** Called when a call may not start, and so never will. */
  refused(): void;
  /** Called after each call, before its sender gets the answer. */
  meanwhile(): Promise<void>;
}

/** The resource that is at work. All gates share one storage, since each storage slows down every promise. */
const current = new AsyncLocalStorage<string>();

export class Gate {
  private readonly active = new Set<string>();
  private readonly waiting: Waiting[] = [];
  private isBusy = false;

  constructor(
    private readonly random: Random,
    private readonly keeper: GateKeeper = { isOpen: () => true, refused: () => {}, meanwhile: async () => {} },
  ) {}

  /** Runs the work of all resources in parallel. */
  async runAll<T>(work: ReadonlyMap<string, () => Promise<T>>): Promise<T[]> {
    for (const who of work.keys()) this.active.add(who);
    return Promise.all([...work].map(([who, run]) => current.run(who, () => run().finally(() => this.leave(who)))));
  }

  /** Returns a limiter whose calls go through the gate. */
  wrapLimiter(limiter: Limiter): Limiter {
    return {
      ...limiter,
      run: async (call, patienceMs, signal) => {
        const who = current.getStore();
        if (who === undefined) return limiter.run(call, patienceMs, signal);
        await new Promise<void>((start) => {
          this.waiting.push({ who, start });
          this.startNext();
        });
        return limiter.run(call, patienceMs, signal).finally(async () => {
          await this.keeper.meanwhile();
          this.isBusy = false;
          this.startNext();
        });
      },
    };
  }

  private leave(who: string): void {
    this.active.delete(who);
    this.startNext();
  }

  /** Starts the next call when everything that follows from the last answer has happened. */
  private startNext(): void {
    setImmediate(() => {
      const isAtWork = [...this.active].some((who) => !this.waiting.some((one) => one.who === who));
      if (this.isBusy || isAtWork || this.waiting.length === 0) return;
      if (!this.keeper.isOpen()) return this.keeper.refused();
      // Chance decides which resource reads its files first, so the order of arrival must not count.
      this.waiting.sort((one, other) => (one.who < other.who ? -1 : one.who > other.who ? 1 : 0));
      const [next] = this.waiting.splice(this.random.int(0, this.waiting.length - 1), 1);
      this.isBusy = true;
      next?.start();
    });
  }
}
