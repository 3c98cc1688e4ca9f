/**
 * Who calls: finds which of the many sources of Alibaba Cloud credentials counts for a resource.
 *
 * The order is {@link CHAIN}. It is that of Pulumi's Alibaba Cloud provider, so that a program's uploads and refreshes have
 * the same caller:
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
 * In each row the configuration comes before the environment. The found credentials assume `alicloud:assumeRole`.
 */
import type http from "node:http";
import type { CredentialsSource } from "../vod/credentials.js";
import { VodError } from "../vod/errors.js";
import { joinNames } from "../vod/format.js";
import { agentFor } from "../vod/http-agent.js";
import { fromAccessKey } from "./access-key.js";
import { assumeRoleWithOidc, type Role, requireRoleArn } from "./assume-role.js";
import {
  applyRole,
  type ResolvedProfile,
  type RoleAssumption,
  readProfile,
  whyNoCurrentProfile,
} from "./cli-profile.js";
import { fromCredentialsUri } from "./credentials-uri.js";
import { fromInstanceMetadata, METADATA_ORIGIN } from "./instance-metadata.js";
import { readOidcRole } from "./oidc-token.js";
import type { CredentialContext } from "./refreshing.js";
import { findSts, readRole, readSessionName } from "./role-settings.js";
import { type ConfigReader, describeUnset, readSetting, SETTINGS, type SettingSources } from "./settings.js";

export type { CredentialsSource } from "../vod/credentials.js";
export type { ConfigReader } from "./settings.js";

/** What a resource says of who calls. */
export interface Identity {
  /** A profile of the CLI, which then counts alone: the stack's own credentials and its role don't. */
  profile?: string | undefined;
  /** A role to assume with the profile's credentials, or else with the stack's; in place of the stack's role. */
  roleArn?: string | undefined;
  /** What the role's session is called. Default: the environment's name, or else `pulumi-alicloud-vod`. */
  sessionName?: string | undefined;
  /** What the role's trust policy asks of callers from other accounts. */
  externalId?: string | undefined;
}

export interface FindOptions {
  /**
   * Where the configuration comes from: the program's run, or the state, which keeps that of the last run for
   * `pulumi refresh` and `pulumi destroy`. A key or a token in the state may have been replaced since, so all sources that
   * the environment names come before those of the configuration. Default: "program".
   */
  configOf?: "program" | "state";
  /** Gives what connections to STS or a credentials URI go through, by their origin. Default: direct connections. */
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

/** What a source gives: credentials, or why it gives none. */
type SourceResult = ResolvedProfile | { nothing: string };

interface Source {
  /** What messages call it. */
  name: string;
  read(context: CredentialContext, settings: SettingSources): SourceResult;
}

/** The sources that are named somewhere, in the order in which they count. */
const NAMED_SOURCES: readonly Source[] = [
  { name: "access key", read: (_, settings) => fromAccessKey(settings) },
  { name: "profile", read: fromProfile },
  { name: "credentials URI", read: fromUri },
  { name: "RAM role of the ECS instance", read: fromInstance },
  { name: "OIDC token", read: fromOidcToken },
];

/** All sources, in the order in which they count. */
const CHAIN: readonly Source[] = [
  ...NAMED_SOURCES,
  { name: "current profile of the Alibaba Cloud CLI", read: fromCurrentProfile },
];

/** Where a person reads of all sources: on the machine, as long as no repository is public. */
export const CREDENTIALS_PAGE = "docs/credentials.md in the package pulumi-alicloud-vod";

/** The configuration that says where something is, and not who calls: a source of the environment needs it as well. */
const NAMES_NO_CALLER = new Set(["alicloud:endpoints", "alicloud:region", "alicloud:sharedCredentialsFile"]);

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
  const settings = { config, environment };
  const context: CredentialContext = {
    environment,
    now: options.now ?? (() => new Date()),
    metadataOrigin: options.metadataOrigin ?? METADATA_ORIGIN,
    metadataTimeoutMs: options.metadataTimeoutMs ?? METADATA_TIMEOUT_MS,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    agentFor: options.agentFor ?? ((origin) => agentFor(origin, undefined)),
  };
  const found =
    identity.profile === undefined
      ? search(context, settings, options.configOf ?? "program")
      : readProfile(context, settings, identity.profile);
  return applyRole({ source: found.source, assume: roleToAssume(identity, context, settings, found) });
}

