// The stand-in engine: runs an operation on a program with the SDK's own runner and dynamic provider host, and keeps
// the state in a file. A test tool of this repository for programs of dynamic resources, not a product.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, ColdChild, type StartChild } from "./child.js";
import { Deployment } from "./deployment.js";
import { formatSummary } from "./display.js";
import { Execution } from "./execution.js";
import type { Engine, EngineOptions, Operation, RunOptions, RunResult } from "./index.js";
import { Monitor } from "./monitor.js";
import { fullKey, loadSdk, type Program, readProgram, type Sdk, sdkVersion } from "./program.js";
import { Progress, Stopped } from "./progress.js";
import { type PropertyMap, wrapSecret } from "./properties.js";
import { ProviderHost, ProviderPlugin, readMessage } from "./provider.js";
import { refreshAll } from "./refresh.js";
import { Registry } from "./registry.js";
import { Snapshot } from "./snapshot.js";
import { DYNAMIC_PROVIDER_TYPE, type Resource, StateFile, shownState } from "./state.js";
import { canStay, WarmChild } from "./warm.js";

const DEFAULT_PASSPHRASE = "stand-in";
/** The runner's exit code after it has printed the error. */
const ERROR_ALREADY_LOGGED = 32;
const TITLES: Record<Operation, string> = {
  preview: "Previewing update",
  up: "Updating",
  refresh: "Refreshing",
  destroy: "Destroying",
};

/** The stand-in with its state in `stateFile`, or in a temporary directory that close() removes. */
export function standInEngine(options: EngineOptions & { stateFile?: string } = {}): Engine {
  return new StandIn(options);
}

class StandIn implements Engine {
  private readonly temporary: string | undefined;
  private readonly state: StateFile;
  private readonly stack: string;
  private readonly keepsProcesses: boolean;
  private version: string | undefined;
  private readonly underWay = new Set<{ stop: () => void; done: Promise<unknown> }>();

  constructor(options: EngineOptions & { stateFile?: string }) {
    if (options.stateFile === undefined) this.temporary = mkdtempSync(join(tmpdir(), "pulumi-stand-in-state-"));
    const path = options.stateFile ?? join(this.temporary ?? "", "state.json");
    this.state = new StateFile(path, options.passphrase ?? DEFAULT_PASSPHRASE);
    this.stack = options.stack ?? "dev";
    this.keepsProcesses = options.keepsProcesses ?? false;
  }

  get name(): string {
    // Before the first program it is this repository's copy.
    return `stand-in engine (Node SDK ${this.version ?? sdkVersion(__dirname)})`;
  }

  async run(operation: Operation, options: RunOptions): Promise<RunResult> {
    if (this.underWay.size > 0) throw new Error("Another operation of this engine is under way: wait for its end.");
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    if (options.signal?.aborted) stop();
    options.signal?.addEventListener("abort", stop, { once: true });
    const run = new Run(operation, options, this.state, this.stack, abort.signal, this.keepsProcesses);
    const done = run.result();
    const entry = { stop, done };
    this.underWay.add(entry);
    try {
      return await done;
    } finally {
      this.version = run.sdkVersion ?? this.version;
      this.underWay.delete(entry);
      options.signal?.removeEventListener("abort", stop);
    }
  }

  async exportState(): Promise<string> {
    return this.state.text();
  }

  async importState(text: string): Promise<void> {
    await this.state.import(text);
  }

  async close(): Promise<void> {
    for (const { stop } of this.underWay) stop();
    await Promise.allSettled([...this.underWay].map(({ done }) => done));
    if (this.temporary !== undefined) rmSync(this.temporary, { recursive: true, force: true });
  }
}

/** One operation. */
class Run {
  sdkVersion: string | undefined;
  private readonly lines: string[] = [];

  constructor(
    private readonly operation: Operation,
    private readonly options: RunOptions,
    private readonly state: StateFile,
    private readonly stack: string,
    private readonly signal: AbortSignal,
    private readonly keepsProcesses: boolean,
  ) {}

  async result(): Promise<RunResult> {
    const started = Date.now();
    const planning = this.operation === "preview";
    let resources: readonly Resource[] = [];
    let progress: Progress | undefined;
    this.print(
      `${TITLES[this.operation]} (${this.stack}), with the stand-in engine (a test tool, not the Pulumi CLI):`,
    );
    try {
      const program = readProgram(this.options.program);
      const sdk = loadSdk(program.directory);
      this.sdkVersion = sdk.version;
      if (Object.keys(this.options.secrets ?? {}).length > 0) this.state.warm();
      resources = await this.state.read();
      progress = await this.perform(program, sdk, resources);
    } catch (error) {
      this.print(`error: ${readMessage(error)}`);
    }
    const counts = progress?.counts ?? {};
    const seconds = (Date.now() - started) / 1000;
    this.print(formatSummary(counts, { planning, errors: progress?.errors ?? 0, seconds }));
    const after = await this.state.read().catch(() => resources);
    const output = this.lines.map((line) => `${line}\n`).join("");
    const { succeeded = false, logged = [] } = progress ?? {};
    return { succeeded, output, logged, changes: counts, ...shownState(after) };
  }

  private print(text: string): void {
    if (text === "") return;
    for (const line of text.replace(/\n$/, "").split("\n")) {
      this.lines.push(line);
      this.options.onOutput?.(line);
    }
  }

