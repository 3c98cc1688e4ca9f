/** Which role is assumed, by which of the settings, and where STS is. */
import { readFileSync, type Stats, statSync } from "node:fs";
import { resolveEndpoint } from "../vod/endpoint.js";
import { VodError } from "../vod/errors.js";
import { type OidcIdentity, type Role, requireRoleArn, type Sts } from "./assume-role.js";
import type { CredentialContext } from "./refreshing.js";
import {
  type ConfigReader,
  isTrue,
  read,
  readObject,
  SETTINGS,
  type SettingSources,
  type SettingValue,
} from "./settings.js";

/** Where STS is for roles without a region of their own. */
const DEFAULT_STS = "sts.aliyuncs.com";

/**
 * The role that the configuration's `alicloud:assumeRole` or `ALICLOUD_ASSUME_ROLE_ARN` names.
 *
 * What the object leaves out comes from the environment; only then `ALIBABA_CLOUD_ROLE_ARN` counts. On its own it
 * doesn't: it stands beside OIDC tokens, and beside keys that are that role's already.
 *
 * @returns undefined where none is named, or where `roleArn` is empty, as for Pulumi's provider.
 * @throws VodError InvalidCredentials for an object without a valid role.
 */
export function configuredRole(places: SettingSources): Role | undefined {
  const object = readObject("alicloud:assumeRole", places);
  if (object?.roleArn === "") return undefined;
  const variable = read(SETTINGS.assumeRoleArn, places) ?? (object ? read(SETTINGS.roleArn, places) : undefined);
  const arn = object?.roleArn ?? variable?.value;
  if (object === undefined && arn === undefined) return undefined;
  return {
    arn: requireRoleArn(arn ?? "", object?.roleArn || !variable ? "alicloud:assumeRole.roleArn" : variable.name),
    sessionName: object?.sessionName ?? sessionName(places),
    externalId: object?.externalId,
    policy: object?.policy,
    seconds: object?.sessionExpiration ?? sessionSeconds(places),
  };
}

/** The session's name that the environment gives. */
export function sessionName(places: SettingSources): string | undefined {
  return read(SETTINGS.sessionName, places)?.value;
}

/** How long the environment lets sessions last, in seconds; what is no number of seconds is left out, as elsewhere. */
function sessionSeconds(places: SettingSources): number | undefined {
  const seconds = Number(read(SETTINGS.sessionExpiration, places)?.value);
  return Number.isInteger(seconds) && seconds > 0 ? seconds : undefined;
}

/**
 * The OIDC identity of the configuration's `alicloud:assumeRoleWithOidc`, completed by the environment; or that of the
 * environment alone, as ACK gives it to a pod, where it is complete.
 *
 * @returns the names that are missing, where the configuration has no such object.
 * @throws VodError InvalidCredentials for an object that isn't complete, or a token file that can't be read.
 */
export function oidcRole(places: SettingSources): { identity: OidcIdentity; role: Role } | { missing: string[] } {
  const object = readObject("alicloud:assumeRoleWithOidc", places);
  const own = (field: "roleArn" | "oidcProviderArn" | "oidcToken" | "oidcTokenFile"): SettingValue | undefined => {
    const name = `alicloud:assumeRoleWithOidc.${field}`;
    return object?.[field] === undefined ? undefined : { value: object[field], name, where: `the stack's ${name}` };
  };
  const arn = own("roleArn") ?? read(SETTINGS.roleArn, places);
  const provider = own("oidcProviderArn") ?? read(SETTINGS.oidcProviderArn, places);
  const token = own("oidcToken") ?? (own("oidcTokenFile") ? undefined : read(SETTINGS.oidcToken, places));
  const file = own("oidcTokenFile") ?? read(SETTINGS.oidcTokenFile, places);
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
    sessionName: object?.roleSessionName ?? sessionName(places),
    policy: object?.policy,
    seconds: object?.sessionExpiration,
  };
  const identityOf = proof === token ? tokenOf : tokenOfFile;
  return { identity: identityOf(proof.value, proof.where, provider.value), role };
}

function tokenOf(token: string, where: string, providerArn: string): OidcIdentity {
  return { providerArn, token: () => token, description: `the OIDC token in ${where}` };
}

