/** What is due, decided from values alone, so that the preview and the update can't disagree. */

import { UNKNOWN_HASH } from "../manifest/hash.js";
import { diffManifests, type Manifest } from "../manifest/manifest.js";
import { type CallType, type Content, contentOf, type Inputs, UNKNOWN } from "../schema/inputs.js";

export interface Plan {
  /** The paths that are due, in the order in which they are sent. */
  paths: readonly string[];
  /** Why: each group with its size, such as "changed" and 3; empty where nothing is due. */
  groups: readonly Group[];
  /** How many paths the program manages. */
  total: number;
  /** Those of the paths that are no longer named as what they were, each with that, whatever the object type is by now. */
  removed: ReadonlyMap<string, RequestKind>;
  /** New URLs that no cache can hold, so that they aren't sent. */
  skipped: number;
  /** Paths that are due only if their hash, which isn't known yet (in previews only), turns out to be another. */
  unknown: number;
  /** Whether the plan carries on where the last run stopped, so that its task IDs still count. */
  resumes: boolean;
}

/** As what a path is sent. */
export interface RequestKind {
  objectType: CallType;
  force: boolean;
}

/** Why paths are sent, and how many. */
export interface Group {
  reason: Reason;
  count: number;
}

export type Reason =
  | "created"
  | "left from the last run"
  | "contentHash changed"
  | "contentHash not known yet"
  | "objectType changed"
  | "area or headers changed"
  | "refreshed as another type"
  | "given in another way"
  | "new path"
  | "changed"
  | "vanished"
  | "new";

/** What the edge was last told to fetch anew, and under which inputs. */
export interface Baseline {
  inputs: Inputs;
  /** The hash under which each path was last refreshed; one whose refresh is still to be sent has UNKNOWN_HASH. */
  manifest: Manifest;
  /** As what those of it are sent that `inputs` don't name. States that were written before 0.2 don't say it. */
  removed?: ReadonlyMap<string, RequestKind>;
}

/**
 * The plan for a resource.
 *
 * Created: everything is due, since what the edge holds is unknown. Later: what was left, what changed and what vanished.
 * A new path of `paths` is due, since somebody wrote it there; a new URL of `contents` or `source` is not, since no cache
 * can hold it, unless `refreshNew` is true. A path taken out of `paths` isn't due, since somebody took it out; one that isn't
 * there any more once `contents` or `source` say what is, has vanished like any other.
 *
 * @param baseline undefined for a resource that doesn't exist yet.
 * @param current the present hash of every path that the inputs name.
 */
export function planRefresh(baseline: Baseline | undefined, inputs: Inputs, current: Manifest): Plan {
  const { mode } = contentOf(inputs);
  const all = (reason: Reason): PathGroup => ({ reason, paths: [...current.keys()] });
  if (baseline === undefined) return assemblePlan(inputs.refreshOnCreate ? [all("created")] : [], current);

  const { changed, removed: missing, added } = diffManifests(baseline.manifest, current);
  // What is no longer named needs no copy at the edge.
  const vanished = inputs.objectType === "Preload" ? [] : missing;
  const oldMode = contentOf(baseline.inputs).mode;
  const isLeft = (path: string) => baseline.manifest.get(path) === UNKNOWN_HASH;
  // A path that `paths` no longer names isn't sent, even if it was left: it may be the one that was refused. What they
  // never named vanished before, and is still to be sent.
  const oldPaths = new Set(baseline.inputs.paths);
  const isTakenOut = (path: string) => mode === "paths" && oldMode === "paths" && (!isLeft(path) || oldPaths.has(path));
  const due = vanished.filter((path) => !isTakenOut(path));
  // A directory stays one where a URL of the same name, that of an index document, takes its place: it stands for more.
  const isWider = (path: string) =>
    coversMany(baseline.removed?.get(path)) || (oldMode !== mode && oldPaths.has(path) && coversMany(baseline.inputs));
  // With any query at no more cost, where that is what the inputs do by now.
  const isWidened = ({ objectType }: RequestKind, path: string) =>
    objectType === "File" && inputs.objectType === "IgnoreParams" && !path.includes("?");
  const removedKind = (path: string) => {
    if (current.has(path) && !isWider(path)) return undefined;
    const requestKind = findRequestKind(path, baseline);
    return isWidened(requestKind, path) ? requestKindOf(inputs) : requestKind;
  };
  const planned = (groups: readonly PathGroup[], counts = {}) =>
    assemblePlan(groups, current, { removedKind, ...counts });
  if (oldMode !== mode) return planned([all("given in another way"), { reason: "vanished", paths: due }]);
  if (baseline.inputs.objectType !== inputs.objectType) {
    return planned([all("objectType changed"), { reason: "vanished", paths: due }]);
  }

  if (hasOtherPreloadOptions(baseline.inputs, inputs)) return planned([all("area or headers changed")]);
  if (hasOtherRefreshType(baseline.inputs, inputs)) return planned([all("refreshed as another type")]);
  const isOther = (path: string) => !isLeft(path);
  const others = changed.filter(isOther);
  const unknown = others.filter((path) => current.get(path) === UNKNOWN).length;
  // Those of a source come in the order of their names; a program may have an order in mind.
  const inOrder = (paths: readonly string[]) => (mode === "source" ? paths : sortAsGiven(current, paths));
  const sendsNew = mode === "paths" || inputs.refreshNew === true;
  const groups: PathGroup[] = [
    { reason: "left from the last run", paths: [...inOrder(changed.filter(isLeft)), ...due.filter(isLeft)] },
    { reason: changeReason(inputs), paths: inOrder(others) },
    { reason: "vanished", paths: due.filter(isOther) },
    { reason: mode === "paths" ? "new path" : "new", paths: sendsNew ? inOrder(added) : [] },
  ];
  return planned(groups, { skipped: sendsNew ? 0 : added.length, unknown });
}

