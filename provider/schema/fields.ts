/** What a schema says of an input: messages, documentation and a package's schema are derived from it. */
import { z } from "zod";
import { formatNumber, joinNames } from "../vod/format.js";

/** What stands beside an input's shape, by zod's `meta`. */
interface FieldMeta {
  /** What it means, and its default. The docstring of the argument says the same. */
  description: string;
  /** What the value must be, as messages say it after "must be". Default: what its shape says. */
  mustBe?: string;
  /** The default of an input that is left out of the state with it. Others have zod's `default`. */
  default?: unknown;
}

interface Field {
  /** The type as TypeScript writes it; of an object the names of its fields alone. */
  type: string;
  isRequired: boolean;
  default: unknown;
  description: string | undefined;
  mustBe: string;
  /** The fields of an object; undefined where it isn't one. */
  fields: Readonly<Record<string, z.ZodType>> | undefined;
  /** The elements of a list, or the values of a record; undefined where it is neither. */
  element: z.ZodType | undefined;
}

/** Describes an input by its schema. */
export function describeField(schema: z.ZodType): Field {
  const own = (schema.meta() ?? {}) as Partial<FieldMeta>;
  const field = describeShape(schema);
  return {
    ...field,
    default: own.default ?? field.default,
    description: own.description ?? field.description,
    mustBe: own.mustBe ?? field.mustBe,
  };
}

function describeShape(schema: z.ZodType): Field {
  if (schema instanceof z.ZodOptional) return { ...describeField(schema.unwrap() as z.ZodType), isRequired: false };
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return { ...describeField(schema.unwrap() as z.ZodType), isRequired: false, default: schema.parse(undefined) };
  }
  const field = { isRequired: true, default: undefined, description: undefined, fields: undefined, element: undefined };
  if (schema instanceof z.ZodBoolean) return { ...field, type: "boolean", mustBe: "true or false" };
  if (schema instanceof z.ZodEnum) {
    const values = schema.options.map((value) => `"${value}"`);
    return { ...field, type: values.join(" | "), mustBe: joinNames(values, "or") };
  }
  if (schema instanceof z.ZodArray) {
    const element = schema.element as z.ZodType;
    const { type } = describeField(element);
    return { ...field, type: `${type}[]`, mustBe: `a list of ${type}s`, element };
  }
  if (schema instanceof z.ZodRecord) {
    const element = schema.valueType as z.ZodType;
    const { type } = describeField(element);
    return { ...field, type: `Record<string, ${type}>`, mustBe: `Record<string, ${type}>`, element };
  }
  if (schema instanceof z.ZodObject) {
    const fields: Record<string, z.ZodType> = schema.shape;
    const names = Object.entries(fields).map(([name, inner]) => (describeField(inner).isRequired ? name : `${name}?`));
    const type = `{ ${names.join(", ")} }`;
    return { ...field, type, mustBe: type, fields };
  }
  if (schema instanceof z.ZodUnion) {
    // What stands for an unknown value is no type of a program.
    const parts = (schema.options as z.ZodType[]).filter((part) => !(part instanceof z.ZodLiteral)).map(describeField);
    const { fields, element } = parts.at(-1) ?? field;
    const mustBe = parts.map((part) => part.mustBe).join(" or ");
    return { ...field, type: parts.map(({ type }) => type).join(" | "), mustBe, fields, element };
  }
  if (schema instanceof z.ZodNumber) {
    const kind = schema.format === "safeint" ? "whole number" : "number";
    const [least, most] = [schema.minValue ?? 0, schema.maxValue ?? 0].map(formatNumber);
    return { ...field, type: "number", mustBe: `a ${kind} from ${least} to ${most}` };
  }
  if (schema instanceof z.ZodAny) return { ...field, type: "any", mustBe: "any value" };
  return { ...field, type: schema.type, mustBe: `a ${schema.type}` };
}