  private async perform(program: Program, sdk: Sdk, resources: readonly Resource[]): Promise<Progress> {
    const planning = this.operation === "preview";
    const progress = new Progress((text) => this.print(text), planning);
    const interrupt = (): void => progress.fail(`the ${this.operation} was interrupted`);
    this.signal.addEventListener("abort", interrupt, { once: true });
    if (this.signal.aborted) interrupt();
    const { project } = program;
    const monitor = new Monitor(sdk, { project, stack: this.stack, dryRun: planning });
    await monitor.start();
    const environment = this.options.environment ?? {};
    const onLine = (message: string): void => progress.log({ severity: "info", message, urn: "", ephemeral: false });
    const start: StartChild = (script, args, given) =>
      this.keepsProcesses && canStay(given, program.isModule)
        ? new WarmChild(script, args, given)
        : new ColdChild(script, args, given);
    // The host starts at the same time as the program: each takes most of a second to load the SDK.
    const options = { engineAddress: monitor.address, environment, onLine };
    const host = new ProviderHost(sdk, program, { ...options, start });
    const snapshot = new Snapshot(resources);
    const startPlugin = (name: string) => new ProviderPlugin(sdk, name, program.directory, options);
    const providers = new Registry(host, startPlugin, (urn) => snapshot.old(urn));
    const write = (next: readonly Resource[]): Promise<void> => this.state.write(next);
    const execution = new Execution(progress, snapshot, providers, write);
    const { configuration, plain, secretKeys } = buildConfiguration(program, this.options);
    const configure = (values: PropertyMap): void => host.configure(values);
    const context = { stack: this.stack, project, progress, snapshot, execution, providers, configuration, configure };
    const deployment = new Deployment(context);
    monitor.deployer = deployment;
    // Until the program registers a dynamic resource, the provider has the configuration of the state.
    host.configure(snapshot.base.find((one) => one.type === DYNAMIC_PROVIDER_TYPE)?.inputs ?? {});
    let runner: Child | undefined;
    let work: Promise<void> = Promise.resolve();
    try {
      if (this.operation === "preview" || this.operation === "up") {
        const PULUMI_CONFIG = JSON.stringify(plain);
        const PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secretKeys);
        runner = startRunner(sdk, program, {
          address: monitor.address,
          stack: this.stack,
          planning,
          environment: { ...environment, PULUMI_CONFIG, PULUMI_CONFIG_SECRET_KEYS },
          onLine,
          start,
        });
        work = runProgram(runner, deployment, progress);
      } else if (this.operation === "refresh") work = refreshAll(progress, snapshot, providers, write);
      else work = execution.deleteAll(resources);
      work = work.catch((error: unknown) => {
        if (!(error instanceof Stopped)) progress.fail(readMessage(error));
      });
      // After an interruption the engine does not wait for the host of dynamic resources, whose call may take minutes. A plugin stops.
      await Promise.race([work, waitForAbort(this.signal)]);
      if (!this.signal.aborted || (await providers.cancel())) await Promise.all([work, deployment.idle()]);
    } finally {
      this.signal.removeEventListener("abort", interrupt);
      progress.mute();
      await Promise.all([runner?.end(), providers.end()]);
      await Promise.all([work, deployment.idle()]);
      monitor.stop();
    }
    return progress;
  }
}

const waitForAbort = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Waits for the program, or for the first failure. */
async function runProgram(runner: Child, deployment: Deployment, progress: Progress): Promise<void> {
  const code = await Promise.race([runner.exited, progress.whenStopped]);
  if (code === 0 && !progress.stopped) {
    // An old SDK does not announce its end, so the deletes are still to do.
    if (!deployment.programIsDone) await deployment.programDone();
  } else if (code === ERROR_ALREADY_LOGGED) {
    progress.stop();
  } else if (typeof code === "number" && !progress.stopped) {
    progress.fail(`an unhandled error occurred: Program exited with non-zero exit code: ${code}`);
  }
  await deployment.idle();
  await deployment.finishOutputs();
}

function startRunner(
  sdk: Sdk,
  program: Program,
  options: {
    address: string;
    stack: string;
    planning: boolean;
    environment: Record<string, string | undefined>;
    onLine: (line: string) => void;
    start: StartChild;
  },
): Child {
  const args = [
    ...["--monitor", options.address, "--engine", options.address, "--project", program.project],
    ...["--organization", "organization", "--root-directory", program.root, "--stack", options.stack],
    ...["--pwd", program.directory, ...(options.planning ? ["--dry-run"] : []), "--parallel", "16", program.entry],
  ];
  const environment = { ...options.environment, ...(program.typescript && { PULUMI_NODEJS_TYPESCRIPT: "true" }) };
  const { directory, nodeArguments } = program;
  return options.start(sdk.runner, args, { directory, environment, nodeArguments, onLine: options.onLine });
}

/** The configuration for the provider, the configuration for the program, and the keys of its secrets. */
function buildConfiguration(
  program: Program,
  options: RunOptions,
): { configuration: PropertyMap; plain: Record<string, string>; secretKeys: string[] } {
  const full = (values: Record<string, string> | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [fullKey(program.project, key), value]));
  const secrets = full(options.secrets);
  const open = { ...program.defaults, ...full(options.config) };
  const hidden = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, wrapSecret(value)]));
  return { configuration: { ...open, ...hidden }, plain: { ...open, ...secrets }, secretKeys: Object.keys(secrets) };
}
