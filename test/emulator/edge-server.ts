/**
 * The HTTP server of the edge. The domain of a request is in its Host header or in an absolute request target, so the
 * edge also works as a plain HTTP proxy. The scheme is in `X-Forwarded-Proto` or in that target, and defaults to http.
 * The area of the viewer is in a header of the emulator's own: `domestic`, the default, or `overseas`.
 */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { CachedUrl } from "./edge.js";
import type { EdgeWork } from "./edge-work.js";
import { AREAS, type Area } from "./preload.js";

export const AREA_HEADER = "x-emulator-area";

/** @param domains the account's domains; the edge serves no other */
export function createEdgeServer(work: EdgeWork, domains: { has(domain: string): boolean }): Server {
  return createServer((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      refuse(response, 405, "The edge answers GET and HEAD only.");
      return;
    }
    const area = readArea(request.headers);
    if (area === undefined) {
      refuse(response, 400, `${AREA_HEADER} is one of ${AREAS.join(", ")}.`);
      return;
    }
    const url = { area, ...requestedUrl(request.url ?? "/", request.headers) };
    if (!domains.has(url.domain)) {
      refuse(response, 404, `The edge serves no domain "${url.domain}".`);
      return;
    }
    const { status, body, contentType, lastModified, cache: outcome } = work.view(url);
    const headers = { "content-type": contentType, "content-length": body.length, "x-cache": outcome };
    response.writeHead(status, lastModified === undefined ? headers : { ...headers, "last-modified": lastModified });
    response.end(request.method === "HEAD" ? undefined : body);
  });
}

export function requestedUrl(target: string, headers: IncomingHttpHeaders): Omit<CachedUrl, "area"> {
  const absolute = /^(https?):\/\/([^/?]*)(.*)$/i.exec(target);
  const scheme = absolute?.[1] ?? String(headers["x-forwarded-proto"] ?? "http");
  const host = absolute?.[2] ?? headers.host ?? "";
  const rest = absolute ? (absolute[3] ?? "") : target;
  return {
    scheme: scheme.toLowerCase() === "https" ? "https" : "http",
    domain: host.replace(/:\d+$/, "").toLowerCase(),
    rest: rest.startsWith("/") ? rest : `/${rest}`,
  };
}

function readArea({ [AREA_HEADER]: header = "domestic" }: IncomingHttpHeaders): Area | undefined {
  return AREAS.find((known) => known === header);
}

/** Answers without the cache, and so without an X-Cache header. */
function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { "content-type": "text/plain" }).end(`${sentence}\n`);
}
