/** The inputs of the resources in the form that the state keeps: complete, normalised, duplicates removed. */
import { z } from "zod";
import type { Identity } from "../credentials/chain.js";
import { OBJECT_TYPES, type ObjectType, PRELOAD_AREAS } from "../vod/limits.js";
import { COLLAPSES, FAILURE_POLICIES, QUOTA_POLICIES, STATUSES, TIMEOUT_POLICIES } from "./enums.js";

/** What stands in a preview for a value that isn't known yet. Source: Pulumi's protocol (`UnknownStringValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Files on this machine, and where they are served. */
export const sourceSchema = z.strictObject({
  directory: z.string().min(1),
  baseUrl: z.string().min(1),
  include: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  indexDocument: z.string().min(1).optional(),
});
export type Source = z.infer<typeof sourceSchema>;

/** How long the tasks of a refresh are followed by default, in seconds: one usually takes 5 to 6 minutes. Source: CDN. */
const WAIT_TIMEOUT_SECONDS = 20 * 60;
const waitSchema = z.strictObject({
  timeout: z.number().min(0).max(86_400).default(WAIT_TIMEOUT_SECONDS),
  onTimeout: z.enum(TIMEOUT_POLICIES).default("fail"),
  // Left out it stays so, since older states lack it: true.
  retryFailed: z.boolean().optional(),
});
export type Wait = z.infer<typeof waitSchema>;
/** How tasks are followed where nothing is said of it. */
export const DEFAULT_WAIT: Wait = waitSchema.parse({});

const retrySchema = z.strictObject({
  timeout: z.number().min(0).max(86_400).optional(),
  maxAttempts: z.number().int().min(1).max(100).optional(),
});

/** What both resources take, each input by itself, as a program may write it: what is to be looked after. */
const contentSchemas = {
  paths: z.array(z.string()).min(1).optional(),
  contentHash: z.string().min(1).optional(),
  contents: z.record(z.string(), z.string().min(1)).optional(),
  source: sourceSchema.optional(),
} as const;

const assumeRoleSchema = z.strictObject({
  roleArn: z.string().min(1).optional(),
  sessionName: z.string().min(1).optional(),
  externalId: z.string().min(1).optional(),
});

/** Who asks, and where: of a resource and of a question alike. */
export const callerSchemas = {
  endpoint: z.string().optional(),
  profile: z.string().min(1).optional(),
  assumeRole: assumeRoleSchema.optional(),
} as const;

/** And how. */
const callSchemas = {
  planFile: z.string().min(1).optional(),
  wait: z.union([z.boolean(), waitSchema]).optional(),
  retry: retrySchema.optional(),
  ...callerSchemas,
} as const;

