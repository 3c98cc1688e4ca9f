/** The credentials of an ECS instance's RAM role, which the metadata service hands out. */
import type { CredentialsSource } from "../vod/credentials.js";
import { VodError } from "../vod/errors.js";
import { type HttpRequest, type HttpResponse, type Service, senderTo, unexpected } from "./http.js";
import {
  type CredentialContext,
  capitalize,
  readIssuedCredentials,
  refreshingCredentials,
  type TemporaryCredentials,
} from "./refreshing.js";
import { isTrue } from "./settings.js";

/** Origin of the metadata service. Source: ECS, "Instance metadata". */
export const METADATA_ORIGIN = "http://100.100.100.200";

/** How long the metadata service's own token is valid, in seconds; it is used at once, and only once. */
const TOKEN_SECONDS = "60";

const TOKEN_PATH = "/latest/api/token";
const ROLES_PATH = "/latest/meta-data/ram/security-credentials/";

/** What a role may be called. Source: RAM, `RoleName`. */
const ROLE_NAME = /^[\w.-]{1,64}$/;

/**
 * Uses the metadata service in its security hardening mode (version 2) alone, which every instance has.
 *
 * @param role the name of the role; undefined asks which role the instance has.
 * @param where the role stands, as part of a sentence.
 * @throws VodError InvalidCredentials where the metadata service is switched off, or the name is none.
 */
export function fromInstanceMetadata(
  context: CredentialContext,
  role: string | undefined,
  where: string,
): CredentialsSource {
  if (isTrue("ALIBABA_CLOUD_ECS_METADATA_DISABLED", context.environment)) {
    throw new VodError(
      `${capitalize(where)} asks for the role of the ECS instance, but ALIBABA_CLOUD_ECS_METADATA_DISABLED is true.`,
      "Unset one of the two.",
      { code: "InvalidCredentials" },
    );
  }
  if (role !== undefined && !ROLE_NAME.test(role)) {
    throw new VodError(
      `${capitalize(where)} doesn't name a RAM role.`,
      "Write the name alone, without acs:ram::…:role/.",
      { code: "InvalidCredentials" },
    );
  }
  const service: Service = {
    name: "The metadata service",
    remedy: `Run on an ECS instance that has the RAM role, or use other credentials than those of ${where}.`,
    timeoutMs: context.metadataTimeoutMs,
  };
  const description = `the instance's RAM role${role === undefined ? "" : ` ${role}`} (${where})`;
  const request = () => requestCredentials(service, context.metadataOrigin, role);
  return refreshingCredentials(description, request, context.now);
}

async function requestCredentials(
  service: Service,
  origin: string,
  role: string | undefined,
): Promise<TemporaryCredentials> {
  const send = senderTo(service);
  const ask = async (request: Omit<HttpRequest, "url">, path: string): Promise<HttpResponse> => {
    const answer = await send({ ...request, url: origin + path });
    if (answer.status !== 200) throw unexpected(service, `HTTP ${answer.status}`, answer.status);
    return answer;
  };
  const lifetime = { "x-aliyun-ecs-metadata-token-ttl-seconds": TOKEN_SECONDS };
  const token = await ask({ method: "PUT", headers: lifetime }, TOKEN_PATH);
  const get = { method: "GET", headers: { "x-aliyun-ecs-metadata-token": token.text.trim() } } as const;
  const name = role ?? (await ask(get, ROLES_PATH)).text.trim();
  if (!ROLE_NAME.test(name)) throw unexpected(service, "an invalid role name");
  return readIssuedCredentials(service, await ask(get, ROLES_PATH + name));
}
