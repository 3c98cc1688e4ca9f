/** Values that stand for something besides the content: a change of one makes every path due. */
import { createHash } from "node:crypto";
import type { Inputs } from "../schema/inputs.js";
import { hasUnknown, UNKNOWN } from "../schema/unknown.js";
import { joinNames } from "../vod/format.js";
import { canonicalJson } from "./canonical-json.js";

/** How many characters of JSON a value may have that is kept as it is, so that a preview shows it. Others are kept as a digest. */
const LONGEST_KEPT = 100;

/** How many triggers a reason names. */
const MOST_NAMED = 3;

/** The key of a marked value, and the marks of an asset and an archive. Source: Pulumi's protocol (`SpecialSigKey`). */
const MARK = "4dabf18193072939515e22adb298388d";
const FILES = ["c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"];

export type TriggersReason = `${string} ${"changed" | "added" | "not known yet"}`;

/**
 * The triggers as the state keeps them: short values as they are, long ones as a digest, assets and archives as the digest of what
 * is in them. What was kept once stays the same.
 */
export function keepTriggers(triggers: readonly unknown[]): unknown[] {
  return triggers.map((value) => {
    if (hasUnknown(value)) return UNKNOWN;
    const contentHash = findContentHash(value);
    if (contentHash !== undefined) return `sha256:${contentHash}`;
    const json = canonicalJson(value ?? null);
    if (json.length <= LONGEST_KEPT) return value ?? null;
    return `sha256:${createHash("sha256").update(json).digest("hex")}`;
  });
}

/** The hash of what is in an asset or an archive, wherever that lies. Pulumi's engine computes it. */
function findContentHash(value: unknown): string | undefined {
  const { [MARK]: mark, hash } = (value ?? {}) as Record<string, unknown>;
  return FILES.includes(mark as string) && typeof hash === "string" && hash !== "" ? hash : undefined;
}

/**
 * Why triggers make every path due; undefined if they don't. Values are compared by their place in the list. One that is left out
 * at the end is no reason.
 */
export function findTriggersReason(
  olds: Inputs["triggers"] = [],
  news: Inputs["triggers"] = [],
): TriggersReason | undefined {
  if (typeof news === "string" || typeof olds === "string") return "triggers not known yet";
  const differs = (value: unknown, at: number) => at >= olds.length || canonicalJson(value) !== canonicalJson(olds[at]);
  const places = news.flatMap((value, at) => (differs(value, at) ? [at] : []));
  const known = places.filter((at) => news[at] !== UNKNOWN);
  if (known.length === 0) return places.length === 0 ? undefined : `${nameTriggers(places)} not known yet`;
  return known.every((at) => at >= olds.length) ? `${nameTriggers(known)} added` : `${nameTriggers(known)} changed`;
}

function nameTriggers(places: readonly number[]): string {
  if (places.length > MOST_NAMED) return `${places.length} triggers`;
  return joinNames(
    places.map((at) => `triggers[${at}]`),
    "and",
  );
}
