/** When a call is sent again, and after how long: a pure function decides, and the loop around it waits. */
import { setTimeout as delay } from "node:timers/promises";
import { countDown } from "../text/progress.js";
import { cancelledError, isCancelled, untilCancelled } from "./cancellation.js";
import { TOO_MANY_REQUESTS, VodError } from "./errors.js";
import { MINUTE_MS } from "./time.js";

/** The bounds over all attempts of one call. `{ timeoutMs: 0, maxAttempts: 1 }` switches retries off. */
export interface RetryLimits {
  /** After how long no further attempt begins, in milliseconds since the first one. */
  timeoutMs: number;
  /** How many times a call is sent at most, the first time included. */
  maxAttempts: number;
}

/**
 * How long a call is tried by default, in milliseconds: a domain is configured, and a throttle ends, within minutes.
 */
export const DEFAULT_RETRY_TIMEOUT_MS = 5 * 60_000;

/** How many times a call is sent by default; with the delays below, it takes about two minutes. */
export const DEFAULT_MAX_ATTEMPTS = 10;

export const DEFAULT_RETRY: RetryLimits = { timeoutMs: DEFAULT_RETRY_TIMEOUT_MS, maxAttempts: DEFAULT_MAX_ATTEMPTS };

/** Every call is sent once, and its first failure is final. */
export const NO_RETRY: RetryLimits = { timeoutMs: 0, maxAttempts: 1 };

/** How long and how often the service is asked for a task in one poll. */
export const LOOK_RETRY: RetryLimits = { timeoutMs: 15_000, maxAttempts: 3 };

/** The longest delay after the first attempt, in milliseconds; it doubles with each further one. */
const BACKOFF_BASE_MS = 1_000;

/** The upper bound of that delay, in milliseconds. */
const BACKOFF_CAP_MS = 60_000;

/** The shortest wait that the user is told of, in milliseconds. */
export const TOLD_WAIT_MS = 3_000;

/**
 * The shortest wait behind other calls that the user is told of, in milliseconds: with many resources there is always
 * some.
 */
export const TOLD_QUEUE_MS = 30_000;

/** The pause after a throttle that every call waits for, in milliseconds, even if it isn't tried again: it is short. */
export const LEAST_PATIENCE_MS = 5_000;

/** The part of a failure that decides whether and when its call is sent again. */
type Failure = Pick<VodError, "code" | "retryable" | "retryAfterMs">;

/** The state of a call when an attempt has failed. */
interface AttemptState {
  /** How many attempts were made, the failed one included. */
  attempt: number;
  /**
   * Time since the first attempt began, without the time that later attempts waited for their turn, in milliseconds.
   */
  elapsedMs: number;
  /** A random number from 0 up to, not including, 1. */
  random: number;
  /** The present time, in milliseconds since the epoch. */
  nowMs: number;
}

/**
 * Decides after how long a call is sent again: exponential backoff with full jitter, never less than the service asked
 * for, never past the deadline.
 *
 * @returns milliseconds, or undefined: the call has failed for good.
 */
export function retryDelay(failure: Failure, state: AttemptState, limits: RetryLimits): number | undefined {
  const { attempt, elapsedMs, random, nowMs } = state;
  if (!failure.retryable || attempt >= limits.maxAttempts) return undefined;
  const remaining = limits.timeoutMs - elapsedMs;
  const jitter = random * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (attempt - 1));
  // The limit per minute resets with the minute, so an earlier attempt would be refused as well.
  const nextMinute = failure.code === "QuotaPerMinuteExceeded.Refresh" ? MINUTE_MS - (nowMs % MINUTE_MS) : 0;
  const least = Math.max(failure.retryAfterMs ?? 0, nextMinute);
  if (remaining <= 0 || least > remaining) return undefined;
  // The service asks all callers to wait equally long, so their attempts are spread.
  return Math.ceil(Math.min(least > 0 ? least + Math.min(jitter, BACKOFF_BASE_MS) : jitter, remaining));
}

/** Whether a failure is a throttle, in any variant. */
export function isThrottle(error: unknown): error is VodError {
  return error instanceof VodError && (/Throttling/.test(error.code) || error.httpStatus === TOO_MANY_REQUESTS);
}

