/** What the VOD API answers, by its codes, and what goes wrong on the way to it. */
import type { RequestListener } from "node:http";
import { findCredentials } from "../../../provider/credentials/chain.js";
import { cancelledError } from "../../../provider/vod/cancellation.js";
import { describePause, describeQueue, vodClient } from "../../../provider/vod/client.js";
import { ERROR_TABLE } from "../../../provider/vod/error-table.js";
import { asVodError, VodError } from "../../../provider/vod/errors.js";
import { classifyNetworkError } from "../../../provider/vod/network-error.js";
import { pausedFor } from "../../../provider/vod/rate-limiter.js";
import { quotaExceededError, refusalError } from "../../../provider/vod/refusals.js";
import { retrying } from "../../../provider/vod/retry.js";
import { tooManyTasks } from "../../../provider/vod/tasks.js";
import { type Group, messageOf, messagesOf, type Section } from "./page.js";
import { fakeServer } from "./server.js";

const NOW = new Date("2026-11-24T07:19:00Z");
const REQUEST_ID = "D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C";
const PATH = "https://vod.example.com/a.js";
const CALLER = "the stack's alicloud:accessKey, access key ID …9bC1";
const KEY = { accessKeyId: "LTAI5tExample9bC1", accessKeySecret: "example-of-a-secret" };

const refusal = (code: string, httpStatus: number, paths = [PATH], message = "Some words.", caller = CALLER) =>
  refusalError({ code, message, httpStatus, requestId: REQUEST_ID, caller, paths });

/** How sources of credentials are called. */
function callers(): string[] {
  const role = "acs:ram::1234567890123456:role/vod";
  const provider = "acs:ram::1234567890123456:oidc-provider/github";
  const find = (config: Record<string, string>, environment: Record<string, string> = {}, identity = {}) =>
    findCredentials(identity, (key) => config[key], environment).description;
  const pair = { "alicloud:accessKey": "LTAI5tExample9bC1", "alicloud:secretKey": "example-of-a-secret" };
  const oidc = {
    ALIBABA_CLOUD_ROLE_ARN: role,
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: provider,
    ALIBABA_CLOUD_OIDC_TOKEN: "t",
  };
  return [
    find({ "alicloud:accessKey": "LTAI5tExample9bC1" }, { ALICLOUD_SECRET_KEY: "example-of-a-secret" }),
    find(pair, {}, { roleArn: role }),
    find({}, { ALIBABA_CLOUD_ECS_METADATA: "vod" }),
    find({}, { ALICLOUD_CREDENTIALS_URI: "http://127.0.0.1:8080/credentials" }),
    find({}, oidc),
  ];
}

/** What the API says by a code of its table; a note where the call is sent again by itself. */
const byCode = (): Group[] =>
  Object.entries(ERROR_TABLE).map(([code, { status, retryable }]) => ({
    title: `\`${code}\``,
    messages: [refusal(code, status).message],
    ...(retryable
      ? { note: "The call is retried automatically; this error comes when the retries have failed as well." }
      : {}),
  }));

const exceeded = (needs: Parameters<typeof quotaExceededError>[1], left?: { remain: number; quota: number }) => {
  const refused = refusal("QuotaExceeded.Refresh", 400);
  const quota = left && { urls: left, directories: left, preload: left };
  return quotaExceededError(refused, needs, quota, NOW).message;
};

