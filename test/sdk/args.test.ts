/**
 * The arguments that a program gives, held to the schema of the inputs: names, types, docstrings and the tables of the
 * guides.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { z } from "zod";
import type { State } from "../../provider/plan/state.js";
import type { callerSchemas } from "../../provider/schema/call-inputs.js";
import { describeField } from "../../provider/schema/fields.js";
import { PRELOAD, preloadSchemas, REFRESH, refreshSchemas } from "../../provider/schema/inputs.js";
import { outputSchemas } from "../../provider/schema/outputs.js";
import type { UNKNOWN } from "../../provider/schema/unknown.js";
import {
  type GetVodRefreshQuotaArgs,
  VodCachePreload,
  type VodCachePreloadArgs,
  VodCacheRefresh,
  type VodCacheRefreshArgs,
} from "../../sdk/index.js";

type Schemas = Readonly<Record<string, z.ZodType>>;

/** A type without what only one side has: values that aren't known yet, and fields that are there and undefined. */
type Plain<T> = T extends typeof UNKNOWN | undefined
  ? never
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Name in keyof T]: Plain<T[Name]> }
      : T;

type InputOf<S extends Schemas> = Plain<z.input<z.ZodObject<S>>>;
type ArgsOf<Args> = Plain<pulumi.Unwrap<Args>>;

/** The names of what may be undefined. */
type Incomplete<T> = { [Name in keyof T]-?: undefined extends T[Name] ? Name : never }[keyof T];

/** The values of a resource's outputs. */
type ValuesOf<Resource, Name extends keyof Resource> = {
  -readonly [Key in Name]: Resource[Key] extends pulumi.Output<infer Value> ? Value : never;
};

/** What the state keeps of a result, without what is hidden. */
type Result = Omit<State, "inputs" | "__stateVersion" | "removed" | "__manifest" | "__failures" | "__stale">;

describe("the types of the arguments are those of the schema", () => {
  test("of VodCacheRefresh", () => {
    expectTypeOf<ArgsOf<VodCacheRefreshArgs>>().toEqualTypeOf<InputOf<typeof refreshSchemas>>();
  });

  test("of VodCachePreload", () => {
    // Only the classes take `both`: they declare a resource for each area.
    expectTypeOf<Omit<ArgsOf<VodCachePreloadArgs>, "area">>().toEqualTypeOf<
      Omit<InputOf<typeof preloadSchemas>, "area">
    >();
    expectTypeOf<ArgsOf<VodCachePreloadArgs>["area"]>().toEqualTypeOf<
      InputOf<typeof preloadSchemas>["area"] | "both"
    >();
  });

  test("of the functions", () => {
    expectTypeOf<Plain<GetVodRefreshQuotaArgs>>().toEqualTypeOf<InputOf<typeof callerSchemas>>();
  });
});

describe("the outputs are what the state keeps", () => {
  test("of the inputs: complete where they have a default", () => {
    expectTypeOf<Incomplete<ValuesOf<VodCacheRefresh, keyof VodCacheRefreshArgs>>>().toEqualTypeOf<
      Incomplete<z.output<z.ZodObject<typeof refreshSchemas>>>
    >();
    expectTypeOf<Incomplete<ValuesOf<VodCachePreload, keyof VodCachePreloadArgs>>>().toEqualTypeOf<
      Incomplete<z.output<z.ZodObject<typeof preloadSchemas>>>
    >();
  });

  test("of the result: the same names and types", () => {
    expectTypeOf<Plain<ValuesOf<VodCacheRefresh, keyof Result>>>().toEqualTypeOf<Plain<Required<Result>>>();
    expectTypeOf<Incomplete<ValuesOf<VodCacheRefresh, keyof Result>>>().toEqualTypeOf<Incomplete<Result>>();
  });
});

pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) });
const content = { paths: ["https://vod.example.com/a"], contentHash: "v1" };
const outputsOf = (resource: object) =>
  Object.entries(resource).flatMap(([name, value]) =>
    pulumi.Output.isInstance(value) && !/^(id|urn|__.*)$/.test(name) ? [name] : [],
  );
const RESOURCES = [
  ["VodCacheRefresh", refreshSchemas, outputsOf(new VodCacheRefresh("refresh", content))],
  ["VodCachePreload", preloadSchemas, outputsOf(new VodCachePreload("preload", content))],
] as const;

test.each(RESOURCES)("%s has an output for each input, given or not", (_, schemas, outputs) => {
  expect(outputs).toEqual(expect.arrayContaining(Object.keys(schemas)));
});

