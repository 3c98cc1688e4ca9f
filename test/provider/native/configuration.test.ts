/** The settings of the plugin: their names, and how the core reads them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  CONFIG_VARIABLES,
  configReader,
  findUnknownKeys,
  renameSettings,
} from "../../../provider/native/configuration.js";

const ROOT = join(__dirname, "../../..");

describe("the core reads", () => {
  test.each([
    ["alicloud:accessKey", "LTAI"],
    ["alicloud-vod:report", "report.json"],
    ["alicloud:profile", undefined],
    ["alicloud:region", undefined],
    ["alicloud-vod:urlsPerDay", "5000"],
    ["alicloud:assumeRole", '{"roleArn":"acs:ram::1:role/a"}'],
  ])("%s as %j", (key, value) => {
    const settings = { accessKey: "LTAI", report: "report.json", region: "", urlsPerDay: 5000, profile: null };
    expect(configReader({ ...settings, assumeRole: { roleArn: "acs:ram::1:role/a" } })(key)).toBe(value);
  });
});

test("a key that is no setting is refused, with the name of one that is meant", () => {
  expect(findUnknownKeys({ acessKey: "a", version: "1.0.0", pluginDownloadURL: "https://example.com" })).toEqual([
    {
      property: "acessKey",
      reason: expect.stringMatching(/^alicloud-vod has no setting "acessKey"\. Did you mean accessKey\?/),
    },
  ]);
  expect(findUnknownKeys({ colour: "red" })[0]?.reason).toMatch(
    /^alicloud-vod has no setting "colour"\. Its settings are /,
  );
});

test.each([
  [
    "Set `alicloud:accessKey` or the stack's alicloud:profile.",
    "Set `alicloud-vod:accessKey` or the stack's alicloud-vod:profile.",
  ],
  ["pulumi config set --path alicloud:endpoints[0].vod x", "pulumi config set --path alicloud-vod:endpoints[0].vod x"],
  ["alicloud-vod:report and alicloud:assumeRole.roleArn", "alicloud-vod:report and alicloud-vod:assumeRole.roleArn"],
  ["acs:ram::1:role/a at https://alicloud:8080/accessKey", "acs:ram::1:role/a at https://alicloud:8080/accessKey"],
])("a sentence names settings as the plugin reads them: %s", (sentence, renamed) => {
  expect(renameSettings(sentence)).toBe(renamed);
});

test("every setting that the core reads is one of the plugin's, and the other way round", () => {
  const files = readdirSync(join(ROOT, "provider"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(ROOT, "provider", name), "utf8"));
  const keys = files.flatMap((text) => [...text.matchAll(/"alicloud(?:-vod)?:(\w+)"/g)].map(([, key = ""]) => key));
  expect(Object.keys(CONFIG_VARIABLES).sort()).toEqual([...new Set(keys)].sort());
});