/** What a call says that gets this answer. */
async function answered(listener: RequestListener, timeoutMs = 20_000): Promise<string> {
  const server = await fakeServer(listener);
  const retry = { timeoutMs: 0, maxAttempts: 1 };
  const client = vodClient({
    endpoint: server.origin,
    credentials: KEY,
    retry,
    timeoutMs,
    now: () => NOW,
  });
  return messageOf(() => client.describeRefreshQuota()).finally(server.close);
}
const json =
  (status: number, body: unknown): RequestListener =>
  (_, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

/** What a call says whose proxy isn't there. */
async function throughProxy(): Promise<string> {
  const { HTTPS_PROXY } = process.env;
  process.env.HTTPS_PROXY = "http://127.0.0.1:1";
  const endpoint = "https://vod.cn-shanghai.aliyuncs.com";
  const retry = { timeoutMs: 0, maxAttempts: 1 };
  try {
    return await messageOf(() => vodClient({ endpoint, credentials: KEY, retry }).describeRefreshQuota());
  } finally {
    if (HTTPS_PROXY === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = HTTPS_PROXY;
  }
}

function network(code: string, message = ""): string {
  const { what, remedy = "" } = classifyNetworkError({ code, message });
  return `https://vod.cn-shanghai.aliyuncs.com ${what}. ${remedy}`.trim();
}

async function failedAttempts(): Promise<string> {
  const error = refusal("Throttling", 503);
  const settings = {
    limits: { timeoutMs: 60_000, maxAttempts: 3 },
    now: () => NOW,
    sleep: async () => {},
    random: () => 0.5,
  };
  return messageOf(() => retrying(() => Promise.reject(error), settings));
}
async function waits(): Promise<string[]> {
  const lines: string[] = [];
  const error = new VodError("The VOD API throttled the call.", "", {
    code: "Throttling",
    retryable: true,
    retryAfterMs: 11_500,
  });
  const settings = {
    limits: { timeoutMs: 60_000, maxAttempts: 10 },
    now: () => NOW,
    sleep: async () => {},
    random: () => 0.5,
  };
  await retrying(() => Promise.reject(error), { ...settings, onWait: (line) => lines.push(line) }).catch(() => {});
  return lines.slice(0, 1);
}

export async function serviceSection(): Promise<Section> {
  return {
    title: "Errors of the service, by code",
    intro:
      "The VOD API refused a call. Each message ends in the service's code, the HTTP status and the request ID, which the service's " +
      "support asks for. What was accepted before the refusal isn't sent again; the next update sends the rest.",
    groups: [
      ...byCode(),
      {
        title: "`QuotaExceeded.Refresh` and `QuotaExceeded.Preload`, with what is left",
        messages: [
          exceeded({ count: 2_000, quota: "urls" }, { remain: 200, quota: 2_000 }),
          exceeded({ count: 5, quota: "directories" }, { remain: 1, quota: 100 }),
          exceeded({ count: 50, quota: "preload" }, { remain: 20, quota: 500 }),
          exceeded({ count: 5, quota: "directories", ownQuota: "regex" }),
          exceeded({ count: 5, quota: "urls", ownQuota: "ignoreParams" }),
        ],
      },
      {
        title: "Several paths or domains",
        messages: [
          refusal(
            "InvalidDomain.NotFound",
            404,
            ["a", "b", "c", "d", "e"].map((name) => `https://${name}.example.com/`),
          ).message,
          refusal("InvalidDomain.NotFound", 404, []).message,
          refusal("InvalidObjectPath.Malformed", 400, []).message,
        ],
      },
      {
        title: "Whose credentials a refusal names",
        messages: callers().map(
          (caller) => refusal("Forbidden.RAM", 403, [PATH], "", `${caller}, access key ID …9bC1`).message,
        ),
      },
      {
        title: "Any other code",
        note: "The sentence after “refused the call” is the service's own, without anything that may be secret.",
        messages: [
          refusal("SomethingNew", 400).message,
          refusal("NoPermission", 403).message,
          refusalError({
            code: "SomethingNew",
            message: "it gave no reason",
            httpStatus: 400,
            requestId: undefined,
            paths: [],
          }).message,
        ],
      },
    ],
  };
}

export async function connectionSection(): Promise<Section> {
  const many = Array.from({ length: 1_001 }, () => ({}));
  const nobody = (credentials: object) =>
    vodClient({
      endpoint: "http://127.0.0.1:1",
      credentials: { description: "", get: async () => credentials as never },
    }).describeRefreshQuota();
  const throttled = refusal("Throttling", 503);
  const lost = new VodError("The VOD API throttled the call.", "", { code: "Throttling", outcomeUnknown: true });
  return {
    title: "No answer, or one that can't be read",
    intro:
      "The call got no answer, or something other than the VOD API answered: a proxy, a sign-in page, another service.",
    groups: [
      {
        title: "`Unreachable`",
        messages: [
          await messageOf(() =>
            vodClient({
              endpoint: "http://127.0.0.1:1",
              credentials: KEY,
              retry: { timeoutMs: 0, maxAttempts: 1 },
            }).describeRefreshQuota(),
          ),
          await throughProxy(),
          network("CERT_HAS_EXPIRED"),
          network("", "Bad response: 407"),
        ],
      },
      { title: "`Timeout`", messages: [await answered(() => {}, 1_000)] },
      {
        title: "`InvalidResponse`",
        messages: [
          await answered((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>")),
          await answered((_, response) => response.writeHead(200).end()),
          await answered((_, response) => response.writeHead(200, { "content-type": "nonsense" }).end("x")),
          await answered(json(200, { UrlQuota: "2000" })),
          await answered(json(200, { list: many })),
          await answered((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x")),
          await answered((_, response) => response.writeHead(200, { "x-long": "a".repeat(100_000) }).end("{}")),
          await answered((_, response) => response.socket?.end("nonsense\r\n\r\n")),
          await answered((_, response) => response.writeHead(200).end(Buffer.alloc(5 * 1024 * 1024, "a"))),
        ],
      },
      {
        title: "`NoCredentials`, of a source that gives an empty key",
        messages: await messagesOf(
          () => nobody({ accessKeyId: "", accessKeySecret: "s" }),
          () => nobody({ accessKeyId: "k", accessKeySecret: "" }),
          () =>
            vodClient({
              endpoint: "http://127.0.0.1:1",
              credentials: { description: "", get: () => Promise.reject(new Error()) },
            }).describeRefreshQuota(),
        ),
      },
      {
        title: "After several attempts",
        messages: [await failedAttempts(), pausedFor(400_000).message],
      },
      {
        title: "While a call waits",
        note: "These lines stand in the status column and are gone when the call is answered.",
        messages: [...(await waits()), describePause(12_000), describeQueue(40_000)],
      },
      {
        title: "`Cancelled`",
        messages: [cancelledError().message, cancelledError(throttled).message, cancelledError(lost).message],
      },
      { title: "Too many tasks", messages: [tooManyTasks().message] },
      { title: "`Internal`", messages: [asVodError(undefined).message] },
    ],
  };
}
