/**
 * Signature version 1 of the RPC style: HMAC-SHA1 over the method and all parameters but `Signature`, sorted and
 * encoded again, so that every spelling of the same parameters has the same signature.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Pair, percentEncode } from "./wire.js";

export function stringToSign(method: string, pairs: readonly Pair[]): string {
  const signed = pairs.filter(([name]) => name !== "Signature");
  return `${method}&${percentEncode("/")}&${percentEncode(canonicalQuery(signed))}`;
}

/** Encodes the pairs, sorted by name and then by value. Both versions of the signature sign this text. */
export function canonicalQuery(pairs: readonly Pair[]): string {
  return [...pairs]
    .sort(([nameA, valueA], [nameB, valueB]) => byCodeUnit(nameA, nameB) || byCodeUnit(valueA, valueB))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join("&");
}

export function sign(accessKeySecret: string, text: string): string {
  return createHmac("sha1", `${accessKeySecret}&`).update(text).digest("base64");
}

/** Compares in constant time, so that the time doesn't tell where two signatures differ. */
export function sameSignature(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Whether a text looks like a base64 HMAC-SHA1: 27 characters and one `=`. */
export function isSignatureShaped(text: string): boolean {
  return /^[A-Za-z0-9+/]{27}=$/.test(text);
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
