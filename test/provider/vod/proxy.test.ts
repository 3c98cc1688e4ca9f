/** Which proxy calls go through, and which certificates they trust, over real sockets on this machine. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { vodClient } from "../../../provider/vod/client.js";
import { resolveProxy } from "../../../provider/vod/endpoint.js";
import { VodError } from "../../../provider/vod/errors.js";
import { NO_RETRY } from "../../../provider/vod/retry.js";
import type { Emulator } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { identity, portOf, proxying, stalling } from "./secured.js";

const API = "https://vod.cn-shanghai.aliyuncs.com";

describe("the proxy is", () => {
  test.each<[string, NodeJS.ProcessEnv, string | undefined]>([
    ["none by default", {}, undefined],
    ["HTTPS_PROXY", { HTTPS_PROXY: "http://proxy:3128" }, "http://proxy:3128/"],
    ["https_proxy", { https_proxy: "http://proxy:3128/" }, "http://proxy:3128/"],
    ["one in capitals before one in lower case", { HTTPS_PROXY: "http://a", https_proxy: "http://b" }, "http://a/"],
    ["one for https before one for all", { ALL_PROXY: "http://a", https_proxy: "http://b" }, "http://b/"],
    ["ALL_PROXY", { ALL_PROXY: "http://proxy:3128" }, "http://proxy:3128/"],
    ["all_proxy", { all_proxy: "http://proxy:3128" }, "http://proxy:3128/"],
    ["not HTTP_PROXY: no call is plain http", { HTTP_PROXY: "http://proxy" }, undefined],
    ["not a SOCKS proxy for all, which Pulumi's CLI doesn't know", { ALL_PROXY: "socks5://proxy:1080" }, undefined],
    ["the next one after it", { ALL_PROXY: "SOCKS5h://a", all_proxy: "http://b" }, "http://b/"],
    ["none where the variable is empty", { HTTPS_PROXY: "", ALL_PROXY: " " }, undefined],
    ["an http proxy where it has no scheme", { HTTPS_PROXY: "proxy:3128" }, "http://proxy:3128/"],
    ["an https proxy", { HTTPS_PROXY: "https://proxy" }, "https://proxy/"],
    ["one with a password", { HTTPS_PROXY: "http://me:p%40ss@proxy:3128" }, "http://me:p%40ss@proxy:3128/"],
  ])("%s", (_, environment, proxy) => {
    expect(resolveProxy(API, environment)?.href).toBe(proxy);
  });

  test.each([
    ["http://127.0.0.1:8080"],
    ["https://127.0.0.1"],
    ["https://localhost:8443"],
    ["https://[::1]:8443"],
    ["http://100.100.100.200"],
  ])("none for %s, which is this machine or plain http", (endpoint) => {
    expect(resolveProxy(endpoint, { HTTPS_PROXY: "http://proxy", ALL_PROXY: "http://proxy" })).toBeUndefined();
  });

  test.each([
    ["*", API, false],
    ["vod.cn-shanghai.aliyuncs.com", API, false],
    ["VOD.cn-shanghai.Aliyuncs.com", API, false],
    ["aliyuncs.com", API, false],
    [".aliyuncs.com", API, false],
    ["*.aliyuncs.com", API, false],
    ["internal, aliyuncs.com", API, false],
    ["internal aliyuncs.com", API, false],
    ["aliyuncs.com:443", API, false],
    ["aliyuncs.com:8443", API, true],
    ["aliyuncs.com:8443", `${API}:8443`, false],
    [".vod.cn-shanghai.aliyuncs.com", API, true],
    ["yuncs.com", API, true],
    ["example.com,,", API, true],
    ["10.1.2.3", "https://10.1.2.3:8443", false],
    ["10.1.2.3:8443", "https://10.1.2.3:8443", false],
    ["10.0.0.0/8", "https://10.1.2.3", false],
    ["10.0.0.0/8", "https://100.1.2.3", true],
    ["10.0.0.0/99,nonsense/8", "https://10.1.2.3", true],
    ["fd00::/8", "https://[fd00::1]", false],
    ["[fd00::1]:443", "https://[fd00::1]", false],
    ["fd00::1", "https://[fd00::1]", false],
  ])("with NO_PROXY=%s for %s: %s", (exempted, endpoint, isProxied) => {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      const proxy = resolveProxy(endpoint, { HTTPS_PROXY: "http://proxy", [name]: exempted });
      expect(proxy !== undefined).toBe(isProxied);
    }
  });

  test.each([
    ["socks5://me:s3cr3t@proxy:1080", "is neither an http nor an https proxy"],
    ["http://me:s3cr3t/s3cr3t@proxy", "is not a host or a URL"],
    ["http://me:s3cr3t?s3cr3t@proxy", "is not a host or a URL"],
    ["http://me:1#s3cr3t@proxy", "has more than a host and a port"],
    ["http://me@s3cr3t/@proxy", "has more than a host and a port"],
    ["http://me:s3cr3t\\@proxy", "is not a host or a URL"],
    ["http://me:s3cr3t @proxy", "is not a host or a URL"],
    ["http://me:s3cr3t%@proxy", "has a % that is not part of a percent-encoding"],
    ["http://me:s3cr3t@", "is not a host or a URL"],
  ])("refused as %s, and isn't shown", (value, sentence) => {
    const refused = () => resolveProxy(API, { HTTPS_PROXY: value });
    expect(refused).toThrow(`HTTPS_PROXY ${sentence}. Write it as http://host:port, `);
    expect(refused).not.toThrow(/s3cr3t/);
  });
});

const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"])
    vi.stubEnv(name, "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An emulator behind a TLS server; gives the port of that server. */
