/**
 * One question to a service that gives credentials, with what keeps it from doing harm: a time limit for the whole
 * answer, a bound on its size, no redirects, and errors that hold nothing of what was sent or received.
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { VodError } from "../vod/errors.js";
import { proxyOf } from "../vod/http-agent.js";
import { classifyNetworkError } from "../vod/network-error.js";

/** A service that is asked for credentials. */
export interface Service {
  /** What it is called at the beginning of a sentence, such as `The metadata service`. */
  name: string;
  /** What to check where it doesn't answer, in one sentence. */
  remedy: string;
  /** How long all questions of one attempt may take together, in milliseconds. */
  timeoutMs: number;
  /** Gives what connections go through. Default: an agent that knows no proxy, whatever Node's own one was told. */
  agent?: () => http.Agent | Promise<http.Agent> | undefined;
}

export interface HttpRequest {
  method: "GET" | "POST" | "PUT";
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Of a form. */
  body?: string;
}

export interface HttpResponse {
  status: number;
  text: string;
}

/** How long an answer may be, in bytes; credentials take about 2 KB. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Begins an attempt: what it returns asks one question after the other, all within the service's time limit.
 *
 * @throws VodError Timeout, Unreachable (with the system's code) or InvalidResponse (too long).
 */
export function attempt(service: Service): (question: HttpRequest) => Promise<HttpResponse> {
  const signal = AbortSignal.timeout(service.timeoutMs);
  return async (question) => {
    let agent: http.Agent | undefined;
    try {
      agent = await service.agent?.();
      const response = await send(question, agent, signal);
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) throw unexpected(service, `more than ${MAX_ANSWER_BYTES / 1024} KB`);
        chunks.push(chunk);
      }
      return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
    } catch (thrown) {
      throw thrown instanceof VodError ? thrown : unanswered(service, signal, thrown, agent && proxyOf(agent));
    }
  };
}

/** The error for an answer that isn't what was asked for; `what` it was instead, never its content. */
export function unexpected({ name, remedy }: Service, what: string, status?: number): VodError {
  return new VodError(`${name} answered with ${what}, not with credentials.`, remedy, {
    code: "InvalidResponse",
    httpStatus: status,
    retryable: status !== undefined && status >= 500,
  });
}

function send({ method, url, headers, body }: HttpRequest, given: http.Agent | undefined, signal: AbortSignal) {
  const { request, Agent } = url.startsWith("https:") ? https : http;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const length = { "content-length": String(Buffer.byteLength(body ?? "")) };
    const all = { ...type, ...length, ...headers };
    // Node's own agent goes through a proxy where NODE_USE_ENV_PROXY says so, which must not hear of the metadata service.
    const agent = given ?? new Agent();
    // Said explicitly, or NODE_TLS_REJECT_UNAUTHORIZED would switch the verification off.
    const options = { method, headers: all, signal, until: signal, rejectUnauthorized: true, agent };
    // A request without a connection, such as one whose proxy says nothing, doesn't hear of the signal.
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    request(url, options, resolve).once("error", reject).end(body);
  });
}

const CHECK_PROXY = "Check the proxy and its variables (HTTPS_PROXY, ALL_PROXY, NO_PROXY), then run `pulumi up` again.";

/** The error for a question without an answer; of what was thrown, only what {@link classifyNetworkError} takes. */
function unanswered(
  { name, remedy: ownRemedy, timeoutMs }: Service,
  signal: AbortSignal,
  thrown: unknown,
  proxy: string | undefined,
): VodError {
  const [target, remedy] =
    proxy === undefined ? [name, ownRemedy] : [`${name} (through the proxy ${proxy})`, CHECK_PROXY];
  if (signal.aborted) {
    return new VodError(`${target} didn't answer within ${timeoutMs / 1000} s.`, remedy, {
      code: "Timeout",
      retryable: true,
    });
  }
  const { what, remedy: known, retryable } = classifyNetworkError(thrown);
  return new VodError(`${target} ${what}.`, known ?? remedy, { code: "Unreachable", retryable });
}
