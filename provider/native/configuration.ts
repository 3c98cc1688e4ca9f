/**
 * The configuration of the plugin: `alicloud-vod:` of the stack, or the arguments of an explicit provider. The engine hands over
 * the plugin's own namespace only, so that the keys of `alicloud:` have the same names here.
 */
import type { ConfigReader } from "../credentials/chain.js";
import { findSimilar } from "../text/similar.js";
import { joinNames } from "../vod/format.js";

interface Variable {
  description: string;
  isSecret?: boolean;
}

const PER_DAY = "How many the account has each day, if Alibaba Cloud raised the quota.";

export const CONFIG_VARIABLES: Readonly<Record<string, Variable>> = {
  accessKey: {
    description: "The access key ID. Defaults to the environment's, then to the other sources of credentials.",
    isSecret: true,
  },
  secretKey: { description: "The access key secret.", isSecret: true },
  securityToken: { description: "The security token of a temporary access key.", isSecret: true },
  profile: { description: "A profile of the Alibaba Cloud CLI. Defaults to the environment's `ALICLOUD_PROFILE`." },
  sharedCredentialsFile: { description: "The CLI's configuration file. Defaults to `~/.aliyun/config.json`." },
  credentialsUri: { description: "An address that answers with temporary credentials.", isSecret: true },
  ecsRoleName: { description: "The RAM role of the ECS instance that runs Pulumi." },
  region: { description: "The region whose STS endpoint assumes roles." },
  assumeRole: {
    description: "The RAM role to assume, in JSON: `roleArn`, and `sessionName` and `externalId` if it needs them.",
  },
  assumeRoleWithOidc: {
    description:
      "The RAM role to assume with a token of OpenID Connect, in JSON: `roleArn`, `oidcProviderArn`, `oidcTokenFile`.",
  },
  endpoints: { description: "The addresses of the services, in JSON: `vod` and `sts`." },
  report: { description: "A file into which every preview and update writes a report in JSON. Defaults to none." },
  summary: {
    description:
      "Whether a table is added to the summary of a step of GitHub Actions, `true` or `false`. Defaults to `true`.",
  },
  urlsPerDay: { description: `${PER_DAY} Refreshes of URLs. Defaults to 2,000.` },
  directoriesPerDay: { description: `${PER_DAY} Refreshes of directories. Defaults to 100.` },
  preloadsPerDay: { description: `${PER_DAY} Preloads. Defaults to 500.` },
  regexPerDay: { description: `${PER_DAY} Refreshes of patterns. Defaults to none of their own.` },
  ignoreParamsPerDay: { description: `${PER_DAY} Refreshes of URLs with any query. Defaults to none of their own.` },
  reserveUrls: {
    description:
      "How many refreshes of URLs updates leave of the day, unless a resource says so itself. Defaults to none.",
  },
  reserveDirectories: {
    description:
      "How many refreshes of directories updates leave of the day, unless a resource says so itself. Defaults to none.",
  },
  reservePreloads: {
    description: "How many preloads updates leave of the day, unless a resource says so itself. Defaults to none.",
  },
};

/** What the engine adds to the arguments of a provider. */
const ENGINES_OWN = ["version", "pluginDownloadURL", "pluginChecksums", "__internal"];

/** Reads the settings of the core, whose keys have a namespace. */
export function configReader(settings: Readonly<Record<string, unknown>>): ConfigReader {
  return (key) => {
    const value = settings[key.slice(key.indexOf(":") + 1)];
    if (value === undefined || value === null || value === "") return undefined;
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
}

/** A sentence for each key that is none of the plugin's. */
export function findUnknownKeys(settings: Readonly<Record<string, unknown>>): { property: string; reason: string }[] {
  const names = Object.keys(CONFIG_VARIABLES);
  const unknown = Object.keys(settings).filter((key) => !names.includes(key) && !ENGINES_OWN.includes(key));
  return unknown.map((key) => {
    const meant = findSimilar(key, names);
    const advice = meant === undefined ? `Its settings are ${joinNames(names, "and")}.` : `Did you mean ${meant}?`;
    return { property: key, reason: `alicloud-vod has no setting ${JSON.stringify(key)}. ${advice}` };
  });
}

const SETTING = new RegExp(`\\balicloud(?=:(?:${Object.keys(CONFIG_VARIABLES).join("|")})\\b)`, "g");

/** A sentence of the core with the settings by the names that they have here: `alicloud-vod:accessKey` for `alicloud:accessKey`. */
export function renameSettings(sentence: string): string {
  return sentence.replace(SETTING, "alicloud-vod");
}
