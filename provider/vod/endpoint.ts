/** Where the VOD API is, and the proxy that leads there. */
import { BlockList, isIP } from "node:net";
import { VodError } from "./errors.js";
import { DEFAULT_ENDPOINT } from "./limits.js";

/**
 * The variables that name a proxy for https: the first that is set counts. Go, in which Pulumi's CLI is written,
 * knows the first two.
 */
const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] as const;

/**
 * A variable that Go doesn't know may be there for other tools: where it names a SOCKS proxy, it is ignored, as in
 * Go.
 */
const SOCKS = /^socks/i;

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * Resolves the endpoint that calls go to: the input, the environment's `VOD_ENDPOINT`, which is a variable of this package,
 * and then what Pulumi's Alibaba Cloud provider reads: `vod` of the stack's `alicloud:endpoints`,
 * `ALIBABA_CLOUD_ENDPOINT_VOD`.
 *
 * @param input the `endpoint` input: a host (https is meant) or an origin such as `https://host:port`.
 * @param configured the endpoint of the stack's configuration, in the same form.
 * @returns an origin without a trailing slash, such as `https://vod.cn-shanghai.aliyuncs.com` (the default).
 * @throws VodError InvalidEndpoint, naming which of them is wrong and why.
 */
export function resolveEndpoint(
  input: string | undefined,
  environment: Readonly<NodeJS.ProcessEnv>,
  configured?: string,
): string {
  if (input !== undefined) return parseOrigin(input, "endpoint");
  const { VOD_ENDPOINT, ALIBABA_CLOUD_ENDPOINT_VOD } = environment;
  if (VOD_ENDPOINT) return parseOrigin(VOD_ENDPOINT, "VOD_ENDPOINT");
  if (configured) return parseOrigin(configured, "alicloud:endpoints.vod");
  if (ALIBABA_CLOUD_ENDPOINT_VOD) return parseOrigin(ALIBABA_CLOUD_ENDPOINT_VOD, "ALIBABA_CLOUD_ENDPOINT_VOD");
  return DEFAULT_ENDPOINT;
}

/**
 * Resolves the proxy that calls to an endpoint go through, by the rules of Pulumi's CLI (Go's): HTTPS_PROXY, then
 * ALL_PROXY (unless it is SOCKS), unless NO_PROXY has the host; each in capitals or lower case. This machine and plain http
 * are never reached through a proxy.
 *
 * @param endpoint an origin, as {@link resolveEndpoint} returns it.
 * @returns the proxy, whose URL may hold a password (its `origin` doesn't); undefined where the connection is direct.
 * @throws VodError InvalidProxy, which names the variable and shows nothing of its value.
 */
export function resolveProxy(endpoint: string, environment: Readonly<NodeJS.ProcessEnv>): URL | undefined {
  const { protocol, hostname, port } = new URL(endpoint);
  const name = PROXY_VARIABLES.find((variable) => {
    const value = environment[variable]?.trim();
    return value && !(/all/i.test(variable) && SOCKS.test(value));
  });
  if (name === undefined || protocol !== "https:" || isLoopback(hostname)) return undefined;
  const entries = (environment.NO_PROXY || environment.no_proxy || "").toLowerCase().split(/[\s,]+/);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (entries.some((entry) => isExempted(host, port || "443", entry))) return undefined;
  return parseProxy(environment[name]?.trim() ?? "", name);
}

/**
 * Whether an entry of NO_PROXY matches a host: `*`, a domain with its subdomains, `.domain` for these alone, an
 * address, a network.
 */
function isExempted(host: string, port: string, entry: string): boolean {
  if (entry === "*") return true;
  // An IPv6 address has colons of its own, and brackets where a port follows.
  const [, name = "", entryPort = port] = isIP(entry) ? [entry, entry] : (/^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? []);
  if (name === "" || entryPort !== port) return false;
  if (isIP(host)) return isInNetwork(host, name);
  const domain = name.replace(/^\*/, "");
  return host === domain || host.endsWith(domain.startsWith(".") ? domain : `.${domain}`);
}

/** Whether an address is another one, or lies in a network such as `10.0.0.0/8`. */
function isInNetwork(host: string, text: string): boolean {
  const [address = "", prefix] = text.split("/");
  const familyOf = (ip: string) => (isIP(ip) === 6 ? "ipv6" : "ipv4");
  const network = new BlockList();
  try {
    if (prefix === undefined) network.addAddress(address, familyOf(address));
    else network.addSubnet(address, Number(prefix), familyOf(address));
    return network.check(host, familyOf(host));
  } catch {
    return false;
  }
}

function parseProxy(text: string, name: string): URL {
  const refuse = (why: string) =>
    new VodError(
      `${name} ${why}.`,
      "Write it as http://host:port, with user:password@ before the host if need be, in which special characters are " +
        "percent-encoded; or name the host of the VOD API in NO_PROXY.",
      { code: "InvalidProxy" },
    );
  // What stands in place of the host may be the rest of a password, so nothing of it is shown.
  const url = /[\s\\]/.test(text) ? null : parseUrl(SCHEME.test(text) ? text : `http://${text}`);
  if (url === null) throw refuse("is not a host or a URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("is neither an http nor an https proxy");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw refuse("has more than a host and a port");
  if (!isDecodable(url.username) || !isDecodable(url.password))
    throw refuse("has a % that is not part of a percent-encoding");
  return url;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function parseOrigin(text: string, name: string): string {
  const refuse = (why: string) =>
    new VodError(
      `${name} ${why}.`,
      "Write a host such as vod.cn-shanghai.aliyuncs.com, or https:// and a host; http:// works for this machine only.",
      { code: "InvalidEndpoint" },
    );
  if (text === "") throw refuse("is empty");
  const withScheme = SCHEME.test(text) ? text : `https://${text}`;
  // `new URL` removes such characters silently, so a typing error would look right.
  const url = /[\s\\]/.test(text) ? null : parseUrl(withScheme);
  if (url === null || url.hostname === "") throw refuse("is not a host or a URL");
  if (url.username !== "" || url.password !== "") throw refuse("has a user name or a password");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw refuse("has more than a host and a port");
  if (url.protocol === "https:") return url.origin;
  if (url.protocol !== "http:") throw refuse(`has the scheme ${url.protocol.slice(0, -1)}`);
  if (!isLoopback(url.hostname)) throw refuse(`would send requests to ${url.hostname} over plain http`);
  return url.origin;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
