/**
 * Who calls: finds which of the many sources of Alibaba Cloud credentials counts for a resource.
 *
 * The order is that of Pulumi's Alibaba Cloud provider, so that a program's uploads and refreshes have the same caller:
 *
 * | | source | configuration | environment |
 * |---|---|---|---|
 * | 1 | access key | `alicloud:accessKey`, `secretKey`, `securityToken` | `ALICLOUD_*`, `ALIBABA_CLOUD_*`, `ALIBABACLOUD_*` |
 * | 2 | profile | `alicloud:profile`, `sharedCredentialsFile` | `ALICLOUD_PROFILE`, `ALIBABA_CLOUD_PROFILE` |
 * | 3 | credentials URI | `alicloud:credentialsUri` | `ALICLOUD_CREDENTIALS_URI`, `ALIBABA_CLOUD_CREDENTIALS_URI` |
 * | 4 | RAM role of the instance | `alicloud:ecsRoleName` | `ALICLOUD_ECS_ROLE_NAME`, `ALIBABA_CLOUD_ECS_METADATA` |
 * | 5 | OIDC token | `alicloud:assumeRoleWithOidc` | `ALIBABA_CLOUD_OIDC_*`, `ALIBABA_CLOUD_ROLE_ARN` |
 * | 6 | the CLI's current profile | | `~/.aliyun/config.json` |
 *
 * In each row the configuration comes before the environment. `alicloud:assumeRole` is assumed with whatever was found.
 */
import type http from "node:http";
import { VodError } from "../vod/errors.js";
import type { CredentialsSource } from "../vod/rpc.js";
import { assumedWithOidc, type Role, requireRoleArn } from "./assume-role.js";
import { type Assume, profileSource, type ResolvedProfile, whole, whyNoCurrentProfile } from "./cli-profile.js";
import { instanceRole, METADATA_ORIGIN, uriCredentials } from "./instance-metadata.js";
import { type CredentialContext, staticCredentials } from "./refreshing.js";
import { configuredRole, findSts, oidcRole, sessionName } from "./role-settings.js";
import { type ConfigReader, namesOf, read, SETTINGS, type Setting, type SettingSources } from "./settings.js";

export type { CredentialsSource } from "../vod/rpc.js";
export type { ConfigReader } from "./settings.js";

/** What a resource says of who calls. */
export interface Identity {
  /** A profile of the CLI, which then counts alone: the stack's own credentials and its role don't. */
  profile?: string | undefined;
  /** A role to assume with the profile's credentials, or else with the stack's; in place of the stack's role. */
  roleArn?: string | undefined;
  /** What the role's session is called. Default: as for the stack's role, `pulumi-alicloud-vod` in the end. */
  sessionName?: string | undefined;
  /** What the role's trust policy asks of callers from other accounts. */
  externalId?: string | undefined;
}

export interface FindOptions {
  /**
   * Which configuration it is: that of the program's run, or what the state kept of the last one, as in
   * `pulumi refresh` and `pulumi destroy`. The latter may hold a key or a token that was replaced since, so the sources
   * that the environment names come before it, all rows of them. Default: "program".
   */
  configOf?: "program" | "state";
  /** Gives what connections to STS or a credentials URI go through, by their origin. Default: they are direct. */
  agentFor?: (origin: string) => http.Agent | Promise<http.Agent>;
  /** The present time. Default: this machine's. */
  now?: () => Date;
  /** Origin of the metadata service. Default: `http://100.100.100.200`. */
  metadataOrigin?: string;
  /** How long the metadata service may take, in milliseconds. Default: 5,000. */
  metadataTimeoutMs?: number;
  /** How long STS or a credentials URI may take, in milliseconds. Default: 20,000. */
  timeoutMs?: number;
}

const METADATA_TIMEOUT_MS = 5_000;
const TIMEOUT_MS = 20_000;

/** The names under which one place holds an access key. */
type KeyNames = Record<"id" | "secret" | "token", Setting>;

const none: readonly string[] = [];
const key = (id: readonly string[], secret: readonly string[], token: readonly string[]): KeyNames => ({
  id: { environment: id },
  secret: { environment: secret },
  token: { environment: token },
});

