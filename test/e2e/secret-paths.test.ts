/** Secret paths, such as signed URLs, are written nowhere in clear, whether the update succeeds or fails. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engines, type Operation } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const FAULT = { kind: "error", code: "Brand.New", status: 400, message: "No.", times: 1 } as const;
/** A domain that only secret paths have. */
const ONCE_SECRET = "hidden.example.com";
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

  /** Runs an operation, and expects that nothing that it prints or stores names a secret path. */
  const runUnseen = async (
    operation: Operation,
    program: Record<string, string>,
    state: "online" | "offline" = "online",
  ) => {
    const { emulator } = stack;
    const keys = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
    emulator.set({ domains: { [ONCE_SECRET]: state } });
    const result = await stack.run(operation, {}, {}, { ...keys, ...program });
    const written = JSON.stringify(result) + (await stack.state());
    expect(written).not.toMatch(/planted/i);
    expect(written).not.toContain(ONCE_SECRET);
    return result;
  };

  test("secret paths whose task fails are counted in lines, the error and initErrors, and in the report", async () => {
    const { emulator } = stack;
    const directory = mkdtempSync(join(tmpdir(), "report-"));
    const report = join(directory, "vod-report.json");
    const entry = () => JSON.parse(readFileSync(report, "utf8")).resources[0];
    const paths = { secret: ["one", "two"].map((name) => `https://${ONCE_SECRET}/planted/${name}.js`) };
    const program = (contentHash: string) => resources({ site: { paths, contentHash, report, wait: true } });
    try {
      await runUnseen("preview", program("v1"));
      expect(entry().due).toMatchObject({ count: 2, paths: ["[secret]"] });
      emulator.fault({ kind: "task-failed", description: `no origin at ${ONCE_SECRET}/planted/one.js`, times: 2 });
      const failed = await runUnseen("up", program("v1"));
      expect(failed.succeeded).toBe(false);
      const why = "[secret] (no origin at [secret])";
      expect(failed.output).toContain(`warning: 2 of 2 refreshes failed: ${why}; retrying them once`);
      expect(entry()).toMatchObject({ outcome: "failed", pending: { count: 2, paths: ["[secret]"] } });
      expect(readFileSync(report, "utf8")).not.toMatch(/planted/i);
      expect(failed.resources[0]?.initErrors?.join()).toContain(`2 refreshes failed after a retry: ${why}.`);
      expect((await runUnseen("up", program("v1"))).succeeded).toBe(true);

      const refused = await runUnseen("up", program("v2"), "offline");
      expect(refused.succeeded).toBe(false);
      expect(refused.output).toContain("[secret]");
      emulator.fault({
        ...FAULT,
        action: "RefreshVodObjectCaches",
        message: `No: ${ONCE_SECRET}/planted/one.js is unknown.`,
      });
      const unknown = await runUnseen("up", program("v3"));
      expect(unknown.output).toContain("The VOD API refused the call: No: [secret] is unknown.");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("secret contents and the secret URL of a source are counted as well", async () => {
    const contents = (hash: string) => ({
      secret: { [`https://${ONCE_SECRET}/planted/a.js`]: hash, "vod.example.com/b": hash },
    });
    const created = await runUnseen("up", resources({ site: { contents: contents("1") } }));
    expect(created.output).toContain("  [secret] (2 paths)");
    const changed = await runUnseen("up", resources({ site: { contents: contents("2") } }));
    expect(changed.output).toContain("  [secret] (2 paths)");
    const directory = mkdtempSync(join(tmpdir(), "source-"));
    try {
      writeFileSync(join(directory, "a.js"), "1");
      const source = { directory, baseUrl: { secret: `https://${ONCE_SECRET}/planted/` } };
      const { output, succeeded } = await runUnseen("up", resources({ other: { source } }));
      expect(succeeded).toBe(true);
      expect(output).toContain("  [secret] (1 path)");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("of a secret source, no directory, file or pattern is named, whether it can be hashed or not", async () => {
    const root = mkdtempSync(join(tmpdir(), "source-"));
    const directory = join(root, "planted-site");
    const source = { directory, baseUrl: "https://vod.example.com/" };
    const program = (more: object) => resources({ site: { source: { secret: { ...source, ...more } } } });
    const run = (operation: Operation, more: object = {}) => runUnseen(operation, program(more));
    try {
      const missing = await run("preview");
      expect(missing.succeeded).toBe(false);
      expect(missing.output).toContain("There is no directory [secret]. Build the content before Pulumi runs");
      mkdirSync(join(directory, "planted-folder"), { recursive: true });
      writeFileSync(join(directory, "planted-folder", "planted.js"), "1");
      const idle = await run("preview", { include: ["planted-nothing"] });
      expect(idle.succeeded).toBe(false);
      expect(idle.output).toContain("include selects no file in [secret]; correct the pattern");

      const created = await run("up");
      expect(created.succeeded).toBe(true);
      expect(created.resources[0]).toMatchObject({ inputs: { files: "[secret]" }, outputs: { files: "[secret]" } });
      expect((await run("up")).changes).toEqual({ same: 2 });
      writeFileSync(join(directory, "planted-folder", "planted.js"), "2");
      await run("preview");
      expect((await run("up")).changes).toEqual({ same: 1, update: 1 });
      expect(stack.refreshed()).toEqual(Array(2).fill("https://vod.example.com/planted-folder/planted.js"));
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  test("the sentence for a secret input that is wrong shows nothing of it", async () => {
    const wrong = (inputs: object) => runUnseen("preview", resources({ site: inputs }));
    const sentenceOf = async (inputs: object) => {
      const { output, succeeded } = await wrong(inputs);
      expect(succeeded).toBe(false);
      return output;
    };
    const path = `https://${ONCE_SECRET}/planted/../x`;
    expect(await sentenceOf({ contentHash: "1", paths: ["a.example.com/b", { secret: "planted_/x" }] })).toContain(
      'paths[1] ([secret]) has no host: "[secret]" is not a domain name',
    );
    expect(await sentenceOf({ source: { directory: ".", baseUrl: { secret: path } } })).toContain(
      "source.baseUrl ([secret]) has a . or .. segment",
    );
    const preload = { kind: "VodCachePreload", contentHash: "1", paths: ["a.example.com/b"] };
    expect(await sentenceOf({ ...preload, headers: { secret: { "x-planted": 70422 } } })).toContain(
      'headers["[secret]"] must be a string',
    );
  });
});
