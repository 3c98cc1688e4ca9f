/**
 * A stack that is driven by the commands of the real CLI, for what only these have: targets, `--replace`, hooks, imports, the Automation
 * API. Its program, home and backend are in a temporary directory that goes with it.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Emulator, pathsOf, startEmulator } from "../emulator/index.js";
import { cliVariables } from "../engine/realCli.js";
import type { TemporaryProgram } from "../engine/temporaryProgram.js";

const ROOT = join(__dirname, "../..");
const PACKAGE = "pulumi-alicloud-vod";

export interface CliStack {
  emulator: Emulator;
  /** The program's directory. */
  directory: string;
  /** The environment in which commands run. */
  environment: NodeJS.ProcessEnv;
  /** Runs a command, such as `pulumi("up", "--yes")`; gives what it printed. @throws an error with `output` if it fails. */
  pulumi(...args: string[]): Promise<string>;
  /** Runs a command that has to fail; gives what it printed. */
  fails(...args: string[]): Promise<string>;
  /** The paths of the refresh calls that were accepted since it was asked the last time. */
  sent(): string[];
  close(): Promise<void>;
}

/** The environment of a CLI whose plugins, settings and states all lie in one directory. */
export function cliEnvironment(home: string, { endpoint }: Pick<Emulator, "endpoint">) {
  return { ...process.env, ...cliVariables(home, "test"), VOD_ENDPOINT: endpoint };
}

/** Opens a stack of a program, which is removed with it. */
export async function openCliStack(program: TemporaryProgram): Promise<CliStack> {
  const emulator = await startEmulator();
  const own = join(program.directory, "node_modules", PACKAGE);
  if (!existsSync(own)) symlinkSync(ROOT, own, "dir");
  const home = mkdtempSync(join(tmpdir(), "cli-"));
  const environment = {
    ...cliEnvironment(home, emulator),
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
  };
  const run = (...args: string[]) =>
    promisify(execFile)("pulumi", [...args, "--non-interactive"], { cwd: program.directory, env: environment }).then(
      ({ stdout, stderr }) => stdout + stderr,
    );
  let known = 0;
  const stack: CliStack = {
    emulator,
    directory: program.directory,
    environment,
    async pulumi(...args) {
      emulator.advance(1_000);
      return run(...args);
    },
    async fails(...args) {
      emulator.advance(1_000);
      const output = await run(...args).catch((error: { stdout: string; stderr: string }) => error);
      if (typeof output === "string") throw new Error(`pulumi ${args.join(" ")} succeeded:\n${output}`);
      return output.stdout + output.stderr;
    },
    sent() {
      const calls = emulator.received.slice(known);
      known = emulator.received.length;
      return calls.filter((call) => call.action === "RefreshVodObjectCaches" && call.status === 200).flatMap(pathsOf);
    },
    async close() {
      program.remove();
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
      await emulator.close();
    },
  };
  await run("stack", "init", "dev").catch(async (error) => {
    await stack.close();
    throw error;
  });
  return stack;
}