/** The configuration, then one entry for each generation of this cloud's tools. */
const KEYS: readonly KeyNames[] = [
  {
    id: { config: "alicloud:accessKey", environment: none },
    secret: { config: "alicloud:secretKey", environment: none },
    token: { config: "alicloud:securityToken", environment: none },
  },
  key(
    ["ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID"],
    ["ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY_SECRET"],
    ["ALICLOUD_SECURITY_TOKEN"],
  ),
  key(["ALIBABA_CLOUD_ACCESS_KEY_ID"], ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], ["ALIBABA_CLOUD_SECURITY_TOKEN"]),
  key(["ALIBABACLOUD_ACCESS_KEY_ID"], ["ALIBABACLOUD_ACCESS_KEY_SECRET"], ["ALIBABACLOUD_SECURITY_TOKEN"]),
];

/** What of the configuration says where something is, and not who calls: a source of the environment needs it as well. */
const NAMES_NO_CALLER = new Set(["alicloud:endpoints", "alicloud:region", "alicloud:sharedCredentialsFile"]);

/** What the IDs of temporary keys begin with. Source: STS, `AccessKeyId`. */
const TEMPORARY = "STS.";

/** What a source gave: credentials, or why it gave nothing; `half` where part of a key is set. */
type Result = ResolvedProfile | { nothing: string; half?: string };

/**
 * Finds which source counts, from configuration, environment and files alone: nothing is asked of the network before
 * the source's first `get`.
 *
 * @param identity what the resource says of who calls; `{}` for nothing.
 * @param config the stack's configuration.
 * @throws VodError NoCredentials, which lists each source and why it gave nothing; InvalidCredentials for a source that
 * is named and can't be used; InvalidEndpoint for an address of STS that is none.
 */
export function findCredentials(
  identity: Identity,
  config: ConfigReader,
  environment: Readonly<NodeJS.ProcessEnv>,
  options: FindOptions = {},
): CredentialsSource {
  const places = { config, environment };
  const means: CredentialContext = {
    environment,
    now: options.now ?? (() => new Date()),
    metadataOrigin: options.metadataOrigin ?? METADATA_ORIGIN,
    metadataTimeoutMs: options.metadataTimeoutMs ?? METADATA_TIMEOUT_MS,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    agentFor: options.agentFor,
  };
  const finding =
    identity.profile === undefined
      ? search(means, places, options.configOf ?? "program")
      : profileSource(means, places, identity.profile);
  return whole({ source: finding.source, assume: assumeOf(identity, means, places, finding) });
}

/** The role to assume: the resource's, else the stack's unless the resource has a profile, else the profile's own. */
function assumeOf(
  identity: Identity,
  means: CredentialContext,
  places: SettingSources,
  finding: ResolvedProfile,
): Assume | undefined {
  const { roleArn, externalId } = identity;
  const session = identity.sessionName ?? (roleArn === undefined ? undefined : sessionName(places));
  const named = { ...(session ? { sessionName: session } : {}), ...(externalId ? { externalId } : {}) };
  const byStack = (role: Role): Assume => ({ role, sts: findSts(means, places) });
  if (roleArn !== undefined) return byStack({ arn: requireRoleArn(roleArn, "assumeRole.roleArn"), ...named });
  const configured = identity.profile === undefined ? configuredRole(places) : undefined;
  const assume = configured === undefined ? finding.assume : byStack(configured);
  if (Object.keys(named).length === 0) return assume;
  if (assume !== undefined) return { ...assume, role: { ...assume.role, ...named } };
  throw new VodError(
    `assumeRole.${identity.sessionName ? "sessionName" : "externalId"} is given, but no role is assumed.`,
    "Give assumeRole.roleArn as well, or leave it out.",
    { code: "InvalidCredentials" },
  );
}

/** The first source that gives something. */
function search(means: CredentialContext, places: SettingSources, configOf: "program" | "state"): ResolvedProfile {
  const named = [accessKey, namedProfile, credentialsUri, instance, oidcToken];
  if (configOf === "state") {
    const environmentAlone: SettingSources = {
      ...places,
      config: (key) => (NAMES_NO_CALLER.has(key) ? places.config(key) : undefined),
    };
    for (const source of named) {
      const result = unlessInvalid(() => source(means, environmentAlone));
      if ("source" in result) return result;
    }
  }
  const reasons: string[] = [];
  for (const source of [...named, currentProfile]) {
    const result = source(means, places);
    if ("source" in result) return result;
    if (result.half !== undefined) throw noCredentials(result.half);
    reasons.push(result.nothing);
  }
  throw noCredentials(`No Alibaba Cloud credentials were found: ${reasons.join("; ")}.`);
}

