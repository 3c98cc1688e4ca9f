/**
 * A viewer: requests a URL from the edge, like a browser whose DNS points there.
 */
import { type IncomingHttpHeaders, request } from "node:http";
import { AREA_HEADER } from "./edge-server.js";
import type { Area } from "./preload.js";

export interface View {
  status: number;
  body: string;
  /** From the edge's X-Cache header; "NONE" if the edge answered without its cache. */
  cache: "HIT" | "MISS" | "NONE";
  headers: IncomingHttpHeaders;
}

/** Returns what a viewer in an area gets from the edge for an http or https URL. The area defaults to `domestic`. */
export function view(
  emulator: { edge: string },
  url: string,
  { area = "domestic" }: { area?: Area } = {},
): Promise<View> {
  const { host, protocol, pathname, search } = new URL(url);
  const headers = { host, "x-forwarded-proto": protocol.slice(0, -1), [AREA_HEADER]: area };
  return new Promise((resolve, reject) => {
    const viewing = request(emulator.edge, { path: pathname + search, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const outcome = response.headers["x-cache"];
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString("utf8"),
          cache: outcome === "HIT" || outcome === "MISS" ? outcome : "NONE",
          headers: response.headers,
        });
      });
    });
    viewing.on("error", reject).end();
  });
}
