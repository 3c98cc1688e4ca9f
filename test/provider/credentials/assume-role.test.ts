import { execFileSync } from "node:child_process";
import type { ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import RPCClient from "@alicloud/pop-core";
import { describe, expect, test, vi } from "vitest";
import { directory, failureOf, fakeSts, file, find, START, serving, servingWithoutEnd } from "./fakes.js";

const ROLE = "acs:ram::1234567890123456:role/deploy";
const KEY = { "alicloud:accessKey": "LTAIkey12345", "alicloud:secretKey": "s3cret" };
const keys = { LTAIkey12345: { secret: "s3cret" } };

function pipe(): string {
  const path = join(directory(), "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

describe("a role is assumed", () => {
  test("with a key, in one signed POST that leaves nothing in the URL", async () => {
    const sts = await fakeSts({ keys });
    const source = find({ ...KEY, "alicloud:assumeRole": { roleArn: ROLE } }, sts.environment);
    expect(source.description).toBe(`the stack's alicloud:accessKey, which assumes ${ROLE}`);
    expect(source.role).toBe(ROLE);
    expect(await source.get()).toEqual({
      accessKeyId: "STS.issued1",
      accessKeySecret: "secret1",
      securityToken: "token1",
    });
    expect(sts.received).toMatchObject([{ method: "POST", path: "/", query: "" }]);
    expect(sts.received[0]?.parameters).toMatchObject({
      Action: "AssumeRole",
      Version: "2015-04-01",
      Timestamp: "2026-11-24T04:00:00Z",
      RoleArn: ROLE,
      RoleSessionName: "pulumi-alicloud-vod",
    });
    expect(Object.keys(sts.received[0]?.parameters ?? {}).sort()).toEqual(
      "AccessKeyId Action Format RoleArn RoleSessionName Signature SignatureMethod SignatureNonce SignatureVersion Timestamp Version".split(
        " ",
      ),
    );
  });

  test("with everything that alicloud:assumeRole may hold", async () => {
    const sts = await fakeSts({ keys });
    const policy = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"vod:*","Resource":"*"}]}';
    const assumeRole = {
      roleArn: ROLE,
      sessionName: "ci@main",
      policy,
      sessionExpiration: 900,
      externalId: "e x'(*)~é",
    };
    await find({ ...KEY, "alicloud:assumeRole": assumeRole }, sts.environment).get();
    expect(sts.received[0]?.parameters).toMatchObject({
      RoleSessionName: "ci@main",
      Policy: policy,
      DurationSeconds: "900",
      ExternalId: "e x'(*)~é",
    });
  });

  test("with temporary credentials, whose token is signed as well", async () => {
    const sts = await fakeSts({ keys: { "STS.a": { secret: "b", token: "t/+=" } } });
    const key = { "alicloud:accessKey": "STS.a", "alicloud:secretKey": "b", "alicloud:securityToken": "t/+=" };
    await find({ ...key, "alicloud:assumeRole": { roleArn: ROLE } }, sts.environment).get();
    expect(sts.received[0]?.parameters.SecurityToken).toBe("t/+=");
  });

  test("that the environment alone names", async () => {
    const sts = await fakeSts({ keys });
    const environment = {
      ALICLOUD_ASSUME_ROLE_ARN: ROLE,
      ALICLOUD_ASSUME_ROLE_SESSION_NAME: "ci",
      ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION: "1800",
    };
    await find(KEY, { ...sts.environment, ...environment }).get();
    expect(sts.received[0]?.parameters).toMatchObject({
      RoleArn: ROLE,
      RoleSessionName: "ci",
      DurationSeconds: "1800",
    });
  });

  test("ALIBABA_CLOUD_ROLE_ARN completes alicloud:assumeRole, and means nothing on its own", async () => {
    const sts = await fakeSts({ keys });
    const environment = { ...sts.environment, ALIBABA_CLOUD_ROLE_ARN: ROLE, ALIBABA_CLOUD_ROLE_SESSION_NAME: "ci" };
    await find({ ...KEY, "alicloud:assumeRole": {} }, environment).get();
    expect(sts.received[0]?.parameters).toMatchObject({ RoleArn: ROLE, RoleSessionName: "ci" });
    expect(await find(KEY, environment).get()).toHaveProperty("accessKeyId", "LTAIkey12345");
  });

  test("not at all where roleArn is empty", async () => {
    const source = find({ ...KEY, "alicloud:assumeRole": { roleArn: "" } }, { ALICLOUD_ASSUME_ROLE_ARN: ROLE });
    expect(source.description).toBe("the stack's alicloud:accessKey");
  });
});

