/** Where the VOD API is: the `endpoint` input, else the environment's VOD_ENDPOINT, else the service's own address. */
import { VodError } from "./errors.js";
import { DEFAULT_ENDPOINT } from "./limits.js";

/**
 * Resolves the endpoint that calls go to.
 *
 * @param input the `endpoint` input: a host (https is meant) or an origin such as `https://host:port`.
 * @param environment where `VOD_ENDPOINT` is read, in the same form.
 * @returns an origin without a trailing slash, such as `https://vod.cn-shanghai.aliyuncs.com` (the default).
 * @throws VodError InvalidEndpoint, naming which of the two is wrong and why.
 */
export function resolveEndpoint(input: string | undefined, environment: Readonly<NodeJS.ProcessEnv>): string {
  if (input !== undefined) return originOf(input, "endpoint");
  const fromEnvironment = environment.VOD_ENDPOINT;
  return fromEnvironment ? originOf(fromEnvironment, "VOD_ENDPOINT") : DEFAULT_ENDPOINT;
}

function originOf(text: string, name: string): string {
  const refuse = (why: string) =>
    new VodError(
      `${name} ${why}.`,
      "Write a host such as vod.cn-shanghai.aliyuncs.com, or https:// and a host; http:// works for this machine only.",
      { code: "InvalidEndpoint" },
    );
  if (text === "") throw refuse("is empty");
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  // `new URL` trims and drops such characters silently, so a typing error would look right.
  const url = /[\s\\]/.test(text) ? null : parseUrl(withScheme);
  if (url === null || url.hostname === "") throw refuse("is not a host or a URL");
  if (url.username !== "" || url.password !== "") throw refuse("holds a user name or a password");
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
