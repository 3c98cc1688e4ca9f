/** The inputs of a resource, the paths that they name with their hashes, and the URLs that these paths keep fresh. */
import { type Coverage, covers, drawCoverage, isNewlyCovered, listCovered, toSource, withFiles } from "./coverage.js";
import type { Random } from "./random.js";
import type { Site } from "./site.js";
import type { TriggerValues } from "./triggers.js";

export type Properties = Record<string, unknown>;
export type Mode = "paths" | "contents" | "source";
/** How paths are sent: refreshed with this type, or preloaded. */
export type ObjectType = "File" | "IgnoreParams" | "Directory" | "Regex" | "Preload";
export type Kind = "refresh" | "preload";

/** How a program declares its resource. The other inputs follow from the site. */
export interface Declaration {
  mode: Mode;
  objectType: ObjectType;
  force: boolean;
  quota: { onExceeded: "fail" | "partial" | "collapse"; collapse?: "always" | "never" };
  wait: boolean | { timeout: number; onTimeout: "fail" | "warn" } | undefined;
  retry: { timeout?: number; maxAttempts?: number } | undefined;
  refreshNew: boolean;
  refreshOnCreate: boolean;
  /** Whether a source may have an index document. Nothing is sent as a directory then: it would have the same name. */
  mayIndex: boolean;
  /** What a source covers. */
  coverage: Coverage;
  /** Whether what is no longer named is let go of (`refreshRemoved: false`). */
  letsGo: boolean;
  /** Preloads only: where copies are put, and whether a failure is only a warning. */
  area?: "domestic" | "overseas" | undefined;
  onFailure?: "warn" | undefined;
  triggers?: TriggerValues;
}

/** One deployment of a resource, as the program wants it. */
export interface Attempt {
  declaration: Declaration;
  /** The type with which the refresh before a preload sends. */
  refreshType: ObjectType | undefined;
  inputs: Properties;
  /** The paths that the resource names, as they are sent, each with the hash of its content. */
  keys: ReadonlyMap<string, string>;
  /** The files that were online then and that the paths cover. */
  files: ReadonlyMap<string, string>;
  /** All files that were online then. */
  online: ReadonlyMap<string, string>;
  /** What its source covers; undefined without a source. */
  coverage: Coverage | undefined;
  /** Whether its source covers a URL, or would if the file were online. */
  covers: (url: string) => boolean;
  /** Whether its source comes to cover a URL after another one, where some files are known to have been there. */
  newlyCovers: (before: Coverage, url: string, wasThere: (url: string) => boolean) => boolean;
}

/** What all declarations of a resource have in common. */
type Fixed = Pick<Declaration, "refreshNew" | "refreshOnCreate" | "mayIndex" | "triggers">;

/** Draws the first declaration of a resource. */
export function drawFirst(kind: Kind, site: Site, random: Random): Declaration {
  const fixed = {
    refreshNew: kind === "preload" || random.chance(0.4),
    refreshOnCreate: random.chance(0.8),
    mayIndex: kind === "refresh" && random.chance(0.3),
  };
  return { ...drawAny(kind, site, fixed.mayIndex, random), ...fixed };
}

/** Draws the next declaration, which may keep parts of the old one. */
export function drawNext(kind: Kind, site: Site, old: Declaration, random: Random): Declaration {
  const { refreshNew, refreshOnCreate, mayIndex, triggers } = old;
  const fixed: Fixed = { refreshNew, refreshOnCreate, mayIndex, triggers };
  const other = { ...drawAny(kind, site, mayIndex, random), ...fixed };
  if (random.chance(0.4)) return other;
  const { quota, force, wait, retry, coverage, letsGo } = other;
  return random.chance(0.5)
    ? { ...other, mode: old.mode, objectType: kind === "preload" ? "Preload" : typeFor(old.mode, mayIndex, random) }
    : { ...old, quota, force, wait, retry, coverage, letsGo };
}

function drawAny(kind: Kind, site: Site, mayIndex: boolean, random: Random): Omit<Declaration, keyof Fixed> {
  const mode = random.pick<Mode>(
    site.shape === "wide" ? ["paths", "contents"] : ["paths", "contents", "contents", "source", "source"],
  );
  const coverage = drawCoverage(site.shape, mayIndex, random);
  const letsGo = kind === "refresh" && random.chance(0.15);
  const onExceeded = random.pick(["fail", "fail", "partial", mayIndex ? "partial" : "collapse"] as const);
  const collapses = [
    undefined,
    undefined,
    mayIndex ? undefined : "always",
    ...(onExceeded === "collapse" ? [] : (["never"] as const)),
  ] as const;
  const objectType = typeFor(mode, mayIndex, random);
  const wait = random.pick([
    undefined,
    undefined,
    true,
    { timeout: 30, onTimeout: random.pick(["fail", "warn"] as const) },
  ]);
  const retry = random.pick([undefined, undefined, { maxAttempts: 1 }, { maxAttempts: 2 }, { timeout: 10 }]);
  if (kind === "preload") {
    return {
      mode,
      coverage,
      letsGo,
      objectType: "Preload",
      force: false,
      quota: { onExceeded: onExceeded === "collapse" ? "fail" : onExceeded },
      wait,
      retry,
      area: random.pick([undefined, undefined, "overseas"]),
      onFailure: random.pick([undefined, undefined, "warn"]),
    };
  }
  const force = !site.hasDates || random.chance(0.2);
  const collapse = random.pick(collapses);
  const quota = collapse === undefined ? { onExceeded } : { onExceeded, collapse };
  return { mode, coverage, letsGo, objectType, force, quota, wait, retry };
}

