/**
 * Services that give credentials, on the loopback address, and files that hold them; all are removed after each test. A
 * refusal repeats everything that was sent in its message, as real ones may.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { close, listen } from "../../../emulator/listen.js";
import { sign, stringToSign } from "../../../emulator/signature.js";
import { requestPairs, type WireRequest } from "../../../emulator/wire.js";
import { readRequest } from "../../../emulator/wire-request.js";
import { type FindOptions, findCredentials, type Identity } from "../../../provider/credentials/chain.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

/** The start of the tests' clocks. */
export const START = new Date("2026-11-24T04:00:00Z");

/** A clock that stands still until a test moves it on. */
export function clock(start = START) {
  let ms = start.getTime();
  const now = () => new Date(ms);
  const minutesLater = (minutes: number) => {
    ms += minutes * 60_000;
  };
  return { now, minutesLater };
}

/** Starts a server and gives its origin. */
export async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  cleanups.push(() => close(server));
  return listen(server, 0);
}

/** Starts a server whose answers never end. `sent` is how many bytes it wrote. */
export async function servingWithoutEnd(): Promise<{ origin: string; sent: () => number }> {
  let sent = 0;
  const origin = await serving((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, " "))) sent += 65_536;
    };
    response.on("drain", more);
    more();
  });
  return { origin, sent: () => sent };
}

/** Makes an empty directory. */
export function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "identity-"));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Makes a file with that content. */
export function file(content: string): string {
  const path = join(directory(), "file");
  writeFileSync(path, content);
  return path;
}

/** Makes a configuration of the CLI with these profiles; the first is the current one. */
export function configFile(...profiles: { name: string; [field: string]: unknown }[]): string {
  return file(JSON.stringify({ current: profiles[0]?.name, profiles, meta_path: "" }));
}

/** Finds credentials in the given settings alone: nothing is read from this machine. */
export function find(
  config: Record<string, unknown>,
  environment: Record<string, string> = {},
  { identity = {}, ...options }: FindOptions & { identity?: Identity } = {},
) {
  const read = (key: string) => {
    const value = config[key];
    return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
  };
  return findCredentials(identity, read, environment, { now: () => START, ...options });
}

/** The error of a failed attempt to find or to get credentials. */
export async function failureOf(attempt: () => unknown): Promise<Error & { [field: string]: unknown }> {
  try {
    await attempt();
  } catch (error) {
    return error as Error & { [field: string]: unknown };
  }
  throw new Error("It didn't fail.");
}

/** A request that a fake received. */
interface Received {
  method: string;
  path: string;
  headers: WireRequest["headers"];
  /** The parameters of the query and the body together. */
  parameters: Record<string, string | undefined>;
  /** The query alone, which logs and proxies may keep. */
  query: string;
}

async function receive(incoming: Parameters<RequestListener>[0]): Promise<WireRequest & Received> {
  const request = await readRequest(incoming);
  if (request === undefined) throw new Error("The request is too long.");
  return { ...request, parameters: Object.fromEntries(requestPairs(request)) };
}

const reply = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const REQUEST_ID = "E916EC69-9456-4D7F-96C5-BA8E098E1B66";

/** What a fake STS accepts, and what it answers instead of credentials. */
interface StsOptions {
  keys?: Record<string, { secret: string; token?: string }>;
  oidcTokens?: readonly string[];
  /** A code that every well-formed request is refused with. */
  refuse?: { status: number; code: string };
  now?: () => Date;
}

/**
 * Starts a fake STS: AssumeRole needs a valid signature, AssumeRoleWithOIDC must have none. The issued credentials
 * work again.
 */
