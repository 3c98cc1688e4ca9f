import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Emulator } from "./index.js";
import { findPythonSdks, runPython } from "./python-sdk.js";
import { started } from "./started.js";

const SCRIPT = join(__dirname, "python-client.py");
const PATH = "http://vod.example.com/a%20b~*c?d=e+f";
const UNAVAILABLE = "Skipped: the official Python SDKs are not installed; `npm run python-sdks` installs them.";
let sdks: string | undefined;

beforeAll(async () => {
  sdks = await findPythonSdks();
  if (!sdks) console.warn(UNAVAILABLE);
});

async function callFrom(emulator: Emulator, other: object = {}) {
  const { endpoint, accessKeyId, accessKeySecret } = emulator;
  const input = { endpoint, accessKeyId, accessKeySecret, securityToken: null, path: PATH, ...other };
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields they expect
  return (await runPython(sdks ?? "", SCRIPT, input)) as any;
}

describe("the official Python clients", () => {
  beforeEach((context) => {
    if (!sdks) context.skip(UNAVAILABLE);
  });

  test("calls that are signed in version 1 and in version 3 are accepted", async () => {
    const emulator = await started();
    const answers = await callFrom(emulator);
    expect(answers.v1).toMatchObject({
      query: { RefreshTaskId: expect.stringMatching(/^\d+$/) },
      body: { RefreshTaskId: expect.stringMatching(/^\d+$/) },
    });
    expect(answers.v3).toMatchObject({
      taskId: expect.stringMatching(/^\d+$/),
      statuses: expect.arrayContaining(["Complete"]),
      urlRemain: "1997",
      blockRemain: "500",
    });
    expect(emulator.tasks().map(({ path, force }) => [path, force])).toEqual([
      [PATH, false],
      [PATH, false],
      [PATH, false],
    ]);
  });

  test("calls with an STS token are accepted", async () => {
    const emulator = await started({ securityToken: "CAIS+the/token==" });
    const answers = await callFrom(emulator, { securityToken: "CAIS+the/token==" });
    expect(answers).toMatchObject({ v1: { query: { RefreshTaskId: expect.any(String) } }, v3: { urlRemain: "1997" } });
    expect(JSON.stringify(emulator.received)).not.toContain("CAIS");
  });

  test("calls with a wrong secret are refused", async () => {
    const emulator = await started();
    const answers = await callFrom(emulator, { accessKeySecret: "wrong" });
    expect(answers.v1.query).toEqual({ code: "SignatureDoesNotMatch", status: 400 });
    expect(answers.v3.code).toContain("SignatureDoesNotMatch");
    expect(emulator.quota().urlRemain).toBe(2000);
  });
});