function noCredentials(happened: string): VodError {
  return new VodError(
    happened,
    "Set both parts of a key, for instance with `pulumi config set --secret alicloud:accessKey` and " +
      "`alicloud:secretKey`, or another of these sources.",
    { code: "NoCredentials" },
  );
}

/**
 * The secret is taken from where the key is, and from elsewhere only if it isn't there. So is the token of a temporary key,
 * which is good for nothing without one; any other key only takes one from its own place or the secret's, so that a
 * leftover one is never combined with it.
 */
function accessKey(_means: CredentialContext, places: SettingSources): Result {
  const first = (among: readonly KeyNames[], what: keyof KeyNames) => {
    for (const names of among) {
      const found = read(names[what], places);
      if (found) return { ...found, names };
    }
    return undefined;
  };
  const id = first(KEYS, "id");
  const secret = first(id ? [id.names, ...KEYS] : KEYS, "secret");
  const [ids, secrets] = [namesOf(...KEYS.map(({ id }) => id)), namesOf(...KEYS.map(({ secret }) => secret))];
  if (id === undefined || secret === undefined) {
    const nothing = `no access key ID (looked at ${ids}) and no secret (looked at ${secrets})`;
    if (id) return { nothing, half: `${id.name} is set, but no access key secret was found: looked at ${secrets}.` };
    if (secret) return { nothing, half: `${secret.name} is set, but no access key ID was found: looked at ${ids}.` };
    return { nothing };
  }
  const isTemporary = id.value.startsWith(TEMPORARY);
  const token = first([id.names, secret.names, ...(isTemporary ? KEYS : [])], "token");
  const description = id.names === secret.names ? id.where : `${id.where} with ${secret.where}`;
  return {
    source: staticCredentials(description, {
      accessKeyId: id.value,
      accessKeySecret: secret.value,
      ...(token === undefined ? {} : { securityToken: token.value }),
    }),
  };
}

function namedProfile(means: CredentialContext, places: SettingSources): Result {
  const name = read(SETTINGS.profile, places);
  if (name) return profileSource(means, places, name.value);
  return { nothing: `no profile (looked at ${namesOf(SETTINGS.profile)})` };
}

function credentialsUri(means: CredentialContext, places: SettingSources): Result {
  const uri = read(SETTINGS.credentialsUri, places);
  if (uri) return { source: uriCredentials(means, uri.value, uri.where) };
  return { nothing: `no credentials URI (looked at ${namesOf(SETTINGS.credentialsUri)})` };
}

function instance(means: CredentialContext, places: SettingSources): Result {
  const role = read(SETTINGS.ecsRoleName, places);
  if (role) return { source: instanceRole(means, role.value, role.where) };
  return { nothing: `no role of an ECS instance (looked at ${namesOf(SETTINGS.ecsRoleName)})` };
}

function oidcToken(means: CredentialContext, places: SettingSources): Result {
  const found = oidcRole(places);
  if ("identity" in found) return { source: assumedWithOidc(findSts(means, places), found.identity, found.role) };
  return { nothing: `no OIDC token (neither alicloud:assumeRoleWithOidc nor ${found.missing.join(", ")} is set)` };
}

/** Nobody named this one, so what keeps it from being used is only a reason. */
function currentProfile(means: CredentialContext, places: SettingSources): Result {
  const off = whyNoCurrentProfile(places);
  const result = off === undefined ? unlessInvalid(() => profileSource(means, places, undefined)) : { nothing: off };
  return "source" in result ? result : { nothing: `no current profile (${result.nothing})` };
}

/** Takes a source that can't be used for one that gives nothing. */
function unlessInvalid(source: () => Result): Result {
  try {
    return source();
  } catch (error) {
    if (!(error instanceof VodError)) throw error;
    return { nothing: error.happened.replace(/\.$/, "").replace(/^The /, "the ") };
  }
}
