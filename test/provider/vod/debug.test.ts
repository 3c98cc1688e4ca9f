/** `DEBUG` prints nothing of a call, whichever copy of `debug` the client library shares with the program. */
import { createRequire } from "node:module";
import { afterEach, expect, test, vi } from "vitest";
import { vodClient } from "../../../provider/vod/client.js";
import { NO_RETRY } from "../../../provider/vod/retry.js";
import { started } from "../../emulator/started.js";

const ofPopCore = createRequire(createRequire(__filename).resolve("@alicloud/pop-core"));
// As in a program's own tree, where npm has one copy for all: it is loaded, and turned on, before the first call.
const debug = createRequire(ofPopCore.resolve("httpx"))("debug");

const { DEBUG } = process.env;
afterEach(() => {
  debug.disable();
  if (DEBUG === undefined) delete process.env.DEBUG;
  else process.env.DEBUG = DEBUG;
});

test.each(["*", "httpx*", "httpx:body,mine"])(
  "DEBUG=%s prints no key, no token and no signature",
  async (namespaces) => {
    const written: string[] = [];
    const write = (chunk: unknown) => written.push(String(chunk)) > 0;
    vi.spyOn(process.stderr, "write").mockImplementation(write as never);
    try {
      const { endpoint, accessKeyId, accessKeySecret } = await started({ securityToken: "CAISplantedtoken" });
      const credentials = { accessKeyId, accessKeySecret, securityToken: "CAISplantedtoken" };
      const client = vodClient({ endpoint, credentials, retry: NO_RETRY });
      debug.enable(namespaces);
      await client.describeRefreshQuota();
      // Turned on again, between two calls of one client.
      debug.enable(namespaces);
      await client.describeRefreshQuota();
      debug("mine")("is still printed");
      expect(written.join("")).toMatch(namespaces === "httpx*" ? /^$/ : /is still printed/);
      expect(written.join("")).not.toMatch(/CAISplanted|Signature|AccessKeyId/);
      expect(written.join("")).not.toContain(accessKeyId);
    } finally {
      vi.restoreAllMocks();
    }
  },
);
