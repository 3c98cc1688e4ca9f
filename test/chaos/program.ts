/** The inputs of a resource, the paths that they name with their hashes, and the URLs that these paths keep fresh. */
import type { Random } from "./random.js";
import type { Site } from "./site.js";

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
  /** Preloads only: where copies are put, and whether a failure is only a warning. */
  area?: "domestic" | "overseas" | undefined;
  onFailure?: "warn" | undefined;
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
}

/** Draws the first declaration of a resource. Later ones keep its `refreshNew` and `refreshOnCreate`. */
export function drawFirst(kind: Kind, site: Site, random: Random): Declaration {
  const fixed = { refreshNew: kind === "preload" || random.chance(0.4), refreshOnCreate: random.chance(0.8) };
  return { ...drawAny(kind, site, random), ...fixed };
}

/** Draws the next declaration, which may keep parts of the old one. */
export function drawNext(kind: Kind, site: Site, old: Declaration, random: Random): Declaration {
  const { refreshNew, refreshOnCreate } = old;
  const fixed = { refreshNew, refreshOnCreate };
  const other = { ...drawAny(kind, site, random), ...fixed };
  if (random.chance(0.4)) return other;
  const { quota, force, wait, retry } = other;
  return random.chance(0.5)
    ? { ...other, mode: old.mode, objectType: kind === "preload" ? "Preload" : typeFor(old.mode, random) }
    : { ...old, quota, force, wait, retry };
}

function drawAny(kind: Kind, site: Site, random: Random): Omit<Declaration, "refreshNew" | "refreshOnCreate"> {
  const mode = random.pick<Mode>(
    site.shape === "wide" ? ["paths", "contents"] : ["paths", "contents", "contents", "source", "source"],
  );
  const onExceeded = random.pick(["fail", "fail", "partial", "collapse"] as const);
  const collapses = [
    undefined,
    undefined,
    "always",
    ...(onExceeded === "collapse" ? [] : (["never"] as const)),
  ] as const;
  const objectType = typeFor(mode, random);
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
      objectType: "Preload",
      force: false,
      quota: { onExceeded: onExceeded === "collapse" ? "fail" : onExceeded },
      wait,
      retry,
      area: random.pick([undefined, undefined, "overseas"]),
      onFailure: random.pick([undefined, undefined, "warn"]),
    };
  }
  const force = random.chance(0.2);
  const collapse = random.pick(collapses);
  const quota = collapse === undefined ? { onExceeded } : { onExceeded, collapse };
  return { mode, objectType, force, quota, wait, retry };
}

function typeFor(mode: Mode, random: Random): ObjectType {
  const urls = ["File", "File", "File", "IgnoreParams"] as const;
  return random.pick(mode === "paths" ? [...urls, "Directory", "Regex"] : urls);
}

/**
 * @param loose whether `contentHash` may stay the same while paths come and go
 * @param refresh the refresh before a preload, which names only what that refresh keeps fresh
 */
export function buildAttempt(site: Site, declaration: Declaration, loose: boolean, refresh?: Attempt): Attempt {
  const { mode, refreshOnCreate, ...options } = declaration;
  const { objectType } = declaration;
  const isPreload = objectType === "Preload";
  const onCreate = { [isPreload ? "preloadOnCreate" : "refreshOnCreate"]: refreshOnCreate };
  const notInputs = isPreload ? ["objectType", "refreshNew"] : [];
  const isFresh = (url: string) =>
    !refresh || findCovering(refresh.declaration.objectType, refresh.keys.keys(), url) !== undefined;
  const online = [...site.files.keys()].filter(isFresh);
  const given = Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => value !== undefined && value !== false && !notInputs.includes(name),
    ),
  );
  const create = (keys: [string, string][], inputs: Properties): Attempt => {
    const named = new Map(keys);
    const files = new Map([...site.files].filter(([url]) => findCovering(objectType, named.keys(), url) !== undefined));
    const refreshType = refresh?.declaration.objectType;
    return { declaration, refreshType, inputs: { ...inputs, ...given, ...onCreate }, keys: named, files };
  };
  if (mode === "contents") {
    const hashes = online.map((url): [string, string] => [url, site.hash(url)]);
    return create(hashes, { contents: Object.fromEntries(hashes) });
  }
  if (mode === "source") {
    const hashes = online
      .filter((url) => url.startsWith(site.baseUrl))
      .map((url): [string, string] => [url, site.hash(url)]);
    return create(hashes, { source: { directory: site.directory, baseUrl: site.baseUrl } });
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
