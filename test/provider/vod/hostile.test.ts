/** What a hostile or broken endpoint can't do: keep a run waiting, fill its memory, or make it show secrets. */
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { type VodClientOptions, vodClient } from "../../../provider/vod/client.js";
import type { CredentialsSource } from "../../../provider/vod/credentials.js";
import { VodError } from "../../../provider/vod/errors.js";
import { createLimiter, type Limiter } from "../../../provider/vod/rate-limiter.js";
import { NO_RETRY } from "../../../provider/vod/retry.js";
import { MAX_ANSWER_BYTES } from "../../../provider/vod/rpc.js";
import { started } from "../../emulator/started.js";

const KEY = "LTAI5tKeyKeyKeyKeyKeyKey";
const SECRET = "secret+Secret/SECRET=seCRet42";
const TOKEN = "CAIS/token+with==signs/and&more";
const credentials = { accessKeyId: KEY, accessKeySecret: SECRET, securityToken: TOKEN };
const REQUEST = { paths: ["https://vod.example.com/a"], objectType: "File" as const, force: false };
const JSON_TYPE = { "content-type": "application/json" };
const MB = 1024 * 1024;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (listener: RequestListener) => listening(createHttpServer(listener));

/** A server that answers with any bytes; `closed` settles when the client has gone away. */
async function sending(send: (socket: Socket) => void) {
  let closed = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const endpoint = await listening(
    createServer((socket) => {
      socket.once("data", () => send(socket)).on("close", closed);
    }),
  );
  return { endpoint, gone };
}

/** Writes a piece again and again until the client goes away; gives the number of bytes written. */
function endlessly(socket: Socket, piece: Buffer | string): () => number {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
  return () => socket.bytesWritten;
}

async function failureOf(endpoint: string, options: Partial<VodClientOptions> = {}): Promise<VodError> {
  const client = vodClient({ endpoint, credentials, timeoutMs: 20_000, retry: NO_RETRY, ...options });
  const thrown = await client.refreshObjectCaches(REQUEST).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(VodError);
  return thrown as VodError;
}

