/** What is due, decided from values alone, so that the preview and the update can't disagree. */
import { type Content, contentOf, type Inputs, type Source, UNKNOWN } from "./inputs.js";
import { diffManifests, type Manifest, UNKNOWN_HASH } from "./manifest.js";
import { HASH_CHARACTERS } from "./unpacked.js";
import { encodeName } from "./vod/paths.js";

export interface Plan {
  /** The paths that are due, in the order in which they are sent. */
  paths: readonly string[];
  /** Why: each group with its size, such as "changed" and 3; empty where nothing is due. */
  groups: readonly Group[];
  /** How many paths the program manages. */
  total: number;
  /** Those of the paths that are no longer named: URLs, whatever the object type is by now. */
  gone: readonly string[];
  /** New URLs that no cache can hold, so that they aren't sent. */
  skipped: number;
  /** Paths that count as changed since their hash isn't known yet (in previews only). */
  unknown: number;
  /** Whether the plan carries on where the last run stopped, so that its task IDs still count. */
  resumes: boolean;
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
  | "objectType changed"
  | "area or headers changed"
  | "refreshed as another type"
  | "given in another way"
  | "new path"
  | "changed"
  | "vanished"
  | "new";

/** What the edge was last told to fetch anew, and under which inputs. */
export interface Before {
  inputs: Inputs;
  /** The hash under which each path was last refreshed; one whose refresh is still to be sent has UNKNOWN_HASH. */
  manifest: Manifest;
}

/**
 * The plan for a resource.
 *
 * Created: everything is due, since what the edge holds is unknown. Later: what was left, what changed and what vanished.
 * A new path of `paths` is due, since somebody wrote it there; a new URL of `contents` or `source` is not, since no cache
 * can hold it, unless `refreshNew` is true.
 *
 * @param before undefined for a resource that doesn't exist yet.
 * @param now the present hash of every path that the inputs name.
 */
export function planRefresh(before: Before | undefined, inputs: Inputs, now: Manifest): Plan {
  const { mode } = contentOf(inputs);
  const all = (reason: Reason): PathGroup => ({ reason, paths: [...now.keys()] });
  if (before === undefined) return planOf(inputs.refreshOnCreate ? [all("created")] : [], now);

  const { changed, vanished: missing, added } = diffManifests(before.manifest, now);
  // What is no longer named needs no copy at the edge.
  const vanished = inputs.objectType === "Preload" ? [] : missing;
  const oldMode = contentOf(before.inputs).mode;
  const isLeft = (path: string) => before.manifest.get(path) === UNKNOWN_HASH;
  // A path that `paths` no longer names isn't sent, even if it was left: it may be the one that was refused. What they
  // never named vanished before, and is still to be sent.
  const oldPaths = new Set(before.inputs.paths);
  const gone = oldMode === "paths" ? vanished.filter((path) => isLeft(path) && !oldPaths.has(path)) : vanished;
  if (oldMode !== mode) return planOf([all("given in another way"), { reason: "vanished", paths: gone }], now);
  if (before.inputs.objectType !== inputs.objectType) {
    return planOf([all("objectType changed"), { reason: "vanished", paths: gone }], now);
  }

  if (preloadsOtherwise(before.inputs, inputs)) return planOf([all("area or headers changed")], now);
  if (isRefreshedOtherwise(before.inputs, inputs)) return planOf([all("refreshed as another type")], now);
  const isOther = (path: string) => !isLeft(path);
  // Those of a source come in the order of their names; a program may have an order in mind.
  const inOrder = (paths: readonly string[]) => (mode === "source" ? paths : orderedAs(now, paths));
  const sendsNew = mode === "paths" || inputs.refreshNew === true;
  const groups: PathGroup[] = [
    { reason: "left from the last run", paths: [...inOrder(changed.filter(isLeft)), ...gone.filter(isLeft)] },
    { reason: mode === "paths" ? "contentHash changed" : "changed", paths: inOrder(changed.filter(isOther)) },
    { reason: "vanished", paths: gone.filter(isOther) },
    { reason: mode === "paths" ? "new path" : "new", paths: sendsNew ? inOrder(added) : [] },
  ];
  return planOf(groups, now, sendsNew ? 0 : added.length);
}

/** Whether viewers get other copies than those that were preloaded. */
function preloadsOtherwise(olds: Inputs, news: Inputs): boolean {
  return canonical([olds.area, olds.headers]) !== canonical([news.area, news.headers]);
}

/** Whether the refresh before a preload sends everything again, as another type. */
function isRefreshedOtherwise({ after: old }: Inputs, { after }: Inputs): boolean {
  const types = [old?.objectType, after?.objectType];
  return !types.includes(undefined) && !types.includes(UNKNOWN) && types[0] !== types[1];
}

/** The manifest after a run: what is still to be sent differs from every hash, whatever the content will be. */
export function settle(now: Manifest, pending: readonly string[]): Map<string, string> {
  const after = new Map(now);
  for (const path of pending) after.set(path, UNKNOWN_HASH);
  return after;
}

/** The present hash of every path that `paths` or `contents` name. */
export function manifestOf(content: Exclude<Content, { mode: "source" }>): Map<string, string> {
  if (content.mode === "contents") return new Map(Object.entries(content.contents));
  return new Map(content.paths.map((path) => [path, content.contentHash]));
}

/** The present hash of every URL at which the files of a source are served. */
export function manifestOfFiles(
  { baseUrl, indexDocument }: Source,
  files: ReadonlyMap<string, string>,
): Map<string, string> {
  const manifest = new Map<string, string>();
  for (const [name, content] of files) {
    const hash = content.slice(0, HASH_CHARACTERS);
    manifest.set(baseUrl + encodeName(name), hash);
    if (indexDocument === undefined) continue;
    const slash = name.lastIndexOf("/") + 1;
    if (name.slice(slash) === indexDocument) manifest.set(baseUrl + encodeName(name.slice(0, slash)), hash);
  }
  return manifest;
}

interface PathGroup {
  reason: Reason;
  paths: readonly string[];
}

function planOf(groups: readonly PathGroup[], now: Manifest, skipped = 0): Plan {
  const present = groups.filter(({ paths }) => paths.length > 0);
  const paths = present.flatMap((group) => group.paths);
  return {
    paths,
    gone: paths.filter((path) => !now.has(path)),
    groups: present.map(({ reason, paths: { length } }) => ({ reason, count: length })),
    total: now.size,
    skipped,
    unknown: paths.filter((path) => now.get(path) === UNKNOWN).length,
    resumes: present[0]?.reason === "left from the last run" && present.length === 1,
  };
}

/** Paths in the order in which the program gave them. */
function orderedAs(now: Manifest, paths: readonly string[]): string[] {
  const wanted = new Set(paths);
  return [...now.keys()].filter((path) => wanted.has(path));
}

/** Whether a difference is worth an update, with or without a call: the order of the paths isn't, nor what it comes after. */
export function differs(olds: Inputs, news: Inputs): boolean {
  const comparable = ({ paths = [], after: _, ...rest }: Inputs) => canonical({ ...rest, paths: [...paths].sort() });
  return comparable(olds) !== comparable(news) || isRefreshedOtherwise(olds, news);
}

/** A value as text, the same for the same value in whatever order its keys are. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