test("the fake STS accepts pop-core's signature", async () => {
  const sts = await fakeSts({ keys });
  const popCore = new RPCClient({
    accessKeyId: "LTAIkey12345",
    accessKeySecret: "s3cret",
    endpoint: sts.origin,
    apiVersion: "2015-04-01",
  });
  const parameters = { RoleArn: ROLE, RoleSessionName: "it's (a) *test*~ é" };
  expect(await popCore.request("AssumeRole", parameters, { method: "POST" })).toHaveProperty("Credentials");
});

describe("a role is assumed with an OIDC token", () => {
  const PROVIDER = "acs:ram::1234567890123456:oidc-provider/github";
  const environment = { ALIBABA_CLOUD_ROLE_ARN: ROLE, ALIBABA_CLOUD_OIDC_PROVIDER_ARN: PROVIDER };

  test("in an unsigned request, from the environment that ACK gives a pod", async () => {
    const sts = await fakeSts({ oidcTokens: ["ey.j.wt"] });
    const token = file("ey.j.wt\n");
    const source = find({}, { ...sts.environment, ...environment, ALIBABA_CLOUD_OIDC_TOKEN_FILE: token });
    expect(source.description).toBe(
      `the OIDC token in ${token} (the environment's ALIBABA_CLOUD_OIDC_TOKEN_FILE), which assumes ${ROLE}`,
    );
    expect(await source.get()).toHaveProperty("securityToken", "token1");
    expect(sts.received).toMatchObject([{ method: "POST", path: "/" }]);
    expect(sts.received[0]?.query).toMatch(
      /^Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON&Timestamp=2026-11-24T04%3A00%3A00Z&SignatureNonce=[\w-]+$/,
    );
    const { AccessKeyId, Signature, ...parameters } = sts.received[0]?.parameters ?? {};
    expect([AccessKeyId, Signature]).toEqual([undefined, undefined]);
    expect(parameters).toMatchObject({ OIDCProviderArn: PROVIDER, OIDCToken: "ey.j.wt", RoleArn: ROLE });
  });

  test("that stands in the environment", async () => {
    const sts = await fakeSts({ oidcTokens: ["ey.j.wt"] });
    const source = find({}, { ...sts.environment, ...environment, ALIBABA_CLOUD_OIDC_TOKEN: "ey.j.wt" });
    expect(source.description).toBe(
      `the OIDC token in the environment's ALIBABA_CLOUD_OIDC_TOKEN, which assumes ${ROLE}`,
    );
    expect(await source.get()).toHaveProperty("accessKeyId", "STS.issued1");
  });

  test("of alicloud:assumeRoleWithOidc before that of the environment", async () => {
    const sts = await fakeSts({ oidcTokens: ["ey.j.wt"] });
    const assumeRoleWithOidc = {
      oidcProviderArn: PROVIDER,
      oidcTokenFile: file("ey.j.wt"),
      roleArn: ROLE,
      roleSessionName: "gitlab",
      policy: "{}",
      sessionExpiration: "3600",
    };
    const other = { ALIBABA_CLOUD_ROLE_ARN: "acs:ram::1:role/other", ALIBABA_CLOUD_OIDC_TOKEN: "another.to.ken" };
    await find({ "alicloud:assumeRoleWithOidc": assumeRoleWithOidc }, { ...sts.environment, ...other }).get();
    expect(sts.received[0]?.parameters).toMatchObject({
      RoleSessionName: "gitlab",
      Policy: "{}",
      DurationSeconds: "3600",
      RoleArn: ROLE,
    });
  });

  test("that is read from its file for each session", async () => {
    const { writeFileSync } = await import("node:fs");
    const sts = await fakeSts({ oidcTokens: ["first.to.ken", "second.to.ken"] });
    const token = file("first.to.ken");
    let now = START;
    const source = find(
      {},
      { ...sts.environment, ...environment, ALIBABA_CLOUD_OIDC_TOKEN_FILE: token },
      { now: () => now },
    );
    await source.get();
    writeFileSync(token, "second.to.ken");
    now = new Date(START.getTime() + 56 * 60_000);
    await failureOf(() => source.get()).catch(() => undefined);
    expect(sts.received.map(({ parameters }) => parameters.OIDCToken)).toEqual(["first.to.ken", "second.to.ken"]);
  });

  test.each([
    [
      { roleArn: ROLE },
      /^alicloud:assumeRoleWithOidc isn't complete: .* Set them there, or ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE in the environment. \(code InvalidCredentials\)$/,
    ],
    [
      { roleArn: "deploy", oidcProviderArn: PROVIDER, oidcToken: "ey.j.wt" },
      /^alicloud:assumeRoleWithOidc\.roleArn is not the ARN of a RAM role\./,
    ],
    [
      { roleArn: ROLE, oidcProviderArn: PROVIDER, oidcTokenFile: "/none" },
      /^The OIDC token file that the stack's alicloud:assumeRoleWithOidc\.oidcTokenFile names doesn't exist\./,
    ],
  ])("%j is refused before anything is sent", (assumeRoleWithOidc, message) => {
    expect(() => find({ "alicloud:assumeRoleWithOidc": assumeRoleWithOidc })).toThrow(message);
  });

  const UNREADABLE: [name: string, path: () => string, why: string][] = [
    ["a directory", directory, "is not a regular file"],
    ["a file of 2 MB", () => file("a".repeat(2 * 1024 * 1024)), "is larger than 1 MB"],
  ];
  if (process.platform !== "win32") {
    UNREADABLE.push(["a device without an end", () => "/dev/zero", "is not a regular file"]);
    UNREADABLE.push(["a pipe that nobody writes to", pipe, "is not a regular file"]);
  }
  test.each(UNREADABLE)("%s is not read as a token file", (_, path, why) => {
    const token = path();
    const read = () => find({}, { ...environment, ALIBABA_CLOUD_OIDC_TOKEN_FILE: token });
    expect(read).toThrow(
      `The OIDC token file that the environment's ALIBABA_CLOUD_OIDC_TOKEN_FILE names ${why}. ` +
        "Check that it is the path of a file that exists, and that this user may read it. (code InvalidCredentials)",
    );
    const profiles = { "alicloud:profile": "a", "alicloud:sharedCredentialsFile": token };
    expect(() => find(profiles)).toThrow(`The profiles file ${token} ${why}.`);
  });

  test("an empty token file is refused", () => {
    const token = file("\n");
    expect(() => find({}, { ...environment, ALIBABA_CLOUD_OIDC_TOKEN_FILE: token })).toThrow(
      `The OIDC token file ${token} holds no token.`,
    );
  });
});

