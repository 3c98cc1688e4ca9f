/** The credentials of a credentials URI: a service beside the program that hands them out. */
import type { CredentialsSource } from "../vod/credentials.js";
import { VodError } from "../vod/errors.js";
import { type Service, senderTo } from "./http.js";
import { type CredentialContext, capitalize, readIssuedCredentials, refreshingCredentials } from "./refreshing.js";

/**
 * @param where the URI stands, as part of a sentence. The URI itself may hold a secret, so only its origin is shown.
 * @throws VodError InvalidCredentials where the URI is no http or https URL.
 */
export function fromCredentialsUri(context: CredentialContext, uri: string, where: string): CredentialsSource {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new VodError(
      `${capitalize(where)} is not an http or https URL.`,
      "Write the URL of the credentials service.",
      { code: "InvalidCredentials" },
    );
  }
  const service: Service = {
    name: `The credentials URI at ${url.origin}`,
    remedy: `Check ${where} and the service behind it.`,
    timeoutMs: context.timeoutMs,
    agent: () => context.agentFor(url.origin),
  };
  const request = async () => readIssuedCredentials(service, await senderTo(service)({ method: "GET", url: url.href }));
  return refreshingCredentials(`the credentials URI at ${url.origin} (${where})`, request, context.now);
}
