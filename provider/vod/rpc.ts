/** One call of the VOD API: a signed request, a valid answer, and a {@link VodError} for everything else. */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { holdsSecret } from "../text/show.js";
import { cancelledError } from "./cancellation.js";
import type { Credentials, CredentialsSource } from "./credentials.js";
import { resolveProxy } from "./endpoint.js";
import { TOO_MANY_REQUESTS, VodError } from "./errors.js";
import { listFirst } from "./format.js";
import { agentFor, type LimitExceeded } from "./http-agent.js";
import { API_VERSION } from "./limits.js";
import type { NetworkFailure } from "./network-error.js";
import { refusalError } from "./refusals.js";
import { identifier, type RefusalText, sendSigned } from "./signed-request.js";

interface CallerOptions {
  /** Origin of the API. */
  endpoint: string;
  /** Asked before each request, so that a request after a long wait has valid credentials. */
  credentials: Pick<CredentialsSource, "get"> & Partial<CredentialsSource>;
  /** How long a request may take, from connecting to the last byte of its answer, in milliseconds. */
  timeoutMs: number;
  now: () => Date;
  /** Told what the `Date` header of any answer says, as soon as it arrives, and when the request began. */
  onDate: (date: Date, askedAt: Date) => void;
}

/**
 * How large an answer may be, headers included, in bytes. The largest honest answer is the refusal of a signature, which
 * repeats what was signed: 1,000 URLs of 1 KB, percent-encoded twice. A page of 50 tasks has a tenth of that.
 */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * How long a list in an answer may be: twenty pages of tasks. To say what is wrong with each of a million rows takes
 * gigabytes.
 */
const MAX_LIST_LENGTH = 1_000;

/** How long the service may ask callers to wait, in milliseconds: a header must not stop a run for days. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

const anyAnswer = z.object({ RequestId: identifier.optional() });

/**
 * Sends one request, with a time stamp and a nonce of its own.
 *
 * @param paths those that an error may name.
 * @param signal when it has aborted before the credentials are there, nothing is sent.
 * @throws VodError for every failure.
 */
type Call = <T>(
  action: string,
  parameters: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  paths: readonly string[],
  signal?: AbortSignal,
) => Promise<T>;

/** Makes the sender of calls. Before the first call, nothing is sent and pop-core isn't loaded. */
export function caller({ endpoint, credentials: source, timeoutMs, now, onDate: told }: CallerOptions): Call {
  const openAgent = async () => {
    const proxy = resolveProxy(endpoint, process.env);
    return { agent: await agentFor(endpoint, proxy), proxy };
  };
  let opened: ReturnType<typeof openAgent> | undefined;

  return async (action, parameters, schema, paths, signal) => {
    const credentials = await requireCredentials(source.get);
    opened ??= openAgent();
    const { agent, proxy } = await opened;
    if (signal?.aborted) throw cancelledError();
    const bounds = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
    const askedAt = now();
    const onDate = (date: Date) => told(date, askedAt);
    const request = { endpoint, apiVersion: API_VERSION, action, parameters, credentials, agent, bounds, onDate };
    const { result, response, maySend } = await sendSigned(request);
    const { description } = source;
    const attempt: Attempt = { endpoint, proxy, timeoutMs, credentials, description, paths, maySend, response };
    if ("refusal" in result) throw refused(result.refusal, attempt);
    if ("exceeded" in result) throw exceeded(result.exceeded, attempt);
    if ("failure" in result) throw failed(result.failure, attempt);
    return validAnswer(result.answer, schema, attempt);
  };
}

/** What is known of a call after its request. */
interface Attempt {
  endpoint: string;
  proxy: URL | undefined;
  timeoutMs: number;
  credentials: Credentials;
  /** Where these come from, if that is known. */
  description: string | undefined;
  paths: readonly string[];
  maySend: boolean;
  response: IncomingMessage | undefined;
}

/**
 * Asks for the credentials of one request.
 *
 * @throws VodError NoCredentials where the source fails or a part is empty, since the request would be unsigned.
 */
async function requireCredentials(ask: () => Promise<Credentials>): Promise<Credentials> {
  const refuse = (happened: string) =>
    new VodError(happened, "Check the source of this run's credentials.", { code: "NoCredentials" });
  let found: Partial<Credentials> | undefined;
  try {
    found = await ask();
  } catch (error) {
    throw error instanceof VodError ? error : refuse("Credentials could not be loaded.");
  }
  const { accessKeyId, accessKeySecret, securityToken } = found ?? {};
  if (!accessKeyId?.trim()) throw refuse("Credentials could not be loaded: the access key ID is empty.");
  if (!accessKeySecret?.trim()) throw refuse("Credentials could not be loaded: the access key secret is empty.");
  return { accessKeyId, accessKeySecret, ...(securityToken ? { securityToken } : {}) };
}

/**
 * Validates an answer that is no refusal.
 *
 * @throws VodError InvalidResponse, which names the fields that are missing or wrong, and shows nothing of them.
 */
