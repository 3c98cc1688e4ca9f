/**
 * A server on this machine that answers every request with the bytes that it is given, be they HTTP or not.
 */

import { type AddressInfo, createServer, type Socket } from "node:net";

/** What it does for each request: writes the bytes, then closes the connection, cuts it, or leaves it open. */
export interface Answer {
  /** A character for each byte (latin1). */
  bytes: string;
  end: "close" | "reset" | "open";
}

export interface Answerer {
  endpoint: string;
  /** What is answered from now on; starts the count anew. */
  next(answer: Answer): void;
  /** How many requests came since then. */
  requests(): number;
  close(): Promise<void>;
}

export async function startAnswerer(): Promise<Answerer> {
  let answer: Answer = { bytes: "", end: "close" };
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let received = "";
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    socket.on("data", (data) => {
      received += data.toString("latin1");
      if (!isComplete(received)) return;
      received = "";
      count++;
      socket.write(answer.bytes, "latin1");
      if (answer.end === "close") socket.end();
      if (answer.end === "reset") socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (given) => {
      answer = given;
      count = 0;
    },
    requests: () => count,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function isComplete(request: string): boolean {
  const [head = "", body] = request.split("\r\n\r\n", 2);
  return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1]);
}
