/**
 * What the service takes as an object path, as a pure function from a path to the path that is sent, or to the reason why
 * it can't be sent. Two spellings of one cached object become one path; two different objects never do.
 */
import { domainToASCII } from "node:url";
import { HIDDEN, showLine, showPath } from "../text/show.js";
import { formatNumber, listFirst, pluralize } from "./format.js";
import { MAX_PATH_LENGTH, type ObjectType } from "./limits.js";

/** The path as it is sent, or what is wrong with it and what to write. */
type PathResult = { path: string } | { problem: string };

const CONTROL = /[\p{Cc}\u2028\u2029]/gu;
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;
const DOMAIN = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)+$/;
const DOT_SEGMENT = /(^|\/)(\.|%2e){1,2}(\/|$)/i;
const STRAY_PERCENT = /%(?![0-9a-f]{2})/i;
/**
 * What every client encodes before it sends a URL (the path percent-encode set of the URL standard). Browsers encode `^`,
 * old clients (Node before 24) don't.
 */
const ENCODED_BY_CLIENTS = /["<>^`{}]|\P{ASCII}+/gu;
/** The same in a query (its special-query percent-encode set). */
const ENCODED_IN_QUERIES = /["<>']|\P{ASCII}+/gu;
/** The same for the name of a file, in which the separators of a URL are characters like any other. */
const ENCODED_IN_NAMES = /[\p{Cc}\s"<>^`{}?#%\\]|\P{ASCII}+/gu;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * Checks a path and normalizes it: scheme and host in lower case, an international domain name as punycode, no default
 * port, and percent-encoding for everything that clients never send unencoded. What is encoded already stays as it is, and
 * a path without a scheme stays without one, as in the service's own example.
 *
 * @param objectType decides which rules hold; `undefined` (unknown in a preview) leaves out those of a single type.
 */
export function normalizePath(path: string, objectType: ObjectType | undefined): PathResult {
  if (path === "") return problem("is empty; remove it");
  if (/[\r\n\u0085\u2028\u2029]/.test(path))
    return problem("contains a line break; give each path as an element of its own");
  if (path.search(CONTROL) !== -1) return problem("contains a control character; remove it");
  if (path.includes(" ")) return problem("contains a space; write it as %20");
  const space = /\s/.exec(path)?.[0];
  if (space !== undefined) return problem(describeSpace(space));
  if (!path.isWellFormed()) return problem("contains half of a character (a lone surrogate); correct it");

  const scheme = SCHEME.exec(path)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    return problem(`has the scheme ${showLine(scheme, 40)}; write http:// or https://`);
  }
  const afterScheme = scheme === undefined ? path : path.slice(scheme.length + "://".length);
  const hostEnd = afterScheme.search(/[/?#\\]/);
  const authority = hostEnd === -1 ? afterScheme : afterScheme.slice(0, hostEnd);
  const host = normalizeHost(authority, scheme);
  if ("problem" in host) return host;

  const rest = hostEnd === -1 ? "" : afterScheme.slice(hostEnd);
  const object = objectType === "Regex" ? normalizePattern(rest) : normalizeObject(rest, objectType);
  if ("problem" in object) return object;
  const sent = `${scheme === undefined ? "" : `${scheme}://`}${host.path}${object.path}`;
  if (sent.length <= MAX_PATH_LENGTH) return { path: sent };
  const instead =
    objectType === "File" || objectType === "IgnoreParams" ? "refresh its directory instead" : "shorten it";
  return problem(`${describeLength(sent)}; ${instead}`);
}

/** How much longer a path is than the service takes, as part of a sentence. */
export function describeLength({ length }: string): string {
  const [has, most] = [formatNumber(length), formatNumber(MAX_PATH_LENGTH)];
  return `is ${has} characters long as it is sent, and the service takes at most ${most}`;
}

/** The name of a file, with `/` between its directories, as clients write it in a URL. */
export function encodeName(name: string): string {
  return name.replace(ENCODED_IN_NAMES, encodeURIComponent);
}

/** The domain of a path that {@link normalizePath} returned. */
export function domainOf(path: string): string {
  return withoutScheme(path).split(/[/?#:]/, 1)[0] ?? "";
}

/** A path without its scheme, if it has one. */
export function withoutScheme(path: string): string {
  return path.replace(SCHEME, "");
}

/** The directory that a URL lies in, up to the last "/" before its query; a URL that ends in "/" lies in itself. */
export function directoryOf(url: string): string {
  const path = url.split("?", 1)[0] ?? url;
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** The directory above a directory; empty above the first. */
export function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf("/", directory.length - 2) + 1);
}

/** All directories that a URL lies in, the deepest first. */
export function* directoriesAbove(url: string): Generator<string, void> {
  for (let directory = directoryOf(url); directory !== ""; directory = parentOf(directory)) yield directory;
}

/** What is wrong with white space that is no plain space: it is rarely meant. */
function describeSpace(space: string): string {
  if (space === "\ufeff") return "contains an invisible byte order mark (U+FEFF); remove it";
  const code = space.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return `contains the white space U+${code}; remove it, or write it as ${encodeURIComponent(space)}`;
}

/** Lists the first few paths, or says how many they are where they are secret. */
export function listPaths(paths: readonly string[], areSecret = false): string {
  return areSecret ? `${HIDDEN} (${pluralize(paths.length, "path")})` : listFirst(paths, showPath);
}

/** Lists the first few paths that failed, each with why, or only the reasons where the paths are secret. */
export function listFailures(failures: readonly { path: string; description: string }[], areSecret = false): string {
  const named = failures.map(({ path, description }) => {
    const reason = areSecret ? hidePaths(description) : description;
    return (areSecret ? HIDDEN : showPath(path)) + (reason === "" ? "" : ` (${reason})`);
  });
  return listFirst(areSecret ? [...new Set(named)] : named);
}

/** A sentence of the service without the words that may be a path, or the domain of one. */
export function hidePaths(sentence: string): string {
  return sentence.replace(/\S*(?:\/|\w\.\w)\S*/g, HIDDEN);
}

function problem(sentence: string): { problem: string } {
  return { problem: sentence };
}

function normalizeHost(authority: string, scheme: string | undefined): PathResult {
  if (authority === "") return problem("has no host; write it as https://your-domain/path");
  if (authority.includes("@")) return problem("has a user name or a password before its host; remove it");
  if (authority.includes("*")) {
    return problem("has a wildcard host, which the service refuses; give one path for each domain");
  }
  const [, name = "", port] = /^(.*?)(?::(\d*))?$/.exec(authority) ?? [];
  const domain = domainToASCII(name.toLowerCase());
  if (!DOMAIN.test(domain)) {
    return problem(`has no host: "${showLine(name, 60)}" is not a domain name; write it as https://your-domain/path`);
  }
  const isDefaultPort = port === undefined || port === "" || port === DEFAULT_PORTS[`${scheme}:`];
  return { path: isDefaultPort ? domain : `${domain}:${port}` };
}

/** What follows the host of a file, a directory or a URL without its parameters. */
function normalizeObject(rest: string, objectType: ObjectType | undefined): PathResult {
  if (rest.includes("#"))
    return problem("has a fragment (#…), which no viewer sends; remove it, or write %23 for the character");
  if (rest.includes("\\")) return problem("contains a backslash; write / between directories");
  if (STRAY_PERCENT.test(rest))
    return problem("has a % that is not part of a percent-encoding; write %25 for the character");
  const query = rest.indexOf("?");
  const pathname = query === -1 ? rest : rest.slice(0, query);
  if (DOT_SEGMENT.test(pathname))
    return problem("has a . or .. segment, which viewers resolve; write the resolved path");
  if (objectType === "Directory") {
    if (query !== -1) return problem("has a query, which a directory can't have; remove everything from the ? on");
    if (!pathname.endsWith("/")) {
      return problem('does not end in "/", as a directory must; add it, or use objectType "File" for a single file');
    }
  }
  if (objectType === "IgnoreParams" && query !== -1) {
    return problem("has a query, but IgnoreParams refreshes the URL with any query; remove everything from the ? on");
  }
  const encode = (text: string) => (text === "'" ? "%27" : encodeURIComponent(text));
  const absolute = (pathname === "" ? "/" : pathname).replace(ENCODED_BY_CLIENTS, encode);
  return { path: absolute + (query === -1 ? "" : rest.slice(query).replace(ENCODED_IN_QUERIES, encode)) };
}

/** What follows the host of a regular expression: a pattern, which stays as it is. */
function normalizePattern(rest: string): PathResult {
  if (/\P{ASCII}/u.test(rest)) return problem("has characters beyond ASCII; percent-encode them");
  if (!rest.startsWith("/")) return problem("has no pattern after its host; write it as https://your-domain/pattern");
  try {
    new RegExp(rest);
  } catch (error) {
    // What the engine says begins with the whole pattern.
    const reason = (error as Error).message.split(": ").at(-1);
    return problem(`is not a valid regular expression: ${showLine(reason ?? "", 100)}`);
  }
  return { path: rest };
}
