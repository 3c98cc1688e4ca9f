/**
 * A viewer: asks the edge for a URL as a browser would whose name server points there.
 */
import { type IncomingHttpHeaders, request } from "node:http";
import { AREA_HEADER } from "./edge-server.js";
import type { Area } from "./preload.js";

export interface View {
  status: number;
  body: string;
  /** From the edge's X-Cache header; "NONE" when the edge answered by itself. */
  cache: "HIT" | "MISS" | "NONE";
  headers: IncomingHttpHeaders;
}

/** What a viewer of that http or https URL, in that area, gets from the edge. The area defaults to `domestic`. */
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
