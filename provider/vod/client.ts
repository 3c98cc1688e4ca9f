/**
 * The VOD API over `@alicloud/pop-core`: the only place that talks to the network.
 *
 * pop-core signs and sends; everything else about it is kept in here: it ignores the HTTP status, throws errors that
 * hold keys, and answers what isn't JSON with an object that is no error (see {@link failureOf}).
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type RPCClient from "@alicloud/pop-core";
import { z } from "zod";
import { errorOfRefusal, quotaExceeded, VodError } from "./errors.js";
import { API_VERSION, type ObjectType } from "./limits.js";
import { quotaOf, type RefreshQuota } from "./quota.js";

/** Who calls. The secret and the token never leave this module's closures. */
export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary credentials (STS) only. */
  securityToken?: string;
}

export interface VodClientOptions {
  /** Origin of the API, as `resolveEndpoint` gives it. */
  endpoint: string;
  credentials: Credentials;
  /** How long connecting may take, and then the whole answer, in milliseconds. Default: 20,000. */
  timeoutMs?: number;
  /** The present time. Default: this machine's. */
  now?: () => Date;
}

/** One call of RefreshVodObjectCaches. */
export interface RefreshRequest {
  /** Paths as `normalizePath` returns them; at most `PATHS_PER_CALL` of them. */
  paths: readonly string[];
  objectType: ObjectType;
  /** Sent for directories only, where alone it means something. */
  force: boolean;
}

/** What the service answered. */
export interface RefreshResponse {
  /** The service's own string: task IDs joined by commas. */
  refreshTaskId: string;
  /** The service's ID of the request. */
  requestId: string;
}

export interface VodClient {
  /** @throws VodError for every failure, whatever its kind. */
  refreshObjectCaches(request: RefreshRequest): Promise<RefreshResponse>;
  /** @throws VodError for every failure, a missing permission too. */
  describeRefreshQuota(): Promise<RefreshQuota>;
}

const DEFAULT_TIMEOUT_MS = 20_000;

const refreshResponse = z.object({
  RefreshTaskId: z.string().regex(/^[^\s,]+(,[^\s,]+)*$/, "no task ID"),
  RequestId: z.string().min(1),
});

const count = z.string().regex(/^\d+$/).transform(Number);
const quotaResponse = z.object({ UrlQuota: count, UrlRemain: count, DirQuota: count, DirRemain: count });

const refusal = z.object({ Code: z.string().min(1), Message: z.string().catch(""), RequestId: z.string().optional() });

/** Makes a client; nothing is sent and pop-core isn't loaded before the first call. */
export function vodClient(options: VodClientOptions): VodClient {
  const call = caller(options);
  const { now = () => new Date() } = options;

  const describeRefreshQuota = async (): Promise<RefreshQuota> => {
    const answer = await call("DescribeVodRefreshQuota", {}, quotaResponse, []);
    return {
      urls: { quota: answer.UrlQuota, remain: answer.UrlRemain },
      directories: { quota: answer.DirQuota, remain: answer.DirRemain },
    };
  };

  const refreshObjectCaches = async ({ paths, objectType, force }: RefreshRequest): Promise<RefreshResponse> => {
    const parameters = {
      ObjectPath: paths.join("\n"),
      ObjectType: objectType,
      ...(objectType === "Directory" ? { Force: String(force) } : {}),
    };
    try {
      const answer = await call("RefreshVodObjectCaches", parameters, refreshResponse, paths);
      return { refreshTaskId: answer.RefreshTaskId, requestId: answer.RequestId };
    } catch (error) {
      if (!(error instanceof VodError) || error.code !== "QuotaExceeded.Refresh") throw error;
      // What is left only makes the message better: a failure to ask for it must not hide the refusal.
      const quota = await describeRefreshQuota().catch(() => undefined);
      throw quotaExceeded(error, { count: paths.length, kind: quotaOf(objectType) }, quota, now());
    }
  };
  return { refreshObjectCaches, describeRefreshQuota };
}

type Call = <T>(
  action: string,
  parameters: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  paths: readonly string[],
) => Promise<T>;

function caller({ endpoint, credentials, timeoutMs = DEFAULT_TIMEOUT_MS }: VodClientOptions): Call {
  const agent = observableAgent(endpoint);
  let popCore: Promise<RPCClient> | undefined;
  const load = async () =>
    new (await importPopCore())({ ...credentials, endpoint, apiVersion: API_VERSION, opts: { agent } });

  return async (action, parameters, schema, paths) => {
    popCore ??= load();
    const client = await popCore;
    let response: IncomingMessage | undefined;
    const seen = (): Answer => ({ endpoint, timeoutMs, credentials, response, paths });
    let body: unknown;
    try {
      body = await client.request(action, parameters, {
        // In capitals, or pop-core leaves the parameters in the URL.
        method: "POST",
        timeout: timeoutMs,
        beforeRequest: (request: object) => ({
          ...request,
          onResponse: (answer: IncomingMessage) => {
            response = answer;
          },
        }),
      });
    } catch (error) {
      throw failureOf(error, seen());
    }
    const status = response?.statusCode ?? 0;
    const parsed = schema.safeParse(body);
    if (status < 200 || status > 299 || !parsed.success) throw unexpectedAnswer(seen(), parsed.error);
    return parsed.data;
  };
}