async function secured(): Promise<{ emulator: Emulator; port: number }> {
  const emulator = await started();
  const server = createTlsServer(identity, (client) => {
    const upstream = connect(Number(new URL(emulator.endpoint).port), "127.0.0.1");
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
  });
  return { emulator, port: await portOf(server) };
}

const REQUEST = { paths: ["https://vod.example.com/a"], objectType: "File" as const, force: false };

async function failureOf(endpoint: string, timeoutMs = 5_000): Promise<VodError> {
  const credentials = { accessKeyId: "LTAIkeykeykeykey", accessKeySecret: "secretsecretsecret" };
  const client = vodClient({ endpoint, credentials, timeoutMs, retry: NO_RETRY });
  const thrown = await client.refreshObjectCaches(REQUEST).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(VodError);
  return thrown as VodError;
}

/** Sends a refresh from another process, which trusts the certificate in the way of users. */
async function fromProcess(endpoint: string, emulator: Emulator, environment: NodeJS.ProcessEnv): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "vod-ca-"));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "ca.pem"), identity.cert);
  const { accessKeyId, accessKeySecret } = emulator;
  const options = { endpoint, credentials: { accessKeyId, accessKeySecret }, retry: NO_RETRY, timeoutMs: 10_000 };
  const script = `
    const { vodClient } = require(${JSON.stringify(join(__dirname, "../../../dist/provider/vod/client.js"))});
    const show = (answer) => console.log(answer.refreshTaskId ?? answer.message);
    vodClient(${JSON.stringify(options)}).refreshObjectCaches(${JSON.stringify(REQUEST)}).then(show, show)
      .then(() => process.exit());`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(directory, "ca.pem"), ...environment };
  return (await promisify(execFile)(process.execPath, ["-e", script], { env })).stdout.trim();
}

