/**
 * The inputs of the resources: shapes, defaults, descriptions and what messages say. The arguments of the sdk are held to them by
 * tests. The state keeps the inputs in the same form, complete, normalised and without duplicates.
 */
import { z } from "zod";
import { FOLLOW_SYMLINKS } from "../content/files.js";
import type { Identity } from "../credentials/chain.js";
import { DEFAULT_PRELOAD_AREA, OBJECT_TYPES, PRELOAD_AREAS } from "../vod/limits.js";
import { DEFAULT_MAX_ATTEMPTS, DEFAULT_RETRY_TIMEOUT_MS } from "../vod/retry.js";
import type { CallType, Operation } from "./call-types.js";
import {
  COLLAPSES,
  FAILURE_POLICIES,
  PRELOAD_QUOTA_POLICIES,
  QUOTA_POLICIES,
  STATUSES,
  TIMEOUT_POLICIES,
} from "./enums.js";

/** Stands in a preview for a value that isn't known yet. Source: Pulumi's protocol (`UnknownStringValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value that may not be known yet in a preview. */
const orUnknown = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.literal(UNKNOWN)]);

const globs = z.array(z.string()).meta({ mustBe: 'a list of globs, such as ["**/*.html"]' });

/** Content in one of its three forms; what each means for a resource is said there. */
const contentSchemas = {
  paths: z
    .array(z.string().meta({ mustBe: 'a path, such as "https://vod.example.com/player/app.js"' }))
    .min(1)
    .optional()
    .meta({ mustBe: 'a list of at least one path, such as ["https://vod.example.com/player/app.js"]' }),
  contentHash: z
    .string()
    .min(1)
    .optional()
    .meta({ mustBe: 'a string that changes with the content, such as hashFiles("./dist") or a version' }),
  contents: z
    .record(z.string(), z.string().min(1).meta({ mustBe: 'a hash, such as "9f86d081"' }))
    .optional()
    .meta({ mustBe: 'an object with a hash for each URL, such as { "https://vod.example.com/a.js": "9f86d081" }' }),
} as const;

const sourceSchema = z
  .strictObject({
    directory: z.string().min(1).meta({
      description:
        "The directory with the files, relative to the program's directory. It may be empty, but it must exist.",
      mustBe: 'the path of a directory, such as "./dist"',
    }),
    baseUrl: z.string().min(1).meta({
      description:
        "The URL of the directory, such as `https://vod.example.com/player/`: the URL of a file is this and the file's name.",
      mustBe: 'the URL of the directory, such as "https://vod.example.com/player/"',
    }),
    include: globs
      .optional()
      .describe(
        "Globs of the files that are served, relative to the directory. The name of a directory means all below it, as in " +
          "`exclude`. Defaults to all files, those that begin with a dot too.",
      ),
    exclude: globs
      .optional()
      .describe("Globs of the files and directories that are not served, relative to the directory. Defaults to none."),
    indexDocument: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          "The name of the file that is also served at the URL of its directory, such as `index.html`. When it changes, both " +
          "URLs are due. Defaults to none.",
        mustBe: 'the name of a file, such as "index.html"',
      }),
    cleanUrls: z
      .boolean()
      .optional()
      .meta({
        description:
          "Whether a page is also served at its name without `.html`, and with `indexDocument` a directory also without its slash. " +
          "When a page changes, all its URLs are due. Defaults to `false`.",
        default: false,
      }),
    followSymlinks: z
      .enum(FOLLOW_SYMLINKS)
      .optional()
      .meta({
        description:
          "How far symbolic links are followed. `inside`: within the directory; a link that leaves it is an error. `always`: wherever " +
          "they lead, as in the outputs of Bazel and pnpm. A link that leads back to a directory that contains it is an error. " +
          "Defaults to `inside`.",
        default: "inside",
      }),
  })
  .meta({
    mustBe:
      '{ directory: "./dist", baseUrl: "https://vod.example.com/" }, with include, exclude, indexDocument, cleanUrls and ' +
      "followSymlinks if needed",
  });
export type Source = z.infer<typeof sourceSchema>;

/**
 * How long the tasks of a refresh are followed by default, in seconds: one usually takes 5 to 6 minutes. Source: CDN.
 */
