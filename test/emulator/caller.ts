/**
 * Calls the API from tests: signs version 1 requests in any spelling that a test wants, and reads the answers.
 */
import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { formatTime } from "../../emulator/clock.js";
import { API_VERSION } from "../../emulator/gateway.js";
import { sign, stringToSign } from "../../emulator/signature.js";
import { type Pair, percentEncode } from "../../emulator/wire.js";

export interface Callee {
  endpoint: string;
  accessKeyId: string;
  accessKeySecret: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The parsed body; undefined if it isn't JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields they expect
  json: any;
}

/** Returns the signed parameters of a call; `extra` overrides the common ones, and leaves one out with `undefined`. */
export function signedPairs(
  callee: Callee,
  action: string,
  extra: Record<string, string | undefined> = {},
  method = "POST",
): Pair[] {
  const parameters: Record<string, string | undefined> = {
    AccessKeyId: callee.accessKeyId,
    Action: action,
    Format: "JSON",
    SignatureMethod: "HMAC-SHA1",
    SignatureNonce: randomUUID(),
    SignatureVersion: "1.0",
    Timestamp: formatTime(Date.now()),
    Version: API_VERSION,
    ...extra,
  };
  const pairs = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  if (Object.hasOwn(extra, "Signature")) return pairs;
  return [...pairs, ["Signature", sign(callee.accessKeySecret, stringToSign(method, pairs))]];
}

export function encodePairs(pairs: readonly Pair[], encode: (text: string) => string = percentEncode): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

/** Sends a request as it is given, a POST by default. */
export function send(
  endpoint: string,
  wire: { method?: string; query?: string; body?: string; headers?: Record<string, string>; path?: string },
): Promise<Answer> {
  const { method = "POST", query = "", body = "", path = "/" } = wire;
  const headers = {
    ...(body && { "content-type": "application/x-www-form-urlencoded" }),
    "content-length": String(Buffer.byteLength(body)),
    ...wire.headers,
  };
  return new Promise((resolve, reject) => {
    const target = path + (query && `?${query}`);
    const call = request(endpoint, { method, path: target, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parseJson(text) });
      });
    });
    call.on("error", reject).end(body);
  });
}

/** Signs a call and sends it as a form. */
export function call(callee: Callee, action: string, extra: Record<string, string | undefined> = {}): Promise<Answer> {
  return send(callee.endpoint, { body: encodePairs(signedPairs(callee, action, extra)) });
}

export function refresh(callee: Callee, paths: string[], extra: Record<string, string> = {}): Promise<Answer> {
  return call(callee, "RefreshVodObjectCaches", { ObjectPath: paths.join("\n"), ...extra });
}

export function preload(callee: Callee, paths: string[], extra: Record<string, string> = {}): Promise<Answer> {
  return call(callee, "PreloadVodObjectCaches", { ObjectPath: paths.join("\n"), ...extra });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
