/**
 * The one rate limiter of a process: the calls of all resources pass it in the order in which they come, as fast as the
 * service takes them. No page of VOD says how fast that is, so the limiter learns it: from its first refusal on, the
 * service gets as many calls a second as it took in the second before.
 *
 * Pure functions over {@link Pace} decide when the next call may start; {@link createLimiter} is the queue around them.
 */
import { cancelledError } from "./cancellation.js";
import { VodError } from "./errors.js";
import { isThrottle, realSleep } from "./retry.js";

/** How many calls a second are made at most, as long as the service doesn't throttle. */
const MAX_CALLS_PER_SECOND = 100;

/** How many calls a second are made at least, however often the service throttles. */
const MIN_CALLS_PER_SECOND = 0.5;

/** How many calls may be under way at one time, which is also how many can be throttled together. */
export const MAX_CONCURRENT_CALLS = 10;

/** By how many calls a second the rate grows in a second of calls that aren't throttled. */
const RECOVERY_PER_SECOND = 1;

/** How long after a throttle the rate begins to grow, in milliseconds. */
export const PROBE_AFTER_MS = 60_000;

/** How long no call starts after a throttle that tells nothing about the rate, in milliseconds. */
const THROTTLE_PAUSE_MS = 1_000;

const SECOND_MS = 1_000;

/** The limiter's state; all times in milliseconds of its clock. */
export interface Pace {
  /** Calls a second. */
  rate: number;
  /** No call starts before this time. */
  notBefore: number;
  /** The refusal that the rate was learned from; undefined before the first one. */
  throttle: ThrottleEvent | undefined;
  /** The time up to which the growth of the rate is counted. */
  grownAt: number;
  underWay: number;
  /** When the last calls that weren't throttled ended, in order. */
  ended: readonly number[];
}

interface ThrottleEvent {
  /** When the refused call started, and when the refusal came. */
  startedAt: number;
  at: number;
  /** The rate that was refused. */
  rate: number;
  /** How many calls the service is known to have taken in the second before it. */
  taken: number;
}

export const FULL_PACE: Pace = {
  rate: MAX_CALLS_PER_SECOND,
  notBefore: Number.NEGATIVE_INFINITY,
  throttle: undefined,
  grownAt: 0,
  underWay: 0,
  ended: [],
};

/**
 * When the next call may start; infinity where a call under way has to end first. The service took a call at an unknown
 * time before the answer, so a call occupies its place in a second until a second after its end.
 */
export function nextStart({ rate, notBefore, underWay, ended }: Pace): number {
  const places = Math.max(1, Math.floor(rate)) - underWay;
  if (places <= 0 || underWay >= MAX_CONCURRENT_CALLS) return Number.POSITIVE_INFINITY;
  const first = ended[ended.length - places];
  return first === undefined ? notBefore : Math.max(notBefore, first + Math.max(SECOND_MS, 1000 / rate));
}

/** The state after a call has started. */
export function paceAfterStart(pace: Pace): Pace {
  return { ...pace, underWay: pace.underWay + 1 };
}

/**
 * The state after a call failed for another reason than a throttle: it had its place, and tells nothing about the
 * rate.
 */
export function paceAfterFailure(pace: Pace, now: number): Pace {
  return { ...pace, underWay: pace.underWay - 1, ended: [...pace.ended.slice(1 - MAX_CALLS_PER_SECOND), now] };
}

/** The state after a call was answered and not throttled. */
export function paceAfterAnswer(pace: Pace, startedAt: number, now: number): Pace {
  const { throttle, grownAt, rate, ...rest } = paceAfterFailure(pace, now);
  if (throttle === undefined) return { ...rest, throttle, grownAt: now, rate };
  if (startedAt <= throttle.at) {
    // It was under way together with the refused call, so the service took it in that second as well.
    if (startedAt <= throttle.startedAt - SECOND_MS) return { ...rest, throttle, grownAt, rate };
    const more = { ...throttle, taken: throttle.taken + 1 };
    return { ...rest, throttle: more, grownAt, rate: rateAfter(more) };
  }
  if (now - throttle.at <= PROBE_AFTER_MS) return { ...rest, throttle, grownAt: now, rate };
  // A time without calls proves nothing about the rate.
  const grownFor = Math.min(now - grownAt, SECOND_MS);
  const grown = rate + (RECOVERY_PER_SECOND * Math.max(0, grownFor)) / 1000;
  return { ...rest, throttle, grownAt: now, rate: Math.min(MAX_CALLS_PER_SECOND, grown) };
}

/**
 * The state after a call was throttled.
 *
 * @param retryAfterMs what the service asked for; undefined where it asked nothing.
 */
