/**
 * Writes the answer of an edge node: what it has, in the part and form that the viewer asks for, with the headers by which
 * people tell a copy from a fresh file.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";
import type { EdgeResponse } from "./edge.js";
import type { DomainConfig } from "./edge-config.js";
import type { OriginResponse } from "./origin.js";

export interface EdgeAnswer {
  status: number;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

/** Where and when an answer is written. */
export interface AnswerPlace {
  node: number;
  /** The service's time in ms since the epoch. */
  now: number;
  /** How many requests the node has had. */
  count: number;
}

/** The name in an answer's `Server` header. */
const SERVER = "Tengine";

/** What is larger comes from the disk of a node: `TCP_HIT`, not `TCP_MEM_HIT` (choice). */
const MEMORY_BYTES = 1 << 20;

/** How long the origin's answers are said to be kept, in seconds: a copy of OSS was seen with it. Copies here don't expire. */
const CACHE_SECONDS = 31_104_000;

/** What the edge compresses (page of CDN). */
const MIN_GZIP_BYTES = 1 << 10;
const MAX_GZIP_BYTES = 10 << 20;
const GZIP_TYPES = new Set([
  "application/javascript",
  "application/json",
  "application/rss+xml",
  "application/x-javascript",
  "application/xml",
  "image/svg+xml",
  "image/tiff",
  "text/css",
  "text/javascript",
  "text/plain",
  "text/xml",
]);

export function answerViewer(
  found: EdgeResponse,
  request: IncomingHttpHeaders,
  config: DomainConfig,
  place: AnswerPlace,
): EdgeAnswer {
  const { status, headers, body } = shape(found.response, request, config);
  const { cache, answeredAt, savedAt } = found;
  const seconds = (from: number, to: number) => Math.max(0, Math.floor((to - from) / 1000));
  const age = seconds(answeredAt, place.now);
  return {
    status,
    body,
    headers: {
      // The origin's, so that of a copy it is as old as the copy.
      Date: new Date(answeredAt).toUTCString(),
      ...headers,
      Via: formatVia(status, found, place.node),
      "Ali-Swift-Global-Savetime": String(Math.floor(found.sentAt / 1000)),
      ...((cache === "HIT" || age > 0) && { Age: age }),
      "X-Cache": formatOutcome(found, status),
      "X-Swift-SaveTime": new Date(savedAt).toUTCString(),
      "X-Swift-CacheTime": String(found.place === undefined ? 0 : CACHE_SECONDS - seconds(answeredAt, savedAt)),
      ...(status >= 400 && status !== 416 && { "X-Swift-Error": `orig response ${status < 500 ? 4 : 5}XX error` }),
      ...commonHeaders(place),
    },
  };
}

/** What a node answers on its own, without its cache. */
export function refuseViewer(status: number, headers: OutgoingHttpHeaders, place: AnswerPlace): EdgeAnswer {
  const body = Buffer.from(`<html><body><h1>${status}</h1></body></html>\n`);
  const node = nodeName(place.node);
  return {
    status,
    body,
    headers: {
      Date: new Date(place.now).toUTCString(),
      "Content-Type": "text/html",
      "Content-Length": body.length,
      ...headers,
      Via: `${node}[,${status === 403 ? 403003 : 0}]`,
      ...commonHeaders(place),
    },
  };
}

/** The EagleId is an address, the time in ms and a number. */
function commonHeaders({ node, now, count }: AnswerPlace): OutgoingHttpHeaders {
  const address = `7f${(node + 1).toString(16).padStart(6, "0")}`;
  const eagleId = `${address}${Math.floor(now)}${String(count % 10_000).padStart(4, "0")}e`;
  return { "Timing-Allow-Origin": "*", EagleId: eagleId, Server: SERVER };
}

