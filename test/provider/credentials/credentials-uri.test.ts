import { describe, expect, test } from "vitest";
import { failureOf, fakeUri, find } from "./fakes.js";

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

  test.each(["ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"])("can stand in %s", async (name) => {
    const { uri } = await fakeUri();
    expect(await find({}, { [name]: uri }).get()).toHaveProperty("accessKeyId", "STS.uri1");
  });

  test.each(["undefined", "file:///etc/passwd", "ftp://x"])("%s is refused", (uri) => {
    expect(() => find({ "alicloud:credentialsUri": uri })).toThrow(
      "The stack's alicloud:credentialsUri is not an http or https URL. Write the URL of the credentials service. (code InvalidCredentials)",
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
      /answered with incomplete or unreadable data instead of credentials\. Check the stack's alicloud:credentialsUri/,
    );
  });
});