export async function fakeSts({ keys = {}, oidcTokens = [], refuse, now = () => START }: StsOptions = {}) {
  const known = { ...keys };
  const received: Received[] = [];

  const judge = (
    request: WireRequest,
    parameters: Received["parameters"],
  ): { status: number; code: string } | undefined => {
    const { Action, AccessKeyId = "", Signature, SecurityToken, OIDCToken = "" } = parameters;
    if (parameters.Version !== "2015-04-01" || parameters.Format !== "JSON")
      return { status: 400, code: "InvalidVersion" };
    if (Action === "AssumeRoleWithOIDC") {
      if (AccessKeyId !== "" || Signature !== undefined) return { status: 400, code: "MustNotBeSigned" };
      return oidcTokens.includes(OIDCToken) ? refuse : { status: 401, code: "AuthenticationFail.OIDCToken.Expired" };
    }
    if (Action !== "AssumeRole") return { status: 404, code: "InvalidAction.NotFound" };
    const key = known[AccessKeyId];
    if (key === undefined) return { status: 404, code: "InvalidAccessKeyId.NotFound" };
    const text = stringToSign(request.method, requestPairs(request));
    if (Signature !== sign(key.secret, text)) return { status: 400, code: "SignatureDoesNotMatch" };
    return SecurityToken === key.token ? refuse : { status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey" };
  };

  const origin = await serving(async (incoming, response) => {
    const request = await receive(incoming);
    const { method, path, headers, query, parameters } = request;
    received.push({ method, path, headers, query, parameters });
    const refused = judge(request, parameters);
    if (refused !== undefined) {
      const Message = `Refused. server string to sign is:${request.body} ${query} ${JSON.stringify(known)}`;
      return reply(response, refused.status, { Code: refused.code, Message, RequestId: REQUEST_ID, HostId: "sts" });
    }
    const number = received.length;
    const issued = {
      AccessKeyId: `STS.issued${number}`,
      AccessKeySecret: `secret${number}`,
      SecurityToken: `token${number}`,
    };
    known[issued.AccessKeyId] = { secret: issued.AccessKeySecret, token: issued.SecurityToken };
    const Expiration = secondsLater(now(), Number(parameters.DurationSeconds ?? 3600));
    return reply(response, 200, {
      Credentials: { ...issued, Expiration },
      AssumedRoleUser: { Arn: `${parameters.RoleArn}/${parameters.RoleSessionName}`, AssumedRoleId: "1" },
      RequestId: REQUEST_ID,
    });
  });
  return { origin, received, environment: { ALIBABA_CLOUD_STS_ENDPOINT: origin } };
}

/** Starts a fake metadata service of an instance with one role, in the security hardening mode alone. */
export async function fakeMetadata(role: string, now: () => Date = () => START) {
  const received: Received[] = [];
  const tokens: string[] = [];
  const origin = await serving(async (incoming, response) => {
    const { method, path, headers, query, parameters } = await receive(incoming);
    received.push({ method, path, headers, query, parameters });
    if (method === "PUT" && path === "/latest/api/token") {
      const ttl = Number(headers["x-aliyun-ecs-metadata-token-ttl-seconds"]);
      if (!(ttl >= 1 && ttl <= 21_600)) return response.writeHead(400).end();
      tokens.push(`metadata-token-${tokens.length}`);
      return response.end(tokens.at(-1));
    }
    if (!tokens.includes(headers["x-aliyun-ecs-metadata-token"] ?? "")) return response.writeHead(403).end(`${tokens}`);
    if (path === "/latest/meta-data/ram/security-credentials/") return response.end(`${role}\n`);
    if (path !== `/latest/meta-data/ram/security-credentials/${role}`) return response.writeHead(404).end(`${tokens}`);
    return reply(response, 200, issuedBy("metadata", received.length, now()));
  });
  return { origin, received };
}

/** Starts a fake credentials URI; the URI holds a secret. */
export async function fakeUri(now: () => Date = () => START, change: (answer: object) => object = (answer) => answer) {
  const received: Received[] = [];
  const origin = await serving(async (incoming, response) => {
    const { method, path, headers, query, parameters } = await receive(incoming);
    received.push({ method, path, headers, query, parameters });
    reply(response, 200, change(issuedBy("uri", received.length, now())));
  });
  return { origin, uri: `${origin}/credentials?ticket=t1cket`, received };
}

function issuedBy(service: string, number: number, now: Date) {
  return {
    Code: "Success",
    AccessKeyId: `STS.${service}${number}`,
    AccessKeySecret: `${service}-secret${number}`,
    SecurityToken: `${service}-token${number}`,
    Expiration: secondsLater(now, 3600),
    LastUpdated: secondsLater(now, 0),
  };
}

function secondsLater(now: Date, seconds: number): string {
  return `${new Date(now.getTime() + seconds * 1000).toISOString().slice(0, 19)}Z`;
}
