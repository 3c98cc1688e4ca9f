/** A server for one answer, which stands in for anything that may answer in the place of a service. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

export async function fakeServer(listener: RequestListener): Promise<{ origin: string; close: () => void }> {
  const server = createServer({ maxHeaderSize: 1024 * 1024 }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
