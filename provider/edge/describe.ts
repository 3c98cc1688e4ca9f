/** What a verification is going to ask, and what it saw, in the lines of a preview and an update. */
import { OPERATION_WORDS, type Operation } from "../schema/call-types.js";
import { VodError } from "../vod/errors.js";
import { countOf, formatNumber, pluralize } from "../vod/format.js";
import { listFailures, listPaths } from "../vod/paths.js";
import type { Seen, Verification } from "./verify.js";

const PATHS = ["path", "paths"] as const;

/**
 * Describes what will be verified.
 *
 * @param upTo "up to ", if fewer paths may be due.
 */
export function describePlanned(asked: number, total: number, upTo = ""): string {
  if (asked === 0) return "nothing can be verified at the edge: a pattern names no URL";
  const of = asked === total ? pluralize(asked, ...PATHS) : countOf(asked, total, PATHS);
  return `${upTo}${of} will be verified at the edge`;
}

/** Describes how a verification ended: "verified at the edge: 18 of 20 paths fresh, 2 not verifiable". */
export function describeVerified({ fresh, stale, notVerifiable }: Verification): string {
  const total = fresh.length + stale.length + notVerifiable.length;
  const others = [
    ...(stale.length > 0 ? [`${formatNumber(stale.length)} stale`] : []),
    ...(notVerifiable.length > 0 ? [`${formatNumber(notVerifiable.length)} not verifiable`] : []),
  ];
  return [`verified at the edge: ${countOf(fresh.length, total, PATHS)} fresh`, ...others].join(", ");
}

/** Describes what can't be verified: each reason once, with the first few paths. */
export function describeNotVerifiable(notVerifiable: readonly Seen[], areSecret = false): string {
  const byReason = new Map<string, string[]>();
  for (const { path, seen } of notVerifiable) {
    const paths = byReason.get(seen);
    if (paths) paths.push(path);
    else byReason.set(seen, [path]);
  }
  const reasons = Array.from(byReason, ([seen, paths]) => `${listPaths(paths, areSecret)} (${seen})`);
  return `not verifiable at the edge: ${reasons.join("; ")}`;
}

/** Describes stale paths, each with what was seen. */
export function describeStale(stale: readonly Seen[], total: number, waitedSeconds: number, areSecret = false): string {
  const after = waitedSeconds === 0 ? "" : ` after ${formatNumber(waitedSeconds)} s`;
  const [is, named] = [stale.length === 1 && total === 1 ? "is" : "are", listSeen(stale, areSecret)];
  return `${countOf(stale.length, total, PATHS)} ${is} stale at the edge${after}: ${named}`;
}

/** The error of a deployment that left paths stale. */
export function staleError(happened: string, operation: Operation): VodError {
  const instead =
    operation === "preload"
      ? "a preload doesn't replace a copy, so refresh what is stale, then run `pulumi up` again"
      : "run `pulumi up` again: it sends exactly these; if they stay stale, compare them with what the origin has, or give " +
        "nodes more time with verify.timeout";
  return new VodError(`${happened}.`, `${instead.charAt(0).toUpperCase()}${instead.slice(1)}.`, {
    code: `${OPERATION_WORDS[operation].code}Stale`,
  });
}

/** The warning in the place of that error. */
export function describeStaleWarning(happened: string): string {
  return `${happened}; the next update sends exactly these again`;
}

/** The error of a verification that was cancelled. */
export function cancelledVerification({ fresh, stale, notVerifiable }: Verification): VodError {
  const total = fresh.length + stale.length + notVerifiable.length;
  return new VodError(
    `The verification was cancelled: ${countOf(fresh.length, total, PATHS)} were seen to be fresh.`,
    "Run `pulumi up` again: it sends those once more that nobody saw to be fresh.",
    { code: "Cancelled" },
  );
}

function listSeen(stale: readonly Seen[], areSecret: boolean): string {
  return listFailures(
    stale.map(({ path, seen }) => ({ path, description: seen })),
    areSecret,
  );
}