function typeFor(mode: Mode, mayIndex: boolean, random: Random): ObjectType {
  const urls = ["File", "File", "File", "IgnoreParams"] as const;
  return random.pick(mode === "paths" && !mayIndex ? [...urls, "Directory", "Regex"] : urls);
}

/**
 * @param loose whether `contentHash` may stay the same while paths come and go
 * @param refresh the refresh before a preload, which names only what that refresh keeps fresh
 */
export function buildAttempt(site: Site, declaration: Declaration, loose: boolean, refresh?: Attempt): Attempt {
  const { mode, refreshOnCreate, mayIndex: _, coverage, letsGo, refreshNew, ...options } = declaration;
  const { objectType } = declaration;
  const isPreload = objectType === "Preload";
  const onCreate = { [isPreload ? "preloadOnCreate" : "refreshOnCreate"]: refreshOnCreate };
  const notInputs = isPreload ? ["objectType"] : [];
  const policies = {
    ...(letsGo ? { refreshRemoved: false } : {}),
    ...(isPreload || refreshNew === sendsNewByDefault(declaration) ? {} : { refreshNew }),
  };
  const isFresh = (url: string) =>
    !refresh || findCovering(refresh.declaration.objectType, refresh.keys.keys(), url) !== undefined;
  const online = [...site.files.keys()].filter(isFresh);
  const given = Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => value !== undefined && value !== false && !notInputs.includes(name),
    ),
  );
  const create = (keys: [string, string][], inputs: Properties, source?: Coverage): Attempt => {
    const named = new Map(keys);
    const files = new Map([...site.files].filter(([url]) => findCovering(objectType, named.keys(), url) !== undefined));
    const refreshType = refresh?.declaration.objectType;
    return {
      declaration,
      refreshType,
      inputs: { ...inputs, ...given, ...policies, ...onCreate },
      keys: named,
      files,
      online: new Map(site.files),
      coverage: source,
      covers: (url) => source !== undefined && covers(site, source, url),
      newlyCovers: (before, url, wasThere) =>
        source !== undefined && isNewlyCovered(site, [before, source], url, wasThere),
    };
  };
  if (mode === "contents") {
    const hashes = online.map((url): [string, string] => [url, site.hash(url)]);
    return create(hashes, { contents: Object.fromEntries(hashes) });
  }
  if (mode === "source") {
    // Only what is refreshed may be preloaded, no directory, and nothing that the origin doesn't have.
    const own = isPreload ? { ...(refresh?.coverage ?? coverage), hasIndex: false, isClean: false } : coverage;
    const source = withFiles(site, own, online);
    const hashes = [...listCovered(site, source, online)].map(([url, file]): [string, string] => [
      url,
      site.hash(file),
    ]);
    return create(hashes, { source: toSource(site, source) }, source);
  }
  const directories = [...new Set(online.map((url) => url.slice(0, url.lastIndexOf("/") + 1)))];
  const paths =
    objectType === "Directory" ? directories : objectType === "Regex" ? directories.map((url) => `${url}.*`) : online;
  const isUrl = objectType !== "Directory" && objectType !== "Regex";
  const contentHash = site.contentHash(isPreload ? "preload" : "refresh", online, loose && isUrl);
  return create(
    paths.map((path) => [path, contentHash]),
    { paths, contentHash },
  );
}

/** Whether new URLs are sent if a program doesn't say. */
export function sendsNewByDefault({ mode, letsGo }: Pick<Declaration, "mode" | "letsGo">): boolean {
  return mode === "contents" || (mode === "source" && letsGo);
}

/** Returns the first path that refreshes the cached URL when it is sent with this type. */
export function findCovering(objectType: ObjectType, paths: Iterable<string>, url: string): string | undefined {
  const bare = url.split("?", 1)[0] as string;
  for (const path of paths) {
    if (path === url || (objectType === "IgnoreParams" && path === bare)) return path;
    if (objectType === "Directory" && path.endsWith("/") && url.startsWith(path)) return path;
    if (objectType === "Regex" && path.endsWith(".*") && url.startsWith(path.slice(0, -".*".length))) return path;
  }
  return undefined;
}
