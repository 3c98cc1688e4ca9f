import RPCClient from "@alicloud/pop-core";
import { describe, expect, test } from "vitest";
import { view } from "./index.js";
import { publish, started } from "./started.js";

function client(emulator: { endpoint: string; accessKeyId: string; accessKeySecret: string }, extra = {}) {
  return new RPCClient({
    endpoint: emulator.endpoint,
    apiVersion: "2017-03-21",
    accessKeyId: emulator.accessKeyId,
    accessKeySecret: emulator.accessKeySecret,
    ...extra,
  });
}

const POST = { method: "POST" };

describe("the official Node client", () => {
  test("a viewer gets the new file after a refresh", async () => {
    const emulator = await started();
    publish(emulator, "vod.example.com/app.js", "old");
    expect(await view(emulator, "https://vod.example.com/app.js")).toMatchObject({ body: "old", cache: "MISS" });
    publish(emulator, "vod.example.com/app.js", "new");
    expect(await view(emulator, "https://vod.example.com/app.js")).toMatchObject({ body: "old", cache: "HIT" });

    const answer = await client(emulator).request<Record<string, string>>(
      "RefreshVodObjectCaches",
      { ObjectPath: "https://vod.example.com/app.js" },
      POST,
    );
    expect(answer).toEqual({ RefreshTaskId: "70422000000001", RequestId: expect.any(String) });
    expect(await view(emulator, "https://vod.example.com/app.js")).toMatchObject({ body: "new", cache: "MISS" });
  });

  test("a path with any characters is signed", async () => {
    const emulator = await started();
    const path = "http://vod.example.com/a!b'c(d)e*f~g+h%20i;j=k&l@m$n,o?p=%E4%BD%A0";
    await client(emulator).request("RefreshVodObjectCaches", { ObjectPath: path, Force: true }, POST);
    expect(emulator.received[0]?.parameters).toMatchObject({ ObjectPath: path, Force: "true" });
  });

  test("a GET is signed as well", async () => {
    const emulator = await started();
    const quota = await client(emulator).request("DescribeVodRefreshQuota", {}, { method: "GET" });
    expect(quota).toMatchObject({ UrlQuota: "2000", UrlRemain: "2000", DirQuota: "100", blockRemain: "500" });
  });

  test("the client gets the code of a refusal", async () => {
    const emulator = await started();
    const calling = client(emulator).request("RefreshVodObjectCaches", { ObjectPath: "other.example.com/a" }, POST);
    await expect(calling).rejects.toMatchObject({ code: "InvalidDomain.NotFound" });
  });

  test("with a wrong secret, the error leaks the key in the string to sign", async () => {
    const emulator = await started({ securityToken: "a-token" });
    const wrong = client(emulator, { accessKeySecret: "wrong", securityToken: "a-token" });
    const calling = wrong.request("DescribeVodRefreshQuota", {}, POST);
    await expect(calling).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
      message: expect.stringContaining(emulator.accessKeyId),
    });
  });

  test("a call with an STS token is accepted", async () => {
    const emulator = await started({ securityToken: "CAIS+token/with=signs" });
    const sts = client(emulator, { securityToken: "CAIS+token/with=signs" });
    await expect(sts.request("DescribeVodRefreshQuota", {}, POST)).resolves.toMatchObject({ UrlRemain: "2000" });
    expect(JSON.stringify(emulator.received)).not.toContain("CAIS");
  });
});
