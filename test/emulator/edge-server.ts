/**
 * The HTTP server of the edge. The domain of a request is in its Host header, or in an absolute request target, so that it
 * works as a plain HTTP proxy too; the scheme is in `X-Forwarded-Proto` or in that target, and http otherwise.
 */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { CachedUrl, EdgeCache } from "./edge.js";

/**
 * @param domains the account's domains; the edge serves no other
 * @param settle called before each request, so that tasks which have ended by now are obeyed first
 */
export function createEdgeServer(
  cache: EdgeCache,
  domains: { has(domain: string): boolean },
  settle: () => void,
): Server {
  return createServer((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      refuse(response, 405, "The edge answers GET and HEAD only.");
      return;
    }
    const url = requestedUrl(request.url ?? "/", request.headers);
    if (!domains.has(url.domain)) {
      refuse(response, 404, `The edge serves no domain "${url.domain}".`);
      return;
    }
    settle();
    const { status, body, contentType, lastModified, cache: outcome } = cache.request(url);
    const headers = { "content-type": contentType, "content-length": body.length, "x-cache": outcome };
    response.writeHead(status, lastModified === undefined ? headers : { ...headers, "last-modified": lastModified });
    response.end(request.method === "HEAD" ? undefined : body);
  });
}

export function requestedUrl(target: string, headers: IncomingHttpHeaders): CachedUrl {
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

/** An answer of the edge itself: no X-Cache, nothing is cached. */
function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { "content-type": "text/plain" }).end(`${sentence}\n`);
}
