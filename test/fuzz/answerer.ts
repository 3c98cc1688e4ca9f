/**
 * A local server that answers every request with the bytes that it is given, HTTP or not.
 */

import { type AddressInfo, createServer, type Socket } from "node:net";

/** What the server does for each request: writes the bytes, then closes the connection, cuts it, or leaves it open. */
export interface Answer {
  /** A character for each byte (latin1). */
  bytes: string;
  end: "close" | "reset" | "open";
}

export interface Answerer {
  endpoint: string;
  /** Sets the answer to all further requests, and resets the count. */
  next(answer: Answer): void;
  /** Returns how many requests came since `next`. */
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
