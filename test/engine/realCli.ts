// The real Pulumi CLI behind the same interface, if `pulumi` is on the PATH. It runs through the Automation API. Its
// backend, home and project file are in a temporary directory, so that nothing else is touched.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type {
  Deployment,
  DiagnosticEvent,
  EngineEvent,
  PulumiCommand,
  Stack,
} from "@pulumi/pulumi/automation/index.js";
import type { Engine, EngineOptions, Operation, RunOptions, RunResult } from "./index.js";
import { fullKey, type Program, readProgram } from "./program.js";
import type { LogLine } from "./progress.js";
import { type Resource, shownState } from "./state.js";

// Loaded on first use: loading takes half a second, and few importers of this folder need it.
type Automation = typeof import("@pulumi/pulumi/automation/index.js");
const automation = (): Automation => require("@pulumi/pulumi/automation");

/** The real CLI, or undefined if it is not on the PATH. */
export async function realEngine(options: EngineOptions = {}): Promise<Engine | undefined> {
  if (!isCliOnPath()) return undefined;
  let command: PulumiCommand;
  try {
    command = await automation().PulumiCommand.get({ skipVersionCheck: true });
  } catch {
    return undefined;
  }
  return new RealEngine(command, options.stack ?? "dev", options.passphrase ?? "stand-in");
}

/** Whether `pulumi` is on the PATH. The npm package of that name does not count: it downloads the CLI at first use. */
export const isCliOnPath = (): boolean => isOnPath("pulumi");

/** Whether a program is on the PATH, other than one that npm put there. */
export function isOnPath(program: string): boolean {
  const name = process.platform === "win32" ? `${program}.exe` : program;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const own = folders.filter((folder) => folder !== "" && !folder.includes("node_modules"));
  return own.some((folder) => existsSync(join(folder, name)));
}

