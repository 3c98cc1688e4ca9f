/** Credentials that a service beside the program hands out: the metadata service of an ECS instance, a credentials URI. */
import { VodError } from "../vod/errors.js";
import type { CredentialsSource } from "../vod/rpc.js";
import { attempt, type HttpRequest, type HttpResponse, type Service, unexpected } from "./http.js";
import {
  type CredentialContext,
  capital,
  readTemporaryCredentials,
  refreshingCredentials,
  type TemporaryCredentials,
} from "./refreshing.js";
import { isTrue, parseJson } from "./settings.js";

/** Origin of the metadata service. Source: ECS, "Instance metadata". */
export const METADATA_ORIGIN = "http://100.100.100.200";

/** How long the metadata service's own token is asked to hold, in seconds; it is used at once, and only once. */
const TOKEN_SECONDS = "60";

const TOKEN_PATH = "/latest/api/token";
const ROLES_PATH = "/latest/meta-data/ram/security-credentials/";

/** What a role may be called. Source: RAM, `RoleName`. */
const ROLE_NAME = /^[\w.-]{1,64}$/;

/**
 * Credentials of the RAM role of the ECS instance, in the metadata service's security hardening mode (version 2) alone,
 * which every instance has.
 *
 * @param role the name of the role; undefined asks which role the instance has.
 * @param where the role stands, as part of a sentence.
 * @throws VodError InvalidCredentials where the metadata service is switched off, or the name is none.
 */
export function instanceRole(means: CredentialContext, role: string | undefined, where: string): CredentialsSource {
  if (isTrue("ALIBABA_CLOUD_ECS_METADATA_DISABLED", means.environment)) {
    throw new VodError(
      `${capital(where)} asks for the role of the ECS instance, and ALIBABA_CLOUD_ECS_METADATA_DISABLED is true.`,
      "Unset one of the two.",
      { code: "InvalidCredentials" },
    );
  }
  if (role !== undefined && !ROLE_NAME.test(role)) {
    throw new VodError(
      `${capital(where)} doesn't name a RAM role.`,
      "Write the name alone, without acs:ram::…:role/.",
      {
        code: "InvalidCredentials",
      },
    );
  }
  const service: Service = {
    name: "The metadata service",
    remedy: `Run on an ECS instance that has the RAM role, or use other credentials than those of ${where}.`,
    timeoutMs: means.metadataTimeoutMs,
  };
  const description = `the instance's RAM role${role === undefined ? "" : ` ${role}`} (${where})`;
  return refreshingCredentials(description, () => askMetadata(service, means.metadataOrigin, role), means.now);
}

/**
 * Credentials of a credentials URI.
 *
 * @param where the URI stands, as part of a sentence. The URI itself may hold a secret, so only its origin is shown.
 * @throws VodError InvalidCredentials where it is no http or https URL.
 */
export function uriCredentials(means: CredentialContext, uri: string, where: string): CredentialsSource {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new VodError(
      `${capital(where)} doesn't give an http or https URL.`,
      "Write the URL of the credentials service.",
      {
        code: "InvalidCredentials",
      },
    );
  }
  const service: Service = {
    name: `The credentials URI at ${url.origin}`,
    remedy: `Check ${where} and the service behind it.`,
    timeoutMs: means.timeoutMs,
    agent: () => means.agentFor?.(url.origin),
  };
  const take = async () => {
    const answer = await attempt(service)({ method: "GET", url: url.href });
    return readCredentials(service, answer);
  };
  return refreshingCredentials(`the credentials URI at ${url.origin} (${where})`, take, means.now);
}

async function askMetadata(service: Service, origin: string, role: string | undefined): Promise<TemporaryCredentials> {
  const ask = attempt(service);
  const askFor = async (question: Omit<HttpRequest, "url">, path: string): Promise<HttpResponse> => {
    const answer = await ask({ ...question, url: origin + path });
    if (answer.status !== 200) throw unexpected(service, `HTTP ${answer.status}`, answer.status);
    return answer;
  };
  const lifetime = { "x-aliyun-ecs-metadata-token-ttl-seconds": TOKEN_SECONDS };
  const token = await askFor({ method: "PUT", headers: lifetime }, TOKEN_PATH);
  const get: Omit<HttpRequest, "url"> = {
    method: "GET",
    headers: { "x-aliyun-ecs-metadata-token": token.text.trim() },
  };
  const name = role ?? (await askFor(get, ROLES_PATH)).text.trim();
  if (!ROLE_NAME.test(name)) throw unexpected(service, "no name of a role");
  return readCredentials(service, await askFor(get, ROLES_PATH + name));
}

function readCredentials(service: Service, { status, text }: HttpResponse): TemporaryCredentials {
  if (status !== 200) throw unexpected(service, `HTTP ${status}`, status);
  const issued = readTemporaryCredentials(parseJson(text));
  if (issued === undefined) throw unexpected(service, "something else", status);
  return issued;
}