const WAIT_TIMEOUT_SECONDS = 20 * 60;
const waitSchema = z.strictObject({
  timeout: z.number().min(0).max(86_400).default(WAIT_TIMEOUT_SECONDS).meta({
    description:
      "How long to wait, in seconds, from 0 to 86,400. A task usually takes 5 to 6 minutes. Defaults to 1,200.",
    mustBe: "a number of seconds from 0 to 86,400",
  }),
  onTimeout: z
    .enum(TIMEOUT_POLICIES)
    .default("fail")
    .describe(
      "What to do when the tasks have not ended by then. `fail`: the update fails. `warn`: the update succeeds with a warning " +
        "and the last status that was seen. In both cases the next update waits on and sends nothing again. Defaults to `fail`.",
    ),
  retryFailed: z
    .boolean()
    .optional()
    .meta({
      description:
        "Whether a path whose task failed is retried once, which counts against the day's quota again. With `false` " +
        "the update fails, and the next update sends the path. Defaults to `true`.",
      default: true,
    }),
});
export type Wait = z.infer<typeof waitSchema>;
/** How tasks are followed where the program doesn't say. */
export const DEFAULT_WAIT: Wait = waitSchema.parse({});

const waitInput = z.union([z.boolean(), waitSchema]).optional().meta({
  mustBe: 'true, false or { timeout: seconds, onTimeout: "fail" or "warn", retryFailed: true or false }',
});

/** Headers that decide what is asked, and how its answer is read. */
const OWN_HEADERS =
  "host|connection|keep-alive|proxy-[a-z-]*|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|range|" +
  "if-[a-z-]*";

const HEADER_NAME = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~\w-]{1,128}$/, "is not a valid name of a header; use letters, digits and hyphens");
const HEADER_VALUE = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[\x20-\x7e]*$/, "contains a line break, or another character that a header can't have; use printable ASCII");

const verifySchema = z.strictObject({
  sample: z
    .union([z.number().int().min(1).max(10_000), z.enum(["all"])])
    .default(20)
    .meta({
      description:
        "How many of the refreshed paths are asked for, from 1 to 10,000: always at least one of each domain, of each reason and of " +
        "each directory, so that there may be more. `all`: every path. Defaults to 20.",
      mustBe: 'a whole number from 1 to 10,000 or "all"',
    }),
  timeout: z
    .number()
    .min(0)
    .max(86_400)
    .default(300)
    .meta({
      description:
        "For how long stale paths are asked for again, in seconds, from 0 to 86,400: a refresh takes minutes to reach every node. " +
        "Defaults to 300.",
      mustBe: "a number of seconds from 0 to 86,400",
    }),
  headers: z
    .record(
      HEADER_NAME.regex(
        new RegExp(`^(?!(${OWN_HEADERS})$)`, "i"),
        "can't be set, since it decides what is asked, as Host does; leave it out",
      ),
      HEADER_VALUE.meta({ mustBe: 'a string, such as "https://www.example.com/"' }),
    )
    .optional()
    .meta({
      description:
        'Headers of these requests, such as `{ Referer: "https://www.example.com/" }` for a domain with a Referer list. They are ' +
        "secrets: the state has them encrypted, and nothing shows them. Defaults to none.",
      mustBe: 'an object with a string for each header, such as { Referer: "https://www.example.com/" }',
    }),
  address: z
    .string()
    .regex(
      /^([\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\]):([1-9]\d{0,3}|[1-5]\d{4}|6([0-4]\d{3}|5([0-4]\d\d|5([0-2]\d|3[0-5]))))$/i,
      'must be a host and a port, such as "203.0.113.7:443"',
    )
    .optional()
    .meta({
      description:
        "A node that is asked, as `host:port`, in place of the one that the domain's name leads to; certificates are still checked " +
        "for the domain. Defaults to none.",
      mustBe: 'a host and a port, such as "203.0.113.7:443"',
    }),
  onFailure: z
    .enum(FAILURE_POLICIES)
    .default("fail")
    .describe(
      "What paths mean that are stale at the end. `fail`: the update fails. `warn`: it succeeds with a warning. In both cases they " +
        "stay `pending`, and the next update sends them again. Defaults to `fail`.",
    ),
});
export type Verify = z.infer<typeof verifySchema>;
const DEFAULT_VERIFY: Verify = verifySchema.parse({});

/** Whether the input `verify` has headers, which are always secrets. */
export function hasHeaders(verify: unknown): boolean {
  return typeof verify === "object" && verify !== null && (verify as { headers?: unknown }).headers !== undefined;
}

const assumeRoleSchema = z.strictObject({
  roleArn: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "The ARN of the role, such as `acs:ram::1234567890123456:role/vod`. Defaults to the role that is assumed anyway, the " +
        "stack's or the profile's: the other two fields then apply to that role.",
      mustBe: 'the ARN of a RAM role, such as "acs:ram::1234567890123456:role/vod"',
    }),
  sessionName: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "The name of the role's session, which the account's audit log shows. Defaults to the environment's " +
        "`ALICLOUD_ASSUME_ROLE_SESSION_NAME`, else to `pulumi-alicloud-vod`.",
      mustBe: 'a name for the role\'s session, such as "release"',
    }),
  externalId: z.string().min(1).optional().meta({
    description: "The external ID that the role's trust policy asks for. Defaults to none.",
    mustBe: "the external ID that the role's trust policy asks for",
  }),
});

