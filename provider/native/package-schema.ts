/**
 * The package as Pulumi's code generators and the engine read it, made of the schemas of the inputs and outputs. Source: Pulumi's
 * package schema (`pulumi.com/docs/iac/extending-pulumi/schema`).
 */
import { z } from "zod";
import { callerSchemas } from "../schema/call-inputs.js";
import { describeField } from "../schema/fields.js";
import { PRELOAD, REFRESH, type ResourceKind } from "../schema/inputs.js";
import { outputSchemas } from "../schema/outputs.js";
import { CONFIG_VARIABLES, renameSettings } from "./configuration.js";

export const PACKAGE = "alicloud-vod";

/** The token of a resource or a function. */
export const tokenOf = (name: string): string => `${PACKAGE}:index:${name}`;

type Json = Record<string, unknown>;

/**
 * The names of the objects and enums, by the path of the input that has them first. Another path with the same shape has the same
 * name.
 */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  source: "Source",
  "source.followSymlinks": "FollowSymlinks",
  wait: "Wait",
  verify: "Verify",
  "verify.onFailure": "FailurePolicy",
  verified: "VodVerified",
  "wait.onTimeout": "TimeoutPolicy",
  retry: "Retry",
  assumeRole: "AssumeRole",
  quota: "Quota",
  "quota.onExceeded": "QuotaPolicy",
  "quota.collapse": "Collapse",
  reserve: "Reserve",
  objectType: "ObjectType",
  cost: "VodCost",
  "VodCachePreload.quota": "PreloadQuota",
  "VodCachePreload.quota.onExceeded": "PreloadQuotaPolicy",
  refresh: "AwaitedRefresh",
  area: "PreloadArea",
  onFailure: "FailurePolicy",
  urls: "VodDayQuota",
  directories: "VodDayQuota",
  preloads: "VodDayQuota",
  regex: "VodDayQuota",
  ignoreParams: "VodDayQuota",
  tasks: "VodRefreshTask",
};

/**
 * Where an enum is a text: as an output, and where an output is given as an input. Pulumi's YAML lets no enum be assigned, not even to
 * the same enum.
 */
const TEXTS: readonly string[] = ["status", "refresh.objectType", "refresh.status", "verify.sample"];

/** What the TypeScript classes add to the inputs: the plugin makes no second resource. */
const NOT_NATIVE: readonly string[] = ["preload"];

/** The inputs of a resource of the plugin. */
export function nativeSchemas({ schemas }: ResourceKind): Record<string, z.ZodType> {
  const entries = Object.entries(schemas as Record<string, z.ZodType>);
  return Object.fromEntries(entries.filter(([name]) => !NOT_NATIVE.includes(name)));
}

class Types {
  readonly all: Record<string, Json> = {};

  /** The properties of an object, and which of them it always has. */
  describeAll(schemas: Readonly<Record<string, z.ZodType>>, at: string): { properties: Json; required: string[] } {
    const properties: Json = {};
    const required: string[] = [];
    for (const [name, schema] of Object.entries(schemas)) {
      const { description, isRequired } = describeField(schema);
      const type = this.describe(schema, at === "" ? name : `${at}.${name}`);
      properties[name] = {
        ...type,
        ...(description ? { description: forEveryLanguage(description) } : {}),
        // Of one of several types Pulumi's code generators can't write a default: the description says it.
        ...("oneOf" in type ? {} : describeDefault(schema)),
      };
      if (isRequired) required.push(name);
    }
    return { properties, required: required.sort() };
  }

  /** Whether a reference is to an enum. */
  isEnum(reference: unknown): boolean {
    return typeof reference === "string" && this.all[reference.replace("#/types/", "")]?.enum !== undefined;
  }

