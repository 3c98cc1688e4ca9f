/**
 * Runs of whole programs with an engine, real provider processes that are killed, and real time. Each takes seconds, so
 * they try less than the fast runs do: two resources, faults of calls, and kills. No content is published twice, so
 * that its text tells whether a URL is stale.
 */
import { type Emulator, type Fault, pathsOf, publish, type ReceivedCall, startEmulator } from "../emulator/index.js";
import type { Engine, RunResult } from "../engine/index.js";
import { drawFault } from "./faults.js";
import { noSecret, Violation } from "./invariants.js";
import { killProviders } from "./processes.js";
import { Random } from "./random.js";
import type { RunResult as ChaosResult } from "./run.js";
import { Viewers } from "./viewers.js";

export interface WholeRunOptions {
  seed: number;
  engine: Engine;
  /** The directory of the end-to-end tests' program that takes its resources from the configuration. */
  program: string;
  /** Gets a line for everything that happens. */
  trace?: (line: string) => void;
}

const URLS = ["a.js", "b/one.ts", "b/two.ts", "b/my%20clip.mp4"].map((name) => `https://vod.example.com/${name}`);
const SITES = { site: URLS, player: ["https://player.example.com/app.js", "https://player.example.com/app.css"] };

/** One run: a few deployments with faults, one without any, and one that has nothing to do. */
export async function wholeRun(options: WholeRunOptions): Promise<ChaosResult> {
  const emulator = await startEmulator({ domains: ["vod.example.com", "player.example.com"] });
  const run = new WholeRun(options, emulator);
  try {
    return await run.result();
  } finally {
    run.viewers.close();
    await options.engine.close();
    await emulator.close();
  }
}

