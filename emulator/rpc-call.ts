/**
 * Reads the action, the version and the parameters of a request, wherever the client put them.
 */
import type { Format } from "./reply.js";
import { chooseFormat } from "./reply.js";
import { requestPairs, type WireRequest } from "./wire.js";

export interface RpcCall {
  /** 3: signed in the Authorization header; 1: in the parameters. */
  signatureVersion: 1 | 3;
  action: string;
  version: string | undefined;
  format: Format;
  /** The parameters of query and body. If a name comes twice, the last value counts; the signature covers both. */
  parameters: Record<string, string>;
}

/**
 * Clients of version 1 may send unsigned `x-acs-action` headers too, so these count only with an `Authorization:
 * ACS3-…`.
 */
export function readCall(request: WireRequest): RpcCall {
  const parameters = Object.fromEntries(requestPairs(request));
  if (!request.headers.authorization?.startsWith("ACS3-")) {
    const { Action = "", Version } = parameters;
    return {
      signatureVersion: 1,
      action: Action,
      version: Version,
      format: chooseFormat(parameters.Format, "XML"),
      parameters,
    };
  }
  return {
    signatureVersion: 3,
    action: request.headers["x-acs-action"] ?? "",
    version: request.headers["x-acs-version"],
    format: chooseFormat(parameters.Format, "JSON"),
    parameters,
  };
}
