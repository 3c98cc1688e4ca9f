/**
 * One stack of one program against one emulator, as the end-to-end tests use it. It remembers everything that was
 * printed and stored, so that closing it can assert that no secret is in there.
 */
import { join } from "node:path";
import { expect } from "vitest";
import { type Emulator, type EmulatorOptions, pathsOf, startEmulator } from "../emulator/index.js";
import type { Engine, Operation, RunResult } from "../engine/index.js";

export const PROGRAMS = join(__dirname, "programs");

export interface Stack {
  emulator: Emulator;
  /**
   * Runs an operation with that configuration; `secrets` are the credentials of the emulator, unless others are
   * given, and `directory` is that of the stack's program, unless it moved; `signal` stops it as Ctrl-C does.
   */
  run(
    operation: Operation,
    config?: Record<string, string>,
    environment?: Record<string, string | undefined>,
    secrets?: Record<string, string>,
    directory?: string,
    signal?: AbortSignal,
  ): Promise<RunResult>;
  /** The state as `pulumi stack export` prints it. */
  state(): Promise<string>;
  /** The paths of all refresh calls so far that were accepted, in order. */
  refreshed(): string[];
  close(): Promise<void>;
}

export async function openStack(engine: Engine, program: string, options: EmulatorOptions = {}): Promise<Stack> {
  const emulator = await startEmulator(options);
  const written: string[] = [];
  const keys = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
  return {
    emulator,
    async run(operation, config = {}, environment = {}, secrets = keys, directory = program, signal) {
      // The service makes one task of what arrives within one second: operations are apart, however fast this machine is.
      emulator.advance(1_000);
      const result = await engine.run(operation, {
        program: directory,
        config,
        secrets,
        environment: { VOD_ENDPOINT: emulator.endpoint, ...environment },
        ...(signal ? { signal } : {}),
      });
      written.push(result.output, JSON.stringify(result), await engine.exportState());
      return result;
    },
    state: () => engine.exportState(),
    refreshed: () =>
      emulator.received
        .filter(({ action, status }) => action === "RefreshVodObjectCaches" && status === 200)
        .flatMap(pathsOf),
    async close() {
      await engine.close();
      await emulator.close();
      for (const text of written) {
        expect(text).not.toContain(emulator.accessKeyId);
        expect(text).not.toContain(emulator.accessKeySecret);
        expect(text).not.toMatch(/Signature(=|%3D)|SignatureNonce/);
      }
    },
  };
}

/** The configuration of the "commonjs" program. */
export function resources(args: Record<string, object>): Record<string, string> {
  return { resources: JSON.stringify(args) };
}

/** A message for people: no stack trace anywhere. */
export function expectNoStackTrace(output: string): void {
  expect(output).not.toMatch(/^\s+at .+[:(]\d+/m);
  expect(output).not.toContain("node_modules");
}
