/**
 * What a resource owes its viewers, told from its deployments alone and by the documented rules, so that it can be compared
 * with what the provider did. It shares no code with the provider.
 */

import type { Sent } from "./faults.js";
import { type Attempt, covering } from "./program.js";

/**
 * Why a path is due. `unsure` and `failed` may turn out to be no reason: its call may have been worked on; its task was accepted,
 * and then it failed while nobody was told.
 */
export type Reason = "created" | "switched" | "changed" | "new" | "vanished" | "left" | "unsure" | "failed";
type Left = "left" | "unsure" | "failed";
export type Due = ReadonlyMap<string, Reason>;

/** No content that any file has. */
const OTHER = "\0";

export class Ledger {
  /** What the state was last told of. */
  recorded: Attempt | undefined;
  /** What that deployment left: nothing of it was worked on, or nobody knows. */
  readonly left = new Map<string, Left>();
  /**
   * URLs whose content was another while a deployment ran of which the state knows nothing, since its process died or it never
   * began. If that content is gone by the next one, no provider can know that a cache may hold it.
   */
  readonly blind = new Set<string>();
  /**
   * What URLs had when the program let go of them; what they got since is nobody's promise, and {@link OTHER} where that is
   * something else.
   */
  readonly letGo = new Map<string, string | undefined>();
  /** The directories that were ever sent: such a one may be sent again, whatever the program says of collapsing by then. */
  readonly directories = new Set<string>();
  /** As what each path was ever named: what is no longer named may go as that. */
  readonly types = new Map<string, Set<string>>();
  private hasTried = false;

  /** @param universe every URL that the resource may ever stand for. */
  constructor(private readonly universe: readonly string[]) {}

  /** The paths that a deployment has to send, and those that it may. */
  due(attempt: Attempt): Due {
    const due = new Map<string, Reason>();
    const { recorded, left } = this;
    const { keys, manner } = attempt;
    if (recorded === undefined) {
      if (manner.refreshOnCreate) for (const key of keys.keys()) due.set(key, "created");
      return due;
    }
    const { mode, objectType, area } = recorded.manner;
    const isOther = mode !== manner.mode || objectType !== manner.objectType || area !== manner.area;
    const switched = isOther || recorded.afterType !== attempt.afterType;
    const isPreload = manner.objectType === "Preload";
    for (const [key, hash] of keys) {
      const old = recorded.keys.get(key);
      if (switched) due.set(key, "switched");
      else if (old === undefined && !left.has(key)) {
        if (manner.mode === "paths" || manner.refreshNew) due.set(key, "new");
      } else if (old !== undefined && old !== hash) due.set(key, "changed");
      else if (left.has(key)) due.set(key, left.get(key) as Left);
    }
    // What is no longer named needs no copy at the edge.
    if (isPreload) return due;
    // A path that is taken out of `paths` is nobody's any more; one that another way doesn't name has vanished.
    const takesOut = recorded.manner.mode === "paths" && manner.mode === "paths";
    if (!takesOut) for (const key of recorded.keys.keys()) if (!keys.has(key)) due.set(key, "vanished");
    for (const [key, how] of left) {
      const isGone = !keys.has(key) && !(takesOut && recorded.keys.has(key));
      if (isGone) due.set(key, how === "left" ? "vanished" : how);
    }
    return due;
  }

  /**
   * A deployment that the state tells of: what it sent is settled.
   *
   * @param pending what it says is still to be sent; it needn't know that a directory stood for a URL
   * as well, and of a task whose end it couldn't see it doesn't know enough.
   * @param online what all URLs have by then.
   */
  record(
    attempt: Attempt,
    due: Due,
    sent: readonly Sent[],
    excused: ReadonlySet<string>,
    pending: ReadonlySet<string>,
    online: ReadonlyMap<string, string>,
  ): void {
    const { objectType } = attempt.manner;
    // What is no longer named may go with any query where that is what the others do.
    const named = objectType === "IgnoreParams" ? [...attempt.keys.keys(), ...due.keys()] : attempt.keys.keys();
    for (const key of named) this.types.set(key, new Set(this.types.get(key)).add(objectType));
    const waiting = new Map<string, Left>();
    for (const [key, reason] of due) {
      const calls = callsFor(key, sent);
      const isSentItself = sent.some(
        ({ paths, outcome, isOutsiders }) => outcome === "done" && !isOutsiders && paths.includes(key),
      );
      const isNamed = pending.has(key) || [...pending].some((path) => path.endsWith("/") && key.startsWith(path));
      const isKept = isNamed && (attempt.manner.wait !== undefined || !isSentItself);
      if ((calls.includes("done") && !isKept) || excused.has(key)) continue;
      const how =
        calls.includes("unsure") || calls.includes("done") ? "unsure" : calls.includes("failed") ? "failed" : reason;
      waiting.set(key, how === "unsure" || how === "failed" ? how : "left");
    }
    this.left.clear();
    for (const [key, how] of waiting) this.left.set(key, how);
    for (const key of this.letGo.keys()) if (!waiting.has(key) || attempt.keys.has(key)) this.letGo.delete(key);
    for (const key of waiting.keys()) {
      if (attempt.keys.has(key)) continue;
      const isSame = !this.letGo.has(key) || this.letGo.get(key) === online.get(key);
      this.letGo.set(key, isSame ? online.get(key) : OTHER);
    }
    const settled = [...due.keys()].filter((key) => !waiting.has(key));
    for (const url of this.blind) if (covering(objectType, settled, url) !== undefined) this.blind.delete(url);
    // What its first deployment leaves as it is was only then surely fresh.
    if (this.recorded === undefined && !attempt.manner.refreshOnCreate && this.hasTried) {
      for (const url of this.universe) this.blind.add(url);
    }
    this.recorded = attempt;
    this.hasTried = true;
  }

  /** Everything went through, as the provider says. */
  complete(): void {
    this.left.clear();
    this.letGo.clear();
  }

  /** A deployment that the state knows nothing of. */
  lose(attempt: Attempt): void {
    const before = this.recorded?.files ?? new Map<string, string>();
    for (const url of new Set([...attempt.files.keys(), ...before.keys()])) {
      if (attempt.files.get(url) !== before.get(url)) this.blind.add(url);
    }
    this.hasTried = true;
  }

  /** The resource was deleted. */
  forget(): void {
    this.recorded = undefined;
    this.left.clear();
    this.letGo.clear();
    this.blind.clear();
    this.hasTried = true;
  }
}

/** What became of the calls that stood for a path: its own, and for a URL those of a directory that it is in. */
export function callsFor(key: string, sent: readonly Sent[]): Sent["outcome"][] {
  const isUrl = !/\/$|\.\*$/.test(key);
  const stands = (path: string, { objectType }: Sent) =>
    path === key || (isUrl && objectType === "Directory" && key.startsWith(path));
  return sent.filter((call) => call.paths.some((path) => stands(path, call))).map(({ outcome }) => outcome);
}
