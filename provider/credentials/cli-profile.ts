/**
 * Profiles of the Alibaba Cloud CLI: `~/.aliyun/config.json` in all its modes that need no browser and run no
 * program.
 */
import { join } from "node:path";
import { z } from "zod";
import type { CredentialsSource } from "../vod/credentials.js";
import { VodError } from "../vod/errors.js";
import { assumeRole, assumeRoleWithOidc, type Role, requireRoleArn, type Sts } from "./assume-role.js";
import { fromCredentialsUri } from "./credentials-uri.js";
import { fromInstanceMetadata } from "./instance-metadata.js";
import { identityWithTokenFile } from "./oidc-token.js";
import { type CredentialContext, staticCredentials } from "./refreshing.js";
import { findSts } from "./role-settings.js";
import { isTrue, parseJson, readCredentialsFile, readSetting, SETTINGS, type SettingSources } from "./settings.js";

/** A role, and where it is assumed. */
export interface RoleAssumption {
  role: Role;
  sts: Sts;
}

/** Credentials, and the role that they assume unless another one is asked for. */
export interface ResolvedProfile {
  source: CredentialsSource;
  assume?: RoleAssumption | undefined;
}

const text = z.string().trim().min(1).optional().catch(undefined);

/** The fields of a profile that are read. Source: the CLI's own configuration, `Profile`. */
const profileSchema = z.object({
  name: z.string(),
  mode: z.string().catch(""),
  access_key_id: text,
  access_key_secret: text,
  sts_token: text,
  sts_region: text,
  sts_endpoint: text,
  enable_vpc: z.boolean().optional().catch(undefined),
  ram_role_name: text,
  ram_role_arn: text,
  ram_session_name: text,
  external_id: text,
  source_profile: text,
  expired_seconds: z.number().int().min(900).max(43_200).optional().catch(undefined),
  credentials_uri: text,
  oidc_provider_arn: text,
  oidc_token_file: text,
});
type Profile = z.infer<typeof profileSchema>;

const fileSchema = z.object({ current: text, profiles: z.array(z.unknown()) });

/** The modes that work, as the CLI writes them. */
const MODES =
  "AK, StsToken, RamRoleArn, ChainableRamRoleArn, RamRoleArnWithRoleName, EcsRamRole, OIDC and CredentialsURI";

const invalid = (happened: string, remedy: string) => new VodError(happened, remedy, { code: "InvalidCredentials" });

/**
 * Reads a profile and makes its source of credentials; nothing is asked of the network.
 *
 * @param name of the profile; undefined means the one that the CLI uses (`current`).
 * @throws VodError InvalidCredentials where the file, the profile, or a field that its mode needs is missing.
 */
export function readProfile(
  context: CredentialContext,
  settings: SettingSources,
  name: string | undefined,
): ResolvedProfile {
  const file = profilesFile(settings);
  const parsed = fileSchema.safeParse(parseJson(readCredentialsFile(file, `The profiles file ${file}`)));
  if (!parsed.success) {
    throw invalid(
      `The profiles file ${file} is not JSON with a list of profiles.`,
      "Write it with `aliyun configure`.",
    );
  }
  const { current = "default", profiles } = parsed.data;
  const known = profiles.flatMap((profile) => profileSchema.safeParse(profile).data ?? []);
  return resolveProfile({ context, settings, file, known }, name ?? current, []);
}

/** Why the profile that the CLI uses isn't read; undefined where it is. */
export function whyNoCurrentProfile({ environment }: SettingSources): string | undefined {
  const name = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
  return isTrue(name, environment) ? `${name} is true` : undefined;
}

/** `alicloud:sharedCredentialsFile` or its names in the environment, else `~/.aliyun/config.json`. */
function profilesFile(settings: SettingSources): string {
  const { HOME, USERPROFILE } = settings.environment;
  const home = HOME || USERPROFILE;
  const named = readSetting(SETTINGS.sharedCredentialsFile, settings);
  if (named && !/^~[/\\]/.test(named.value)) return named.value;
  if (home === undefined) {
    throw invalid("The home directory is unknown, since HOME is not set.", "Set alicloud:sharedCredentialsFile.");
  }
  return named ? join(home, named.value.slice(2)) : join(home, ".aliyun", "config.json");
}

