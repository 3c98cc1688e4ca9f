// Children that stay: a process per script of the SDK that serves one operation after another. A test run has hundreds
// of operations, and each would spend most of its time loading the SDK's libraries twice.

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Child, type ChildOptions, KILL_AFTER_MILLISECONDS, writePreload } from "./child.js";
import { repositoryRoot } from "./temporaryProgram.js";

/** Variables that Node reads only when a process starts, so that a running process can't take them. */
const ONLY_AT_START = /^(NODE|UV)_/;

/** Whether a process that stays can run this child. ES modules can't be loaded twice. */
export function canStay(options: ChildOptions, isModule: boolean): boolean {
  const { environment, nodeArguments = [] } = options;
  return nodeArguments.length === 0 && !isModule && !Object.keys(environment).some((name) => ONLY_AT_START.test(name));
}

interface Operation {
  onLine: (line: string) => void;
  rested: () => void;
}

const resting = new Map<string, WarmProcess[]>();

/** The processes that rest until the next operation. */
export function listResting(): number[] {
  return [...resting.values()].flat().flatMap(({ pid }) => pid ?? []);
}

class WarmProcess {
  /** The process prints this on each stream once it has reset itself. */
  readonly mark = `at rest ${randomUUID()}`;
  readonly closed: Promise<number>;
  private readonly process: ChildProcess;
  private operation: Operation | undefined;
  private marks = 0;

  constructor(
    readonly script: string,
    preload: string,
  ) {
    const { file, folder, remove } = writePreload(preload);
    const main = join(repositoryRoot(), "test", "engine", "warmProcess.js");
    this.process = spawn(process.execPath, ["-r", file, main, script], { cwd: folder, stdio: "pipe" });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", this.onLine);
    }
    this.process.stdin?.on("error", () => {});
    this.closed = once(this.process, "close").then(([code]) => (typeof code === "number" ? code : 1));
    this.closed
      .catch(() => {})
      .finally(() => {
        remove();
        const others = resting.get(script)?.filter((one) => one !== this) ?? [];
        resting.set(script, others);
      });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  begin(operation: Operation, command: object): void {
    this.operation = operation;
    this.marks = 0;
    this.holdEngine("ref");
    this.write(command);
  }

  /** Asks the process to reset itself. A program's process does so on its own. */
  rest(): void {
    this.write({ rest: this.mark });
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
  }

  private readonly onLine = (line: string): void => {
    // The output before the mark may have no line break.
    const isMark = line.endsWith(this.mark);
    const text = isMark ? line.slice(0, -this.mark.length) : line;
    if (!isMark || text !== "") this.operation?.onLine(text);
    if (!isMark || ++this.marks < 2) return;
    const { rested } = this.operation ?? {};
    this.operation = undefined;
    this.holdEngine("unref");
    resting.set(this.script, [...(resting.get(this.script) ?? []), this]);
    rested?.();
  };

  private write(command: object): void {
    this.process.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** Lets a resting process not keep the engine's process alive. */
  private holdEngine(way: "ref" | "unref"): void {
    const { stdin, stdout, stderr } = this.process as unknown as Record<string, { ref(): void; unref(): void } | null>;
    for (const one of [this.process, stdin, stdout, stderr]) one?.[way]();
  }
}

/** A child that uses a process that stays. */
export class WarmChild implements Child {
  readonly exited: Promise<number>;
  private readonly process: WarmProcess;
  private isResting = false;

  constructor(script: string, args: string[], options: ChildOptions) {
    this.process = resting.get(script)?.pop() ?? new WarmProcess(script, options.preload ?? "");
    const { directory, onLine } = options;
    const rested = new Promise<number>((resolve) => {
      const operation = {
        onLine,
        rested: () => {
          this.isResting = true;
          resolve(0);
        },
      };
      const environment = Object.fromEntries(
        Object.entries({ ...process.env, ...options.environment }).filter(([, value]) => value !== undefined),
      );
      this.process.begin(operation, { directory, environment, args, mark: this.process.mark });
    });
    this.exited = Promise.race([rested, this.process.closed]);
  }

  async end({ isIdle = false } = {}): Promise<void> {
    if (this.isResting) return;
    if (isIdle) this.process.rest();
    else this.process.kill("SIGTERM");
    const killTimer = setTimeout(() => this.process.kill("SIGKILL"), KILL_AFTER_MILLISECONDS);
    await this.exited.catch(() => {});
    clearTimeout(killTimer);
  }
}
