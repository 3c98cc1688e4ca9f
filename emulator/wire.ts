/**
 * Reads requests as pairs of name and value. Clients write the same parameters in different ways (`+` or `%20`, a raw
 * `*`, `%7E`, in the query or in the body), so the emulator decodes everything before it looks at it.
 */

export type Pair = readonly [name: string, value: string];

/** A request as it was received, with its body. */
export interface WireRequest {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

/** Splits a request target, in origin form (`/?a=b`) or absolute form (`http://host/?a=b`), at its question mark. */
export function splitTarget(target: string): { path: string; query: string } {
  const relative = target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = relative.indexOf("?");
  if (mark === -1) return { path: relative || "/", query: "" };
  return { path: relative.slice(0, mark) || "/", query: relative.slice(mark + 1) };
}

/** Decodes `a=b&c=d`; `+` is a space, and an invalid encoding stays as it is. */
export function decodePairs(text: string): Pair[] {
  return [...new URLSearchParams(text)];
}

/** Returns the parameters of the query and of a form body, in the order in which they came. */
export function requestPairs(request: WireRequest): Pair[] {
  return [...decodePairs(request.query), ...formPairs(request)];
}

/** Returns the parameters of a form body; clients that send no content type send a form too. */
export function formPairs(request: WireRequest): Pair[] {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  const isForm = type === "" || type === "application/x-www-form-urlencoded";
  return isForm ? decodePairs(request.body.toString("utf8")) : [];
}

/** RFC 3986 encoding of UTF-8 bytes: `A-Z a-z 0-9 - _ . ~` stay, a space is `%20`, hex is upper case. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
