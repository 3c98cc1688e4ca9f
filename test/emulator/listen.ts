/**
 * Opens and closes servers on the loopback address, the only one that the emulator uses.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** Listens on the port, and returns the base URL. Throws an error of two sentences if the port can't be opened. */
export function listen(server: Server, port: number, scheme: "http" | "https" = "http"): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, port)));
    server.listen(port, LOOPBACK, () => {
      resolve(`${scheme}://${LOOPBACK}:${(server.address() as AddressInfo).port}`);
    });
  });
}

export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listenError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE") return new Error(`Port ${port} of ${LOOPBACK} is in use. Choose another, or 0.`);
  if (error.code === "EACCES") return new Error(`Port ${port} may not be opened by this user. Choose another, or 0.`);
  return error;
}
