/** What holds after each deployment, whatever went wrong in it. */

import { baselineOf, readState, type State } from "../../provider/plan/state.js";
import { PRELOAD, REFRESH } from "../../provider/schema/inputs.js";
import type { Emulator } from "../emulator/index.js";
import type { Outcome } from "./engine.js";
import { Unsendable } from "./engine.js";
import { isTransient, MAX_CALLS, type Sent } from "./faults.js";
import { callsFor, type Due, type Ledger } from "./ledger.js";
import { type Attempt, findCovering, type Kind, type Properties } from "./program.js";
import type { Site } from "./site.js";
import type { Viewers } from "./viewers.js";

/** An invariant that doesn't hold. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    readonly detail: string,
  ) {
    super(`${invariant}: ${detail}`);
  }
}

/** What is known of the deployment of one resource. */
export interface Deployment {
  site: Site;
  attempt: Attempt;
  due: Due;
  sent: readonly Sent[];
  /** Paths whose domain belongs neither to the account nor to the program any more. */
  excused: ReadonlySet<string>;
  pending: ReadonlySet<string>;
  /** Whether the provider reported success; paths may still be pending. */
  succeeded: boolean;
  /** The content of URLs when the program stopped naming them. */
  released: ReadonlyMap<string, string | undefined>;
}

/** The provider can read the state, and the status agrees with the pending paths. */
export function stateLoads(kind: Kind, outputs: Properties): State {
  try {
    const state = readState(outputs, kind === "preload" ? PRELOAD : REFRESH);
    baselineOf(state);
    const isUnfinished = state.status === "Incomplete" || state.status === "Failed";
    if (state.pending.length > 0 ? !isUnfinished : state.status === "Incomplete") {
      throw new Violation("the status is true", `it is ${state.status} with ${state.pending.length} pending paths`);
    }
    return state;
  } catch (error) {
    if (error instanceof Violation) throw error;
    throw new Violation("the state always loads", (error as Error).message);
  }
}

/** No text that leaves the provider contains a secret, plain or encoded. */
export function noSecret(emulator: Emulator, where: string, texts: readonly string[]): void {
  const secrets = [emulator.accessKeyId, emulator.accessKeySecret];
  for (const text of texts) {
    const found = secrets.some((secret) => text.includes(secret)) || /Signature(Nonce)?(=|%3D)/.test(text);
    if (found) throw new Violation("no secret anywhere", `one is in ${where}`);
  }
}

