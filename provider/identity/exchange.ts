/**
 * One question to a service that gives credentials, with what keeps it from doing harm: a time limit for the whole
 * answer, a bound on its size, no redirects, and errors that hold nothing of what was sent or received.
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { VodError } from "../vod/errors.js";

/** A service that is asked for credentials. */
export interface Service {
  /** What it is called at the beginning of a sentence, such as `The metadata service`. */
  name: string;
  /** What to check where it doesn't answer, in one sentence. */
  remedy: string;
  /** How long all questions of one attempt may take together, in milliseconds. */
  timeoutMs: number;
  /** Gives what connections go through. Default: Node's own agent, which knows no proxy. */
  agent?: () => http.Agent | Promise<http.Agent> | undefined;
}

export interface Question {
  method: "GET" | "POST" | "PUT";
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Of a form. */
  body?: string;
}

export interface Answer {
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
export function attempt(service: Service): (question: Question) => Promise<Answer> {
  const signal = AbortSignal.timeout(service.timeoutMs);
  return async (question) => {
    try {
      const response = await send(question, await service.agent?.(), signal);
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) throw unexpected(service, `more than ${MAX_ANSWER_BYTES / 1024} KB`);
        chunks.push(chunk);
      }
      return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
    } catch (thrown) {
      throw thrown instanceof VodError ? thrown : unanswered(service, signal, thrown);
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

function send({ method, url, headers, body }: Question, agent: http.Agent | undefined, signal: AbortSignal) {
  const { request } = url.startsWith("https:") ? https : http;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const length = { "content-length": String(Buffer.byteLength(body ?? "")) };
    const all = { ...type, ...length, ...headers };
    // Said explicitly, or NODE_TLS_REJECT_UNAUTHORIZED would switch the verification off.
    const options = { method, headers: all, signal, rejectUnauthorized: true, ...(agent ? { agent } : {}) };
    request(url, options, resolve).once("error", reject).end(body);
  });
}

/** The error for a question without an answer; of what was thrown, only the system's code is taken. */
function unanswered({ name, remedy, timeoutMs }: Service, signal: AbortSignal, thrown: unknown): VodError {
  if (signal.aborted) {
    return new VodError(`${name} didn't answer within ${timeoutMs / 1000} s.`, remedy, {
      code: "Timeout",
      retryable: true,
    });
  }
  const { code } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as { code?: unknown };
  const why = typeof code === "string" && /^E[A-Z_]{1,30}$/.test(code) ? ` (${code})` : "";
  return new VodError(`${name} can't be reached${why}.`, remedy, { code: "Unreachable", retryable: true });
}
