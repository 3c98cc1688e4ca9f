/**
 * The gateway checks who is calling, whether the signature is right, and whether the request is fresh.
 *
 * The order of the checks is a choice, since no page tells it: key, form of the signature, time, token, signature,
 * nonce. A nonce is used up only if its signature is right, so that nobody can use up the nonce of somebody else.
 */
import type { Account } from "./account.js";
import { parseTime } from "./clock.js";
import { refusal } from "./errors.js";
import { TIMESTAMP_TOLERANCE } from "./limits.js";
import type { RpcCall } from "./rpc-call.js";
import { isSignatureShaped, sameSignature, sign, stringToSign } from "./signature.js";
import { mustBeSigned, parseAuthorization, sha256, signV3, stringToSignV3, V3_ALGORITHM } from "./signature-v3.js";
import { requestPairs, type WireRequest } from "./wire.js";

/** The API version of the service's page. */
export const API_VERSION = "2017-03-21";

/** The nonces of requests that may still be fresh. */
export class Nonces {
  private readonly seen = new Map<string, number>();

  /** Records a nonce, and returns whether it was new. */
  use(nonce: string, now: number): boolean {
    for (const [old, at] of this.seen) {
      if (now - at <= 2 * TIMESTAMP_TOLERANCE) break;
      this.seen.delete(old);
    }
    if (this.seen.has(nonce)) return false;
    this.seen.set(nonce, now);
    return true;
  }
}

/** Throws the gateway's refusal unless the account itself sent the request. `now` is the real time. */
export function authenticate(request: WireRequest, call: RpcCall, account: Account, nonces: Nonces, now: number): void {
  const nonce =
    call.signatureVersion === 3 ? verifyV3(request, call, account, now) : verifyV1(request, call, account, now);
  if (!nonces.use(nonce, now)) throw refusal("SignatureNonceUsed");
  if (account.keyState === "forbidden") throw refusal("Forbidden.RAM");
  if (!call.version) throw refusal("MissingVersion");
  if (call.version !== API_VERSION) throw refusal("InvalidVersion");
}

/** Verifies a request whose signature is among its parameters, and returns its nonce. */
function verifyV1(request: WireRequest, { parameters }: RpcCall, account: Account, now: number): string {
  requireKey(account, parameters.AccessKeyId);
  const text = stringToSign(request.method, requestPairs(request));
  const signature = requireSignatureForm(parameters, text);
  requireFresh(parameters.Timestamp, now);
  if (!parameters.SignatureNonce) throw refusal("MissingSignatureNonce");
  requireToken(account, parameters.SecurityToken);
  if (!sameSignature(signature, sign(account.accessKeySecret, text))) throw refusal("SignatureDoesNotMatch", text);
  return parameters.SignatureNonce;
}

/** Verifies a request whose signature is in its Authorization header, and returns its nonce. */
function verifyV3(request: WireRequest, { parameters }: RpcCall, account: Account, now: number): string {
  const { headers } = request;
  const authorization = parseAuthorization(headers.authorization ?? "");
  if (!authorization) throw refusal("IncompleteSignature", `Authorization is no ${V3_ALGORITHM} header.`);
  requireKey(account, authorization.accessKeyId);
  const unsigned = mustBeSigned(headers).filter((name) => !authorization.signedHeaders.includes(name));
  if (unsigned.length > 0) throw refusal("IncompleteSignature", `SignedHeaders lacks ${unsigned.join(", ")}.`);
  requireFresh(headers["x-acs-date"], now);
  const nonce = headers["x-acs-signature-nonce"];
  if (!nonce) throw refusal("MissingSignatureNonce");
  requireToken(account, headers["x-acs-security-token"] ?? parameters.SecurityToken);
  const text = stringToSignV3(request, authorization.signedHeaders);
  const sameBody = headers["x-acs-content-sha256"] === sha256(request.body);
  const same = sameSignature(authorization.signature, signV3(account.accessKeySecret, text));
  if (!sameBody || !same) throw refusal("SignatureDoesNotMatch", text);
  return nonce;
}

function requireKey(account: Account, accessKeyId: string | undefined): void {
  if (!accessKeyId) throw refusal("MissingAccessKeyId");
  if (accessKeyId !== account.accessKeyId || account.keyState === "deleted") {
    throw refusal("InvalidAccessKeyId.NotFound");
  }
  if (account.keyState === "inactive") throw refusal("InvalidAccessKeyId.Inactive");
}

/**
 * Checks Signature, SignatureMethod and SignatureVersion by the rules of version 1, which allow an empty SignatureType.
 */
function requireSignatureForm(parameters: Record<string, string>, text: string): string {
  if (!parameters.Signature) throw refusal("MissingSignature");
  const conforms =
    parameters.SignatureMethod?.toUpperCase() === "HMAC-SHA1" &&
    parameters.SignatureVersion === "1.0" &&
    !parameters.SignatureType &&
    isSignatureShaped(parameters.Signature);
  if (!conforms) throw refusal("IncompleteSignature", text);
  return parameters.Signature;
}

function requireFresh(timestamp: string | undefined, now: number): void {
  if (!timestamp) throw refusal("MissingTimestamp");
  const at = parseTime(timestamp);
  if (at === undefined) throw refusal("InvalidTimeStamp.Format");
  if (Math.abs(now - at) > TIMESTAMP_TOLERANCE) throw refusal("InvalidTimeStamp.Expired");
}

function requireToken(account: Account, token: string | undefined): void {
  if (token && !isTokenShaped(token)) throw refusal("InvalidSecurityToken.Malformed");
  if (account.securityToken === undefined) {
    // A permanent key has no token, so this one belongs to another key.
    if (token) throw refusal("InvalidSecurityToken.MismatchWithAccessKey");
    return;
  }
  if (!token) throw refusal("MissingSecurityToken");
  if (!sameSignature(token, account.securityToken)) throw refusal("InvalidSecurityToken.MismatchWithAccessKey");
  if (account.tokenState === "expired") throw refusal("InvalidSecurityToken.Expired");
}

/** A token has no white space, and isn't the word that some clients write for a missing one. */
function isTokenShaped(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token) && token !== "undefined" && token !== "null";
}