function validAnswer<T>(answer: unknown, schema: z.ZodType<T>, attempt: Attempt): T {
  if (hasEndlessList(answer)) throw unexpectedAnswer(attempt, "a list that is too long");
  const parsed = schema.safeParse(answer);
  const identified = anyAnswer.safeParse(answer);
  const status = attempt.response?.statusCode ?? 0;
  if (parsed.success && identified.success && status >= 200 && status <= 299) return parsed.data;
  const issues = [...(parsed.error?.issues ?? []), ...(identified.error?.issues ?? [])];
  const fields = [...new Set(issues.map(({ path }) => path.join(".")))].filter((field) => field !== "");
  throw unexpectedAnswer(attempt, fields.length === 0 ? undefined : `JSON without a valid ${listFirst(fields)}`);
}

/** Whether an answer has a list anywhere of more than {@link MAX_LIST_LENGTH} elements. */
function hasEndlessList(answer: unknown): boolean {
  const left = [answer];
  while (left.length > 0) {
    const value = left.pop();
    if (Array.isArray(value) && value.length > MAX_LIST_LENGTH) return true;
    if (typeof value === "object" && value !== null) for (const part of Object.values(value)) left.push(part);
  }
  return false;
}

/** The error for a refusal by the service. */
function refused({ code, message, requestId }: RefusalText, attempt: Attempt): VodError {
  const { response, paths, credentials, description } = attempt;
  return refusalError({
    code,
    message: message || "it gave no reason",
    httpStatus: response?.statusCode,
    requestId,
    retryAfterMs: readRetryAfter(response),
    caller: description && `${description}, access key ID …${credentials.accessKeyId.slice(-4)}`,
    paths,
  });
}

/** The error for a request without an answer, or with one that can't be read. */
function failed(failure: NetworkFailure, attempt: Attempt): VodError {
  if (failure.code === "HPE_HEADER_OVERFLOW") return unexpectedAnswer(attempt, "headers that are too long");
  if (failure.code.startsWith("HPE_")) return unexpectedAnswer(attempt, "something other than HTTP");
  return attempt.response === undefined ? unreachable(failure, attempt) : unexpectedAnswer(attempt);
}

/** How long the gateway asks to wait after a throttle, in milliseconds. Source: the official SDKs. */
function readRetryAfter(response: IncomingMessage | undefined): number | undefined {
  const header = response?.headers["x-acs-retry-after"];
  return typeof header === "string" && /^\d{1,9}$/.test(header)
    ? Math.min(Number(header), MAX_RETRY_AFTER_MS)
    : undefined;
}

/** The error for a request that exceeded a bound. */
function exceeded(limit: LimitExceeded, attempt: Attempt): VodError {
  if (limit === "size") return unexpectedAnswer(attempt, `more than ${MAX_ANSWER_BYTES / 1024 / 1024} MB`);
  if (limit === "encoding") return unexpectedAnswer(attempt, "a compressed body");
  return new VodError(
    `${describeTarget(attempt)} didn't answer within ${attempt.timeoutMs / 1000} s.`,
    "Check the network between this machine and the VOD API, then run `pulumi up` again.",
    { code: "Timeout", httpStatus: attempt.response?.statusCode, retryable: true, outcomeUnknown: attempt.maySend },
  );
}

/** The error for a request that nothing answered. */
function unreachable({ what, remedy, isUnsent, retryable }: NetworkFailure, attempt: Attempt): VodError {
  const where = attempt.proxy ? "the proxy's variables (HTTPS_PROXY, ALL_PROXY, NO_PROXY)" : "VOD_ENDPOINT";
  return new VodError(
    `${describeTarget(attempt)} ${what}.`,
    remedy ??
      `Check \`endpoint\`, ${where} and the network between this machine and the VOD API, then run \`pulumi up\` again.`,
    { code: "Unreachable", retryable, outcomeUnknown: attempt.maySend && !isUnsent },
  );
}

/** The error for an answer that isn't of the VOD API: a proxy's page, a redirect, JSON of another kind. */
function unexpectedAnswer(attempt: Attempt, what = describeContentType(attempt)): VodError {
  const status = attempt.response?.statusCode ?? 0;
  return new VodError(
    `${describeTarget(attempt)} answered with ${what}, which is not an answer of the VOD API.`,
    "Check `endpoint`, VOD_ENDPOINT and any proxy in between, then run `pulumi up` again.",
    {
      code: "InvalidResponse",
      httpStatus: attempt.response?.statusCode,
      // A throttle without a code comes from something before the service.
      retryable: status >= 500 || status === TOO_MANY_REQUESTS,
      // So does a redirect or a refusal without a code.
      outcomeUnknown: status < 300 || status >= 500,
    },
  );
}

function describeContentType({ response }: Attempt): string {
  const header = response?.headers["content-type"];
  if (header === undefined) return "an empty body";
  const type = /^[\w.+-]{1,40}\/[\w.+-]{1,80}/.exec(header)?.[0];
  return type === undefined || holdsSecret(type) ? "an unknown content type" : type;
}

/** Where a call goes, as messages name it: the `origin` of a proxy has no password. */
function describeTarget({ endpoint, proxy }: Attempt): string {
  return proxy === undefined ? endpoint : `${endpoint} (through the proxy ${proxy.origin})`;
}