  private describe(schema: z.ZodType, path: string): Json {
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
      return this.describe(schema.unwrap() as z.ZodType, path);
    }
    if (schema instanceof z.ZodUnion) {
      // What stands for an unknown value is no type of a program.
      const parts = (schema.options as z.ZodType[]).filter((part) => !(part instanceof z.ZodLiteral));
      const [only, ...others] = parts.map((part) => this.describe(part, path));
      return others.length === 0 ? (only as Json) : { oneOf: [only, ...others] };
    }
    if (schema instanceof z.ZodEnum && TEXTS.some((text) => path.endsWith(text))) return { type: "string" };
    if (schema instanceof z.ZodEnum) {
      return this.refer(path, {
        type: "string",
        enum: schema.options.map((value) => ({ value, name: toPascalCase(String(value)) })),
      });
    }
    if (schema instanceof z.ZodArray) {
      return { type: "array", items: this.describe(schema.element as z.ZodType, path) };
    }
    if (schema instanceof z.ZodRecord) {
      return { type: "object", additionalProperties: this.describe(schema.valueType as z.ZodType, path) };
    }
    if (schema instanceof z.ZodObject) return this.refer(path, this.describeObject(schema, path));
    if (schema instanceof z.ZodAny) return { $ref: "pulumi.json#/Any" };
    if (schema instanceof z.ZodNumber) return { type: schema.format === "safeint" ? "integer" : "number" };
    return { type: schema.type };
  }

  private describeObject(schema: z.ZodObject, path: string): Json {
    return { type: "object", ...this.describeAll(schema.shape, path) };
  }

  /** Names a type. One name stands for one shape. */
  private refer(path: string, type: Json): Json {
    const local = path.slice(path.indexOf(".") + 1);
    const name = TYPE_NAMES[path] ?? TYPE_NAMES[local];
    if (name === undefined) throw new Error(`The type of ${path} has no name.`);
    const token = tokenOf(name);
    this.all[token] ??= type;
    if (JSON.stringify(this.all[token]) !== JSON.stringify(type)) throw new Error(`${name} has two shapes.`);
    return { $ref: `#/types/${token}` };
  }
}

/** A description without what only the TypeScript package has, and with the plugin's settings. */
function forEveryLanguage(description: string): string {
  return renameSettings(description).replace(" (see `hashFiles` and `hashContent`)", "");
}

/** The default that the state keeps, of one value. What an object or another input decides, the description says. */
function describeDefault(schema: z.ZodType): Json {
  if (!(schema instanceof z.ZodDefault)) return {};
  const value: unknown = schema.parse(undefined);
  return ["string", "number", "boolean"].includes(typeof value) ? { default: value } : {};
}

function toPascalCase(value: string): string {
  return value.charAt(0).toUpperCase() + value.slice(1);
}

const DESCRIPTIONS = {
  VodCacheRefresh:
    "Refreshes paths on the edge of ApsaraVideo VOD (RefreshVodObjectCaches) when their content changes. With `paths`, a changed " +
    "`contentHash` refreshes all of them, and a path that is added refreshes that path. With `contents` and `source`, only the URLs " +
    "that changed, were removed or came to be covered are refreshed. Creating it refreshes everything; deleting it sends nothing. Let " +
    "it depend on what uploads the content, or the edge may fetch the old content again.",
  VodCachePreload:
    "Preloads URLs on the edge of ApsaraVideo VOD (PreloadVodObjectCaches) when their content changes, so that the first viewer gets " +
    "a copy from the edge. Give the outputs of the `VodCacheRefresh` of the same content as `refresh`: the edge keeps old copies until " +
    "its tasks have ended.",
  getVodRefreshQuota: "Asks how much of the day's quota is left.",
  getVodRefreshTasks: "Asks how far tasks are.",
} as const;

/** What a release says of itself. */
export interface Release {
  /** Without a `v`. */
  version: string;
  /** Where Pulumi finds the plugin's archives. Default: the CLI is told with `--server`. */
  downloadUrl?: string | undefined;
}

export function describePackage({ version, downloadUrl }: Release): Json {
  const types = new Types();
  const resources = Object.fromEntries(
    [REFRESH, PRELOAD].map((kind) => [tokenOf(kind.name), describeResource(kind, types)]),
  );
  const functions = describeFunctions(types);
  return {
    name: PACKAGE,
    displayName: "Alibaba Cloud ApsaraVideo VOD caches",
    version,
    description:
      "Refreshes and preloads caches of ApsaraVideo VOD when content changes, and only then, as resources of Pulumi.",
    keywords: ["pulumi", "alicloud", "vod", "cdn", "cache", "kind/native", "category/cloud"],
    license: "Apache-2.0",
    publisher: "pulumi-alicloud-vod",
    ...(downloadUrl ? { pluginDownloadURL: downloadUrl } : {}),
    meta: { moduleFormat: "(.*)" },
    language: {
      nodejs: { packageName: "pulumi-alicloud-vod-native", respectSchemaVersion: true },
      python: { packageName: "pulumi_alicloud_vod", respectSchemaVersion: true, pyproject: { enabled: true } },
      go: {
        generateResourceContainerTypes: true,
        respectSchemaVersion: true,
      },
      csharp: { rootNamespace: "Pulumi", namespaces: { [PACKAGE]: "AlicloudVod" }, respectSchemaVersion: true },
      java: { basePackage: "com.pulumi" },
    },
    config: { variables: describeConfig() },
    provider: {
      description: "Who calls, and where: an account of its own for the resources that name this provider.",
      inputProperties: describeConfig(),
    },
    types: types.all,
    resources,
    functions,
  };
}

