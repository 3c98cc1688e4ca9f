/**
 * The inputs of the resources: shapes, defaults, descriptions and what messages say. The arguments of the sdk are held to them by
 * tests. The state keeps the inputs in the same form, complete, normalised and without duplicates.
 */
import { z } from "zod";
import type { Identity } from "../credentials/chain.js";
import { DEFAULT_PRELOAD_AREA, OBJECT_TYPES, PRELOAD_AREAS } from "../vod/limits.js";
import {
  callSchemas,
  DEFAULT_VERIFY,
  DEFAULT_WAIT,
  headersSchema,
  type Verify,
  type Wait,
  waitInput,
} from "./call-inputs.js";
import type { CallType, Operation } from "./call-types.js";
import { contentSchemas, globs, type Source, sourceSchema, triggersSchema } from "./content-inputs.js";
import { COLLAPSES, FAILURE_POLICIES, PRELOAD_QUOTA_POLICIES, QUOTA_POLICIES, STATUSES } from "./enums.js";
import { hasUnknown, orUnknown } from "./unknown.js";

const HOW_MANY = "What to do when the day's quota can't hold what is due.";

/** How content is preloaded. */
const preloadOptionSchemas = {
  area: z
    .enum(PRELOAD_AREAS)
    .optional()
    .meta({
      description:
        "Where copies are put: `domestic` (the Chinese mainland) or `overseas` (everywhere else). A change preloads everything " +
        "again. Defaults to `domestic`.",
      default: DEFAULT_PRELOAD_AREA,
    }),
  l2Preload: z
    .boolean()
    .optional()
    .meta({
      description:
        "Whether copies are put on the L2 nodes of the edge as well. With `false` they are put on the layer only that fetches from " +
        "the origin. A change to `true` preloads everything again. Defaults to `false`.",
      default: false,
    }),
  headers: headersSchema.optional().meta({
    description:
      'Headers of the requests to the origin, such as `{ "Accept-Encoding": "gzip" }` for copies that the edge keeps apart. They ' +
      "are kept in the state, so never put a secret here. A change preloads everything again. Defaults to none.",
    mustBe: 'an object with a string for each header, such as { "Accept-Encoding": "gzip" }',
  }),
} as const;

/** The preload after a refresh. It is a resource of its own, so nothing here changes what is refreshed. */
const followingPreloadSchema = z.strictObject({
  ...preloadOptionSchemas,
  area: z
    .enum([...PRELOAD_AREAS, "both"])
    .optional()
    .meta({
      description:
        "Where copies are put: `domestic` (the Chinese mainland), `overseas` (everywhere else) or `both`, which declares a second " +
        "resource and preloads each URL twice. Defaults to `domestic`.",
      default: DEFAULT_PRELOAD_AREA,
    }),
  include: globs
    .optional()
    .describe(
      "With `source`: globs of the files that are preloaded, in place of the source's own. Defaults to all that are refreshed.",
    ),
  exclude: globs
    .optional()
    .describe("With `source`: globs of files that are not preloaded, besides the source's own. Defaults to none."),
  preloadOnCreate: z
    .boolean()
    .optional()
    .describe("Whether creating the preload preloads everything. Defaults to `refreshOnCreate` of the refresh."),
  quota: z
    .strictObject({
      onExceeded: z
        .enum(PRELOAD_QUOTA_POLICIES)
        .optional()
        .meta({
          description:
            `${HOW_MANY} \`partial\`: send what fits, in order, and keep the rest as \`pending\` for the next update. ` +
            "`fail`: send nothing. Defaults to `partial`.",
          default: "partial",
        }),
    })
    .optional()
    .meta({
      description: 'How the preload uses the day\'s quota. Defaults to `{ onExceeded: "partial" }`.',
      mustBe: '{ onExceeded: "fail" or "partial" }',
    }),
  onFailure: z
    .enum(FAILURE_POLICIES)
    .optional()
    .meta({
      description:
        "What a failed preload means for the update. `warn`: the update succeeds with a warning, since the refresh succeeded. " +
        "`fail`: the update fails. In both cases the next update preloads what is `pending`. Defaults to `warn`.",
      default: "warn",
    }),
  wait: waitInput.meta({
    description:
      "Whether, and how, an update waits until the tasks of the preload have ended. Defaults to `true`, so that the first viewer " +
      "gets a hit.",
    default: true,
  }),
});