describe("a call through a proxy", () => {
  test.each([
    ["an http proxy", false],
    ["an https proxy", true],
  ])("gives %s the host and its own password, and nothing of the call", async (_, secure) => {
    const { emulator, port } = await secured();
    const { asked, proxyPort } = await proxying({ port, secure });
    const proxy = secure ? `https://me:p%40ss@localhost:${proxyPort}` : `http://me:p%40ss@127.0.0.1:${proxyPort}`;
    expect(await fromProcess(API, emulator, { HTTPS_PROXY: proxy })).toMatch(/^\d+$/);
    const authorization = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
    expect(asked).toEqual([{ target: "vod.cn-shanghai.aliyuncs.com:443", authorization }]);
    expect(emulator.received).toMatchObject([{ action: "RefreshVodObjectCaches", status: 200 }]);
  });

  test("stops at a certificate that no CA signed", async () => {
    const { emulator, port } = await secured();
    const { asked, proxyPort } = await proxying({ port });
    vi.stubEnv("https_proxy", `http://me:s3cr3t@127.0.0.1:${proxyPort}`);
    const error = await failureOf(API);
    expect(error.message).toBe(
      `${API} (through the proxy http://127.0.0.1:${proxyPort}) has a certificate that isn't trusted ` +
        "(DEPTH_ZERO_SELF_SIGNED_CERT). If a private CA or a proxy that reads https signed it, name that CA's file in " +
        "NODE_EXTRA_CA_CERTS. (code Unreachable)",
    );
    expect(error).toMatchObject({ retryable: false, outcomeUnknown: false });
    expect(asked).toHaveLength(1);
    expect(emulator.received).toEqual([]);
  });

  test.each([
    [407, false],
    [403, false],
    [502, true],
  ])("that answers with %i fails with that status; retryable: %s", async (status, retryable) => {
    const { proxyPort } = await proxying({ status });
    vi.stubEnv("HTTPS_PROXY", `http://me:s3cr3t@127.0.0.1:${proxyPort}`);
    const error = await failureOf(API);
    expect(error).toMatchObject({ code: "Unreachable", retryable, outcomeUnknown: false });
    expect(error.message).toContain(
      `can't be reached (the proxy answered HTTP ${status}). Check \`endpoint\`, the proxy's`,
    );
    expect(error.message).not.toMatch(/s3cr3t/);
  });

  test("that can't be reached fails with the system's code", async () => {
    vi.stubEnv("ALL_PROXY", "http://me:s3cr3t@127.0.0.1:1");
    const error = await failureOf(API);
    expect(error).toMatchObject({ code: "Unreachable", retryable: true, outcomeUnknown: false });
    expect(error.message).toMatch(/\(through the proxy http:\/\/127\.0\.0\.1:1\) can't be reached \(ECONNREFUSED\)\./);
  });

  test.each(["silent", "dripping"] as const)(
    "that never opens the tunnel (%s) ends in time, and sends nothing",
    async (kind) => {
      const { proxy, closed } = await stalling(kind);
      vi.stubEnv("HTTPS_PROXY", proxy.host);
      expect(await failureOf(API, 200)).toMatchObject({ code: "Timeout", retryable: true, outcomeUnknown: false });
      await closed;
    },
  );

  test("with an IPv6 address reaches the proxy", async () => {
    const { asked, proxyPort } = await proxying({ status: 403, host: "::1" });
    vi.stubEnv("HTTPS_PROXY", `http://[::1]:${proxyPort}`);
    await failureOf(API);
    expect(asked).toHaveLength(1);
  });
});

describe("a certificate", () => {
  test("of a private CA is trusted by NODE_EXTRA_CA_CERTS, and this machine is reached without the proxy", async () => {
    const { emulator, port } = await secured();
    const environment = { HTTPS_PROXY: "http://127.0.0.1:1" };
    expect(await fromProcess(`https://localhost:${port}`, emulator, environment)).toMatch(/^\d+$/);
  });

  test.each([
    ["by default", {}, {}],
    ["with NODE_TLS_REJECT_UNAUTHORIZED=0", { NODE_TLS_REJECT_UNAUTHORIZED: "0" }, {}],
    [
      "with every option that skips verification",
      {},
      { rejectUnauthorized: false, insecure: true, opts: { rejectUnauthorized: false } },
    ],
  ])("that no CA signed is refused %s", async (_, environment, options) => {
    const { emulator, port } = await secured();
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const { accessKeyId, accessKeySecret } = emulator;
    const credentials = { accessKeyId, accessKeySecret, ...options };
    const client = vodClient({ endpoint: `https://localhost:${port}`, credentials, retry: NO_RETRY, ...options });
    await expect(client.refreshObjectCaches(REQUEST)).rejects.toThrow(/has a certificate that isn't trusted/);
    expect(emulator.received).toEqual([]);
  });

  test("of another host is refused", async () => {
    const { emulator, port } = await secured();
    const answer = await fromProcess(`https://127.0.0.1:${port}`, emulator, {});
    expect(answer).toContain("has a certificate that isn't trusted (ERR_TLS_CERT_ALTNAME_INVALID).");
    expect(emulator.received).toEqual([]);
  });
});
