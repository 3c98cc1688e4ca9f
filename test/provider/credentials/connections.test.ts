/** How STS and a credentials URI are reached: the proxy, the time limit, and the certificates. */
import http from "node:http";
import https, { createServer as createSecureServer } from "node:https";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Clients } from "../../../provider/resource/clients.js";
import { agentFor } from "../../../provider/vod/http-agent.js";
import { identity, portOf, proxying, stalling } from "../vod/secured.js";
import { failureOf, fakeMetadata, fakeUri, find } from "./fakes.js";

const ROLE = "acs:ram::1234567890123456:role/deploy";
const ASSUMING = {
  "alicloud:accessKey": "LTAIkey12345",
  "alicloud:secretKey": "s3cret",
  "alicloud:assumeRole": { roleArn: ROLE },
};
const URI = { "alicloud:credentialsUri": "https://credentials.example.com/get?ticket=t1cket" };
const SOURCES = [
  ["STS", ASSUMING, "STS at https://sts.aliyuncs.com"],
  ["a credentials URI", URI, "The credentials URI at https://credentials.example.com"],
] as const;

const through = (proxy: URL) => (origin: string) => agentFor(origin, proxy);
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe.each(SOURCES)("%s", (_, config, name) => {
  test.each(["silent", "dripping"] as const)("behind a %s proxy is given up after the time limit", async (kind) => {
    const { proxy, closed } = await stalling(kind);
    const source = find(config, {}, { timeoutMs: 300, agentFor: through(proxy) });
    const begin = performance.now();
    // Callers at the same time share the request, and its failure.
    const [failure, other] = await Promise.all([failureOf(() => source.get()), failureOf(() => source.get())]);
    expect(performance.now() - begin).toBeLessThan(3_000);
    expect(other.message).toBe(failure.message);
    expect(failure).toMatchObject({ code: "Timeout", retryable: true });
    expect(failure.message).toBe(
      `${name} (through the proxy ${proxy.origin}) didn't answer within 0.3 s. Check the proxy and its variables ` +
        "(HTTPS_PROXY, ALL_PROXY, NO_PROXY), then run `pulumi up` again. (code Timeout)",
    );
    // Otherwise the tunnel would keep the program's process from ending.
    await closed;
  });

  test.each([
    [407, false],
    [502, true],
  ])("behind a proxy that answers with %i is named with that status; retryable: %s", async (status, retryable) => {
    const { proxyPort } = await proxying({ status });
    const proxy = new URL(`http://me:s3cr3t@127.0.0.1:${proxyPort}`);
    const failure = await failureOf(() => find(config, {}, { agentFor: through(proxy) }).get());
    expect(failure).toMatchObject({ code: "Unreachable", retryable });
    expect(failure.message).toBe(
      `${name} (through the proxy http://127.0.0.1:${proxyPort}) can't be reached (the proxy answered HTTP ${status}). ` +
        "Check the proxy and its variables (HTTPS_PROXY, ALL_PROXY, NO_PROXY), then run `pulumi up` again. (code Unreachable)",
    );
  });

  test("is reached through the proxy of the environment by every resource", async () => {
    const { asked, proxyPort } = await proxying({ status: 403 });
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` };
    const clients = new Clients({ environment, now: () => new Date() });
    const values: Record<string, unknown> = config;
    clients.configure((key) => {
      const value = values[key];
      return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
    });
    await failureOf(() => clients.caller({}).get());
    expect(asked).toMatchObject([{ target: `${name.split("//")[1]}:443` }]);
  });
});

describe("a certificate that no CA signed", () => {
  const untrusted = async () => {
    let requests = 0;
    const server = createSecureServer(identity, (_, response) => {
      requests++;
      response.end();
    });
    return { origin: `https://localhost:${await portOf(server)}`, requests: () => requests };
  };

  test.each([
    ["by default", undefined],
    ["with NODE_TLS_REJECT_UNAUTHORIZED=0", "0"],
  ])("is refused %s, and not tried again", async (_, rejecting) => {
    if (rejecting !== undefined) vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", rejecting);
    const { origin, requests } = await untrusted();
    for (const [config, name] of [
      [{ ...ASSUMING, "alicloud:endpoints": [{ sts: origin }] }, "STS"],
      [{ "alicloud:credentialsUri": origin }, "The credentials URI"],
    ] as const) {
      for (const options of [{}, { agentFor: (asked: string) => agentFor(asked, undefined) }]) {
        const failure = await failureOf(() => find(config, {}, options).get());
        expect(failure).toMatchObject({ code: "Unreachable", retryable: false });
        expect(failure.message).toBe(
          `${name} at ${origin} has a certificate that isn't trusted (DEPTH_ZERO_SELF_SIGNED_CERT). If a private CA or a ` +
            "proxy that reads https signed it, name that CA's file in NODE_EXTRA_CA_CERTS. (code Unreachable)",
        );
      }
    }
    expect(requests()).toBe(0);
  });
});

test("Node's own agents, which NODE_USE_ENV_PROXY sends through a proxy, are never used", async () => {
  const used = [http.globalAgent, https.globalAgent].map((agent) => vi.spyOn(agent, "addRequest" as never));
  const [metadata, { uri }] = await Promise.all([fakeMetadata("vod-role"), fakeUri()]);
  await find({ "alicloud:ecsRoleName": "vod-role" }, {}, { metadataOrigin: metadata.origin }).get();
  await find({ "alicloud:credentialsUri": uri }).get();
  await failureOf(() => find({ "alicloud:credentialsUri": "https://127.0.0.1:1" }).get());
  for (const agent of used) expect(agent).not.toHaveBeenCalled();
});
