/** An access key that stands in the configuration or the environment itself. */
import type { CredentialsSource } from "../vod/credentials.js";
import { VodError } from "../vod/errors.js";
import { joinNames } from "../vod/format.js";
import { staticCredentials } from "./refreshing.js";
import { describeUnset, namesOf, readSetting, type Setting, type SettingSources } from "./settings.js";

/** The names of a key's parts in one place. */
type KeySettings = Record<"id" | "secret" | "token", Setting>;

const keyInEnvironment = (id: readonly string[], secret: readonly string[], token: readonly string[]): KeySettings => ({
  id: { environment: id },
  secret: { environment: secret },
  token: { environment: token },
});

/** The configuration, then one entry for each generation of this cloud's tools. */
const KEYS: readonly KeySettings[] = [
  {
    id: { config: "alicloud:accessKey", environment: [] },
    secret: { config: "alicloud:secretKey", environment: [] },
    token: { config: "alicloud:securityToken", environment: [] },
  },
  keyInEnvironment(
    ["ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID"],
    ["ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY_SECRET"],
    ["ALICLOUD_SECURITY_TOKEN"],
  ),
  keyInEnvironment(
    ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    ["ALIBABA_CLOUD_SECURITY_TOKEN"],
  ),
  keyInEnvironment(["ALIBABACLOUD_ACCESS_KEY_ID"], ["ALIBABACLOUD_ACCESS_KEY_SECRET"], ["ALIBABACLOUD_SECURITY_TOKEN"]),
];

/** What the IDs of temporary keys begin with. Source: STS, `AccessKeyId`. */
const TEMPORARY = "STS.";

/**
 * The secret is read where the ID is, and elsewhere only if it isn't there. So is the token of a temporary key, which is
 * good for nothing without one; any other key takes a token only from its own place or the secret's, so that it is never
 * combined with a leftover one.
 *
 * @returns why there is no key.
 * @throws VodError NoCredentials where a part of one is set.
 */
export function fromAccessKey(settings: SettingSources): { source: CredentialsSource } | { nothing: string } {
  const first = (among: readonly KeySettings[], part: keyof KeySettings) => {
    for (const key of among) {
      const found = readSetting(key[part], settings);
      if (found) return { ...found, key };
    }
    return undefined;
  };
  const id = first(KEYS, "id");
  const secret = first(id ? [id.key, ...KEYS] : KEYS, "secret");
  if (id === undefined || secret === undefined) {
    if (id) throw incomplete(id.name, "access key secret", "secret");
    if (secret) throw incomplete(secret.name, "access key ID", "id");
    return { nothing: describeUnset(...KEYS.map(({ id }) => id)) };
  }
  const isTemporary = id.value.startsWith(TEMPORARY);
  const token = first([id.key, secret.key, ...(isTemporary ? KEYS : [])], "token");
  const description = id.key === secret.key ? id.where : `${id.where} with ${secret.where}`;
  return {
    source: staticCredentials(description, {
      accessKeyId: id.value,
      accessKeySecret: secret.value,
      ...(token === undefined ? {} : { securityToken: token.value }),
    }),
  };
}

/** The error for a key of which a part is missing, so that no later source counts in its place. */
function incomplete(given: string, missing: string, part: keyof KeySettings): VodError {
  const names = namesOf(...KEYS.map((key) => key[part]));
  return new VodError(
    `Credentials could not be loaded: ${given} is set, but no ${missing} is.`,
    `Set ${joinNames(names, "or")} as well, or unset ${given}.`,
    { code: "NoCredentials" },
  );
}
