/**
 * What a request asks for: the action, the version and the parameters, wherever the client put them.
 */
import type { Format } from "./reply.js";
import { formatOf } from "./reply.js";
import { requestPairs, type WireRequest } from "./wire.js";

export interface RpcCall {
  /** 3: signed in the Authorization header; 1: in the parameters. */
  signatureVersion: 1 | 3;
  action: string;
  version: string | undefined;
  format: Format;
  /** Query and body by name; of a name that came twice the last one (its signature covers both). */
  parameters: Record<string, string>;
}

/**
 * Clients of version 1 may send `x-acs-action` headers too, which nobody signed, so those count only beside an
 * `Authorization: ACS3-…`.
 */
export function readCall(request: WireRequest): RpcCall {
  const parameters = Object.fromEntries(requestPairs(request));
  if (!request.headers.authorization?.startsWith("ACS3-")) {
    const { Action = "", Version } = parameters;
    return {
      signatureVersion: 1,
      action: Action,
      version: Version,
      format: formatOf(parameters.Format, "XML"),
      parameters,
    };
  }
  return {
    signatureVersion: 3,
    action: request.headers["x-acs-action"] ?? "",
    version: request.headers["x-acs-version"],
    format: formatOf(parameters.Format, "JSON"),
    parameters,
  };
}
