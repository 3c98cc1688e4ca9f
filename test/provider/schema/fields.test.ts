/** What the schema says of each input, which messages and documentation are derived from. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { describeField } from "../../../provider/schema/fields.js";
import { preloadSchemas, refreshSchemas } from "../../../provider/schema/inputs.js";

const RESOURCES = { VodCacheRefresh: refreshSchemas, VodCachePreload: preloadSchemas };

/** Every input and every field within one, by its path. */
function listFields(schemas: Readonly<Record<string, z.ZodType>>, prefix = ""): [path: string, schema: z.ZodType][] {
  return Object.entries(schemas).flatMap(([name, schema]): [string, z.ZodType][] => [
    [prefix + name, schema],
    ...listFields(describeField(schema).fields ?? {}, `${prefix}${name}.`),
  ]);
}

describe.each(Object.entries(RESOURCES))("%s", (_, schemas) => {
  test.each(listFields(schemas))("%s says what it means, and the default that it has", (_path, schema) => {
    const { description, default: value } = describeField(schema);
    expect(description).toMatch(/^[A-Z].*\.$/);
    if (value === undefined) return;
    const shown =
      typeof value === "object"
        ? `\`${JSON.stringify(value)
            .replace(/"(\w+)":/g, " $1: ")
            .replace("}", " }")}\``
        : typeof value === "number"
          ? value.toLocaleString("en")
          : `\`${value}\``;
    expect(description).toMatch(/[Dd]efaults? to|else to/);
    expect(description).toContain(shown);
  });

  test.each(listFields(schemas))("%s says what it must be, after these words", (_path, schema) => {
    expect(describeField(schema).mustBe).toMatch(/^(?!give|write)\S.*[^.]$/);
  });

  test.each(listFields(schemas))("%s has nothing in its meta that no message reads", (_path, schema) => {
    expect(["description", "mustBe", "default"]).toEqual(expect.arrayContaining(Object.keys(schema.meta() ?? {})));
  });

  test("is written as JSON schema, with descriptions and defaults", () => {
    const { properties } = z.toJSONSchema(z.strictObject(schemas), { io: "input" });
    expect(Object.keys(properties ?? {})).toEqual(Object.keys(schemas));
    expect(properties?.quota).toMatchObject({
      type: "object",
      description: describeField(schemas.quota).description,
      properties: { onExceeded: { enum: expect.arrayContaining(["fail", "partial"]), default: "fail" } },
      additionalProperties: false,
    });
  });
});

test.each<[z.ZodType, string]>([
  [z.boolean().default(true), "boolean"],
  [z.enum(["a", "b"]).optional(), '"a" | "b"'],
  [z.array(z.string()), "string[]"],
  [z.record(z.string(), z.number()), "Record<string, number>"],
  [z.strictObject({ a: z.string(), b: z.string().optional() }), "{ a, b? }"],
  [z.union([z.boolean(), z.strictObject({ a: z.number() })]), "boolean | { a }"],
])("a type is shown as TypeScript writes it: %#", (schema, type) => {
  expect(describeField(schema).type).toBe(type);
});
