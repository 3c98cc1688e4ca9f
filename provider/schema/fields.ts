/** What a schema says of an input: messages, documentation and a package's schema are derived from it. */
import { z } from "zod";

/** What stands beside an input's shape, by zod's `meta`. */
interface FieldMeta {
  /** What it means, and its default. The docstring of the argument says the same. */
  description: string;
  /**
   * What to write where its value is missing or wrong, as an imperative. Default: the values of an enum or a boolean.
   */
  hint?: string;
  /** The default of an input that is left out of the state with it. Others have zod's `default`. */
  default?: unknown;
}

interface Field {
  /** The type as TypeScript writes it; of an object the names of its fields alone. */
  type: string;
  isRequired: boolean;
  default: unknown;
  description: string | undefined;
  hint: string | undefined;
  /** The fields of an object; undefined where it isn't one. */
  fields: Readonly<Record<string, z.ZodType>> | undefined;
}

/** Describes an input by its schema. */
export function describeField(schema: z.ZodType): Field {
  const own = (schema.meta() ?? {}) as Partial<FieldMeta>;
  const field = describeShape(schema);
  return {
    ...field,
    default: own.default ?? field.default,
    description: own.description ?? field.description,
    hint: own.hint ?? field.hint,
  };
}

function describeShape(schema: z.ZodType): Field {
  if (schema instanceof z.ZodOptional) return { ...describeField(schema.unwrap() as z.ZodType), isRequired: false };
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return { ...describeField(schema.unwrap() as z.ZodType), isRequired: false, default: schema.parse(undefined) };
  }
  const field = { isRequired: true, default: undefined, description: undefined, hint: undefined, fields: undefined };
  if (schema instanceof z.ZodBoolean) return { ...field, type: "boolean", hint: "write true or false" };
  if (schema instanceof z.ZodEnum) {
    const values = schema.options.map((value) => `"${value}"`);
    return { ...field, type: values.join(" | "), hint: `write ${values.join(", ")}` };
  }
  if (schema instanceof z.ZodArray) return { ...field, type: `${describeField(schema.element as z.ZodType).type}[]` };
  if (schema instanceof z.ZodRecord) {
    return { ...field, type: `Record<string, ${describeField(schema.valueType as z.ZodType).type}>` };
  }
  if (schema instanceof z.ZodObject) {
    const fields: Record<string, z.ZodType> = schema.shape;
    const names = Object.entries(fields).map(([name, inner]) => (describeField(inner).isRequired ? name : `${name}?`));
    return { ...field, type: `{ ${names.join(", ")} }`, fields };
  }
  if (schema instanceof z.ZodUnion) {
    // What stands for an unknown value is no type of a program.
    const parts = (schema.options as z.ZodType[]).filter((part) => !(part instanceof z.ZodLiteral)).map(describeField);
    return { ...field, type: parts.map(({ type }) => type).join(" | "), fields: parts.at(-1)?.fields };
  }
  return { ...field, type: schema.type };
}