/** The variables of a CLI whose plugins, settings and states all lie in one directory, where it makes the place of the states. */
export function cliVariables(home: string, passphrase: string): Record<string, string> {
  const backend = join(home, "backend");
  mkdirSync(backend, { recursive: true });
  return {
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_HOME: join(home, "home"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

/** The severities of the lines that `logged` has. Pulumi's types lack `debug`, which it sends as well. */
const SHOWN = new Set(["info", "info#err", "warning"]);

/** The warning that a plugin comes from the `PATH`, as tests mean it to. */
const SAYS_WHENCE = /^(warning: )?using pulumi-resource-\S+ from \$PATH at /;

/** A line of the engine. Pulumi's marks of colors are in it. */
function readLine({ severity, message, urn = "", ephemeral = false }: DiagnosticEvent): LogLine {
  const text = message.replace(/<\{%.*?%\}>/g, "").trimEnd();
  return { severity: severity === "warning" ? "warning" : "info", message: text, urn, ephemeral };
}

class RealEngine implements Engine {
  private readonly home = mkdtempSync(join(tmpdir(), "pulumi-real-"));
  private readonly work = join(this.home, "project");
  private stack: Stack | undefined;
  private configured = "";
  private readonly imported: string[] = [];

  constructor(
    private readonly command: PulumiCommand,
    private readonly stackName: string,
    private readonly passphrase: string,
  ) {
    mkdirSync(this.work);
  }

  get name(): string {
    return `Pulumi CLI v${this.command.version}`;
  }

  async run(operation: Operation, options: RunOptions): Promise<RunResult> {
    const stack = await this.prepareStack(readProgram(options.program), options);
    const output: string[] = [];
    let rest = "";
    const take = (text: string): void => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (SAYS_WHENCE.test(line)) continue;
        output.push(line);
        options.onOutput?.(line);
      }
    };
    let changes: RunResult["changes"] = {};
    const logged: LogLine[] = [];
    const onEvent = ({ summaryEvent, diagnosticEvent }: EngineEvent): void => {
      changes = summaryEvent?.resourceChanges ?? changes;
      if (!diagnosticEvent || !SHOWN.has(diagnosticEvent.severity)) return;
      const line = readLine(diagnosticEvent);
      if (!SAYS_WHENCE.test(line.message)) logged.push(line);
    };
    const signal = options.signal ? { signal: options.signal } : {};
    const common = { color: "never", onOutput: take, onError: take, onEvent, suppressProgress: true } as const;
    let succeeded = true;
    try {
      if (operation === "preview") await stack.preview({ ...common, ...signal, diff: true });
      else if (operation === "up") await stack.up({ ...common, ...signal, diff: true });
      // The Automation API can't ask a refresh for its differences. They are in the state.
      else if (operation === "refresh") await stack.refresh({ ...common, ...signal });
      else await stack.destroy({ ...common, ...signal, diff: true });
    } catch (error) {
      succeeded = false;
      if (!(error instanceof automation().CommandError)) take(`error: ${(error as Error).message}\n`);
    }
    if (rest !== "") take("\n");
    const state = shownState(((await stack.exportStack()).deployment as { resources?: Resource[] }).resources ?? []);
    return { succeeded, output: output.map((line) => `${line}\n`).join(""), logged, changes, ...state };
  }

  async exportState(): Promise<string> {
    if (!this.stack) throw new Error("The Pulumi CLI has no state before its first operation.");
    // The Automation API exports secrets in clear; the plain command does not.
    const env = { ...process.env, ...this.own() };
    const { stdout } = await promisify(execFile)(this.command.command, ["stack", "export", "-s", this.stackName], {
      cwd: this.work,
      env,
      maxBuffer: Number.MAX_SAFE_INTEGER,
    });
    return stdout;
  }

  /** Imports a state. Before the first operation there is no stack, so the import waits until there is one. */
  async importState(text: string): Promise<void> {
    if (this.stack) await this.stack.importStack(JSON.parse(text) as Deployment);
    else this.imported.push(text);
  }

  async close(): Promise<void> {
    rmSync(this.home, { recursive: true, force: true });
  }

  private async prepareStack(program: Program, options: RunOptions): Promise<Stack> {
    const project = {
      name: program.project,
      main: join(program.directory, program.entry),
      runtime: {
        name: "nodejs",
        options: { typescript: program.typescript, nodeargs: program.nodeArguments.join(" ") },
      },
    };
    // JSON is valid YAML. This copy's `main` points to the program, whose directory stays free of stack configuration.
    writeFileSync(join(this.work, "Pulumi.yaml"), JSON.stringify(project));
    this.stack ??= await this.newStack();
    const environment = { ...options.environment, ...this.own() };
    // An undefined value removes a variable of this process, although the type only has strings.
    this.stack.workspace.envVars = environment as Record<string, string>;
    await this.configure(this.stack, program, options);
    return this.stack;
  }

  private own(): Record<string, string> {
    return cliVariables(this.home, this.passphrase);
  }

  private async newStack(): Promise<Stack> {
    const { LocalWorkspace } = automation();
    const where = { stackName: this.stackName, workDir: this.work };
    const stack = await LocalWorkspace.createOrSelectStack(where, {
      pulumiCommand: this.command,
      envVars: this.own(),
      secretsProvider: "passphrase",
    });
    for (const text of this.imported.splice(0)) await stack.importStack(JSON.parse(text) as Deployment);
    return stack;
  }

  /** Replaces the whole configuration, so that keys that are no longer given disappear. */
  private async configure(stack: Stack, program: Program, options: RunOptions): Promise<void> {
    const entries = (values: Record<string, string> | undefined, secret: boolean) =>
      Object.entries(values ?? {}).map(([key, value]) => [fullKey(program.project, key), { value, secret }] as const);
    const all = Object.fromEntries([
      ...entries(program.defaults, false),
      ...entries(options.config, false),
      ...entries(options.secrets, true),
    ]);
    if (JSON.stringify(all) === this.configured) return;
    const file = join(this.work, `Pulumi.${this.stackName}.yaml`);
    const salt = existsSync(file) ? /^encryptionsalt:.*$/m.exec(readFileSync(file, "utf8"))?.[0] : undefined;
    writeFileSync(file, `${salt ?? ""}\n`);
    if (Object.keys(all).length > 0) await stack.setAllConfig(all);
    this.configured = JSON.stringify(all);
  }
}
