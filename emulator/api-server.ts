/**
 * The HTTP server of the API and of the admin endpoint.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ADMIN_PREFIX, type Admin } from "./admin.js";
import type { Api } from "./api.js";
import { type Outcome, RESET } from "./fault-reply.js";
import { MAX_HEADER_BYTES } from "./limits.js";
import { htmlReply } from "./reply.js";
import { readRequest } from "./wire-request.js";

const URI_TOO_LARGE = "HTTP/1.1 414 Request-URI Too Large";
const BAD_REQUEST = "HTTP/1.1 400 Bad Request";

/** @param now returns the service's time in ms since the epoch, which every answer has in its Date header */
export function createApiServer(api: Api, admin: Admin, now: () => number): Server {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, response) => {
    serve(api, admin, incoming).then(
      (outcome) => send(response, outcome, new Date(now())),
      (error: Error) => fail(response, error),
    );
  });
  return server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const status = error.code === "HPE_HEADER_OVERFLOW" ? URI_TOO_LARGE : BAD_REQUEST;
    if (socket.writable) socket.end(`${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
  });
}

async function serve(api: Api, admin: Admin, incoming: IncomingMessage): Promise<Outcome> {
  const request = await readRequest(incoming);
  if (!request) return htmlReply(413, "413 Request Entity Too Large");
  return request.path.startsWith(ADMIN_PREFIX) ? admin.handle(request) : api.handle(request);
}

function send(response: ServerResponse, outcome: Outcome, date: Date): void {
  if (outcome === RESET) {
    response.socket?.resetAndDestroy();
    return;
  }
  const headers = {
    date: date.toUTCString(),
    ...outcome.headers,
    "content-length": String(Buffer.byteLength(outcome.body)),
  };
  response.writeHead(outcome.status, headers).end(outcome.body);
}

/**
 * Nobody reads an answer after the client has disconnected or while the emulator closes. Any other error is a defect of
 * the emulator.
 */
function fail(response: ServerResponse, error: Error): void {
  const nobodyReads = error.name === "AbortError" || response.destroyed;
  if (nobodyReads) response.destroy();
  else response.writeHead(500, { "content-type": "text/plain" }).end(`The emulator failed: ${error.stack}\n`);
}
