/**
 * Lets resources be deployed at the same time and yet in an order that a seed decides: one call is under way at a time, and
 * which of those that wait goes next is drawn when every resource either waits with a call or has ended.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Limiter } from "../../provider/vod/rate-limiter.js";
import type { Random } from "./random.js";

interface Waiting {
  who: string;
  start: () => void;
}

export interface GateKeeper {
  /** Whether further calls may start: those of a dead process don't. */
  isOpen(): boolean;
  /** Told that one may not, and that it never will. */
  refused(): void;
  /** What happens after each call, before its answer is heard of. */
  meanwhile(): Promise<void>;
}

/** Who is at work. One for all gates, since each that there is slows down every promise. */
const present = new AsyncLocalStorage<string>();

export class Gate {
  private readonly active = new Set<string>();
  private readonly waiting: Waiting[] = [];
  private isBusy = false;

  constructor(
    private readonly random: Random,
    private readonly keeper: GateKeeper = { isOpen: () => true, refused: () => {}, meanwhile: async () => {} },
  ) {}

  /** Runs what each of these does, all at the same time. */
  async all<T>(work: ReadonlyMap<string, () => Promise<T>>): Promise<T[]> {
    for (const who of work.keys()) this.active.add(who);
    return Promise.all([...work].map(([who, run]) => present.run(who, () => run().finally(() => this.leave(who)))));
  }

  /** A limiter whose calls go through the gate. */
  limiting(limiter: Limiter): Limiter {
    return {
      ...limiter,
      run: async (call, patienceMs, signal) => {
        const who = present.getStore();
        if (who === undefined) return limiter.run(call, patienceMs, signal);
        await new Promise<void>((start) => {
          this.waiting.push({ who, start });
          this.look();
        });
        return limiter.run(call, patienceMs, signal).finally(async () => {
          await this.keeper.meanwhile();
          this.isBusy = false;
          this.look();
        });
      },
    };
  }

  private leave(who: string): void {
    this.active.delete(who);
    this.look();
  }

  /** What follows from the last answer has happened by then. */
  private look(): void {
    setImmediate(() => {
      const isAtWork = [...this.active].some((who) => !this.waiting.some((one) => one.who === who));
      if (this.isBusy || isAtWork || this.waiting.length === 0) return;
      if (!this.keeper.isOpen()) return this.keeper.refused();
      // Whose files were read first is chance, and not the seed's.
      this.waiting.sort((one, other) => (one.who < other.who ? -1 : one.who > other.who ? 1 : 0));
      const [next] = this.waiting.splice(this.random.int(0, this.waiting.length - 1), 1);
      this.isBusy = true;
      next?.start();
    });
  }
}