/** A header's name and its value, of which neither can end the header. */
const headersSchema = z.record(
  z.string().regex(/^[!#$%&'*+.^_`|~\w-]{1,128}$/),
  z.string().regex(/^[\x20-\x7e]{1,1024}$/),
);

/** What is preloaded, and how. */
const preloadOptionSchemas = {
  preloadOnCreate: z.boolean().default(true),
  quota: z.strictObject({ onExceeded: z.enum(["fail", "partial"]).default("fail") }).prefault({}),
  onFailure: z.enum(FAILURE_POLICIES).optional(),
  area: z.enum(PRELOAD_AREAS).optional(),
  l2Preload: z.boolean().optional(),
  headers: headersSchema.optional(),
} as const;

/** The preload that a refresh is followed by. It is a resource of its own, so that nothing here changes what is refreshed. */
const preloadSchema = z.strictObject({
  ...preloadOptionSchemas,
  preloadOnCreate: z.boolean().optional(),
  quota: z.strictObject({ onExceeded: z.enum(["fail", "partial"]).optional() }).optional(),
  include: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  wait: z.union([z.boolean(), waitSchema]).optional(),
});

const refreshSchemas = {
  ...contentSchemas,
  objectType: z.enum(OBJECT_TYPES).default("File"),
  force: z.boolean().default(false),
  refreshOnCreate: z.boolean().default(true),
  refreshNew: z.boolean().optional(),
  quota: z
    .strictObject({ onExceeded: z.enum(QUOTA_POLICIES).default("fail"), collapse: z.enum(COLLAPSES).optional() })
    .prefault({}),
  preload: z.union([z.boolean(), preloadSchema]).optional(),
  ...callSchemas,
} as const;

/** The refresh that has to end before a preload, by its outputs; in a preview they may not be known yet. */
const awaitedRefreshSchema = z.strictObject({
  objectType: z.union([z.enum(OBJECT_TYPES), z.literal(UNKNOWN)]),
  taskIds: z.union([z.array(z.string()), z.literal(UNKNOWN)]),
  status: z.union([z.enum(STATUSES), z.literal(UNKNOWN)]),
  submittedAt: z.string().optional(),
});
export type AwaitedRefresh = z.infer<typeof awaitedRefreshSchema>;

const preloadSchemas = {
  ...contentSchemas,
  ...preloadOptionSchemas,
  refresh: awaitedRefreshSchema.optional(),
  ...callSchemas,
} as const;

const filesSchema = z.record(z.string(), z.string()).optional();
/** What every resource keeps of its inputs; `files` is what `check` found in `source`, a digest for each of up to 200 directories. */
const checkedRefresh = z.object({ ...refreshSchemas, files: filesSchema });
const checkedPreload = z.object({ ...preloadSchemas, files: filesSchema });

export type InputName = keyof typeof refreshSchemas | keyof typeof preloadSchemas;

/** What a call does with its paths: refreshes them as that type, or preloads them. */
export type CallType = ObjectType | "Preload";

/** How URLs are preloaded. */
export type PreloadParameters = Pick<z.infer<typeof checkedPreload>, "area" | "l2Preload" | "headers">;

/** When they are, and what it means if they can't be. */
type PreloadPolicies = Pick<z.infer<typeof checkedPreload>, "refresh" | "onFailure">;

/** The inputs of either resource in one form: a preload is a call of a type of its own. */
export type Inputs = Omit<z.infer<typeof checkedRefresh>, "objectType"> & { objectType: CallType } & PreloadParameters &
  PreloadPolicies;

/** What a resource does with its paths. */
export type Operation = "refresh" | "preload";

/** One of the resources, by what sets it apart. */
export interface ResourceKind {
  name: "VodCacheRefresh" | "VodCachePreload";
  operation: Operation;
  /** What the IDs of its resources begin with. */
  idPrefix: string;
  /** Every input by itself. */
  schemas: Readonly<Partial<Record<InputName, z.ZodType>>>;
  /** The checked inputs, as the engine keeps them, in their common form. */
  checked: z.ZodType<Inputs>;
  /** The inputs as they are kept. */
  kept(inputs: Inputs): Record<string, unknown>;
  /** What the outputs call the joined task IDs, and the paths that were sent. */
  outputs: { taskId: string; sent: string };
}

export const REFRESH: ResourceKind = {
  name: "VodCacheRefresh",
  operation: "refresh",
  idPrefix: "vod-cache-refresh",
  schemas: refreshSchemas,
  checked: checkedRefresh,
  kept: (inputs) => inputs,
  outputs: { taskId: "refreshTaskId", sent: "refreshed" },
};

export const PRELOAD: ResourceKind = {
  name: "VodCachePreload",
  operation: "preload",
  idPrefix: "vod-cache-preload",
  schemas: preloadSchemas,
  // What is new is preloaded as well: no viewer waits for the origin then.
  checked: checkedPreload.transform(({ preloadOnCreate, ...inputs }) => ({
    ...inputs,
    objectType: "Preload" as const,
    force: false,
    refreshOnCreate: preloadOnCreate,
    refreshNew: true,
  })),
  kept: ({ objectType: _, force: __, refreshNew: ___, refreshOnCreate: preloadOnCreate, ...inputs }) => ({
    ...inputs,
    preloadOnCreate,
  }),
  outputs: { taskId: "preloadTaskId", sent: "preloaded" },
};

/** What is to be kept fresh, in one of the three ways of saying so. */
export type Content =
  | { mode: "paths"; paths: string[]; contentHash: string }
  | { mode: "contents"; contents: Record<string, string> }
  | { mode: "source"; source: Source; files: Record<string, string> };

/** The way in which inputs say what is to be kept fresh. */
export function contentOf({ paths, contentHash, contents, source, files }: Inputs): Content {
  if (source !== undefined) return { mode: "source", source, files: files ?? {} };
  if (contents !== undefined) return { mode: "contents", contents };
  return { mode: "paths", paths: paths ?? [], contentHash: contentHash ?? "" };
}

/** How the tasks of a refresh are followed; undefined where they aren't. What has a preload after it is followed anyway. */
export function waitOf({ wait, preload }: Pick<Inputs, "wait" | "preload">): Wait | undefined {
  const isFollowed = wait === true || (wait === undefined && preload !== undefined && preload !== false);
  return isFollowed ? DEFAULT_WAIT : wait === false ? undefined : wait;
}

/** What inputs say of who calls. */
export function identityOf({ profile, assumeRole }: Partial<Inputs>): Identity {
  return { profile, ...assumeRole };
}

/** Reads inputs that `check` returned; undefined where a value isn't known yet (in previews only). */
export function readInputs(checked: Readonly<Record<string, unknown>>, kind: ResourceKind): Inputs | undefined {
  const parsed = kind.checked.safeParse(checked);
  if (!parsed.success) return undefined;
  // What a preload comes after may not be known yet; what is preloaded is.
  const { refresh: _, ...inputs } = parsed.data;
  return hasUnknown(inputs) ? undefined : parsed.data;
}

/** The same where nothing but hashes isn't known yet, which stay {@link UNKNOWN}: what could be due is known all the same. */
export function readPreviewInputs(checked: Readonly<Record<string, unknown>>, kind: ResourceKind): Inputs | undefined {
  const { contents, contentHash, ...rest } = checked;
  const inputs = readInputs(rest, kind);
  if (inputs === undefined) return undefined;
  if (typeof contentHash === "string") return { ...inputs, contentHash };
  const hashes = contentSchemas.contents.safeParse(contents);
  return hashes.success && hashes.data !== undefined ? { ...inputs, contents: hashes.data } : readInputs(checked, kind);
}

/** Whether a value, or anything in it, isn't known yet. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}
