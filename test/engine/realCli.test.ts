import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engines } from "./index.js";
import { programFiles } from "./programs.js";
import { isCliOnPath, realEngine } from "./realCli.js";
import { standInEngine } from "./standIn.js";
import { temporaryProgram } from "./temporaryProgram.js";

describe("the engines to test with", () => {
  it("should be the stand-in always, and the Pulumi CLI where there is one", () => {
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
  /** The lines in any order, without titles, times, and what the stand-in adds. */
  const lines = (output: string): string[] =>
    output
      .split("\n")
      .map((line) => line.replace(/ \[diff: .*\]$/, ""))
      .filter(
        (line) => line !== "" && !/^(Duration|Previewing|Updating|Destroying|The resources|If you want)/.test(line),
      )
      .sort();

  it("should print and leave the same as the stand-in", async () => {
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

  it("should take over a state of the stand-in, and the stand-in one of its own, and find nothing changed", async () => {
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
