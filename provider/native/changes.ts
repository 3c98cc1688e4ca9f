/** Which properties an update changes, as the engine shows them in a preview. */
import { isDeepStrictEqual } from "node:util";
import type { Properties } from "../resource/context.js";

export type Change = "add" | "delete" | "update";

/**
 * The changes by property path, such as `contents["https://vod.example.com/a.js"]`. Objects are compared key by key, lists as a
 * whole; so are secrets, since a key may be what is secret.
 *
 * @param secrets the properties that are secret on either side.
 */
export function findChanges(olds: Properties, news: Properties, secrets: ReadonlySet<string>): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const name of unionOfKeys(olds, news)) {
    // What the package keeps for itself is nothing that a person sees.
    if (name.startsWith("__")) continue;
    compare(name, olds[name], news[name], !secrets.has(name), changes);
  }
  return changes;
}

function compare(path: string, old: unknown, now: unknown, descends: boolean, changes: Map<string, Change>): void {
  if (isDeepStrictEqual(old, now)) return;
  if (old === undefined) changes.set(path, "add");
  else if (now === undefined) changes.set(path, "delete");
  else if (descends && isObject(old) && isObject(now) && [...unionOfKeys(old, now)].every(hasPath)) {
    for (const key of unionOfKeys(old, now)) compare(path + formatKey(key), old[key], now[key], true, changes);
  } else changes.set(path, "update");
}

function unionOfKeys(a: Properties, b: Properties): Set<string> {
  return new Set([...Object.keys(a), ...Object.keys(b)]);
}

/** In a path, a backslash is one of the key unless a quotation mark follows it. Source: Pulumi's `ParsePropertyPath`. */
function formatKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `["${key.replaceAll('"', '\\"')}"]`;
}

/** Whether a path can name a key: a backslash at its end would hide the end of the path. */
function hasPath(key: string): boolean {
  return !key.endsWith("\\");
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
