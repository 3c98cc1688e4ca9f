/**
 * One stack of one program against one emulator, for the end-to-end tests. It remembers everything that was printed and
 * stored, and closing it asserts that no secret is in there. The report of each run has to agree with the state.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type Report, reportSchema } from "../../provider/schema/report.js";
import { type Emulator, type EmulatorOptions, pathsOf, startEmulator } from "../emulator/index.js";
import type { Engine, Operation, RunResult } from "../engine/index.js";

export const PROGRAMS = join(__dirname, "programs");

export interface Stack {
  emulator: Emulator;
  /**
   * Runs an operation with this configuration. By default, `secrets` are the credentials of the emulator, and
   * `directory` is that of the stack's program. `signal` stops the operation as Ctrl-C does.
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
  /** The report of the last run; undefined if no resource came to write one. */
  report(): Report | undefined;
  /** The paths of all accepted refresh calls so far, in order. */
  refreshed(): string[];
  close(): Promise<void>;
}

export async function openStack(engine: Engine, program: string, options: EmulatorOptions = {}): Promise<Stack> {
  const emulator = await startEmulator(options);
  const written: string[] = [];
  const reports = mkdtempSync(join(tmpdir(), "reports-"));
  const file = join(reports, "vod-report.json");
  const report = () => (existsSync(file) ? reportSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined);
  const keys = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
  return {
    emulator,
    async run(operation, config = {}, environment = {}, secrets = keys, directory = program, signal) {
      // The service makes one task of the calls within one second, so the clock moves on between operations.
      emulator.advance(1_000);
      rmSync(file, { force: true });
      const result = await engine.run(operation, {
        program: directory,
        config: { "alicloud-vod:report": file, ...config },
        secrets,
        environment: { VOD_ENDPOINT: emulator.endpoint, ...environment },
        ...(signal ? { signal } : {}),
      });
      written.push(result.output, JSON.stringify([result, report()]), await engine.exportState());
      if (operation === "up" && result.succeeded) expectReport(report(), result);
      return result;
    },
    state: () => engine.exportState(),
    report,
    refreshed: () =>
      emulator.received
        .filter(({ action, status }) => action === "RefreshVodObjectCaches" && status === 200)
        .flatMap(pathsOf),
    async close() {
      await engine.close();
      await emulator.close();
      rmSync(reports, { recursive: true });
      for (const text of written) {
        expect(text).not.toContain(emulator.accessKeyId);
        expect(text).not.toContain(emulator.accessKeySecret);
        expect(text).not.toMatch(/Signature(=|%3D)|SignatureNonce/);
      }
    },
  };
}

/** Asserts that a report has an entry for each resource, with what the state says of it. */
function expectReport(report: Report | undefined, { resources }: RunResult): void {
  const own = resources.filter(({ type, inputs }) => /:VodCache\w+$/.test(type) && inputs.report === undefined);
  for (const { urn, outputs } of own) {
    const entry = report?.resources.find((one) => one.urn === urn);
    expect(entry, urn).toMatchObject({ name: urn.split("::")[3], status: outputs.status });
    const { calls = [], pending } = entry ?? {};
    expect(outputs.taskIds).toEqual(expect.arrayContaining(calls.flatMap(({ taskIds }) => taskIds)));
    if (Array.isArray(outputs.pending)) expect(pending?.count ?? 0).toBeGreaterThanOrEqual(outputs.pending.length);
  }
}

/** The configuration of the "commonjs" program. */
export function resources(args: Record<string, object>): Record<string, string> {
  return { resources: JSON.stringify(args) };
}

/** Asserts that a message for people has no stack trace. */
export function expectNoStackTrace(output: string): void {
  expect(output).not.toMatch(/^\s+at .+[:(]\d+/m);
  expect(output).not.toContain("node_modules");
}
