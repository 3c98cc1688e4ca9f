/** How a plugin stops, as the process sees it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Server } from "@grpc/grpc-js";
import { afterEach, expect, test, vi } from "vitest";
import { startPlugin } from "../../../provider/native/start.js";

afterEach(() => vi.restoreAllMocks());

test("a plugin has stopped once the engine closed its connection, though gRPC never says so", async () => {
  vi.spyOn(Server.prototype, "tryShutdown").mockImplementation(() => {});
  const plugin = startPlugin({ version: "1.2.3" });
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const engine = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [Socket];
  plugin.accept(socket);

  let hasStopped = false;
  const stopped = plugin.stop().then(() => {
    hasStopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasStopped).toBe(false);
  engine.destroy();
  await stopped;
  server.close();
});
