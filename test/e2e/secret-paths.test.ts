/** Signed URLs as paths: given as a secret, they stand nowhere in clear, whatever becomes of the update. */
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

  test("one path is secret", async () => {
    const content = ([first, ...rest]: string[]) => ({ paths: [{ secret: first }, ...rest] });
    const program = (contentHash: string, ...names: string[]) =>
      resources({ site: { ...content(names.map(url)), contentHash, preload: { wait: false } } });
    const { emulator, run, refreshed } = stack;
    const written: string[] = [];
    const keys = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
    const noted = async (operation: Operation, secrets: Record<string, string>) => {
      const result = await run(operation, {}, {}, { ...keys, ...secrets });
      written.push(JSON.stringify(result), await stack.state());
      return result;
    };
    await noted("preview", program("v1", "a", "b"));
    expect((await noted("up", program("v1", "a", "b"))).succeeded).toBe(true);
    await noted("refresh", program("v1", "a", "b"));
    // What failed is pending.
    emulator.fault({ ...FAULT, action: "RefreshVodObjectCaches" });
    expect((await noted("up", program("v2", "a", "b"))).succeeded).toBe(false);
    await noted("refresh", program("v2", "a", "b"));
    await noted("preview", program("v2", "a", "b"));
    const { succeeded, resources: after } = await noted("up", program("v2", "a", "b"));
    expect(succeeded).toBe(true);
    expect(refreshed()).toEqual([url("a"), url("b"), url("a"), url("b")]);
    expect(after[0]?.outputs).toMatchObject({ paths: "[secret]", refreshed: "[secret]", pending: "[secret]" });
    expect(after[1]?.outputs).toMatchObject({ paths: "[secret]", preloaded: "[secret]", pending: "[secret]" });
    expect(await noted("up", program("v2", "a", "b"))).toMatchObject({ changes: { same: 3 } });
    for (const text of written) expect(text).not.toContain("planted-signature");
  });
});
