/**
 * The connections that requests go over: direct or through a proxy, never without verifying whom they lead to, and never
 * for longer or with more coming back than was agreed.
 *
 * Which certificates are trusted is Node's own affair: its built-in list, NODE_EXTRA_CA_CERTS and `--use-system-ca` hold
 * here, since no agent names any. NODE_TLS_REJECT_UNAUTHORIZED=0 doesn't, since every agent asks for verification.
 */
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";

const VERIFIED = { keepAlive: true, rejectUnauthorized: true } as const;

/** What the options of a request have for its agent; httpx hands them through, but never the request itself. */
interface Observed {
  onRequest?: (request: ClientRequest) => void;
  /** Ends a tunnel that is still being asked for: until there is one, Node's own `signal` reaches nothing. */
  until?: AbortSignal;
}

const proxies = new WeakMap<http.Agent, string>();

/** The proxy of an agent as messages may name it, without its password; undefined: none. */
export function proxyOf(agent: http.Agent): string | undefined {
  return proxies.get(agent);
}

/**
 * Makes the agent of an endpoint. Only through it are the bounds of {@link bounded} kept.
 *
 * @param endpoint an origin: https, or plain http to this machine.
 * @param proxy an http or https proxy, with a user name and a password where it wants them; undefined: none.
 */
export async function agentFor(endpoint: string, proxy: URL | undefined): Promise<http.Agent> {
  if (proxy !== undefined) {
    const agent = observable(await tunnelAgent(proxy));
    proxies.set(agent, proxy.origin);
    return agent;
  }
  return observable(endpoint.startsWith("https:") ? new https.Agent(VERIFIED) : new http.Agent({ keepAlive: true }));
}

/** An agent whose connections are tunnels (CONNECT). Its library is loaded for those who have a proxy, and for them alone. */
async function tunnelAgent({ protocol, hostname, port, username, password }: URL): Promise<https.Agent> {
  const { HttpsProxyAgent } = await import("hpagent");
  const agent = new HttpsProxyAgent({
    ...VERIFIED,
    // It takes the host as it stands, and the brackets of an IPv6 address are no part of it.
    proxy: { protocol, hostname: hostname.replace(/^\[|\]$/g, ""), port, username, password } as URL,
  });
  const tunnels = agent as unknown as {
    proxyRequestOptions: object;
    createConnection(options: Observed, callback: unknown): unknown;
  };
  const createConnection = tunnels.createConnection.bind(agent);
  // The library asks for the tunnel at once, with what stands there at that moment.
  tunnels.createConnection = (options, callback) => {
    tunnels.proxyRequestOptions = { rejectUnauthorized: true, ...(options.until ? { signal: options.until } : {}) };
    return createConnection(options, callback);
  };
  return agent;
}

/** The agent, changed so that it hands over each request before anything of it is sent. */
function observable<A extends http.Agent>(agent: A): A {
  const inner = agent as unknown as {
    addRequest(request: ClientRequest, options: Observed, ...rest: unknown[]): void;
  };
  const addRequest = inner.addRequest.bind(agent);
  inner.addRequest = (request, options, ...rest) => {
    options.onRequest?.(request);
    addRequest(request, options, ...rest);
  };
  return agent;
}

/** What a request may take. */
export interface Bounds {
  /** From connecting to the last byte of the answer, in milliseconds. */
  timeoutMs: number;
  /** Of all that comes back, headers included. */
  maxBytes: number;
}

/** Which bound was passed; `encoding` is an answer in a compressed form, which nobody asked for. */
export type LimitExceeded = "time" | "size" | "encoding";

/** Told of a request as it goes. */
interface Observer {
  /** There is a connection to send it over; where there is a proxy, one through it. */
  onConnection(): void;
  /** The head of the answer has arrived. */
  onResponse(response: IncomingMessage): void;
}

/**
 * Runs one request of pop-core's within bounds, and ends it, whatever state it is in, when it passes one or fails: httpx
 * stops waiting when its own time is over, but goes on to store whatever comes.
 *
 * @param request sends it with the given options, which are httpx's, over an agent of {@link agentFor}.
 * @returns what it gives, or which bound it passed.
 * @throws whatever it throws.
 */
export async function bounded<T>(
  request: (options: object) => Promise<T>,
  { timeoutMs, maxBytes }: Bounds,
  observer: Observer,
): Promise<{ answer: T } | { exceeded: LimitExceeded }> {
  const end = new AbortController();
  const passed = new Promise<{ exceeded: LimitExceeded }>((resolve) => {
    end.signal.addEventListener("abort", () => resolve({ exceeded: end.signal.reason }));
  });
  const onRequest = (outgoing: ClientRequest) => {
    outgoing.once("socket", observer.onConnection);
    outgoing.once("response", (response: IncomingMessage) => {
      observer.onResponse(response);
      // httpx would unpack it, and a few kilobytes can unpack to gigabytes.
      if ((response.headers["content-encoding"] ?? "identity") !== "identity")
        end.abort("encoding" satisfies LimitExceeded);
    });
    countBytes(outgoing, (bytes) => {
      if (bytes > maxBytes) end.abort("size" satisfies LimitExceeded);
    });
  };
  const timer = setTimeout(() => end.abort("time" satisfies LimitExceeded), timeoutMs);
  const options = {
    // httpx's own time is over after ours.
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
    return await Promise.race([passed, request(options).then((answer) => ({ answer }))]);
  } catch (error) {
    end.abort();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Tells how many bytes have come back for a request, with each further piece: headers, a body, or chunks of one. */
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
