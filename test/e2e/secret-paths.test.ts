/** Signed URLs as secret paths are written nowhere in clear, whether the update succeeds or fails. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engines, type Operation } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const FAULT = { kind: "error", code: "Brand.New", status: 400, message: "No.", times: 1 } as const;
const url = (name: string) => `https://vod.example.com/${name}?auth_key=planted-signature`;

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack;
  beforeEach(async () => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"));
  });
  afterEach(() => stack.close());

  test("if one path is secret, no path is written in clear", async () => {
    const content = ([first, ...rest]: string[]) => ({ paths: [{ secret: first }, ...rest] });
    const program = (contentHash: string, ...names: string[]) =>
      resources({ site: { ...content(names.map(url)), contentHash, preload: { wait: false } } });
    const { emulator, run, refreshed } = stack;
    const written: string[] = [];
    const keys = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
    const runAndNote = async (operation: Operation, secrets: Record<string, string>) => {
      const result = await run(operation, {}, {}, { ...keys, ...secrets });
      written.push(JSON.stringify(result), await stack.state());
      return result;
    };
    await runAndNote("preview", program("v1", "a", "b"));
    expect((await runAndNote("up", program("v1", "a", "b"))).succeeded).toBe(true);
    await runAndNote("refresh", program("v1", "a", "b"));
    // The paths of the failed call are pending.
    emulator.fault({ ...FAULT, action: "RefreshVodObjectCaches" });
    expect((await runAndNote("up", program("v2", "a", "b"))).succeeded).toBe(false);
    await runAndNote("refresh", program("v2", "a", "b"));
    await runAndNote("preview", program("v2", "a", "b"));
    const { succeeded, resources: after } = await runAndNote("up", program("v2", "a", "b"));
    expect(succeeded).toBe(true);
    expect(refreshed()).toEqual([url("a"), url("b"), url("a"), url("b")]);
    expect(after[0]?.outputs).toMatchObject({ paths: "[secret]", refreshed: "[secret]", pending: "[secret]" });
    expect(after[1]?.outputs).toMatchObject({ paths: "[secret]", preloaded: "[secret]", pending: "[secret]" });
    expect(await runAndNote("up", program("v2", "a", "b"))).toMatchObject({ changes: { same: 3 } });
    for (const text of written) expect(text).not.toContain("planted-signature");
  });
});
