/**
 * The one rate limiter of a process: the calls of all resources pass it in the order in which they come, at a rate that
 * is halved when the service throttles and grows again slowly when it doesn't (AIMD).
 *
 * Pure functions over {@link Pace} decide when the next call may start; {@link createLimiter} is the queue around them.
 */
import { VodError } from "./errors.js";
import { isThrottle, realSleep } from "./retry.js";

/** How many calls a second may start, as long as the service doesn't throttle. No VOD page names its limit. */
export const MAX_CALLS_PER_SECOND = 20;

/** How many calls a second start at least, however often the service throttles. */
export const MIN_CALLS_PER_SECOND = 0.5;

/** How many calls may be under way at one time. */
export const MAX_CONCURRENT_CALLS = 10;

/** How many calls a second the rate grows by in a second of calls that were not throttled. */
export const RECOVERY_PER_SECOND = 1;

/** How long nobody calls after a throttle that doesn't say how long, in milliseconds. */
export const THROTTLE_PAUSE_MS = 1_000;

/** The limiter's state; all times in milliseconds of its clock. */
export interface Pace {
  /** Calls a second. */
  rate: number;
  /** When the next call may start at the earliest. */
  nextStart: number;
  /** When the rate was halved last. */
  cutAt: number;
  /** Up to when the growth of the rate is reckoned. */
  grownAt: number;
}

export const FULL_PACE: Pace = {
  rate: MAX_CALLS_PER_SECOND,
  nextStart: Number.NEGATIVE_INFINITY,
  cutAt: Number.NEGATIVE_INFINITY,
  grownAt: 0,
};

/** The state after a call has started: the next one may follow in a step, not at once. */
export function paceAfterStart(pace: Pace, now: number): Pace {
  return { ...pace, nextStart: now + 1000 / pace.rate };
}

/** The state after a call was answered and not throttled. */
export function paceAfterAnswer(pace: Pace, startedAt: number, now: number): Pace {
  // What started before the cut tells nothing of the new rate, and a time without calls proves nothing of it.
  if (startedAt < pace.cutAt) return pace;
  const grownFor = Math.min(now - Math.max(pace.grownAt, pace.cutAt), 1_000);
  const rate = Math.min(MAX_CALLS_PER_SECOND, pace.rate + (RECOVERY_PER_SECOND * Math.max(0, grownFor)) / 1000);
  return { ...pace, rate, grownAt: now };
}

/**
 * The state after a call was throttled: half the rate, and a pause for everybody.
 *
 * @param retryAfterMs what the service asked for; undefined where it asked nothing.
 */
export function paceAfterThrottle(pace: Pace, startedAt: number, now: number, retryAfterMs: number | undefined): Pace {
  const nextStart = Math.max(pace.nextStart, now + (retryAfterMs ?? THROTTLE_PAUSE_MS));
  // Calls that were under way together are throttled together: one event, which halves the rate once.
  if (startedAt < pace.cutAt) return { ...pace, nextStart };
  return { rate: Math.max(MIN_CALLS_PER_SECOND, pace.rate / 2), nextStart, cutAt: now, grownAt: nextStart };
}

export interface Limiter {
  /**
   * Runs a call when its turn comes, first come first served; gives and throws what the call does.
   *
   * @param patienceMs the longest pause after a throttle that the call waits for, in milliseconds. Default: any.
   * @throws VodError Throttling at once where the pause is longer, also if it begins while the call waits.
   */
  run<T>(call: () => Promise<T>, patienceMs?: number): Promise<T>;
  /** For how long nobody calls because the service throttled, in milliseconds; 0 where it didn't. */
  pauseMs(): number;
  /** How long a call that comes now waits for those before it, at the present rate, in milliseconds. */
  queueMs(): number;
}

/** A call that waits for its turn. */
interface Waiting {
  start(): void;
  refuse(error: VodError): void;
  /** Up to when a pause may last. */
  until: number;
}

export interface LimiterOptions {
  /** Its clock, in milliseconds since any moment. Default: a monotonic one. */
  now?: () => number;
  /** Waits for so many milliseconds of that clock. Default: real time. */
  sleep?: (ms: number) => Promise<void>;
}

/** Makes a limiter that starts at {@link MAX_CALLS_PER_SECOND}. */
export function createLimiter({ now = () => performance.now(), sleep = realSleep }: LimiterOptions = {}): Limiter {
  let pace: Pace = FULL_PACE;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let underWay = 0;
  let serving = false;
  let queue: Waiting[] = [];

  /** Lets the calls of the queue start, one after another; there is one such loop at a time. */
  async function serve(): Promise<void> {
    if (serving) return;
    serving = true;
    while (queue.length > 0 && underWay < MAX_CONCURRENT_CALLS) {
      const wait = pace.nextStart - now();
      if (wait > 0) {
        // Asks again afterwards: a throttle may have come in between.
        await sleep(Math.ceil(wait));
        continue;
      }
      pace = paceAfterStart(pace, now());
      underWay++;
      queue.shift()?.start();
    }
    serving = false;
  }

  /** Lets those go whose patience ends before the pause does: at its end they would fail anyway, and late. */
  function dismiss(): void {
    const impatient = queue.filter(({ until }) => until < pausedUntil);
    queue = queue.filter(({ until }) => until >= pausedUntil);
    for (const { refuse } of impatient) refuse(pausedFor(pausedUntil - now()));
  }

  async function run<T>(call: () => Promise<T>, patienceMs = Number.POSITIVE_INFINITY): Promise<T> {
    await new Promise<void>((start, refuse) => {
      queue.push({ start, refuse, until: now() + patienceMs });
      // A pause that is over holds nobody back.
      if (pausedUntil > now()) dismiss();
      void serve();
    });
    const startedAt = now();
    try {
      const answer = await call();
      pace = paceAfterAnswer(pace, startedAt, now());
      return answer;
    } catch (error) {
      if (isThrottle(error)) {
        pace = paceAfterThrottle(pace, startedAt, now(), error.retryAfterMs);
        pausedUntil = pace.nextStart;
        dismiss();
      }
      throw error;
    } finally {
      underWay--;
      void serve();
    }
  }
  return {
    run,
    pauseMs: () => Math.max(0, pausedUntil - now()),
    queueMs: () => (queue.length * 1000) / pace.rate,
  };
}

/** The error of a call that isn't made, since the pause is longer than its patience. */
function pausedFor(ms: number): VodError {
  const seconds = Math.ceil(ms / 1000);
  return new VodError(
    `The VOD API throttles the calls for another ${seconds} s, which is longer than this one is tried.`,
    "Run `pulumi up` again after that, or set a longer `retry.timeout`.",
    { code: "Throttling", retryable: true, retryAfterMs: ms },
  );
}

const shared = new Map<string, Limiter>();

/** The limiter that all clients of an endpoint share in this process. */
export function limiterOf(endpoint: string): Limiter {
  const limiter = shared.get(endpoint) ?? createLimiter();
  shared.set(endpoint, limiter);
  return limiter;
}
