// `ignoreChanges`: ignored inputs are set back to their old values before the provider sees them. Pure functions.

import { isObject, isSecret, type PropertyMap, type PropertyValue, wrapSecret } from "./properties.js";

export interface Ignored {
  inputs: PropertyMap;
  /** Paths to elements that only one side has, so that nothing can be ignored. */
  unresolved: string[];
}

export function applyIgnoreChanges(news: PropertyMap, olds: PropertyMap, paths: readonly string[]): Ignored {
  const inputs = structuredClone(news);
  const unresolved = paths.filter((path) => !reset(parsePath(path), olds, inputs, false));
  return { inputs, unresolved };
}

/** The steps of a path such as `tags.owner`, `rules[0].port` or `labels["app.kubernetes.io/name"]`. */
export function parsePath(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[([^\]]+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) => quoted?.replace(/\\(.)/g, "$1") ?? index ?? name ?? "",
  );
}

type Container = PropertyMap | PropertyValue[];

/** The content of a value, also if it is secret. What is taken out of a secret stays secret. */
function unwrap(value: PropertyValue | undefined): { content: Container | undefined; secret: boolean } {
  if (isSecret(value)) return { ...unwrap(value.value), secret: true };
  return { content: Array.isArray(value) || isObject(value) ? value : undefined, secret: false };
}

const has = (container: Container | undefined, key: string): boolean =>
  container !== undefined && Object.hasOwn(container, key);

function reset(
  path: readonly string[],
  oldValue: PropertyValue | undefined,
  newValue: PropertyValue | undefined,
  inSecret: boolean,
): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return false;
  const { content: old, secret } = unwrap(oldValue);
  const { content: target } = unwrap(newValue);
  const hidden = inSecret || secret;
  if (key === "*") {
    if (!target) return false;
    if (!old) return rest.length === 0;
    const keys = rest.length === 0 ? [...new Set([...Object.keys(old), ...Object.keys(target)])] : Object.keys(old);
    return keys.map((each) => reset([each, ...rest], old, target, hidden)).every(Boolean);
  }
  if (rest.length > 0) {
    if (!old || !target) return !old && !target;
    if (!has(old, key) && !has(target, key)) return true;
    if (!has(target, key) || (Array.isArray(target) && !has(old, key))) return false;
    return reset(rest, at(old, key), at(target, key), hidden);
  }
  // Array elements are never added or removed, since that moves the others.
  if (Array.isArray(target) && has(old, key) !== has(target, key)) return false;
  if (!has(old, key)) {
    if (isObject(target)) delete target[key];
    return true;
  }
  if (!target) return false;
  const value = structuredClone(at(old, key) ?? null);
  Object.assign(target, { [key]: hidden && !isSecret(value) ? wrapSecret(value) : value });
  return true;
}

const at = (container: Container | undefined, key: string): PropertyValue | undefined =>
  (container as PropertyMap | undefined)?.[key];
