/** The token of an identity provider, as a CI service or ACK gives it to a program, and the role that it is for. */
import { VodError } from "../vod/errors.js";
import { type OidcIdentity, type Role, requireRoleArn } from "./assume-role.js";
import { readSessionName } from "./role-settings.js";
import {
  readConfigObject,
  readCredentialsFile,
  readSetting,
  SETTINGS,
  type SettingSources,
  type SettingValue,
} from "./settings.js";

/**
 * Reads the OIDC identity of the configuration's `alicloud:assumeRoleWithOidc`, completed by the environment; or that of
 * the environment alone, as ACK gives it to a pod, where it is complete.
 *
 * @returns the names that are missing, where the configuration has no such object.
 * @throws VodError InvalidCredentials for an object that isn't complete, or a token file that can't be read.
 */
export function readOidcRole(
  settings: SettingSources,
): { identity: OidcIdentity; role: Role } | { missing: readonly string[] } {
  const object = readConfigObject("alicloud:assumeRoleWithOidc", settings);
  const own = (field: "roleArn" | "oidcProviderArn" | "oidcToken" | "oidcTokenFile"): SettingValue | undefined => {
    const name = `alicloud:assumeRoleWithOidc.${field}`;
    return object?.[field] === undefined ? undefined : { value: object[field], name, where: `the stack's ${name}` };
  };
  const arn = own("roleArn") ?? readSetting(SETTINGS.roleArn, settings);
  const provider = own("oidcProviderArn") ?? readSetting(SETTINGS.oidcProviderArn, settings);
  const token = own("oidcToken") ?? (own("oidcTokenFile") ? undefined : readSetting(SETTINGS.oidcToken, settings));
  const file = own("oidcTokenFile") ?? readSetting(SETTINGS.oidcTokenFile, settings);
  const proof = token ?? file;
  const missing = [
    ...(arn ? [] : ["ALIBABA_CLOUD_ROLE_ARN"]),
    ...(provider ? [] : ["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"]),
    ...(proof ? [] : ["ALIBABA_CLOUD_OIDC_TOKEN_FILE"]),
  ];
  if (arn === undefined || provider === undefined || proof === undefined) {
    if (object === undefined) return { missing };
    throw new VodError(
      "alicloud:assumeRoleWithOidc isn't complete: it needs roleArn, oidcProviderArn and oidcTokenFile.",
      `Set them there, or ${missing.join(" and ")} in the environment.`,
      { code: "InvalidCredentials" },
    );
  }
  const role = {
    arn: requireRoleArn(arn.value, arn.name),
    sessionName: object?.roleSessionName ?? readSessionName(settings),
    policy: object?.policy,
    seconds: object?.sessionExpiration,
  };
  const identify = proof === token ? identityWithToken : identityWithTokenFile;
  return { identity: identify(proof.value, proof.where, provider.value), role };
}

function identityWithToken(token: string, where: string, providerArn: string): OidcIdentity {
  return { providerArn, token: () => token, description: `the OIDC token in ${where}` };
}

/**
 * Makes an identity whose token stands in a file, which may be replaced at any time.
 *
 * @param where the file is named, as part of a sentence.
 * @throws VodError InvalidCredentials where the file can't be read now.
 */
export function identityWithTokenFile(file: string, where: string, providerArn: string): OidcIdentity {
  const token = () => {
    // Not by its path: a token that was put there by mistake would be shown.
    const text = readCredentialsFile(file, `The OIDC token file that ${where} names`).trim();
    if (/^\S+$/.test(text)) return text;
    throw new VodError(`The OIDC token file ${file} holds no token.`, "Write the token into it, and nothing else.", {
      code: "InvalidCredentials",
    });
  };
  token();
  return { providerArn, token, description: `the OIDC token in ${file} (${where})` };
}
