/**
 * Reads whole requests from the network.
 */
import type { IncomingMessage } from "node:http";
import { MAX_BODY_BYTES } from "./limits.js";
import { splitTarget, type WireRequest } from "./wire.js";

/** Returns the request with its body, or undefined if the body is too long. */
export async function readRequest(incoming: IncomingMessage): Promise<WireRequest | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (length > MAX_BODY_BYTES) return undefined;
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]),
  );
  return {
    method: incoming.method ?? "",
    ...splitTarget(incoming.url ?? "/"),
    headers,
    body: Buffer.concat(chunks),
  };
}
