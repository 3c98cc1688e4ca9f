/**
 * Opens and closes servers, on the loopback address unless another is asked for.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export const LOOPBACK = "127.0.0.1";

export interface ListenOptions {
  scheme?: "http" | "https";
  /** The address of the machine to listen on; `0.0.0.0` and `::` are all of them. */
  host?: string;
}

/** Listens on the port, and returns the base URL. Throws an error of two sentences if the port can't be opened. */
export function listen(
  server: Server,
  port: number,
  { scheme = "http", host = LOOPBACK }: ListenOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)));
    server.listen(port, host, () => {
      resolve(`${scheme}://${toUrlHost(host)}:${(server.address() as AddressInfo).port}`);
    });
  });
}

/** Who listens on all addresses is reached on the loopback address. */
function toUrlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return LOOPBACK;
  return host.includes(":") ? `[${host}]` : host;
}

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === "EADDRINUSE") return new Error(`Port ${port} of ${host} is in use. Choose another, or 0.`);
  if (error.code === "EACCES") return new Error(`Port ${port} may not be opened by this user. Choose another, or 0.`);
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    return new Error(`${host} is no address of this machine. Choose 127.0.0.1, or 0.0.0.0 for all.`);
  }
  return error;
}
