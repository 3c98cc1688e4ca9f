// A child process of an operation: the program's runner or the provider host. It passes its lines on as they come, and
// it ends with the engine, even if the engine is killed.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

// Each child loads this first. When the pipe from the engine closes, even because the engine was killed, the child
// ends. Errors are inspected without colors: the SDK's source maps turn its own files into `node_modules/@scope/file`,
// and some versions of Node take half a minute to color a stack with such a file, and then fail. The text is the same.
// Node loads it in threads too, such as that of a module loader, where standard input waits for the main thread.
const PRELOAD = `if (!require("node:worker_threads").isMainThread) return;
process.on("exit", () => require("node:fs").rmSync(__dirname, { recursive: true, force: true }));
process.stdin.on("end", () => process.exit(1)).on("error", () => process.exit(1)).resume();
process.stdin.unref();
const util = require("node:util");
const { inspect } = util;
util.inspect = Object.assign((value, options, ...more) =>
  value instanceof Error && options?.colors ? inspect(value, { ...options, colors: false }) : inspect(value, options, ...more),
  inspect);
`;
export const KILL_AFTER_MILLISECONDS = 3000;

export type Environment = Record<string, string | undefined>;

export interface ChildOptions {
  directory: string;
  environment: Environment;
  nodeArguments?: string[];
  /** CommonJS code that runs before the script. */
  preload?: string;
  onLine: (line: string) => void;
}

export interface Child {
  /** The exit code, once the last line is read. */
  readonly exited: Promise<number>;
  /** Ends the process, politely first, and resolves when it is gone. An idle one, without a running call, may stay. */
  end(options?: { isIdle?: boolean }): Promise<void>;
}

export type StartChild = (script: string, args: string[], options: ChildOptions) => Child;

/** A process of any program, such as the launcher of a plugin. */
export class ProgramChild implements Child {
  readonly exited: Promise<number>;
  private readonly process: ChildProcess;

  constructor(file: string, args: string[], options: Pick<ChildOptions, "directory" | "environment" | "onLine">) {
    const environment = Object.fromEntries(
      Object.entries({ ...process.env, ...options.environment }).filter(([, value]) => value !== undefined),
    );
    this.process = spawn(file, args, { cwd: options.directory, env: environment, stdio: "pipe" });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", options.onLine);
    }
    this.process.stdin?.on("error", () => {});
    // "close" comes after the last line.
    this.exited = once(this.process, "close").then(([code]) => (typeof code === "number" ? code : 1));
    this.exited.catch(() => {});
  }

  async end(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill("SIGTERM");
    const killTimer = setTimeout(() => this.process.kill("SIGKILL"), KILL_AFTER_MILLISECONDS);
    await this.exited.catch(() => {});
    clearTimeout(killTimer);
  }
}

/** A new process of Node that ends with the operation. */
export class ColdChild extends ProgramChild {
  constructor(script: string, args: string[], options: ChildOptions) {
    const { file, remove } = writePreload(options.preload ?? "");
    super(process.execPath, [...(options.nodeArguments ?? []), "-r", file, script, ...args], options);
    this.exited.catch(() => {}).finally(remove);
  }
}

/** Writes the code that a child loads first to a file in its own folder. */
export function writePreload(code: string): { file: string; folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-stand-in-child-"));
  const file = join(folder, "preload.js");
  writeFileSync(file, PRELOAD + code);
  return { file, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
