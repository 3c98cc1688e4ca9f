/** How far something is that takes a while: when it is said, and how much longer it takes. */

/** The shortest and the longest time between two lines, in milliseconds. */
const SHORTEST_PACE_MS = 2_000;
const LONGEST_PACE_MS = 10_000;

/** From which part on the speed so far says something, from 0 to 1, and from which time on, in milliseconds. */
const TELLING_PART = 0.02;
const TELLING_MS = 1_000;

/**
 * How long after a line the next one comes, in milliseconds: soon while somebody wonders whether anything happens, later in a log that
 * keeps every line of a wait of minutes.
 */
export function paceAfter(elapsedMs: number): number {
  return Math.min(LONGEST_PACE_MS, Math.max(SHORTEST_PACE_MS, elapsedMs / 10));
}

/**
 * Says at which times a line is due.
 *
 * @param start when what takes a while began, in milliseconds.
 * @returns whether a line is due at a time; if it is, the next one is due a pace later.
 */
export function keepPace(start: number): (now: number) => boolean {
  let last = start;
  return (now) => {
    if (now - last < paceAfter(now - start)) return false;
    last = now;
    return true;
  };
}

/** How much longer something takes at its speed so far, in milliseconds; undefined while too little of it is done to tell, and at its end. */
export function estimateLeft(done: number, rest: number, elapsedMs: number): number | undefined {
  if (elapsedMs < TELLING_MS || done <= 0 || rest <= 0 || done / (done + rest) < TELLING_PART) return undefined;
  return (elapsedMs * rest) / done;
}

/** "about 5 s left", "about 3 min left", "about 2 h left"; undefined if nobody knows. */
export function describeLeft(ms: number | undefined): string | undefined {
  if (ms === undefined || !Number.isFinite(ms)) return undefined;
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  if (seconds < 20) return `about ${seconds} s left`;
  if (seconds < 100) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `about ${minutes} min left` : `about ${Math.round(minutes / 60)} h left`;
}

/** How often it is told how much longer a call waits, in milliseconds: many resources may wait at once. */
const COUNT_DOWN_MS = 10_000;

/**
 * Tells how long a wait takes, and then now and then what is left of it.
 *
 * @param describe makes a line of the milliseconds that are left.
 * @returns what ends it.
 */
export function countDown(ms: number, describe: (leftMs: number) => string, tell: (line: string) => void): () => void {
  const end = performance.now() + ms;
  tell(describe(ms));
  const timer = setInterval(() => {
    const left = end - performance.now();
    if (left > 0) tell(describe(left));
  }, COUNT_DOWN_MS);
  timer.unref();
  return () => clearInterval(timer);
}
