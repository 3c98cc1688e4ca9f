/** How the edge is asked, by servers that answer in their own ways. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AskOptions, EdgeClient, MAX_BODY_BYTES, type Question } from "../../../provider/edge/ask.js";
import type { Expected } from "../../../provider/edge/judge.js";
import { agentFor } from "../../../provider/vod/http-agent.js";

const DOMAIN = "vod.example.com";
const URL_A = `http://${DOMAIN}/a?x=1`;
const hashOf = (body: string | Buffer) => createHash("sha256").update(body).digest("base64url").slice(0, 7);
const file = (body: string | Buffer): Expected => ({ kind: "file", hash: hashOf(body), size: body.length });
const COPY: Expected = { kind: "copy" };

let server: Server;
let requests: IncomingMessage[];
let sockets: Socket[];
let answerWith: RequestListener;
let client: EdgeClient | undefined;
let directory: string;

beforeEach(async () => {
  [requests, sockets] = [[], []];
  answerWith = (_, response) => response.end("new");
  server = http.createServer((request, response) => {
    requests.push(request);
    answerWith(request, response);
  });
  server.on("connection", (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  directory = mkdtempSync(join(tmpdir(), "ask-"));
});

afterEach(async () => {
  await client?.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

function open(more: Partial<AskOptions> = {}): EdgeClient {
  const { port } = server.address() as AddressInfo;
  const address = { host: "127.0.0.1", port };
  const own = { agentFor: (origin: string) => agentFor(origin, undefined), connections: 1, now: Date.now };
  client = new EdgeClient({ address, ...own, ...more });
  return client;
}

const question = (expected: Expected, more: Partial<Question> = {}): Question => ({
  url: URL_A,
  expected,
  since: Date.now(),
  ...more,
});

test("a node is asked for the domain, without compression, with the headers of the program, over one connection", async () => {
  const asking = open({ headers: { Referer: "https://www.example.com/" } });
  expect(await asking.ask(question(file("new")))).toEqual({ outcome: "fresh", seen: "the hash of its body" });
  expect(await asking.ask(question(COPY))).toMatchObject({ outcome: "notVerifiable" });
  expect(requests.map(({ method, url }) => [method, url])).toEqual([
    ["GET", "/a?x=1"],
    ["HEAD", "/a?x=1"],
  ]);
  for (const { headers } of requests) {
    expect(headers).toMatchObject({
      host: DOMAIN,
      "accept-encoding": "identity",
      referer: "https://www.example.com/",
      "user-agent": "pulumi-alicloud-vod",
    });
  }
  expect(sockets).toHaveLength(1);
});

test("a body that is compressed all the same is read, and one that is too large then isn't", async () => {
  answerWith = (_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync("new"));
  expect((await open().ask(question(file("new")))).outcome).toBe("fresh");
  answerWith = (_, response) =>
    response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1)));
  expect((await open().ask(question(file("new")))).outcome).toBe("notVerifiable");
  answerWith = (_, response) => response.setHeader("content-encoding", "x-own").end("new");
  expect((await open().ask(question(file("new")))).outcome).toBe("notVerifiable");
});

test("a body beyond the bound is not read to its end, whether or not its length is told", async () => {
  for (const headers of [{ "content-length": String(10 * MAX_BODY_BYTES) }, {}]) {
    let sent = 0;
    answerWith = (_, response) => {
      response.writeHead(200, headers);
      const write = () => {
        while (sent < 9 * MAX_BODY_BYTES && !response.destroyed) {
          sent += 64 * 1024;
          if (!response.write(Buffer.alloc(64 * 1024))) return response.once("drain", write);
        }
      };
      write();
    };
    const verdict = await open().ask(question(file("new")));
    expect(verdict.outcome).toMatch(/stale|notVerifiable/);
    expect(sent).toBeLessThan(9 * MAX_BODY_BYTES);
  }
});

test("a large file is compared by the MD5 or the CRC-64 of the file, which is read in pieces", async () => {
  const content = Buffer.alloc(MAX_BODY_BYTES + 1, "x");
  const path = join(directory, "large.mp4");
  writeFileSync(path, content);
  const md5 = createHash("md5").update(content).digest("hex").toUpperCase();
  const asking = open();
  const ask = (headers: Record<string, string>) => {
    answerWith = (_, response) => {
      response.writeHead(200, { "x-oss-request-id": "1", "x-cache": "HIT TCP_HIT", age: "3600", ...headers }).end();
    };
    return asking.ask(question(file(content), { file: path }));
  };
  expect(await ask({ etag: `"${md5}"` })).toEqual({ outcome: "fresh", seen: "its ETag" });
  expect(await ask({ etag: '"4A2AF5CB747AD540651EB4AC051CFC59"' })).toMatchObject({ outcome: "stale" });
  expect(await ask({ "x-oss-hash-crc64ecma": "1" })).toMatchObject({ outcome: "stale" });
  expect(requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD", "HEAD"]);
  rmSync(path);
  const gone = await open().ask(question(file(content), { file: path }));
  expect(gone.outcome).toBe("stale");
});

test("a redirect within the domain is followed for a file, and one to another domain or to http never is", async () => {
  answerWith = ({ url }, response) => {
    if (url === "/b") response.end("new");
    else response.writeHead(302, { location: "/b" }).end();
  };
  expect((await open().ask(question(file("new")))).outcome).toBe("fresh");
  expect((await open().ask(question(file("other")))).seen).toBe("a redirect to other content");
  requests = [];
  for (const location of ["https://login.example.com/", "//login.example.com/", `http://${DOMAIN}:8080/`]) {
    answerWith = (_, response) => response.writeHead(302, { location }).end();
    for (const expected of [file("new"), COPY]) {
      expect(await open().ask(question(expected))).toEqual({
        outcome: "notVerifiable",
        seen: "a redirect to another domain",
      });
    }
  }
  expect(requests.every(({ headers: { host }, url }) => host === DOMAIN && url === "/a?x=1")).toBe(true);
  answerWith = (_, response) => response.writeHead(301, { location: "/a?x=2" }).end();
  expect((await open().ask(question(file("new")))).seen).toBe("more than 3 redirects");
});

test("a redirect is a copy like any other, and is judged by its age", async () => {
  answerWith = (_, response) => response.writeHead(302, { location: "/b", "x-cache": "MISS TCP_MISS" }).end();
  expect((await open().ask(question(COPY))).outcome).toBe("fresh");
  answerWith = (_, response) => response.writeHead(302, { location: "/b", "x-cache": "HIT", age: "9" }).end();
  expect((await open().ask(question(COPY))).outcome).toBe("stale");
  expect(requests).toHaveLength(2);
});

test("an edge that can't be reached, or breaks off, gave no answer", async () => {
  const refused = open({ address: { host: "127.0.0.1", port: 1 } });
  expect(await refused.ask(question(COPY))).toEqual({
    outcome: "unanswered",
    seen: "it can't be reached (ECONNREFUSED)",
  });
  answerWith = ({ socket }) => socket.destroy();
  expect((await open().ask(question(COPY))).outcome).toBe("unanswered");
});

test("a connection that the edge closed between two requests is opened again", async () => {
  const asking = open();
  await asking.ask(question(file("new")));
  let isFirst = true;
  answerWith = ({ socket }, response) => {
    if (isFirst) socket.destroy();
    else response.end("new");
    isFirst = false;
  };
  expect((await asking.ask(question(file("new")))).outcome).toBe("fresh");
  expect(sockets).toHaveLength(2);
});

test("cancelled, a request ends at once", async () => {
  const controller = new AbortController();
  answerWith = () => controller.abort();
  await expect(open({ signal: controller.signal }).ask(question(COPY))).rejects.toThrow();
});
