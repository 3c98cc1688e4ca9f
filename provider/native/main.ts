/**
 * The plugin's process. The engine waits for the port that it prints, so that it is printed before anything else is loaded: a
 * connection that comes earlier waits.
 */
import { createServer, type Socket } from "node:net";

/** The version of the package, which the build writes here. */
declare const PLUGIN_VERSION: string;

const early: Socket[] = [];
let accept = (socket: Socket): void => void early.push(socket);
const server = createServer((socket) => accept(socket));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") process.stdout.write(`${address?.port}\n`);
});

const running = import("./start.js").then(({ startPlugin }) => {
  const plugin = startPlugin(typeof PLUGIN_VERSION === "string" ? PLUGIN_VERSION : "0.0.0");
  accept = plugin.accept;
  for (const socket of early.splice(0)) accept(socket);
  return plugin;
});

// A call under way keeps what it did, and is answered before the process ends.
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    server.close();
    void running.then((plugin) => plugin.stop()).finally(() => process.exit(0));
  });
}
