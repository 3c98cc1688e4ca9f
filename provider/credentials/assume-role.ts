/**
 * Roles: AssumeRole with other credentials, and AssumeRoleWithOIDC with the token of an identity provider.
 *
 * Source: Security Token Service, API version 2015-04-01. Requests are signed here and not by pop-core, which would take
 * an answer of any length, and can't leave AssumeRoleWithOIDC unsigned.
 */
import { createHmac, randomUUID } from "node:crypto";
import { z } from "zod";
import { ERROR_TABLE, VodError } from "../vod/errors.js";
import type { Credentials, CredentialsSource } from "../vod/rpc.js";
import { attempt, type HttpResponse, type Service, unexpected } from "./http.js";
import {
  type CredentialContext,
  capital,
  readTemporaryCredentials,
  refreshingCredentials,
  type TemporaryCredentials,
} from "./refreshing.js";
import { parseJson } from "./settings.js";

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
  /** Reads the token: anew for each session, since a token lives for minutes only. */
  token: () => string;
  /** Where the token comes from, as part of a sentence. */
  description: string;
}

/** The session's name where none is given. */
export const DEFAULT_SESSION_NAME = "pulumi-alicloud-vod";

const API_VERSION = "2015-04-01";

/** What a code and a request ID look like; anything else could be something that was sent. */
const CODE = /^[A-Z][A-Za-z]*(\.[A-Za-z]+)*$/;
const REQUEST_ID = /^[0-9A-Fa-f-]{8,40}$/;

const refusal = z.object({ Code: z.string(), RequestId: z.string().optional() });

/** The account may be written as `*`, or be left out for the caller's own. Source: RAM, "ARN". */
const ROLE_ARN = /^acs:ram:[^\s:]*:[^\s:]*:role\/[\w./-]+$/;

/** @throws VodError InvalidCredentials, by the name of where the ARN stands. */
export function requireRoleArn(arn: string, name: string): string {
  if (ROLE_ARN.test(arn)) return arn;
  throw new VodError(`${name} is not the ARN of a RAM role.`, "Write it as acs:ram::<account ID>:role/<role>.", {
    code: "InvalidCredentials",
  });
}

/**
 * The credentials of a role that other credentials assume.
 *
 * @param name what the caller is called in the description. Default: its own.
 */
export function assumed(sts: Sts, caller: CredentialsSource, role: Role, name = caller.description): CredentialsSource {
  const parameters = { ...sessionParameters(role), ExternalId: role.externalId };
  const take = async () => {
    const credentials = await caller.get();
    const answer = await post(sts, signedBody("AssumeRole", parameters, credentials, sts.now()));
    const shown = `${caller.description} (access key ID ending in ${credentials.accessKeyId.slice(-4)})`;
    return readSession(sts, answer, { role, caller: shown, secrets: Object.values(credentials) });
  };
  return refreshingCredentials(`${name}, which assumes ${role.arn}`, take, sts.now);
}

/**
 * The credentials of a role that is assumed with an OIDC token. The request is unsigned, since the token is its proof; what
 * isn't secret stands in the URL, as in the official SDKs' requests.
 */
export function assumedWithOidc(sts: Sts, identity: OidcIdentity, role: Role): CredentialsSource {
  const take = async () => {
    const token = identity.token();
    const parameters = { ...sessionParameters(role), OIDCProviderArn: identity.providerArn, OIDCToken: token };
    const answer = await post(sts, form(given(parameters)), `?${form(common("AssumeRoleWithOIDC", sts.now()))}`);
    return readSession(sts, answer, { role, caller: identity.description, secrets: [token] });
  };
  return refreshingCredentials(`${identity.description}, which assumes ${role.arn}`, take, sts.now);
}

type Parameters = Record<string, string | undefined>;
type Pair = readonly [name: string, value: string];

function sessionParameters({ arn, sessionName = DEFAULT_SESSION_NAME, policy, seconds }: Role): Parameters {
  return { RoleArn: arn, RoleSessionName: sessionName, Policy: policy, DurationSeconds: seconds?.toString() };
}

function given(parameters: Parameters): Pair[] {
  return Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
}

function common(action: string, now: Date): Pair[] {
  return [
    ["Action", action],
    ["Version", API_VERSION],
    ["Format", "JSON"],
    ["Timestamp", `${now.toISOString().slice(0, 19)}Z`],
    ["SignatureNonce", randomUUID()],
  ];
}

