/** Lines go to the engine, in order and with what it needs to show them, and elsewhere where there is no engine. */
import { createServer, type Server as TcpServer } from "node:net";
import * as grpc from "@grpc/grpc-js";
import * as services from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { afterEach, describe, expect, test } from "vitest";
import { loadEngineProtocol } from "../../../provider/dynamic/engine-protocol.js";
import { logToEngine } from "../../../provider/host/engine-log.js";
import { formatLine, type Line } from "../../../provider/text/log.js";
import { urnOf } from "../lines.js";

const SCRIPT = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
const SITE = { urn: urnOf("site"), name: "site" };
const line = (text: string, severity: Line["severity"] = "info"): Line => ({ severity, text });

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An engine that answers each line when `answer` says so. */
async function startEngine(answer: (text: string, reply: () => void) => void = (_, reply) => reply()) {
  const received: ReturnType<LogRequest["toObject"]>[] = [];
  const server = new grpc.Server();
  server.addService(services.EngineService as unknown as grpc.ServiceDefinition, {
    log: ({ request }: { request: LogRequest }, reply: (error: null, empty: Empty) => void) => {
      received.push(request.toObject());
      answer(request.getMessage(), () => reply(null, new Empty()));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  closing.push(() => server.forceShutdown());
  return { address: `127.0.0.1:${port}`, received, stop: () => server.forceShutdown() };
}

/** A server that takes connections, and never says anything. */
async function startSilence(): Promise<string> {
  const sockets: { destroy(): void }[] = [];
  const server: TcpServer = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

function logOf(address: string | undefined, { patienceMs = 60_000, script = SCRIPT } = {}) {
  const printed: string[] = [];
  const fallback = (one: Line, { name }: { name?: string | undefined }) => printed.push(formatLine(one, name));
  return {
    log: logToEngine({ address: () => address, loadProtocol: () => loadEngineProtocol(script), fallback, patienceMs }),
    printed,
  };
}

describe("the engine gets", () => {
  test("each line with its severity and the resource's URN; progress is ephemeral", async () => {
    const { address, received } = await startEngine();
    const { log, printed } = logOf(address);
    for (const severity of ["info", "warning", "progress"] as const) void log(line(severity, severity), SITE);
    await log(line("100% of %s"), SITE);
    expect(received.map(({ message, severity, ephemeral, urn }) => [message, severity, ephemeral, urn])).toEqual([
      ["info", 1, false, SITE.urn],
      ["warning", 2, false, SITE.urn],
      ["progress", 1, true, SITE.urn],
      ["100% of %s", 1, false, SITE.urn],
    ]);
    expect(printed).toEqual([]);
  });

  test("the lines in their order, each after the answer to the one before", async () => {
    const replies: (() => void)[] = [];
    const { address, received } = await startEngine((_, reply) => replies.push(reply));
    const { log } = logOf(address);
    const shown = [log(line("a"), SITE), log(line("b"), { urn: urnOf("other"), name: "other" })];
    await expect.poll(() => replies.length).toBe(1);
    expect(received.map(({ message }) => message)).toEqual(["a"]);
    replies[0]?.();
    await shown[0];
    await expect.poll(() => replies.length).toBe(2);
    replies[1]?.();
    await shown[1];
    expect(received.map(({ message }) => message)).toEqual(["a", "b"]);
  });
});

describe("a line is printed with its resource and its severity", () => {
  const print = async (log: ReturnType<typeof logOf>["log"]) => {
    for (const severity of ["info", "warning", "progress"] as const) void log(line(severity, severity), SITE);
    await log(line("last"), SITE);
  };
  const PRINTED = ["site: info", "site: warning: warning", "site: progress", "site: last"];

  test("without an engine", async () => {
    const { log, printed } = logOf(undefined);
    await print(log);
    expect(printed).toEqual(PRINTED);
  });

  test("where the connection is refused, at once", async () => {
    const { address, stop } = await startEngine();
    stop();
    const { log, printed } = logOf(address);
    await print(log);
    expect(printed).toEqual(PRINTED);
  });

  test("where the address is none", async () => {
    const { log, printed } = logOf("nonsense");
    await print(log);
    expect(printed).toEqual(PRINTED);
  });

  test("where nobody speaks at the engine's address, after one wait for all lines", async () => {
    const address = await startSilence();
    const { log, printed } = logOf(address, { patienceMs: 2_000 });
    const begin = performance.now();
    await print(log);
    expect(performance.now() - begin).toBeLessThan(8_000);
    expect(printed).toEqual(PRINTED);
  });

  test("where Pulumi's protocol isn't found", async () => {
    const { address, received } = await startEngine();
    const { log, printed } = logOf(address, { script: "/nowhere/index.js" });
    await print(log);
    expect([printed, received]).toEqual([PRINTED, []]);
  });

  test("without a URN, while others still go to the engine", async () => {
    const { address, received } = await startEngine();
    const { log, printed } = logOf(address);
    await log(line("a"), {});
    await log(line("b"), SITE);
    expect([printed, received.map(({ message }) => message)]).toEqual([["a"], ["b"]]);
  });
});

test("an engine that stops answering costs one line, which is never shown twice", async () => {
  const { address, received } = await startEngine((text, reply) => text !== "lost" && reply());
  const { log, printed } = logOf(address, { patienceMs: 1_000 });
  for (const text of ["a", "lost", "b"]) void log(line(text), SITE);
  await log(line("c", "warning"), SITE);
  expect(received.map(({ message }) => message)).toEqual(["a", "lost"]);
  expect(printed).toEqual(["site: b", "site: warning: c"]);
});

test("an engine that ends costs one line at most", async () => {
  const { address, received, stop } = await startEngine();
  const { log, printed } = logOf(address);
  await log(line("a"), SITE);
  stop();
  await log(line("b"), SITE);
  await log(line("c"), SITE);
  expect(received.map(({ message }) => message)).toEqual(["a"]);
  expect(printed.at(-1)).toBe("site: c");
});
