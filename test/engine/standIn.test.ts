import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Engine, RunOptions } from "./index.js";
import { processesIn, programFiles } from "./programs.js";
import { standInEngine } from "./standIn.js";
import { repositoryRoot, type TemporaryProgram, temporaryProgram } from "./temporaryProgram.js";

/** The time that another process gets. A busy machine must not fail a test. */
const PATIENCE_MS = 120_000;

let engine: Engine;
const programs: TemporaryProgram[] = [];
const program = (files: string | Record<string, string>): string => {
  const made = temporaryProgram(typeof files === "string" ? programFiles(files) : files);
  programs.push(made);
  return made.directory;
};

beforeEach(() => {
  engine = standInEngine({ keepsProcesses: true });
});
afterEach(async () => {
  await engine.close();
  for (const one of programs) {
    expect(processesIn(one.directory)).toEqual([]);
    one.remove();
  }
  programs.length = 0;
});

/** The lines of an output that are the same in each run. */
const steady = (output: string): string[] =>
  output
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("Duration") && line !== "");

it("runs a program whose modules are loaded with hooks in a thread of their own", async () => {
  const directory = program({
    ...programFiles(`exports.made = new Thing("a", {}).made;`),
    "Pulumi.yaml": "name: test\nruntime:\n  name: nodejs\n  options: { nodeargs: --import ./register.mjs }\n",
    "register.mjs": 'import { register } from "node:module";\nregister("./hooks.mjs", import.meta.url);\n',
    "hooks.mjs": "export const load = (url, context, next) => next(url, context);\n",
  });
  const { succeeded, outputs } = await engine.run("up", { program: directory });
  expect({ succeeded, outputs }).toMatchObject({ succeeded: true, outputs: { made: "made of undefined" } });
});

describe.each([
  ["processes that stay", true],
  ["new processes", false],
])("a program in %s", (_, keepsProcesses) => {
  beforeEach(() => {
    engine = standInEngine({ keepsProcesses });
  });

  it("is previewed, deployed, left alone, changed and destroyed", async () => {
    const options: RunOptions = {
      program: program(
        `exports.made = new Thing("a", { value: config.get("v"), token: config.getSecret("token") }).made;`,
      ),
      config: { v: "1" },
      secrets: { "test:token": "hunter2" },
    };
    const preview = await engine.run("preview", options);
    expect(steady(preview.output)).toEqual([
      "Previewing update (dev), with the stand-in engine (a test tool, not the Pulumi CLI):",
      "+ pulumi:pulumi:Stack: (create)",
      "    [urn=urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev]",
      "    + pulumi-nodejs:dynamic/test:Thing: (create)",
      "        [urn=urn:pulumi:dev::test::pulumi-nodejs:dynamic/test:Thing::a]",
      '        label     : "a"',
      "        token     : [secret]",
      '        value     : "1"',
      "    --outputs:--",
      "    made: [unknown]",
      "Resources:",
      "    + 2 to create",
    ]);
    expect(preview).toMatchObject({ succeeded: true, changes: { create: 2 }, outputs: {}, resources: [] });

    const lines: string[] = [];
    const up = await engine.run("up", { ...options, onOutput: (line) => lines.push(line) });
    expect(lines.join("\n")).toBe(up.output.trimEnd());
    expect(lines).toContain("creating a");
    expect(up.outputs).toEqual({ made: 'made of "1"' });
    expect(up.resources).toMatchObject([
      { id: "id-a", inputs: { value: "1", token: "[secret]" }, outputs: { made: 'made of "1"', token: "[secret]" } },
    ]);
    expect(up.resources[0]?.inputs.__provider).toContain("exports.handler");

    expect(await engine.run("up", options)).toMatchObject({ succeeded: true, changes: { same: 2 } });
    const change = await engine.run("preview", { ...options, config: { v: "2" } });
    expect(change.output).toContain("    ~ pulumi-nodejs:dynamic/test:Thing: (update) [diff: ~value]\n");
    expect(change.output).toContain('      ~ value: "1" => "2"\n');
    const changed = await engine.run("up", { ...options, config: { v: "2" } });
    expect(changed.output).toContain('  ~ made: "made of \\"1\\"" => "remade of \\"2\\""\n');

    expect(await engine.run("refresh", options)).toMatchObject({ succeeded: true, changes: { same: 2 } });
    const destroyed = await engine.run("destroy", options);
    expect(destroyed).toMatchObject({ succeeded: true, changes: { delete: 2 }, resources: [], outputs: {} });
    expect(destroyed.output).toContain("deleting a\n");
    for (const { output } of [preview, up, change, changed, destroyed]) expect(output).not.toContain("hunter2");
    expect(await engine.exportState()).not.toContain("hunter2");
  });

  it("runs on an engine that is named after the stand-in and its SDK", async () => {
    expect(engine.name).toMatch(/^stand-in engine \(Node SDK \d+\.\d+\.\d+\)$/);
  });
});

