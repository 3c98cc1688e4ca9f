/**
 * The one rate limiter of a process: the calls of all resources pass it in the order in which they come, as fast as the
 * service takes them. No page of VOD says how fast that is, so it is learned: what the service took in the second
 * before its first refusal is what it is given from then on.
 *
 * Pure functions over {@link Pace} decide when the next call may start; {@link createLimiter} is the queue around them.
 */
import { VodError } from "./errors.js";
import { isThrottle, realSleep } from "./retry.js";

/** How many calls a second may start, as long as the service doesn't throttle. */
export const MAX_CALLS_PER_SECOND = 100;

/** How many calls a second start at least, however often the service throttles. */
export const MIN_CALLS_PER_SECOND = 0.5;

/** How many calls may be under way at one time: as many are throttled together at most. */
export const MAX_CONCURRENT_CALLS = 10;

/** How many calls a second the rate grows by in a second of calls that were not throttled, up to the one that was refused. */
export const RECOVERY_PER_SECOND = 1;

/** After how long without a throttle the rate may grow beyond the one that was refused, in milliseconds. */
export const PROBE_AFTER_MS = 60_000;

/** How long nobody calls after a throttle that tells nothing of the rate, in milliseconds. */
export const THROTTLE_PAUSE_MS = 1_000;

/** The second in which calls are counted, in milliseconds: a little more, since they don't all travel equally long. */
export const WINDOW_MS = 1_040;

/** The limiter's state; all times in milliseconds of its clock. */
export interface Pace {
  /** Calls a second. */
  rate: number;
  /** The rate up to which it grows. */
  ceiling: number;
  /** Before when nobody calls. */
  notBefore: number;
  /** When the rate was cut last. */
  cutAt: number;
  /** Up to when the growth of the rate is reckoned. */
  grownAt: number;
  /** When the last calls started, in order; those that were throttled aren't counted. */
  starts: readonly number[];
}

export const FULL_PACE: Pace = {
  rate: MAX_CALLS_PER_SECOND,
  ceiling: MAX_CALLS_PER_SECOND,
  notBefore: Number.NEGATIVE_INFINITY,
  cutAt: Number.NEGATIVE_INFINITY,
  grownAt: 0,
  starts: [],
};

/** When the next call may start. */
export function nextStart({ rate, notBefore, starts }: Pace): number {
  const within = Math.max(1, Math.floor(rate));
  const first = starts[starts.length - within];
  return first === undefined ? notBefore : Math.max(notBefore, first + Math.max(WINDOW_MS, 1000 / rate));
}

/** The state after a call has started. */
export function paceAfterStart(pace: Pace, now: number): Pace {
  return { ...pace, starts: [...pace.starts.slice(1 - MAX_CALLS_PER_SECOND), now] };
}

/** The state after a call was answered and not throttled. */
export function paceAfterAnswer(pace: Pace, startedAt: number, now: number): Pace {
  // What started before the cut tells nothing of the new rate, and a time without calls proves nothing of it.
  if (startedAt < pace.cutAt) return pace;
  const grownFor = Math.min(now - Math.max(pace.grownAt, pace.cutAt), 1_000);
  const ceiling = now - pace.cutAt > PROBE_AFTER_MS ? MAX_CALLS_PER_SECOND : pace.ceiling;
  const rate = Math.min(ceiling, pace.rate + (RECOVERY_PER_SECOND * Math.max(0, grownFor)) / 1000);
  return { ...pace, rate, ceiling, grownAt: now };
}

/**
 * The state after a call was throttled.
 *
 * @param retryAfterMs what the service asked for; undefined where it asked nothing.
 */
export function paceAfterThrottle(pace: Pace, startedAt: number, now: number, retryAfterMs: number | undefined): Pace {
  const refused = pace.starts.indexOf(startedAt);
  const starts = pace.starts.filter((_, index) => index !== refused);
  const taken = starts.filter((start) => start > startedAt - 1_000 && start <= startedAt).length;
  const pause = retryAfterMs === undefined ? startedAt + THROTTLE_PAUSE_MS : now + retryAfterMs;
  // What was taken says when there is room again; without it, or where the service says when, nobody calls until then.
  const notBefore = taken > 0 && retryAfterMs === undefined ? pace.notBefore : Math.max(pace.notBefore, pause);
  // Calls that were under way together are throttled together: one event, which cuts the rate once.
  const isSameEvent = startedAt < pace.cutAt;
  const otherwise = isSameEvent ? pace.rate : taken > 0 ? pace.rate - 1 : pace.rate / 2;
  const rate = Math.max(MIN_CALLS_PER_SECOND, Math.min(otherwise, taken || otherwise));
  const cut = isSameEvent ? {} : { cutAt: now, grownAt: Math.max(now, notBefore) };
  return { ...pace, ...cut, rate, ceiling: rate, notBefore, starts };
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
  start(startedAt: number): void;
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
  let underWay = 0;
  let serving = false;
  let queue: Waiting[] = [];

  /** Lets the calls of the queue start, one after another; there is one such loop at a time. */
  async function serve(): Promise<void> {
    if (serving) return;
    serving = true;
    while (queue.length > 0 && underWay < MAX_CONCURRENT_CALLS) {
      const wait = nextStart(pace) - now();
      if (wait > 0) {
        // Asks again afterwards: a throttle may have come in between.
        await sleep(Math.ceil(wait));
        continue;
      }
      const startedAt = now();
      pace = paceAfterStart(pace, startedAt);
      underWay++;
      queue.shift()?.start(startedAt);
    }
    serving = false;
  }

  /** Lets those go whose patience ends before the pause does: at its end they would fail anyway, and late. */
  function dismiss(): void {
    const impatient = queue.filter(({ until }) => until < pace.notBefore);
    queue = queue.filter(({ until }) => until >= pace.notBefore);
    for (const { refuse } of impatient) refuse(pausedFor(pace.notBefore - now()));
  }

  async function run<T>(call: () => Promise<T>, patienceMs = Number.POSITIVE_INFINITY): Promise<T> {
    const startedAt = await new Promise<number>((start, refuse) => {
      queue.push({ start, refuse, until: now() + patienceMs });
      // A pause that is over holds nobody back.
      if (pace.notBefore > now()) dismiss();
      void serve();
    });
    try {
      const answer = await call();
      pace = paceAfterAnswer(pace, startedAt, now());
      return answer;
    } catch (error) {
      if (isThrottle(error)) {
        pace = paceAfterThrottle(pace, startedAt, now(), error.retryAfterMs);
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
    pauseMs: () => Math.max(0, pace.notBefore - now()),
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
