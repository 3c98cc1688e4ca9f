/** What a program asks the service: told in its outputs, or in one sentence. */
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { engines } from "../engine/index.js";
import { expectNoStackTrace, openStack, PROGRAMS, type Stack } from "./stack.js";

describe.each(engines())("on the $name, a program that asks for the quota", ({ create }) => {
  let stack: Stack;
  const open = async () => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"));
    return stack;
  };
  afterEach(() => stack.close());
  const config = { asks: "true" };

  test("passes a throttle, and gets the figures of each run", async () => {
    const { emulator, run } = await open();
    emulator.fault({ kind: "throttle", times: 1, action: "DescribeVodRefreshQuota" });
    expect((await run("up", config)).outputs).toMatchObject({ quota: { urls: { quota: 2000, remain: 2000 } } });
    emulator.set({ urlRemain: 3 });
    expect((await run("up", config)).outputs).toMatchObject({ quota: { urls: { remain: 3 } } });
  });

  test("fails with one sentence of what happened and one of what to do", async () => {
    const { emulator, run } = await open();
    emulator.set({ accessKey: "forbidden" });
    const { succeeded, output } = await run("preview", config);
    expect(succeeded).toBe(false);
    expect(output).toMatch(/The credentials lack the permission for this call \(.*\)\. Allow vod:/);
    expectNoStackTrace(output);
  });
});
