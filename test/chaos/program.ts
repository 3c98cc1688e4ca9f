/** The inputs of a resource, and what they mean: which paths it names under which hash, and which URLs that keeps fresh. */
import type { Random } from "./random.js";
import type { Site } from "./site.js";

export type Properties = Record<string, unknown>;
export type Mode = "paths" | "contents" | "source";
/** As what paths are sent: refreshed as that type, or preloaded. */
export type ObjectType = "File" | "IgnoreParams" | "Directory" | "Regex" | "Preload";
export type Kind = "refresh" | "preload";

/** How a program describes its resource. What isn't here follows from the site. */
export interface Manner {
  mode: Mode;
  objectType: ObjectType;
  force: boolean;
  quota: { onExceeded: "fail" | "partial" | "collapse"; collapse?: "always" | "never" };
  wait: boolean | { timeout: number; onTimeout: "fail" | "warn" } | undefined;
  retry: { timeout?: number; maxAttempts?: number } | undefined;
  refreshNew: boolean;
  refreshOnCreate: boolean;
  /** Of a preload only: where copies are put, and whether one that fails is but a warning. */
  area?: "domestic" | "overseas" | undefined;
  onFailure?: "warn" | undefined;
}

/** One deployment of a resource, as the program meant it. */
export interface Attempt {
  manner: Manner;
  /** As what the refresh before a preload sends. */
  afterType: ObjectType | undefined;
  inputs: Properties;
  /** The paths that the resource names, as they are sent, each with the hash of its content. */
  keys: ReadonlyMap<string, string>;
  /** What was online then, of the URLs that the paths stand for. */
  files: ReadonlyMap<string, string>;
}

/** A manner to begin with. `refreshNew` and `refreshOnCreate` stay as they are. */
export function firstManner(kind: Kind, site: Site, random: Random): Manner {
  const fixed = { refreshNew: kind === "preload" || random.chance(0.4), refreshOnCreate: random.chance(0.8) };
  return { ...anyManner(kind, site, random), ...fixed };
}

/** Another manner, or partly the same. */
export function nextManner(kind: Kind, site: Site, old: Manner, random: Random): Manner {
  const { refreshNew, refreshOnCreate } = old;
  const fixed = { refreshNew, refreshOnCreate };
  const other = { ...anyManner(kind, site, random), ...fixed };
  if (random.chance(0.4)) return other;
  const { quota, force, wait, retry } = other;
  return random.chance(0.5)
    ? { ...other, mode: old.mode, objectType: kind === "preload" ? "Preload" : typeFor(old.mode, random) }
    : { ...old, quota, force, wait, retry };
}

function anyManner(kind: Kind, site: Site, random: Random): Omit<Manner, "refreshNew" | "refreshOnCreate"> {
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
 * @param loose whether `contentHash` may stay as it is while paths come and go.
 * @param after the refresh that a preload comes after: it names what that one keeps fresh, and nothing else.
 */
export function attemptOf(site: Site, manner: Manner, loose: boolean, after?: Attempt): Attempt {
  const { mode, refreshOnCreate, ...options } = manner;
  const { objectType } = manner;
  const isPreload = objectType === "Preload";
  const onCreate = { [isPreload ? "preloadOnCreate" : "refreshOnCreate"]: refreshOnCreate };
  const notInputs = isPreload ? ["objectType", "refreshNew"] : [];
  const isFresh = (url: string) => !after || covering(after.manner.objectType, after.keys.keys(), url) !== undefined;
  const online = [...site.files.keys()].filter(isFresh);
  const given = Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => value !== undefined && value !== false && !notInputs.includes(name),
    ),
  );
  const made = (keys: [string, string][], inputs: Properties): Attempt => {
    const named = new Map(keys);
    const files = new Map([...site.files].filter(([url]) => covering(objectType, named.keys(), url) !== undefined));
    const afterType = after?.manner.objectType;
    return { manner, afterType, inputs: { ...inputs, ...given, ...onCreate }, keys: named, files };
  };
  if (mode === "contents") {
    const hashes = online.map((url): [string, string] => [url, site.hashOf(url)]);
    return made(hashes, { contents: Object.fromEntries(hashes) });
  }
  if (mode === "source") {
    const hashes = online
      .filter((url) => url.startsWith(site.baseUrl))
      .map((url): [string, string] => [url, site.hashOf(url)]);
    return made(hashes, { source: { directory: site.directory, baseUrl: site.baseUrl } });
  }
  const directories = [...new Set(online.map((url) => url.slice(0, url.lastIndexOf("/") + 1)))];
  const paths =
    objectType === "Directory" ? directories : objectType === "Regex" ? directories.map((url) => `${url}.*`) : online;
  const isUrl = objectType !== "Directory" && objectType !== "Regex";
  const contentHash = site.contentHash(isPreload ? "preload" : "refresh", online, loose && isUrl);
  return made(
    paths.map((path) => [path, contentHash]),
    { paths, contentHash },
  );
}

/** The first of the paths, sent under that type, that refreshes this cached URL. */
export function covering(objectType: ObjectType, paths: Iterable<string>, url: string): string | undefined {
  const bare = url.split("?", 1)[0] as string;
  for (const path of paths) {
    if (path === url || (objectType === "IgnoreParams" && path === bare)) return path;
    if (objectType === "Directory" && path.endsWith("/") && url.startsWith(path)) return path;
    if (objectType === "Regex" && path.endsWith(".*") && url.startsWith(path.slice(0, -".*".length))) return path;
  }
  return undefined;
}
