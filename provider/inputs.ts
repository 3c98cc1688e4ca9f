/** The inputs of VodCacheRefresh in the form that the state keeps: complete, normalised, duplicates removed. */
import { z } from "zod";
import { COLLAPSES, QUOTA_POLICIES, TIMEOUT_POLICIES } from "./choices.js";
import type { Identity } from "./credentials.js";
import { OBJECT_TYPES } from "./vod/limits.js";

/** What stands in a preview for a value that isn't known yet. Source: Pulumi's protocol (`UnknownStringValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Files on this machine, and where they are served. */
export const sourceShape = z.strictObject({
  directory: z.string().min(1),
  baseUrl: z.string().min(1),
  include: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  indexDocument: z.string().min(1).optional(),
});
export type Source = z.infer<typeof sourceShape>;

/** How long the tasks of a refresh are followed by default, in seconds: one usually takes 5 to 6 minutes. Source: CDN. */
const WAIT_TIMEOUT_SECONDS = 20 * 60;
const waitShape = z.strictObject({
  timeout: z.number().min(0).max(86_400).default(WAIT_TIMEOUT_SECONDS),
  onTimeout: z.enum(TIMEOUT_POLICIES).default("fail"),
});
export type Wait = z.infer<typeof waitShape>;

const retryShape = z.strictObject({
  timeout: z.number().min(0).max(86_400).optional(),
  maxAttempts: z.number().int().min(1).max(100).optional(),
});

/** Every input by itself, as a program may write it. */
export const inputShapes = {
  paths: z.array(z.string()).min(1).optional(),
  contentHash: z.string().min(1).optional(),
  contents: z.record(z.string(), z.string().min(1)).optional(),
  source: sourceShape.optional(),
  objectType: z.enum(OBJECT_TYPES).default("File"),
  force: z.boolean().default(false),
  refreshOnCreate: z.boolean().default(true),
  refreshNew: z.boolean().optional(),
  onQuotaExceeded: z.enum(QUOTA_POLICIES).default("fail"),
  collapse: z.enum(COLLAPSES).optional(),
  planFile: z.string().min(1).optional(),
  wait: z.union([z.boolean(), waitShape]).optional(),
  retry: retryShape.optional(),
  endpoint: z.string().optional(),
  region: z.string().min(1).optional(),
  profile: z.string().min(1).optional(),
  roleArn: z.string().min(1).optional(),
  sessionName: z.string().min(1).optional(),
  externalId: z.string().min(1).optional(),
} as const;
export type InputName = keyof typeof inputShapes;
export const INPUT_NAMES = Object.keys(inputShapes) as InputName[];

/** The inputs as `check` returns them; `files` is what it found in `source`, a digest for each of up to 200 directories. */
export const checkedShape = z.object({ ...inputShapes, files: z.record(z.string(), z.string()).optional() });
export type RefreshInputs = z.infer<typeof checkedShape>;

/** What is to be kept fresh, in one of the three ways of saying so. */
export type Content =
  | { mode: "paths"; paths: string[]; contentHash: string }
  | { mode: "contents"; contents: Record<string, string> }
  | { mode: "source"; source: Source; files: Record<string, string> };

/** The way in which inputs say what is to be kept fresh. */
export function contentOf({ paths, contentHash, contents, source, files }: RefreshInputs): Content {
  if (source !== undefined) return { mode: "source", source, files: files ?? {} };
  if (contents !== undefined) return { mode: "contents", contents };
  return { mode: "paths", paths: paths ?? [], contentHash: contentHash ?? "" };
}

/** How the tasks of a refresh are followed; undefined where they aren't. */
export function waitOf({ wait }: Pick<RefreshInputs, "wait">): Wait | undefined {
  return wait === true ? waitShape.parse({}) : wait === false ? undefined : wait;
}

/** What inputs say of who calls. */
export function identityOf({ profile, roleArn, sessionName, externalId }: Partial<RefreshInputs>): Identity {
  return { profile, roleArn, sessionName, externalId };
}

/** Reads inputs that `check` returned; undefined where a value isn't known yet (in previews only). */
export function readInputs(checked: Readonly<Record<string, unknown>>): RefreshInputs | undefined {
  const parsed = checkedShape.safeParse(checked);
  return parsed.success && !hasUnknown(parsed.data) ? parsed.data : undefined;
}

/** Whether a value, or anything in it, isn't known yet. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}
