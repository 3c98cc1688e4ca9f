import { describe, expect, test } from "vitest";
import { failureOf, fakeMetadata, fakeUri, find, serving } from "./fakes.js";

const ROLE = { "alicloud:ecsRoleName": "vod-role" };

describe("the role of an ECS instance", () => {
  test("comes from the metadata service, in its security hardening mode", async () => {
    const { origin, received } = await fakeMetadata("vod-role");
    const source = find(ROLE, {}, { metadataOrigin: origin });
    expect(source.description).toBe("the instance's RAM role vod-role (the stack's alicloud:ecsRoleName)");
    expect(await source.get()).toEqual({
      accessKeyId: "STS.metadata2",
      accessKeySecret: "metadata-secret2",
      securityToken: "metadata-token2",
    });
    expect(received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "PUT /latest/api/token",
      "GET /latest/meta-data/ram/security-credentials/vod-role",
    ]);
  });

  test.each(["ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"])("may be named by %s", async (name) => {
    const { origin } = await fakeMetadata("vod-role");
    const source = find({}, { [name]: "vod-role" }, { metadataOrigin: origin });
    expect(source.description).toBe(`the instance's RAM role vod-role (the environment's ${name})`);
    expect(await source.get()).toHaveProperty("securityToken");
  });

  test("is asked for by nothing else: not where there are no credentials at all", async () => {
    const { origin, received } = await fakeMetadata("vod-role");
    expect(() => find({}, {}, { metadataOrigin: origin })).toThrow(/^No Alibaba Cloud credentials/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(received).toEqual([]);
  });

  test("is not asked for where the metadata service is switched off", () => {
    expect(() => find(ROLE, { ALIBABA_CLOUD_ECS_METADATA_DISABLED: "True" })).toThrow(
      "The stack's alicloud:ecsRoleName asks for the role of the ECS instance, and ALIBABA_CLOUD_ECS_METADATA_DISABLED is true.",
    );
  });

  test("must be a name", () => {
    expect(() => find({ "alicloud:ecsRoleName": "../../user-data" })).toThrow(
      /^The stack's alicloud:ecsRoleName doesn't name a RAM role\./,
    );
  });

  test("is never asked for without a token (version 1)", async () => {
    const received: unknown[] = [];
    const origin = await serving((request, response) => {
      received.push(request.method);
      response.writeHead(request.method === "PUT" ? 404 : 200).end();
    });
    const failure = await failureOf(() => find(ROLE, {}, { metadataOrigin: origin }).get());
    expect(failure.message).toBe(
      "The metadata service answered with HTTP 404, not with credentials. Run on an ECS instance that has the RAM role, or use other credentials than those of the stack's alicloud:ecsRoleName. (code InvalidResponse, HTTP 404)",
    );
    expect(received).toEqual(["PUT"]);
  });
});

describe("a credentials URI", () => {
  test("is asked once, and shown without what may be secret in it", async () => {
    const { origin, uri, received } = await fakeUri();
    const source = find({ "alicloud:credentialsUri": uri });
    expect(source.description).toBe(`the credentials URI at ${origin} (the stack's alicloud:credentialsUri)`);
    expect(await source.get()).toEqual({
      accessKeyId: "STS.uri1",
      accessKeySecret: "uri-secret1",
      securityToken: "uri-token1",
    });
    expect(received).toMatchObject([{ method: "GET", path: "/credentials", query: "ticket=t1cket" }]);
  });

  test.each(["ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"])("may stand in %s", async (name) => {
    const { uri } = await fakeUri();
    expect(await find({}, { [name]: uri }).get()).toHaveProperty("accessKeyId", "STS.uri1");
  });

  test.each(["undefined", "file:///etc/passwd", "ftp://x"])("%s is none", (uri) => {
    expect(() => find({ "alicloud:credentialsUri": uri })).toThrow(
      "The stack's alicloud:credentialsUri doesn't give an http or https URL. Write the URL of the credentials service. (code InvalidCredentials)",
    );
  });

  test.each([
    ["an empty secret", { AccessKeySecret: "" }],
    ["a key with a line break", { AccessKeyId: "STS.\nuri" }],
    ["no token", { SecurityToken: undefined }],
    ["a code that isn't success", { Code: "Failed" }],
    ["an end that is no date", { Expiration: "soon" }],
  ])("that answers with %s gives no credentials", async (_, change) => {
    const { uri } = await fakeUri(undefined, (answer) => ({ ...answer, ...change }));
    const failure = await failureOf(() => find({ "alicloud:credentialsUri": uri }).get());
    expect(failure.message).toMatch(
      /answered with something else, not with credentials\. Check the stack's alicloud:credentialsUri/,
    );
  });
});

describe("a service that misbehaves", () => {
  const askUri = (origin: string) => find({ "alicloud:credentialsUri": origin }, {}, { timeoutMs: 300 });
  const askMetadata = (origin: string) => find(ROLE, {}, { metadataOrigin: origin, metadataTimeoutMs: 300 });

  test.each([
    ["never answers", () => {}],
    [
      "answers forever",
      (response: import("node:http").ServerResponse) => {
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("and %s is given up after the time limit", async (_, answer) => {
    const origin = await serving((_, response) => answer(response));
    const begin = performance.now();
    const failures = await Promise.all([askUri, askMetadata].map((ask) => failureOf(() => ask(origin).get())));
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(failures.map(({ message }) => message)).toEqual([
      `The credentials URI at ${origin} didn't answer within 0.3 s. Check the stack's alicloud:credentialsUri and the service behind it. (code Timeout)`,
      "The metadata service didn't answer within 0.3 s. Run on an ECS instance that has the RAM role, or use other credentials than those of the stack's alicloud:ecsRoleName. (code Timeout)",
    ]);
    expect(failures).toMatchObject([{ retryable: true }, { retryable: true }]);
  });

  test("and answers with more than 64 KB is cut off", async () => {
    let sent = 0;
    const origin = await serving((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, " "))) sent += 65_536;
      };
      response.on("drain", more);
      more();
    });
    const failure = await failureOf(() => find({ "alicloud:credentialsUri": origin }).get());
    expect(failure.message).toMatch(/answered with more than 64 KB, not with credentials\..*\(code InvalidResponse\)$/);
    expect(sent).toBeLessThan(20_000_000);
  });

  test("and redirects is not followed", async () => {
    const target = await fakeUri();
    const origin = await serving((_, response) => response.writeHead(302, { location: target.uri }).end());
    expect((await failureOf(() => askUri(origin).get())).message).toMatch(/answered with HTTP 302, not with/);
    expect(target.received).toEqual([]);
  });

  test("and isn't there is named with the system's code", async () => {
    expect((await failureOf(() => askUri("http://127.0.0.1:1").get())).message).toMatch(
      /^The credentials URI at http:\/\/127\.0\.0\.1:1 can't be reached \(ECONNREFUSED\)\./,
    );
  });

  test("and cuts the connection can be asked again", async () => {
    const origin = await serving((request) => request.socket.destroy());
    expect(await failureOf(() => askUri(origin).get())).toMatchObject({ code: "Unreachable", retryable: true });
  });
});
