/**
 * The settings that say who calls: their names in the stack's configuration and in the environment, and how they are
 * read.
 */
import { readFileSync, type Stats, statSync } from "node:fs";
import { z } from "zod";
import { VodError } from "../vod/errors.js";
import { joinNames } from "../vod/format.js";

/** Reads one value of the stack's configuration, secrets in clear, such as `alicloud:accessKey`. */
export type ConfigReader = (key: string) => string | undefined;

/** Where settings are read: the stack's configuration first, then the environment. */
export interface SettingSources {
  config: ConfigReader;
  environment: Readonly<NodeJS.ProcessEnv>;
}

/** The names of one setting; the first one that is set counts. */
export interface Setting {
  config?: string;
  environment: readonly string[];
}

/** The value of a setting, without the spaces around it, and where it stands as part of a sentence. */
export interface SettingValue {
  value: string;
  /** Such as `alicloud:profile` or `ALICLOUD_PROFILE`. */
  name: string;
  /** Such as `the stack's alicloud:profile` or `the environment's ALICLOUD_PROFILE`. */
  where: string;
}

/** Source: the schema of Pulumi's Alibaba Cloud provider, and that of the Terraform provider which it wraps. */
export const SETTINGS = {
  profile: { config: "alicloud:profile", environment: ["ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"] },
  sharedCredentialsFile: {
    config: "alicloud:sharedCredentialsFile",
    environment: ["ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"],
  },
  credentialsUri: {
    config: "alicloud:credentialsUri",
    environment: ["ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"],
  },
  ecsRoleName: {
    config: "alicloud:ecsRoleName",
    environment: ["ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"],
  },
  region: { config: "alicloud:region", environment: ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"] },
  assumeRoleArn: { environment: ["ALICLOUD_ASSUME_ROLE_ARN"] },
  roleArn: { environment: ["ALIBABA_CLOUD_ROLE_ARN"] },
  sessionName: { environment: ["ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME"] },
  sessionExpiration: { environment: ["ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION"] },
  oidcProviderArn: { environment: ["ALIBABA_CLOUD_OIDC_PROVIDER_ARN"] },
  oidcToken: { environment: ["ALIBABA_CLOUD_OIDC_TOKEN"] },
  oidcTokenFile: { environment: ["ALIBABA_CLOUD_OIDC_TOKEN_FILE"] },
  stsEndpoint: { environment: ["ALIBABA_CLOUD_STS_ENDPOINT", "ALIBABA_CLOUD_ENDPOINT_STS", "STS_ENDPOINT"] },
  stsRegion: { environment: ["ALIBABA_CLOUD_STS_REGION"] },
} as const satisfies Record<string, Setting>;

/** Reads a setting; undefined where none of its names is set to more than spaces. */
export function readSetting(setting: Setting, { config, environment }: SettingSources): SettingValue | undefined {
  const { config: key } = setting;
  const value = key === undefined ? undefined : config(key)?.trim();
  if (key !== undefined && value) return { value, name: key, where: `the stack's ${key}` };
  for (const name of setting.environment) {
    const value = environment[name]?.trim();
    if (value) return { value, name, where: `the environment's ${name}` };
  }
  return undefined;
}

/** All names of settings, in the order in which they are read. */
export function namesOf(...settings: readonly Setting[]): string[] {
  return settings.flatMap(({ config, environment }) => [...(config ? [config] : []), ...environment]);
}

/** Says that none of the names is set by which settings are read. */
export function describeUnset(...settings: readonly Setting[]): string {
  return `none of ${joinNames(namesOf(...settings), "and")} is set`;
}

/** Whether a variable is set to `true`, in any case of letters. */
export function isTrue(name: string, environment: Readonly<NodeJS.ProcessEnv>): boolean {
  return environment[name]?.trim().toLowerCase() === "true";
}

const text = z.string().trim().optional();
/** An empty text counts as none, as for Pulumi's provider. */
const nonEmpty = text.transform((value) => value || undefined);

/** How long a session lasts, in seconds; 0 means the service's own default. Source: AssumeRole, `DurationSeconds`. */
const seconds = z.coerce
  .number()
  .refine((value) => value === 0 || (Number.isInteger(value) && value >= 900 && value <= 43_200))
  .transform((value) => value || undefined)
  .optional();

const hosts = z.object({ sts: nonEmpty, vod: nonEmpty });

const session = { sessionExpiration: seconds, policy: nonEmpty };

/** The configuration's objects; each is a JSON text. An empty `roleArn` assumes no role. */
const CONFIG_OBJECTS = {
  "alicloud:assumeRole": z.object({ ...session, roleArn: text, sessionName: nonEmpty, externalId: nonEmpty }),
  "alicloud:assumeRoleWithOidc": z.object({
    ...session,
    roleArn: nonEmpty,
    roleSessionName: nonEmpty,
    oidcProviderArn: nonEmpty,
    oidcToken: nonEmpty,
    oidcTokenFile: nonEmpty,
  }),
  "alicloud:endpoints": z.union([hosts, z.array(hosts)]).transform((endpoints) => ({
    sts: [endpoints].flat().find(({ sts }) => sts)?.sts,
    vod: [endpoints].flat().find(({ vod }) => vod)?.vod,
  })),
} as const;

/**
 * Reads an object of the stack's configuration; undefined where it isn't set.
 *
 * @throws VodError InvalidCredentials, naming the fields that are wrong and never a value: a token may stand there.
 */
export function readConfigObject<Name extends keyof typeof CONFIG_OBJECTS>(
  name: Name,
  { config }: Pick<SettingSources, "config">,
): z.infer<(typeof CONFIG_OBJECTS)[Name]> | undefined {
  const value = config(name)?.trim();
  if (!value) return undefined;
  const parsed = CONFIG_OBJECTS[name].safeParse(parseJson(value));
  if (parsed.success) return parsed.data as z.infer<(typeof CONFIG_OBJECTS)[Name]>;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join(".")))].filter((field) => field !== "");
  throw new VodError(
    fields.length === 0 ? `${name} is not a JSON object.` : `${name} has no valid ${fields.join(" and no valid ")}.`,
    `Set its fields with \`pulumi config set --path ${name}${name === "alicloud:endpoints" ? "[0]" : ""}.<field> <value>\`` +
      "; a sessionExpiration is 900 to 43,200 seconds.",
    { code: "InvalidCredentials" },
  );
}

/** Parses a JSON text; undefined where it is none. The parser's own error would show the text. */
export function parseJson(value: string): unknown {
  try {
    return JSON.parse(value.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}

/**
 * How large a file of credentials may be, in bytes: a token has some kilobytes, a file of many profiles some hundred.
 */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a file of credentials. Only a regular file is read: a pipe might never end, nor might a device.
 *
 * @param shown what it is called at the beginning of a sentence.
 * @throws VodError InvalidCredentials with the system's code.
 */
export function readCredentialsFile(file: string, shown: string): string {
  const refuse = (why: string) =>
    new VodError(
      `${shown} ${why}.`,
      "Check that it is the path of a file that exists, and that this user may read it.",
      { code: "InvalidCredentials" },
    );
  let found: Stats;
  try {
    found = statSync(file);
    if (found.isFile() && found.size <= MAX_FILE_BYTES) return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw refuse(code === "ENOENT" ? "doesn't exist" : `can't be read (${code})`);
  }
  throw refuse(found.isFile() ? "is larger than 1 MB" : "is not a regular file");
}
