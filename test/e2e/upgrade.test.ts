/** An upgrade never purges: states of other versions, taken over by an engine, are deployed without a call where nothing changed. */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { pathsOf } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { repositoryRoot, type TemporaryProgram, temporaryProgram } from "../engine/temporaryProgram.js";
import { type WrittenState, writeSite, writtenStates } from "../provider/plan/states/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

/** As the engine keeps a resource. */
interface Entry {
  urn: string;
  type: string;
  id?: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

const nameOf = ({ file }: WrittenState) => file.replace(".json", "");

/** What the program says of a resource; its name and the provider's text are the engine's. */
function argsOf({ kind, program }: WrittenState): Record<string, unknown> {
  const { __resourceName, __provider, ...args } = program;
  return { kind, ...args };
}

/** A state of the engine in which the resources have what the states were written with. */
function withWritten(exported: string, states: readonly WrittenState[]): string {
  const state = JSON.parse(exported) as { deployment: { resources: Entry[] } };
  for (const entry of state.deployment.resources) {
    const written = states.find((one) => entry.urn.endsWith(`::${nameOf(one)}`));
    if (written === undefined) continue;
    const { id, inputs, outputs } = written;
    const { __provider, __resourceName } = entry.inputs;
    const own = { __provider, __resourceName };
    Object.assign(entry, { id, inputs: { ...inputs, ...own }, outputs: { ...outputs, ...own } });
  }
  return JSON.stringify(state);
}

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  let program: TemporaryProgram | undefined;
  afterEach(async () => {
    await stack?.close();
    program?.remove();
    [stack, program] = [undefined, undefined];
  });

  /** An engine that holds these states, and the configuration of their programs. */
  async function takenOver(states: readonly WrittenState[]) {
    const engine = await create();
    program = temporaryProgram(join(PROGRAMS, "commonjs"));
    symlinkSync(repositoryRoot(), join(program.directory, "node_modules/pulumi-alicloud-vod"), "dir");
    writeSite(program.directory);
    stack = await openStack(engine, program.directory);
    const idle = ({ kind }: WrittenState) => ({
      kind,
      paths: ["https://vod.example.com/a"],
      contentHash: "0",
      [kind === "VodCacheRefresh" ? "refreshOnCreate" : "preloadOnCreate"]: false,
    });
    await stack.run("up", resources(Object.fromEntries(states.map((state) => [nameOf(state), idle(state)]))));
    await engine.importState?.(withWritten(await engine.exportState(), states));
    stack.emulator.received.length = 0;
    return { ...stack, config: resources(Object.fromEntries(states.map((state) => [nameOf(state), argsOf(state)]))) };
  }

  test("what has nothing left to do is deployed without a call and without an update", async () => {
    // A refresh with a `preload` brings a second resource along, of which there is no state here.
    const states = writtenStates().filter(
      ({ expected, program }) => !expected.updates && program.preload === undefined,
    );
    expect(states.length).toBeGreaterThan(10);
    const { run, config, emulator } = await takenOver(states);
    const { succeeded, changes, resources: after } = await run("up", config);
    expect({ succeeded, changes }).toEqual({ succeeded: true, changes: { same: states.length + 1 } });
    expect(emulator.received).toEqual([]);
    for (const state of states) {
      const kept = after.find(({ urn }) => urn.endsWith(`::${nameOf(state)}`))?.outputs;
      expect(kept).toMatchObject({ taskIds: state.outputs.taskIds, status: state.outputs.status });
    }
  });

  test("what was left is sent, and nothing else", async () => {
    const states = writtenStates().filter(({ expected }) => expected.updates);
    expect(states.length).toBeGreaterThan(10);
    const { run, config, emulator } = await takenOver(states);
    for (const name of ["a", "b"]) writeFileSync(join(emulator.origin, "vod.example.com", name), name);
    const { succeeded, changes } = await run("up", config);
    expect({ succeeded, changes }).toEqual({ succeeded: true, changes: { same: 1, update: states.length } });
    const sent = emulator.received.filter(({ action }) => /^(Refresh|Preload)/.test(String(action))).flatMap(pathsOf);
    expect(sent.sort()).toEqual(states.flatMap(({ expected }) => expected.sends).sort());
  });
});
