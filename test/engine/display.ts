// Formats steps, properties and differences as `pulumi preview --diff` does, with one addition: the header of a changed
// resource also names the changed keys, as Pulumi's plain preview does. Pure functions.

import {
  type DetailedDifference,
  detailedDifference,
  difference,
  type ObjectDifference,
  summarizeDifference,
  type ValueDifference,
} from "./difference.js";
import {
  equal,
  isInternalKey,
  isObject,
  isSecret,
  type PropertyMap,
  type PropertyValue,
  SECRET_SHOWN,
  UNKNOWN,
} from "./properties.js";
import { isDefaultProvider, type Resource, STACK_TYPE } from "./state.js";
import type { Step } from "./steps.js";

/** A step to show: the old resource, the new one, and its depth below the stack. */
export interface Shown {
  step: Step;
  urn: string;
  type: string;
  old?: Resource | undefined;
  new?: Resource | undefined;
  indent: number;
  /** In a preview, outputs are not known yet. */
  planning: boolean;
  /** What differs, if the provider told. */
  detailed?: DetailedDifference | undefined;
  /** A refresh compares with what the provider read, and not with what the program wants. */
  refresh?: boolean;
}

const SIGNS: Record<Step, string> = {
  same: "  ",
  create: "+ ",
  update: "~ ",
  delete: "- ",
  replace: "+-",
  "create-replacement": "++",
  "delete-replaced": "--",
  refresh: "~ ",
  "remove-pending-replace": "~ ",
};

type Sign = "+ " | "- " | "~ ";
interface Place {
  indent: number;
  sign?: Sign;
}
type Title = (place: Place) => string;

const blank = (indent: number): string => "    ".repeat(indent);
const margin = ({ indent, sign }: Place): string => (sign ? blank(indent).slice(0, -2) + sign : blank(indent));
const width = (keys: string[]): number => Math.max(0, ...keys.map((key) => key.length));
const keyTitle =
  (key: string, align: number): Title =>
  (place) =>
    `${margin(place)}${key.padEnd(align)}: `;

/** The content of a string that holds a JSON object or array, which is printed in place of the string. */
function parseJson(text: string): PropertyValue | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as PropertyValue;
  } catch {
    return undefined;
  }
}

const isPrimitive = (value: PropertyValue): boolean => typeof value !== "object" || value === null || isSecret(value);

function formatValue(value: PropertyValue, place: Place): string {
  if (value === null) return "<null>";
  if (isSecret(value)) return SECRET_SHOWN;
  if (value === UNKNOWN) return "[unknown]";
  if (typeof value === "string") {
    const inside = parseJson(value);
    return inside === undefined ? JSON.stringify(value) : `(json) ${formatValue(inside, place)}`;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    const inner = { ...place, indent: place.indent + 1 };
    const elements = value.map((element, i) => `${margin(place)}    [${i}]: ${formatValue(element, inner)}\n`);
    return `[\n${elements.join("")}${blank(place.indent)}]`;
  }
  if (isObject(value)) {
    if (Object.keys(value).length === 0) return "{}";
    return `{\n${formatObject(value, { ...place, indent: place.indent + 1 })}${blank(place.indent)}}`;
  }
  return String(value);
}

/** All properties of a map. As in Pulumi, internal keys count for the alignment but are not shown. */
function formatObject(properties: PropertyMap, place: Place): string {
  const keys = Object.keys(properties).sort();
  const align = width(keys);
  const line = (key: string): string =>
    `${keyTitle(key, align)(place)}${formatValue(properties[key] ?? null, place)}\n`;
  return keys
    .filter((key) => !isInternalKey(key))
    .map(line)
    .join("");
}

