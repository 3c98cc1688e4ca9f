import { describe, expect, test } from "vitest";
import { failureOf, fakeMetadata, find, serving } from "./fakes.js";

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

  test.each(["ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"])("can be named by %s", async (name) => {
    const { origin } = await fakeMetadata("vod-role");
    const source = find({}, { [name]: "vod-role" }, { metadataOrigin: origin });
    expect(source.description).toBe(`the instance's RAM role vod-role (the environment's ${name})`);
    expect(await source.get()).toHaveProperty("securityToken");
  });

  test("is asked for only by name, even where there are no other credentials", async () => {
    const { origin, received } = await fakeMetadata("vod-role");
    expect(() => find({}, {}, { metadataOrigin: origin })).toThrow(/^Credentials could not be loaded: no source/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(received).toEqual([]);
  });

  test("is not asked for where the metadata service is switched off", () => {
    expect(() => find(ROLE, { ALIBABA_CLOUD_ECS_METADATA_DISABLED: "True" })).toThrow(
      "The stack's alicloud:ecsRoleName asks for the role of the ECS instance, but ALIBABA_CLOUD_ECS_METADATA_DISABLED is true.",
    );
  });

  test("must be a valid name", () => {
    expect(() => find({ "alicloud:ecsRoleName": "../../user-data" })).toThrow(
      /^The stack's alicloud:ecsRoleName doesn't name a RAM role\./,
    );
  });

  test("is never asked for without a token, as in version 1", async () => {
    const received: unknown[] = [];
    const origin = await serving((request, response) => {
      received.push(request.method);
      response.writeHead(request.method === "PUT" ? 404 : 200).end();
    });
    const failure = await failureOf(() => find(ROLE, {}, { metadataOrigin: origin }).get());
    expect(failure.message).toBe(
      "The metadata service answered with HTTP 404 instead of credentials. Run on an ECS instance that has the RAM role, or use other credentials than those of the stack's alicloud:ecsRoleName. (code InvalidResponse, HTTP 404)",
    );
    expect(received).toEqual(["PUT"]);
  });
});