/** Who calls, and where: inputs of the resources, and arguments of the functions. */
export const callerSchemas = {
  endpoint: z
    .string()
    .optional()
    .meta({
      description:
        "The address of the VOD API: a host, or `https://` and a host; `http://` for loopback addresses only. Defaults to the " +
        "environment's `VOD_ENDPOINT`, then to `vod` of the stack's `alicloud:endpoints`, then to the environment's " +
        "`ALIBABA_CLOUD_ENDPOINT_VOD`, else to `vod.cn-shanghai.aliyuncs.com`.",
      mustBe: 'a host, such as "vod.cn-shanghai.aliyuncs.com"',
      default: "vod.cn-shanghai.aliyuncs.com",
    }),
  profile: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "A profile of the Alibaba Cloud CLI (`~/.aliyun/config.json`), for a domain of another account. The stack's credentials " +
        "and the stack's role are then left aside. Defaults to the stack's credentials.",
      mustBe: "the name of a profile of the Alibaba Cloud CLI",
    }),
  assumeRole: assumeRoleSchema.optional().meta({
    description:
      "The RAM role to assume, with the profile's credentials or else the stack's, in place of the stack's role. Defaults to none.",
    mustBe: '{ roleArn: "acs:ram::1234567890123456:role/vod" }, with sessionName and externalId if the role needs them',
  }),
} as const;

/** What stands for something besides the content. */
const triggersSchema = orUnknown(z.array(z.any()))
  .optional()
  .meta({ mustBe: 'a list of any values, such as ["headers v2"]' });

const reserved = z.number().int().min(0).optional().meta({ mustBe: "a whole number, 0 or more" });

const reserveSchema = z.strictObject({
  urls: reserved.describe("How many refreshes of URLs are left. Defaults to the stack's configuration, else to none."),
  directories: reserved.describe(
    "How many refreshes of directories are left. Defaults to the stack's configuration, else to none.",
  ),
  preloads: reserved.describe("How many preloads are left. Defaults to the stack's configuration, else to none."),
});

/** How calls are made. */
const callSchemas = {
  priority: globs
    .optional()
    .describe(
      "With `source` and `contents`: globs of what is sent first, and kept when the day's quota can't hold everything, in that order; " +
        "the rest comes after. They have the rules of `include`, relative to the directory or to the domain. Defaults to index " +
        "documents, then playlists (`.m3u8`, `.mpd`).",
    ),
  reserve: reserveSchema.optional().meta({
    description:
      "What updates leave of the day's quotas, whatever `quota.onExceeded` says, so that an emergency can still purge. Defaults to the " +
      "stack's `alicloud-vod:reserveUrls`, `reserveDirectories` and `reservePreloads`, else to nothing.",
    mustBe: "{ urls: 200 }, with directories and preloads if needed",
  }),
  report: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        "A file into which every preview and update writes a report in JSON: what is due and why, what it costs, what was sent and " +
        "how that ended. Several resources may name one file. It can't be in the directory of `source`. Defaults to the stack's " +
        "`alicloud-vod:report`, else to none.",
      mustBe: 'the path of a file, such as "vod-report.json"',
    }),
  wait: waitInput,
  verify: z
    .union([z.boolean(), verifySchema])
    .optional()
    .meta({
      description:
        "Whether, and how, an update asks the edge for a sample of what it sent, once the tasks are complete, to prove that viewers " +
        "get the new content. A path that stays stale fails the update, and the next one sends it again. It implies `wait`. " +
        "Defaults to `false`.",
      mustBe:
        "true, false or { sample: a number of paths, timeout: seconds }, with headers, address and onFailure if needed",
      default: false,
    }),
  retry: z
    .strictObject({
      timeout: z
        .number()
        .min(0)
        .max(86_400)
        .optional()
        .meta({
          description:
            "How long, in seconds, from 0 to 86,400; the time in which a call waits for other calls doesn't count. Defaults to 300.",
          mustBe: "a number of seconds from 0 to 86,400",
          default: DEFAULT_RETRY_TIMEOUT_MS / 1000,
        }),
      maxAttempts: z.number().int().min(1).max(100).optional().meta({
        description: "How many times, the first one included, from 1 to 100. Defaults to 10.",
        default: DEFAULT_MAX_ATTEMPTS,
      }),
    })
    .optional()
    .meta({
      description: "How often a call is tried. Defaults to 10 times within 5 minutes.",
      mustBe: "{ timeout: seconds, maxAttempts: a whole number }",
    }),
  ...callerSchemas,
} as const;

/** Names and values of headers; none of them can end its header. */
const headersSchema = z.record(HEADER_NAME, HEADER_VALUE.meta({ mustBe: 'a string, such as "gzip"' }));

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

/** Whether a value, or a part of it, isn't known yet. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}
