/** One run: a random history of deployments of one to three sites, with everything that can go wrong on the way. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, startEmulator } from "../emulator/index.js";
import type { Outcome, Provider } from "./engine.js";
import { anyConditions, FaultInjector, SLOWEST_TASK_MS, SOUND } from "./faults.js";
import * as invariants from "./invariants.js";
import { Violation } from "./invariants.js";
import { Ledger } from "./ledger.js";
import { type Attempt, attemptOf, firstManner, type Kind, nextManner } from "./program.js";
import { Random } from "./random.js";
import { changeFiles, looks, type Resource } from "./resource.js";
import { DOMAINS, type Shape, Site } from "./site.js";
import { type Circumstances, Ups } from "./up.js";
import { Viewers } from "./viewers.js";

export interface RunOptions {
  seed: number;
  /** Gets a line for each thing that is done. */
  trace?: (line: string) => void;
  /** Puts something between the engine and the provider, such as a mistake that is to be found. */
  around?: (provider: Provider) => Provider;
  /** What is the same in every run. Defaults to what the seed draws. */
  setting?: Partial<Setting>;
}

export interface Setting {
  /** How likely a call is to be befallen. */
  intensity: number;
  /** How long a call takes at most. */
  slowestCallMs: number;
  sites: number;
}

/** Resources that call so quickly, one after the other, that the service merges their tasks. */
export const CROWD: Setting = { intensity: 0.2, slowestCallMs: 20, sites: 3 };