interface Profiles {
  context: CredentialContext;
  settings: SettingSources;
  file: string;
  known: readonly Profile[];
}

/** @param passed the profiles that lead here by their `source_profile`. */
function resolveProfile(profiles: Profiles, name: string, passed: readonly string[]): ResolvedProfile {
  const { context, settings, file, known } = profiles;
  const profile = known.find((one) => one.name === name);
  const where = `the profile "${name}" of ${file}`;
  if (profile === undefined) {
    const names = known.map((one) => `"${one.name}"`).join(", ") || "none";
    throw invalid(
      `There is no profile "${name}" in ${file}.`,
      `Name one that it has (${names}), or add it with \`aliyun configure --profile ${name}\`.`,
    );
  }
  if (passed.includes(name)) {
    throw invalid(
      `The source_profile of ${where} leads back to that profile.`,
      "Name a profile that has a key of its own.",
    );
  }
  const need = (field: keyof Profile): string => {
    const value = profile[field];
    if (typeof value === "string") return value;
    throw invalid(
      `The profile "${name}" of ${file} has no ${field}.`,
      `Set it with \`aliyun configure --profile ${name}\`.`,
    );
  };
  const keys = () =>
    staticCredentials(where, { accessKeyId: need("access_key_id"), accessKeySecret: need("access_key_secret") });
  const keysWithToken = (securityToken: string) =>
    staticCredentials(where, {
      accessKeyId: need("access_key_id"),
      accessKeySecret: need("access_key_secret"),
      securityToken,
    });
  const role = (): Role => ({
    arn: requireRoleArn(need("ram_role_arn"), `ram_role_arn of ${where}`),
    sessionName: profile.ram_session_name,
    externalId: profile.external_id,
    seconds: profile.expired_seconds,
  });
  const sts = () => {
    const { sts_endpoint: endpoint, sts_region: region, enable_vpc: inVpc = false } = profile;
    return findSts(context, settings, { endpoint, region, inVpc, name: where });
  };

  switch (profile.mode.toLowerCase()) {
    case "ak":
      return { source: keys() };
    case "ststoken":
      return { source: keysWithToken(need("sts_token")) };
    case "ramrolearn": {
      const source = profile.sts_token === undefined ? keys() : keysWithToken(profile.sts_token);
      return { source, assume: { role: role(), sts: sts() } };
    }
    case "chainableramrolearn": {
      const base = applyRole(resolveProfile(profiles, need("source_profile"), [...passed, name]));
      return { source: assumeRole(sts(), base, role(), `${where} (source profile "${profile.source_profile}")`) };
    }
    case "ecsramrole":
      return { source: fromInstanceMetadata(context, profile.ram_role_name, where) };
    case "ramrolearnwithrolename": {
      const source = fromInstanceMetadata(context, profile.ram_role_name, where);
      return { source, assume: { role: role(), sts: sts() } };
    }
    case "oidc": {
      const identity = identityWithTokenFile(
        need("oidc_token_file"),
        `oidc_token_file of ${where}`,
        need("oidc_provider_arn"),
      );
      return { source: assumeRoleWithOidc(sts(), identity, role()) };
    }
    case "credentialsuri":
      return { source: fromCredentialsUri(context, need("credentials_uri"), where) };
    default: {
      // Letters alone, since a secret may stand there by mistake.
      const mode = /^[A-Za-z]{1,30}$/.test(profile.mode) ? ` ${profile.mode}` : "";
      throw invalid(`The mode${mode} of ${where} isn't supported.`, `Use a profile of one of the modes ${MODES}.`);
    }
  }
}

/** Gives the credentials of the role where there is one to assume, and otherwise those of the profile. */
export function applyRole({ source, assume }: ResolvedProfile): CredentialsSource {
  return assume === undefined ? source : assumeRole(assume.sts, source, assume.role);
}