/** The role to assume: the resource's, else the stack's unless the resource has a profile, else the profile's own. */
function roleToAssume(
  identity: Identity,
  context: CredentialContext,
  settings: SettingSources,
  found: ResolvedProfile,
): RoleAssumption | undefined {
  const { roleArn, externalId } = identity;
  const sessionName = identity.sessionName ?? (roleArn === undefined ? undefined : readSessionName(settings));
  const named = { ...(sessionName ? { sessionName } : {}), ...(externalId ? { externalId } : {}) };
  const atStackSts = (role: Role): RoleAssumption => ({ role, sts: findSts(context, settings) });
  if (roleArn !== undefined) return atStackSts({ arn: requireRoleArn(roleArn, "assumeRole.roleArn"), ...named });
  const configured = identity.profile === undefined ? readRole(settings) : undefined;
  const assume = configured === undefined ? found.assume : atStackSts(configured);
  if (Object.keys(named).length === 0) return assume;
  if (assume !== undefined) return { ...assume, role: { ...assume.role, ...named } };
  throw new VodError(
    `assumeRole.${identity.sessionName ? "sessionName" : "externalId"} is given, but no role is assumed.`,
    "Give assumeRole.roleArn as well, or leave it out.",
    { code: "InvalidCredentials" },
  );
}

/** Gives the first source of the chain that has credentials. */
function search(context: CredentialContext, settings: SettingSources, configOf: "program" | "state"): ResolvedProfile {
  if (configOf === "state") {
    const environmentAlone: SettingSources = {
      ...settings,
      config: (key) => (NAMES_NO_CALLER.has(key) ? settings.config(key) : undefined),
    };
    for (const { read } of NAMED_SOURCES) {
      const result = unlessInvalid(() => read(context, environmentAlone));
      if ("source" in result) return result;
    }
  }
  const reasons: string[] = [];
  for (const { name, read } of CHAIN) {
    const result = read(context, settings);
    if ("source" in result) return result;
    reasons.push(`  ${name}: ${result.nothing}`);
  }
  throw new VodError(
    "Credentials could not be loaded: no source of Alibaba Cloud credentials is configured.",
    "Set an access key with `pulumi config set --secret alicloud:accessKey` and " +
      "`pulumi config set --secret alicloud:secretKey`, or use another source.",
    { code: "NoCredentials", details: [...reasons, `See ${CREDENTIALS_PAGE}.`] },
  );
}

function fromProfile(context: CredentialContext, settings: SettingSources): SourceResult {
  const name = readSetting(SETTINGS.profile, settings);
  if (name) return readProfile(context, settings, name.value);
  return { nothing: describeUnset(SETTINGS.profile) };
}

function fromUri(context: CredentialContext, settings: SettingSources): SourceResult {
  const uri = readSetting(SETTINGS.credentialsUri, settings);
  if (uri) return { source: fromCredentialsUri(context, uri.value, uri.where) };
  return { nothing: describeUnset(SETTINGS.credentialsUri) };
}

function fromInstance(context: CredentialContext, settings: SettingSources): SourceResult {
  const role = readSetting(SETTINGS.ecsRoleName, settings);
  if (role) return { source: fromInstanceMetadata(context, role.value, role.where) };
  return { nothing: describeUnset(SETTINGS.ecsRoleName) };
}

function fromOidcToken(context: CredentialContext, settings: SettingSources): SourceResult {
  const found = readOidcRole(settings);
  if ("identity" in found)
    return { source: assumeRoleWithOidc(findSts(context, settings), found.identity, found.role) };
  const missing = joinNames(found.missing, "and");
  return { nothing: `alicloud:assumeRoleWithOidc is not set, and the environment lacks ${missing}` };
}

/** Nobody named this profile, so a profile that can't be used is no error. */
function fromCurrentProfile(context: CredentialContext, settings: SettingSources): SourceResult {
  const off = whyNoCurrentProfile(settings);
  return off === undefined ? unlessInvalid(() => readProfile(context, settings, undefined)) : { nothing: off };
}

/** Treats a source that can't be used as one that gives nothing. */
function unlessInvalid(source: () => SourceResult): SourceResult {
  try {
    return source();
  } catch (error) {
    if (!(error instanceof VodError)) throw error;
    return { nothing: error.happened.replace(/\.$/, "").replace(/^The /, "the ") };
  }
}