function shape(response: OriginResponse, request: IncomingHttpHeaders, config: DomainConfig): EdgeAnswer {
  const { status, body, contentType, lastModified } = response;
  const varies = config.compression && GZIP_TYPES.has(contentType);
  const headers: OutgoingHttpHeaders = {
    "Content-Type": contentType,
    ...response.headers,
    ...(lastModified !== undefined && { "Last-Modified": lastModified }),
    ...(varies && { Vary: "Accept-Encoding" }),
  };
  if (status !== 200) return { status, headers: { ...headers, "Content-Length": body.length }, body };
  if (isUnchanged(response, request)) return { status: 304, headers, body: Buffer.alloc(0) };
  const range = parseRange(request.range, body.length);
  if (range) return cut(range, headers, body);
  const isSized = body.length >= MIN_GZIP_BYTES && body.length <= MAX_GZIP_BYTES;
  if (varies && isSized && acceptsGzip(request)) return compress(headers, body);
  return { status, headers: { ...headers, "Content-Length": body.length }, body };
}

/** Answers as nginx does, from which the server of the edge comes: the length isn't told, and the ETag becomes a weak one. */
function compress(headers: OutgoingHttpHeaders, body: Buffer): EdgeAnswer {
  const { "Accept-Ranges": _, ...kept } = headers;
  return {
    status: 200,
    headers: { ...kept, ETag: `W/${headers.ETag}`, "Content-Encoding": "gzip" },
    body: gzipSync(body),
  };
}

function acceptsGzip({ "accept-encoding": accepted = "" }: IncomingHttpHeaders): boolean {
  return String(accepted)
    .split(",")
    .some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding));
}

/** If-None-Match overrides If-Modified-Since. */
function isUnchanged({ headers, lastModified }: OriginResponse, request: IncomingHttpHeaders): boolean {
  const match = request["if-none-match"];
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  if (match !== undefined)
    return (
      match.trim() === "*" ||
      match
        .split(",")
        .map(opaque)
        .includes(headers.ETag ?? "")
    );
  const since = Date.parse(request["if-modified-since"] ?? "");
  return lastModified !== undefined && Date.parse(lastModified) <= since;
}

interface Range {
  first: number;
  last: number;
}

/** Returns undefined if the whole is wanted: without a range, with several ranges or with another unit. */
function parseRange(text: string | undefined, length: number): Range | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(text ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  if (from === "") return { first: to === "0" ? length : Math.max(0, length - Number(to)), last: length - 1 };
  if (to !== "" && Number(to) < Number(from)) return undefined;
  return { first: Number(from), last: Math.min(length - 1, to === "" ? length : Number(to)) };
}

function cut({ first, last }: Range, headers: OutgoingHttpHeaders, body: Buffer): EdgeAnswer {
  if (first >= body.length) {
    const range = { "Content-Range": `bytes */${body.length}`, "Content-Length": 0 };
    return { status: 416, headers: { ...headers, ...range }, body: Buffer.alloc(0) };
  }
  const part = body.subarray(first, last + 1);
  const range = { "Content-Range": `bytes ${first}-${last}/${body.length}`, "Content-Length": part.length };
  return { status: 206, headers: { ...headers, ...range }, body: part };
}

/** `dirn` is the place of a copy on the disks of a node; -2 is none. */
function formatOutcome({ cache, revalidated, place, response }: EdgeResponse, status: number): string {
  if (cache === "MISS") return `MISS ${revalidated ? "TCP_REFRESH_MISS" : "TCP_MISS"} dirn:-2:-2`;
  return `HIT ${classifyHit(revalidated, status, response.body.length)} dirn:0:${place}`;
}

function classifyHit(revalidated: boolean, status: number, length: number): string {
  if (revalidated) return "TCP_REFRESH_HIT";
  if (status === 304) return "TCP_IMS_HIT";
  return length > MEMORY_BYTES ? "TCP_HIT" : "TCP_MEM_HIT";
}

/** The way from the origin to the viewer: two servers of the layer above, and two of the node. */
function formatVia(status: number, { above, cache }: EdgeResponse, node: number): string {
  const code = `${status}-${status < 400 ? 0 : 1280}`;
  const [upper, lower] = [above, cache].map((outcome) => `[0,0,${code},${outcome[0]}]`);
  const name = nodeName(node);
  return `cache1.l2cn1802${upper}, cache2.l2cn1802[1,0], ${name}${lower}, ${name}[1,0]`;
}

function nodeName(node: number): string {
  return `cache${node + 1}.cn257`;
}
