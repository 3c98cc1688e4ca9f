/**
 * The properties that hold for every path and for every answer. The tests check them briefly, `npm run fuzz` at length.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { findCredentials } from "../../provider/credentials/chain.js";
import { showPath } from "../../provider/text/show.js";
import { type VodClient, vodClient } from "../../provider/vod/client.js";
import { VodError } from "../../provider/vod/errors.js";
import { OBJECT_TYPES } from "../../provider/vod/limits.js";
import { domainOf, normalizePath } from "../../provider/vod/paths.js";
import { NO_RETRY } from "../../provider/vod/retry.js";
import { TASK_STATUSES } from "../../provider/vod/tasks.js";
import { type Answerer, startAnswerer } from "./answerer.js";
import { answers, CREDENTIALS } from "./answers.js";

export interface Property {
  name: string;
  check(parameters: fc.Parameters<unknown>): Promise<fc.RunDetails<unknown>>;
}

/** Describes why a property doesn't hold, with the smallest input; returns undefined if it holds. */
export function formatReport(details: fc.RunDetails<unknown>): string | undefined {
  const report = fc.defaultReportMessage(details);
  return report === undefined ? undefined : `${report}\n${details.errorInstance}`;
}

const PIECES = [
  ...["https://", "http://", "HTTPS://", "ftp://", "//", "/", "\\", "?", "#", "@", ":", ":443", ":80", ":8080", "*"],
  ...[
    "vod.example.com",
    "VOD.Example.com",
    "视频.example.com",
    "straße.example",
    "xn--",
    "0x7f.1",
    "127.0.0.1",
    "[::1]",
  ],
  ...["%", "%2e", "%2E%2e", "..", ".", "。", "%0A", "%0d%0a", "%00", "%C3%A9", "%zz", "é", "片", "😀", "e\u0301"],
  ...["\n", "\r", "\0", "\t", " ", "\u0085", "\u2028", "\u00a0", "\u00ad", "\u200b", "\ufeff", "\ud800", "\udc00"],
  ...["{", "}", "|", "^", "'", '"', "<", ">", "`", "[", "]", "(", ")", "+", "$", "&", "=", "~", "-", "_", "a", "."],
];
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
);
const tail = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
const path = fc.oneof(
  { weight: 1, arbitrary: tail },
  { weight: 3, arbitrary: tail.map((rest) => `https://vod.example.com/${rest}`) },
  { weight: 1, arbitrary: tail.map((rest) => `https://${rest}.example.com/`) },
);
const objectType = fc.constantFrom(...OBJECT_TYPES);

const normalize = (...given: Parameters<typeof normalizePath>) => {
  const result = normalizePath(...given);
  return "path" in result ? result.path : undefined;
};

/**
 * Returns the URL that a client requests. Node before 24 leaves a `^` as it is, which the URL standard encodes in a
 * path.
 */
const requestedUrl = (text: string) => {
  const { href, search, hash } = new URL(text);
  const rest = search + hash;
  return href.slice(0, href.length - rest.length).replaceAll("^", "%5E") + rest;
};

const pathProperty = <T extends [unknown, ...unknown[]]>(name: string, property: fc.IProperty<T>): Property => ({
  name,
  check: async (parameters) => fc.check(property, parameters as fc.Parameters<T>) as fc.RunDetails<unknown>,
});

const PATHS: Property[] = [
  pathProperty(
    "a path is sent as one line of ASCII on the same host, or refused in one line",
    fc.property(path, objectType, (text, type) => {
      const result = normalizePath(text, type);
      if ("problem" in result) return assert.match(result.problem, /^[a-z][^\p{Cc}\u2028\u2029]+$/u);
      assert.match(result.path, /^[!-~]+$/);
      assert.match(domainOf(result.path), /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/);
    }),
  ),
  pathProperty(
    "a normalised path stays as it is",
    fc.property(path, objectType, (text, type) => {
      const sent = normalize(text, type);
      if (sent !== undefined) assert.equal(normalize(sent, type), sent);
    }),
  ),
  pathProperty(
    "a normalised path names the object that a client requests",
    fc.property(path, (text) => {
      const sent = normalize(text, "File");
      if (sent === undefined || !/^https?:/i.test(text)) return;
      assert.equal(requestedUrl(sent), requestedUrl(text));
    }),
  ),
  pathProperty(
    "a path is shown as one line of at most 120 characters",
    fc.property(fc.oneof(path, fc.string({ unit: "binary", maxLength: 400 })), (text) => {
      assert.match(showPath(text), /^[^\p{Cc}\u2028\u2029]{0,120}$/u);
    }),
  ),
  pathProperty(
    "a long path is normalised within a second",
    fc.property(tail, piece, objectType, (rest, repeated, type) => {
      const begin = performance.now();
      normalizePath(`https://vod.example.com/${rest}${repeated.repeat(5_000)}${rest}`, type);
      normalizePath(`https://${repeated.repeat(5_000)}${rest}`, type);
      assert.ok(performance.now() - begin < 1_000, "it took more than a second");
    }),
  ),
];

const TIMEOUT_MS = 150;
/** How long a busy machine may take beyond the time limit of each request. */
const SLACK_MS = 5_000;
const SENTENCES = /^\S.*\. [A-Z].*\. \(code [\w.-]{1,100}(, HTTP \d{3})?(, request ID [\w.-]{1,100})?\)$/;

