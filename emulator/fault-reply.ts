/**
 * What a client gets when a fault hits its call.
 */
import { createRefusal, type ReplyFault } from "./faults.js";
import { type Format, htmlReply, type Reply, refusalReply } from "./reply.js";

/** The connection is reset instead of an answer. */
export const RESET = "reset";
export type Outcome = Reply | typeof RESET;

const TITLES: Record<number, string> = {
  200: "Welcome",
  302: "302 Found",
  414: "414 Request-URI Too Large",
  502: "502 Bad Gateway",
};

/** @param answer the answer without the fault, if the service did the work before it */
export function faultOutcome(fault: ReplyFault, answer: Reply | undefined, requestId: string, format: Format): Outcome {
  switch (fault.kind) {
    case "throttle":
    case "error":
      return refusalReply(createRefusal(fault), requestId, format);
    case "reset-before":
    case "reset-after":
      return RESET;
    case "html": {
      const status = fault.status ?? 502;
      const location: Record<string, string> = status === 302 ? { location: "http://login.example.com/" } : {};
      return htmlReply(status, TITLES[status] ?? String(status), location);
    }
    case "answer": {
      const headers = { "content-type": fault.contentType ?? "application/json;charset=utf-8" };
      return { status: fault.status ?? 200, headers, body: fault.body };
    }
    default:
      return answer ? { ...answer, body: corrupt(answer.body, fault.kind) } : RESET;
  }
}

function corrupt(body: string, kind: "truncated" | "wrong-types" | "missing-fields" | "empty"): string {
  switch (kind) {
    case "empty":
      return "";
    case "truncated":
      return body.slice(0, Math.floor(body.length / 2));
    case "wrong-types":
      return rewrite(body, mistype);
    case "missing-fields":
      return rewrite(body, ({ RequestId }) => ({ RequestId }));
  }
}

/** Changes the fields of a JSON answer; an XML one stays as it is. */
function rewrite(body: string, change: (answer: Record<string, unknown>) => object): string {
  return body.startsWith("{") ? JSON.stringify(change(JSON.parse(body))) : body;
}

/**
 * Gives every field a wrong type: `"12"` and `12` swap, other texts become lists, and lists and objects become a text.
 */
function mistype(answer: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, mistypeField(value)]));
}

function mistypeField(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return /^\d+$/.test(value) ? Number(value) : [value];
  return "[object Object]";
}