describe("the stand-in engine", () => {
  it("runs TypeScript from the main of the project file, with the project's configuration", async () => {
    const directory = program({
      ...programFiles(""),
      "Pulumi.yaml": "name: test\nruntime: nodejs\nmain: code/\nconfig:\n  test:size: 7\n",
      "code/package.json": '{ "name": "code", "main": "index.ts" }',
      "code/tsconfig.json": '{ "compilerOptions": { "strict": true, "types": [] } }',
      "code/index.ts": `import * as pulumi from "@pulumi/pulumi";
        export const size: number = new pulumi.Config().requireNumber("size") + 1;`,
    });
    const result = await engine.run("up", { program: directory });
    expect(result).toMatchObject({ succeeded: true, outputs: { size: 8 } });
  });

  it("runs ES modules", async () => {
    const directory = program({
      "Pulumi.yaml": "name: test\nruntime: nodejs\n",
      "package.json": '{ "name": "test", "type": "module", "main": "index.js" }',
      "index.js": 'import pulumi from "@pulumi/pulumi"; export const stack = pulumi.getStack();',
    });
    expect((await engine.run("up", { program: directory })).outputs).toEqual({ stack: "dev" });
  });

  it("runs components, and deletes what the program no longer registers, dependents first", async () => {
    const options = {
      program: program(`
        class Group extends pulumi.ComponentResource {
          constructor(name) {
            super("test:index:Group", name);
            const first = new Thing("first", { value: 1 }, { parent: this });
            const second = new Thing("second", { value: first.made }, { parent: this });
            this.registerOutputs({ made: second.made });
          }
        }
        if (config.getBoolean("group")) new Group("group");`),
    };
    const up = await engine.run("up", { ...options, config: { group: "true" } });
    expect(up.changes).toEqual({ create: 4 });
    expect(up.resources.map(({ urn }) => urn.split("::").slice(2).join(" "))).toEqual([
      "test:index:Group group",
      "test:index:Group$pulumi-nodejs:dynamic/test:Thing first",
      "test:index:Group$pulumi-nodejs:dynamic/test:Thing second",
    ]);
    expect(up.resources[0]?.outputs).toEqual({ made: 'made of "made of 1"' });
    const deleted = await engine.run("up", options);
    expect(deleted.changes).toEqual({ same: 1, delete: 3 });
    expect(deleted.output.match(/deleting \w+/g)).toEqual(["deleting second", "deleting first"]);
  });

  it("passes the environment on, and removes variables that are undefined", async () => {
    process.env.ENGINE_TEST_GONE = "x";
    const body = "exports.seen = [process.env.ENGINE_TEST_SET ?? null, process.env.ENGINE_TEST_GONE ?? null];";
    const environment = { ENGINE_TEST_SET: "1", ENGINE_TEST_GONE: undefined };
    const { outputs } = await engine.run("up", { program: program(body), environment });
    delete process.env.ENGINE_TEST_GONE;
    expect(outputs).toEqual({ seen: ["1", null] });
  });

  it("makes the outputs secret that the program names", async () => {
    const body = `const a = new Thing("a", { value: "hush" }, { additionalSecretOutputs: ["made"] }); exports.made = a.made;`;
    const { outputs, resources } = await engine.run("up", { program: program(body) });
    expect(outputs).toEqual({ made: "[secret]" });
    expect(resources[0]?.outputs.made).toBe("[secret]");
    expect(await engine.exportState()).not.toContain("made of");
  });
});

