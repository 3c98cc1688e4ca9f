import { describe, expect, test } from "vitest";
import { findCredentials } from "../../provider/credentials.js";

const find = (config: Record<string, string>, environment: Record<string, string>) =>
  findCredentials((key) => config[key], environment);

describe("credentials come from", () => {
  test.each([
    ["the stack's configuration", { "alicloud:accessKey": "id", "alicloud:secretKey": "secret" }, {}],
    ["ALICLOUD_*", {}, { ALICLOUD_ACCESS_KEY: "id", ALICLOUD_SECRET_KEY: "secret" }],
    ["ALICLOUD_* by the longer names", {}, { ALICLOUD_ACCESS_KEY_ID: "id", ALICLOUD_ACCESS_KEY_SECRET: "secret" }],
    ["ALIBABA_CLOUD_*", {}, { ALIBABA_CLOUD_ACCESS_KEY_ID: "id", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "secret" }],
    ["ALIBABACLOUD_*", {}, { ALIBABACLOUD_ACCESS_KEY_ID: "id", ALIBABACLOUD_ACCESS_KEY_SECRET: "secret" }],
    ["a key here and its secret there", { "alicloud:accessKey": "id" }, { ALICLOUD_SECRET_KEY: "secret" }],
  ])("%s", (_, config, environment) => {
    expect(find(config as Record<string, string>, environment as Record<string, string>)).toEqual({
      accessKeyId: "id",
      accessKeySecret: "secret",
    });
  });

  test("the configuration before the environment", () => {
    expect(
      find(
        { "alicloud:accessKey": "config", "alicloud:secretKey": "secret" },
        { ALICLOUD_ACCESS_KEY: "environment", ALICLOUD_SECRET_KEY: "other" },
      ),
    ).toEqual({ accessKeyId: "config", accessKeySecret: "secret" });
  });

  test("a security token, where it belongs to the key", () => {
    const pair = { ALIBABA_CLOUD_ACCESS_KEY_ID: "id", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "secret" };
    expect(find({}, { ...pair, ALIBABA_CLOUD_SECURITY_TOKEN: "token" })).toHaveProperty("securityToken", "token");
    expect(find({}, { ...pair, ALICLOUD_SECURITY_TOKEN: "of another key" })).not.toHaveProperty("securityToken");
    expect(
      find({ "alicloud:accessKey": "id", "alicloud:secretKey": "secret", "alicloud:securityToken": "token" }, {}),
    ).toHaveProperty("securityToken", "token");
  });
});

describe("where there are none, the message says what was looked at", () => {
  test("nothing is set", () => {
    expect(() => find({}, {})).toThrow(
      /^No Alibaba Cloud credentials were found: .*alicloud:accessKey, ALICLOUD_ACCESS_KEY, .*ALIBABA_CLOUD_ACCESS_KEY_ID.*alicloud:secretKey.* Set both, .*\(code NoCredentials\)$/,
    );
  });
  test("an empty variable is none", () => {
    expect(() => find({}, { ALICLOUD_ACCESS_KEY: "", ALICLOUD_SECRET_KEY: "" })).toThrow(
      /^No Alibaba Cloud credentials/,
    );
  });
  test("half is set", () => {
    expect(() => find({ "alicloud:accessKey": "id" }, {})).toThrow(
      /^alicloud:accessKey is set, but no access key secret/,
    );
    expect(() => find({}, { ALICLOUD_SECRET_KEY: "s3cr3t" })).toThrow(
      /^ALICLOUD_SECRET_KEY is set, but no access key ID/,
    );
    expect(() => find({}, { ALICLOUD_SECRET_KEY: "s3cr3t" })).not.toThrow(/s3cr3t/);
  });
});
