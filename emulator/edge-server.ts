/**
 * The HTTP server of an edge node. The domain of a request is in its Host header or in an absolute request target, so the edge
 * also works as a plain HTTP proxy. The scheme is https for who came by TLS; else it is in `X-Forwarded-Proto` or in that
 * target, and defaults to http. The area of the viewer is in a header of the emulator's own: `domestic`, the default, or
 * `overseas`.
 */
import type { IncomingHttpHeaders, RequestListener, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { CachedUrl } from "./edge.js";
import { deny, withoutSignature } from "./edge-access.js";
import { answerViewer, type EdgeAnswer, refuseViewer } from "./edge-answer.js";
import type { EdgeSettings } from "./edge-config.js";
import type { EdgeWork } from "./edge-work.js";
import { AREAS, type Area } from "./preload.js";

export const AREA_HEADER = "x-emulator-area";

export interface EdgeParts {
  work: EdgeWork;
  settings: EdgeSettings;
  /** The account's domains; the edge serves no other. */
  domains: { has(domain: string): boolean };
  /** Returns the service's time in ms since the epoch. */
  now: () => number;
}

export function serveNode(node: number, { work, settings, domains, now }: EdgeParts): RequestListener {
  let count = 0;
  return (request, response) => {
    const place = { node, now: now(), count: count++ };
    const { method, headers } = request;
    const refuse = (status: number, reasons: Record<string, string>) =>
      send(response, refuseViewer(status, reasons, place), method === "HEAD");
    if (method !== "GET" && method !== "HEAD") return refuse(405, { Allow: "GET, HEAD" });
    const area = readArea(headers);
    if (area === undefined) return refuse(400, { "X-Emulator-Error": `${AREA_HEADER} is one of ${AREAS.join(", ")}` });
    const asked = requestedUrl(request.url ?? "/", headers);
    const url = (request.socket as Partial<TLSSocket>).encrypted ? { ...asked, scheme: "https" as const } : asked;
    if (!domains.has(url.domain)) return refuse(403, { "X-Tengine-Bf-Error": "non-existent domain" });
    const config = settings.configs.get(url.domain) ?? {};
    const denial = deny(config, { url, referer: headers.referer, now: place.now });
    if (denial) return refuse(denial.status, denial.headers);
    const found = work.view({ ...url, area, rest: withoutSignature(config, url.rest) }, node);
    send(response, answerViewer(found, headers, config, place), method === "HEAD");
  };
}

function send(response: ServerResponse, { status, headers, body }: EdgeAnswer, isHead: boolean): void {
  response.writeHead(status, headers).end(isHead || status === 304 ? undefined : body);
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
