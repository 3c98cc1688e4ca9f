/** Credentials: several accounts in one program, replaced keys, and secrets that are written nowhere. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, type EmulatorOptions, pathsOf, startEmulator } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { configFile, fakeSts } from "../provider/credentials/fakes.js";
import { proxying } from "../provider/vod/secured.js";
import { expectNoStackTrace, openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const OTHER = { accessKeyId: "LTAIotheraccount", accessKeySecret: "other-account-secret-1" };
const ASSUMED = { accessKeyId: "STS.issued1", accessKeySecret: "secret1", securityToken: "token1" };
const ROLE = "acs:ram::1234567890123456:role/vod";

const emulators: Emulator[] = [];
async function startAccount(options: EmulatorOptions): Promise<Emulator> {
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

  test("one program refreshes in three accounts: the stack's, a profile's and a role's", async () => {
    const [other, third, sts] = await Promise.all([
      startAccount(OTHER),
      startAccount(ASSUMED),
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
        assumed: site("assumed", { assumeRole: { roleArn: ROLE, sessionName: "release" }, endpoint: third.endpoint }),
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
      program({ assumeRole: undefined, retry: { maxAttempts: 3 } }),
      environment,
    );
    expect(succeeded).toBe(true);
    expect(changes.update).toBe(1);
    expect(refreshed(other)).toHaveLength(1);
  });

  test("refresh and destroy work after the key is replaced", async () => {
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

  test("a key without the permission is reported with its source, its last characters and the policy", async () => {
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

  describe("whatever the service answers", () => {
    const PLANTED = {
      secret: "planted-account-secret",
      token: "planted-session-token",
      oidc: "planted.oidc.token",
      password: "planted-proxy-password",
    };
    const KEY = { accessKeyId: "STS.plantedkeyid", accessKeySecret: PLANTED.secret, securityToken: PLANTED.token };
    const site = (endpoint: string, more = {}) => ({
      ...{ paths: ["https://vod.example.com/a"], contentHash: "v1", retry: { maxAttempts: 1 } },
      ...{ endpoint, ...more },
    });

    /** Runs each operation, first as it is and then against emulators that refuse calls and echo secrets. */
    async function expectNothingWritten(
      program: object,
      environment: Record<string, string>,
      echoing: Emulator[],
      used: RegExp,
    ) {
      const texts: string[] = [];
      const inAll = { DEBUG: "*", ALIBABA_CLOUD_CLI_PROFILE_DISABLED: "true", ...environment };
      const runAndNote = async (operation: "preview" | "up" | "refresh" | "destroy", name: string) => {
        const { output, ...rest } = await stack.run(operation, resources({ [name]: program }), inAll, {});
        texts.push(output, JSON.stringify(rest), await stack.state());
      };
      await runAndNote("up", "site");
      for (const each of echoing) {
        const message = `You sent ${each.accessKeyId} ${each.accessKeySecret} ${PLANTED.token} Signature=abc%3D&AccessKeyId=x`;
        each.fault({ kind: "error", code: "Echo.Everything", status: 400, message });
      }
      for (const operation of ["preview", "up", "refresh"] as const) await runAndNote(operation, "another");
      const all = texts.join("\n");
      expect(all).toMatch(used);
      for (const secret of [...Object.values(PLANTED), KEY.accessKeyId]) {
        for (const spelt of [secret, Buffer.from(secret).toString("base64")]) expect(all).not.toContain(spelt);
      }
      expect(all).not.toContain(Buffer.from(`user:${PLANTED.password}`).toString("base64"));
    }

    test("a temporary key of the environment is written nowhere", async () => {
      const emulator = await startAccount(KEY);
      const environment = {
        ALIBABA_CLOUD_ACCESS_KEY_ID: KEY.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: KEY.accessKeySecret,
        ALIBABA_CLOUD_SECURITY_TOKEN: KEY.securityToken,
      };
      await expectNothingWritten(site(emulator.endpoint), environment, [emulator], /Echo\.Everything/);
      expect(refreshed(emulator)).toHaveLength(1);
    });

    test("the key of a profile is written nowhere", async () => {
      const emulator = await startAccount(KEY);
      const { accessKeyId, accessKeySecret, securityToken } = KEY;
      const key = { access_key_id: accessKeyId, access_key_secret: accessKeySecret, sts_token: securityToken };
      const environment = {
        ALICLOUD_SHARED_CREDENTIALS_FILE: configFile({ name: "planted", mode: "StsToken", ...key }),
      };
      const program = site(emulator.endpoint, { profile: "planted" });
      await expectNothingWritten(program, environment, [emulator], /Echo\.Everything/);
      expect(refreshed(emulator)).toHaveLength(1);
    });

    test("an OIDC token is written nowhere, whether STS accepts it or refuses it and echoes it", async () => {
      const emulator = await startAccount(ASSUMED);
      const [accepting, refusing] = await Promise.all([
        fakeSts({ oidcTokens: [PLANTED.oidc], now: () => new Date() }),
        fakeSts(),
      ]);
      const environment = {
        ALIBABA_CLOUD_ROLE_ARN: ROLE,
        ALIBABA_CLOUD_OIDC_PROVIDER_ARN: "acs:ram::1234567890123456:oidc-provider/ci",
        ALIBABA_CLOUD_OIDC_TOKEN: PLANTED.oidc,
      };
      const program = site(emulator.endpoint);
      await expectNothingWritten(program, { ...environment, ...accepting.environment }, [], /Submitted/);
      await expectNothingWritten(program, { ...environment, ...refusing.environment }, [], /AuthenticationFail/);
      expect(refreshed(emulator)).toHaveLength(1);
      const got = [accepting, refusing].flatMap(({ received }) =>
        received.map(({ parameters }) => parameters.OIDCToken),
      );
      expect(new Set(got)).toEqual(new Set([PLANTED.oidc]));
    });

    test("the password of a proxy is written nowhere", async () => {
      const { asked, proxyPort } = await proxying({ status: 407 });
      const environment = {
        HTTPS_PROXY: `http://user:${PLANTED.password}@127.0.0.1:${proxyPort}`,
        ALIBABA_CLOUD_ACCESS_KEY_ID: KEY.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: KEY.accessKeySecret,
        ALIBABA_CLOUD_SECURITY_TOKEN: KEY.securityToken,
      };
      await expectNothingWritten(site("vod.example.invalid"), environment, [], /the proxy answered HTTP 407/);
      const password = Buffer.from(`user:${PLANTED.password}`).toString("base64");
      expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Basic ${password}`]));
    });
  });
});
