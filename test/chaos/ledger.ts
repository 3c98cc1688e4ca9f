/**
 * What a resource owes its viewers by the documented rules, derived from its deployments alone, so that it can be
 * compared with what the provider did. It shares no code with the provider.
 */

import type { Sent } from "./faults.js";
import { type Attempt, findCovering } from "./program.js";
import { hasTriggered } from "./triggers.js";

/**
 * Why a path is due. An `unsure` or `failed` path may be sent, but needn't be: the call of an `unsure` one may have
 * been accepted, and nobody may have learned that the task of a `failed` one failed.
 */
export type Reason =
  | "created"
  | "switched"
  | "changed"
  | "covered"
  | "new"
  | "removed"
  | "leftover"
  | "unsure"
  | "failed";
type Leftover = "leftover" | "unsure" | "failed";
export type Due = ReadonlyMap<string, Reason>;

/** A content that no file has. */
const OTHER = "\0";

export class Ledger {
  /** The last deployment that the state records. */
  recorded: Attempt | undefined;
  /** The paths that this deployment didn't finish: they were not accepted, or nobody knows. */
  readonly leftover = new Map<string, Leftover>();
  /**
   * URLs whose content differed during a deployment that the state doesn't record, since its process died or it never
   * began. If that content is replaced before the next deployment, no provider can know that a cache may have it.
   */
  readonly unrecorded = new Set<string>();
  /**
   * The content of URLs when the program stopped naming them, or {@link OTHER} if it has changed since: nobody promises
   * to purge what came later.
   */
  readonly released = new Map<string, string | undefined>();
  /**
   * What was let go of before it was done. It owes nothing, but its tasks may still be followed once it is named again.
   */
  private readonly letGo = new Set<string>();
  /** The directories that were ever sent. They may be sent again even if the program no longer allows collapsing. */
  readonly directories = new Set<string>();
  /** The types with which each path was ever named. A path that is no longer named may be sent with any of them. */
  readonly types = new Map<string, Set<string>>();
  private hasTried = false;

  /** @param universe every URL that the resource may ever cover */
  constructor(private readonly universe: readonly string[]) {}

  /** Returns the paths that a deployment must send, and those that it may send. */
  due(attempt: Attempt): Due {
    const due = new Map<string, Reason>();
    const { recorded, leftover } = this;
    const { keys, declaration } = attempt;
    if (recorded === undefined) {
      if (declaration.refreshOnCreate) for (const key of keys.keys()) due.set(key, "created");
      return due;
    }
    const { mode, objectType, area } = recorded.declaration;
    const isOther = mode !== declaration.mode || objectType !== declaration.objectType || area !== declaration.area;
    const isTriggered = hasTriggered(recorded.declaration.triggers, declaration.triggers);
    const switched = isOther || isTriggered || recorded.refreshType !== attempt.refreshType;
    const isPreload = declaration.objectType === "Preload";
    const isNewlyCovered = (key: string, wasThere: (url: string) => boolean) =>
      recorded.coverage !== undefined && attempt.newlyCovers(recorded.coverage, key, wasThere);
    const isKnown = (url: string) => recorded.keys.has(url);
    for (const [key, hash] of keys) {
      const old = recorded.keys.get(key);
      if (switched) due.set(key, "switched");
      else if (old === undefined && !leftover.has(key)) {
        // What a source comes to cover was online before.
        if (isNewlyCovered(key, isKnown)) due.set(key, "covered");
        else if (declaration.mode === "paths" || declaration.refreshNew) due.set(key, "new");
        // A file that was removed before, and is still to be sent, may count as one that was there.
        else if (isNewlyCovered(key, (url) => leftover.has(url))) due.set(key, "unsure");
      } else if (old !== undefined && old !== hash) due.set(key, "changed");
      else if (leftover.has(key)) due.set(key, leftover.get(key) as Leftover);
      if (!due.has(key) && this.letGo.has(key)) due.set(key, "unsure");
    }
    // A path that is no longer named needs no copy at the edge.
    if (isPreload || declaration.letsGo) return due;
    // A path that is taken out of `paths` is no longer managed. One that another mode no longer names was removed.
    const takesOut = recorded.declaration.mode === "paths" && declaration.mode === "paths";
    if (!takesOut) for (const key of recorded.keys.keys()) if (!keys.has(key)) due.set(key, "removed");
    for (const [key, how] of leftover) {
      const isRemoved = !keys.has(key) && !(takesOut && recorded.keys.has(key));
      if (isRemoved) due.set(key, how === "leftover" ? "removed" : how);
    }
    return due;
  }

