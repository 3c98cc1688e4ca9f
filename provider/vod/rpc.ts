/**
 * One call of the VOD API over `@alicloud/pop-core`: the only place that talks to the network.
 *
 * pop-core signs and sends; everything else about it is kept in here: it ignores the HTTP status, throws errors that
 * hold keys, and answers what isn't JSON with an object that is no error (see {@link failureOf}).
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type RPCClient from "@alicloud/pop-core";
import { z } from "zod";
import { errorOfRefusal, VodError } from "./errors.js";
import { API_VERSION } from "./limits.js";

/** Who calls. The secret and the token never leave this module's closures. */
export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary credentials (STS) only. */
  securityToken?: string;
}

export interface CallerOptions {
  /** Origin of the API. */
  endpoint: string;
  credentials: Credentials;
  /** How long connecting may take, and then the whole answer, in milliseconds. */
  timeoutMs: number;
  /** Told what the `Date` header of an answer says, of whatever answer, as soon as it arrives. */
  onDate: (date: Date) => void;
}

/** Connection errors after which it is certain that no request was sent. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;

/** Connection errors of a certificate: nothing was sent, and the next attempt meets the same certificate. */
const UNTRUSTED = /CERT|TLS|SSL|LEAF_SIGNATURE/;

const refusal = z.object({ Code: z.string().min(1), Message: z.string().catch(""), RequestId: z.string().optional() });

/**
 * Sends one request, with a time stamp and a nonce of its own.
 *
 * @throws VodError for every failure, whatever its kind.
 */
export type Call = <T>(
  action: string,
  parameters: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  paths: readonly string[],
) => Promise<T>;

/** Makes the sender of calls; nothing is sent and pop-core isn't loaded before the first one. */
export function caller({ endpoint, credentials, timeoutMs, onDate }: CallerOptions): Call {
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
            const date = new Date(answer.headers.date ?? "");
            if (!Number.isNaN(date.getTime())) onDate(date);
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
      retryAfterMs: retryAfterOf(response),
      paths,
    });
  }
  // httpx names its timeouts "RequestTimeoutError" and "RequestTimeoutErrorError".
  if (typeof name === "string" && name.startsWith("RequestTimeout")) {
    return new VodError(
      `${answer.endpoint} didn't answer within ${answer.timeoutMs / 1000} s.`,
      "Check the network between this machine and the VOD API, then run `pulumi up` again.",
      { code: "Timeout", httpStatus: response?.statusCode, retryable: true, outcomeUnknown: true },
    );
  }
  if (response !== undefined) return unexpectedAnswer(answer, undefined);
  const why = typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : "";
  return new VodError(
    `${answer.endpoint} can't be reached${why && ` (${why})`}.`,
    "Check `endpoint`, VOD_ENDPOINT and the network between this machine and the VOD API, then run `pulumi up` again.",
    {
      code: "Unreachable",
      retryable: !UNTRUSTED.test(why),
      outcomeUnknown: !NOT_SENT.test(why) && !UNTRUSTED.test(why),
    },
  );
}

/** The header by which the gateway asks for patience with a throttle, in milliseconds. Source: the official SDKs. */
function retryAfterOf(response: IncomingMessage | undefined): number | undefined {
  const header = response?.headers["x-acs-retry-after"];
  return typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}

/** The error for an answer that no VOD API gives: a proxy's page, a redirect, JSON of another kind. */
function unexpectedAnswer({ endpoint, response }: Answer, mismatch: z.ZodError | undefined): VodError {
  const type = response?.headers["content-type"]?.split(";", 1)[0]?.replace(/[^\w/+.-]/g, "");
  const fields = mismatch?.issues.map((issue) => issue.path.join(".")).filter((path) => path !== "") ?? [];
  const what = fields.length > 0 ? `an answer without a valid ${fields.join(" and ")}` : (type ?? "an empty answer");
  const status = response?.statusCode ?? 0;
  return new VodError(
    `${endpoint} answered with ${what}, which is not what the VOD API answers.`,
    "Check `endpoint`, VOD_ENDPOINT and any proxy in between, then run `pulumi up` again.",
    {
      code: "InvalidResponse",
      httpStatus: response?.statusCode,
      retryable: status >= 500,
      // A redirect or a refusal without a code comes from something before the service.
      outcomeUnknown: status < 300 || status >= 500,
    },
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
