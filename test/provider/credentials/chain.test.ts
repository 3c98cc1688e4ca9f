import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CREDENTIALS_PAGE } from "../../../provider/credentials/chain.js";
import { configFile, directory, failureOf, fakeSts, fakeUri, file, find } from "./fakes.js";

const PAIR = { "alicloud:accessKey": "config", "alicloud:secretKey": "secret" };
const ENVIRONMENT_PAIR = { ALICLOUD_ACCESS_KEY: "LTAIenvironment", ALICLOUD_SECRET_KEY: "other" };
const ROLE = "acs:ram::1234567890123456:role/deploy";

describe("credentials come from", () => {
  test.each([
    [
      "the stack's configuration",
      { "alicloud:accessKey": "id", "alicloud:secretKey": "secret" },
      {},
      "the stack's alicloud:accessKey",
    ],
    [
      "ALICLOUD_*",
      {},
      { ALICLOUD_ACCESS_KEY: "id", ALICLOUD_SECRET_KEY: "secret" },
      "the environment's ALICLOUD_ACCESS_KEY",
    ],
    [
      "ALICLOUD_* by the longer names",
      {},
      { ALICLOUD_ACCESS_KEY_ID: "id", ALICLOUD_ACCESS_KEY_SECRET: "secret" },
      "the environment's ALICLOUD_ACCESS_KEY_ID",
    ],
    [
      "ALIBABA_CLOUD_*",
      {},
      { ALIBABA_CLOUD_ACCESS_KEY_ID: "id", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "secret" },
      "the environment's ALIBABA_CLOUD_ACCESS_KEY_ID",
    ],
    [
      "ALIBABACLOUD_*",
      {},
      { ALIBABACLOUD_ACCESS_KEY_ID: "id", ALIBABACLOUD_ACCESS_KEY_SECRET: "secret" },
      "the environment's ALIBABACLOUD_ACCESS_KEY_ID",
    ],
    [
      "a key here and its secret there",
      { "alicloud:accessKey": "id" },
      { ALICLOUD_SECRET_KEY: "secret" },
      "the stack's alicloud:accessKey with the environment's ALICLOUD_SECRET_KEY",
    ],
    [
      "values with spaces around them",
      { "alicloud:accessKey": " id\n", "alicloud:secretKey": "secret\n" },
      {},
      "the stack's alicloud:accessKey",
    ],
  ])("%s", async (_, config, environment, description) => {
    const source = find(config, environment as Record<string, string>);
    expect(source.description).toBe(description);
    expect(await source.get()).toEqual({ accessKeyId: "id", accessKeySecret: "secret" });
  });

  test("the configuration before the environment", async () => {
    expect(await find(PAIR, ENVIRONMENT_PAIR).get()).toEqual({ accessKeyId: "config", accessKeySecret: "secret" });
  });

  test("a security token, where it belongs to the key", async () => {
    const pair = { ALIBABA_CLOUD_ACCESS_KEY_ID: "id", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "secret" };
    const get = (config: Record<string, string>, environment: Record<string, string>) =>
      find(config, environment).get();
    expect(await get({}, { ...pair, ALIBABA_CLOUD_SECURITY_TOKEN: "token" })).toHaveProperty("securityToken", "token");
    expect(await get({}, { ...pair, ALICLOUD_SECURITY_TOKEN: "of another" })).not.toHaveProperty("securityToken");
    expect(await get({ ...PAIR, "alicloud:securityToken": "token" }, {})).toHaveProperty("securityToken", "token");
  });
});

describe("a temporary key, which needs a token, takes it from", () => {
  const inConfig = { "alicloud:accessKey": "STS.config", "alicloud:secretKey": "secret" };
  const TOKENS = { ALIBABA_CLOUD_SECURITY_TOKEN: "second", ALIBABACLOUD_SECURITY_TOKEN: "third" };
  test.each<[string, Record<string, string>, Record<string, string>, string | undefined]>([
    ["its own place", { ...inConfig, "alicloud:securityToken": "own" }, TOKENS, "own"],
    ["the next place", inConfig, { ...TOKENS, ALICLOUD_SECURITY_TOKEN: "first" }, "first"],
    ["the one after that", inConfig, TOKENS, "second"],
    [
      "another name of the environment",
      {},
      { ALICLOUD_ACCESS_KEY: "STS.a", ALICLOUD_SECRET_KEY: "s", ...TOKENS },
      "second",
    ],
    ["nowhere, where there is none", inConfig, {}, undefined],
    ["nowhere, if it is none", PAIR, TOKENS, undefined],
  ])("%s", async (_, config, environment, token) => {
    expect((await find(config, environment).get()).securityToken).toBe(token);
  });
});