export interface RunResult {
  seed: number;
  deployments: number;
  calls: number;
  views: number;
  kills: number;
  /** URLs about which no provider could know better: see {@link Ledger.blind}. */
  unseen: number;
  /** How often each fault and condition came. */
  faults: ReadonlyMap<string, number>;
  /** How often each outcome was. */
  outcomes: ReadonlyMap<string, number>;
  violation?: { step: number; invariant: string; detail: string };
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A morning of the service's day, so long ago that nobody takes it for this machine's time. */
const START = Date.UTC(2020, 4, 4, 1);

/** The statuses of a resource that owes nothing to its viewers; two of them were last seen before the tasks ended. */
const DONE = ["NotSubmitted", "Submitted", "Pending", "Refreshing", "Complete"];

export async function chaosRun(options: RunOptions): Promise<RunResult> {
  const directory = mkdtempSync(join(tmpdir(), "vod-chaos-"));
  const emulator = await startEmulator({ domains: DOMAINS });
  const run = new Run(options, emulator, directory);
  try {
    return await run.result();
  } finally {
    run.viewers.close();
    await emulator.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Run {
  readonly viewers: Viewers;
  private readonly random: Random;
  private readonly faults: FaultInjector;
  private readonly resources: Resource[];
  private readonly ups: Ups;
  private step = 0;
  private unseen = 0;

  constructor(
    private readonly options: RunOptions,
    private readonly emulator: Emulator,
    directory: string,
  ) {
    this.random = new Random(options.seed);
    this.viewers = new Viewers(emulator);
    emulator.setTime(START);
    emulator.freeze();
    const drawn = {
      intensity: this.random.pick([0, 0.02, 0.05, 0.2, 0.5]),
      slowestCallMs: this.random.pick([20, 300, 2_500]),
      sites: this.random.int(1, 3),
    };
    const { intensity, slowestCallMs, sites } = { ...drawn, ...options.setting };
    this.faults = new FaultInjector(emulator, this.random, intensity, slowestCallMs);
    const trace = (line: string) => this.trace(line);
    this.ups = new Ups({ emulator, random: this.random, faults: this.faults, trace, around: options.around });
    this.resources = Array.from({ length: sites }, (_, index) => {
      const shape = this.random.pick<Shape>(["small", "small", "wide", "deep"]);
      const site = new Site(index, shape, emulator.origin, join(directory, String(index)));
      this.trace(`${site.name} is ${shape}`);
      for (const url of this.random.some(site.universe, 0.6)) site.write(url, this.random);
      site.write(site.baseUrl + (shape === "deep" ? "deep/0/segment-0.ts" : "app.js"), this.random);
      return this.resourcesOf(site);
    }).flat();
  }

  /** Most often a refresh, or one with a preload after it, or a preload of what was never there. */
  private resourcesOf(site: Site): Resource[] {
    const made = (kind: Kind, name: string, after?: Resource): Resource => {
      const manner = firstManner(kind, site, this.random);
      this.trace(`${name}: ${JSON.stringify(manner)}`);
      const common = { name, kind, site, ledger: new Ledger(site.universe), manner, inProgram: true };
      return after ? { ...common, after } : common;
    };
    if (this.random.chance(0.1)) return [made("preload", `${site.name}-preload`)];
    const refresh = made("refresh", site.name);
    if (this.random.chance(0.65)) return [refresh];
    // A preload keeps what the edge holds, so that it would stay without a first refresh.
    refresh.manner = { ...refresh.manner, refreshOnCreate: true };
    return [refresh, made("preload", `${site.name}-preload`, refresh)];
  }

  async result(): Promise<RunResult> {
    let violation: RunResult["violation"];
    try {
      const steps = this.random.int(3, 8);
      for (this.step = 1; this.step <= steps; this.step++) await this.oneStep();
      await this.lastSteps();
    } catch (error) {
      if (!(error instanceof Violation))
        throw new Error(`Seed ${this.options.seed}, step ${this.step}.`, { cause: error });
      violation = { step: this.step, invariant: error.invariant, detail: error.detail };
    }
    const { seed } = this.options;
    const { counts: faults, calls, kills } = this.faults;
    const { count: deployments, outcomes } = this.ups;
    const { unseen } = this;
    const { views } = this.viewers;
    return { seed, deployments, calls, views, kills, unseen, faults, outcomes, ...(violation ? { violation } : {}) };
  }

  private trace(line: string): void {
    this.options.trace?.(`step ${this.step}: ${line}`);
  }

  private async oneStep(): Promise<void> {
    const { random, emulator, faults } = this;
    await this.viewers.viewAll(looks(this.resources, random));
    if (this.step > 1) {
      for (const resource of this.resources) {
        // The rare resource that the program drops comes back with what it has by then.
        resource.inProgram = random.chance(resource.inProgram ? 0.96 : 0.5) && resource.after?.inProgram !== false;
        if (random.chance(0.25)) resource.manner = nextManner(resource.kind, resource.site, resource.manner, random);
        // Who doesn't wait to the end isn't told that a task failed or is stuck.
        const isFailing = [...resource.ledger.left.values()].includes("failed");
        const isTold = resource.manner.wait === true;
        if (isFailing && !isTold) resource.manner = { ...resource.manner, wait: true };
        if (!resource.after && random.chance(0.85)) this.trace(changeFiles(resource, emulator.cached(), random));
      }
    }
    const attempts = this.attempts(random.chance(0.7));
    if (random.chance(0.5)) await this.viewers.viewAll(looks(this.resources, random));
    // After four days the service has no record of a task any more.
    emulator.advance(random.chance(0.2) ? random.pick([1, 1, 4]) * DAY_MS : random.int(2, 90) * 1000);
    // Some deployments meet a single fault, and one that passes.
    faults.isSingle = random.chance(0.2);
    const present = faults.isSingle ? [] : Object.entries(anyConditions(random));
    const tasksAreSlow = present.some(([, { taskDelayMs }]) => taskDelayMs !== undefined);
    for (const [name, conditions] of present) {
      this.trace(`condition: ${name} ${JSON.stringify(conditions)}`);
      faults.count(name);
      emulator.set(conditions);
    }
    const before = { ...emulator.quota() };
    const isSound =
      present.length === 0 && before.urlRemain > 500 && before.dirRemain > 20 && before.preloadRemain > 200;
    await this.deploy(attempts, { kills: !faults.isSingle, tasksAreSlow, isSound });
    emulator.set(SOUND);
    emulator.advance(SLOWEST_TASK_MS);
    if (random.chance(0.5)) emulator.set({ urlRemain: 2000, dirRemain: 100, preloadRemain: 500 });
    this.trace(`quota ${JSON.stringify(before)} to ${JSON.stringify(emulator.quota())}`);
    await this.check();
  }

  /** Without faults everything comes to its end, and then nothing is left to do. */
  private async lastSteps(): Promise<void> {
    const { emulator, faults } = this;
    [faults.intensity, faults.isSingle] = [0, false];
    for (const resource of this.resources) resource.inProgram = true;
    emulator.advance(DAY_MS);
    const attempts = this.attempts(true);
    const calm = { kills: false, tasksAreSlow: false, isSound: true };
    const held = new Set<string>();
    for (const [{ name }, outcome] of await this.deploy(attempts, calm)) {
      if (this.isHeld(name, outcome)) {
        held.add(name);
        continue;
      }
      const status = this.ups.engine.state.get(name)?.outputs.status;
      const isDone = ["created", "updated", "same"].includes(outcome.kind) && DONE.includes(String(status));
      if (!isDone)
        throw new Violation("everything comes to its end", `${name} is ${outcome.kind} with the status ${status}`);
    }
    await this.check();
    this.step++;
    emulator.advance(60_000);
    for (const [{ name }, outcome] of await this.deploy(this.attempts(true), calm)) {
      if (outcome.kind !== "same" && !held.has(name))
        throw new Violation("nothing is done twice", `${name} was ${outcome.kind} without a change`);
    }
  }

  /** Whether a preload waits for a refresh whose tasks never end, or failed, and which nobody waits for: it must. */
  private isHeld(name: string, outcome: Outcome): boolean {
    const isWaiting =
      "messages" in outcome && outcome.messages.some((message) => message.startsWith("The refresh before it "));
    const refresh = this.ups.engine.state.get(name.replace(/-preload$/, ""))?.outputs.taskIds as string[] | undefined;
    const own = new Set(refresh);
    return isWaiting && this.emulator.tasks().some(({ taskId, status }) => own.has(taskId) && status !== "Complete");
  }

  private attempts(loose: boolean): Map<Resource, Attempt> {
    const present = this.resources.filter(({ inProgram }) => inProgram);
    const attempts = new Map<Resource, Attempt>();
    // A refresh stands before its preload.
    for (const resource of present) {
      const after = resource.after && attempts.get(resource.after);
      const attempt = attemptOf(resource.site, resource.manner, loose, after);
      if (attempt.keys.size > 0 || resource.kind === "refresh") attempts.set(resource, attempt);
    }
    return attempts;
  }

  /** One `pulumi up`; deletes come when the program has succeeded. */
  private async deploy(attempts: Map<Resource, Attempt>, circumstances: Circumstances) {
    const outcomes = await this.ups.up(attempts, circumstances);
    const isStopped = [...outcomes.values()].some(({ kind }) => !["created", "updated", "same"].includes(kind));
    for (const resource of this.resources) {
      if (attempts.has(resource)) continue;
      if (isStopped) resource.ledger.lose(attemptOf(resource.site, resource.manner, false));
      else {
        await this.ups.remove(resource);
        resource.ledger.forget();
      }
    }
    return outcomes;
  }

  /** What viewers get of the deployments that succeeded. */
  private async check(): Promise<void> {
    const { emulator, viewers } = this;
    const cached = new Set(emulator.cached());
    const deployments = [...this.ups.succeeded];
    const hasOutsiders = deployments.some(([, { sent }]) => sent.some(({ isOutsiders }) => isOutsiders));
    for (const [{ kind }, deployment] of deployments)
      if (kind === "preload" && deployment.isWhole && !hasOutsiders) invariants.edgeIsWarm(deployment, cached);
    for (const [{ kind, ledger }, deployment] of deployments)
      if (kind === "refresh") this.unseen += await invariants.edgeIsFresh(deployment, ledger, { emulator, viewers });
  }
}