export const refreshSchemas = {
  paths: contentSchemas.paths.describe(
    "URLs, directories (ending in `/`) or patterns, as `objectType` says: at least one, and no more than a day's quota. " +
      "`https://vod.example.com/player/app.js` names one cached object; without a scheme, `vod.example.com/player/app.js` is sent as " +
      "it is written. Duplicates are sent once.",
  ),
  contentHash: contentSchemas.contentHash.describe(
    "With `paths`: a text that changes when their content changes, such as a hash (see `hashFiles` and `hashContent`), a version " +
      "or another resource's output. A change refreshes all `paths`.",
  ),
  contents: contentSchemas.contents.describe(
    "The hash of each URL's content, by URL. Hashes may be outputs of other resources, such as an object's ETag. Only the URLs " +
      "whose hash changed, or that are no longer named, are refreshed.",
  ),
  source: sourceSchema
    .optional()
    .describe("Files that the provider hashes. Only those that changed or were removed are refreshed."),
  triggers: triggersSchema.describe(
    "Any values: when one of them changes or is added, everything is refreshed once, whatever its content. They stand for what no " +
      "hash shows, such as a changed header or a domain's configuration. Values at the end that are left out refresh nothing. Long " +
      "ones are kept as a digest. Defaults to none.",
  ),
  objectType: z
    .enum(OBJECT_TYPES)
    .default("File")
    .describe(
      "What the paths are to the service. `File`: exact URLs. `Directory`: everything below. `Regex`: regular expressions. " +
        "`IgnoreParams`: URLs with any query. `contents` and `source` name URLs, so only `File` and `IgnoreParams` go with them. " +
        "Defaults to `File`.",
    ),
  force: z
    .boolean()
    .default(false)
    .describe(
      "For every type but `File`: `true` makes the edge fetch everything again that the paths cover, `false` only what changed by the " +
        "origin's `Last-Modified`. A `File` is always fetched again. Defaults to `false`.",
    ),
  refreshOnCreate: z
    .boolean()
    .default(true)
    .describe(
      "Whether creating the resource refreshes its paths. With `false`, the first deployment records the content and sends " +
        "nothing. Defaults to `true`, since nobody knows what the edge holds then.",
    ),
  refreshNew: z
    .boolean()
    .optional()
    .meta({
      description:
        "Whether new URLs of `contents` and `source` are refreshed. A file that is new in a `source` wasn't online before, so that " +
        "the edge can have no copy but a 404 that it cached. What a source didn't cover is refreshed in any case. Defaults to `true` " +
        "with `contents`, to `false` with `source` unless `refreshRemoved` is `false`.",
    }),
  refreshRemoved: z
    .boolean()
    .optional()
    .meta({
      description:
        "Whether URLs are refreshed that `contents` and `source` no longer have: the file was removed, or is no longer covered. " +
        "With `false` nothing is sent for them, not even for those that are pending: for what stays online unchanged. " +
        "Defaults to `true`.",
      default: true,
    }),
  quota: z
    .strictObject({
      onExceeded: z
        .enum(QUOTA_POLICIES)
        .default("fail")
        .describe(
          `${HOW_MANY} \`fail\`: send nothing, and fail. \`partial\`: send what fits, in order, keep the rest as \`pending\` for ` +
            "the next update, and succeed with a warning and the status `Incomplete`. `collapse`: refresh directories in place of " +
            "URLs, and fail if they don't fit either. Defaults to `fail`.",
        ),
      collapse: z
        .enum(COLLAPSES)
        .optional()
        .describe(
          "Whether directories are refreshed in place of URLs. `always`: wherever that costs less of the day's quota. `never`: not " +
            "at all. Defaults to what `onExceeded` says.",
        ),
    })
    .prefault({})
    .meta({
      description: 'How the refresh uses the day\'s quota. Defaults to `{ onExceeded: "fail" }`.',
      mustBe: '{ onExceeded: "fail", "partial" or "collapse" }, with collapse: "always" or "never" if needed',
    }),
  preload: z
    .union([z.boolean(), followingPreloadSchema])
    .optional()
    .meta({
      description:
        "Whether, and how, the refreshed URLs and the new ones are put on the edge again once the tasks of the refresh have ended. " +
        "This is a `VodCachePreload` below this resource, named after it with `-preload`. It preloads files only: with `paths` the " +
        "`objectType` must be `File`, and URLs that end in `/` are left out. Defaults to `false`.",
      mustBe: 'true, false or an object that says how, such as { area: "domestic" }',
      default: false,
    }),
  ...callSchemas,
  wait: callSchemas.wait.meta({
    description:
      "Whether, and how, an update waits until the tasks of its refresh have ended. A path whose task failed is retried once; if " +
      "that fails too, the update fails and the path stays `pending`. Defaults to `false`, and with `preload` to `true`.",
    default: false,
  }),
} as const;

