/**
 * Signature version 3, which the newer SDKs send: HMAC-SHA256 over a canonical request, in an `Authorization` header
 * (help, "V3 request structure and signature").
 */
import { createHash, createHmac } from "node:crypto";
import { canonicalQuery } from "./signature.js";
import { decodePairs, type WireRequest } from "./wire.js";

export const V3_ALGORITHM = "ACS3-HMAC-SHA256";

export interface Authorization {
  accessKeyId: string;
  /** Lower-case names, in the order of the header. */
  signedHeaders: string[];
  signature: string;
}

const AUTHORIZATION =
  /^ACS3-HMAC-SHA256 Credential=(?<key>[^,\s]+), ?SignedHeaders=(?<headers>[a-z0-9;_-]+), ?Signature=(?<signature>[0-9a-f]{64})$/;

export function parseAuthorization(header: string): Authorization | undefined {
  const groups = AUTHORIZATION.exec(header)?.groups;
  if (!groups?.key || !groups.headers || !groups.signature) return undefined;
  return { accessKeyId: groups.key, signedHeaders: groups.headers.split(";"), signature: groups.signature };
}

/** Lists the headers that have to be signed: the host, and every `x-acs-` header of the request. */
export function mustBeSigned(headers: WireRequest["headers"]): string[] {
  return Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-acs-"));
}

export function stringToSignV3(request: WireRequest, signedHeaders: readonly string[]): string {
  const canonicalHeaders = signedHeaders.map((name) => `${name}:${request.headers[name]?.trim() ?? ""}\n`).join("");
  const canonicalRequest = [
    request.method,
    request.path,
    canonicalQuery(decodePairs(request.query)),
    canonicalHeaders,
    signedHeaders.join(";"),
    request.headers["x-acs-content-sha256"] ?? "",
  ].join("\n");
  return `${V3_ALGORITHM}\n${sha256(canonicalRequest)}`;
}

export function signV3(accessKeySecret: string, text: string): string {
  return createHmac("sha256", accessKeySecret).update(text).digest("hex");
}

export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
