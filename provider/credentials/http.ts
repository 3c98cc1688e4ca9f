/**
 * Requests to a service that gives credentials, kept from doing harm: a time limit for the whole answer, a bound on its
 * size, no redirects, and errors that hold nothing of what was sent or received.
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { VodError } from "../vod/errors.js";
import { proxyOf } from "../vod/http-agent.js";
import { classifyNetworkError, type NetworkFailure } from "../vod/network-error.js";

/** A service that is asked for credentials. */
export interface Service {
  /** What it is called at the beginning of a sentence, such as `The metadata service`. */
  name: string;
  /** What to check where it doesn't answer, in one sentence. */
  remedy: string;
  /** How long all requests of one attempt may take together, in milliseconds. */
  timeoutMs: number;
  /**
   * Gives what connections go through. Default: an agent that knows no proxy, even where Node's own agent knows one.
   */
  agent?: () => http.Agent | Promise<http.Agent>;
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
export const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Makes the sender of one attempt: it sends one request after the other, all within the service's time limit.
 *
 * @throws VodError Timeout, Unreachable (with the system's code) or InvalidResponse (too long).
 */
export function senderTo(service: Service): (request: HttpRequest) => Promise<HttpResponse> {
  const signal = AbortSignal.timeout(service.timeoutMs);
  return async (request) => {
    let agent: http.Agent | undefined;
    try {
      agent = await service.agent?.();
      const response = await send(request, agent, signal);
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) throw tooLong(service);
        chunks.push(chunk);
      }
      return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
    } catch (thrown) {
      if (thrown instanceof VodError) throw thrown;
      throw signal.aborted ? timedOut(service, agent) : unreachable(service, classifyNetworkError(thrown), agent);
    }
  };
}

function send({ method, url, headers, body }: HttpRequest, given: http.Agent | undefined, signal: AbortSignal) {
  const { request, Agent } = url.startsWith("https:") ? https : http;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const length = { "content-length": String(Buffer.byteLength(body ?? "")) };
    // Node's own agent goes through a proxy where NODE_USE_ENV_PROXY says so, which must not hear of the metadata service.
    const agent = given ?? new Agent();
    // Without it, NODE_TLS_REJECT_UNAUTHORIZED would switch the verification off.
    const verified = { rejectUnauthorized: true };
    const options = { method, headers: { ...type, ...length, ...headers }, signal, until: signal, agent, ...verified };
    // A request without a connection, such as one whose proxy says nothing, doesn't hear of the signal.
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    request(url, options, resolve).once("error", reject).end(body);
  });
}

/** The error for an answer that isn't what was asked for; `what` it was instead, never its content. */
export function unexpected({ name, remedy }: Service, what: string, status?: number): VodError {
  return new VodError(`${name} answered with ${what} instead of credentials.`, remedy, {
    code: "InvalidResponse",
    httpStatus: status,
    retryable: status !== undefined && status >= 500,
  });
}

/** The error for an answer of more than {@link MAX_ANSWER_BYTES}. */
export function tooLong(service: Service): VodError {
  return unexpected(service, `more than ${MAX_ANSWER_BYTES / 1024} KB`);
}

/** The error for a request that nothing answered within the time limit. */
export function timedOut(service: Service, agent: http.Agent | undefined): VodError {
  const { name, remedy } = describeTarget(service, agent);
  return new VodError(`${name} didn't answer within ${service.timeoutMs / 1000} s.`, remedy, {
    code: "Timeout",
    retryable: true,
  });
}

/** The error for a request whose connection failed. */
export function unreachable(service: Service, failure: NetworkFailure, agent: http.Agent | undefined): VodError {
  const { name, remedy } = describeTarget(service, agent);
  const { what, remedy: known, retryable } = failure;
  return new VodError(`${name} ${what}.`, known ?? remedy, { code: "Unreachable", retryable });
}

const CHECK_PROXY = "Check the proxy and its variables (HTTPS_PROXY, ALL_PROXY, NO_PROXY), then run `pulumi up` again.";

/** How sentences name the service that didn't answer, and what to check. */
function describeTarget({ name, remedy }: Service, agent: http.Agent | undefined): Pick<Service, "name" | "remedy"> {
  const proxy = agent && proxyOf(agent);
  return proxy === undefined ? { name, remedy } : { name: `${name} (through the proxy ${proxy})`, remedy: CHECK_PROXY };
}
