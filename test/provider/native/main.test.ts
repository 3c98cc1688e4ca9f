/** The plugin's process: how an engine starts it, and how it ends. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import type { Emulator } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { type Client, clientOf, type Refused, startEngine, urnOf } from "./served.js";

const MAIN = join(__dirname, "../../../dist/provider/native/main.js");
const SITE = urnOf();
const PATHS = ["https://vod.example.com/a", "https://vod.example.com/b"];

const running: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

interface Started extends Client {
  child: ChildProcessWithoutNullStreams;
  port: number;
  /** What it printed after the port. */
  printed(): string;
  /** Resolves with the code or the signal by which it ends. */
  ended: Promise<number | string>;
}

/** Starts the plugin as an engine does. */
async function start(args: readonly string[], emulator?: Emulator): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: "/nonexistent",
      ...(emulator && {
        ALICLOUD_ACCESS_KEY: emulator.accessKeyId,
        ALICLOUD_SECRET_KEY: emulator.accessKeySecret,
        VOD_ENDPOINT: emulator.endpoint,
      }),
    },
  });
  running.push(child);
  let printed = "";
  const ended = once(child, "exit").then(([code, signal]) => code ?? signal);
  const lines = createInterface({ input: child.stdout });
  child.stderr.on("data", (chunk) => {
    printed += chunk;
  });
  const [port] = await once(lines, "line");
  expect(port).toMatch(/^\d+$/);
  lines.on("line", (line) => {
    printed += `${line}\n`;
  });
  return { ...clientOf(Number(port)), child, port: Number(port), printed: () => printed, ended };
}

const failing = <T>(promise: Promise<T>): Promise<Refused> =>
  promise.then(
    () => expect.unreachable("It succeeded.") as never,
    (error: Refused) => error,
  );

/** Begins a deployment whose tasks take an hour, and resolves once it waits for them. */
async function beginToWait(plugin: Client, emulator: Emulator): Promise<{ failed: Promise<Refused> }> {
  const { inputs } = await plugin.check(SITE, { paths: PATHS, contentHash: "v1", wait: true });
  const failed = failing(plugin.create(SITE, inputs));
  while (!emulator.received.some(({ action }) => action === "DescribeVodRefreshTasks")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { failed };
}

/** Passes connections on to a port until it cuts them, as the end of an engine does. */
async function startRelay(to: number): Promise<{ port: number; cut(): void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const onward = connect(to, "127.0.0.1");
    sockets.push(socket, onward);
    for (const one of [socket, onward]) one.on("error", () => {});
    socket.pipe(onward).pipe(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: (server.address() as { port: number }).port, cut };
}

describe("an engine", () => {
  test.each([[["127.0.0.1:PORT"]], [["--logtostderr", "-v=9", "--tracing", "file:/tmp/x", "127.0.0.1:PORT"]]])(
    "that is older, and gives its address with %j only, gets the lines",
    async (args) => {
      const emulator = await started();
      const engine = await startEngine();
      const plugin = await start(
        args.map((arg) => arg.replace("127.0.0.1:PORT", engine.address)),
        emulator,
      );
      await plugin.configure({});
      const { inputs } = await plugin.check(SITE, { paths: PATHS, contentHash: "v1" });
      await plugin.create(SITE, inputs);
      expect(engine.lines.map(({ urn }) => urn)).toContain(SITE);
      expect(plugin.printed()).toBe("");
    },
  );

  test("that can't be reached loses no line: it stands on the error output", async () => {
    const emulator = await started();
    const plugin = await start([], emulator);
    await plugin.handshake("127.0.0.1:1");
    await plugin.configure({});
    const { inputs } = await plugin.check(SITE, { paths: PATHS, contentHash: "v1" });
    await plugin.create(SITE, inputs);
    expect(plugin.printed()).toMatch(/^site: /m);
  });
});

describe("the process ends", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("by %s at once where no call is running", async (signal) => {
    const plugin = await start([]);
    await plugin.configure({});
    plugin.child.kill(signal);
    expect(await plugin.ended).toBe(0);
    expect(plugin.printed()).toBe("");
  });

  test("by SIGTERM in the middle of a call once that is answered with what it did", async () => {
    const emulator = await started({ taskDelayMs: 3_600_000 });
    const plugin = await start([], emulator);
    await plugin.configure({});
    const { failed } = await beginToWait(plugin, emulator);
    plugin.child.kill("SIGTERM");
    const { message, init } = await failed;
    expect(message).toContain("(code Cancelled)");
    expect(init?.properties).toMatchObject({ status: "Refreshing", unconfirmed: PATHS });
    expect(await plugin.ended).toBe(0);
    expect(plugin.printed()).not.toMatch(/\bat .*:\d+:\d+/);
  });

  test("once the engine that started it is gone, though nobody reads what it prints any more", async () => {
    const emulator = await started({ taskDelayMs: 3_600_000 });
    const engine = await startEngine();
    const plugin = await start([engine.address], emulator);
    const relay = await startRelay(plugin.port);
    const { failed } = await beginToWait(clientOf(relay.port), emulator);
    plugin.child.stdout.destroy();
    plugin.child.stderr.destroy();
    engine.stop();
    relay.cut();
    expect(await plugin.ended).toBe(0);
    await failed;
  });

  test("not with the connection of an engine that is still there, and comes back", async () => {
    const engine = await startEngine();
    const plugin = await start([engine.address]);
    await plugin.configure({});
    plugin.client.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await clientOf(plugin.port).configure({})).getAcceptsecrets()).toBe(true);
  });
});

test("a connection that comes before the plugin is loaded is answered", async () => {
  const plugin = await start([]);
  expect((await plugin.configure({})).getAcceptsecrets()).toBe(true);
});
