import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { vodClient } from "../../../provider/vod/client.js";
import type { VodError } from "../../../provider/vod/errors.js";
import { NO_RETRY } from "../../../provider/vod/retry.js";
import { pathsOf, startEmulator } from "../../emulator/index.js";

const SECRET = "secretsecretsecretsecretsecret";
const TOKEN = "CAIStoken/with+signs==";
const credentials = { accessKeyId: "LTAIkeykeykeykey", accessKeySecret: SECRET, securityToken: TOKEN };
const request = { paths: ["https://vod.example.com/a"], objectType: "File" as const, force: false };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

/** A server that answers every call in the same way. */
async function answering(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function emulated(options: Parameters<typeof startEmulator>[0] = {}) {
  const emulator = await startEmulator(options);
  cleanups.push(() => emulator.close());
  return emulator;
}

async function failureOf(endpoint: string, timeoutMs = 5000): Promise<VodError> {
  const answer = await vodClient({ endpoint, credentials, timeoutMs, retry: NO_RETRY })
    .refreshObjectCaches(request)
    .catch((error: unknown) => error);
  return answer as VodError;
}

describe("a refresh on the wire", () => {
  test("is one signed POST with the paths in their order, one a line", async () => {
    const emulator = await emulated();
    const paths = ["https://vod.example.com/b", "https://vod.example.com/a?v=1&w=2", "vod.example.com/c%20d"];
    const answer = await vodClient({ ...emulator, credentials: emulator }).refreshObjectCaches({ ...request, paths });
    expect(answer.refreshTaskId).toMatch(/^\d+$/);
    expect(answer.requestId).toMatch(/^[0-9A-F-]{36}$/);
    expect(emulator.received).toMatchObject([{ action: "RefreshVodObjectCaches", method: "POST", status: 200 }]);
    expect(emulator.received.flatMap(pathsOf)).toEqual(paths);
  });

  test.each([
    ["File", false, { ObjectType: "File", Force: undefined }],
    ["File", true, { ObjectType: "File", Force: undefined }],
    ["Directory", false, { ObjectType: "Directory", Force: "false" }],
    ["Directory", true, { ObjectType: "Directory", Force: "true" }],
    ["Regex", false, { ObjectType: "Regex", Force: "false" }],
    ["Regex", true, { ObjectType: "Regex", Force: "true" }],
    ["IgnoreParams", false, { ObjectType: "IgnoreParams", Force: "false" }],
    ["IgnoreParams", true, { ObjectType: "IgnoreParams", Force: "true" }],
  ] as const)("%s with force %s", async (objectType, force, sent) => {
    const emulator = await emulated();
    const paths = ["https://vod.example.com/player/"];
    await vodClient({ ...emulator, credentials: emulator }).refreshObjectCaches({ paths, objectType, force });
    const parameters = emulator.received[0]?.parameters;
    expect({ ObjectType: parameters?.ObjectType, Force: parameters?.Force }).toEqual(sent);
  });

  test("carries the security token of temporary credentials", async () => {
    const emulator = await emulated({ securityToken: TOKEN });
    await vodClient({ ...emulator, credentials: { ...emulator, securityToken: TOKEN } }).refreshObjectCaches(request);
    expect(emulator.received).toMatchObject([{ status: 200 }]);
  });
});

describe("a refusal", () => {
  test("has the service's code, HTTP status and request ID", async () => {
    const emulator = await emulated({ domains: ["other.example.com"] });
    const error = await vodClient({ ...emulator, credentials: emulator })
      .refreshObjectCaches(request)
      .catch((thrown: VodError) => thrown);
    expect(error).toMatchObject({
      name: "VodError",
      code: "InvalidDomain.NotFound",
      httpStatus: 404,
      requestId: emulator.received[0]?.requestId,
      message: expect.stringMatching(/^vod\.example\.com doesn't exist or doesn't belong to this/),
    });
  });

  test("of a signature shows nothing of what was signed", async () => {
    const emulator = await emulated({ accessKeyId: credentials.accessKeyId, securityToken: TOKEN });
    const error = await failureOf(emulator.endpoint);
    expect(error).toMatchObject({ code: "SignatureDoesNotMatch", httpStatus: 400 });
    expect(everythingOf(error)).not.toMatch(/LTAI|CAIS|secretsecret|Signature(=|%3D)/);
  });

  test("with an unknown code shows its words without what was signed", async () => {
    const echo = `AccessKeyId=${credentials.accessKeyId}&SecurityToken=${encodeURIComponent(TOKEN)}&Signature=c2ln ${SECRET}`;
    const endpoint = await answering((_, response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ Code: "Brand.New", Message: `Not today: ${echo}`, RequestId: "R-1" }));
    });
    const error = await failureOf(endpoint);
    expect(error.message).toMatch(
      /^The VOD API refused the call: Not today: .*\(code Brand\.New, HTTP 400, request ID R-1\)$/,
    );
    expect(everythingOf(error)).not.toMatch(/LTAI|CAIS|secretsecret|c2ln/);
  });
});

