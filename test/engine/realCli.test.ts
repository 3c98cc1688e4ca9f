import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pathWithPlugin } from "../e2e/plugin.js";
import { startEmulator } from "../emulator/index.js";
import { engines, type Operation, type RunResult } from "./index.js";
import { programFiles } from "./programs.js";
import { isCliOnPath, realEngine } from "./realCli.js";
import { standInEngine } from "./standIn.js";
import { repositoryRoot, temporaryProgram } from "./temporaryProgram.js";

describe("the engines to test with", () => {
  it("are the stand-in and, if it is installed, the Pulumi CLI", () => {
    const names = engines().map(({ name }) => name);
    expect(names).toEqual(isCliOnPath() ? ["stand-in engine", "Pulumi CLI"] : ["stand-in engine"]);
  });
});

describe.runIf(isCliOnPath())("the Pulumi CLI", () => {
  const files = programFiles(`
      const a = new Thing("a", { value: config.getObject("v"), token: config.getSecret("token") });
      const b = new Thing("b", { value: a.made, list: [a.id, { x: 1 }] });
      exports.made = b.made;
      exports.token = a.token;`);
  let directory: string;
  let remove: () => void;
  beforeAll(() => {
    ({ directory, remove } = temporaryProgram(files));
  });
  afterAll(() => remove());
  const options = (v: string) => ({ program: directory, config: { v }, secrets: { token: "hunter2" } });
  /** The sorted lines, without titles, times and what the stand-in adds. */
  const lines = (output: string): string[] =>
    output
      .split("\n")
      .map((line) => line.replace(/ \[diff: .*\]$/, ""))
      .filter(
        (line) => line !== "" && !/^(Duration|Previewing|Updating|Destroying|The resources|If you want)/.test(line),
      )
      .sort();

  it("prints the same as the stand-in and returns the same results", async () => {
    const [standIn, real] = [standInEngine(), await realEngine()];
    if (!real) throw new Error("There is no Pulumi CLI.");
    const all = [
      ["preview", '{"x":[1,2]}'],
      ["up", '{"x":[1,2]}'],
      ["preview", '{"x":[1,3],"y":"z"}'],
      ["up", '{"x":[1,3],"y":"z"}'],
      ["up", '{"x":[1,3],"y":"z"}'],
      ["destroy", "1"],
    ] as const;
    for (const [operation, v] of all) {
      const [ours, theirs] = [await standIn.run(operation, options(v)), await real.run(operation, options(v))];
      expect(lines(ours.output)).toEqual(lines(theirs.output));
      expect([ours.succeeded, ours.changes, ours.outputs]).toEqual([theirs.succeeded, theirs.changes, theirs.outputs]);
    }
    await Promise.all([standIn.close(), real.close()]);
  });

  it("prints the same of a plugin as the stand-in and returns the same results", async () => {
    const [standIn, real] = [standInEngine(), await realEngine()];
    if (!real) throw new Error("There is no Pulumi CLI.");
    const emulators = [await startEmulator(), await startEmulator()] as const;
    const PATH = await pathWithPlugin();
    const run = (index: 0 | 1, operation: Operation, resources: object) => {
      const { accessKeyId, accessKeySecret, endpoint } = emulators[index];
      emulators[index].advance(1_000);
      return [standIn, real][index]?.run(operation, {
        program: join(repositoryRoot(), "test/e2e/programs/forms"),
        config: { form: "native", resources: JSON.stringify(resources) },
        secrets: { "alicloud-vod:accessKey": accessKeyId, "alicloud-vod:secretKey": accessKeySecret },
        environment: { PATH, VOD_ENDPOINT: endpoint },
      }) as Promise<RunResult>;
    };
    /** Without what is different in every run. */
    const steady = (text: string) =>
      text
        .replace(/[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}/g, "ID")
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
    const site = (contents: object, more = {}) => ({ site: { contents, ...more } });
    const [a, b] = ["http://vod.example.com/a.js", "http://vod.example.com/b.js"];
    const all: [Operation, object][] = [
      ["preview", site({ [a]: "1" })],
      ["up", site({ [a]: "1" })],
      ["preview", site({ [a]: "2", [b]: "1" }, { wait: { timeout: 60 } })],
      ["up", site({ [a]: "2", [b]: "1" }, { wait: { timeout: 60 } })],
      ["up", site({ [a]: "2", [b]: "1" }, { wait: { timeout: 60 } })],
      ["up", site({ [a]: "2", [b]: "1" }, { wait: false, refreshOnCreate: false })],
      ["destroy", {}],
    ];
    for (const [operation, resources] of all) {
      const [ours, theirs] = [await run(0, operation, resources), await run(1, operation, resources)];
      expect(lines(steady(ours.output))).toEqual(lines(steady(theirs.output)));
      const results = ({ succeeded, changes, outputs, logged }: RunResult) =>
        JSON.stringify([succeeded, Object.entries(changes).sort(), outputs, logged]);
      expect(steady(results(ours))).toEqual(steady(results(theirs)));
    }
    await Promise.all([standIn.close(), real.close(), ...emulators.map((one) => one.close())]);
  });

  it("finds no change in a state of the stand-in, nor the stand-in in a state of the CLI", async () => {
    const [standIn, real] = [standInEngine({ passphrase: "pw" }), await realEngine({ passphrase: "pw" })];
    if (!real?.importState || !standIn.importState) throw new Error("There is no Pulumi CLI.");
    await standIn.run("up", options("1"));
    await real.importState(await standIn.exportState());
    expect((await real.run("preview", options("1"))).changes).toEqual({ same: 3 });
    await real.run("up", options("2"));
    const exported = await real.exportState();
    expect(exported).not.toContain("hunter2");
    await standIn.importState(exported);
    expect((await standIn.run("preview", options("2"))).changes).toEqual({ same: 3 });
    await Promise.all([standIn.close(), real.close()]);
  });
});