/**
 * An identity whose token stands in a file, which may be replaced at any time.
 *
 * @param where the file is named, as part of a sentence.
 * @throws VodError InvalidCredentials where the file can't be read now.
 */
export function tokenOfFile(file: string, where: string, providerArn: string): OidcIdentity {
  const token = () => {
    // Not by its path: a token that was put there by mistake would be shown.
    const text = readText(file, `The OIDC token file that ${where} names`).trim();
    if (/^\S+$/.test(text)) return text;
    throw new VodError(`The OIDC token file ${file} holds no token.`, "Write the token into it, and nothing else.", {
      code: "InvalidCredentials",
    });
  };
  token();
  return { providerArn, token, description: `the OIDC token in ${file} (${where})` };
}

/** How large a file of credentials may be, in bytes: a token has some kilobytes, a file of many profiles some hundred. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a file of credentials: a pipe would be waited for, and a device may have no end.
 *
 * @param shown what it is called at the beginning of a sentence.
 * @throws VodError InvalidCredentials with the system's code.
 */
export function readText(file: string, shown: string): string {
  const refuse = (why: string) =>
    new VodError(
      `${shown} can't be read (${why}).`,
      "Check that it is the path of a file that exists, and that this user may read it.",
      { code: "InvalidCredentials" },
    );
  let found: Stats;
  try {
    found = statSync(file);
    if (found.isFile() && found.size <= MAX_FILE_BYTES) return readFileSync(file, "utf8");
  } catch (error) {
    throw refuse(String((error as NodeJS.ErrnoException).code));
  }
  throw refuse(found.isFile() ? "larger than 1 MB" : "no regular file");
}

/**
 * Where STS is: the profile's own endpoint or region, `sts` of the configuration's `alicloud:endpoints`, the environment's
 * `ALIBABA_CLOUD_STS_ENDPOINT` (or `ALIBABA_CLOUD_ENDPOINT_STS`, `STS_ENDPOINT`), that of the region in
 * `ALIBABA_CLOUD_STS_REGION`, then in `alicloud:region`, and otherwise `sts.aliyuncs.com`. Plain http works for this machine only.
 *
 * @throws VodError InvalidEndpoint, naming which of them is wrong.
 */
export function findSts(
  means: CredentialContext,
  places: SettingSources,
  profile: { endpoint?: string | undefined; region?: string | undefined; inVpc?: boolean; name: string } = { name: "" },
): Sts {
  const variable = read(SETTINGS.stsEndpoint, places);
  const stsRegion = read(SETTINGS.stsRegion, places);
  const inVpc = isTrue("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", places.environment);
  const region = read(SETTINGS.region, places);
  const candidates: [host: string | undefined, name: string][] = [
    [profile.endpoint, `sts_endpoint of ${profile.name}`],
    [ofRegion(profile.region, profile.inVpc), `sts_region of ${profile.name}`],
    [readObject("alicloud:endpoints", places)?.sts, "alicloud:endpoints.sts"],
    [variable?.value, variable?.name ?? ""],
    [ofRegion(stsRegion?.value, inVpc), stsRegion?.name ?? ""],
    [ofRegion(region?.value), region?.name ?? ""],
  ];
  const [host = DEFAULT_STS, name] = candidates.find(([host]) => host !== undefined) ?? [DEFAULT_STS, ""];
  const { timeoutMs, agentFor, now } = means;
  return { origin: originOf(host, name), timeoutMs, agentFor, now };
}

/** `vod` of the configuration's `alicloud:endpoints`; undefined where it isn't set. */
export function configuredVodEndpoint(config: ConfigReader): string | undefined {
  return readObject("alicloud:endpoints", { config })?.vod;
}

const ofRegion = (region: string | undefined, inVpc = false) =>
  region === undefined ? undefined : `sts${inVpc ? "-vpc" : ""}.${region}.aliyuncs.com`;

function originOf(host: string, name: string): string {
  try {
    return resolveEndpoint(host, {});
  } catch {
    throw new VodError(
      `${name} is not an address of STS.`,
      "Write a host such as sts.cn-shanghai.aliyuncs.com, or https:// and a host; http:// works for this machine only.",
      { code: "InvalidEndpoint" },
    );
  }
}