/** What it means in the words of the inputs that a hash is another than it was. */
function changeReason(inputs: Inputs): Reason {
  const content = contentOf(inputs);
  if (content.mode !== "paths") return "changed";
  return content.contentHash === UNKNOWN ? "contentHash not known yet" : "contentHash changed";
}

/**
 * The plan where the files of a source changed after they were checked: what is due by what was checked, and by what is there
 * now, since either may be online.
 */
export function planAfterDrift(baseline: Baseline, inputs: Inputs, checked: Manifest, current: Manifest): Plan {
  const { paths, removed } = planRefresh(baseline, inputs, checked);
  const own = paths.filter((path) => !removed.has(path)).map((path) => [path, requestKindOf(inputs)] as const);
  const left = { ...baseline, manifest: markPending(baseline.manifest, paths), removed: new Map([...removed, ...own]) };
  return planRefresh(left, inputs, current);
}

/** Whether it stands for more than one URL and its queries. */
function coversMany(requestKind: Pick<RequestKind, "objectType"> | undefined): boolean {
  return requestKind?.objectType === "Directory" || requestKind?.objectType === "Regex";
}

/** As what inputs send their paths. */
function requestKindOf({ objectType, force }: Inputs): RequestKind {
  return { objectType, force: objectType === "Directory" && force };
}

/** As what a path is sent that is no longer named: what it was when it was. */
function findRequestKind(path: string, { inputs, removed }: Baseline): RequestKind {
  const known = removed?.get(path);
  if (known !== undefined) return known;
  // Of a URL that was left beside directories, an older state doesn't say whether it went with any query.
  const isKnown = !coversMany(inputs) || inputs.paths?.includes(path);
  return isKnown ? requestKindOf(inputs) : { objectType: path.includes("?") ? "File" : "IgnoreParams", force: false };
}

/** Of paths that are still to be sent or seen, as what those are sent that the program no longer names, for the state. */
export function keepRequestKinds(
  paths: readonly string[],
  plan: Plan,
  baseline: Baseline | undefined,
): Record<string, RequestKind> | undefined {
  const kinds = paths.flatMap((path) => {
    const requestKind = plan.removed.get(path) ?? baseline?.removed?.get(path);
    return requestKind === undefined ? [] : [[path, requestKind]];
  });
  return kinds.length === 0 ? undefined : Object.fromEntries(kinds);
}

/** Whether viewers get other copies than those that were preloaded. */
function hasOtherPreloadOptions(olds: Inputs, news: Inputs): boolean {
  return canonicalJson([olds.area, olds.headers]) !== canonicalJson([news.area, news.headers]);
}

/** Whether the refresh before a preload sends everything again, as another type. */
function hasOtherRefreshType({ refresh: old }: Inputs, { refresh }: Inputs): boolean {
  const types = [old?.objectType, refresh?.objectType];
  return !types.includes(undefined) && !types.includes(UNKNOWN) && types[0] !== types[1];
}

/** The manifest after a run: what is still to be sent differs from every hash, whatever the content will be. */
export function markPending(current: Manifest, pending: readonly string[]): Map<string, string> {
  const after = new Map(current);
  for (const path of pending) after.set(path, UNKNOWN_HASH);
  return after;
}

/** The present hash of every path that `paths` or `contents` name. */
export function manifestFromInputs(content: Exclude<Content, { mode: "source" }>): Map<string, string> {
  if (content.mode === "contents") return new Map(Object.entries(content.contents));
  return new Map(content.paths.map((path) => [path, content.contentHash]));
}

interface PathGroup {
  reason: Reason;
  paths: readonly string[];
}

function assemblePlan(
  groups: readonly PathGroup[],
  current: Manifest,
  {
    removedKind = () => undefined,
    skipped = 0,
    unknown = 0,
  }: { removedKind?: (path: string) => RequestKind | undefined; skipped?: number; unknown?: number } = {},
): Plan {
  const present = groups.filter(({ paths }) => paths.length > 0);
  const paths = present.flatMap((group) => group.paths);
  const removed = new Map<string, RequestKind>();
  for (const path of paths) {
    const requestKind = removedKind(path);
    if (requestKind !== undefined) removed.set(path, requestKind);
  }
  return {
    paths,
    removed,
    groups: present.map(({ reason, paths: { length } }) => ({ reason, count: length })),
    total: current.size,
    skipped,
    unknown,
    resumes: present[0]?.reason === "left from the last run" && present.length === 1,
  };
}

/** Paths in the order in which the program gave them. */
function sortAsGiven(current: Manifest, paths: readonly string[]): string[] {
  const wanted = new Set(paths);
  return [...current.keys()].filter((path) => wanted.has(path));
}

/** Whether a difference is worth an update, with or without a call: the order of the paths isn't, nor what it comes after. */
export function hasChanges(olds: Inputs, news: Inputs): boolean {
  const comparable = ({ paths = [], refresh: _, ...rest }: Inputs) =>
    canonicalJson({ ...rest, paths: [...paths].sort() });
  return comparable(olds) !== comparable(news) || hasOtherRefreshType(olds, news);
}

/** A value as text, the same for the same value in whatever order its keys are. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
