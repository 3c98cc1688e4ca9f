/**
 * Roles: AssumeRole with other credentials, and AssumeRoleWithOIDC with the token of an identity provider.
 *
 * Source: Security Token Service, API version 2015-04-01.
 */
import { randomUUID } from "node:crypto";
import { rememberSecrets } from "../text/show.js";
import type { Credentials, CredentialsSource } from "../vod/credentials.js";
import { VodError } from "../vod/errors.js";
import { classifyNetworkError } from "../vod/network-error.js";
import { type RefusalText, readRefusal, sendSigned } from "../vod/signed-request.js";
import { formatTimestamp } from "../vod/time.js";
import { MAX_ANSWER_BYTES, type Service, senderTo, timedOut, tooLong, unexpected, unreachable } from "./http.js";
import {
  type CredentialContext,
  readTemporaryCredentials,
  refreshingCredentials,
  type TemporaryCredentials,
} from "./refreshing.js";
import { parseJson } from "./settings.js";
import { type Attempted, stsRefusalError } from "./sts-errors.js";

/** A role to assume, as AssumeRole takes it. */
export interface Role {
  arn: string;
  /** What the role's session is called in the account's audit log. */
  sessionName?: string | undefined;
  externalId?: string | undefined;
  /** A RAM policy as JSON, which narrows what the session may do. */
  policy?: string | undefined;
  /** How long the session lasts, in seconds. Default: the service's own, an hour. */
  seconds?: number | undefined;
}

/** Where STS is, and how it is asked. */
export interface Sts extends Pick<CredentialContext, "timeoutMs" | "agentFor" | "now"> {
  /** Origin, such as `https://sts.cn-shanghai.aliyuncs.com`. */
  origin: string;
}

/** What identifies a program to an identity provider's role. */
export interface OidcIdentity {
  providerArn: string;
  /** Reads the token, once for each session, since a token is valid for minutes only. */
  token: () => string;
  /** Where the token comes from, as part of a sentence. */
  description: string;
}

/** The session's name where none is given. */
const DEFAULT_SESSION_NAME = "pulumi-alicloud-vod";

const API_VERSION = "2015-04-01";

/** The account may be written as `*`, or be left out for the caller's own. Source: RAM, "ARN". */
const ROLE_ARN = /^acs:ram:[^\s:]*:[^\s:]*:role\/[\w./-]+$/;

/** @throws VodError InvalidCredentials, which says where the ARN stands by its name. */
export function requireRoleArn(arn: string, name: string): string {
  if (ROLE_ARN.test(arn)) return arn;
  throw new VodError(`${name} is not the ARN of a RAM role.`, "Write it as acs:ram::<account ID>:role/<role>.", {
    code: "InvalidCredentials",
  });
}

/**
 * Makes the source of a role's credentials, which the caller's credentials assume.
 *
 * @param name what the caller is called in the description. Default: its own description.
 */
export function assumeRole(
  sts: Sts,
  caller: CredentialsSource,
  role: Role,
  name = caller.description,
): CredentialsSource {
  const parameters = { ...sessionParameters(role), ExternalId: role.externalId };
  const request = async () => {
    const credentials = await caller.get();
    const answer = await requestSigned(sts, defined(parameters), credentials);
    const shown = `${caller.description} (access key ID ending in ${credentials.accessKeyId.slice(-4)})`;
    return readSession(sts, answer, { roleArn: role.arn, caller: shown });
  };
  return { ...refreshingCredentials(`${name}, which assumes ${role.arn}`, request, sts.now), role: role.arn };
}

/** Makes the source of a role's credentials, which an OIDC token assumes. */
export function assumeRoleWithOidc(sts: Sts, identity: OidcIdentity, role: Role): CredentialsSource {
  const request = async () => {
    const token = identity.token();
    const parameters = { ...sessionParameters(role), OIDCProviderArn: identity.providerArn, OIDCToken: token };
    const answer = await requestUnsigned(sts, "AssumeRoleWithOIDC", defined(parameters), token);
    return readSession(sts, answer, { roleArn: role.arn, caller: identity.description });
  };
  const description = `${identity.description}, which assumes ${role.arn}`;
  return { ...refreshingCredentials(description, request, sts.now), role: role.arn };
}

type Parameters = Record<string, string>;

function sessionParameters({ arn, sessionName = DEFAULT_SESSION_NAME, policy, seconds }: Role) {
  return { RoleArn: arn, RoleSessionName: sessionName, Policy: policy, DurationSeconds: seconds?.toString() };
}

function defined(parameters: Record<string, string | undefined>): Parameters {
  const pairs = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(pairs);
}

/** What STS answered. */
interface StsAnswer {
  status: number;
  /** JSON; undefined where it is none. */
  answer?: unknown;
  refusal?: RefusalText | undefined;
}

async function requestSigned(sts: Sts, parameters: Parameters, credentials: Credentials): Promise<StsAnswer> {
  const service = serviceOf(sts);
  const agent = await openAgent(sts, service);
  const { result, response } = await sendSigned({
    endpoint: sts.origin,
    apiVersion: API_VERSION,
    action: "AssumeRole",
    parameters: { ...parameters, Timestamp: formatTimestamp(sts.now()) },
    credentials,
    agent,
    bounds: { timeoutMs: sts.timeoutMs, maxBytes: MAX_ANSWER_BYTES },
  });
  if ("exceeded" in result) {
    if (result.exceeded === "time") throw timedOut(service, agent);
    throw result.exceeded === "size" ? tooLong(service) : unexpected(service, "a compressed body");
  }
  // Without a code, the connection held, and what came is no JSON.
  if ("failure" in result && (response === undefined || result.failure.code !== "")) {
    throw unreachable(service, result.failure, agent);
  }
  return { status: response?.statusCode ?? 0, ...result };
}

async function openAgent(sts: Sts, service: Service) {
  try {
    return await sts.agentFor(sts.origin);
  } catch (thrown) {
    throw thrown instanceof VodError ? thrown : unreachable(service, classifyNetworkError(thrown), undefined);
  }
}

/**
 * The request is unsigned, since the token is its proof; what isn't secret stands in the URL, as in the official
 * SDKs' requests.
 */
async function requestUnsigned(sts: Sts, action: string, parameters: Parameters, token: string): Promise<StsAnswer> {
  rememberSecrets([token]);
  const query = new URLSearchParams({
    Action: action,
    Version: API_VERSION,
    Format: "JSON",
    Timestamp: formatTimestamp(sts.now()),
    SignatureNonce: randomUUID(),
  });
  const body = new URLSearchParams(parameters).toString();
  const { status, text } = await senderTo(serviceOf(sts))({ method: "POST", url: `${sts.origin}/?${query}`, body });
  const answer = parseJson(text);
  return { status, answer, refusal: status === 200 ? undefined : readRefusal(answer) };
}

function serviceOf({ origin, timeoutMs, agentFor }: Sts): Service {
  return {
    name: `STS at ${origin}`,
    remedy: "Check the network between this machine and STS, then run `pulumi up` again.",
    timeoutMs,
    agent: () => agentFor(origin),
  };
}

function readSession(sts: Sts, { status, answer, refusal }: StsAnswer, attempted: Attempted): TemporaryCredentials {
  if (status !== 200 && refusal !== undefined) throw stsRefusalError(status, refusal, attempted);
  const issued =
    status === 200
      ? readTemporaryCredentials((answer as { Credentials?: unknown } | null | undefined)?.Credentials)
      : undefined;
  if (issued === undefined) throw unexpected(serviceOf(sts), `HTTP ${status}`, status);
  return issued;
}