/** The form of a signed request, version 1 of the signature: HMAC-SHA1 over the sorted parameters. */
function signedBody(action: string, parameters: Parameters, credentials: Credentials, now: Date): string {
  const signer = {
    AccessKeyId: credentials.accessKeyId,
    SecurityToken: credentials.securityToken,
    SignatureMethod: "HMAC-SHA1",
    SignatureVersion: "1.0",
  };
  const pairs = [...common(action, now), ...given({ ...parameters, ...signer })].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = `POST&%2F&${encode(form(pairs))}`;
  const signature = createHmac("sha1", `${credentials.accessKeySecret}&`).update(text).digest("base64");
  return form([...pairs, ["Signature", signature]]);
}

const form = (pairs: readonly Pair[]) => pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");

/** RFC 3986: what `encodeURIComponent` leaves of `!'()*` is encoded as well. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function serviceOf({ origin, timeoutMs, agentFor }: Sts): Service {
  return {
    name: `The STS at ${origin}`,
    remedy: "Check the network between this machine and the STS, then run `pulumi up` again.",
    timeoutMs,
    agent: () => agentFor?.(origin),
  };
}

const post = (sts: Sts, body: string, query = "") =>
  attempt(serviceOf(sts))({ method: "POST", url: `${sts.origin}/${query}`, body });

/** What an error may tell, and what it must not. */
interface Attempted {
  role: Role;
  caller: string;
  secrets: readonly string[];
}

function readSession(sts: Sts, { status, text }: HttpResponse, attempted: Attempted): TemporaryCredentials {
  const answer = parseJson(text);
  const issued =
    status === 200
      ? readTemporaryCredentials((answer as { Credentials?: unknown } | undefined)?.Credentials)
      : undefined;
  if (issued !== undefined) return issued;
  const refused = refusal.safeParse(answer);
  if (status === 200 || !refused.success) throw unexpected(serviceOf(sts), `HTTP ${status}`, status);
  throw errorOfRefusal(status, refused.data, attempted);
}

/** The error for a refusal. The service's message is left out: it may repeat what was sent. */
function errorOfRefusal(status: number, refused: z.infer<typeof refusal>, attempted: Attempted): VodError {
  const shown = (text: string | undefined, shape: RegExp) =>
    text !== undefined && shape.test(text) && !attempted.secrets.some((secret) => text.includes(secret))
      ? text
      : undefined;
  const code = shown(refused.Code, CODE) ?? "Refused";
  const [happened, remedy] = sentencesFor(code, attempted);
  return new VodError(happened, remedy, {
    code,
    httpStatus: status,
    requestId: shown(refused.RequestId, REQUEST_ID),
    retryable: /Throttling|ServiceUnavailable/.test(code) || status >= 500,
  });
}

/** What happened and what to do. Source of the codes: Security Token Service, "Error codes". */
function sentencesFor(code: string, { role, caller }: Attempted): [happened: string, remedy: string] {
  if (/Throttling|ServiceUnavailable/.test(code)) {
    return ["The STS throttled the call.", "Wait a moment and run `pulumi up` again."];
  }
  const clock = code === "InvalidTimeStamp.Expired" ? ERROR_TABLE[code] : undefined;
  if (clock !== undefined) return [clock.happened, clock.remedy];
  if (code === "EntityNotExist.Role") {
    return [`The role ${role.arn} doesn't exist.`, "Correct the ARN, or create the role in RAM."];
  }
  if (code === "AuthenticationFail.OIDCToken.Expired") {
    return [`${capital(caller)} has expired.`, "Get a new one right before `pulumi up`."];
  }
  if (code.startsWith("AuthenticationFail")) {
    return [
      `The STS refused ${caller} for ${role.arn}.`,
      "Check that RAM has the OIDC provider with the token's issuer and audience, and that the role's trust policy names it.",
    ];
  }
  if (/^(NoPermission|Forbidden|AccessDenied)/.test(code)) {
    return [
      `${capital(caller)} may not assume ${role.arn}.`,
      "Allow sts:AssumeRole to it, and name it in the role's trust policy; the key of an account itself assumes no roles.",
    ];
  }
  if (
    /^(InvalidAccessKeyId|SignatureDoesNotMatch|IncompleteSignature|InvalidSecurityToken|MissingSecurityToken)/.test(
      code,
    )
  ) {
    return [`The STS refused ${caller}.`, "Check that these credentials are complete and still valid."];
  }
  return [`The STS refused to let ${caller} assume ${role.arn}.`, "Look the code up among the error codes of STS."];
}
