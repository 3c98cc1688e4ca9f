/** Where the access key comes from: the stack's configuration, else the environment. */
import type { Credentials } from "./vod/client.js";
import { VodError } from "./vod/errors.js";

/** Reads one value of the stack's configuration, secrets in clear, such as `alicloud:accessKey`. */
export type ConfigReader = (key: string) => string | undefined;

/** The names under which one source holds an access key: the first of each list that is set counts. */
interface Source {
  read: ConfigReader;
  id: readonly string[];
  secret: readonly string[];
  token: readonly string[];
}

const CONFIG_NAMES = {
  id: ["alicloud:accessKey"],
  secret: ["alicloud:secretKey"],
  token: ["alicloud:securityToken"],
} as const;

/** One entry for each generation of this cloud's tools, in the order in which Pulumi's Alibaba Cloud provider looks. */
const ENVIRONMENT_NAMES = [
  {
    id: ["ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID"],
    secret: ["ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY_SECRET"],
    token: ["ALICLOUD_SECURITY_TOKEN"],
  },
  {
    id: ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    secret: ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    token: ["ALIBABA_CLOUD_SECURITY_TOKEN"],
  },
  {
    id: ["ALIBABACLOUD_ACCESS_KEY_ID"],
    secret: ["ALIBABACLOUD_ACCESS_KEY_SECRET"],
    token: ["ALIBABACLOUD_SECURITY_TOKEN"],
  },
] as const;

/**
 * Finds the credentials of a run, in the order of Pulumi's Alibaba Cloud provider: `alicloud:accessKey`,
 * `alicloud:secretKey` and `alicloud:securityToken` of the stack's configuration, then the environment's
 * `ALICLOUD_*`, `ALIBABA_CLOUD_*` and `ALIBABACLOUD_*` names.
 *
 * The secret is taken from where the key is, and from elsewhere only if it isn't there. A token is only taken from
 * where the key or the secret came from, so that a leftover one is never combined with another key.
 *
 * @throws VodError NoCredentials, which says what is missing and lists what was looked at.
 */
export function findCredentials(config: ConfigReader, environment: Readonly<NodeJS.ProcessEnv>): Credentials {
  const sources: Source[] = [
    { read: config, ...CONFIG_NAMES },
    ...ENVIRONMENT_NAMES.map((names) => ({ read: (name: string) => environment[name], ...names })),
  ];
  const key = first(sources, "id");
  const secret = first(key ? [key.source, ...sources] : sources, "secret");
  if (key === undefined || secret === undefined) throw notFound(key?.name, secret?.name);
  const token = first([key.source, secret.source], "token");
  return {
    accessKeyId: key.value,
    accessKeySecret: secret.value,
    ...(token === undefined ? {} : { securityToken: token.value }),
  };
}

function first(sources: readonly Source[], what: "id" | "secret" | "token") {
  for (const source of sources) {
    for (const name of source[what]) {
      const value = source.read(name);
      if (value) return { source, name, value };
    }
  }
  return undefined;
}

function notFound(keyName: string | undefined, secretName: string | undefined): VodError {
  const names = [CONFIG_NAMES, ...ENVIRONMENT_NAMES];
  const looked = (what: "id" | "secret") => names.flatMap((source) => source[what]).join(", ");
  const happened =
    keyName !== undefined
      ? `${keyName} is set, but no access key secret was found: looked at ${looked("secret")}.`
      : secretName !== undefined
        ? `${secretName} is set, but no access key ID was found: looked at ${looked("id")}.`
        : "No Alibaba Cloud credentials were found: looked for an access key ID in the stack's configuration and the " +
          `environment (${looked("id")}) and for its secret (${looked("secret")}).`;
  return new VodError(
    happened,
    "Set both, for instance with `pulumi config set --secret alicloud:accessKey` and `alicloud:secretKey`.",
    { code: "NoCredentials" },
  );
}
