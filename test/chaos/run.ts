/** One run: a random history of deployments of one to three sites, with everything that can go wrong. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, startEmulator } from "../emulator/index.js";
import type { Outcome, Provider } from "./engine.js";
import { drawConditions, drawTerms, FaultInjector, MAX_TASK_MS, SOUND } from "./faults.js";
import * as invariants from "./invariants.js";
import { Violation } from "./invariants.js";
import { Ledger } from "./ledger.js";
import {
  type Attempt,
  buildAttempt,
  drawFirst,
  drawNext,
  findCovering,
  type Kind,
  type ObjectType,
} from "./program.js";
import { edgeAgent, IN_STEP, Proof, whatIsVerifiedIsFresh } from "./proof.js";
import { Random } from "./random.js";
import { changeFiles, drawViews, type Resource } from "./resource.js";
import { DOMAINS, type Shape, Site } from "./site.js";
import { Triggers } from "./triggers.js";
import { type Circumstances, Deployer } from "./up.js";
import { Viewers } from "./viewers.js";

export interface RunOptions {
  seed: number;
  /** Gets a line for everything that happens. */
  trace?: (line: string) => void;
  /** Wraps the provider, for example with a mistake that the run must find. */
  around?: (provider: Provider) => Provider;
  /** Fixed settings. By default the seed draws them. */
  setting?: Partial<Setting>;
}

export interface Setting {
  /** The probability that a call gets a fault. */
  intensity: number;
  /** How long a call takes at most. */
  maxCallMs: number;
  sites: number;
}

/** Three sites that call so quickly that the service merges their tasks. */
export const CROWD: Setting = { intensity: 0.2, maxCallMs: 20, sites: 3 };

