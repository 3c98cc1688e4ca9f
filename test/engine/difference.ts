// The difference of two property maps as Pulumi computes it: property by property, array element by index, without
// internal keys. A null equals a missing property.

import { equal, isInternalKey, isObject, isSecret, type PropertyMap, type PropertyValue } from "./properties.js";

export type ValueDifference =
  | { kind: "add"; value: PropertyValue }
  | { kind: "delete"; value: PropertyValue }
  | { kind: "same"; value: PropertyValue }
  | { kind: "update"; old: PropertyValue; new: PropertyValue; elements?: ValueDifference[]; object?: ObjectDifference };

/** One entry per key of either side, sorted by key. */
export type ObjectDifference = Map<string, ValueDifference>;

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

/** The difference in one line, as in a row of a preview: `+added,added-deleted~updated`, or "" if there is none. */
export function summarizeDifference(change: ObjectDifference | undefined): string {
  if (change === undefined) return "";
  const keys = (kind: ValueDifference["kind"], sign: string): string => {
    const found = [...change].filter(([, entry]) => entry.kind === kind).map(([key]) => key);
    return found.length === 0 ? "" : sign + found.join(",");
  };
  return keys("add", "+") + keys("delete", "-") + keys("update", "~");
}
