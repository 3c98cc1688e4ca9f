/**
 * The plugin's process. The engine waits for the port that it prints, so that it is printed before anything else is loaded: a
 * connection that comes earlier waits.
 */
import { connect, createServer, type Socket } from "node:net";
import { describeOldNode } from "./node-version.js";
import type { Release } from "./package-schema.js";

/** What the build writes here. */
declare const PLUGIN_RELEASE: Release | undefined;

/** How often an engine that closed its connections is looked for, in milliseconds. */
const LOOK_MS = 2_000;

/** Ends the process with a sentence: a stack trace says nothing to a person, and may say too much. */
function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

const tooOld = describeOldNode(process.versions.node);
if (tooOld !== undefined) fail(tooOld);
const failUnexpectedly = () =>
  fail("pulumi-alicloud-vod failed unexpectedly. Report it to the project. (code Internal)");
process.on("uncaughtException", failUnexpectedly);
process.on("unhandledRejection", failUnexpectedly);
// A request has a signature, and `debug` reads this once it is loaded.
if (process.env.DEBUG) process.env.DEBUG += ",-httpx:*";
// An engine that is gone reads nothing any more: that is no failure of a call.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

/** The engine that starts the plugin gives its address as the last argument; a person who starts it gives none. */
const engine = process.argv.slice(2).findLast((argument) => /^[^-].*:\d+$/.test(argument));

const open = new Set<Socket>();
let accept = (_: Socket): void => {};
const server = createServer((socket) => {
  open.add(socket);
  socket.once("close", () => {
    open.delete(socket);
    // An engine that ends a plugin in order closes the connection first, and then sends its signal.
    if (open.size === 0) setTimeout(stopWithoutEngine, LOOK_MS);
  });
  accept(socket);
});
const printed = new Promise<void>((resolve) => {
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object") process.stdout.write(`${address?.port}\n`, () => resolve());
  });
});

const running = printed
  .then(() => import("./start.js"))
  .then(({ startPlugin }) => {
    const plugin = startPlugin(typeof PLUGIN_RELEASE === "object" ? PLUGIN_RELEASE : { version: "0.0.0" }, engine);
    accept = plugin.accept;
    for (const socket of open) accept(socket);
    return plugin;
  });

// A call under way keeps what it did, and is answered before the process ends.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);

function stop(): void {
  server.close();
  void running.then((plugin) => plugin.stop()).finally(() => process.exit(0));
}

/** An engine that is killed tells nobody. One that is idle for long closes its connections too, and comes back. */
function stopWithoutEngine(): void {
  if (engine === undefined || open.size > 0) return;
  const [, host, port] = /^(.*):(\d+)$/.exec(engine) as RegExpExecArray;
  const socket = connect({ host: host as string, port: Number(port) });
  socket.once("error", stop);
  socket.once("connect", () => {
    socket.destroy();
    setTimeout(stopWithoutEngine, LOOK_MS);
  });
}
