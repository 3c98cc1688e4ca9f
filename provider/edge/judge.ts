/** Judges an answer of the edge: whether what it serves is what was released. */
import { formatNumber } from "../vod/format.js";

/** What the edge has to serve at a URL. */
export type Expected =
  /** A file on this machine. */
  | { kind: "file"; hash: string; size?: number | undefined }
  /**
   * Content that isn't known here: its copy must be newer than the refresh, unless nothing was refreshed. The program's hash may be one
   * of the body, or an ETag.
   */
  | { kind: "copy"; hash?: string | undefined; mayBeOlder?: boolean | undefined }
  /** Nothing, or what the origin still has. */
  | { kind: "removed" };

/** An answer of the edge, at the end of redirects that were followed. */
export interface Answer {
  status: number;
  /** By names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  /** The SHA-256 of the body; undefined if it wasn't read to its end. */
  body?: { hash: Buffer; size: number; hasPasswordField: boolean } | undefined;
  /** The digest of the file by the algorithm of {@link chooseDigest}, if that was asked for. */
  digest?: string | undefined;
  /** Whether it is the answer of another URL of the domain, to which the edge redirected. */
  isRedirected: boolean;
  /** When the request was sent, in milliseconds by this machine's clock. */
  askedAt: number;
  /** When the answer began, by the same clock. */
  answeredAt: number;
}

/**
 * `fresh`, `stale`: it is, or isn't, what was released. `notVerifiable`: nobody can tell. `unanswered`: nothing came of the question,
 * which may pass.
 */
export type Outcome = "fresh" | "stale" | "notVerifiable" | "unanswered";

export interface Verdict {
  outcome: Outcome;
  /** What was seen, in a few words. */
  seen: string;
}

/** How large a part of a second `Age` and dates are cut off by, in milliseconds. */
const SECOND_MS = 1_000;

const fresh = (seen: string): Verdict => ({ outcome: "fresh", seen });
const stale = (seen: string): Verdict => ({ outcome: "stale", seen });
const notVerifiable = (seen: string): Verdict => ({ outcome: "notVerifiable", seen });

/**
 * Judges an answer.
 *
 * @param since when the refresh was sent, in milliseconds by this machine's clock: a copy that was made later is new.
 */
export function judge(expected: Expected, answer: Answer, since: number): Verdict {
  const { status } = answer;
  const refusal = describeRefusal(answer);
  if (refusal !== undefined) return notVerifiable(refusal);
  if (status === 408 || status === 429 || status >= 500) return { outcome: "unanswered", seen: `HTTP ${status}` };
  const isGone = status === 404 || status === 410;
  const isAnswer = (status >= 200 && status < 300) || isGone;
  if (expected.kind === "file") {
    if (isGone) return judgeMissing(answer, since);
    return status === 200 ? judgeFile(expected, answer, since) : notVerifiable(`HTTP ${status}`);
  }
  if (expected.kind === "removed" && isGone) return fresh(`HTTP ${status}`);
  const isRedirect = status >= 300 && status < 400;
  if (!isAnswer && !isRedirect) return notVerifiable(`HTTP ${status}`);
  if (expected.kind === "copy" && status === 200 && matchesHash(expected.hash, answer)) return fresh("its hash");
  const verdict = judgeAge(answer, since, expected.kind === "removed" ? "still there: " : "");
  const isUnknown = expected.kind === "copy" && expected.mayBeOlder === true && verdict.outcome === "stale";
  return isUnknown ? notVerifiable(`${verdict.seen}, and may be the new content`) : verdict;
}

/** Why an answer says nothing of what viewers get. */
function describeRefusal({ status, headers }: Answer): string | undefined {
  if (![401, 403, 407, 451].includes(status)) return undefined;
  const reason = headers["x-tengine-error"] ?? "";
  if (/denied by req auth/i.test(reason)) return `HTTP ${status}, the URL needs a signature`;
  if (/denied by referer acl/i.test(reason)) return `HTTP ${status}, the domain has a Referer list`;
  if (/denied by ip acl/i.test(reason)) return `HTTP ${status}, the domain has an IP list`;
  if (/denied by user.?agent/i.test(reason)) return `HTTP ${status}, the domain has a User-Agent list`;
  if (headers["x-tengine-bf-error"] !== undefined) return `HTTP ${status}, the edge doesn't serve the domain`;
  return `HTTP ${status}`;
}

/** A file that isn't there for viewers: an old copy of its absence, or an origin without it. */
function judgeMissing(answer: Answer, since: number): Verdict {
  const [outcome, copy] = compareAge(answer, since);
  const why = outcome === "newer" ? "the origin has no such file" : copy;
  return stale(`HTTP ${answer.status}${why === "" ? "" : `, ${why}`}`);
}

