/** Decides what is due, from values alone, so that the preview and the update can't disagree. */

import { UNKNOWN_HASH, UNREAD_HASH } from "../manifest/hash.js";
import { diffManifests, type Manifest, type ManifestChanges } from "../manifest/manifest.js";
import { type CallType, canForce, isPreload } from "../schema/call-types.js";
import { type Content, getContent, type Inputs } from "../schema/inputs.js";
import { UNKNOWN } from "../schema/unknown.js";
import { canonicalJson } from "./canonical-json.js";
import { findTriggersReason, type TriggersReason } from "./triggers.js";

export interface Plan {
  /** The paths that are due, in the order in which they are sent. */
  paths: readonly string[];
  /** Why they are due: each reason with its number of paths, such as "changed" and 3. Empty if nothing is due. */
  groups: readonly Group[];
  /** How many paths the program names. */
  total: number;
  /**
   * How each due path is sent that the program no longer names as what it was, whatever the inputs' object type is now.
   */
  removed: ReadonlyMap<string, RequestKind>;
  /** How many new URLs are not sent: they weren't there at the last deployment, which would have covered them. */
  skipped: number;
  /** How many URLs that are no longer named are not sent, since `refreshRemoved` is false. */
  letGo: number;
  /** The inputs of a source whose change makes it cover other URLs than before. */
  changedCoverage: readonly string[];
  /** How many paths are due only if their hash, which a preview doesn't know yet, turns out to be another. */
  unknown: number;
  /** Whether the plan only carries on with the last run, so that the task IDs of that run still count. */
  resumes: boolean;
}

/** How a path is sent. */
export interface RequestKind {
  objectType: CallType;
  force: boolean;
}

/** Why paths are sent, and how many. */
export interface Group {
  reason: Reason;
  count: number;
}

type Mode = Content["mode"];

/** In the words that a person reads. */
type Reason =
  | "initial deployment"
  | "stale at the edge"
  | "pending from the last update"
  | "contentHash changed"
  | "contentHash not known yet"
  | "objectType changed"
  | "area or headers changed"
  | "l2Preload enabled"
  | "objectType of the refresh changed"
  | `switched from ${Mode} to ${Mode}`
  | TriggersReason
  | "changed"
  | "newly covered"
  | "removed"
  | "no longer covered"
  | "new";

/** What the edge was last told to fetch, and with which inputs. */
export interface Baseline {
  inputs: Inputs;
  /** The hash with which each path was last sent; a path that is still to be sent has UNKNOWN_HASH. */
  manifest: Manifest;
  /** How those paths are sent that are in the manifest and not in the inputs. */
  removed: ReadonlyMap<string, RequestKind>;
  /** Those paths still to be sent that the last update saw to be stale. Default: none. */
  stale?: ReadonlySet<string>;
}

/**
 * Which URLs a source covers, by its base URL, `include`, `exclude`, `indexDocument` and `cleanUrls`, where that isn't what
 * the last deployment covered.
 */
export interface CoverageChange {
  /** Whether the last deployment would have covered a URL, had its file been there. */
  wasCovered(url: string): boolean;
  /** Whether this one covers it, if its file is there. */
  isCovered(url: string): boolean;
  /** The inputs of the source that differ. */
  readonly by: readonly string[];
}

/**
 * Plans what a resource sends.
 *
 * When it is created, every path is due, since nobody knows what the edge holds. Later, a path is due that is pending,
 * changed or removed. A new path of `paths` or `contents` is due, since it may have been online for long. A new URL of
 * `source` is due if the source didn't cover it before; if it would have, the file wasn't there, and its URL is due only
 * with `refreshNew`. A path that somebody took out of `paths` isn't due. A path that `contents` or `source` no longer
 * have is due, since these say what exists, unless `refreshRemoved` is false.
 *
 * @param baseline undefined for a resource that doesn't exist yet.
 * @param current the current hash of every path that the inputs name.
 * @param coverage undefined if a source covers what it covered, or there is none.
 */
