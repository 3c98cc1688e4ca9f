/** Which URLs the edge is asked for, and what it has to serve there. */
import { UNKNOWN_HASH, UNREAD_HASH } from "../manifest/hash.js";
import type { Manifest } from "../manifest/manifest.js";
import type { Batch } from "../plan/batches.js";
import { settledPaths } from "../plan/batches.js";
import type { Plan, RequestKind } from "../plan/plan.js";
import { isPreload } from "../schema/call-types.js";
import { getContent, type Inputs } from "../schema/inputs.js";
import type { Expected } from "./judge.js";
import type { Candidate } from "./sample.js";

/** A path that was sent, with all that is needed to ask for it. */
export interface Target extends Candidate {
  url: string;
  expected: Expected;
  file?: string | undefined;
  /** When it was sent, in milliseconds: a copy that was made later is new. */
  since: number;
}

/** A file on this machine. */
export interface FoundFile {
  path: string;
  size: number;
}

/** What was sent, and from what it was planned. */
export interface Sent {
  plan: Plan;
  inputs: Inputs;
  /** The current hash of every path that the inputs name. */
  current: Manifest;
  /** How paths are sent that the program no longer names. */
  removed?: ReadonlyMap<string, RequestKind> | undefined;
}

/** The paths of a plan with their reasons, without those that name no URL. */
export function listCandidates(
  { plan, inputs, removed }: Omit<Sent, "current">,
  reasons: ReadonlyMap<string, string>,
): Candidate[] {
  const isPattern = (path: string) => {
    const kind = plan.removed.get(path) ?? removed?.get(path) ?? inputs;
    return kind.objectType === "Regex";
  };
  return plan.paths.flatMap((path) => (isPattern(path) ? [] : [{ path, reason: reasons.get(path) ?? "" }]));
}

/** The paths of accepted calls that were followed to their end. */
export function listCompleted(
  batches: readonly Batch[],
  { pending, unconfirmed }: { pending: readonly string[]; unconfirmed: readonly string[] },
): Set<string> {
  const open = new Set(unconfirmed);
  const due = new Set(pending);
  const completed = batches.flatMap((batch) => {
    const paths = batch.paths.filter((path) => !open.has(path));
    return settledPaths({ ...batch, paths });
  });
  return new Set(completed.filter((path) => !due.has(path)));
}

/**
 * What the edge has to serve for a path.
 *
 * @param findFile finds the file that a source serves at a URL.
 */
export async function expectPath(
  path: string,
  { inputs, current }: Pick<Sent, "inputs" | "current">,
  findFile: (url: string) => Promise<FoundFile | undefined>,
): Promise<Pick<Target, "expected" | "file">> {
  const hash = current.get(path);
  if (hash === undefined) return { expected: { kind: "removed" } };
  const content = getContent(inputs);
  // A preload without a refresh leaves whatever copy there is, and nobody knows how old that may be.
  const mayBeOlder = isPreload(inputs.objectType) && inputs.refresh === undefined;
  const isUnread = hash === UNREAD_HASH || hash === UNKNOWN_HASH;
  if (content.mode !== "source" || isUnread) {
    const isOwn = content.mode === "contents" || (content.mode === "paths" && content.paths.length === 1);
    return { expected: { kind: "copy", mayBeOlder, ...(isOwn ? { hash } : {}) } };
  }
  const file = await findFile(path);
  return { expected: { kind: "file", hash, size: file?.size }, file: file?.path };
}

/** The URL that a path is asked by: a path without a scheme stands for https as well. */
export function urlOf(path: string): string {
  return /^https?:\/\//.test(path) ? path : `https://${path}`;
}