describe("a failing operation", () => {
  it("prints the sentence of a failed check, and deletes nothing", async () => {
    const directory = program(`if (!config.get("bad")) new Thing("old", {}); else new Thing("new", { bad: "x" });`);
    await engine.run("up", { program: directory });
    const result = await engine.run("up", { program: directory, config: { bad: "1" } });
    expect(result).toMatchObject({ succeeded: false, changes: { same: 1 }, resources: [{ id: "id-old" }] });
    expect(result.output).toContain(
      "error: pulumi-nodejs:dynamic/test:Thing resource 'new': property bad value {x} has a problem: is bad\n",
    );
  });

  it("keeps what it made before the failure", async () => {
    const body = `const a = new Thing("a", {}); new Thing("b", { fails: true, value: a.made }); exports.a = a.made;`;
    const result = await engine.run("up", { program: program(body) });
    expect(result).toMatchObject({ succeeded: false, changes: { create: 2 }, resources: [{ id: "id-a" }] });
    expect(result.output).toContain("error: no luck\nerror: update failed\n");
  });

  it.each([10, 1_000_000])("keeps a resource that is not initialized, with properties of %i bytes", async (half) => {
    const directory = program(`new Thing("a", { half: config.getNumber("half") });`);
    const result = await engine.run("up", { program: directory, config: { half: `${half}` } });
    expect(result).toMatchObject({ succeeded: false, resources: [{ id: "id-a", initErrors: ["not ready"] }] });
    expect(result.resources[0]?.outputs.long).toHaveLength(half);
    expect(result.output).toContain("error: 1 error occurred:\n\t* not ready\nerror: update failed\n");
    const again = await engine.run("up", { program: directory });
    expect(again).toMatchObject({ succeeded: true, changes: { update: 1 } });
    expect(again.resources[0]?.initErrors).toBeUndefined();
  });

  it("fails with its program, however that ends, and deletes nothing", async () => {
    const directory = program(`
      if (!config.get("how")) new Thing("a", {});
      if (config.get("how") === "throw") throw new Error("the program failed");
      if (config.get("how") === "exit") process.exit(3);`);
    await engine.run("up", { program: directory });
    const thrown = await engine.run("up", { program: directory, config: { how: "throw" } });
    expect(thrown).toMatchObject({ succeeded: false, resources: [{ id: "id-a" }] });
    expect(thrown.output).toContain("the program failed");
    const exited = await engine.run("up", { program: directory, config: { how: "exit" } });
    expect(exited).toMatchObject({ succeeded: false, resources: [{ id: "id-a" }] });
    expect(exited.output).toContain("error: an unhandled error occurred: Program exited with non-zero exit code: 3\n");
  });

  it("says in one sentence that there is no program", async () => {
    const empty = program({ "package.json": "{}" });
    const { succeeded, output } = await engine.run("up", { program: empty });
    expect(succeeded).toBe(false);
    expect(output).toContain(`error: ${empty} holds no Pulumi program: there is no Pulumi.yaml in it.\n`);
  });

  it("refuses what the stand-in does not support, and makes nothing", async () => {
    const body = `new Thing("a", {}, { aliases: [{ name: "b", project: "other" }] });`;
    const { succeeded, output, resources } = await engine.run("up", { program: program(body) });
    expect({ succeeded, resources }).toEqual({ succeeded: false, resources: [] });
    expect(output).toContain(
      'error: The stand-in engine of this repository does not support the aliases in other stacks or projects of the resource "a" ' +
        "(pulumi-nodejs:dynamic/test:Thing): run this with the Pulumi CLI.\n",
    );
    const reading = program(`new pulumi.StackReference("organization/other/dev");`);
    expect((await engine.run("preview", { program: reading })).output).toContain("(ReadResource): run this with");
  });
});