describe("an answer without an end is cut off", () => {
  const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
  test.each([
    ["a body", `${OK}\r\n{"a":"`, "a".repeat(65_536), `answered with more than ${MAX_ANSWER_BYTES / MB} MB,`],
    [
      "100 MB of JSON",
      `${OK}content-length: 104857600\r\n\r\n`,
      "[1,2],".repeat(10_000),
      "answered with more than 4 MB,",
    ],
    [
      "a body in chunks of a byte",
      `${OK}transfer-encoding: chunked\r\n\r\n`,
      "1\r\na\r\n".repeat(10_000),
      "more than 4 MB,",
    ],
    [
      "announcements of an answer",
      "",
      "HTTP/1.1 102 Processing\r\n\r\n".repeat(2_000),
      "answered with more than 4 MB,",
    ],
    ["headers", OK, `x-header: ${"a".repeat(1_000)}\r\n`, "answered with headers that are too long,"],
    ["a header", `${OK}x-header: `, "a".repeat(10_000), "answered with headers that are too long,"],
    ["noise", "", "\u0001\u0002\u0003".repeat(1_000), "answered with something other than HTTP,"],
  ])("%s", async (_, head, piece, sentence) => {
    let sent = () => 0;
    const { endpoint, gone } = await sending((socket) => {
      socket.write(head);
      sent = endlessly(socket, piece);
    });
    const error = await failureOf(endpoint);
    expect(error).toMatchObject({ code: "InvalidResponse", outcomeUnknown: true });
    expect(error.message).toContain(sentence);
    await gone;
    // The bytes beyond the limit are in the buffers of the connection.
    expect(sent()).toBeLessThan(MAX_ANSWER_BYTES + 12 * MB);
  });

  test.each([
    ["nothing at all", ""],
    ["headers, a byte at a time", OK],
    ["a body, a byte at a time", `${OK}content-length: 1000000\r\n\r\n`],
  ])("%s, at the time limit", async (_, head) => {
    const { endpoint, gone } = await sending((socket) => {
      if (head === "") return;
      socket.write(head);
      const drip = setInterval(() => socket.write("a"), 5);
      socket.on("close", () => clearInterval(drip));
    });
    const begin = performance.now();
    const error = await failureOf(endpoint, { timeoutMs: 300 });
    expect(error).toMatchObject({ code: "Timeout", retryable: true, outcomeUnknown: true });
    expect(error.message).toContain("didn't answer within 0.3 s.");
    await gone;
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});

describe("an answer that would grow in memory is refused before that:", () => {
  const zeros = Buffer.alloc(64 * MB);
  test.each([
    ["gzip", gzipSync(zeros)],
    ["deflate", deflateSync(zeros)],
    ["br", Buffer.from("anything")],
  ])("one compressed with %s, which the request forbids", async (encoding, body) => {
    let headers: IncomingHttpHeaders = {};
    const endpoint = await answering((request, response) => {
      headers = request.headers;
      response.writeHead(200, { ...JSON_TYPE, "content-encoding": encoding }).end(body);
    });
    const before = process.memoryUsage().rss;
    expect((await failureOf(endpoint)).message).toContain("answered with a compressed body,");
    expect(headers["accept-encoding"]).toBe("identity");
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * MB);
  });

  test("a million rows, none of them valid", async () => {
    const rows = `{"TotalCount":1,"Tasks":{"Task":[${"{},".repeat(1_000_000)}{}]}}`;
    const endpoint = await answering((_, response) => response.writeHead(200, JSON_TYPE).end(rows));
    const client = vodClient({ endpoint, credentials, retry: NO_RETRY });
    await expect(client.describeRefreshTasks({ taskId: "1" })).rejects.toThrow(
      /answered with a list that is too long,/,
    );
  });

  test("a page of invalid rows, in one line", async () => {
    const rows = `{"TotalCount":1,"Tasks":{"Task":[${"{},".repeat(49)}{}]}}`;
    const endpoint = await answering((_, response) => response.writeHead(200, JSON_TYPE).end(rows));
    const error = await vodClient({ endpoint, credentials, retry: NO_RETRY })
      .describeRefreshTasks({ taskId: "1" })
      .catch((thrown: VodError) => thrown);
    expect(String(error)).toMatch(/without a valid Tasks\.Task\.0\.TaskId, ([\w.]+, ){3}[\w.]+ and [\d,]+ more,/);
  });

  test("more rows than a page has", async () => {
    const rows = `{"TotalCount":1,"Tasks":{"Task":[${"{},".repeat(50)}{}]}}`;
    const endpoint = await answering((_, response) => response.writeHead(200, JSON_TYPE).end(rows));
    const asking = vodClient({ endpoint, credentials, retry: NO_RETRY }).describeRefreshTasks({ taskId: "1" });
    await expect(asking).rejects.toThrow(/without a valid Tasks\.Task,/);
  });

  test.each([
    ["nested a million times", "[".repeat(1_000_000)],
    ["a sentence of blanks", `{"Code":"Brand.New","Message":"${" ".repeat(3 * MB)}!"}`],
    ["a sentence of escapes", `{"Code":"Brand.New","Message":"${"%25".repeat(MB)}"}`],
    ["a sentence of a million words", `{"Code":"Brand.New","Message":"${"a ".repeat(MB)}"}`],
    ["a code of a megabyte", `{"Code":"${"a".repeat(MB)}","Message":"."}`],
    ["a request ID of a megabyte", `{"RefreshTaskId":"1","RequestId":"${"a".repeat(MB)}"}`],
  ])("%s", async (_, body) => {
    const endpoint = await answering((_request, response) => response.writeHead(400, JSON_TYPE).end(body));
    const begin = performance.now();
    const long = { ...credentials, securityToken: TOKEN.repeat(50) };
    expect((await failureOf(endpoint, { credentials: long })).message.length).toBeLessThan(600);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});

test("a redirect is not followed", async () => {
  const elsewhere = await started();
  const endpoint = await answering((_, response) => response.writeHead(307, { location: elsewhere.endpoint }).end());
  expect(await failureOf(endpoint)).toMatchObject({ code: "InvalidResponse", httpStatus: 307 });
  expect(elsewhere.received).toEqual([]);
});

test("a throttle that asks for eleven days stops the other calls for ten minutes", async () => {
  const limiter = createLimiter();
  const endpoint = await answering((_, response) => {
    response.writeHead(503, { ...JSON_TYPE, "x-acs-retry-after": "999999999" }).end('{"Code":"Throttling"}');
  });
  expect(await failureOf(endpoint, { limiter })).toMatchObject({ code: "Throttling", retryAfterMs: 600_000 });
  expect(limiter.pauseMs()).toBeLessThanOrEqual(600_000);
});

describe("a secret that an answer repeats is not shown", () => {
  const json = (text: string) => [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  const spellings: Record<string, (text: string) => string> = {
    "as it is": (text) => text,
    "in lower case": (text) => text.toLowerCase(),
    percent: encodeURIComponent,
    "percent in lower case": (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
    "percent, four times": (text) => [1, 2, 3, 4].reduce((spelt) => encodeURIComponent(spelt), text),
    "escaped for JSON": json,
    "escaped for JSON twice": (text) => json(text).replaceAll("\\", "\\\\"),
    "slashes escaped": (text) => text.replaceAll("/", "\\/"),
    "HTML by name": (text) => text.replaceAll("&", "&amp;").replaceAll("+", "&plus;").replaceAll("/", "&sol;"),
    "HTML by number": (text) => text.replace(/\W/g, (c) => `&#${c.charCodeAt(0)};`),
    "HTML by hexadecimal number": (text) => text.replace(/\W/g, (c) => `&#x${c.charCodeAt(0).toString(16)};`),
    "HTML of percent": (text) => encodeURIComponent(text).replaceAll("%", "&#x25;"),
    base64: (text) => Buffer.from(text).toString("base64"),
    "base64 after a user's name": (text) => Buffer.from(`me:${text}`).toString("base64"),
    "split by what can't be seen": (text) => [...text].join("\u200b"),
    "but for its beginning": (text) => text.slice(6),
    "but for its end": (text) => text.slice(0, -6),
  };

  test.each(Object.entries(spellings))("%s", async (_, spell) => {
    for (const secret of Object.values(credentials)) {
      const Message = `Not today: ${spell(secret)}, (${spell(secret)}) or "x=${spell(secret)}".`;
      const endpoint = await answering((_request, response) => {
        response.writeHead(400, JSON_TYPE).end(JSON.stringify({ Code: "Brand.New", Message, RequestId: "R-1" }));
      });
      expect((await failureOf(endpoint)).message).toMatch(
        /^The VOD API refused the call: Not today: \[secret\] \[secret\] or \[secret\]\. Look up the code on/,
      );
    }
  });

  test.each([
    ["the code", { Code: KEY, Message: "No.", RequestId: "R-1" }, {}],
    ["the request ID", { Code: "Brand.New", Message: "No.", RequestId: KEY }, {}],
    ["the content type", {}, { "content-type": `text/${TOKEN.replace(/[^\w/+]/g, "")}` }],
    ["the name of a field", { [TOKEN]: TOKEN }, {}],
  ])("in %s", async (_, body, headers) => {
    const endpoint = await answering((_request, response) => {
      response.writeHead(400, { ...JSON_TYPE, ...headers }).end(JSON.stringify(body));
    });
    const error = await failureOf(endpoint);
    const all = `${error} ${error.stack} ${JSON.stringify(error)} ${Object.values(error).join(" ")}`;
    expect(all).not.toMatch(/LTAI|CAIS|secret\+/);
    expect(error.cause).toBeUndefined();
  });

  test("nor is a control sequence of a terminal followed", async () => {
    const body = { Code: "Brand.New", Message: "Not\u001b[2J\r\nto\u202eday\u0000." };
    const endpoint = await answering((_, response) => response.writeHead(400, JSON_TYPE).end(JSON.stringify(body)));
    expect((await failureOf(endpoint)).message).toMatch(
      /^The VOD API refused the call: Not\\x1b\[2J to\\u202eday\\x00\. Look/,
    );
  });
});

test("what a task failed for is one line without secrets, signatures and queries", async () => {
  const endpoint = await answering(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const signature = new URLSearchParams(body).get("Signature") ?? "";
    const Description = [
      "\u001b[31mFailed:\r\n",
      SECRET,
      TOKEN.slice(2),
      signature,
      signature.slice(0, -4),
      Buffer.from(signature, "base64").toString("base64url"),
      "https://user:password@a.example.com/x?auth_key=1700-0-0-5ec2e7",
      "(a.example.com/y#auth_key=5ec2e7).",
      "z".repeat(400),
    ].join(" ");
    const row = { TaskId: "1", ObjectPath: REQUEST.paths[0], ObjectType: "file", Status: "Failed", Process: "100%" };
    const Task = [{ ...row, CreationTime: "2026-01-01T00:00:00Z", Description }];
    response.writeHead(200, JSON_TYPE).end(JSON.stringify({ RequestId: "R-1", TotalCount: 1, Tasks: { Task } }));
  });
  const client = vodClient({ endpoint, credentials, retry: NO_RETRY });
  const [row] = await client.describeRefreshTasks({ taskId: "1" });
  expect(row?.description).toMatch(
    /^\\x1b\[31mFailed: \[secret\] \[secret\] \[secret\] \[secret\] \[secret\] https:\/\/…@a\.example\.com\/x\?… \(a\.example\.com\/y#…\)\. z+…$/,
  );
  expect(row?.description).toHaveLength(300);
});

test("IDs that hold what was sent are no IDs", async () => {
  const bodies = [
    { RefreshTaskId: `1,${KEY}`, RequestId: "R-1" },
    { RefreshTaskId: "1", RequestId: KEY.toLowerCase() },
  ];
  for (const body of bodies) {
    const endpoint = await answering((_, response) => response.writeHead(200, JSON_TYPE).end(JSON.stringify(body)));
    const error = await failureOf(endpoint);
    expect(error).toMatchObject({ code: "InvalidResponse", outcomeUnknown: true });
    expect(error.message).not.toMatch(/ltai/i);
  }
});

describe("credentials", () => {
  const sourceOf = (get: CredentialsSource["get"]): CredentialsSource => ({ description: "the test", get });

  test("are asked for before each request, also of concurrent calls", async () => {
    const emulator = await started();
    let asked = 0;
    const next = async () => ({ accessKeyId: `LTAIkey${++asked}`, accessKeySecret: "secretsecret" });
    const client = vodClient({ endpoint: emulator.endpoint, credentials: sourceOf(next), retry: NO_RETRY });
    await Promise.allSettled([1, 2, 3].map(() => client.refreshObjectCaches(REQUEST)));
    const keys = emulator.received.map(({ parameters }) => parameters.AccessKeyId);
    expect(keys.sort()).toEqual(["LTAIkey1", "LTAIkey2", "LTAIkey3"]);
  });

  test("that are renewed while a call waits sign it", async () => {
    const emulator = await started({ securityToken: "CAISold" });
    let securityToken = "CAISold";
    const { endpoint, accessKeyId, accessKeySecret } = emulator;
    emulator.fault({ kind: "throttle", times: 1 });
    const sleep = async () => {
      securityToken = "CAISnew";
      emulator.set({ securityToken });
    };
    const ask = async () => ({ accessKeyId, accessKeySecret, securityToken });
    const limiter: Limiter = { run: (call) => call(), pauseMs: () => 0, queueMs: () => 0 };
    await vodClient({ endpoint, credentials: sourceOf(ask), sleep, limiter }).refreshObjectCaches(REQUEST);
    expect(emulator.received.map(({ status }) => status)).toEqual([503, 200]);
  });

  test.each([
    [
      "without a key",
      { accessKeyId: "", accessKeySecret: "s" },
      "Credentials could not be loaded: the access key ID is empty.",
    ],
    [
      "with a blank key",
      { accessKeyId: " ", accessKeySecret: "s" },
      "Credentials could not be loaded: the access key ID is empty.",
    ],
    [
      "without a secret",
      { accessKeyId: "k", accessKeySecret: "" },
      "Credentials could not be loaded: the access key secret is empty.",
    ],
    ["of nobody", undefined as never, "Credentials could not be loaded: the access key ID is empty."],
  ])("%s are never sent", async (_, found, sentence) => {
    const emulator = await started();
    const error = await failureOf(emulator.endpoint, { credentials: sourceOf(async () => found) });
    expect(error).toMatchObject({ code: "NoCredentials", retryable: false });
    expect(error.message).toMatch(new RegExp(`^${sentence} Check the source of this run's credentials\\.`));
    expect(emulator.received).toEqual([]);
  });

  test("whose source fails show nothing of its error, except for a VodError", async () => {
    const failing = (error: Error) =>
      failureOf("http://127.0.0.1:1", { credentials: sourceOf(() => Promise.reject(error)) });
    expect((await failing(new Error(SECRET))).message).toMatch(
      /^Credentials could not be loaded\. .* \(code NoCredentials\)$/,
    );
    const ours = new VodError("The role can't be assumed.", "Check it.", { code: "NoCredentials" });
    expect(await failing(ours)).toBe(ours);
  });
});
