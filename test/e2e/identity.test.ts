/** Who calls: several accounts in one program, keys that were replaced, and what is never written anywhere. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, type EmulatorOptions, pathsOf, startEmulator } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { configFile, fakeSts } from "../identity/fakes.js";
import { expectNoStackTrace, openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const OTHER = { accessKeyId: "LTAIotheraccount", accessKeySecret: "other-account-secret-1" };
const ASSUMED = { accessKeyId: "STS.issued1", accessKeySecret: "secret1", securityToken: "token1" };
const ROLE = "acs:ram::1234567890123456:role/vod";

const emulators: Emulator[] = [];
async function account(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options);
  emulators.push(emulator);
  return emulator;
}
const refreshed = (emulator: Emulator) =>
  emulator.received
    .filter(({ action, status }) => action === "RefreshVodObjectCaches" && status === 200)
    .flatMap(pathsOf);

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack;
  beforeEach(async () => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"));
  });
  afterEach(async () => {
    await stack.close();
    await Promise.all(emulators.splice(0).map((emulator) => emulator.close()));
  });
  const site = (name: string, more = {}) => ({
    paths: [`https://vod.example.com/${name}`],
    contentHash: "v1",
    ...more,
  });

  test("one program refreshes three accounts: the stack's, a profile's, and that of a role", async () => {
    const [other, third, sts] = await Promise.all([
      account(OTHER),
      account(ASSUMED),
      fakeSts({
        keys: { [stack.emulator.accessKeyId]: { secret: stack.emulator.accessKeySecret } },
        now: () => new Date(),
      }),
    ]);
    const profile = {
      name: "other",
      mode: "AK",
      access_key_id: OTHER.accessKeyId,
      access_key_secret: OTHER.accessKeySecret,
    };
    const environment = { ALICLOUD_SHARED_CREDENTIALS_FILE: configFile(profile), ...sts.environment };
    const program = (more = {}) =>
      resources({
        mine: site("mine"),
        theirs: site("theirs", { profile: "other", endpoint: other.endpoint, ...more }),
        assumed: site("assumed", { roleArn: ROLE, sessionName: "release", endpoint: third.endpoint }),
      });
    expect((await stack.run("up", program(), environment)).succeeded).toBe(true);
    expect(refreshed(stack.emulator)).toEqual(["https://vod.example.com/mine"]);
    expect(refreshed(other)).toEqual(["https://vod.example.com/theirs"]);
    expect(refreshed(third)).toEqual(["https://vod.example.com/assumed"]);
    expect(sts.received.map(({ parameters }) => [parameters.RoleArn, parameters.RoleSessionName])).toEqual([
      [ROLE, "release"],
    ]);

    const { succeeded, changes } = await stack.run(
      "up",
      program({ externalId: undefined, region: "cn-shanghai" }),
      environment,
    );
    expect(succeeded).toBe(true);
    expect(changes.update).toBe(1);
    expect(refreshed(other)).toHaveLength(1);
  });

  test("a key that was replaced works in refresh and destroy", async () => {
    const { emulator, run } = stack;
    const program = resources({ site: site("a") });
    await run("up", program);
    emulator.set({ accessKey: "deleted" });
    const told = await run("refresh", program);
    expect(told.output).toContain("The access key ID doesn't exist (the stack's alicloud:accessKey, access key ID …");
    emulator.set({ accessKey: "active" });
    const stale = { "alicloud:accessKey": "LTAIstale", "alicloud:secretKey": "stale-secret" };
    const environment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    };
    const { succeeded, resources: after } = await run("refresh", program, environment, stale);
    expect(succeeded).toBe(true);
    expect(after[0]?.outputs.status).toBe("Complete");
    expect((await run("destroy", program, {}, stale)).succeeded).toBe(true);
  });

  test("a key that lacks the permission is told with its source, its end and the policy", async () => {
    stack.emulator.set({ accessKey: "forbidden" });
    const { output } = await stack.run("up", resources({ site: site("a") }));
    expect(output).toContain(
      `The credentials lack the permission for this call (the stack's alicloud:accessKey, access key ID …${stack.emulator.accessKeyId.slice(-4)}).`,
    );
    expect(output).toContain(
      "Allow vod:RefreshVodObjectCaches, vod:DescribeVodRefreshQuota and vod:DescribeVodRefreshTasks",
    );
    expectNoStackTrace(output);
  });

  test("secrets planted in every source are written nowhere, whatever the service says", async () => {
    const { emulator, run } = stack;
    const planted = ["planted-session-token", "planted-oidc-token", "planted-proxy-password", OTHER.accessKeySecret];
    const environment = {
      ALIBABA_CLOUD_SECURITY_TOKEN: planted[0],
      ALIBABA_CLOUD_OIDC_TOKEN: planted[1],
      HTTPS_PROXY: `http://user:${planted[2]}@127.0.0.1:1`,
      ALICLOUD_SHARED_CREDENTIALS_FILE: configFile({
        name: "other",
        mode: "AK",
        access_key_id: OTHER.accessKeyId,
        access_key_secret: OTHER.accessKeySecret,
      }),
      DEBUG: "*",
    };
    const other = await account(OTHER);
    for (const each of [emulator, other]) {
      const message = `You sent ${each.accessKeyId} ${each.accessKeySecret} Signature=abc%3D&AccessKeyId=x`;
      each.fault({ kind: "error", code: "Echo.Everything", status: 400, message });
    }
    const sites = { site: site("a"), other: site("b", { profile: "other", endpoint: other.endpoint }) };
    const texts: string[] = [];
    for (const operation of ["preview", "up", "refresh"] as const) {
      const { output, ...rest } = await run(operation, resources(sites), environment);
      texts.push(output, JSON.stringify(rest));
    }
    expect(texts.join("\n")).toContain("Echo.Everything");
    const keys = [OTHER.accessKeyId, emulator.accessKeyId, emulator.accessKeySecret];
    for (const text of texts) for (const secret of [...planted, ...keys]) expect(text).not.toContain(secret);
  });
});