describe("the first source in this order counts", () => {
  const sources = () => {
    const path = configFile({ name: "prod", mode: "AK", access_key_id: "x", access_key_secret: "y" });
    const oidcTokenFile = file("ey.j.wt");
    const oidc = { roleArn: ROLE, oidcProviderArn: "acs:ram::1:oidc-provider/x", oidcTokenFile };
    return [
      ["the stack's alicloud:accessKey", PAIR],
      [`the profile "prod" of ${path}`, { "alicloud:profile": "prod", "alicloud:sharedCredentialsFile": path }],
      [
        "the credentials URI at http://127.0.0.1:1 (the stack's alicloud:credentialsUri)",
        { "alicloud:credentialsUri": "http://127.0.0.1:1/" },
      ],
      ["the instance's RAM role r (the stack's alicloud:ecsRoleName)", { "alicloud:ecsRoleName": "r" }],
      [
        `the OIDC token in ${oidcTokenFile} (the stack's alicloud:assumeRoleWithOidc.oidcTokenFile), which assumes ${ROLE}`,
        { "alicloud:assumeRoleWithOidc": oidc },
      ],
      [`the profile "prod" of ${path}`, { "alicloud:sharedCredentialsFile": path }],
    ] as const;
  };

  test("whatever comes after it", () => {
    const all = sources();
    for (const [index, [description]] of all.entries()) {
      const config = Object.assign({}, ...all.slice(index).map(([, settings]) => settings));
      expect(find(config).description).toBe(description);
    }
  });

  test("a key in the environment before a profile in the configuration, as with Pulumi's provider", () => {
    expect(find({ "alicloud:profile": "prod" }, ENVIRONMENT_PAIR).description).toBe(
      "the environment's ALICLOUD_ACCESS_KEY",
    );
  });
});

describe("the identity of a resource", () => {
  const profiles = () =>
    configFile(
      { name: "prod", mode: "AK", access_key_id: "LTAIprod", access_key_secret: "prod" },
      { name: "role", mode: "RamRoleArn", access_key_id: "LTAIprod", access_key_secret: "prod", ram_role_arn: ROLE },
    );
  const keys = { config: { secret: "secret" }, LTAIprod: { secret: "prod" } };

  test("with profile uses neither the stack's key nor its role", async () => {
    const config = { ...PAIR, "alicloud:sharedCredentialsFile": profiles(), "alicloud:assumeRole": { roleArn: ROLE } };
    const source = find(config, {}, { identity: { profile: "prod" } });
    expect(await source.get()).toEqual({ accessKeyId: "LTAIprod", accessKeySecret: "prod" });
  });

  test("with a role assumes it with the stack's credentials, in place of the stack's role", async () => {
    const sts = await fakeSts({ keys });
    const other = "acs:ram::2222222222222222:role/other";
    const stackRole = { roleArn: ROLE, externalId: "of the stack", policy: "{}", sessionName: "stack" };
    const identity = { roleArn: other, sessionName: "mine", externalId: "of mine" };
    const source = find({ ...PAIR, "alicloud:assumeRole": stackRole }, sts.environment, { identity });
    expect(source.description).toBe(`the stack's alicloud:accessKey, which assumes ${other}`);
    await source.get();
    expect(sts.received[0]?.parameters).toMatchObject({
      RoleArn: other,
      RoleSessionName: "mine",
      ExternalId: "of mine",
    });
    expect(sts.received[0]?.parameters).not.toHaveProperty("Policy");
  });

  test("with a role and a profile assumes it in place of the profile's own role", async () => {
    const sts = await fakeSts({ keys });
    const config = { "alicloud:sharedCredentialsFile": profiles() };
    const identity = { profile: "role", roleArn: `${ROLE}-2` };
    await find(config, sts.environment, { identity }).get();
    expect(sts.received.map(({ parameters }) => parameters.RoleArn)).toEqual([`${ROLE}-2`]);
  });

  test("with sessionName and externalId alone applies them to the role that is assumed anyway", async () => {
    const sts = await fakeSts({ keys });
    const config = { ...PAIR, "alicloud:assumeRole": { roleArn: ROLE, sessionName: "stack" } };
    await find(config, sts.environment, { identity: { sessionName: "mine", externalId: "e" } }).get();
    expect(sts.received[0]?.parameters).toMatchObject({ RoleArn: ROLE, RoleSessionName: "mine", ExternalId: "e" });
    expect(() => find(PAIR, {}, { identity: { sessionName: "mine" } })).toThrow(
      "assumeRole.sessionName is given, but no role is assumed. Give assumeRole.roleArn as well, or leave it out. (code InvalidCredentials)",
    );
  });

  test.each(["deploy", "arn:aws:iam::1:role/deploy", "acs:ram::1:user/deploy", ""])(
    "roleArn %j is refused",
    (roleArn) => {
      expect(() => find(PAIR, {}, { identity: { roleArn } })).toThrow(
        "assumeRole.roleArn is not the ARN of a RAM role. Write it as acs:ram::<account ID>:role/<role>. (code InvalidCredentials)",
      );
    },
  );
});

