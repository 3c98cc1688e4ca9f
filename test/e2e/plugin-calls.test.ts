/** Which calls a plugin gets from an engine: those of the real one, process after process. The stand-in makes the same. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { findRoot } from "../../release/bundle.js";
import { engines, type Operation } from "../engine/index.js";
import { openStack, PROGRAMS, type Stack } from "./stack.js";

const START = "handshake getPluginInfo";
const CREATE = `${START} checkConfig configure check create cancel`;
const UPDATE = `${START} checkConfig diffConfig configure check diff update cancel`;
const site = (contentHash: string) => ({ site: { paths: ["http://vod.example.com/a"], contentHash, wait: true } });

/** What the Pulumi CLI 3.260 was seen to call, with a line for each process of the plugin. */
const SEEN: { title: string; operation: Operation; program?: object; fails?: boolean; calls: string[] }[] = [
  { title: "a preview of a new resource", operation: "preview", program: site("1"), calls: [CREATE] },
  { title: "a create that fails after it sent", operation: "up", program: site("1"), fails: true, calls: [CREATE] },
  { title: "an update of what failed", operation: "up", program: site("1"), calls: [UPDATE] },
  {
    title: "no change",
    operation: "up",
    program: site("1"),
    calls: [`${START} checkConfig diffConfig configure check diff cancel`],
  },
  { title: "a preview of a change", operation: "preview", program: site("2"), calls: [UPDATE] },
  { title: "a change", operation: "up", program: site("2"), calls: [UPDATE] },
  { title: "a refresh", operation: "refresh", program: site("2"), calls: [`${START} configure read diff cancel`] },
  { title: "the end", operation: "destroy", program: site("2"), calls: [`${START} configure delete cancel`] },
];

/** A directory with a launcher of the plugin that writes down each call it gets. */
function recordingPlugin(): { path: string; take(): string[] } {
  const directory = mkdtempSync(join(tmpdir(), "recording-plugin-"));
  const calls = join(directory, "calls");
  mkdirSync(calls);
  const native = join(findRoot(), "dist", "provider", "native");
  const recorder = `
    const { appendFileSync } = require("node:fs");
    const service = require(${JSON.stringify(join(native, "service.js"))});
    const { buildService } = service;
    const file = ${JSON.stringify(calls)} + "/" + Date.now() + "-" + process.pid;
    const record = (name, call) => (...given) => {
      appendFileSync(file, name + " ");
      return call(...given);
    };
    service.buildService = (...given) =>
      Object.fromEntries(Object.entries(buildService(...given)).map(([name, call]) => [name, record(name, call)]));
    require(${JSON.stringify(join(native, "main.js"))});`;
  writeFileSync(join(directory, "recorder.js"), recorder);
  const launcher = join(directory, "pulumi-resource-alicloud-vod");
  writeFileSync(launcher, `#!/bin/sh\nexec node "${join(directory, "recorder.js")}" "$@"\n`);
  chmodSync(launcher, 0o755);
  const take = () =>
    readdirSync(calls)
      .sort()
      .map((name) => {
        const text = readFileSync(join(calls, name), "utf8").trim();
        rmSync(join(calls, name));
        return text;
      });
  return { path: [directory, process.env.PATH].join(delimiter), take };
}

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  afterEach(async () => await stack?.close());

  test("a plugin gets the calls that Pulumi makes", async () => {
    const { path: PATH, take } = recordingPlugin();
    stack = await openStack(await create(), join(PROGRAMS, "forms"), {});
    const { emulator, run } = stack;
    const keys = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    };
    const made: Record<string, string[]> = {};
    for (const { title, operation, program, fails = false } of SEEN) {
      if (fails) emulator.fault({ kind: "task-failed" });
      const result = await run(operation, { form: "native", resources: JSON.stringify(program) }, { PATH, ...keys });
      emulator.clearFaults();
      expect(result.succeeded, result.output).toBe(!fails);
      made[title] = take();
    }
    expect(made).toEqual(Object.fromEntries(SEEN.map(({ title, calls }) => [title, calls])));
  });
});
