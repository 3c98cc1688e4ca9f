/**
 * Writes answers and refusals as JSON or XML.
 */
import type { Refusal } from "./errors.js";

/** The host that the real answers name: the host of the production endpoint. */
export const HOST_ID = "vod.cn-shanghai.aliyuncs.com";

export type Format = "JSON" | "XML";

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The code of a refusal, for the log. */
  code?: string;
}

/**
 * Chooses the format that a call asks for, in upper or lower case. RPC calls that ask for none get XML (help, common
 * parameters).
 */
export function chooseFormat(value: string | undefined, fallback: Format): Format {
  const format = value?.toUpperCase();
  return format === "JSON" || format === "XML" ? format : fallback;
}

export function answerReply(action: string, answer: Record<string, unknown>, requestId: string, format: Format): Reply {
  return write(200, `${action}Response`, { ...answer, RequestId: requestId }, format, requestId);
}

export function refusalReply(refusal: Refusal, requestId: string, format: Format): Reply {
  const body = {
    Code: refusal.code,
    HostId: HOST_ID,
    Message: refusal.message,
    Recommend: `https://api.aliyun.com/troubleshoot?q=${refusal.code}&product=vod&requestId=${requestId}`,
    RequestId: requestId,
  };
  const reply = write(refusal.status, "Error", body, format, requestId);
  return { ...reply, headers: { ...reply.headers, ...refusal.headers }, code: refusal.code };
}

export function htmlReply(status: number, title: string, headers: Record<string, string> = {}): Reply {
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return { status, headers: { "content-type": "text/html", ...headers }, body };
}

function write(status: number, root: string, value: object, format: Format, requestId: string): Reply {
  const common = { "x-acs-request-id": requestId };
  if (format === "JSON") {
    const headers = { "content-type": "application/json;charset=utf-8", ...common };
    return { status, headers, body: JSON.stringify(value) };
  }
  const body = `<?xml version="1.0" encoding="UTF-8"?>${element(root, value)}`;
  return { status, headers: { "content-type": "text/xml;charset=utf-8", ...common }, body };
}

/** Writes an array as repeated elements: `Tasks.Task[]` is `<Tasks><Task>…</Task><Task>…</Task></Tasks>`. */
function element(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => element(name, item)).join("");
  const inner =
    typeof value === "object" && value !== null
      ? Object.entries(value)
          .map(([child, content]) => element(child, content))
          .join("")
      : escapeXml(String(value));
  return `<${name}>${inner}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