class WholeRun {
  readonly viewers: Viewers;
  private readonly random: Random;
  private readonly content = new Map<string, string>();
  /** The URLs whose refresh no deployment has reported yet. */
  private readonly due = new Set<string>(Object.values(SITES).flat());
  private readonly faults = new Map<string, number>();
  private readonly outcomes = new Map<string, number>();
  private versions = 0;
  private step = 0;
  private readonly waits: boolean;
  private kills = 0;
  private killAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly options: WholeRunOptions,
    private readonly emulator: Emulator,
  ) {
    this.random = new Random(options.seed);
    this.waits = this.random.chance(0.5);
    this.viewers = new Viewers(emulator);
    const { received } = emulator;
    const push = received.push.bind(received);
    received.push = (...calls: ReceivedCall[]) => {
      const refreshes = calls.filter(({ action }) => action === "RefreshVodObjectCaches").length;
      this.killAt -= refreshes;
      if (refreshes > 0 && this.killAt < 0) this.kill();
      return push(...calls);
    };
    for (const url of this.due) this.publish(url);
  }

  async result(): Promise<ChaosResult> {
    let violation: ChaosResult["violation"];
    try {
      const steps = this.random.int(2, 4);
      for (this.step = 1; this.step <= steps; this.step++) await this.deploy({ faulty: true });
      if (!(await this.deploy({ faulty: false })).succeeded)
        throw new Violation("everything comes to its end", "a deployment without faults failed");
      this.step++;
      const before = this.emulator.received.length;
      const { output } = await this.up();
      const calls = this.emulator.received.slice(before).map(({ action }) => action);
      if (calls.includes("RefreshVodObjectCaches")) throw new Violation("nothing is done twice", output);
    } catch (error) {
      if (!(error instanceof Violation))
        throw new Error(`Seed ${this.options.seed}, step ${this.step}.`, { cause: error });
      violation = { step: this.step, invariant: error.invariant, detail: error.detail };
    }
    const { kills, faults, outcomes, step } = this;
    const { seed } = this.options;
    const { views } = this.viewers;
    const calls = this.emulator.received.length;
    return {
      seed,
      deployments: step,
      calls,
      views,
      kills,
      unseen: 0,
      faults,
      outcomes,
      ...(violation ? { violation } : {}),
    };
  }

  private async deploy({ faulty }: { faulty: boolean }): Promise<RunResult> {
    const { emulator, random } = this;
    await this.viewers.viewAll([...this.content.keys()]);
    for (const url of random.some([...this.content.keys()], this.step === 1 ? 0 : 0.6)) this.publish(url);
    emulator.advance(2_000);
    if (faulty) this.prepareFaults();
    const first = emulator.received.length;
    const result = await this.up();
    emulator.clearFaults();
    this.killAt = Number.POSITIVE_INFINITY;
    this.count(this.outcomes, result.succeeded ? "succeeded" : "failed");
    this.options.trace?.(`step ${this.step}: ${result.succeeded ? "succeeded" : "failed"}\n${result.output}`);
    this.checkNothingNeedless(emulator.received.slice(first));
    await this.checkWritten(result);
    if (result.succeeded) await this.checkEdge();
    return result;
  }

  private up(): Promise<RunResult> {
    const common = { wait: this.waits, retry: { maxAttempts: 2 } };
    const hashes = (urls: readonly string[]) => Object.fromEntries(urls.map((url) => [url, this.content.get(url)]));
    const resources = {
      site: { contents: hashes(SITES.site), ...common },
      player: { paths: SITES.player, contentHash: JSON.stringify(hashes(SITES.player)), ...common },
    };
    return this.options.engine.run("up", {
      program: this.options.program,
      config: { resources: JSON.stringify(resources) },
      secrets: {
        "alicloud:accessKey": this.emulator.accessKeyId,
        "alicloud:secretKey": this.emulator.accessKeySecret,
      },
      environment: { VOD_ENDPOINT: this.emulator.endpoint },
    });
  }

  private prepareFaults(): void {
    const { random, emulator } = this;
    if (random.chance(0.35)) this.killAt = random.int(0, 1);
    for (let count = random.int(0, 3); count > 0; count--) {
      // A resource that doesn't wait never learns that a task failed.
      const fault: Fault =
        !this.waits || random.chance(0.8)
          ? { ...drawFault(random), times: 1, action: "RefreshVodObjectCaches" }
          : { kind: "task-failed", description: "Origin Timeout", times: 1 };
      this.count(this.faults, fault.kind);
      emulator.fault(fault);
    }
  }

  private publish(url: string): void {
    const { host, pathname } = new URL(url);
    const text = `${url} ${this.content.size + ++this.versions}`;
    publish(this.emulator, `${host}${decodeURIComponent(pathname)}`, text);
    this.content.set(url, text);
    this.due.add(url);
    // The paths of one contentHash change together.
    if (SITES.player.includes(url)) for (const other of SITES.player) this.due.add(other);
  }

  /** Kills the provider's process, which has sent a call and never gets the answer. */
  private kill(): void {
    this.killAt = Number.POSITIVE_INFINITY;
    this.kills += killProviders();
  }

  private checkNothingNeedless(calls: readonly ReceivedCall[]): void {
    const refreshes = calls.filter(({ action, status }) => action === "RefreshVodObjectCaches" && status === 200);
    for (const path of refreshes.flatMap(pathsOf)) {
      if (!this.due.has(path)) throw new Violation("nothing unchanged is purged", `${path} was sent, and is not due`);
    }
  }

  private async checkWritten({ output }: RunResult): Promise<void> {
    const state = await this.options.engine.exportState();
    noSecret(this.emulator, "the output", [output]);
    noSecret(this.emulator, "the state", [state]);
    JSON.parse(state);
  }

  private async checkEdge(): Promise<void> {
    // Without `wait` the tasks may still be running.
    this.emulator.advance(60_000);
    for (const [url, text] of this.content) {
      const { body } = await this.viewers.view(url);
      if (body !== text) throw new Violation("the edge is fresh", `${url} is "${body}" and not "${text}"`);
    }
    this.due.clear();
  }

  private count(counts: Map<string, number>, name: string): void {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}
