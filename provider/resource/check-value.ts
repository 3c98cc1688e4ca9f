/** What is wrong with a value, in one sentence that begins with the property: what it must be, and what it is. */
import type { z } from "zod";
import { describeField } from "../schema/fields.js";
import { HIDDEN, showLine, showPath } from "../text/show.js";
import { findSimilar } from "../text/similar.js";
import { formatNumber, joinNames } from "../vod/format.js";

/** The names of arguments in which other tools take a key. */
const KEY_NAMES = /^(access_?key|secret_?key|access_?key_?(id|secret)|security_?token|sts_?token|token)$/i;

/** Why a key can't be given so. */
const NO_KEY = { input: "inputs are kept in the state", argument: "it would be readable in the program" } as const;

/**
 * The sentence for an input, or an argument of a function, that doesn't exist.
 *
 * @param owner the resource or the function.
 */
export function describeUnknownInput(
  name: string,
  owner: { name: string; schemas: object },
  noun: keyof typeof NO_KEY = "input",
): string {
  if (KEY_NAMES.test(name)) {
    return (
      `${name} can't be an ${noun}: ${NO_KEY[noun]}; set the key with \`pulumi config set --secret alicloud:accessKey\` and ` +
      "`pulumi config set --secret alicloud:secretKey` or in the environment, or use profile or assumeRole."
    );
  }
  return `${showLine(name, 60)} is not an ${noun} of ${owner.name}; ${suggest(name, Object.keys(owner.schemas), "it has ")}`;
}

/** The sentence for what zod found in an input. */
export function describeIssue(
  name: string,
  schema: z.ZodType,
  value: unknown,
  error: z.ZodError,
  isSecret = false,
): string {
  const issue = findIssue(value, error);
  const path = issue?.path ?? [];
  const { property, field } = locate(name, schema, path, isSecret);
  const wrong = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
  if (wrong === undefined || wrong === null) return `${property} is missing; it must be ${field.mustBe}.`;
  if (issue?.code === "unrecognized_keys") {
    const unknown = issue.keys[0] ?? "";
    const names = Object.keys(field.fields ?? {});
    return `${property} has no property "${showLine(unknown, 60)}"; ${suggest(unknown, names, "it has ")}`;
  }
  const must = `${property} must be ${field.mustBe}`;
  if (issue?.code === "invalid_value" && typeof wrong === "string") {
    const meant = findSimilar(wrong, issue.values.map(String));
    return meant === undefined ? `${must} (got "${showLine(wrong, 40)}").` : `${must}; did you mean "${meant}"?`;
  }
  const rule = describeRule(issue);
  return rule === undefined ? `${must} (got ${describeValue(wrong, isSecret)}).` : `${property} ${rule}.`;
}

/** What to write in place of a name that doesn't exist. */
function suggest(name: string, names: readonly string[], all: string): string {
  const meant = findSimilar(name, names) ?? names.find((known) => known.toLowerCase() === `${name.toLowerCase()}s`);
  return meant === undefined ? `${all}${joinNames(names, "and")}.` : `did you mean ${meant}?`;
}

/** What is wrong with a value of the right type, by the rule that it breaks. Undefined if the type is wrong, or it is empty. */
function describeRule(issue: z.core.$ZodIssue | undefined): string | undefined {
  if (issue?.code === "too_big" && issue.origin === "string") {
    return `is longer than ${formatNumber(Number(issue.maximum))} characters; shorten it`;
  }
  const rule = issue?.code === "invalid_key" ? issue.issues[0] : issue;
  // Of such a rule the schema says what it means, and what to write.
  return rule?.code === "invalid_format" ? rule.message : undefined;
}

/** The property at a path within an input, as a program writes it, and what the schema says of it. */
function locate(name: string, input: z.ZodType, path: readonly PropertyKey[], isSecret: boolean) {
  let [property, field] = [name, describeField(input)];
  for (const key of path) {
    const { fields, element } = field;
    if (typeof key === "number") property += `[${key}]`;
    else if (fields === undefined) property += `["${isSecret ? HIDDEN : showPath(String(key))}"]`;
    else property += `.${String(key)}`;
    const inner = fields?.[String(key)] ?? element;
    if (inner !== undefined) field = describeField(inner);
  }
  return { property, field };
}

/** The first issue. Of a union with an object, if the value is an object, the first issue in that object. */
function findIssue(value: unknown, { issues: [issue] }: z.ZodError): z.core.$ZodIssue | undefined {
  if (issue?.code !== "invalid_union" || typeof value !== "object") return issue;
  return issue.errors.at(-1)?.[0] ?? issue;
}

function describeValue(value: unknown, isSecret: boolean): string {
  if (value === "") return "an empty string";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "an object";
  return (typeof value === "number" || typeof value === "boolean") && !isSecret ? String(value) : `a ${typeof value}`;
}
