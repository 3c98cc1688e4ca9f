/**
 * Asks the edge as a viewer does: over connections that are kept, with certificates always checked, without compression, within bounds
 * of time and size. Nothing but the domain of a URL is asked.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { classifyNetworkError } from "../vod/network-error.js";
import { type Answer, chooseDigest, type Expected, judge, type Verdict, type WantedDigest } from "./judge.js";

/** The largest body that is read, in bytes: of a larger file, headers are compared. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** How long one request may take, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;

/** How many redirects within a domain are followed. */
const MAX_REDIRECTS = 3;

const CHUNK_BYTES = 256 * 1024;

/** A URL that the edge is asked for. */
export interface Question {
  url: string;
  expected: Expected;
  /** The file whose content is expected, where it is known. */
  file?: string | undefined;
  /** When the refresh was sent, in milliseconds. */
  since: number;
}

export interface AskOptions {
  /** A node to connect to in place of the one that the domain's name leads to. */
  address?: { host: string; port: number } | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Makes the agent of an origin. */
  agentFor(origin: string): Promise<http.Agent>;
  /** How many connections each domain may have. */
  connections: number;
  /** The time in milliseconds by this machine's clock. */
  now(): number;
  signal?: AbortSignal | undefined;
}

/** What was answered, or where it leads. */
type Reply = Answer | { location: URL } | { refused: Verdict };

export class EdgeClient {
  private readonly agents = new Map<string, Promise<http.Agent>>();
  /** The digests of files that are too large to be compared by their bodies. */
  private readonly digests = new Map<string, Promise<string | undefined>>();

  constructor(private readonly options: AskOptions) {}

  /** Asks for a URL, and judges what comes. Never throws, unless it is cancelled. */
  async ask(question: Question): Promise<Verdict> {
    try {
      return await this.follow(question);
    } catch (thrown) {
      if (this.options.signal?.aborted) throw thrown;
      if (thrown instanceof TooLate) return { outcome: "unanswered", seen: "no answer within 10 s" };
      const { what, retryable } = classifyNetworkError(thrown);
      return { outcome: retryable ? "unanswered" : "notVerifiable", seen: `it ${what}` };
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    for (const agent of await Promise.allSettled(this.agents.values())) {
      if (agent.status === "fulfilled") agent.value.destroy();
    }
  }

  private async follow(question: Question): Promise<Verdict> {
    const { expected, file, since } = question;
    let url = new URL(question.url);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const reply = await this.request(url, expected, !isSamePlace(new URL(question.url), url));
      if ("refused" in reply) return reply.refused;
      if (!("location" in reply)) {
        const wanted = reply.body === undefined ? chooseDigest(reply.headers) : undefined;
        const digest = wanted && file && expected.kind === "file" ? await this.digest(file, wanted) : undefined;
        return judge(expected, { ...reply, digest }, since);
      }
      url = reply.location;
    }
    return { outcome: "notVerifiable", seen: `more than ${MAX_REDIRECTS} redirects` };
  }

  private async request(url: URL, expected: Expected, isRedirected: boolean): Promise<Reply> {
    const { address, headers, now, signal } = this.options;
    const isSecure = url.protocol === "https:";
    const askedAt = now();
    const late = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const end = signal === undefined ? late : AbortSignal.any([signal, late]);
    const options: https.RequestOptions = {
      method: readsBody(expected) ? "GET" : "HEAD",
      agent: await this.agentFor(url.origin),
      host: address?.host ?? url.hostname,
      port: address?.port ?? (url.port || (isSecure ? 443 : 80)),
      path: url.pathname + url.search,
      headers: { "user-agent": "pulumi-alicloud-vod", ...headers, host: url.host, "accept-encoding": "identity" },
      signal: end,
      ...(isSecure ? { servername: url.hostname, rejectUnauthorized: true } : {}),
    };
    try {
      const response = await send(isSecure ? https : http, options);
      const answeredAt = now();
      const location = findLocation(response, url);
      const elsewhere = location && describeElsewhere(location, url);
      if (elsewhere !== undefined) {
        response.destroy();
        return { refused: { outcome: "notVerifiable", seen: `a redirect to ${elsewhere}` } };
      }
      if (location !== undefined && (expected.kind === "file" || isSamePlace(location, url))) {
        response.destroy();
        return { location };
      }
      const body = readsBody(expected) ? await readBody(response) : await skipBody(response);
      const given = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
      return {
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(given),
        body: body && (await describeBody(body, response.headers["content-encoding"])),
        isRedirected,
        askedAt,
        answeredAt,
      };
    } catch (error) {
      throw late.aborted && !signal?.aborted ? new TooLate() : error;
    }
  }

