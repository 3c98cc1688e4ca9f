import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configFile, directory, failureOf, fakeMetadata, fakeSts, fakeUri, file, find } from "./fakes.js";

const ROLE = "acs:ram::1234567890123456:role/deploy";
const AK = { name: "base", mode: "AK", access_key_id: "LTAIbase", access_key_secret: "s3cret" };
const keys = { LTAIbase: { secret: "s3cret" } };

const named = (profile: string, path: string) => ({
  "alicloud:profile": profile,
  "alicloud:sharedCredentialsFile": path,
});

describe("a profile works in each mode that needs no browser", () => {
  test("AK", async () => {
    const path = configFile(AK);
    const source = find(named("base", path));
    expect(source.description).toBe(`the profile "base" of ${path}`);
    expect(await source.get()).toEqual({ accessKeyId: "LTAIbase", accessKeySecret: "s3cret" });
  });

  test("StsToken", async () => {
    const path = configFile({ ...AK, mode: "StsToken", sts_token: "t0ken" });
    expect(await find(named("base", path)).get()).toHaveProperty("securityToken", "t0ken");
  });

  test("RamRoleArn", async () => {
    const sts = await fakeSts({ keys });
    const role = { ram_role_arn: ROLE, ram_session_name: "me", external_id: "e", expired_seconds: 900 };
    const path = configFile({ ...AK, mode: "RamRoleArn", ...role, sts_endpoint: sts.origin });
    const source = find(named("base", path));
    expect(source.description).toBe(`the profile "base" of ${path}, which assumes ${ROLE}`);
    expect(await source.get()).toHaveProperty("securityToken", "token1");
    expect(sts.received[0]?.parameters).toMatchObject({
      RoleSessionName: "me",
      ExternalId: "e",
      DurationSeconds: "900",
      AccessKeyId: "LTAIbase",
    });
  });

  test("RamRoleArn with temporary credentials", async () => {
    const sts = await fakeSts({ keys: { LTAIbase: { secret: "s3cret", token: "t" } } });
    const path = configFile({ ...AK, mode: "RamRoleArn", ram_role_arn: ROLE, sts_token: "t" });
    expect(await find(named("base", path), sts.environment).get()).toHaveProperty("securityToken", "token1");
  });

  test("ChainableRamRoleArn, through several profiles", async () => {
    const sts = await fakeSts({ keys });
    const path = configFile(
      { name: "top", mode: "ChainableRamRoleArn", source_profile: "middle", ram_role_arn: `${ROLE}-2` },
      { name: "middle", mode: "ChainableRamRoleArn", source_profile: "base", ram_role_arn: ROLE },
      AK,
    );
    const source = find(named("top", path), sts.environment);
    expect(source.description).toBe(`the profile "top" of ${path} (source profile "middle"), which assumes ${ROLE}-2`);
    expect(await source.get()).toHaveProperty("securityToken", "token2");
    expect(sts.received.map(({ parameters }) => [parameters.AccessKeyId, parameters.RoleArn])).toEqual([
      ["LTAIbase", ROLE],
      ["STS.issued1", `${ROLE}-2`],
    ]);
  });

  test("ChainableRamRoleArn of a RamRoleArn: both roles are assumed", async () => {
    const sts = await fakeSts({ keys });
    const path = configFile(
      { name: "top", mode: "ChainableRamRoleArn", source_profile: "base", ram_role_arn: `${ROLE}-2` },
      { ...AK, mode: "RamRoleArn", ram_role_arn: ROLE },
    );
    await find(named("top", path), sts.environment).get();
    expect(sts.received.map(({ parameters }) => parameters.RoleArn)).toEqual([ROLE, `${ROLE}-2`]);
  });

  test("EcsRamRole, with and without the role's name", async () => {
    const metadata = await fakeMetadata("vod-role");
    const path = configFile(
      { name: "a", mode: "EcsRamRole", ram_role_name: "vod-role" },
      { name: "b", mode: "EcsRamRole" },
    );
    const get = (profile: string) => find(named(profile, path), {}, { metadataOrigin: metadata.origin }).get();
    expect(await get("a")).toHaveProperty("accessKeyId", "STS.metadata2");
    expect(await get("b")).toHaveProperty("accessKeyId", "STS.metadata5");
  });

  test("RamRoleArnWithRoleName", async () => {
    const metadata = await fakeMetadata("vod-role");
    const token = { secret: "metadata-secret2", token: "metadata-token2" };
    const sts = await fakeSts({ keys: { "STS.metadata2": token } });
    const path = configFile({
      name: "a",
      mode: "RamRoleArnWithRoleName",
      ram_role_name: "vod-role",
      ram_role_arn: ROLE,
    });
    const source = find(named("a", path), sts.environment, { metadataOrigin: metadata.origin });
    expect(await source.get()).toHaveProperty("securityToken", "token1");
  });

  test("OIDC", async () => {
    const sts = await fakeSts({ oidcTokens: ["ey.j.wt"] });
    const token = file("ey.j.wt");
    const oidc = { oidc_provider_arn: "acs:ram::1:oidc-provider/x", oidc_token_file: token, ram_role_arn: ROLE };
    const path = configFile({ name: "ci", mode: "OIDC", ...oidc, ram_session_name: "ci" });
    const source = find(named("ci", path), sts.environment);
    expect(source.description).toBe(
      `the OIDC token in ${token} (oidc_token_file of the profile "ci" of ${path}), which assumes ${ROLE}`,
    );
    expect(await source.get()).toHaveProperty("securityToken", "token1");
  });

  test("CredentialsURI", async () => {
    const { uri } = await fakeUri();
    const path = configFile({ name: "side", mode: "CredentialsURI", credentials_uri: uri });
    expect(await find(named("side", path)).get()).toHaveProperty("accessKeyId", "STS.uri1");
  });

  test.each([
    [{ sts_region: "cn-hangzhou" }, "https://sts.cn-hangzhou.aliyuncs.com"],
    [{ sts_region: "cn-hangzhou", enable_vpc: true }, "https://sts-vpc.cn-hangzhou.aliyuncs.com"],
    [{ sts_region: "cn-hangzhou", enable_vpc: true, sts_endpoint: "sts.a.com" }, "https://sts.a.com"],
    [{ enable_vpc: true }, "https://sts.aliyuncs.com"],
  ])("and asks STS that %j names", async (more, origin) => {
    const origins: string[] = [];
    const agentFor = (asked: string) => {
      origins.push(asked);
      throw new Error("no agent");
    };
    const path = configFile({ ...AK, mode: "RamRoleArn", ram_role_arn: ROLE, ...more });
    await failureOf(() => find(named("base", path), {}, { agentFor }).get());
    expect(origins).toEqual([origin]);
  });

  test("in capitals or lower case", async () => {
    expect(await find(named("base", configFile({ ...AK, mode: "ak" }))).get()).toHaveProperty(
      "accessKeyId",
      "LTAIbase",
    );
  });
});