describe("a refusal says what happened and what to do", () => {
  const refused = async (code: string, status = 400) => {
    const sts = await fakeSts({ keys, refuse: { status, code } });
    return failureOf(() => find({ ...KEY, "alicloud:assumeRole": { roleArn: ROLE } }, sts.environment).get());
  };
  const CALLER = "he stack's alicloud:accessKey (access key ID ending in 2345)";

  test.each([
    [
      "NoPermission",
      `T${CALLER} is not allowed to assume ${ROLE}. Allow it sts:AssumeRole in a RAM policy, and name it in the role's trust policy; only RAM users and roles can assume a role, not the account itself.`,
    ],
    ["EntityNotExist.Role", `The role ${ROLE} doesn't exist. Correct the ARN, or create the role in RAM.`],
    [
      "InvalidAccessKeyId.Inactive",
      `STS refused t${CALLER}. Check that these credentials are complete and still valid.`,
    ],
    [
      "InvalidSecurityToken.Expired",
      `STS refused t${CALLER}. Check that these credentials are complete and still valid.`,
    ],
    [
      "InvalidTimeStamp.Expired",
      "This machine's clock is more than 15 minutes off the service's. Correct the clock, then run `pulumi up` again.",
    ],
    [
      "InvalidParameter.RoleSessionName",
      `STS refused to let t${CALLER} assume ${ROLE}. Look up the code in the error codes of STS.`,
    ],
  ])("%s", async (code, sentences) => {
    expect((await refused(code)).message).toBe(
      `${sentences} (code ${code}, HTTP 400, request ID E916EC69-9456-4D7F-96C5-BA8E098E1B66)`,
    );
  });

  test("and is retryable for a throttle or a fault of the service", async () => {
    expect(await refused("Throttling.User")).toMatchObject({ retryable: true, code: "Throttling.User" });
    expect(await refused("InternalError", 500)).toMatchObject({ retryable: true });
    expect(await refused("NoPermission", 403)).toMatchObject({ retryable: false });
  });

  test("of an expired OIDC token", async () => {
    const sts = await fakeSts();
    const environment = {
      ...sts.environment,
      ALIBABA_CLOUD_ROLE_ARN: ROLE,
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: "acs:ram::1:oidc-provider/github",
      ALIBABA_CLOUD_OIDC_TOKEN: "ey.j.wt",
    };
    expect((await failureOf(() => find({}, environment).get())).message).toMatch(
      /^The OIDC token in the environment's ALIBABA_CLOUD_OIDC_TOKEN has expired\. Get a new one right before `pulumi up`\. \(code AuthenticationFail\.OIDCToken\.Expired, HTTP 401/,
    );
  });
});