/** The outputs of the refresh that has to end before a preload. */
const awaitedRefreshSchema = z.strictObject({
  objectType: orUnknown(z.enum(OBJECT_TYPES)).describe("What it refreshes."),
  taskIds: orUnknown(z.array(z.string())).describe("The IDs of its tasks."),
  status: orUnknown(z.enum(STATUSES)).describe("The status of its tasks."),
  submittedAt: z
    .string()
    .optional()
    .describe("When its last call was accepted, ISO 8601 in UTC. Undefined if nothing was sent."),
});
export type AwaitedRefresh = z.infer<typeof awaitedRefreshSchema>;

export const preloadSchemas = {
  paths: contentSchemas.paths.describe("URLs, at least one, and no more than a day's quota. Duplicates are sent once."),
  contentHash: contentSchemas.contentHash.describe(
    "With `paths`: a text that changes when their content changes. A change preloads all `paths`.",
  ),
  contents: contentSchemas.contents.describe(
    "The hash of each URL's content, by URL. The URLs that are new, or whose hash changed, are preloaded.",
  ),
  source: sourceSchema
    .optional()
    .describe("Files that the provider hashes. Those that are new or changed are preloaded."),
  triggers: triggersSchema.describe(
    "Any values: when one of them changes or is added, everything is preloaded once, whatever its content. Values at the end that " +
      "are left out preload nothing. Long ones are kept as a digest. Defaults to none.",
  ),
  refresh: awaitedRefreshSchema.optional().meta({
    description:
      "The refresh of the same content. Nothing is preloaded before its tasks have ended, since the edge keeps the old copies until " +
      "then and may fetch them again; this waits as long as `wait` says, or else 1,200 seconds. If it fails, or was not sent as a " +
      "whole, nothing is preloaded, and what is due stays `pending`. Defaults to none: the edge has no copies of the content.",
    mustBe: "the VodCacheRefresh that the preload follows",
  }),
  preloadOnCreate: z
    .boolean()
    .default(true)
    .describe("Whether creating the resource preloads its paths. Defaults to `true`."),
  quota: z
    .strictObject({
      onExceeded: z
        .enum(PRELOAD_QUOTA_POLICIES)
        .default("fail")
        .describe(
          `${HOW_MANY} \`fail\`: send nothing, and fail. \`partial\`: send what fits, in order, and keep the rest as ` +
            "`pending` for the next update. Defaults to `fail`.",
        ),
    })
    .prefault({})
    .meta({
      description: 'How the preload uses the day\'s quota. Defaults to `{ onExceeded: "fail" }`.',
      mustBe: '{ onExceeded: "fail" or "partial" }',
    }),
  onFailure: z
    .enum(FAILURE_POLICIES)
    .optional()
    .meta({
      description:
        "What a failed preload means for the update. `fail`: the update fails. `warn`: the update succeeds with a warning. In both " +
        "cases what is due stays `pending` for the next update. Defaults to `fail`.",
      default: "fail",
    }),
  ...preloadOptionSchemas,
  ...callSchemas,
  wait: callSchemas.wait.meta({
    description:
      "Whether, and how, an update waits until its tasks have ended. A URL whose task failed is retried once; if that fails too, " +
      "the update fails and the URL stays `pending`. Defaults to `false`.",
    default: false,
  }),
} as const;

const filesSchema = z.record(z.string(), z.string()).optional();
/**
 * The inputs as the state keeps them. `files` is what the check found in `source`: a digest for each of up to 200
 * directories.
 */
const checkedRefresh = z.object({ ...refreshSchemas, files: filesSchema });
const checkedPreload = z.object({ ...preloadSchemas, files: filesSchema });