/** What is known when a call has failed. */
interface Answer {
  endpoint: string;
  timeoutMs: number;
  credentials: Credentials;
  response: IncomingMessage | undefined;
  paths: readonly string[];
}

/** Turns whatever pop-core threw into our own error, of which nothing but code, request ID and message are taken. */
function failureOf(thrown: unknown, answer: Answer): VodError {
  const { response, paths } = answer;
  const { data, name, code } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Record<string, unknown>;
  const refused = refusal.safeParse(data);
  if (refused.success) {
    const { Code, Message, RequestId } = refused.data;
    return errorOfRefusal({
      code: Code,
      message: withoutSecrets(Message, answer.credentials),
      httpStatus: response?.statusCode,
      requestId: RequestId,
      paths,
    });
  }
  // httpx names its timeouts "RequestTimeoutError" and "RequestTimeoutErrorError".
  if (typeof name === "string" && name.startsWith("RequestTimeout")) {
    return new VodError(
      `${answer.endpoint} didn't answer within ${answer.timeoutMs / 1000} s.`,
      "Check the network between this machine and the VOD API, then run `pulumi up` again.",
      { code: "Timeout", httpStatus: response?.statusCode, retryable: true },
    );
  }
  if (response !== undefined) return unexpectedAnswer(answer, undefined);
  return new VodError(
    `${answer.endpoint} can't be reached${typeof code === "string" && /^[A-Z_]+$/.test(code) ? ` (${code})` : ""}.`,
    "Check `endpoint`, VOD_ENDPOINT and the network between this machine and the VOD API, then run `pulumi up` again.",
    { code: "Unreachable", retryable: true },
  );
}

/** The error for an answer that no VOD API gives: a proxy's page, a redirect, JSON of another kind. */
function unexpectedAnswer({ endpoint, response }: Answer, mismatch: z.ZodError | undefined): VodError {
  const type = response?.headers["content-type"]?.split(";", 1)[0]?.replace(/[^\w/+.-]/g, "");
  const fields = mismatch?.issues.map((issue) => issue.path.join(".")).filter((path) => path !== "") ?? [];
  const what = fields.length > 0 ? `an answer without a valid ${fields.join(" and ")}` : (type ?? "an empty answer");
  return new VodError(
    `${endpoint} answered with ${what}, which is not what the VOD API answers.`,
    "Check `endpoint`, VOD_ENDPOINT and any proxy in between, then run `pulumi up` again.",
    { code: "InvalidResponse", httpStatus: response?.statusCode, retryable: (response?.statusCode ?? 0) >= 500 },
  );
}

/** The service's message without anything that may not be shown: the gateway echoes what was signed. */
function withoutSecrets(message: string, { accessKeyId, accessKeySecret, securityToken }: Credentials): string {
  const cut = message.replace(/\s*,?\s*(server )?string to sign is:.*$/is, "");
  return [accessKeySecret, securityToken, accessKeyId]
    .filter((secret): secret is string => secret !== undefined && secret !== "")
    .flatMap((secret) => [secret, encodeURIComponent(secret), encodeURIComponent(encodeURIComponent(secret))])
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), cut)
    .replace(/[?&]?\b(Signature|SecurityToken|AccessKeyId)(=|%3D)[^\s&]*/gi, "[secret]")
    .slice(0, 300);
}

/** pop-core, without the request dumps (keys and signatures in them) that its `debug` would print for `DEBUG=*`. */
async function importPopCore(): Promise<typeof RPCClient> {
  const { DEBUG } = process.env;
  if (DEBUG !== undefined) process.env.DEBUG = `${DEBUG},-httpx:*`;
  return (await import("@alicloud/pop-core")).default;
}

/**
 * An agent that hands the raw response to the request's own `onResponse`: neither pop-core's errors for answers that
 * aren't JSON nor its results hold the HTTP status.
 */
function observableAgent(endpoint: string): http.Agent {
  const agent = endpoint.startsWith("https:")
    ? new https.Agent({ keepAlive: true })
    : new http.Agent({ keepAlive: true });
  const inner = agent as unknown as {
    addRequest(request: http.ClientRequest, options: object, ...rest: unknown[]): void;
  };
  const addRequest = inner.addRequest.bind(agent);
  inner.addRequest = (request, options, ...rest) => {
    const { onResponse } = options as { onResponse?: (response: IncomingMessage) => void };
    if (onResponse) request.once("response", onResponse);
    addRequest(request, options, ...rest);
  };
  return agent;
}
