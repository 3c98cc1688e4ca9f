/** An upgrade never purges: states of other versions are imported and deployed without a call if nothing changed. */
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { pathsOf } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { repositoryRoot, type TemporaryProgram, temporaryProgram } from "../engine/temporaryProgram.js";
import { type StateFile, writeSite, writtenStates } from "../provider/plan/states/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

/** A resource in the engine's state. */
interface Entry {
  urn: string;
  type: string;
  id?: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

const getName = ({ file }: StateFile) => file.replace(".json", "");

/** The arguments of a resource. The engine adds its URN and the provider's text. */
function getArgs({ kind, program }: StateFile): Record<string, unknown> {
  const { __urn, __provider, ...args } = program;
  return { kind, ...args };
}

/** Puts written states into an exported state of the engine. */
function insertStates(exported: string, states: readonly StateFile[]): string {
  const state = JSON.parse(exported) as { deployment: { resources: Entry[] } };
  for (const entry of state.deployment.resources) {
    const written = states.find((one) => entry.urn.endsWith(`::${getName(one)}`));
    if (written === undefined) continue;
    const { id, inputs, outputs } = written;
    const { __provider, __urn } = entry.inputs;
    const own = { __provider, __urn };
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

  /** Imports states into an engine and returns the configuration of their programs. */
  async function importStates(states: readonly StateFile[]) {
    const engine = await create();
    program = temporaryProgram(join(PROGRAMS, "commonjs"));
    symlinkSync(repositoryRoot(), join(program.directory, "node_modules/pulumi-alicloud-vod"), "dir");
    writeSite(program.directory);
    stack = await openStack(engine, program.directory);
    const idle = ({ kind }: StateFile) => ({
      kind,
      paths: ["https://vod.example.com/a"],
      contentHash: "0",
      [kind === "VodCacheRefresh" ? "refreshOnCreate" : "preloadOnCreate"]: false,
    });
    await stack.run("up", resources(Object.fromEntries(states.map((state) => [getName(state), idle(state)]))));
    await engine.importState?.(insertStates(await engine.exportState(), states));
    stack.emulator.received.length = 0;
    return { ...stack, config: resources(Object.fromEntries(states.map((state) => [getName(state), getArgs(state)]))) };
  }

  test("resources with nothing to send are deployed without a call and without an update", async () => {
    // A refresh with a `preload` has a second resource, whose state is not among these.
    const states = writtenStates().filter(
      ({ expected, program }) => !expected.updates && program.preload === undefined,
    );
    expect(states.length).toBeGreaterThan(10);
    const { run, config, emulator } = await importStates(states);
    const { succeeded, changes, resources: after } = await run("up", config);
    expect({ succeeded, changes }).toEqual({ succeeded: true, changes: { same: states.length + 1 } });
    expect(emulator.received).toEqual([]);
    for (const state of states) {
      const kept = after.find(({ urn }) => urn.endsWith(`::${getName(state)}`))?.outputs;
      expect(kept).toMatchObject({ taskIds: state.outputs.taskIds, status: state.outputs.status });
    }
  });

  test("only what the earlier version left is sent", async () => {
    const states = writtenStates().filter(({ expected }) => expected.updates);
    expect(states.length).toBeGreaterThan(10);
    const { run, config, emulator } = await importStates(states);
    for (const name of ["a", "b"]) writeFileSync(join(emulator.origin, "vod.example.com", name), name);
    const { succeeded, changes } = await run("up", config);
    expect({ succeeded, changes }).toEqual({ succeeded: true, changes: { same: 1, update: states.length } });
    const sent = emulator.received.filter(({ action }) => /^(Refresh|Preload)/.test(String(action))).flatMap(pathsOf);
    expect(sent.sort()).toEqual(states.flatMap(({ expected }) => expected.sends).sort());
  });
});