const OPERATIONS = {
  refresh: async (client: VodClient) => {
    const request = { paths: ["https://vod.example.com/a"], objectType: "File" as const, force: false };
    const { refreshTaskId, requestId } = await client.refreshObjectCaches(request);
    assert.match(refreshTaskId, /^[^\s,]+(,[^\s,]+)*$/);
    assert.match(requestId ?? "", /^[\w.-]{1,100}$/);
  },
  preload: async (client: VodClient) => {
    const { preloadTaskId, requestId } = await client.preloadObjectCaches({ paths: ["https://vod.example.com/a"] });
    assert.match(preloadTaskId, /^[^\s,]+(,[^\s,]+)*$/);
    assert.match(requestId ?? "", /^[\w.-]{1,100}$/);
  },
  quota: async (client: VodClient) => {
    const { urls, directories } = await client.describeRefreshQuota();
    for (const left of [urls.quota, urls.remain, directories.quota, directories.remain]) assert.ok(left >= 0);
  },
  tasks: async (client: VodClient) => {
    for (const row of await client.describeRefreshTasks({ taskId: "1" })) {
      assert.ok(TASK_STATUSES.includes(row.status));
      assert.ok(row.percent >= 0 && !Number.isNaN(row.createdAt.getTime()));
    }
  },
};

function judge(error: unknown): void {
  if (!(error instanceof VodError)) throw error;
  assert.match(error.message, SENTENCES);
  assert.ok(error.message.length < 1_000, "the message is long");
  assert.doesNotMatch(error.message, /\p{Cc}|\p{Cf}/u);
  assert.equal(error.stack, "");
  assert.equal(error.cause, undefined);
  const all = `${error.message} ${JSON.stringify(error)} ${Object.values(error).join(" ")}`.toLowerCase();
  for (const secret of Object.values(CREDENTIALS)) {
    for (const spelt of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").slice(0, -4)]) {
      assert.ok(!all.includes(spelt.toLowerCase()), `it shows ${spelt}`);
    }
  }
}

/** The settings with which each source gets its credentials from the service at `origin`. */
const SOURCES: Record<string, (origin: string) => Record<string, string>> = {
  role: (origin) => ({
    "alicloud:accessKey": CREDENTIALS.accessKeyId,
    "alicloud:secretKey": CREDENTIALS.accessKeySecret,
    "alicloud:securityToken": CREDENTIALS.securityToken,
    "alicloud:assumeRole": '{"roleArn":"acs:ram::1:role/x"}',
    "alicloud:endpoints": JSON.stringify({ sts: origin }),
  }),
  oidc: (origin) => ({
    "alicloud:assumeRoleWithOidc": JSON.stringify({
      roleArn: "acs:ram::1:role/x",
      oidcProviderArn: "acs:ram::1:oidc-provider/x",
      oidcToken: CREDENTIALS.securityToken,
    }),
    "alicloud:endpoints": JSON.stringify({ sts: origin }),
  }),
  instance: () => ({ "alicloud:ecsRoleName": "vod" }),
  uri: (origin) => ({ "alicloud:credentialsUri": `${origin}/?ticket=${CREDENTIALS.accessKeySecret}` }),
};

/** Gets the credentials of a source once, and checks that they are complete. */
const credentialsFrom = (settings: (origin: string) => Record<string, string>) => async (origin: string) => {
  const config = settings(origin);
  const times = { timeoutMs: TIMEOUT_MS, metadataTimeoutMs: TIMEOUT_MS, metadataOrigin: origin };
  const found = await findCredentials({}, (key) => config[key], {}, times).get();
  for (const part of [found.accessKeyId, found.accessKeySecret, found.securityToken]) assert.match(part ?? "", /^\S+$/);
};

const calling = (use: (client: VodClient) => Promise<void>) => (endpoint: string) => {
  const limiter = { run: <T>(call: () => Promise<T>) => call(), pauseMs: () => 0, queueMs: () => 0 };
  const client = vodClient({ endpoint, credentials: CREDENTIALS, timeoutMs: TIMEOUT_MS, retry: NO_RETRY, limiter });
  return use(client);
};

const answerProperty = (name: string, use: (endpoint: string) => Promise<void>): Property => ({
  name,
  check: async (parameters) => {
    const answerer = await startAnswerer();
    try {
      return (await fc.check(
        survives(answerer, use),
        parameters as fc.Parameters<[unknown]>,
      )) as fc.RunDetails<unknown>;
    } finally {
      await answerer.close();
    }
  },
});

/** Makes a call against any answer: it gives a valid result, or an error that users may see, in time. */
function survives({ endpoint, next, requests }: Answerer, use: (endpoint: string) => Promise<void>) {
  return fc.asyncProperty(answers, async (answer) => {
    next(answer);
    const begin = performance.now();
    await use(endpoint).catch(judge);
    const limit = Math.max(1, requests()) * TIMEOUT_MS + SLACK_MS;
    assert.ok(performance.now() - begin < limit, "it took longer than the time limit");
  });
}

export const PROPERTIES: readonly Property[] = [
  ...PATHS,
  ...Object.entries(OPERATIONS).map(([name, use]) =>
    answerProperty(
      `any answer to the operation ${name} gives a valid result or an error of two sentences`,
      calling(use),
    ),
  ),
  ...Object.entries(SOURCES).map(([name, settings]) =>
    answerProperty(
      `any answer to the source ${name} gives complete credentials or an error of two sentences`,
      credentialsFrom(settings),
    ),
  ),
];
