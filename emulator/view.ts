/**
 * A viewer: requests a URL from the edge, like a browser whose DNS points there.
 */
import { type IncomingHttpHeaders, request } from "node:http";
import { AREA_HEADER } from "./edge-server.js";
import type { Area } from "./preload.js";

/** What a viewer gets. */
export interface View {
  status: number;
  body: string;
  /** The first word of the edge's X-Cache header; "NONE" if the edge answered without its cache. */
  cache: "HIT" | "MISS" | "NONE";
  headers: IncomingHttpHeaders;
}

/** Who asks, and where. */
export interface ViewOptions {
  /** Defaults to `domestic`. */
  area?: Area;
  /** The number of the edge node that is asked. Defaults to 0. */
  node?: number;
  /** Further headers of the request. */
  headers?: Record<string, string>;
}

/** Returns what a viewer gets from an edge node for an http or https URL. */
export function view(
  emulator: { edge: string; nodes?: readonly { http: string }[] },
  url: string,
  { area = "domestic", node = 0, headers: more = {} }: ViewOptions = {},
): Promise<View> {
  const { host, protocol, pathname, search } = new URL(url);
  const headers = { host, "x-forwarded-proto": protocol.slice(0, -1), [AREA_HEADER]: area, ...more };
  const address = emulator.nodes?.[node]?.http ?? emulator.edge;
  return new Promise((resolve, reject) => {
    const viewing = request(address, { path: pathname + search, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const outcome = String(response.headers["x-cache"]).split(" ")[0];
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