function judgeFile(file: Expected & { kind: "file" }, answer: Answer, since: number): Verdict {
  const { headers, body, isRedirected } = answer;
  const [age, copy] = compareAge(answer, since);
  const differs = (what: string): Verdict => {
    // Of another URL, or of a page that asks who it is, nobody knows what it has to be.
    if (isRedirected) return notVerifiable("a redirect to other content");
    if (body?.hasPasswordField) return notVerifiable("a page that asks for a password");
    return stale(`${what}${describeOrigin(age, copy)}`);
  };
  if (body !== undefined) {
    return matchesBody(file.hash, body) ? fresh("the hash of its body") : differs("other content than the file");
  }
  const wanted = chooseDigest(headers);
  if (wanted !== undefined && answer.digest !== undefined) {
    if (wanted.value === answer.digest) return fresh(`its ${wanted.header}`);
    if (wanted.isProof) return differs(`another ${wanted.header} than the file`);
  }
  const size = parseNumber(headers["content-length"]);
  const isEncoded = (headers["content-encoding"] ?? "identity") !== "identity";
  if (!isEncoded && size !== undefined && file.size !== undefined && size !== file.size) {
    return differs(`${formatNumber(size)} bytes in place of ${formatNumber(file.size)}`);
  }
  return isRedirected ? notVerifiable("a redirect") : judgeAge(answer, since);
}

/** What a copy of other content tells of the origin. */
function describeOrigin(age: CopyAge, copy: string): string {
  if (age === "newer") return ", fetched after the refresh: the origin has other content, or the edge changes it";
  return copy === "" ? "" : `, ${copy}`;
}

/** What an answer says of its content, and a file can be compared by. */
export interface WantedDigest {
  algorithm: "md5" | "crc64";
  header: string;
  /** In hexadecimal digits (MD5) or in decimal ones (CRC-64). */
  value: string;
  /** Whether another value means other content: an ETag of 32 digits is an MD5 at OSS only. */
  isProof: boolean;
}

/** The strongest digest that an answer has of its content. */
export function chooseDigest(headers: Answer["headers"]): WantedDigest | undefined {
  if ((headers["content-encoding"] ?? "identity") !== "identity") return undefined;
  const isOss = Object.keys(headers).some((name) => name.startsWith("x-oss-"));
  const md5 = /^"?([0-9a-f]{32})"?$/i.exec(headers.etag ?? "")?.[1]?.toLowerCase();
  if (md5 !== undefined && isOss) return { algorithm: "md5", header: "ETag", value: md5, isProof: true };
  const crc = headers["x-oss-hash-crc64ecma"];
  if (crc !== undefined && /^\d{1,20}$/.test(crc)) {
    return { algorithm: "crc64", header: "x-oss-hash-crc64ecma", value: crc, isProof: true };
  }
  return md5 === undefined ? undefined : { algorithm: "md5", header: "ETag", value: md5, isProof: false };
}

/** How a copy stands to the refresh. `either`: made within the second that its age is cut off by. */
type CopyAge = "newer" | "older" | "unknown";

function judgeAge(answer: Answer, since: number, what = ""): Verdict {
  const [age, copy] = compareAge(answer, since);
  if (age === "newer") return fresh(copy);
  return age === "older" ? stale(`${what}${copy}`) : notVerifiable("the answer doesn't say how old its copy is");
}

/**
 * Whether a copy was made after the refresh was sent, with words for it. An age is cut off to whole seconds: a copy of which nobody can
 * tell is taken for an older one, since the edge drops what it fetched before the refresh reached it.
 */
function compareAge({ headers, askedAt, answeredAt }: Answer, since: number): [CopyAge, string] {
  const cache = headers["x-cache"] ?? "";
  // Counted from the origin's answer, on whichever node it was kept: a node that has no copy may get an old one from a node above.
  const age = parseNumber(headers.age);
  if ((age ?? 0) === 0) {
    if (headers["x-swift-cachetime"]?.trim() === "0") return ["newer", "a copy that isn't kept"];
    if (/^\s*HIT TCP_REFRESH_HIT\b/i.test(cache)) return ["newer", "a copy that the origin just confirmed"];
    if (/^\s*MISS\b/i.test(cache)) return ["newer", "fetched just now"];
  }
  if (age !== undefined) {
    const madeAt = askedAt - age * SECOND_MS - SECOND_MS;
    return [madeAt >= since ? "newer" : "older", `a copy that is ${formatNumber(age)} s old`];
  }
  const savedAt = parseTime(headers["x-swift-savetime"]);
  if (savedAt === undefined) return ["unknown", ""];
  // The date of an answer is when the origin gave it, or now: if it is later by this machine's clock, that of the edge is ahead.
  const date = parseTime(headers.date) ?? savedAt;
  const madeAt = Math.min(savedAt, date) - Math.max(0, date - answeredAt);
  const seconds = Math.max(0, Math.round((answeredAt - madeAt) / SECOND_MS));
  return [madeAt >= since ? "newer" : "older", `a copy that is ${formatNumber(seconds)} s old`];
}

/** How many characters a manifest keeps of a hash in base64url. The hash of a program's own is written in any way. */
function matchesBody(hash: string, { hash: found }: NonNullable<Answer["body"]>): boolean {
  return hash !== "" && found.toString("base64url").startsWith(hash);
}

/** Whether the program's own hash is one of the content that was served, or its ETag. */
function matchesHash(given: string | undefined, { headers, body }: Answer): boolean {
  if (given === undefined || given === "") return false;
  const bare = (text: string) => text.replace(/^W\//, "").replaceAll('"', "").toLowerCase();
  const digits = bare(given).replace(/^sha-?256[:-]/, "");
  if (/^[0-9a-f]{64}$/.test(digits) && body?.hash.toString("hex") === digits) return true;
  const etag = bare(headers.etag ?? "");
  // A short ETag, such as a version, may be that of other content too.
  return etag.length >= 8 && etag === bare(given);
}

function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
}

function parseTime(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? undefined : time;
}