  /**
   * Takes note of a deployment that the state records: what it sent is settled.
   *
   * @param pending the paths that the state calls pending or unconfirmed. It may also list a URL that a directory
   * covered, and a path whose task it couldn't see to its end
   * @param online the content of all URLs at that time
   */
  record(
    attempt: Attempt,
    due: Due,
    sent: readonly Sent[],
    excused: ReadonlySet<string>,
    pending: ReadonlySet<string>,
    online: ReadonlyMap<string, string>,
  ): void {
    const { objectType } = attempt.declaration;
    // A path that is no longer named may be sent as IgnoreParams if the others are.
    const named = objectType === "IgnoreParams" ? [...attempt.keys.keys(), ...due.keys()] : attempt.keys.keys();
    for (const key of named) this.types.set(key, new Set(this.types.get(key)).add(objectType));
    const waiting = new Map<string, Leftover>();
    for (const [key, reason] of due) {
      const calls = callsFor(key, sent);
      const isSentItself = sent.some(
        ({ paths, outcome, isFromOutsider }) => outcome === "done" && !isFromOutsider && paths.includes(key),
      );
      const isNamed = pending.has(key) || [...pending].some((path) => path.endsWith("/") && key.startsWith(path));
      const isKept = isNamed && (attempt.declaration.wait !== undefined || !isSentItself);
      // An excused path may be dropped. If the state keeps it, it is sent once its domain is there again.
      const isDropped = excused.has(key) && !isNamed;
      if ((calls.includes("done") && !isKept) || isDropped) continue;
      const isUnsure = calls.includes("unsure") || calls.includes("done") || excused.has(key);
      const hasFailed = calls.at(-1) === "failed" || (!isUnsure && calls.includes("failed"));
      const how = hasFailed ? "failed" : isUnsure ? "unsure" : reason;
      waiting.set(key, how === "unsure" || how === "failed" ? how : "leftover");
    }
    for (const key of due.keys()) if (!waiting.has(key)) this.letGo.delete(key);
    if (attempt.declaration.letsGo)
      for (const key of this.leftover.keys()) if (!attempt.keys.has(key)) this.letGo.add(key);
    this.leftover.clear();
    for (const [key, how] of waiting) this.leftover.set(key, how);
    for (const key of this.released.keys()) if (!waiting.has(key) || attempt.keys.has(key)) this.released.delete(key);
    for (const key of waiting.keys()) {
      if (attempt.keys.has(key)) continue;
      const isSame = !this.released.has(key) || this.released.get(key) === online.get(key);
      this.released.set(key, isSame ? online.get(key) : OTHER);
    }
    const settled = [...due.keys()].filter((key) => !waiting.has(key));
    for (const url of this.unrecorded)
      if (findCovering(objectType, settled, url) !== undefined) this.unrecorded.delete(url);
    // Only at the first attempt is it sure that what isn't refreshed on create is fresh.
    if (this.recorded === undefined && !attempt.declaration.refreshOnCreate && this.hasTried) {
      for (const url of this.universe) this.unrecorded.add(url);
    }
    // A URL that comes back, while nobody knows whether its removal was refreshed, may count as new and have a cached 404.
    for (const [key, how] of waiting)
      if (how === "unsure" && attempt.keys.has(key) && this.recorded?.keys.has(key) === false) this.unrecorded.add(key);
    this.recorded = attempt;
    this.hasTried = true;
  }

  /** Takes note that the provider reported everything as done. */
  complete(): void {
    this.leftover.clear();
    this.released.clear();
  }

  /** Takes note of a deployment that the state doesn't record. */
  lose(attempt: Attempt): void {
    const before = this.recorded?.files ?? new Map<string, string>();
    // The next deployment may be compared with what was covered before.
    const wasCovered = [...attempt.online.keys()].filter((url) => this.recorded?.covers(url));
    for (const url of new Set([...attempt.files.keys(), ...before.keys(), ...wasCovered])) {
      if (attempt.online.get(url) !== before.get(url)) this.unrecorded.add(url);
    }
    for (const [url, content] of this.released) if (attempt.online.get(url) !== content) this.released.set(url, OTHER);
    this.hasTried = true;
  }

  /** Takes note that the resource was deleted. */
  forget(): void {
    this.recorded = undefined;
    this.leftover.clear();
    this.released.clear();
    this.letGo.clear();
    this.unrecorded.clear();
    this.hasTried = true;
  }
}

/**
 * Returns the outcomes of the calls that cover a path: its own, and for a URL or a directory those of a directory above
 * it. A call of somebody else counts only if the provider may take it for its own.
 */
export function callsFor(key: string, sent: readonly Sent[]): Sent["outcome"][] {
  const isPattern = key.endsWith(".*");
  const covers = (path: string, { objectType }: Sent) =>
    path === key || (!isPattern && objectType === "Directory" && key.startsWith(path));
  const counts = ({ isFromOutsider, standsForLost }: Sent) => !isFromOutsider || standsForLost === true;
  const covering = sent.filter((call) => counts(call) && call.paths.some((path) => covers(path, call)));
  return covering.map(({ outcome }) => outcome);
}