/** Whether a value is not empty. Empty ones only clutter a list of unchanged properties. */
function isWorthShowing(value: PropertyValue): boolean {
  if (value === null || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

export function formatDifference(change: ObjectDifference, indent: number): string {
  const align = width([...change.keys()]);
  return [...change].map(([key, entry]) => formatEntry(keyTitle(key, align), entry, indent)).join("");
}

function formatEntry(title: Title, entry: ValueDifference, indent: number, inArray = false): string {
  const line = (value: PropertyValue, sign?: Sign): string => {
    const place = { indent, ...(sign && { sign }) };
    return `${title(place)}${formatValue(value, place)}\n`;
  };
  if (entry.kind === "add") return line(entry.value, "+ ");
  if (entry.kind === "delete") return line(entry.value, "- ");
  if (entry.kind === "same") return inArray || isWorthShowing(entry.value) ? line(entry.value) : "";
  const opening = title({ indent, sign: "~ " });
  if (entry.elements) {
    const elements = entry.elements.map((element, i) =>
      formatEntry((place) => `${margin({ ...place, indent: place.indent - 1 })}[${i}]: `, element, indent + 2, true),
    );
    return `${opening}[\n${elements.join("")}${blank(indent)}]\n`;
  }
  if (entry.object) return `${opening}{\n${formatDifference(entry.object, indent + 1)}${blank(indent)}}\n`;
  const [showOld, showNew] = [isWorthShowing(entry.old), isWorthShowing(entry.new)];
  if (showOld && showNew && isPrimitive(entry.old) && isPrimitive(entry.new)) {
    return `${opening}${formatPrimitives(entry.old, entry.new, indent)}\n`;
  }
  return (showOld ? line(entry.old, "- ") : "") + (showNew ? line(entry.new, "+ ") : "");
}

function formatPrimitives(old: PropertyValue, next: PropertyValue, indent: number): string {
  const objects = [old, next].map((value) => (typeof value === "string" ? parseJson(value) : undefined));
  const [a, b] = objects;
  if (isObject(a) && isObject(b)) {
    const change = difference(a, b);
    if (change) return `(json) {\n${formatDifference(change, indent + 1)}${blank(indent)}}`;
  }
  // If only one text holds JSON, or both hold the same, they are shown as plain texts.
  const text = (value: PropertyValue): string =>
    typeof value === "string" && value !== UNKNOWN ? JSON.stringify(value) : formatValue(value, { indent });
  return `${text(old)} => ${text(next)}`;
}

/** Whether a step is shown. The parts of a replacement are not: the replace step stands for them. */
export const isShown = ({
  step,
  type,
  urn,
  old,
  new: next,
}: Pick<Shown, "step" | "type" | "urn" | "old" | "new">): boolean => {
  if (isDefaultProvider(urn) || step === "create-replacement" || step === "delete-replaced") return false;
  return step !== "same" || type === STACK_TYPE || (old?.protect ?? false) !== (next?.protect ?? false);
};

/** The difference that a step shows: of the inputs, or of the outputs once there are new ones. */
function comparison(shown: Shown): ObjectDifference | undefined {
  if (!shown.old || !shown.new || shown.step === "same") return undefined;
  if (shown.detailed) return detailedDifference(shown.detailed, shown.old, shown.new);
  const news = shown.new.outputs ?? {};
  if (Object.keys(news).length > 0) return difference(shown.old.outputs ?? {}, news);
  return difference(shown.old.inputs ?? {}, shown.new.inputs ?? {});
}

function header({ step, urn, type, old, new: next, indent }: Shown, changed: string): string {
  const lock = old?.protect && next && !next.protect ? " 🔓" : next?.protect || old?.protect ? " 🔒" : "";
  const retain = old?.retainOnDelete && (step === "delete" || step === "replace") ? "[retain]" : "";
  const keys = changed === "" ? "" : ` [diff: ${changed}]`;
  const id = old?.id ? `${blank(indent + 1)}[id=${old.id}]\n` : "";
  return `${blank(indent)}${SIGNS[step]}${type}: (${step}${retain})${lock}${keys}\n${id}${blank(indent + 1)}[urn=${urn}]\n`;
}

/** The text at the beginning of a step. */
export function formatStep(shown: Shown): string {
  if (!isShown(shown)) return "";
  const { step, old, new: next, indent } = shown;
  const change = comparison(shown);
  const top = header(shown, summarizeDifference(change));
  if (step === "same") return top;
  if (old && next) return top + (change ? formatDifference(change, indent + 1) : formatUnchanged(next, indent + 1));
  const properties = old ? old.inputs : Object.keys(next?.outputs ?? {}).length > 0 ? next?.outputs : next?.inputs;
  // A resource that a refresh no longer finds is shown with its last properties, as outputs.
  return top + (shown.refresh ? "" : formatObject(properties ?? {}, { indent: indent + 1 }));
}

const formatUnchanged = (next: Resource, indent: number): string =>
  formatObject(Object.keys(next.outputs ?? {}).length > 0 ? (next.outputs ?? {}) : (next.inputs ?? {}), { indent });

/** The text at the end of a step: the outputs that differ from the inputs. */
export function formatOutputs(shown: Shown): string {
  if (!isShown(shown)) return "";
  const { type, old, new: next, indent, planning, refresh } = shown;
  const isStack = type === STACK_TYPE;
  if ((planning && !isStack) || (old?.initErrors ?? []).length > 0 || (refresh && shown.step === "update")) return "";
  const news = next?.outputs ?? {};
  const inputs = next?.outputs ? (next.inputs ?? {}) : {};
  const shownKey = (key: string): boolean =>
    !isInternalKey(key) && (inputs[key] === undefined || refresh === true || !equal(inputs[key], news[key]));
  let text: string;
  const change = old ? difference(old.outputs ?? {}, news) : undefined;
  if (change) {
    if (isStack && planning) forgetUnknowns(change);
    const showSames = isStack && !planning;
    const align = width([...change.keys()]);
    text = [...change]
      .filter(([key, entry]) => shownKey(key) && (showSames || entry.kind !== "same"))
      .map(([key, entry]) => formatEntry(keyTitle(key, align), entry, indent + 1))
      .join("");
  } else {
    if (old && (!isStack || planning)) return "";
    const keys = Object.keys(news).sort();
    const align = width(keys);
    const place = { indent: indent + 1 };
    text = keys
      .filter((key) => shownKey(key) && isWorthShowing(news[key] ?? null))
      .map((key) => `${keyTitle(key, align)(place)}${formatValue(news[key] ?? null, place)}\n`)
      .join("");
  }
  return text === "" ? "" : `${blank(indent + 1)}--outputs:--\n${text}`;
}

/** Removes the stack outputs, and parts of them, that are unknown until the update: they are no change to report. */
function forgetUnknowns(change: ObjectDifference): void {
  for (const [key, entry] of change) {
    if (entry.kind !== "update") continue;
    if (entry.new === UNKNOWN) change.delete(key);
    else if (entry.object) forgetUnknowns(entry.object);
  }
}

const PAST: Record<string, string> = { delete: "deleted" };
const ORDER: Step[] = ["create", "update", "delete", "replace", "create-replacement", "delete-replaced", "refresh"];

/** The totals at the end. */
export function formatSummary(
  counts: Partial<Record<Step, number>>,
  { planning, errors, seconds }: { planning: boolean; errors: number; seconds: number },
): string {
  const kinds = ORDER.filter((step) => (counts[step] ?? 0) > 0);
  const verb = (step: Step): string => (planning ? `to ${step}` : (PAST[step] ?? `${step}d`));
  const lines = kinds.map((step) => `    ${SIGNS[step]}${counts[step]} ${verb(step)}\n`);
  const total = kinds.reduce((sum, step) => sum + (counts[step] ?? 0), 0);
  const rest = [
    ...(kinds.length >= 2 ? [`${total} changes`] : []),
    ...(counts.same ? [`${counts.same} unchanged`] : []),
  ];
  const last = rest.length > 0 ? `    ${rest.join(". ")}\n` : "";
  const failed = errors > 0 ? `    ${errors} errored\n` : "";
  const duration = planning ? "" : `\nDuration: ${Math.max(1, Math.ceil(seconds))}s\n`;
  return `Resources:\n${lines.join("")}${last}${failed}${duration}`;
}

/**
 * A value in the message of a failed check, as Pulumi prints it: `{1}`, `{[{1} {2}]}`, `{map[key:{1}]}`. Pulumi prints
 * a secret in clear there. Hiding it here would hide from a test what a user of the CLI sees.
 */
export function formatCheckedValue(value: PropertyValue | undefined): string {
  if (value === undefined || value === null) return "{<nil>}";
  if (isSecret(value)) return `{&{${formatCheckedValue(value.value)}}}`;
  if (value === UNKNOWN) return "output<string>{}";
  if (Array.isArray(value)) return `{[${value.map(formatCheckedValue).join(" ")}]}`;
  if (!isObject(value)) return `{${String(value).replace(/e([+-])(\d)$/, "e$10$2")}}`;
  const keys = Object.keys(value).sort();
  return `{map[${keys.map((key) => `${key}:${formatCheckedValue(value[key])}`).join(" ")}]}`;
}
