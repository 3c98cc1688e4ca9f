// The difference of two property maps as Pulumi computes it: property by property, array element by index, without
// internal keys. A null equals a missing property.

import {
  equal,
  isInternalKey,
  isObject,
  isSecret,
  type PropertyMap,
  type PropertyValue,
  UNKNOWN,
} from "./properties.js";
import { Refusal } from "./refusals.js";

export type ValueDifference =
  | { kind: "add"; value: PropertyValue }
  | { kind: "delete"; value: PropertyValue }
  | { kind: "same"; value: PropertyValue }
  | { kind: "update"; old: PropertyValue; new: PropertyValue; elements?: ValueDifference[]; object?: ObjectDifference };

/** One entry per key of either side, sorted by key. */
export type ObjectDifference = Map<string, ValueDifference>;

/** What differs as a provider tells it: by property path, and whether the old value is that of an input or an output. */
export type DetailedDifference = ReadonlyMap<string, { kind: "add" | "delete" | "update"; isInput: boolean }>;

const isPlainObject = (value: PropertyValue): value is PropertyMap => isObject(value) && !isSecret(value);

/** The difference of two maps, or undefined if they are equal. */
export function difference(olds: PropertyMap, news: PropertyMap): ObjectDifference | undefined {
  const result: ObjectDifference = new Map();
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter((key) => !isInternalKey(key)).sort();
  for (const key of keys) {
    const entry = compare(olds[key] ?? null, news[key] ?? null);
    if (entry !== undefined) result.set(key, entry);
  }
  return [...result.values()].some((entry) => entry.kind !== "same") ? result : undefined;
}

function compare(a: PropertyValue, b: PropertyValue): ValueDifference | undefined {
  if (a === null && b === null) return undefined;
  if (a === null) return { kind: "add", value: b };
  if (b === null) return { kind: "delete", value: a };
  return compareValues(a, b);
}

function compareValues(a: PropertyValue, b: PropertyValue): ValueDifference {
  if (Array.isArray(a) && Array.isArray(b)) {
    const elements = Array.from({ length: Math.max(a.length, b.length) }, (_, i): ValueDifference => {
      const [x, y] = [a[i], b[i]];
      if (x === undefined) return { kind: "add", value: y ?? null };
      return y === undefined ? { kind: "delete", value: x } : compareValues(x, y);
    });
    const changed = elements.some((element) => element.kind !== "same");
    return changed ? { kind: "update", old: a, new: b, elements } : { kind: "same", value: a };
  }
  if (isPlainObject(a) && isPlainObject(b)) {
    const object = difference(a, b);
    return object ? { kind: "update", old: a, new: b, object } : { kind: "same", value: a };
  }
  return equal(a, b) ? { kind: "same", value: a } : { kind: "update", old: a, new: b };
}

/**
 * The difference that a provider tells, with the values of the resource. As in Pulumi, new values are always those of the inputs, and
 * a part that one side doesn't have is added or removed as a whole.
 */
export function detailedDifference(
  detailed: DetailedDifference,
  old: { inputs?: PropertyMap; outputs?: PropertyMap },
  news: { inputs?: PropertyMap },
): ObjectDifference | undefined {
  const result: ObjectDifference = new Map();
  for (const [path, { kind, isInput }] of detailed) {
    const before = (isInput ? old.inputs : old.outputs) ?? {};
    addDetail(result, splitPath(path), kind, before, news.inputs ?? {});
  }
  return result.size > 0 ? sortKeys(result) : undefined;
}

function addDetail(
  into: ObjectDifference,
  [key = "", ...rest]: readonly string[],
  kind: "add" | "delete" | "update",
  old: PropertyValue,
  now: PropertyValue,
): void {
  const [a, b] = [partOf(old, key), partOf(now, key)];
  const isInside = rest.length > 0 && a !== null && b !== null;
  if (isInside) {
    const inner = into.get(key);
    const object: ObjectDifference = inner?.kind === "update" && inner.object ? inner.object : new Map();
    addDetail(object, rest, kind, a, b);
    into.set(key, { kind: "update", old: a, new: b, object: sortKeys(object) });
  } else if (rest.length > 0 && a !== null) into.set(key, { kind: "delete", value: a });
  else if (rest.length > 0 || kind === "add") into.set(key, { kind: "add", value: b });
  else if (kind === "delete") into.set(key, { kind: "delete", value: a });
  else {
    const change = a !== null && b !== null ? compareValues(a, b) : undefined;
    into.set(key, change?.kind === "update" ? change : { kind: "update", old: a, new: b });
  }
}

/** A part of an object. What is inside a secret or an unknown value is as hidden as the whole. */
function partOf(value: PropertyValue, key: string): PropertyValue {
  if (isSecret(value) || value === UNKNOWN) return value;
  return isObject(value) ? (value[key] ?? null) : null;
}

const sortKeys = (change: ObjectDifference): ObjectDifference =>
  new Map([...change].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Splits a property path, such as `contents["https://vod.example.com/a.js"].x`. */
export function splitPath(path: string): string[] {
  const parts = path.matchAll(/(?:^|\.)([^.[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|(.)/gsy);
  return [...parts].map(([, name, quoted, other]) => {
    if (other !== undefined) throw new Refusal(`differences inside lists, such as ${path}`);
    return name ?? (quoted ?? "").replace(/\\(.)/gs, "$1");
  });
}

/** The difference in one line, as in a row of a preview: `+added,added-deleted~updated`, or "" if there is none. */
export function summarizeDifference(change: ObjectDifference | undefined): string {
  if (change === undefined) return "";
  const keys = (kind: ValueDifference["kind"], sign: string): string => {
    const found = [...change].filter(([, entry]) => entry.kind === kind).map(([key]) => key);
    return found.length === 0 ? "" : sign + found.join(",");
  };
  return keys("add", "+") + keys("delete", "-") + keys("update", "~");
}