/**
 * What is known about failed attempts: one was accepted, with this answer; the service answers, but has no proof of it;
 * or the service doesn't answer.
 */
export type Recovery<T> = { answer: T } | "unconfirmed" | "unanswered";

/** Waits for that many milliseconds, or until the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

interface Retrying<T> {
  limits: RetryLimits;
  now: () => Date;
  sleep: Sleep;
  random: () => number;
  /** When it aborts, a pause ends at once, and nothing more is sent or asked. Default: it never does. */
  signal?: AbortSignal | undefined;
  onWait?: ((sentence: string) => void) | undefined;
  /** Finds out, before a call is sent again or given up, whether it was accepted. Default: nobody asks. */
  recover?: (() => Promise<Recovery<T>>) | undefined;
}

/** The turn of an attempt, which it may have to wait for. */
export interface Turn {
  /** How much of the time limit is left, in milliseconds. */
  leftMs: number;
  /** Called when the turn has come: the wait for it doesn't count. */
  began(): void;
}

/**
 * Sends a call until it succeeds or {@link retryDelay} gives up.
 *
 * @throws VodError that of the last attempt, with the number of attempts and their time where there was more than one;
 * Cancelled where the signal aborts before the call has succeeded, and a further attempt was to follow.
 */
export async function retrying<T>(call: (turn: Turn) => Promise<T>, settings: Retrying<T>): Promise<T> {
  const { limits, now, sleep, random, signal, onWait, recover } = settings;
  const begin = now().getTime();
  let queuedMs = 0;
  let last: VodError | undefined;
  const elapsed = () => now().getTime() - begin - queuedMs;
  for (let attempt = 1; ; attempt++) {
    const turn = now().getTime();
    const began = () => {
      queuedMs += now().getTime() - turn;
    };
    if (signal?.aborted) throw cancelledError(last);
    try {
      return await call({ leftMs: limits.timeoutMs - elapsed(), began });
    } catch (error) {
      if (!(error instanceof VodError)) throw error;
      if (isCancelled(error)) throw cancelledError(last);
      // An attempt that may have been accepted stays uncertain, however a later one fails.
      if (!last?.outcomeUnknown) last = error;
      const pause = async (failure: Failure): Promise<boolean> => {
        const nowMs = now().getTime();
        const ms = retryDelay(failure, { attempt, elapsedMs: elapsed(), random: random(), nowMs }, limits);
        if (ms === undefined) return false;
        if (signal?.aborted) throw cancelledError(last);
        const describe = (leftMs: number) => describeWait(error, leftMs, attempt + 1, limits.maxAttempts);
        const tellNoMore = onWait && ms > TOLD_WAIT_MS ? countDown(ms, describe, onWait) : undefined;
        const slept = untilCancelled(signal, () => sleep(ms, signal)).catch(() => {
          throw cancelledError(last);
        });
        await slept.finally(tellNoMore);
        return true;
      };
      let again = await pause(error);
      // After the pause, since the tasks of an accepted call may need a moment to appear.
      const recovered = signal?.aborted ? undefined : await recover?.();
      if (typeof recovered === "object") return recovered.answer;
      // A 200 that can't be read is mostly a proxy's page, which stays. But where the service itself answered the
      // question, only that one answer was corrupt.
      if (!again && error.outcomeUnknown && recovered === "unconfirmed") {
        again = await pause({ code: error.code, retryable: true, retryAfterMs: error.retryAfterMs });
      }
      if (!again) throw afterAttempts(error, attempt, elapsed());
    }
  }
}

function describeWait({ happened }: VodError, ms: number, attempt: number, maxAttempts: number): string {
  const what = happened.replace(/^The /, "the ").replace(/\.$/, "");
  return `${what}; retrying in ${Math.round(ms / 1000)} s (attempt ${attempt} of ${maxAttempts})`;
}

/** The same error for a call that was tried several times; it says so. */
function afterAttempts(error: VodError, attempts: number, elapsedMs: number): VodError {
  if (attempts < 2) return error;
  const tried = `It was tried ${attempts} times in ${Math.round(elapsedMs / 1000)} s.`;
  return new VodError(`${error.happened} ${tried}`, error.remedy, error);
}

/** Waits in real time. */
export async function realSleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal ? { signal } : {});
}