  private agentFor(origin: string): Promise<http.Agent> {
    const made =
      this.agents.get(origin) ??
      this.options.agentFor(origin).then((agent) => Object.assign(agent, { maxSockets: this.options.connections }));
    this.agents.set(origin, made);
    return made;
  }

  private digest(file: string, { algorithm }: WantedDigest): Promise<string | undefined> {
    const key = `${algorithm} ${file}`;
    // A file that can't be read any more is compared by its size.
    const digest = this.digests.get(key) ?? digestFile(file, algorithm).catch(() => undefined);
    this.digests.set(key, digest);
    return digest;
  }
}

/** A request took longer than it may. */
class TooLate extends Error {}

/** Whether a body may be compared: that of a small file, or of content whose hash the program gives. */
function readsBody(expected: Expected): boolean {
  if (expected.kind === "file") return (expected.size ?? 0) <= MAX_BODY_BYTES;
  return expected.kind === "copy" && /[0-9a-f]{64}$/i.test(expected.hash ?? "");
}

/** Whether two URLs differ by their scheme at most, as where the edge redirects to https. */
function isSamePlace(one: URL, other: URL): boolean {
  return one.hostname === other.hostname && one.pathname === other.pathname && one.search === other.search;
}

/** Why a redirect isn't followed: what was asked for goes to one domain, and never from https to http. */
function describeElsewhere(location: URL, from: URL): string | undefined {
  const isMoved = location.port !== from.port && (location.port !== "" || from.port !== "");
  if (location.hostname !== from.hostname || isMoved) return "another domain";
  return from.protocol === "https:" && location.protocol === "http:" ? "http" : undefined;
}

function findLocation({ statusCode = 0, headers: { location } }: IncomingMessage, url: URL): URL | undefined {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  return target !== undefined && /^https?:$/.test(target.protocol) ? target : undefined;
}

function send(module: typeof http | typeof https, options: https.RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = module.request(options, resolve);
    request.on("error", (error: NodeJS.ErrnoException) => {
      // The edge closed a connection that was kept, just when it was used again.
      const isClosed = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      if (isClosed) send(module, options).then(resolve, reject);
      else reject(error);
    });
    request.end();
  });
}

/** Reads a body within bounds; undefined if it is larger. */
async function readBody(response: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = Number(response.headers["content-length"] ?? 0) > MAX_BODY_BYTES ? Number.POSITIVE_INFINITY : 0;
  if (bytes === 0) {
    for await (const piece of response) {
      bytes += (piece as Buffer).length;
      if (bytes > MAX_BODY_BYTES) break;
      pieces.push(piece as Buffer);
    }
  }
  if (bytes <= MAX_BODY_BYTES) return Buffer.concat(pieces);
  response.destroy();
  return undefined;
}

async function skipBody(response: IncomingMessage): Promise<undefined> {
  for await (const _ of response);
  return undefined;
}

const DECODERS = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) } as const;

/** What is compared of a body; undefined if it is encoded in a way that can't be undone. */
async function describeBody(read: Buffer, encoding = "identity"): Promise<Answer["body"]> {
  const decode = DECODERS[encoding as keyof typeof DECODERS];
  if (encoding !== "identity" && decode === undefined) return undefined;
  const body = decode ? await decode(read, { maxOutputLength: MAX_BODY_BYTES }).catch(() => undefined) : read;
  if (body === undefined) return undefined;
  const hasPasswordField = /<input[^>]*\btype\s*=\s*["']?password\b/i.test(body.toString("latin1"));
  return { hash: createHash("sha256").update(body).digest(), size: body.length, hasPasswordField };
}

/** Reads a file in pieces for its digest. */
async function digestFile(file: string, algorithm: WantedDigest["algorithm"]): Promise<string> {
  const pieces = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  if (algorithm === "md5") {
    const hash = createHash("md5");
    for await (const piece of pieces) hash.update(piece as Buffer);
    return hash.digest("hex");
  }
  const { Crc64 } = await import("./crc64.js");
  const checksum = new Crc64();
  for await (const piece of pieces) checksum.update(piece as Buffer);
  return checksum.digest();
}
