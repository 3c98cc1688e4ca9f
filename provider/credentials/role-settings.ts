/** Which role is assumed, by which of the settings, and where STS and the VOD API are. */
import { resolveEndpoint } from "../vod/endpoint.js";
import { VodError } from "../vod/errors.js";
import { type Role, requireRoleArn, type Sts } from "./assume-role.js";
import type { CredentialContext } from "./refreshing.js";
import { type ConfigReader, isTrue, readConfigObject, readSetting, SETTINGS, type SettingSources } from "./settings.js";

/** Where STS is for roles without a region of their own. */
const DEFAULT_STS = "sts.aliyuncs.com";

/**
 * Reads the role that the configuration's `alicloud:assumeRole` or `ALICLOUD_ASSUME_ROLE_ARN` names.
 *
 * The environment completes the object; only then `ALIBABA_CLOUD_ROLE_ARN` counts. On its own it names no role to assume:
 * it stands beside OIDC tokens, and beside keys that are that role's already.
 *
 * @returns undefined where none is named, or where `roleArn` is empty, as for Pulumi's provider.
 * @throws VodError InvalidCredentials for an object without a valid role.
 */
export function readRole(settings: SettingSources): Role | undefined {
  const object = readConfigObject("alicloud:assumeRole", settings);
  if (object?.roleArn === "") return undefined;
  const variable =
    readSetting(SETTINGS.assumeRoleArn, settings) ?? (object ? readSetting(SETTINGS.roleArn, settings) : undefined);
  const arn = object?.roleArn ?? variable?.value;
  if (object === undefined && arn === undefined) return undefined;
  return {
    arn: requireRoleArn(arn ?? "", object?.roleArn || !variable ? "alicloud:assumeRole.roleArn" : variable.name),
    sessionName: object?.sessionName ?? readSessionName(settings),
    externalId: object?.externalId,
    policy: object?.policy,
    seconds: object?.sessionExpiration ?? readSessionSeconds(settings),
  };
}

/** Reads the session's name from the environment. */
export function readSessionName(settings: SettingSources): string | undefined {
  return readSetting(SETTINGS.sessionName, settings)?.value;
}

/**
 * Reads how long sessions last from the environment, in seconds. What is no number of seconds is ignored, as in
 * Pulumi's provider.
 */
function readSessionSeconds(settings: SettingSources): number | undefined {
  const seconds = Number(readSetting(SETTINGS.sessionExpiration, settings)?.value);
  return Number.isInteger(seconds) && seconds > 0 ? seconds : undefined;
}

/**
 * Finds where STS is: the profile's own endpoint or region, `sts` of the configuration's `alicloud:endpoints`, the
 * environment's `ALIBABA_CLOUD_STS_ENDPOINT` (or `ALIBABA_CLOUD_ENDPOINT_STS`, `STS_ENDPOINT`), the region in
 * `ALIBABA_CLOUD_STS_REGION`, then in `alicloud:region`, and otherwise `sts.aliyuncs.com`. Plain http works for this
 * machine only.
 *
 * @throws VodError InvalidEndpoint, naming which of them is wrong.
 */
export function findSts(
  context: CredentialContext,
  settings: SettingSources,
  profile: { endpoint?: string | undefined; region?: string | undefined; inVpc?: boolean; name: string } = { name: "" },
): Sts {
  const variable = readSetting(SETTINGS.stsEndpoint, settings);
  const stsRegion = readSetting(SETTINGS.stsRegion, settings);
  const inVpc = isTrue("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", settings.environment);
  const region = readSetting(SETTINGS.region, settings);
  const candidates: [host: string | undefined, name: string][] = [
    [profile.endpoint, `sts_endpoint of ${profile.name}`],
    [hostOfRegion(profile.region, profile.inVpc), `sts_region of ${profile.name}`],
    [readConfigObject("alicloud:endpoints", settings)?.sts, "alicloud:endpoints.sts"],
    [variable?.value, variable?.name ?? ""],
    [hostOfRegion(stsRegion?.value, inVpc), stsRegion?.name ?? ""],
    [hostOfRegion(region?.value), region?.name ?? ""],
  ];
  const [host = DEFAULT_STS, name] = candidates.find(([host]) => host !== undefined) ?? [DEFAULT_STS, ""];
  const { timeoutMs, agentFor, now } = context;
  return { origin: resolveStsOrigin(host, name), timeoutMs, agentFor, now };
}

/** `vod` of the configuration's `alicloud:endpoints`; undefined where it isn't set. */
export function configuredVodEndpoint(config: ConfigReader): string | undefined {
  return readConfigObject("alicloud:endpoints", { config })?.vod;
}

const hostOfRegion = (region: string | undefined, inVpc = false) =>
  region === undefined ? undefined : `sts${inVpc ? "-vpc" : ""}.${region}.aliyuncs.com`;

function resolveStsOrigin(host: string, name: string): string {
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