export function planRefresh(
  baseline: Baseline | undefined,
  inputs: Inputs,
  current: Manifest,
  coverage?: CoverageChange,
): Plan {
  if (baseline === undefined) {
    return assemblePlan(
      inputs.refreshOnCreate ? [{ reason: "initial deployment", paths: [...current.keys()] }] : [],
      current,
    );
  }
  const comparison: Comparison = { baseline, inputs, current, coverage, oldPaths: new Set(baseline.inputs.paths) };
  const changes = diffManifests(baseline.manifest, current);
  const gone = selectRemoved(changes.removed, comparison);
  const [removed, letGo] = inputs.refreshRemoved === false ? [[], gone.length] : [gone, 0];
  const reasonForAll = findReasonForAll(baseline.inputs, inputs);
  if (reasonForAll === undefined) return planChanges({ ...changes, removed }, comparison, letGo);
  const groups: PathGroup[] = [
    { reason: reasonForAll, paths: [...current.keys()] },
    ...groupRemoved(removed, comparison),
  ];
  const details = { removed: findRemovedKinds(groups, comparison), letGo, coverage };
  if (!reasonForAll.endsWith(" not known yet")) return assemblePlan(groups, current, details);
  // What is due in any case is due for another reason.
  const { paths } = planChanges({ ...changes, removed }, comparison, letGo);
  const due = new Set(paths);
  return assemblePlan(groups, current, {
    ...details,
    unknown: [...current.keys()].filter((path) => !due.has(path)).length,
  });
}

/** The last deployment and the one that is planned. */
interface Comparison {
  baseline: Baseline;
  inputs: Inputs;
  current: Manifest;
  coverage: CoverageChange | undefined;
  /** The `paths` of the baseline's inputs. */
  oldPaths: ReadonlySet<string>;
}

/** Of the paths that are no longer named, selects those that have to be sent. */
function selectRemoved(removed: readonly string[], { baseline, inputs, oldPaths }: Comparison): readonly string[] {
  // A path that is no longer named needs no copy at the edge.
  if (isPreload(inputs.objectType)) return [];
  if (getContent(baseline.inputs).mode !== "paths" || getContent(inputs).mode !== "paths") return removed;
  // Somebody took the path out of `paths`. It isn't sent, even if it is pending: it may be the one that the service
  // refused. A pending path that `paths` never had was removed from `contents` or `source` earlier, and is still to be
  // sent.
  return removed.filter((path) => isPending(path, baseline) && !oldPaths.has(path));
}

/**
 * Returns a test of whether the end of a path that was sent has to be seen: of one that is named, stands for URLs that
 * are, or was removed; not of one that was taken out of `paths` or out of a preload, or that is let go.
 */
export function selectOwed(
  { inputs: olds, manifest, removed }: Baseline,
  news: Inputs,
  current: Manifest,
): (path: string) => boolean {
  const letsGo = isPreload(news.objectType) || news.refreshRemoved === false;
  const oldPaths = new Set(olds.paths);
  // An index document takes the name of a directory, and stands for nothing but itself.
  const isDirectory = (path: string) => path.endsWith("/") && (coversMany(removed.get(path)) || !manifest.has(path));
  const holdsNamed = (path: string) => isDirectory(path) && [...current.keys()].some((url) => url.startsWith(path));
  return (path) => current.has(path) || (!oldPaths.has(path) && (!letsGo || holdsNamed(path)));
}

/** Groups the paths that are no longer named by whether their files are gone or are no longer covered. */
function groupRemoved(removed: readonly string[], { coverage }: Comparison): PathGroup[] {
  const isCovered = (path: string) => coverage === undefined || coverage.isCovered(path);
  return [
    { reason: "removed", paths: removed.filter(isCovered) },
    { reason: "no longer covered", paths: removed.filter((path) => !isCovered(path)) },
  ];
}

/** Why every path is due, whatever its hash; undefined if only changed paths are. */
function findReasonForAll(olds: Inputs, news: Inputs): Reason | undefined {
  // Hashes that were given in different ways can't be compared.
  const [from, to] = [getContent(olds).mode, getContent(news).mode];
  if (from !== to) return `switched from ${from} to ${to}`;
  if (olds.objectType !== news.objectType) return "objectType changed";
  if (hasOtherPreloadOptions(olds, news)) return "area or headers changed";
  // The other way round, no copy is missing.
  if (news.l2Preload === true && olds.l2Preload !== true) return "l2Preload enabled";
  if (hasOtherRefreshType(olds, news)) return "objectType of the refresh changed";
  return findTriggersReason(olds.triggers, news.triggers);
}