describe("an STS", () => {
  const assume = (origin: string) =>
    find(
      { ...KEY, "alicloud:assumeRole": { roleArn: ROLE } },
      { ALIBABA_CLOUD_STS_ENDPOINT: origin },
      { timeoutMs: 300 },
    );
  const CHECK = "Check the network between this machine and STS, then run `pulumi up` again.";

  test.each<[string, (response: ServerResponse) => unknown]>([
    ["never answers", () => {}],
    [
      "answers forever",
      (response) => {
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("that %s is given up after the time limit", async (_, answer) => {
    const origin = await serving((_, response) => answer(response));
    const begin = performance.now();
    const failure = await failureOf(() => assume(origin).get());
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(failure.message).toBe(`STS at ${origin} didn't answer within 0.3 s. ${CHECK} (code Timeout)`);
    expect(failure).toMatchObject({ retryable: true });
  });

  test("that answers with more than 64 KB is cut off", async () => {
    const { origin, sent } = await servingWithoutEnd();
    const failure = await failureOf(() => assume(origin).get());
    expect(failure.message).toMatch(
      /answered with more than 64 KB instead of credentials\..*\(code InvalidResponse\)$/,
    );
    expect(sent()).toBeLessThan(20_000_000);
  });

  test.each<[string, number, Record<string, string>, string | Buffer, string]>([
    ["a page", 200, {}, "<html>", "HTTP 200"],
    ["null", 200, {}, "null", "HTTP 200"],
    ["nothing", 500, {}, "", "HTTP 500"],
    ["JSON without credentials", 200, {}, "{}", "HTTP 200"],
    ["a redirect", 302, { location: "http://127.0.0.1:1/" }, "{}", "HTTP 302"],
    ["a refusal with the status of a success", 200, {}, '{"Code":"NoPermission"}', "HTTP 200"],
    ["gzip", 200, { "content-encoding": "gzip" }, gzipSync("{}"), "a compressed body"],
  ])("that answers with %s gives no credentials", async (_, status, headers, body, what) => {
    const origin = await serving((_, response) => response.writeHead(status, headers).end(body));
    const failure = await failureOf(() => assume(origin).get());
    expect(failure.message).toMatch(`STS at ${origin} answered with ${what} instead of credentials. ${CHECK}`);
    expect(failure).toMatchObject({ code: "InvalidResponse", retryable: status >= 500 });
  });

  test.each<[string, (response: ServerResponse) => unknown]>([
    ["before it answers", (response) => response.destroy()],
    [
      "within its answer",
      (response) => response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy()),
    ],
  ])("that cuts the connection %s can be asked again", async (_, cut) => {
    const origin = await serving((_, response) => cut(response));
    expect(await failureOf(() => assume(origin).get())).toMatchObject({ code: "Unreachable", retryable: true });
  });
});

test("DEBUG=* prints nothing of the request to STS", async () => {
  const { environment, received } = await fakeSts({ keys: { "STS.a": { secret: "b", token: "CAISplantedtoken" } } });
  const key = {
    "alicloud:accessKey": "STS.a",
    "alicloud:secretKey": "b",
    "alicloud:securityToken": "CAISplantedtoken",
  };
  const ofPopCore = createRequire(createRequire(__filename).resolve("@alicloud/pop-core"));
  const debug = createRequire(ofPopCore.resolve("httpx"))("debug");
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((chunk) => written.push(String(chunk)) > 0);
  debug.enable("*");
  try {
    await find({ ...key, "alicloud:assumeRole": { roleArn: ROLE } }, environment).get();
  } finally {
    debug.disable();
    write.mockRestore();
  }
  expect(received).toHaveLength(1);
  expect(written.join("")).not.toMatch(/CAISplanted|Signature|AccessKeyId|STS\.a/);
});

describe("the address of STS", () => {
  const assumeRole = { "alicloud:assumeRole": { roleArn: ROLE } };

  test("comes from alicloud:endpoints before the environment", async () => {
    const sts = await fakeSts({ keys });
    const other = await fakeSts({ keys });
    const asked = async (config: object, environment: Record<string, string>) => {
      await find({ ...KEY, ...assumeRole, ...config }, environment).get();
      return [sts.received.splice(0).length, other.received.splice(0).length];
    };
    expect(await asked({ "alicloud:endpoints": [{ sts: sts.origin }] }, other.environment)).toEqual([1, 0]);
    expect(await asked({ "alicloud:endpoints": { sts: sts.origin } }, other.environment)).toEqual([1, 0]);
    expect(await asked({ "alicloud:endpoints": [{ vod: "x" }] }, other.environment)).toEqual([0, 1]);
    expect(await asked({}, { ALIBABA_CLOUD_ENDPOINT_STS: other.origin })).toEqual([0, 1]);
    expect(await asked({}, { STS_ENDPOINT: other.origin })).toEqual([0, 1]);
  });

  test.each([
    [{}, {}, "https://sts.aliyuncs.com"],
    [{ "alicloud:region": "cn-shanghai" }, {}, "https://sts.cn-shanghai.aliyuncs.com"],
    [{}, { ALIBABA_CLOUD_REGION: "eu-central-1" }, "https://sts.eu-central-1.aliyuncs.com"],
    [{ "alicloud:region": "x" }, { ALIBABA_CLOUD_STS_REGION: "cn-hangzhou" }, "https://sts.cn-hangzhou.aliyuncs.com"],
    [
      {},
      { ALIBABA_CLOUD_STS_REGION: "cn-hangzhou", ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: "true" },
      "https://sts-vpc.cn-hangzhou.aliyuncs.com",
    ],
  ])("is with %j and %j: %s, and the agent is for it", async (config, environment, origin) => {
    const origins: string[] = [];
    const agentFor = (asked: string) => {
      origins.push(asked);
      throw new Error("no agent");
    };
    const source = find({ ...KEY, ...assumeRole, ...config }, environment as Record<string, string>, { agentFor });
    await failureOf(() => source.get());
    expect(origins).toEqual([origin]);
  });

  test.each([
    [
      { "alicloud:endpoints": [{ sts: "http://sts.example.com" }] },
      {},
      /^alicloud:endpoints\.sts is not an address of STS\. .* \(code InvalidEndpoint\)$/,
    ],
    [{}, { ALIBABA_CLOUD_STS_ENDPOINT: "https://u:p@x" }, /^ALIBABA_CLOUD_STS_ENDPOINT is not an address/],
    [{ "alicloud:region": "evil.example.com/" }, {}, /^alicloud:region is not an address/],
  ])("is refused with %j and %j", (config, environment, message) => {
    expect(() => find({ ...KEY, ...assumeRole, ...config }, environment as Record<string, string>)).toThrow(message);
  });
});

describe("alicloud:assumeRole", () => {
  test.each([
    ["{", "alicloud:assumeRole is not a JSON object."],
    ["[]", "alicloud:assumeRole is not a JSON object."],
    [{ sessionExpiration: 5 }, "alicloud:assumeRole has no valid sessionExpiration."],
    [{ roleArn: 1, policy: {} }, "alicloud:assumeRole has no valid policy and no valid roleArn."],
    [{ roleArn: "deploy" }, "alicloud:assumeRole.roleArn is not the ARN of a RAM role."],
    [{}, "alicloud:assumeRole.roleArn is not the ARN of a RAM role."],
  ])("of %j is refused: %s", (assumeRole, sentence) => {
    expect(() => find({ ...KEY, "alicloud:assumeRole": assumeRole })).toThrow(sentence);
  });
});

test("a redirect isn't followed, and is an unexpected answer", async () => {
  const target = await fakeSts({ keys });
  const redirecting = await serving((_, response) => response.writeHead(307, { location: target.origin }).end());
  const source = (origin: string) =>
    find({ ...KEY, "alicloud:assumeRole": { roleArn: ROLE } }, { ALIBABA_CLOUD_STS_ENDPOINT: origin });
  const failure = await failureOf(() => source(redirecting).get());
  expect(failure.message).toBe(
    `STS at ${redirecting} answered with HTTP 307 instead of credentials. Check the network between this machine and STS, then run \`pulumi up\` again. (code InvalidResponse, HTTP 307)`,
  );
  expect(target.received).toEqual([]);
});