/** A failure is told in sentences. */
export function failsWell(outcome: Outcome): void {
  if (outcome.kind !== "failed" && outcome.kind !== "partial") return;
  const { thrown, messages } = outcome;
  if (thrown === undefined) throw new Violation("a sound program passes the check", messages.join(" "));
  if (thrown instanceof Unsendable) throw new Violation("the engine can keep every output", thrown.message);
  // The host prints the stack of an error that isn't an init failure.
  const stack = outcome.kind === "failed" && thrown instanceof Error ? (thrown.stack ?? "") : "";
  for (const text of [...messages, stack]) {
    if (/^\s+at .+[:(]\d+/m.test(text) || /node_modules|\[object Object\]|undefined|NaN/.test(text)) {
      throw new Violation("a failure is told in sentences", text.slice(0, 300));
    }
    if (text.includes("failed unexpectedly")) throw new Violation("nothing unexpected happens in the provider", text);
  }
  if (messages.some((text) => text === "")) throw new Violation("a failure is told in sentences", "there is none");
}

export function noStorm(calls: number): void {
  if (calls > MAX_CALLS) throw new Violation("no storm of calls", `${calls} in one deployment`);
}

/** Only what is due is purged, and nothing twice unless its outcome was unsure. */
export function nothingUnnecessary({ attempt, due, sent }: Deployment, { directories, types }: Ledger): void {
  const { mode, objectType, quota, wait, letsGo } = attempt.declaration;
  const accepted = new Map<string, { all: number; unsure: number }>();
  for (const call of sent) {
    if (call.isFromOutsider) continue;
    const covers = (path: string) =>
      call.objectType === "Directory" && [...due.keys()].some((key) => key.startsWith(path));
    const mayCollapse = quota.onExceeded === "collapse" || quota.collapse === "always";
    for (const path of call.paths) {
      // A path that is no longer named is sent with its former type. One that is named again while it is unsure is sent
      // with either.
      const isUnsure = ["unsure", "failed"].includes(due.get(path) ?? "");
      const wasThat = (isUnsure || !attempt.keys.has(path)) && types.get(path)?.has(call.objectType) === true;
      const isOwn = call.objectType === objectType || wasThat;
      // A directory whose end no update saw is sent once more by one that waits, although nothing that is due lies below it: it may
      // stand for URLs that `paths` no longer has, or that were let go of.
      const isOpen = (mode === "paths" || letsGo) && wait !== undefined && directories.has(path);
      const fits = (isOwn && due.has(path)) || isOpen || ((mayCollapse || directories.has(path)) && covers(path));
      if (!fits)
        throw new Violation("nothing unchanged is purged", `${call.objectType} ${path} was sent, and is not due`);
      if (call.outcome === "refused") continue;
      const counted = accepted.get(path) ?? { all: 0, unsure: 0 };
      counted.all++;
      if (call.outcome !== "done") counted.unsure++;
      // It was sent again because nobody knew, and once more because it failed.
      if (call.wasUnsure) counted.unsure++;
      accepted.set(path, counted);
    }
  }
  for (const [path, { all, unsure }] of accepted) {
    if (all > 1 + unsure)
      throw new Violation("no quota is spent twice", `${path} was accepted ${all} times, ${unsure} of them unsure`);
  }
}

/** What was due was sent, or is pending. */
export function nothingLost({ due, sent, excused, pending, succeeded }: Deployment): void {
  for (const [key, reason] of due) {
    if (reason === "unsure" || reason === "failed" || excused.has(key) || pending.has(key)) continue;
    // If this deployment couldn't see that a task failed, the next one can.
    const settles = ["done", "unsure", ...(succeeded ? [] : ["failed"])];
    if (!callsFor(key, sent).some((outcome) => settles.includes(outcome))) {
      throw new Violation("no path is lost", `${key} was due (${reason}), was not refreshed, and is not pending`);
    }
  }
}

/**
 * Viewers get what the origin has, wherever the resource promises it. Returns for how many URLs it promises nothing.
 */
export async function edgeIsFresh(
  { site, attempt, due, excused, pending, released }: Deployment,
  ledger: Ledger,
  { emulator, viewers }: { emulator: Emulator; viewers: Viewers },
): Promise<number> {
  const { objectType } = attempt.declaration;
  let unseen = 0;
  // The edge fetches what it hasn't cached, so there is no need to view it, and a view would cache it.
  for (const url of emulator.cached()) {
    if (!site.owns(url)) continue;
    const dueFor = findCovering(objectType, due.keys(), url);
    const isManaged = dueFor !== undefined || findCovering(objectType, attempt.keys.keys(), url) !== undefined;
    if (!isManaged || findCovering(objectType, [...excused, ...pending], url) !== undefined) continue;
    const isSure = dueFor !== undefined && due.get(dueFor) !== "unsure" && due.get(dueFor) !== "failed";
    // A removed URL was refreshed with its former type, which decides whether parameters count.
    const isOtherType = dueFor !== undefined && !isSure && !attempt.keys.has(dueFor) && dueFor !== url;
    const bare = stripQuery(url);
    const isReleased = released.has(bare) && released.get(bare) !== site.files.get(bare);
    if ((!isSure && (ledger.unrecorded.has(bare) || isReleased)) || isOtherType) {
      unseen++;
      continue;
    }
    const expected = site.files.get(bare);
    const { status, body } = await viewers.view(url);
    if (expected === undefined ? status === 404 : body === expected) continue;
    const [has, should] = [status === 404 ? "a 404" : `"${body}"`, expected === undefined ? "a 404" : `"${expected}"`];
    throw new Violation("the edge is fresh", `${url} is ${has} at the edge and ${should} at the origin`);
  }
  return unseen;
}

/**
 * What a deployment preloaded is at the edge before the first viewer.
 *
 * @param isPurged whether somebody else refreshed a URL meanwhile
 */
export function edgeIsWarm(
  { due, sent, site }: Deployment,
  cached: ReadonlySet<string>,
  isPurged: (url: string) => boolean,
): void {
  for (const [key, reason] of due) {
    const isSure = reason !== "unsure" && reason !== "failed" && site.files.has(key);
    const outcomes = callsFor(key, sent);
    if (!isSure || outcomes.length === 0 || !outcomes.every((outcome) => outcome === "done")) continue;
    if (!cached.has(key) && !isPurged(key))
      throw new Violation("the edge is warm", `${key} was preloaded, and isn't at the edge`);
  }
}

/** A single transient fault fails no update that retries as often as usual. */
export function survivesTransientFault(
  outcomes: readonly Outcome[],
  injected: readonly Parameters<typeof isTransient>[0][],
): void {
  if (injected.length > 1 || !injected.every(isTransient)) return;
  for (const outcome of outcomes) {
    if ("messages" in outcome)
      throw new Violation("a fault that passes fails no update", `${JSON.stringify(injected)}: ${outcome.messages[0]}`);
  }
}

export function isUrlType(objectType: string): boolean {
  return objectType === "File" || objectType === "IgnoreParams" || objectType === "Preload";
}

export function stripQuery(url: string): string {
  return url.split("?", 1)[0] as string;
}