/** Plans what changed path by path: first what is pending, then what changed, was removed or is new. */
function planChanges(
  { changed, removed, added }: Readonly<Record<keyof ManifestChanges, readonly string[]>>,
  comparison: Comparison,
  letGo: number,
): Plan {
  const { baseline, inputs, current, coverage } = comparison;
  const { mode } = getContent(inputs);
  const isLeft = (path: string) => isPending(path, baseline);
  const wasSent = (path: string) => !isLeft(path);
  // A program may have an order in mind; the URLs of a source come in the order of their names.
  const sort = (paths: readonly string[]) => (mode === "source" ? paths : sortAsGiven(current, paths));
  const changedSince = changed.filter(wasSent);
  const left = [...sort(changed.filter(isLeft)), ...removed.filter(isLeft)];
  const isStale = (path: string) => baseline.stale?.has(path) === true;
  const wasCovered = (path: string) => coverage === undefined || coverage.wasCovered(path);
  const [absent, newlyCovered] = [added.filter(wasCovered), added.filter((path) => !wasCovered(path))];
  // A key of `contents` may name what was always online. A file that comes back may have been let go of.
  const mayBeCached = mode === "contents" || inputs.refreshRemoved === false;
  const sendsNew = mode === "paths" || (inputs.refreshNew ?? mayBeCached);
  const groups: PathGroup[] = [
    { reason: "pending from the last update", paths: left.filter((path) => !isStale(path)) },
    { reason: "stale at the edge", paths: left.filter(isStale) },
    { reason: describeChange(inputs), paths: sort(changedSince) },
    { reason: "newly covered", paths: newlyCovered },
    ...groupRemoved(removed.filter(wasSent), comparison),
    { reason: "new", paths: sendsNew ? sort(absent) : [] },
  ];
  return assemblePlan(groups, current, {
    removed: findRemovedKinds(groups, comparison),
    skipped: sendsNew ? 0 : absent.length,
    letGo,
    coverage,
    unknown: changedSince.filter((path) => current.get(path) === UNKNOWN).length,
  });
}

/** Whether a path was still to be sent after the last run. */
function isPending(path: string, { manifest }: Baseline): boolean {
  return manifest.get(path) === UNKNOWN_HASH;
}

/** What a changed hash means in the words of the inputs. */
function describeChange(inputs: Inputs): Reason {
  const content = getContent(inputs);
  if (content.mode !== "paths") return "changed";
  return content.contentHash === UNKNOWN ? "contentHash not known yet" : "contentHash changed";
}

/** How those of the paths are sent that are no longer named as what they were. */
function findRemovedKinds(groups: readonly PathGroup[], comparison: Comparison): Map<string, RequestKind> {
  const kinds = new Map<string, RequestKind>();
  for (const { paths } of groups) {
    for (const path of paths) {
      if (comparison.current.has(path) && !coveredMore(path, comparison)) continue;
      const kind = findRequestKind(path, comparison.baseline);
      kinds.set(path, isWidened(kind, path, comparison.inputs) ? getRequestKind(comparison.inputs) : kind);
    }
  }
  return kinds;
}

/**
 * Whether a path that is named as a URL covered more before. If an index document takes the name of a directory, the
 * path is still sent as a directory.
 */
function coveredMore(path: string, { baseline, inputs, oldPaths }: Comparison): boolean {
  if (coversMany(baseline.removed.get(path))) return true;
  const isNamedAnew = getContent(baseline.inputs).mode !== getContent(inputs).mode;
  return isNamedAnew && oldPaths.has(path) && coversMany(baseline.inputs);
}

/** Whether a removed URL is sent with any query, as the inputs do by now: it costs the same. */
function isWidened({ objectType }: RequestKind, path: string, inputs: Inputs): boolean {
  return objectType === "File" && inputs.objectType === "IgnoreParams" && !path.includes("?");
}

/**
 * Plans what is due if the files of a source changed after they were checked: what is due by the check, and what is due
 * by the current files, since either may be online.
 */
export function planAfterDrift(
  baseline: Baseline,
  inputs: Inputs,
  checked: Manifest,
  current: Manifest,
  coverage?: CoverageChange,
): Plan {
  const { paths, removed } = planRefresh(baseline, inputs, checked, coverage);
  const own = paths.filter((path) => !removed.has(path)).map((path) => [path, getRequestKind(inputs)] as const);
  const left = { ...baseline, manifest: markPending(baseline.manifest, paths), removed: new Map([...removed, ...own]) };
  return planRefresh(left, inputs, current, coverage);
}

/**
 * The content of the last update as the current one, where nobody may read another: nothing of it changed, and what is
 * pending of it stays due.
 */
export function keepContent({ manifest, removed }: Baseline): Map<string, string> {
  const kept = new Map<string, string>();
  for (const [path, hash] of manifest) {
    const kind = removed.get(path);
    // The program no longer names it, or it was a directory before it was a URL.
    if (kind !== undefined && !coversMany(kind)) continue;
    kept.set(path, hash === UNKNOWN_HASH ? UNREAD_HASH : hash);
  }
  return kept;
}