export function paceAfterThrottle(pace: Pace, startedAt: number, now: number, retryAfterMs: number | undefined): Pace {
  const taken = pace.ended.filter((end) => end > startedAt - SECOND_MS).length;
  const pause = retryAfterMs === undefined ? startedAt + THROTTLE_PAUSE_MS : now + retryAfterMs;
  // The calls that were taken say when there is room again; without them, or where the service says when, no call starts.
  const notBefore = taken > 0 && retryAfterMs === undefined ? pace.notBefore : Math.max(pace.notBefore, pause);
  const after = { ...pace, notBefore, underWay: pace.underWay - 1 };
  // Calls that are under way together are throttled together: one event, which lowers the rate once.
  if (pace.throttle !== undefined && startedAt <= pace.throttle.at) return after;
  const throttle = { startedAt, at: now, rate: pace.rate, taken };
  return { ...after, throttle, grownAt: now, rate: rateAfter(throttle) };
}

/** The rate that was taken, but less than the refused one; half of the refused one where nothing was taken. */
function rateAfter({ rate, taken }: ThrottleEvent): number {
  return Math.max(MIN_CALLS_PER_SECOND, taken > 0 ? Math.min(rate - 1, taken) : rate / 2);
}

export interface Limiter {
  /**
   * Runs a call when its turn comes, first come first served; gives and throws what the call does.
   *
   * @param patienceMs the longest pause after a throttle that the call waits for, in milliseconds. Default: any.
   * @param signal when it aborts, the call doesn't wait any longer; one that has begun isn't ended.
   * @throws VodError Throttling at once where the pause is longer, also if it begins while the call waits; Cancelled.
   */
  run<T>(call: () => Promise<T>, patienceMs?: number, signal?: AbortSignal): Promise<T>;
  /** How long no call starts because the service throttled, in milliseconds; 0 where it didn't. */
  pauseMs(): number;
  /** How long a call that comes now waits for those before it, at the present rate, in milliseconds. */
  queueMs(): number;
}

/** A call that waits for its turn. */
interface WaitingCall {
  start(startedAt: number): void;
  refuse(error: VodError): void;
  /** The latest end of a pause that it waits for. */
  until: number;
}

interface LimiterOptions {
  /** Its clock, in milliseconds since any moment. Default: a monotonic one. */
  now?: () => number;
  /** Waits for that many milliseconds of that clock. Default: real time. */
  sleep?: (ms: number) => Promise<void>;
}

/** Makes a limiter that starts at {@link MAX_CALLS_PER_SECOND}. */
export function createLimiter({ now = () => performance.now(), sleep = realSleep }: LimiterOptions = {}): Limiter {
  let pace: Pace = FULL_PACE;
  let starting = false;
  let queue: WaitingCall[] = [];

  /** Starts the calls of the queue, one after the other; there is one such loop at a time. */
  async function startCalls(): Promise<void> {
    if (starting) return;
    starting = true;
    while (queue.length > 0) {
      const wait = nextStart(pace) - now();
      // The end of a call under way begins the loop again.
      if (wait === Number.POSITIVE_INFINITY) break;
      if (wait > 0) {
        // A throttle may have come meanwhile, so the time is computed again.
        await sleep(Math.ceil(wait));
        continue;
      }
      pace = paceAfterStart(pace);
      queue.shift()?.start(now());
    }
    starting = false;
  }

  /** Refuses the calls whose patience ends before the pause does: at its end they would fail anyway, and late. */
  function refuseImpatient(): void {
    const impatient = queue.filter(({ until }) => until < pace.notBefore);
    queue = queue.filter(({ until }) => until >= pace.notBefore);
    for (const { refuse } of impatient) refuse(pausedFor(pace.notBefore - now()));
  }

  /** Waits for the turn of a call, and gives the time at which it starts. */
  function waitForTurn(patienceMs: number, signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, refuse) => {
      const cancel = () => {
        queue = queue.filter((other) => other !== waiting);
        refuse(cancelledError());
      };
      const start = (startedAt: number) => {
        signal?.removeEventListener("abort", cancel);
        resolve(startedAt);
      };
      const waiting: WaitingCall = { start, refuse, until: now() + patienceMs };
      if (signal?.aborted) return cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      queue.push(waiting);
      // A pause that is over holds no call back.
      if (pace.notBefore > now()) refuseImpatient();
      void startCalls();
    });
  }

  async function run<T>(
    call: () => Promise<T>,
    patienceMs = Number.POSITIVE_INFINITY,
    signal?: AbortSignal,
  ): Promise<T> {
    const startedAt = await waitForTurn(patienceMs, signal);
    try {
      const answer = await call();
      pace = paceAfterAnswer(pace, startedAt, now());
      return answer;
    } catch (error) {
      if (isThrottle(error)) {
        pace = paceAfterThrottle(pace, startedAt, now(), error.retryAfterMs);
        refuseImpatient();
      } else {
        pace = paceAfterFailure(pace, now());
      }
      throw error;
    } finally {
      void startCalls();
    }
  }
  return {
    run,
    pauseMs: () => Math.max(0, pace.notBefore - now()),
    queueMs: () => (queue.length * 1000) / pace.rate,
  };
}

/** The error of a call that isn't made, since the pause is longer than its patience. */
export function pausedFor(ms: number): VodError {
  const seconds = Math.ceil(ms / 1000);
  return new VodError(
    `The VOD API throttles calls for another ${seconds} s, which is longer than this call is retried.`,
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
