/**
 * The connections that requests go over: direct or through a proxy, always with a verified certificate, and within bounds
 * of time and size.
 *
 * Node decides which certificates are trusted: its built-in list, NODE_EXTRA_CA_CERTS and `--use-system-ca` hold here,
 * since no agent names any. NODE_TLS_REJECT_UNAUTHORIZED=0 doesn't hold, since every agent asks for verification.
 */
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";

const VERIFIED = { keepAlive: true, rejectUnauthorized: true } as const;

/** What the options of a request hold for its agent; httpx passes them on, but never gives the request itself. */
interface ObservedOptions {
  onRequest?: (request: ClientRequest) => void;
  /** Ends the request for a tunnel: until there is one, Node's own `signal` has no effect. */
  until?: AbortSignal;
}

const proxies = new WeakMap<http.Agent, string>();

/** The proxy of an agent as messages may name it, without its password; undefined where there is none. */
export function proxyOf(agent: http.Agent): string | undefined {
  return proxies.get(agent);
}

/**
 * Makes the agent of an endpoint. The bounds of {@link bounded} hold for such an agent only.
 *
 * @param endpoint an origin: https, or plain http to this machine.
 * @param proxy an http or https proxy, with a user name and a password where it needs them; undefined for none.
 */
export async function agentFor(endpoint: string, proxy: URL | undefined): Promise<http.Agent> {
  if (proxy !== undefined) {
    const agent = observable(await tunnelAgent(proxy));
    proxies.set(agent, proxy.origin);
    return agent;
  }
  return observable(endpoint.startsWith("https:") ? new https.Agent(VERIFIED) : new http.Agent({ keepAlive: true }));
}

/** Makes an agent whose connections are tunnels (CONNECT). Its library is loaded only where there is a proxy. */
async function tunnelAgent({ protocol, hostname, port, username, password }: URL): Promise<https.Agent> {
  const { HttpsProxyAgent } = await import("hpagent");
  const agent = new HttpsProxyAgent({
    ...VERIFIED,
    // The library takes the host as it is, and the brackets of an IPv6 address are no part of the host.
    proxy: { protocol, hostname: hostname.replace(/^\[|\]$/g, ""), port, username, password } as URL,
  });
  const tunnels = agent as unknown as {
    proxyRequestOptions: object;
    createConnection(options: ObservedOptions, callback: unknown): unknown;
  };
  const createConnection = tunnels.createConnection.bind(agent);
  // The library asks for the tunnel at once, with the options of that moment.
  tunnels.createConnection = (options, callback) => {
    tunnels.proxyRequestOptions = { rejectUnauthorized: true, ...(options.until ? { signal: options.until } : {}) };
    return createConnection(options, callback);
  };
  return agent;
}

/** Changes an agent so that it hands over each request before anything of it is sent. */
function observable<A extends http.Agent>(agent: A): A {
  const inner = agent as unknown as {
    addRequest(request: ClientRequest, options: ObservedOptions, ...rest: unknown[]): void;
  };
  const addRequest = inner.addRequest.bind(agent);
  inner.addRequest = (request, options, ...rest) => {
    options.onRequest?.(request);
    addRequest(request, options, ...rest);
  };
  return agent;
}

/** How long and how large a request may be. */
export interface Bounds {
  /** From connecting to the last byte of the answer, in milliseconds. */
  timeoutMs: number;
  /** The size of the answer, headers included. */
  maxBytes: number;
}

/** Which bound was exceeded; `encoding` means a compressed body, which nobody asked for. */
export type LimitExceeded = "time" | "size" | "encoding";

/** Told of the progress of a request. */
interface Observer {
  /** The body of the request, before any of it is sent. */
  onBody(body: string): void;
  /** There is a connection to send the request over; where there is a proxy, one through it. */
  onConnection(): void;
  /** The head of the answer has arrived. */
  onResponse(response: IncomingMessage): void;
}

/**
 * Runs one request of pop-core within bounds, and ends it in any state when it exceeds one or fails: httpx stops waiting
 * when its own time is over, but goes on storing what comes.
 *
 * @param request sends the request with the given options of httpx, over an agent of {@link agentFor}.
 * @returns what the request gives, or which bound it exceeded.
 * @throws whatever the request throws.
 */
export async function bounded<T>(
  request: (options: object) => Promise<T>,
  { timeoutMs, maxBytes }: Bounds,
  observer: Observer,
): Promise<{ answer: T } | { exceeded: LimitExceeded }> {
  const end = new AbortController();
  const exceeded = new Promise<{ exceeded: LimitExceeded }>((resolve) => {
    end.signal.addEventListener("abort", () => resolve({ exceeded: end.signal.reason }));
  });
  const onRequest = (outgoing: ClientRequest) => {
    observeBody(outgoing, observer.onBody);
    outgoing.once("socket", observer.onConnection);
    outgoing.once("response", (response: IncomingMessage) => {
      observer.onResponse(response);
      // httpx would decompress it, and a few kilobytes can become gigabytes.
      if ((response.headers["content-encoding"] ?? "identity") !== "identity")
        end.abort("encoding" satisfies LimitExceeded);
    });
    countBytes(outgoing, (bytes) => {
      if (bytes > maxBytes) end.abort("size" satisfies LimitExceeded);
    });
  };
  const timer = setTimeout(() => end.abort("time" satisfies LimitExceeded), timeoutMs);
  const options = {
    // The time limit of httpx comes after this one.
    timeout: timeoutMs + 1_000,
    beforeRequest: (given: { headers: object }) => ({
      ...given,
      headers: { ...given.headers, "accept-encoding": "identity" },
      signal: end.signal,
      until: end.signal,
      onRequest,
    }),
  };
  try {
    return await Promise.race([exceeded, request(options).then((answer) => ({ answer }))]);
  } catch (error) {
    end.abort();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Tells the body of a request, which httpx gives as a whole. */
function observeBody(request: ClientRequest, onBody: (body: string) => void): void {
  const end = request.end.bind(request) as (body?: unknown) => ClientRequest;
  request.end = (body?: unknown) => {
    if (typeof body === "string") onBody(body);
    return end(body);
  };
}

/** Tells how many bytes have come back for a request, with each piece of the headers and of the body. */
function countBytes(request: ClientRequest, onBytes: (bytes: number) => void): void {
  request.once("socket", (socket) => {
    let bytes = 0;
    const count = (piece: Buffer) => {
      bytes += piece.length;
      onBytes(bytes);
    };
    socket.on("data", count);
    request.once("close", () => socket.off("data", count));
  });
}
