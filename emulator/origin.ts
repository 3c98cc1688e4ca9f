/**
 * The origin that the edge asks: a directory with a folder for each domain.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { crc64 } from "./crc64.js";
import type { DomainConfig, OriginAnswer, OriginKind } from "./edge-config.js";

export interface OriginResponse {
  status: number;
  body: Buffer;
  contentType: string;
  /** As in the HTTP header: whole seconds. Undefined for what isn't a file. */
  lastModified: string | undefined;
  /** The headers that tell of the file, such as its ETag; of a redirect, its target. */
  headers: Readonly<Record<string, string>>;
}

const CONTENT_TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".mp4": "video/mp4",
  ".png": "image/png",
  ".ts": "video/mp2t",
  ".txt": "text/plain",
};

const NOT_FOUND: OriginResponse = {
  status: 404,
  body: Buffer.from("The origin has no such file.\n"),
  contentType: "text/plain",
  lastModified: undefined,
  headers: {},
};

/** The size of a part of a multipart upload (choice: the uploader decides). */
const PART_BYTES = 1 << 20;

/**
 * Returns what the origin answers for a path. A directory is a 404: the origin has no index files. It reads
 * synchronously, so that no refresh happens between the reading of a file and its caching.
 *
 * @param pathAndQuery as sent; the origin ignores the query
 */
export function readOrigin(
  directory: string,
  domain: string,
  pathAndQuery: string,
  { originKind = "oss", answers = {} }: DomainConfig = {},
): OriginResponse {
  const path = pathAndQuery.split("?")[0] ?? "";
  const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (answer) return answerInstead(answer);
  const name = fileName(path);
  if (name === undefined) return NOT_FOUND;
  try {
    const file = join(directory, domain, name);
    const { mtime } = statSync(file);
    const body = readFileSync(file);
    const contentType = CONTENT_TYPES[extname(file)] ?? "application/octet-stream";
    const headers = describeFile(originKind, body, mtime);
    return { status: 200, body, contentType, lastModified: mtime.toUTCString(), headers };
  } catch {
    return NOT_FOUND;
  }
}

function answerInstead({ status, location, body = "", contentType = "text/html" }: OriginAnswer): OriginResponse {
  const headers = location === undefined ? {} : { Location: location };
  return { status, body: Buffer.from(body), contentType, lastModified: undefined, headers };
}

function describeFile(kind: OriginKind, body: Buffer, mtime: Date): Record<string, string> {
  const common = { "Accept-Ranges": "bytes" };
  if (kind === "nginx") {
    const seconds = Math.floor(mtime.getTime() / 1000);
    return { ...common, ETag: `"${seconds.toString(16)}-${body.length.toString(16)}"` };
  }
  const oss = { ...common, "x-oss-hash-crc64ecma": crc64(body), "x-oss-storage-class": "Standard" };
  if (kind === "oss-multipart") return { ...oss, ETag: multipartTag(body), "x-oss-object-type": "Multipart" };
  const hash = md5(body);
  const tags = { ETag: `"${hash.toString("hex").toUpperCase()}"`, "Content-MD5": hash.toString("base64") };
  return { ...oss, ...tags, "x-oss-object-type": "Normal" };
}

/** The MD5 of the parts' MD5s, with their number: it isn't the MD5 of the file, of one part either. */
function multipartTag(body: Buffer): string {
  const count = Math.max(1, Math.ceil(body.length / PART_BYTES));
  const hashes = Array.from({ length: count }, (_, part) =>
    md5(body.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)),
  );
  return `"${md5(Buffer.concat(hashes)).toString("hex").toUpperCase()}-${count}"`;
}

function md5(bytes: Buffer): Buffer {
  return createHash("md5").update(bytes).digest();
}

/** Decodes a path; returns undefined for a directory, and for a path that could lead out of the domain's folder. */
function fileName(encoded: string): string | undefined {
  try {
    const path = decodeURIComponent(encoded);
    const leadsOut = path.split(/[\\/]/).includes("..") || path.includes("\0");
    return leadsOut || path.endsWith("/") ? undefined : path;
  } catch {
    return undefined;
  }
}
