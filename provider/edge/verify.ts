/** Asks the edge for a sample of what was refreshed, until all of it is fresh or the time is up. */

import { untilCancelled } from "../vod/cancellation.js";
import { countOf } from "../vod/format.js";
import { domainOf } from "../vod/paths.js";
import { realSleep, type Sleep } from "../vod/retry.js";
import type { Verdict } from "./judge.js";

/** The pause before the second look, how much longer each is than the one before it, and the longest, in milliseconds. */
const FIRST_PAUSE_MS = 2_000;
const PAUSE_FACTOR = 1.5;
const MAX_PAUSE_MS = 15_000;

/** How many looks without an answer make a path one that can't be verified. */
const MAX_UNANSWERED = 3;

/** How many paths one connection asks for, as long as a domain doesn't have the most connections. */
const PATHS_PER_CONNECTION = 25;
const MAX_CONNECTIONS = 6;

export interface VerifyOptions<T extends { path: string }> {
  /** Zero is one look. */
  timeoutMs: number;
  /** Asks for a path. */
  ask(target: T): Promise<Verdict>;
  now(): number;
  sleep?: Sleep | undefined;
  /** From 0 up to 1, for the jitter of pauses. Default: `Math.random`. */
  random?: (() => number) | undefined;
  signal?: AbortSignal | undefined;
  /** Gets a line of how far it is before each pause. */
  onProgress(line: string): void;
}

/** A path, and what was seen of it last. */
export interface Seen {
  path: string;
  seen: string;
}

export interface Verification {
  fresh: readonly Seen[];
  /** Those that weren't fresh at the end; if it was cancelled, also those that nobody had asked for yet. */
  stale: readonly Seen[];
  notVerifiable: readonly Seen[];
  cancelled: boolean;
}

/** How many connections a domain has for that many paths. */
export function countConnections(paths: number): number {
  return Math.min(MAX_CONNECTIONS, Math.max(1, Math.ceil(paths / PATHS_PER_CONNECTION)));
}

/** Asks for every target, and again with growing pauses for those that are stale. The last look is at the end of the time. */
export async function verifyTargets<T extends { path: string }>(
  targets: readonly T[],
  options: VerifyOptions<T>,
): Promise<Verification> {
  const { timeoutMs, now, sleep = realSleep, random = Math.random, signal, onProgress } = options;
  const last = new Map<string, Verdict>(targets.map(({ path }) => [path, { outcome: "stale", seen: "not asked" }]));
  const unanswered = new Map<string, number>();
  const deadline = now() + timeoutMs;
  let open: readonly T[] = targets;
  for (let looks = 0; ; looks++) {
    await askAll(open, signal, async (target) => {
      const verdict = await options.ask(target);
      const times = (unanswered.get(target.path) ?? 0) + (verdict.outcome === "unanswered" ? 1 : 0);
      unanswered.set(target.path, times);
      last.set(target.path, times >= MAX_UNANSWERED ? { ...verdict, outcome: "notVerifiable" } : verdict);
    });
    open = open.filter(({ path }) => /stale|unanswered/.test(last.get(path)?.outcome ?? ""));
    const left = deadline - now();
    if (open.length === 0 || left <= 0 || signal?.aborted) break;
    const pause = Math.min(left, pauseAfter(looks, random()));
    onProgress(describeProgress(targets.length, open.length, pause));
    await untilCancelled(signal, () => sleep(pause, signal)).catch(() => {});
    if (signal?.aborted) break;
  }
  const pick = (...outcomes: Verdict["outcome"][]): Seen[] =>
    targets.flatMap(({ path }) => {
      const verdict = last.get(path);
      return verdict !== undefined && outcomes.includes(verdict.outcome) ? [{ path, seen: verdict.seen }] : [];
    });
  const cancelled = signal?.aborted === true && open.length > 0;
  return {
    fresh: pick("fresh"),
    // Who was cancelled knows nothing of an edge that didn't answer.
    stale: cancelled ? pick("stale", "unanswered") : pick("stale"),
    notVerifiable: cancelled ? pick("notVerifiable") : pick("notVerifiable", "unanswered"),
    cancelled,
  };
}

/** How long the pause after a look is, in milliseconds; `random` (0 up to 1) puts it into the upper half. */
export function pauseAfter(looksBefore: number, random: number): number {
  return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * PAUSE_FACTOR ** looksBefore) * (0.5 + random / 2);
}

function describeProgress(total: number, open: number, pauseMs: number): string {
  const seconds = Math.max(1, Math.round(pauseMs / 1_000));
  return `verifying: ${countOf(total - open, total, ["path", "paths"])} done, asking for the others again in ${seconds} s`;
}

/** Asks for each target: the domains side by side, and the paths of each one after the other on each of its connections. */
async function askAll<T extends { path: string }>(
  targets: readonly T[],
  signal: AbortSignal | undefined,
  ask: (target: T) => Promise<void>,
): Promise<void> {
  const byDomain = new Map<string, T[]>();
  for (const target of targets) {
    const domain = domainOf(target.path);
    const own = byDomain.get(domain);
    if (own) own.push(target);
    else byDomain.set(domain, [target]);
  }
  const workers = [...byDomain.values()].flatMap((own) => {
    const queue = own.values();
    return Array.from({ length: countConnections(own.length) }, async () => {
      for (const target of queue) {
        if (signal?.aborted) return;
        await ask(target).catch((error: unknown) => {
          if (!signal?.aborted) throw error;
        });
      }
    });
  });
  await Promise.all(workers);
}