export type InputName = keyof typeof refreshSchemas | keyof typeof preloadSchemas;

/** How URLs are preloaded. */
export type PreloadParameters = Pick<z.infer<typeof checkedPreload>, "area" | "l2Preload" | "headers">;

/** After what URLs are preloaded, and what a failure means. */
type PreloadPolicies = Pick<z.infer<typeof checkedPreload>, "refresh" | "onFailure">;

/** The inputs of both resources in one form: to preload is a type of call. */
export type Inputs = Omit<z.infer<typeof checkedRefresh>, "objectType"> & { objectType: CallType } & PreloadParameters &
  PreloadPolicies;

/** One of the two resources: how it differs from the other. */
export interface ResourceKind {
  name: "VodCacheRefresh" | "VodCachePreload";
  operation: Operation;
  /** What the IDs of its resources begin with. */
  idPrefix: string;
  /** The schema of each input. */
  schemas: Readonly<Partial<Record<InputName, z.ZodType>>>;
  /** Reads checked inputs, as the engine keeps them, into the common form. */
  checked: z.ZodType<Inputs>;
  /** The inputs as the engine keeps them. */
  kept(inputs: Inputs): Record<string, unknown>;
  /** The names of the outputs for the joined task IDs and for the paths that were sent. */
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
  // New URLs are preloaded as well, so that no viewer waits for the origin.
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

/** What to keep fresh, in one of its three forms. */
export type Content =
  | { mode: "paths"; paths: string[]; contentHash: string }
  | { mode: "contents"; contents: Record<string, string> }
  | { mode: "source"; source: Source; files: Record<string, string> };

/** The content that inputs name. */
export function getContent({ paths, contentHash, contents, source, files }: Inputs): Content {
  if (source !== undefined) return { mode: "source", source, files: files ?? {} };
  if (contents !== undefined) return { mode: "contents", contents };
  return { mode: "paths", paths: paths ?? [], contentHash: contentHash ?? "" };
}

/**
 * How an update waits for its tasks; undefined if it doesn't. A refresh with a preload is always waited for, and what is verified as
 * well.
 */
export function getWait({ wait, preload, verify }: Pick<Inputs, "wait" | "preload" | "verify">): Wait | undefined {
  const isNeeded = (preload !== undefined && preload !== false) || (verify !== undefined && verify !== false);
  const isWaited = wait === true || (wait === undefined && isNeeded);
  return isWaited ? DEFAULT_WAIT : wait === false ? undefined : wait;
}

/** How an update verifies what it sent; undefined if it doesn't. */
export function getVerify({ verify }: Pick<Inputs, "verify">): Verify | undefined {
  return verify === true ? DEFAULT_VERIFY : verify === false ? undefined : verify;
}

/** Who calls, by the inputs. */
export function getIdentity({ profile, assumeRole }: Partial<Inputs>): Identity {
  return { profile, ...assumeRole };
}

/** Reads inputs that the check returned. Undefined if a value isn't known yet, in a preview. */
export function readInputs(checked: Readonly<Record<string, unknown>>, kind: ResourceKind): Inputs | undefined {
  const parsed = kind.checked.safeParse(checked);
  if (!parsed.success) return undefined;
  // The refresh before a preload may be unknown: what is preloaded is known all the same.
  const { refresh: _, ...inputs } = parsed.data;
  return hasUnknown(inputs) ? undefined : parsed.data;
}

/**
 * Reads the same in a preview, where hashes and triggers may be unknown: they stay {@link UNKNOWN}, and what can be due is known
 * all the same.
 */
export function readPreviewInputs(checked: Readonly<Record<string, unknown>>, kind: ResourceKind): Inputs | undefined {
  const { contents, contentHash, triggers: given, ...rest } = checked;
  const triggers = triggersSchema.safeParse(given).data;
  // How it is verified has no part in what is due.
  const known = readInputs(hasUnknown(rest.verify) ? { ...rest, verify: true } : rest, kind);
  if (known === undefined) return undefined;
  const inputs = triggers === undefined ? known : { ...known, triggers };
  if (typeof contentHash === "string") return { ...inputs, contentHash };
  if (contents === undefined) return inputs;
  const hashes = contentSchemas.contents.safeParse(contents);
  return hashes.success ? { ...inputs, contents: hashes.data } : undefined;
}
