import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { engines } from "../engine/index.js";
import { expectNoStackTrace, openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const PATH = "https://vod.example.com/a.js";

describe.each(engines())("on the $name, bad input", ({ create }) => {
  let stack: Stack;
  const open = async (options = {}) => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"), options);
    return stack;
  };
  afterEach(() => stack.close());

  const args = (more: object) => ({ paths: [PATH], contentHash: "v1", ...more });
  test.each([
    ["an empty list of paths", args({ paths: [] }), "paths must be a list of at least one path"],
    [
      "a line break",
      args({ paths: [PATH, "https://vod.example.com/a\nhttps://vod.example.com/b"] }),
      "paths[1] (https://vod.example.com/a\\x0ahttps://vod.example.com/b) contains a line break",
    ],
    [
      "a control character",
      args({ paths: ["https://vod.example.com/\u0007"] }),
      "paths[0] (https://vod.example.com/\\x07) contains a control character; remove it.",
    ],
    [
      "a space in a signed URL",
      args({ paths: ["https://vod.example.com/a b?auth_key=5ec2e7"] }),
      "paths[0] (https://vod.example.com/a b?…) contains a space; write it as %20.",
    ],
    [
      "a wildcard host",
      args({ paths: ["https://*.example.com/a"] }),
      "paths[0] (https://*.example.com/a) has a wildcard host, which the service refuses",
    ],
    [
      "a wildcard in a path",
      args({ paths: ["https://vod.example.com/player/*"] }),
      "paths[0] (https://vod.example.com/player/*) has a *, which the service takes literally; write " +
        'https://vod.example.com/player/ with objectType "Directory", or %2A for the character.',
    ],
    [
      "a path that is longer than the service takes",
      args({ paths: [`https://vod.example.com/${"a".repeat(1_001)}`] }),
      `paths[0] (https://vod.example.com/${"a".repeat(95)}…) ` +
        "is 1,025 characters long as it is sent, and the service takes at most 1,024; refresh its directory instead.",
    ],
    [
      "a path without a host",
      args({ paths: ["/a.js"] }),
      "paths[0] (/a.js) has no host; write it as https://your-domain/path.",
    ],
    [
      "a Directory without a slash",
      args({ objectType: "Directory" }),
      'paths[0] (https://vod.example.com/a.js) does not end in "/", as a directory must',
    ],
    [
      "an object type in the wrong case",
      args({ objectType: "directory" }),
      'objectType must be "File", "Directory", "Regex" or "IgnoreParams"; did you mean "Directory"?',
    ],
    [
      "a list longer than a day's quota",
      args({ paths: Array.from({ length: 2001 }, (_, index) => `https://vod.example.com/${index}`) }),
      "paths has 2,001 URLs, more than the 2,000 that an account may refresh in a day",
    ],
    [
      "plain http to another machine",
      args({ endpoint: "http://vod.cn-shanghai.aliyuncs.com" }),
      "endpoint would send requests to vod.cn-shanghai.aliyuncs.com over plain http.",
    ],
  ])("%s is refused in the preview, and nothing is sent", async (_, site, sentence) => {
    const { emulator, run } = await open();
    const { succeeded, output } = await run("preview", resources({ site }));
    expect(succeeded).toBe(false);
    expect(output).toContain(`resource 'site' has a problem: ${sentence}`);
    expectNoStackTrace(output);
    expect(output).not.toContain("5ec2e7");
    expect(emulator.received).toEqual([]);
  });

  test("force of a File is a warning", async () => {
    const { run } = await open();
    const { succeeded, output } = await run(
      "preview",
      resources({ site: { paths: [PATH], contentHash: "v1", force: true } }),
    );
    expect(succeeded).toBe(true);
    expect(output).toContain(
      'warning: force has no effect with objectType "File", which is always fetched again; leave it out.',
    );
  });

  test("a preview without credentials names the sources that it tried", async () => {
    const { emulator, run } = await open();
    const program = resources({ site: { paths: [PATH], contentHash: "v1" } });
    const environment = Object.fromEntries(
      [
        "ALICLOUD_ACCESS_KEY",
        "ALICLOUD_SECRET_KEY",
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALICLOUD_PROFILE",
        "ALIBABA_CLOUD_PROFILE",
      ].map((name) => [name, undefined]),
    );
    const { succeeded, output } = await run(
      "preview",
      program,
      { ...environment, ALIBABA_CLOUD_CLI_PROFILE_DISABLED: "true" },
      {},
    );
    expect(succeeded).toBe(false);
    expect(output).toContain("resource 'site' has a problem: Credentials could not be loaded: no source");
    expect(output).toMatch(/^ +access key: none of alicloud:accessKey, .* and ALIBABACLOUD_ACCESS_KEY_ID is set$/m);
    expect(output).toMatch(/^ +current profile of the Alibaba Cloud CLI: ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true$/m);
    expect(output).toMatch(/^ *See docs\/credentials\.md in the package pulumi-alicloud-vod\.$/m);
    expectNoStackTrace(output);
    expect(emulator.received).toEqual([]);
  });

  test("a refused signature is reported without what was signed", async () => {
    const { run, refreshed } = await open();
    const program = resources({ site: { paths: [PATH], contentHash: "v1" } });
    const environment = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: stack.emulator.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: "wrong",
    };
    const { succeeded, output } = await run("up", program, environment, {});
    expect(succeeded).toBe(false);
    expect(output).toMatch(/The VOD API refused the signature: .*\(code SignatureDoesNotMatch, HTTP 400, request ID /);
    expectNoStackTrace(output);
    expect(refreshed()).toEqual([]);
  });

  test("an endpoint that answers HTML and one that doesn't answer fail the update with a sentence", async () => {
    const { run } = await open();
    const server = createServer((_, response) =>
      response.writeHead(502, { "content-type": "text/html" }).end("<html>"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const program = resources({ site: { paths: [PATH], contentHash: "v1", retry: { maxAttempts: 1 } } });
    const html = await run("up", program, { VOD_ENDPOINT: `http://127.0.0.1:${port}` });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    // Nobody listens on port 1. The freed port may belong to another process by now.
    const nobody = await run("up", program, { VOD_ENDPOINT: "http://127.0.0.1:1" });
    expect([html.succeeded, nobody.succeeded]).toEqual([false, false]);
    expect(html.output).toContain("answered with text/html, which is not an answer of the VOD API.");
    expect(html.output).toContain("(code InvalidResponse, HTTP 502)");
    expect(nobody.output).toContain("can't be reached (ECONNREFUSED).");
    expectNoStackTrace(html.output + nobody.output);
    expect(nobody.resources).toEqual([]);
  });
});
