/**
 * Signature version 1 of the RPC style: HMAC-SHA1 over the method and all parameters but `Signature`, sorted and encoded
 * anew, so that every spelling of the same parameters has the same signature.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Pair, percentEncode } from "./wire.js";

export function stringToSign(method: string, pairs: readonly Pair[]): string {
  const signed = pairs.filter(([name]) => name !== "Signature");
  return `${method}&${percentEncode("/")}&${percentEncode(canonicalQuery(signed))}`;
}

/** The pairs sorted by name and then by value, encoded. Both versions of the signature sign this text. */
export function canonicalQuery(pairs: readonly Pair[]): string {
  return [...pairs]
    .sort(([nameA, valueA], [nameB, valueB]) => byCodeUnit(nameA, nameB) || byCodeUnit(valueA, valueB))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join("&");
}

export function sign(accessKeySecret: string, text: string): string {
  return createHmac("sha1", `${accessKeySecret}&`).update(text).digest("base64");
}

/** Compares without telling by its time where two signatures part. */
export function sameSignature(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** The shape of a base64 HMAC-SHA1: 27 characters and one `=`. */
export function isSignatureShaped(text: string): boolean {
  return /^[A-Za-z0-9+/]{27}=$/.test(text);
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
