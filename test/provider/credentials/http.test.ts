import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { failureOf, fakeUri, find, serving, servingWithoutEnd } from "./fakes.js";

describe("a service of credentials", () => {
  const askUri = (origin: string) => find({ "alicloud:credentialsUri": origin }, {}, { timeoutMs: 300 });
  const askMetadata = (origin: string) =>
    find({ "alicloud:ecsRoleName": "vod-role" }, {}, { metadataOrigin: origin, metadataTimeoutMs: 300 });

  test.each([
    ["never answers", () => {}],
    [
      "answers forever",
      (response: ServerResponse) => {
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("that %s is given up after the time limit", async (_, answer) => {
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

  test("that answers with more than 64 KB is cut off", async () => {
    const { origin, sent } = await servingWithoutEnd();
    const failure = await failureOf(() => find({ "alicloud:credentialsUri": origin }).get());
    expect(failure.message).toMatch(
      /answered with more than 64 KB instead of credentials\..*\(code InvalidResponse\)$/,
    );
    expect(sent()).toBeLessThan(20_000_000);
  });

  test("that redirects is not followed", async () => {
    const target = await fakeUri();
    const origin = await serving((_, response) => response.writeHead(302, { location: target.uri }).end());
    expect((await failureOf(() => askUri(origin).get())).message).toMatch(/answered with HTTP 302 instead of/);
    expect(target.received).toEqual([]);
  });

  test("that can't be reached is named with the system's code", async () => {
    expect((await failureOf(() => askUri("http://127.0.0.1:1").get())).message).toMatch(
      /^The credentials URI at http:\/\/127\.0\.0\.1:1 can't be reached \(ECONNREFUSED\)\./,
    );
  });

  test("that cuts the connection can be asked again", async () => {
    const origin = await serving((request) => request.socket.destroy());
    expect(await failureOf(() => askUri(origin).get())).toMatchObject({ code: "Unreachable", retryable: true });
  });
});
