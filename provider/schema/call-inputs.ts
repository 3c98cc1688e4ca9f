/** Inputs of both resources besides their content: who calls, how, and what is done with the tasks. */
import { z } from "zod";
import { DEFAULT_MAX_ATTEMPTS, DEFAULT_RETRY_TIMEOUT_MS } from "../vod/retry.js";
import { globs } from "./content-inputs.js";
import { FAILURE_POLICIES, TIMEOUT_POLICIES } from "./enums.js";

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

export const waitInput = z.union([z.boolean(), waitSchema]).optional().meta({
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
export const DEFAULT_VERIFY: Verify = verifySchema.parse({});

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

const reserved = z.number().int().min(0).optional().meta({ mustBe: "a whole number, 0 or more" });

const reserveSchema = z.strictObject({
  urls: reserved.describe("How many refreshes of URLs are left. Defaults to the stack's configuration, else to none."),
  directories: reserved.describe(
    "How many refreshes of directories are left. Defaults to the stack's configuration, else to none.",
  ),
  preloads: reserved.describe("How many preloads are left. Defaults to the stack's configuration, else to none."),
});

/** How calls are made. */
export const callSchemas = {
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
export const headersSchema = z.record(HEADER_NAME, HEADER_VALUE.meta({ mustBe: 'a string, such as "gzip"' }));
