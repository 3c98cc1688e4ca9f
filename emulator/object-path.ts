/**
 * Parses the `ObjectPath` of a refresh or a preload and the `ObjectType` of a refresh, as strictly as the contract
 * allows: a client that passes here doesn't rely on leniency.
 */
import { invalidParameter, refusal } from "./errors.js";
import { MAX_PATH_LENGTH } from "./limits.js";

export const OBJECT_TYPES = ["File", "Directory", "Regex", "IgnoreParams"] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];
/** What a task does with its path: refresh it with this type, or preload it. */
export type TaskType = ObjectType | "Preload";

export interface ObjectPath {
  /** The line as it was sent. */
  text: string;
  /**
   * Undefined if the line has no scheme: then it means both http and https (choice; the page's own example has none).
   */
  scheme: "http" | "https" | undefined;
  /** In lower case. */
  domain: string;
  /** From the first slash on: path and query, or the regular expression for both. */
  rest: string;
}

/** Parses the object type of a call. It is case-sensitive, and empty means the default. */
export function parseObjectType(value: string | undefined): ObjectType {
  if (!value) return "File";
  const type = OBJECT_TYPES.find((known) => known === value);
  if (!type) throw refusal("InvalidObjectType.ValueNotSupported");
  return type;
}

/** Parses `true` and `false` in upper or lower case, since clients of different languages differ. Defaults to false. */
export function parseBoolean(name: string, value: string | undefined): boolean {
  if (!value || /^false$/i.test(value)) return false;
  if (/^true$/i.test(value)) return true;
  throw invalidParameter(name);
}

/**
 * Parses the lines of an ObjectPath. A blank line or a trailing line break is malformed (choice: the page only has
 * separators).
 */
export function parseObjectPaths(value: string | undefined, type: TaskType): ObjectPath[] {
  if (!value) throw refusal("MissingParameter");
  return value.split(/\r?\n/).map((line) => parseObjectPath(line, type));
}

const LINE = /^(?:(?<scheme>https?):\/\/)?(?<host>[^/?#]+)(?<rest>\/.*)$/i;
/** The sender percent-encodes, so a line is printable ASCII without spaces. */
const PRINTABLE = /^[\x21-\x7e]+$/;
const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;

export function parseObjectPath(line: string, type: TaskType): ObjectPath {
  if (line.length > MAX_PATH_LENGTH) throw malformed();
  const groups = PRINTABLE.test(line) ? LINE.exec(line)?.groups : undefined;
  if (!groups?.host || !groups.rest) throw malformed();
  const domain = groups.host.toLowerCase();
  // "*.example.com" and ".example.com" are the two notations of a wildcard domain.
  if (domain.includes("*") || domain.startsWith(".")) throw refusal("InvalidExtensiveDomain.ValueNotSupported");
  const labels = domain.split(".");
  // A port is malformed too (choice): an accelerated domain is named without one.
  if (labels.length < 2 || !labels.every((label) => LABEL.test(label))) throw malformed();
  requireRest(groups.rest, type);
  return { text: line, scheme: groups.scheme?.toLowerCase() as ObjectPath["scheme"], domain, rest: groups.rest };
}

function requireRest(rest: string, type: TaskType): void {
  if (type === "Regex") {
    if (!compilePattern(rest)) throw malformed();
    return;
  }
  if (rest.includes("#") || /%(?![0-9a-f]{2})/i.test(rest)) throw malformed();
  if (type === "Directory" && (!rest.endsWith("/") || rest.includes("?"))) throw malformed();
  // "You cannot prefetch resources based on directories" (page of PreloadVodObjectCaches).
  if (type === "Preload" && /^[^?]*\/(\?|$)/.test(rest)) throw malformed();
}

/**
 * Compiles the expression of a Regex path; returns undefined if it isn't one. It must match a whole cached path and
 * query, so that part of a name matches nothing by chance (choice: the page only says "based on regular expressions").
 */
export function compilePattern(rest: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${rest})$`);
  } catch {
    return undefined;
  }
}

function malformed(): Error {
  return refusal("InvalidObjectPath.Malformed");
}
