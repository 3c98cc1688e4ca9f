/** The package as Pulumi's code generators read it: whole, and true to what the plugin takes and gives. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { CONFIG_VARIABLES } from "../../../provider/native/configuration.js";
import { describePackage, nativeSchemas } from "../../../provider/native/package-schema.js";
import { describeField } from "../../../provider/schema/fields.js";
import { PRELOAD, REFRESH } from "../../../provider/schema/inputs.js";
import { outputSchemas } from "../../../provider/schema/outputs.js";
import { type PackageSchema, type Property, writePackagePage } from "../../../site/package-page.js";

interface ObjectType {
  type: string;
  properties?: Record<string, Property>;
  required?: string[];
  enum?: { name: string; value: string }[];
}
interface Resource {
  inputProperties: Record<string, Property>;
  requiredInputs: string[];
  properties: Record<string, Property>;
  required: string[];
  aliases: { type: string }[];
}
interface Package {
  pluginDownloadURL?: string;
  config: { variables: Record<string, Property> };
  provider: { inputProperties: Record<string, Property> };
  types: Record<string, ObjectType>;
  resources: Record<string, Resource>;
  functions: Record<string, { inputs: ObjectType; outputs: ObjectType }>;
}

const schema = describePackage({ version: "1.2.3" }) as unknown as Package;
const { types } = schema;

/** A property as the schema of an input has it: its type in TypeScript's words. */
function typeOf({ type, $ref, items, additionalProperties, oneOf }: Property): string {
  if (oneOf) return oneOf.map(typeOf).join(" | ");
  if (items) return `${typeOf(items)}[]`;
  if (additionalProperties) return `Record<string, ${typeOf(additionalProperties)}>`;
  if ($ref === undefined) return type === "integer" ? "number" : (type ?? "");
  if ($ref === "pulumi.json#/Any") return "any";
  const named = types[$ref.replace("#/types/", "")];
  if (named?.enum) return named.enum.map(({ value }) => `"${value}"`).join(" | ");
  const fields = Object.keys(named?.properties ?? {}).map((name) =>
    named?.required?.includes(name) ? name : `${name}?`,
  );
  return `{ ${fields.join(", ")} }`;
}

test("the whole schema is the recorded one", async () => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot("package-schema.json");
});

test("docs/reference/package.md has all of the schema (-u writes it)", async () => {
  const page = writePackagePage(schema as unknown as PackageSchema);
  await expect(page).toMatchFileSnapshot(join(__dirname, "../../../docs/reference/package.md"));
});

describe.each([
  ["VodCacheRefresh", REFRESH],
  ["VodCachePreload", PRELOAD],
] as const)("%s", (name, kind) => {
  const resource = schema.resources[`alicloud-vod:index:${name}`] as Resource;
  const inputs = Object.entries(nativeSchemas(kind));

  test("has every input but preload, which makes a second resource", () => {
    const names = Object.keys(kind.schemas).filter((input) => input !== "preload");
    expect(Object.keys(resource.inputProperties)).toEqual(names);
  });

  test.each(inputs)("has the input %s with its type, description and default", (input, given) => {
    const property = resource.inputProperties[input] as Property;
    const field = describeField(given);
    expect(typeOf(property)).toBe(field.type);
    expect(property.description?.length).toBeGreaterThan(20);
    expect(resource.requiredInputs.includes(input)).toBe(field.isRequired);
    const isKept = given.safeParse(undefined).data !== undefined && typeof field.default !== "object";
    expect(property.default).toEqual(isKept ? field.default : undefined);
  });

  test.each(Object.entries(outputSchemas(kind)))("has the output %s with its description", (output, given) => {
    const property = resource.properties[output] as Property;
    expect(property.description).toBe((given as z.ZodType).description);
    expect(resource.required.includes(output)).toBe(describeField(given).isRequired);
  });

  test("has every input among its outputs, and each with a default always", () => {
    expect(Object.keys(resource.properties)).toEqual(expect.arrayContaining(inputs.map(([input]) => input)));
    const complete = inputs.filter(([, given]) => given.safeParse(undefined).data !== undefined);
    expect(resource.required).toEqual(expect.arrayContaining(complete.map(([input]) => input)));
  });

  test("takes over what the dynamic form of a TypeScript program made", () => {
    expect(resource.aliases).toEqual([{ type: `pulumi-nodejs:dynamic/alicloud-vod:${name}` }]);
  });
});

test("the settings are those of the plugin, and what opens an account is secret", () => {
  for (const variables of [schema.config.variables, schema.provider.inputProperties]) {
    expect(Object.keys(variables)).toEqual(Object.keys(CONFIG_VARIABLES));
    const secrets = Object.keys(variables).filter((name) => variables[name]?.secret);
    expect(secrets).toEqual(["accessKey", "secretKey", "securityToken", "credentialsUri"]);
    // A default of the environment would be copied into the state.
    expect(JSON.stringify(variables)).not.toContain("defaultInfo");
  }
});

test("every type that is named exists, and every type that exists is named", () => {
  const named = JSON.stringify(schema).match(/#\/types\/[^"]+/g) ?? [];
  expect([...new Set(named)].map((name) => name.replace("#/types/", "")).sort()).toEqual(Object.keys(types).sort());
});

test("what may have one of several types has no default, which the code generator for Go would write as a type", () => {
  const shapes = [
    ...Object.values(schema.resources).map(({ inputProperties }) => inputProperties),
    ...Object.values(types).map(({ properties = {} }) => properties),
  ];
  const unions = shapes.flatMap((shape) => Object.values(shape)).filter(({ oneOf }) => oneOf);
  expect(unions.length).toBeGreaterThan(1);
  expect(unions.filter((property) => "default" in property)).toEqual([]);
});

test("nothing is named that other languages don't have", () => {
  expect(JSON.stringify(schema)).not.toMatch(/\balicloud:[a-z]|hashFiles|hashContent|VodSiteRelease/);
});

test("a release says where its archives are", () => {
  expect(schema.pluginDownloadURL).toBeUndefined();
  const released = describePackage({ version: "1.2.3", downloadUrl: "github://api.github.com/owner" });
  expect(released).toEqual({ ...schema, pluginDownloadURL: "github://api.github.com/owner" });
});