/** Whether a path of that kind covers more than one URL with its queries. */
function coversMany(kind: Pick<RequestKind, "objectType"> | undefined): boolean {
  return kind?.objectType === "Directory" || kind?.objectType === "Regex";
}

/** How inputs send their paths. */
function getRequestKind({ objectType, force }: Inputs): RequestKind {
  return { objectType, force: canForce(objectType) && force };
}

/** How a path is sent that is no longer named: as it was when it was named. */
function findRequestKind(path: string, { inputs, removed }: Baseline): RequestKind {
  const known = removed.get(path);
  if (known !== undefined) return known;
  if (!coversMany(inputs) || inputs.paths?.includes(path)) return getRequestKind(inputs);
  // A URL beside directories, sent so long ago that the state doesn't tell whether it went with any query.
  return { objectType: path.includes("?") ? "File" : "IgnoreParams", force: false };
}

/**
 * Selects what the state keeps of paths that are pending or unconfirmed: how those are sent that the program no longer
 * names.
 */
export function keepRequestKinds(
  paths: readonly string[],
  plan: Plan,
  baseline: Baseline | undefined,
): Map<string, RequestKind> {
  const kinds = new Map<string, RequestKind>();
  for (const path of paths) {
    const kind = plan.removed.get(path) ?? baseline?.removed.get(path);
    if (kind !== undefined) kinds.set(path, kind);
  }
  return kinds;
}

/** Whether viewers get other copies than those that were preloaded. */
function hasOtherPreloadOptions(olds: Inputs, news: Inputs): boolean {
  return canonicalJson([olds.area, olds.headers]) !== canonicalJson([news.area, news.headers]);
}

/** Whether the refresh before a preload sends everything again, with another object type. */
function hasOtherRefreshType({ refresh: old }: Inputs, { refresh }: Inputs): boolean {
  const types = [old?.objectType, refresh?.objectType];
  return !types.includes(undefined) && !types.includes(UNKNOWN) && types[0] !== types[1];
}

/**
 * The manifest after a run. A pending path gets the hash that differs from every other, whatever the content will be.
 */
export function markPending(current: Manifest, pending: readonly string[]): Map<string, string> {
  const marked = new Map(current);
  for (const path of pending) marked.set(path, UNKNOWN_HASH);
  return marked;
}

/** The current hash of every path that `paths` or `contents` name. */
export function manifestFromInputs(content: Exclude<Content, { mode: "source" }>): Map<string, string> {
  if (content.mode === "contents") return new Map(Object.entries(content.contents));
  return new Map(content.paths.map((path) => [path, content.contentHash]));
}

interface PathGroup {
  reason: Reason;
  paths: readonly string[];
}

interface PlanDetails {
  removed?: ReadonlyMap<string, RequestKind>;
  skipped?: number;
  letGo?: number;
  coverage?: CoverageChange | undefined;
  unknown?: number;
}

function assemblePlan(
  groups: readonly PathGroup[],
  current: Manifest,
  { removed = new Map(), skipped = 0, letGo = 0, coverage, unknown = 0 }: PlanDetails = {},
): Plan {
  const present = groups.filter(({ paths }) => paths.length > 0);
  return {
    paths: present.flatMap(({ paths }) => paths),
    removed,
    groups: present.map(({ reason, paths: { length } }) => ({ reason, count: length })),
    total: current.size,
    skipped,
    letGo,
    changedCoverage: coverage?.by ?? [],
    unknown,
    resumes: present.length === 1 && present[0]?.reason === "pending from the last update",
  };
}

/** Why each path of a plan is due, as long as the paths are in the order of their reasons. */
export function mapReasons({ paths, groups }: Pick<Plan, "paths" | "groups">): Map<string, Reason> {
  const reasons = groups.flatMap(({ reason, count }) => Array<Reason>(count).fill(reason));
  return new Map(paths.flatMap((path, index) => (reasons[index] === undefined ? [] : [[path, reasons[index]]])));
}

/** Sorts paths into the order in which the program gave them. */
function sortAsGiven(current: Manifest, paths: readonly string[]): string[] {
  const wanted = new Set(paths);
  return [...current.keys()].filter((path) => wanted.has(path));
}

/**
 * Whether inputs differ so that an update is needed, with or without a call. The order of the paths, and what they come
 * after, don't count.
 */
export function hasChanges(olds: Inputs, news: Inputs): boolean {
  const comparable = ({ paths = [], refresh: _, ...rest }: Inputs) =>
    canonicalJson({ ...rest, paths: [...paths].sort() });
  return comparable(olds) !== comparable(news) || hasOtherRefreshType(olds, news);
}