describe("the docstring of an argument or an output is the schema's description", () => {
  const files = ["resource", "refresh", "preload"].map((name) =>
    readFileSync(join(__dirname, `../../sdk/${name}.ts`), "utf8"),
  );

  /** The docstrings of the fields of an interface or a class, by name, each in one line. */
  function docstringsOf(name: string): Record<string, string> {
    const [, body = ""] =
      new RegExp(`(?:interface|class) ${name}\\b[^{]*\\{\\n(.*?)\\n\\}`, "s").exec(files.join("\n")) ?? [];
    const fields = body.matchAll(/\/\*\*(?<text>(?:(?!\*\/).)*)\*\/\s+(?:readonly )?(?<field>\w+)[?!]?:/gs);
    return Object.fromEntries(
      [...fields].map(({ groups: { text = "", field = "" } = {} }) => [
        field,
        text
          .replaceAll(/\n\s*\* ?/g, " ")
          .replaceAll(/\s+/g, " ")
          .trim(),
      ]),
    );
  }
  const fieldsOf = (schema: z.ZodType) => describeField(schema).fields ?? {};
  const preloadOptions = docstringsOf("PreloadInputs");

  test.each<[string, Schemas, Record<string, string>]>([
    ["RefreshInputs", refreshSchemas, docstringsOf("CallInputs")],
    ["PreloadInputs", preloadSchemas, docstringsOf("CallInputs")],
    ["SourceArgs", fieldsOf(refreshSchemas.source), {}],
    ["WaitArgs", fieldsOf(refreshSchemas.wait), {}],
    ["VerifyArgs", fieldsOf(refreshSchemas.verify), {}],
    ["VodVerified", fieldsOf(outputSchemas(REFRESH).verified as z.ZodType), {}],
    ["RetryArgs", fieldsOf(refreshSchemas.retry), {}],
    ["ReserveArgs", fieldsOf(refreshSchemas.reserve), {}],
    ["AssumeRoleArgs", fieldsOf(refreshSchemas.assumeRole), {}],
    ["QuotaArgs", fieldsOf(refreshSchemas.quota), {}],
    ["PreloadQuotaArgs", fieldsOf(preloadSchemas.quota), {}],
    ["RefreshOutputs", outputSchemas(REFRESH), docstringsOf("CallOutputs")],
    ["PreloadOutputs", outputSchemas(PRELOAD), docstringsOf("CallOutputs")],
    ["VodCost", fieldsOf(outputSchemas(REFRESH).cost as z.ZodType), {}],
    ["AwaitedRefreshArgs", fieldsOf(preloadSchemas.refresh), {}],
    [
      "PreloadArgs",
      fieldsOf(refreshSchemas.preload),
      {
        ...Object.fromEntries(["l2Preload", "headers"].map((name) => [name, preloadOptions[name] ?? ""])),
        ...docstringsOf("AreaArgs"),
      },
    ],
  ])("%s", (name, schemas, inherited) => {
    const described = Object.entries(schemas).map(([field, schema]) => [field, describeField(schema).description]);
    expect({ ...inherited, ...docstringsOf(name) }).toEqual(Object.fromEntries(described));
  });
});

describe("the tables of the guides have a row for each input and output", () => {
  interface Row {
    name: string;
    type: string;
    default: string | undefined;
  }

  /** The rows of all tables whose first column is headed so. */
  function rowsOf(file: string, heading: string): Row[] {
    const text = readFileSync(join(__dirname, "../..", file), "utf8");
    const tables = text.split(/\n(?!\|)/).map((part) => part.split("\n").filter((line) => line.startsWith("|")));
    const cellsOf = (line = "") =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim());
    return tables.flatMap(([head, _, ...rows]) => {
      const columns = cellsOf(head);
      if (columns[0] !== heading) return [];
      return rows.map(cellsOf).map((cells) => ({
        name: (cells[0] ?? "").replaceAll("`", ""),
        type: cells[columns.indexOf("type")] ?? "",
        default: cells[columns.indexOf("default")],
      }));
    });
  }

  /** A type as the tables show it. */
  function typeCell(type: string): string {
    const parts = type.split(" | ").map((part) => `\`${part}\``);
    return parts.join(type.startsWith('"') ? ", " : " or ");
  }

  function defaultCell(value: unknown): string {
    if (value === undefined) return "";
    if (typeof value === "object") {
      const fields = Object.entries(value as object).map(([name, field]) => `${name}: ${JSON.stringify(field)}`);
      return `\`{ ${fields.join(", ")} }\``;
    }
    return `\`${JSON.stringify(value)}\``;
  }

  function expectRows(rows: readonly Row[], schemas: Schemas) {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(schemas).sort());
    for (const row of rows) {
      const { type, default: value } = describeField(schemas[row.name] as z.ZodType);
      expect(row.type, row.name).toBe(typeCell(type));
      // Of the content's three forms, none has a default.
      expect(row.default ?? "", row.name).toBe(defaultCell(value));
    }
  }

  test("docs/reference/inputs.md, the inputs of VodCacheRefresh", () => {
    expectRows(rowsOf("docs/reference/inputs.md", "input"), refreshSchemas);
  });

  test("docs/reference/inputs.md, the outputs of VodCacheRefresh that are no inputs", () => {
    const outputs = RESOURCES[0][2].filter((name) => !(name in refreshSchemas));
    expect(
      rowsOf("docs/reference/inputs.md", "output")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(outputs.sort());
  });

  test("docs/preloading.md, the options of preload", () => {
    expectRows(rowsOf("docs/preloading.md", "option"), describeField(refreshSchemas.preload).fields ?? {});
  });

  test("docs/preloading.md, the inputs of VodCachePreload", () => {
    expectRows(rowsOf("docs/preloading.md", "input"), preloadSchemas);
  });
});
