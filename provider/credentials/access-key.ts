/** An access key that stands in the configuration or the environment itself. */
import type { CredentialsSource } from "../vod/credentials.js";
import { staticCredentials } from "./refreshing.js";
import { namesOf, readSetting, type Setting, type SettingSources } from "./settings.js";

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
 * @returns why there is no key; `incomplete`, as a sentence of its own, where a part of one is set.
 */
export function fromAccessKey(
  settings: SettingSources,
): { source: CredentialsSource } | { nothing: string; incomplete?: string } {
  const first = (among: readonly KeySettings[], part: keyof KeySettings) => {
    for (const key of among) {
      const found = readSetting(key[part], settings);
      if (found) return { ...found, key };
    }
    return undefined;
  };
  const id = first(KEYS, "id");
  const secret = first(id ? [id.key, ...KEYS] : KEYS, "secret");
  const [ids, secrets] = [namesOf(...KEYS.map(({ id }) => id)), namesOf(...KEYS.map(({ secret }) => secret))];
  if (id === undefined || secret === undefined) {
    const nothing = `no access key ID (looked at ${ids}) and no secret (looked at ${secrets})`;
    if (id)
      return { nothing, incomplete: `${id.name} is set, but no access key secret was found: looked at ${secrets}.` };
    if (secret)
      return { nothing, incomplete: `${secret.name} is set, but no access key ID was found: looked at ${ids}.` };
    return { nothing };
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
