/** YAML has numbers and booleans where a text is meant, such as `contentHash: 1`: they are taken as text. */
import { z } from "zod";
import { UNKNOWN } from "../schema/unknown.js";

/** A value with numbers and booleans as text, wherever the schema takes text alone. */
export function coerce(schema: z.ZodType, value: unknown): unknown {
  if (value === undefined || value === null || value === UNKNOWN) return value;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return coerce(schema.unwrap() as z.ZodType, value);
  }
  if (schema instanceof z.ZodUnion) {
    const part = (schema.options as z.ZodType[]).find((option) => option instanceof z.ZodObject);
    return part !== undefined && typeof value === "object" ? coerce(part, value) : value;
  }
  if (schema instanceof z.ZodString) {
    return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  }
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((element) => coerce(schema.element as z.ZodType, element));
  }
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const schemaOf = (key: string): z.ZodType | undefined => {
    if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
    return schema instanceof z.ZodObject ? (schema.shape[key] as z.ZodType | undefined) : undefined;
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const inner = schemaOf(key);
      return [key, inner === undefined ? part : coerce(inner, part)];
    }),
  );
}

/** The inputs of a resource with text where text is meant. */
export function coerceInputs(
  schemas: Readonly<Record<string, z.ZodType>>,
  inputs: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => {
      const schema = schemas[name];
      return [name, schema === undefined ? value : coerce(schema, value)];
    }),
  );
}