function describeResource(kind: ResourceKind, types: Types): Json {
  const at = kind.name === "VodCachePreload" ? kind.name : "";
  const inputs = types.describeAll(nativeSchemas(kind), at);
  const outputs = types.describeAll(outputSchemas(kind), "");
  const isEnum = (property: unknown) => types.isEnum((property as Json).$ref);
  const asOutputs = Object.fromEntries(
    Object.entries(inputs.properties).map(([name, property]) => {
      const { $ref: _, ...rest } = property as Json;
      return [name, isEnum(property) ? { ...rest, type: "string" } : property];
    }),
  );
  // Inputs with a default always have a value afterwards.
  const complete = Object.entries(nativeSchemas(kind))
    .filter(([, schema]) => schema.safeParse(undefined).data !== undefined)
    .map(([name]) => name);
  return {
    description: DESCRIPTIONS[kind.name],
    inputProperties: inputs.properties,
    requiredInputs: inputs.required,
    properties: { ...asOutputs, ...outputs.properties },
    required: [...new Set([...inputs.required, ...complete, ...outputs.required])].sort(),
    // The form of this resource that a TypeScript program runs without the plugin.
    aliases: [{ type: `pulumi-nodejs:dynamic/${PACKAGE}:${kind.name}` }],
  };
}

const quotaSchema = z.object({
  quota: z.number().int().describe("How many the account has each day."),
  remain: z.number().int().describe("How many are left today."),
});

const quotasSchema = {
  urls: quotaSchema.describe("Refreshes of URLs."),
  directories: quotaSchema.describe("Refreshes of directories."),
  preloads: quotaSchema.optional().describe("Preloads of URLs. Undefined if the service doesn't say."),
  regex: quotaSchema
    .optional()
    .describe(
      "Refreshes of regular expressions. Undefined if the service doesn't say: they are counted as directories then.",
    ),
  ignoreParams: quotaSchema
    .optional()
    .describe("Refreshes of URLs with any query. Undefined if the service doesn't say: they are counted as URLs then."),
};

const taskSchema = z.object({
  taskId: z.string().describe("Source: `TaskId`."),
  path: z.string().describe("The path as the service shows it. Source: `ObjectPath`."),
  objectType: z.string().describe("In the service's words: `file`, `directory` or `preload`."),
  status: z.string().describe("`Complete`, `Refreshing`, `Pending` or `Failed`. Source: `Status`."),
  percent: z.number().describe("The progress, from 0 to 100. Source: `Process`."),
  createdAt: z
    .string()
    .describe("When the task was accepted, ISO 8601 in UTC by the service's clock. Source: `CreationTime`."),
  description: z.string().describe("Why it failed; empty otherwise. Source: `Description`."),
});

function describeFunctions(types: Types): Json {
  const describeFunction = (
    name: "getVodRefreshQuota" | "getVodRefreshTasks",
    inputs: Record<string, z.ZodType>,
    outputs: Record<string, z.ZodType>,
  ): [string, Json] => {
    const given = types.describeAll(inputs, name);
    const answered = types.describeAll(outputs, name);
    return [
      tokenOf(name),
      {
        description: DESCRIPTIONS[name],
        inputs: { type: "object", properties: given.properties, required: given.required },
        outputs: { type: "object", properties: answered.properties, required: answered.required },
      },
    ];
  };
  const taskIds = z
    .array(z.string())
    .describe(
      "The IDs of the tasks: the `taskIds` of a resource, or any others. A text may hold several, joined by commas.",
    );
  const tasks = z
    .array(taskSchema)
    .describe(
      "Every path of every task, in the order of `taskIds`. A task whose records expired, after 3 days, has none.",
    );
  return Object.fromEntries([
    describeFunction("getVodRefreshQuota", { ...callerSchemas }, quotasSchema),
    describeFunction("getVodRefreshTasks", { taskIds, ...callerSchemas }, { tasks }),
  ]);
}

/** Values are texts, as the engine hands them over; an object is written in JSON. */
function describeConfig(): Json {
  return Object.fromEntries(
    Object.entries(CONFIG_VARIABLES).map(([name, { description, isSecret }]) => [
      name,
      { type: "string", description, ...(isSecret ? { secret: true } : {}) },
    ]),
  );
}