describe("the profile is found", () => {
  const two = () => configFile(AK, { ...AK, name: "prod", access_key_id: "LTAIprod" });

  test.each(["ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"])("by the name in %s", async (name) => {
    const source = find({}, { [name]: "prod", ALIBABA_CLOUD_CREDENTIALS_FILE: two() });
    expect(await source.get()).toHaveProperty("accessKeyId", "LTAIprod");
  });

  test("in the configuration before the environment", async () => {
    const environment = { ALICLOUD_PROFILE: "base", ALICLOUD_SHARED_CREDENTIALS_FILE: "/none" };
    expect(await find(named("prod", two()), environment).get()).toHaveProperty("accessKeyId", "LTAIprod");
  });

  test.each(["HOME", "USERPROFILE"])("as the CLI's current one in .aliyun/config.json below %s", async (name) => {
    const home = directory();
    mkdirSync(join(home, ".aliyun"));
    writeFileSync(
      join(home, ".aliyun/config.json"),
      `\uFEFF${JSON.stringify({ current: "prod", profiles: [AK, { ...AK, name: "prod", access_key_id: "LTAIprod" }] })}`,
    );
    const source = find({}, { [name]: home });
    expect(source.description).toBe(`the profile "prod" of ${join(home, ".aliyun", "config.json")}`);
    expect(await find({ "alicloud:profile": "base" }, { [name]: home }).get()).toHaveProperty(
      "accessKeyId",
      "LTAIbase",
    );
    const tilde = find({ "alicloud:sharedCredentialsFile": "~/.aliyun/config.json" }, { [name]: home });
    expect(tilde.description).toBe(source.description);
    const disabled = await failureOf(() => find({}, { [name]: home, ALIBABA_CLOUD_CLI_PROFILE_DISABLED: "true" }));
    expect(disabled.details).toContain(
      "  current profile of the Alibaba Cloud CLI: ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true",
    );
  });
});

describe("a profile that can't be used is refused by name", () => {
  const refused = async (profile: string, path: string) => (await failureOf(() => find(named(profile, path)))).message;

  test("where the file, its JSON or the profile is missing", async () => {
    expect(await refused("a", "/none")).toBe(
      "The profiles file /none doesn't exist. Check that it is the path of a file that exists, and that this user may read it. (code InvalidCredentials)",
    );
    const broken = file('{"profiles":[{"access_key_secret":"s3cret",}]}');
    expect(await refused("a", broken)).toBe(
      `The profiles file ${broken} is not JSON with a list of profiles. Write it with \`aliyun configure\`. (code InvalidCredentials)`,
    );
    const path = configFile(AK);
    expect(await refused("prod", path)).toBe(
      `There is no profile "prod" in ${path}. Name one that it has ("base"), or add it with \`aliyun configure --profile prod\`. (code InvalidCredentials)`,
    );
  });

  test.each([
    [{ ...AK, access_key_id: "" }, /has no access_key_id\. Set it with `aliyun configure --profile base`\./],
    [{ ...AK, mode: "StsToken" }, /has no sts_token\./],
    [{ ...AK, mode: "RamRoleArn" }, /has no ram_role_arn\./],
    [{ ...AK, mode: "RamRoleArn", ram_role_arn: "deploy" }, /^ram_role_arn of the profile "base" of .* is not the ARN/],
    [{ ...AK, mode: "ChainableRamRoleArn", ram_role_arn: ROLE }, /has no source_profile\./],
    [
      { ...AK, mode: "ChainableRamRoleArn", ram_role_arn: ROLE, source_profile: "base" },
      /leads back to that profile\./,
    ],
    [{ ...AK, mode: "OIDC" }, /has no oidc_token_file\./],
    [{ ...AK, mode: "CredentialsURI" }, /has no credentials_uri\./],
    [
      { ...AK, mode: "CloudSSO" },
      /^The mode CloudSSO of the profile "base" of .* isn't supported\. Use a profile of one of the modes AK, /,
    ],
    [{ ...AK, mode: "External", process_command: "x" }, /^The mode External of .* isn't supported\./],
    [{ ...AK, mode: undefined }, /^The mode of the profile "base" of .* isn't supported\./],
    [
      { ...AK, access_key_secret: "s3 cret" },
      /^The access key ID, secret or security token of the profile "base" of .* is empty or contains a space\./,
    ],
  ])("%j", async (profile, message) => {
    expect(await refused("base", configFile(profile))).toMatch(message);
  });
});