describe("an answer that no VOD API gives", () => {
  const json = { "content-type": "application/json" };
  test.each([
    ["a page", 200, { "content-type": "text/html; charset=utf-8" }, "<html>Sign in</html>", "answered with text/html"],
    ["a gateway's page", 502, { "content-type": "text/html" }, "<html>Bad gateway</html>", "answered with text/html"],
    ["nothing", 200, {}, "", "answered with an empty body"],
    ["null", 200, json, "null", "answered with application/json"],
    ["half of an answer", 200, json, '{"RefreshTaskId":"1', "answered with application/json"],
    ["no task ID", 200, json, '{"RequestId":"R"}', "answered with JSON without a valid RefreshTaskId"],
    ["an empty task ID", 200, json, '{"RequestId":"R","RefreshTaskId":""}', "without a valid RefreshTaskId"],
    ["a number as task ID", 200, json, '{"RequestId":"R","RefreshTaskId":7}', "without a valid RefreshTaskId"],
    ["an error without a code", 500, json, '{"RequestId":"R","RefreshTaskId":"7"}', "answered with application/json"],
    [
      "a redirect",
      302,
      { location: "https://elsewhere.example.com/" },
      "{}",
      "without a valid RefreshTaskId, RequestId",
    ],
  ])("%s", async (_, status, headers, body, sentence) => {
    const endpoint = await answering((_request, response) => response.writeHead(status, headers).end(body));
    const error = await failureOf(endpoint);
    expect(error).toMatchObject({ name: "VodError", code: "InvalidResponse", httpStatus: status });
    expect(error.message).toContain(sentence);
    expect(error.message).toContain("Check `endpoint`, VOD_ENDPOINT and any proxy in between");
  });
});

describe("a connection", () => {
  test("that nobody accepts is named with the system's code", async () => {
    const error = await failureOf("http://127.0.0.1:1");
    expect(error.message).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ can't be reached \(ECONNREFUSED\)\. Check `endpoint`.*\(code Unreachable\)$/,
    );
  });

  test("that is reset can be tried again", async () => {
    const endpoint = await answering((incoming) => incoming.socket.destroy());
    expect(await failureOf(endpoint)).toMatchObject({ code: "Unreachable", retryable: true });
  });

  test("without an answer ends at the time limit", async () => {
    const endpoint = await answering(() => {});
    const error = await failureOf(endpoint, 200);
    expect(error).toMatchObject({ code: "Timeout", message: expect.stringContaining("didn't answer within 0.2 s.") });
  });

  test("with an endless answer ends at the time limit", async () => {
    const endpoint = await answering((_, response) => response.writeHead(200).write("{"));
    expect(await failureOf(endpoint, 2000)).toMatchObject({ code: "Timeout", httpStatus: 200 });
  });
});

/** All text of an error that could be printed. */
function everythingOf(error: VodError): string {
  return `${error} ${error.stack} ${JSON.stringify(error)} ${Object.getOwnPropertyNames(error).map((name) => String(error[name as "message"]))}`;
}