describe("an operation that is interrupted", () => {
  const body = `const a = new Thing("a", {}); new Thing("b", { value: a.made, waits: config.require("waits") });`;
  // New processes, as on the command line.
  beforeEach(() => {
    engine = standInEngine();
  });
  const appeared = (file: string): Promise<void> => vi.waitFor(() => expect(existsSync(file)).toBe(true), PATIENCE_MS);

  it("stops at its signal, and keeps the finished steps", async () => {
    const directory = program(body);
    const abort = new AbortController();
    const waits = join(directory, "waits");
    const running = engine.run("up", { program: directory, config: { waits }, signal: abort.signal });
    await appeared(waits);
    abort.abort();
    const result = await running;
    expect(result).toMatchObject({ succeeded: false, resources: [{ id: "id-a" }] });
    expect(result.output).toContain("error: the up was interrupted\n");
    expect(result.output.match(/^error: .*/gm)).toHaveLength(1);
  });

  it("keeps a second operation out while it runs, and stops when the engine is closed", async () => {
    const directory = program(body);
    const waits = join(directory, "waits");
    const running = engine.run("up", { program: directory, config: { waits } });
    await appeared(waits);
    await expect(engine.run("up", { program: directory })).rejects.toThrow("under way");
    await engine.close();
    expect((await running).succeeded).toBe(false);
  });

  it("loses no finished step and leaves no process when the engine itself is killed", async () => {
    const directory = program(body);
    const compiled = compileEngine();
    const [waits, state] = [join(directory, "waits"), join(directory, "state.json")];
    const args = ["up", directory, "--config", `waits=${waits}`, "--state", state, "--secret", "token=hunter2"];
    const killed = spawn(process.execPath, [join(compiled, "main.js"), ...args], { stdio: "ignore" });
    await appeared(waits);
    expect(processesIn(directory)).toHaveLength(2);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    await vi.waitFor(() => expect(processesIn(directory)).toEqual([]), PATIENCE_MS);
    expect(readFileSync(state, "utf8")).not.toContain("hunter2");
    const after = standInEngine({ stateFile: state });
    const result = await after.run("destroy", { program: directory });
    expect(result).toMatchObject({ succeeded: true, changes: { delete: 2 } });
    expect(result.output).toContain("deleting a\n");
    await after.close();
    rmSync(compiled, { recursive: true, force: true });
  });

  it("ends with exit code 1 on SIGINT", async () => {
    const directory = program(body);
    const compiled = compileEngine();
    const [waits, state] = [join(directory, "waits"), join(directory, "state.json")];
    const args = ["up", directory, "--config", `waits=${waits}`, "--state", state];
    const interrupted = spawn(process.execPath, [join(compiled, "main.js"), ...args], { stdio: "ignore" });
    await appeared(waits);
    interrupted.kill("SIGINT");
    expect((await once(interrupted, "exit"))[0]).toBe(1);
    rmSync(compiled, { recursive: true, force: true });
  });
});

/** Compiles the engine's sources into a temporary directory, to run in another process. */
function compileEngine(): string {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-compiled-engine-"));
  symlinkSync(join(repositoryRoot(), "node_modules"), join(folder, "node_modules"), "dir");
  for (const name of readdirSync(__dirname).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))) {
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(readFileSync(join(__dirname, name), "utf8"), { compilerOptions });
    writeFileSync(join(folder, name.replace(/ts$/, "js")), outputText);
  }
  return folder;
}
