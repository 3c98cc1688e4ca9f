/**
 * The wildcards that other tools know and this service doesn't: to it, a `*` is a character like any other, so that such a
 * path spends quota, purges nothing, and ends as `Complete`.
 */
import { showPath } from "../text/show.js";
import type { ObjectType } from "./limits.js";
import { directoryOf } from "./paths.js";

/** What a path is to a program: one of `paths` by its type, a key of `contents`, a file to preload, or a base URL. */
export type PathUse = ObjectType | "contents" | "Preload" | "baseUrl";

/** What is wrong with a path, or what is odd about it and works. */
type WildcardFinding = { problem: string } | { warning: string };

const HOST = /^(?:https?:\/\/)?[^/?]*/;
/** A class of characters in a pattern, in which `/*` are two characters. */
const CLASS = /\[(?:\\.|[^\]\\])*\]/g;
const TAKEN = "which the service takes literally";

/**
 * Finds a `*` that means something else to the service than to the person who wrote it. An encoded `%2A` is what it says: the
 * character.
 *
 * @param path as `normalizePath` returns it.
 * @returns undefined where every `*` is meant as it is.
 */
export function findWildcard(path: string, use: PathUse): WildcardFinding | undefined {
  const [host = ""] = HOST.exec(path) ?? [];
  const rest = path.slice(host.length);
  if (use === "Regex") return findInPattern(rest);
  const [pathname = ""] = rest.split("?", 1);
  if (pathname.includes("*")) {
    const problem = `has a *, ${TAKEN}; ${suggest(host, pathname, use)}`;
    return { problem: use === "Directory" || use === "baseUrl" ? problem : `${problem}, or %2A for the character` };
  }
  const query = rest.slice(pathname.length);
  if (!query.includes("*") || use === "Directory" || use === "IgnoreParams") return undefined;
  const bare = use === "File" ? `write ${showPath(host + pathname)} with objectType "IgnoreParams"` : "leave it out";
  return /^\?\*+$/.test(query)
    ? { problem: `has a * as its query, ${TAKEN}; for any query, ${bare}` }
    : { warning: `has a * in its query, ${TAKEN}; for any query, ${bare}` };
}

/** What to write instead of a path with a `*` after its host. */
function suggest(host: string, pathname: string, use: PathUse): string {
  const directory = directoryOf(host + pathname.slice(0, pathname.indexOf("*")));
  if (use === "baseUrl") return `write the directory that the files are in (${showPath(directory)})`;
  if (use === "Preload") return "name each file, or give a source";
  // With nothing after the `*`, everything below is meant.
  const isWhole = /^[^*]*\/\*+\/?$/.test(pathname);
  const [type, path] = isWhole ? ["Directory", directory] : ["Regex", host + toPattern(pathname)];
  const meant = showPath(path);
  if (use === "contents") return `name each URL, or write ${meant} in paths with objectType "${type}"`;
  return use === type ? `write ${meant}, which covers everything below` : `write ${meant} with objectType "${type}"`;
}

/** The regular expression for a name with wildcards. A dot stays, since it matches itself among others. */
function toPattern(pathname: string): string {
  const pattern = pathname.replace(/[$()+[\]^{|}]/g, "\\$&").replace(/\*\*\/|\*+/g, ".*");
  return pathname.endsWith("/") ? `${pattern}.*` : pattern;
}

function findInPattern(pattern: string): WildcardFinding | undefined {
  const bare = pattern.replace(CLASS, "-").replaceAll("\\/", "/");
  const found = bare.indexOf("/*");
  if (found === -1) return undefined;
  const means = "has /*, which in a regular expression means any number of slashes";
  return found === bare.length - "/*".length
    ? { warning: `${means}; write /.* for everything below` }
    : { problem: `${means}; write /.* for any characters` };
}