describe("with a configuration from the state, the environment comes first", () => {
  const stale = { ...PAIR, "alicloud:securityToken": "stale" };
  const fromState = { configOf: "state" } as const;

  test("with its keys", () => {
    expect(find(stale, ENVIRONMENT_PAIR, fromState).description).toBe("the environment's ALICLOUD_ACCESS_KEY");
    expect(find(stale, ENVIRONMENT_PAIR).description).toBe("the stack's alicloud:accessKey");
  });

  test("with any other source that it names", async () => {
    const { origin, uri } = await fakeUri();
    expect(find(stale, { ALIBABA_CLOUD_CREDENTIALS_URI: uri }, fromState).description).toBe(
      `the credentials URI at ${origin} (the environment's ALIBABA_CLOUD_CREDENTIALS_URI)`,
    );
  });

  test("but not with a part of a key, nor with the CLI's current profile, which nobody named", () => {
    const path = configFile({ name: "prod", mode: "AK", access_key_id: "x", access_key_secret: "y" });
    const environment = { ALICLOUD_SECRET_KEY: "half", ALIBABA_CLOUD_CREDENTIALS_FILE: path };
    expect(find(stale, environment, fromState).description).toBe("the stack's alicloud:accessKey");
  });

  test("but not with a source that can't be used, as long as the configuration has one", () => {
    const environment = { ALIBABA_CLOUD_PROFILE: "gone", ALIBABA_CLOUD_CREDENTIALS_FILE: "/none" };
    expect(find(stale, environment, fromState).description).toBe("the stack's alicloud:accessKey");
    expect(() => find({}, environment, fromState)).toThrow(/^The profiles file \/none doesn't exist/);
  });

  test("and STS and the profiles are found where the configuration says", async () => {
    const sts = await fakeSts({ oidcTokens: ["ey.j.wt"] });
    const oidc = {
      ALIBABA_CLOUD_ROLE_ARN: ROLE,
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: "acs:ram::1:oidc-provider/x",
      ALIBABA_CLOUD_OIDC_TOKEN: "ey.j.wt",
    };
    const vpc = { ...stale, "alicloud:endpoints": [{ sts: sts.origin }] };
    expect(await find(vpc, oidc, fromState).get()).toHaveProperty("accessKeyId", "STS.issued1");
    const origins: string[] = [];
    const agentFor = (origin: string) => {
      origins.push(origin);
      throw new Error("no agent");
    };
    const regional = find({ ...stale, "alicloud:region": "cn-shanghai" }, oidc, { ...fromState, agentFor });
    await regional.get().catch(() => {});
    expect(origins).toEqual(["https://sts.cn-shanghai.aliyuncs.com"]);

    const path = configFile({ name: "prod", mode: "AK", access_key_id: "x", access_key_secret: "y" });
    const shared = { ...stale, "alicloud:sharedCredentialsFile": path };
    const { description } = find(shared, { ALICLOUD_PROFILE: "prod" }, fromState);
    expect(description).toBe(`the profile "prod" of ${path}`);
  });

  test("and the stack's role is still assumed", () => {
    const config = { ...stale, "alicloud:assumeRole": { roleArn: ROLE } };
    expect(find(config, ENVIRONMENT_PAIR, fromState).description).toBe(
      `the environment's ALICLOUD_ACCESS_KEY, which assumes ${ROLE}`,
    );
  });
});

describe("without credentials, the message names what was read", () => {
  test("where nothing is set", async () => {
    const home = directory();
    const error = await failureOf(() => find({}, { HOME: home }));
    expect(error.message).toBe(
      "Credentials could not be loaded: no source of Alibaba Cloud credentials is configured. Set an access key with " +
        "`pulumi config set --secret alicloud:accessKey` and `pulumi config set --secret alicloud:secretKey`, or use another source. " +
        "(code NoCredentials)",
    );
    expect(String(error.full).split("\n").slice(1)).toEqual([
      "  access key: none of alicloud:accessKey, ALICLOUD_ACCESS_KEY, ALICLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABACLOUD_ACCESS_KEY_ID is set",
      "  profile: none of alicloud:profile, ALICLOUD_PROFILE and ALIBABA_CLOUD_PROFILE is set",
      "  credentials URI: none of alicloud:credentialsUri, ALICLOUD_CREDENTIALS_URI and ALIBABA_CLOUD_CREDENTIALS_URI is set",
      "  RAM role of the ECS instance: none of alicloud:ecsRoleName, ALICLOUD_ECS_ROLE_NAME and ALIBABA_CLOUD_ECS_METADATA is set",
      "  OIDC token: alicloud:assumeRoleWithOidc is not set, and the environment lacks ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE",
      `  current profile of the Alibaba Cloud CLI: the profiles file ${join(home, ".aliyun", "config.json")} doesn't exist`,
      "See docs/credentials.md in the package pulumi-alicloud-vod.",
    ]);
  });

  test("and the page to read: a file of the package, or a URL once it has a repository", () => {
    const root = join(__dirname, "../../..");
    const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    if (repository !== undefined) expect(CREDENTIALS_PAGE).toMatch(/^https:/);
    else expect(existsSync(join(root, CREDENTIALS_PAGE.split(" ", 1)[0] ?? ""))).toBe(true);
  });

  test("a name with a line break stays on its line", async () => {
    const path = configFile({ name: "two\nlines", mode: "AK" });
    const error = await failureOf(() => find({}, { ALIBABA_CLOUD_CREDENTIALS_FILE: path }));
    expect(error.full).toContain('the profile "two\\x0alines"');
    expect(String(error.full).split("\n")).toHaveLength(8);
  });

  test("where a source is set in part", async () => {
    const path = configFile({ name: "default", mode: "AK", access_key_id: "", access_key_secret: "" });
    const environment = { ALIBABA_CLOUD_ROLE_ARN: ROLE, ALIBABA_CLOUD_CREDENTIALS_FILE: path };
    const { details } = await failureOf(() => find({}, environment));
    expect((details as string[]).slice(4, 6)).toEqual([
      "  OIDC token: alicloud:assumeRoleWithOidc is not set, and the environment lacks ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE",
      `  current profile of the Alibaba Cloud CLI: the profile "default" of ${path} has no access_key_id`,
    ]);
  });

  test("where a variable is empty", () => {
    expect(() => find({}, { ALICLOUD_ACCESS_KEY: "", ALICLOUD_SECRET_KEY: " " })).toThrow(
      /^Credentials could not be loaded: no source/,
    );
  });

  test("where a part of a key is set", () => {
    expect(() => find({ "alicloud:accessKey": "id" }, {})).toThrow(
      /^Credentials could not be loaded: alicloud:accessKey is set, but no access key secret is\. Set alicloud:secretKey, .* as well, or unset/,
    );
    expect(() => find({}, { ALICLOUD_SECRET_KEY: "s3cr3t" })).toThrow(
      /^Credentials could not be loaded: ALICLOUD_SECRET_KEY is set, but no access key ID is\./,
    );
    expect(() => find({}, { ALICLOUD_SECRET_KEY: "s3cr3t" })).not.toThrow(/s3cr3t/);
  });
});