export interface RunResult {
  seed: number;
  deployments: number;
  calls: number;
  views: number;
  kills: number;
  /** URLs that no provider could know of: see {@link Ledger.unrecorded}. */
  unseen: number;
  /** How often each fault and condition occurred. */
  faults: ReadonlyMap<string, number>;
  /** How often each outcome occurred. */
  outcomes: ReadonlyMap<string, number>;
  violation?: { step: number; invariant: string; detail: string };
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A morning of the service's day, long before this machine's time, so that the two can't be confused. */
const START = Date.UTC(2020, 4, 4, 1);

/** The statuses of a resource that owes nothing to its viewers; its tasks may have ended after the last poll. */
const DONE = ["NotSubmitted", "Submitted", "Pending", "Refreshing", "Complete"];

export async function chaosRun(options: RunOptions): Promise<RunResult> {
  const directory = mkdtempSync(join(tmpdir(), "vod-chaos-"));
  const proof = options.setting === undefined ? Proof.draw(options.seed) : undefined;
  const emulator = await startEmulator({ domains: DOMAINS, ...(proof ? { nodes: 2, https: true } : {}) });
  const run = new Run(options, emulator, directory, proof);
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
  private readonly triggers: Triggers | undefined;
  private readonly faults: FaultInjector;
  private readonly resources: Resource[];
  private readonly deployer: Deployer;
  private step = 0;
  private unseen = 0;

  constructor(
    private readonly options: RunOptions,
    private readonly emulator: Emulator,
    directory: string,
    private readonly proof: Proof | undefined,
  ) {
    this.random = new Random(options.seed);
    this.triggers = Triggers.draw(options.seed);
    this.viewers = new Viewers(emulator);
    emulator.setTime(START);
    emulator.freeze();
    const drawn = {
      intensity: this.random.pick([0, 0.02, 0.05, 0.2, 0.5]),
      maxCallMs: this.random.pick([20, 300, 2_500]),
      sites: this.random.int(1, 3),
    };
    // Resources that verify side by side would ask in any order.
    const { intensity, maxCallMs, sites } = { ...drawn, ...(proof ? { sites: 1 } : {}), ...options.setting };
    this.faults = new FaultInjector(emulator, this.random, intensity, maxCallMs);
    const trace = (line: string) => this.trace(line);
    const { conditions, config } = drawTerms(this.random);
    this.trace(`the account has ${JSON.stringify(conditions)}, the program ${JSON.stringify(config)}`);
    emulator.set(conditions);
    if (conditions.regexQuota) this.faults.count("quotas of Regex and IgnoreParams");
    const { random, faults } = this;
    this.deployer = new Deployer({
      ...{ emulator, random, faults, config, trace, around: options.around },
      ...(proof ? { proof, edgeAgent: edgeAgent(emulator) } : {}),
    });
    this.resources = Array.from({ length: sites }, (_, index) => {
      const shape = this.random.pick<Shape>(["small", "small", "wide", "deep"]);
      const hasDates = this.random.chance(0.8);
      const site = new Site(index, shape, hasDates, emulator.origin, join(directory, String(index)));
      this.trace(`${site.name} is ${shape}${hasDates ? "" : ", and all its files have the same Last-Modified"}`);
      for (const url of this.random.some(site.universe, 0.6)) site.write(url, this.random);
      site.write(site.baseUrl + (shape === "deep" ? "deep/0/segment-0.ts" : "app.js"), this.random);
      return this.drawResources(site);
    }).flat();
  }

  /** Draws the resources of a site: usually a refresh, else a refresh with a preload after it, or a preload alone. */
  private drawResources(site: Site): Resource[] {
    const create = (kind: Kind, name: string, refresh?: Resource): Resource => {
      const declaration = drawFirst(kind, site, this.random);
      this.trace(`${name}: ${JSON.stringify(declaration)}`);
      const common = { name, kind, site, ledger: new Ledger(site.universe), declaration, inProgram: true };
      return refresh ? { ...common, refresh } : common;
    };
    if (this.random.chance(0.1)) return [create("preload", `${site.name}-preload`)];
    const refresh = create("refresh", site.name);
    if (this.random.chance(0.65)) return [refresh];
    // A preload keeps the old copies at the edge, so the first refresh has to drop them.
    refresh.declaration = { ...refresh.declaration, refreshOnCreate: true };
    return [refresh, create("preload", `${site.name}-preload`, refresh)];
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
    const { count: deployments, outcomes } = this.deployer;
    const { unseen } = this;
    const { views } = this.viewers;
    return { seed, deployments, calls, views, kills, unseen, faults, outcomes, ...(violation ? { violation } : {}) };
  }

  private trace(line: string): void {
    this.options.trace?.(`step ${this.step}: ${line}`);
  }

  private async oneStep(): Promise<void> {
    const { random, emulator, faults } = this;
    const isRefreshedBefore = random.chance(0.15) && (await this.refreshBefore(random.pick(this.resources)));
    await this.viewers.viewAll(drawViews(this.resources, random));
    if (this.step > 1) {
      for (const resource of this.resources) {
        // The program rarely drops a resource, which later comes back with the files of that time.
        resource.inProgram = random.chance(resource.inProgram ? 0.96 : 0.5) && resource.refresh?.inProgram !== false;
        if (random.chance(0.25))
          resource.declaration = drawNext(resource.kind, resource.site, resource.declaration, random);
        const triggers = this.triggers?.next(resource.declaration.triggers);
        resource.declaration = { ...resource.declaration, triggers };
        // A resource that doesn't wait to the end never learns that a task failed or is stuck.
        const isFailing = [...resource.ledger.leftover.values()].includes("failed");
        const seesFailures = resource.declaration.wait === true;
        if (isFailing && !seesFailures) resource.declaration = { ...resource.declaration, wait: true };
        if (!resource.refresh && random.chance(0.85)) this.trace(changeFiles(resource, emulator.cached(), random));
      }
    }
    const attempts = this.attempts(random.chance(0.7));
    if (random.chance(0.5)) await this.viewers.viewAll(drawViews(this.resources, random));
    // After four days the service no longer has records of the tasks.
    if (isRefreshedBefore) emulator.advance(random.int(2, 6) * 1000);
    else emulator.advance(random.chance(0.25) ? random.pick([1, 4]) * DAY_MS : random.int(2, 90) * 1000);
    // Some deployments get a single, transient fault.
    faults.isSingle = random.chance(0.2);
    const drawn = faults.isSingle ? {} : { ...drawConditions(random), ...this.proof?.drawLag() };
    const present = Object.entries(drawn);
    const tasksAreSlow = present.some(([, { taskDelayMs }]) => taskDelayMs !== undefined);
    for (const [name, conditions] of present) {
      this.trace(`condition: ${name} ${JSON.stringify(conditions)}`);
      faults.count(name);
      emulator.set(conditions);
    }
    const before = { ...emulator.quota() };
    const { regexRemain = 200, ignoreParamsRemain = 400 } = before;
    const hasOwnQuota = regexRemain > 90 && ignoreParamsRemain > 200;
    const hasQuota = before.urlRemain > 500 && before.dirRemain > 20 && before.preloadRemain > 200;
    const isSound = present.length === 0 && hasQuota && hasOwnQuota;
    await this.deploy(attempts, { kills: !faults.isSingle, tasksAreSlow, isSound });
    if (this.proof) emulator.set(IN_STEP);
    await this.checkProof();
    emulator.set(SOUND);
    emulator.advance(MAX_TASK_MS);
    if (random.chance(0.5)) emulator.set({ urlRemain: 2000, dirRemain: 100, preloadRemain: 500 });
    this.trace(`quota ${JSON.stringify(before)} to ${JSON.stringify(emulator.quota())}`);
    await this.check();
  }

  /** Lets somebody else refresh a whole site seconds before its content changes, as what it is named. */
  private async refreshBefore({ site, kind, declaration }: Resource): Promise<boolean> {
    if (kind !== "refresh" || declaration.objectType !== "File" || site.shape === "wide") return false;
    this.trace(`${site.name} is refreshed by somebody else`);
    await this.faults.refreshBefore(site.universe, "File");
    return true;
  }

  /** Without faults everything completes, and then nothing is left to do. */
  private async lastSteps(): Promise<void> {
    const { emulator, faults } = this;
    [faults.intensity, faults.isSingle] = [0, false];
    for (const resource of this.resources) resource.inProgram = true;
    // Some quotas don't hold what all sites together send in a day.
    emulator.set({ regexQuota: null, ignoreParamsQuota: null });
    emulator.advance(DAY_MS);
    const attempts = this.attempts(true);
    const calm = { kills: false, tasksAreSlow: false, isSound: true };
    const held = new Set<string>();
    let deployed = await this.deploy(attempts, calm);
    // What a node missed in an earlier step may be seen only now: the next update sends it again.
    if ([...this.deployer.engine.state.values()].some(({ outputs }) => outputs.__stale !== undefined)) {
      await this.check();
      this.step++;
      emulator.advance(60_000);
      deployed = await this.deploy(this.attempts(true), calm);
    }
    for (const [resource, outcome] of deployed) {
      const { name } = resource;
      // A preload that fails may stop the others.
      const isStopped = outcome.kind === "skipped" && held.size > 0;
      if (isStopped || this.isHeld(resource, outcome) || (await this.isRefused(resource))) {
        held.add(name);
        continue;
      }
      const status = this.deployer.engine.state.get(name)?.outputs.status;
      const isDone = ["created", "updated", "same"].includes(outcome.kind) && DONE.includes(String(status));
      if (!isDone)
        throw new Violation("everything comes to its end", `${name} is ${outcome.kind} with the status ${status}`);
    }
    await this.check();
    this.step++;
    emulator.advance(60_000);
    for (const [{ name }, outcome] of await this.deploy(this.attempts(true), calm)) {
      const isStopped = outcome.kind === "skipped" && held.size > 0;
      if (outcome.kind !== "same" && !isStopped && !held.has(name))
        throw new Violation("nothing is done twice", `${name} was ${outcome.kind} without a change`);
    }
  }

  /**
   * Whether a preload rightly waits for a refresh whose tasks failed or never end, since nobody else waits for them.
   */
  private isHeld({ name, kind, declaration }: Resource, outcome: Outcome): boolean {
    const isWarned =
      declaration.onFailure === "warn" && this.deployer.engine.state.get(name)?.outputs.status === "Incomplete";
    const isWaiting =
      "messages" in outcome && outcome.messages.some((message) => message.includes(", so nothing was preloaded: "));
    if (kind === "refresh" || !(isWaiting || isWarned)) return false;
    const refresh = this.deployer.engine.state.get(name.replace(/-preload$/, ""))?.outputs.taskIds as
      | string[]
      | undefined;
    const own = new Set(refresh);
    return this.emulator.tasks().some(({ taskId, status }) => own.has(taskId) && status !== "Complete");
  }

  /**
   * Whether a preload fails since the edge has cached, without anybody knowing, that its files aren't there, or since a node missed their
   * refresh.
   */
  private async isRefused({ name, refresh }: Resource): Promise<boolean> {
    const pending = (this.deployer.engine.state.get(name)?.outputs.pending ?? []) as string[];
    for (const path of pending) {
      if (!refresh?.ledger.unrecorded.has(path) && !(await this.proof?.missesRefresh(path, this.viewers))) return false;
    }
    return pending.length > 0;
  }

  private attempts(loose: boolean): Map<Resource, Attempt> {
    const present = this.resources.filter(({ inProgram }) => inProgram);
    const attempts = new Map<Resource, Attempt>();
    // A refresh comes before its preload.
    for (const resource of present) {
      const refresh = resource.refresh && attempts.get(resource.refresh);
      const attempt = buildAttempt(resource.site, resource.declaration, loose, refresh);
      if (attempt.keys.size > 0 || resource.kind === "refresh") attempts.set(resource, attempt);
    }
    return attempts;
  }

  /** Does one `pulumi up`, which deletes resources only if all others succeed. */
  private async deploy(attempts: Map<Resource, Attempt>, circumstances: Circumstances) {
    const outcomes = await this.deployer.up(attempts, circumstances);
    const isStopped = [...outcomes.values()].some(({ kind }) => !["created", "updated", "same"].includes(kind));
    for (const resource of this.resources) {
      if (attempts.has(resource)) continue;
      if (isStopped) resource.ledger.lose(buildAttempt(resource.site, resource.declaration, false));
      else {
        await this.deployer.remove(resource);
        resource.ledger.forget();
      }
    }
    return outcomes;
  }

  /** Checks what the deployments that verified and succeeded have left, before anything else reaches the node. */
  private async checkProof(): Promise<void> {
    for (const deployment of this.deployer.succeeded.values()) {
      if (deployment.verifies) await whatIsVerifiedIsFresh(deployment, this.viewers);
    }
  }

  /** Checks what viewers get after the deployments that succeeded. */
  private async check(): Promise<void> {
    const { emulator, viewers } = this;
    const cached = new Set(emulator.cached());
    const deployments = [...this.deployer.succeeded];
    const outsiders = deployments.flatMap(([, { sent }]) => sent.filter(({ isFromOutsider }) => isFromOutsider));
    const isPurged = (url: string) =>
      outsiders.some(({ objectType, paths }) => findCovering(objectType as ObjectType, paths, url) !== undefined);
    for (const [{ kind }, deployment] of deployments)
      if (kind === "preload" && deployment.isWhole) invariants.edgeIsWarm(deployment, cached, isPurged);
    for (const [{ kind, ledger }, deployment] of deployments)
      if (kind === "refresh") this.unseen += await invariants.edgeIsFresh(deployment, ledger, { emulator, viewers });
  }
}
