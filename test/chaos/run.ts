/** One run: a random history of deployments of one to three resources, with everything that can go wrong on the way. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Surroundings } from "../../provider/clients.js";
import { refreshProvider } from "../../provider/refresh.js";
import { createLimiter } from "../../provider/vod/limiter.js";
import { type Emulator, startEmulator } from "../emulator/index.js";
import { EngineModel, type Outcome, type Provider } from "./engine.js";
import { anyConditions, FaultInjector, SLOWEST_TASK_MS, SOUND } from "./faults.js";
import * as invariants from "./invariants.js";
import { Violation } from "./invariants.js";
import { Ledger } from "./ledger.js";
import { type Attempt, attemptOf, firstManner, nextManner, type Properties } from "./program.js";
import { Random } from "./random.js";
import { changeFiles, excusedOf, looks, type Resource } from "./resource.js";
import { DOMAINS, type Shape, Site } from "./site.js";
import { Viewers } from "./viewers.js";

export interface RunOptions {
  seed: number;
  /** Gets a line for each thing that is done. */
  trace?: (line: string) => void;
  /** Puts something between the engine and the provider, such as a mistake that is to be found. */
  around?: (provider: Provider) => Provider;
}

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
  private readonly engine = new EngineModel();
  private readonly faults: FaultInjector;
  private readonly resources: Resource[];
  private readonly lines: string[] = [];
  private readonly outcomes = new Map<string, number>();
  private step = 0;
  private deployments = 0;
  private unseen = 0;
  private tasksAreSlow = false;

  constructor(
    private readonly options: RunOptions,
    private readonly emulator: Emulator,
    directory: string,
  ) {
    this.random = new Random(options.seed);
    this.viewers = new Viewers(emulator);
    emulator.setTime(START);
    emulator.freeze();
    this.faults = new FaultInjector(emulator, this.random, this.random.pick([0, 0.05, 0.2, 0.5]));
    this.resources = Array.from({ length: this.random.int(1, 3) }, (_, index) => {
      const shape = this.random.pick<Shape>(["small", "small", "wide", "deep"]);
      const site = new Site(index, shape, emulator.origin, join(directory, String(index)));
      const manner = firstManner(site, this.random);
      this.trace(`${site.name} is ${shape}, ${JSON.stringify(manner)}`);
      for (const url of this.random.some(site.universe, 0.6)) site.write(url, this.random);
      site.write(site.baseUrl + (shape === "deep" ? "deep/0/segment-0.ts" : "app.js"), this.random);
      return { site, ledger: new Ledger(site.universe), manner, inProgram: true };
    });
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
    const { deployments, unseen, outcomes } = this;
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
        resource.inProgram = random.chance(resource.inProgram ? 0.96 : 0.5);
        if (random.chance(0.25)) resource.manner = nextManner(resource.site, resource.manner, random);
        // Who doesn't wait to the end isn't told that a task failed or is stuck.
        const isFailing = [...resource.ledger.left.values()].includes("failed");
        const isTold = resource.manner.wait === true;
        if (isFailing && !isTold) resource.manner = { ...resource.manner, wait: true };
        if (random.chance(0.85)) this.trace(changeFiles(resource, emulator.cached(), random));
      }
    }
    const attempts = this.attempts(random.chance(0.7));
    if (random.chance(0.5)) await this.viewers.viewAll(looks(this.resources, random));
    emulator.advance(random.chance(0.2) ? DAY_MS : random.int(2, 90) * 1000);
    const present = Object.entries(anyConditions(random));
    this.tasksAreSlow = present.some(([, { taskDelayMs }]) => taskDelayMs !== undefined);
    for (const [name, conditions] of present) {
      this.trace(`condition: ${name} ${JSON.stringify(conditions)}`);
      faults.count(name);
      emulator.set(conditions);
    }
    const before = { ...emulator.quota() };
    await this.deploy(attempts, { kills: true });
    emulator.set(SOUND);
    emulator.advance(SLOWEST_TASK_MS);
    if (random.chance(0.5)) emulator.set({ urlRemain: 2000, dirRemain: 100 });
    this.trace(`quota ${JSON.stringify(before)} to ${JSON.stringify(emulator.quota())}`);
    await this.check(attempts);
  }

  /** Without faults everything comes to its end, and then nothing is left to do. */
  private async lastSteps(): Promise<void> {
    const { emulator, faults } = this;
    faults.intensity = 0;
    for (const resource of this.resources) resource.inProgram = true;
    emulator.advance(DAY_MS);
    const attempts = this.attempts(true);
    const outcomes = await this.deploy(attempts, { kills: false });
    for (const [{ site }, outcome] of outcomes) {
      const status = this.engine.state.get(site.name)?.outputs.status;
      const isDone = ["created", "updated", "same"].includes(outcome.kind) && DONE.includes(String(status));
      if (!isDone)
        throw new Violation("everything comes to its end", `${site.name} is ${outcome.kind} with the status ${status}`);
    }
    await this.check(attempts);
    this.step++;
    emulator.advance(60_000);
    const again = await this.deploy(this.attempts(true), { kills: false });
    for (const [{ site }, outcome] of again) {
      if (outcome.kind !== "same")
        throw new Violation("nothing is done twice", `${site.name} was ${outcome.kind} without a change`);
    }
  }

  private attempts(loose: boolean): Map<Resource, Attempt> {
    const present = this.resources.filter(({ inProgram }) => inProgram);
    return new Map(present.map((resource) => [resource, attemptOf(resource.site, resource.manner, loose)]));
  }

  private provider(): Provider {
    const { emulator, faults } = this;
    const surroundings: Surroundings = {
      environment: {
        ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
        VOD_ENDPOINT: emulator.endpoint,
      },
      info: (line: string) => {
        this.lines.push(line);
        this.trace(`  | ${line}`);
      },
      now: () => new Date(emulator.time()),
      sleep: faults.sleep,
      random: () => this.random.next(),
      // In the time of the run as well, so that nobody really waits for a turn.
      limiter: createLimiter({ now: () => emulator.time(), sleep: faults.sleep }),
    };
    const made = refreshProvider(surroundings);
    void made.configure({ config: { get: () => undefined } } as never);
    return this.options.around?.(made) ?? made;
  }

  /** One `pulumi up`. */
  private async deploy(
    attempts: Map<Resource, Attempt>,
    { kills }: { kills: boolean },
  ): Promise<Map<Resource, Outcome>> {
    const { random, faults } = this;
    this.deployments++;
    this.lines.length = 0;
    const provider = this.provider();
    const inputsOf = ({ site }: Resource, { inputs }: Attempt) => ({
      ...inputs,
      __resourceName: site.name,
      __provider: "text",
    });
    faults.begin();
    if (kills && random.chance(0.1))
      for (const { site } of attempts.keys()) await this.engine.refresh(provider, site.name);
    if (kills && random.chance(0.3)) {
      for (const [resource, attempt] of attempts)
        await this.engine.preview(provider, resource.site.name, inputsOf(resource, attempt));
    }
    if (faults.sent().length > 0) throw new Violation("a preview sends nothing", "a refresh was sent");
    const outcomes = new Map<Resource, Outcome>();
    let isStopped = false;
    for (const [resource, attempt] of attempts) {
      const outcome: Outcome = isStopped
        ? { kind: "skipped" }
        : await this.deployOne(provider, resource, inputsOf(resource, attempt), kills && random.chance(0.12));
      outcomes.set(resource, outcome);
      this.settle(resource, attempt, outcome);
      if (outcome.kind === "killed" || (outcome.kind !== "same" && "messages" in outcome && random.chance(0.5)))
        isStopped = true;
    }
    for (const resource of this.resources) {
      if (attempts.has(resource)) continue;
      // Deletes come when the program has succeeded.
      if (isStopped) resource.ledger.lose(attemptOf(resource.site, resource.manner, false));
      else {
        await this.engine.remove(provider, resource.site.name);
        resource.ledger.forget();
      }
    }
    invariants.noSecret(this.emulator, "the output", this.lines);
    invariants.noSecret(this.emulator, "the state", [JSON.stringify([...this.engine.state])]);
    return outcomes;
  }

  private async deployOne(
    provider: Provider,
    { site }: Resource,
    program: Properties,
    kill: boolean,
  ): Promise<Outcome> {
    const { faults, random } = this;
    faults.begin();
    const isTold = program.wait !== undefined && (program.wait as { onTimeout?: string }).onTimeout !== "warn";
    faults.tasksFail = isTold && !this.tasksAreSlow;
    let stuck = () => {};
    const isStuck = new Promise<Outcome>((resolve) => {
      stuck = () => resolve({ kind: "killed" });
    });
    if (kill) faults.killAfterRefreshes(random.int(0, 3), stuck);
    // It dies at the end if it wasn't before: what it did is done, and nobody hears of it.
    const isKilled = (isLast: boolean) => {
      if (isLast) faults.die();
      return faults.dead;
    };
    const up = this.engine.up(provider, site.name, { ...program }, isKilled);
    const outcome = await Promise.race([up, isStuck]);
    if (outcome.kind === "killed") faults.kills++;
    return outcome;
  }

  /** Compares what was sent with what was due, and keeps what the state now knows. */
  private settle(resource: Resource, attempt: Attempt, outcome: Outcome): void {
    const { site, ledger } = resource;
    this.outcomes.set(outcome.kind, (this.outcomes.get(outcome.kind) ?? 0) + 1);
    const due = ledger.due(attempt);
    const sent = outcome.kind === "skipped" ? [] : this.faults.sent();
    this.trace(`${site.name} ${JSON.stringify(attempt.manner)}: ${outcome.kind}, due ${JSON.stringify([...due])}`);
    if (this.options.trace) {
      for (const call of sent) this.trace(`${site.name}: sent ${JSON.stringify(call)}`);
      if ("messages" in outcome) this.trace(`${site.name}: ${outcome.messages[0]}`);
    }
    invariants.noStorm(this.faults.callsSince);
    invariants.failsWell(outcome);
    if ("messages" in outcome)
      invariants.noSecret(this.emulator, "an error", [...outcome.messages, JSON.stringify(outcome.thrown) ?? ""]);
    const excused = excusedOf(attempt, sent);
    const kept = this.engine.state.get(site.name);
    const state = kept && invariants.stateLoads(kept.outputs);
    const pending = new Set([...(state?.pending ?? []), ...(state?.unconfirmed ?? [])]);
    const succeeded = outcome.kind === "created" || outcome.kind === "updated" || outcome.kind === "same";
    const letGo = new Map(ledger.letGo);
    const deployment = { site, attempt, due, sent, excused, pending, succeeded, letGo };
    invariants.nothingNeedless(deployment, ledger);
    for (const { objectType, paths } of sent)
      if (objectType === "Directory") for (const path of paths) ledger.directories.add(path);
    this.last.set(resource, undefined);
    switch (outcome.kind) {
      case "killed":
      case "skipped":
      case "failed":
        ledger.lose(attempt);
        return;
      case "partial":
        invariants.nothingLost(deployment);
        ledger.record(attempt, due, sent, excused, pending, site.files);
        return;
      default:
        invariants.nothingLost(deployment);
        this.last.set(resource, deployment);
        if (outcome.kind === "same") return;
        ledger.record(attempt, due, sent, excused, pending, site.files);
        if (state?.status !== "Incomplete") ledger.complete();
        else if (attempt.manner.onQuotaExceeded !== "partial") {
          throw new Violation("the status is true", `${site.name} succeeded and is Incomplete`);
        }
    }
  }

  /** The deployments that succeeded in this step, for a look at the edge once everything is in its place again. */
  private readonly last = new Map<Resource, invariants.Deployment | undefined>();

  private async check(attempts: Map<Resource, Attempt>): Promise<void> {
    const { emulator, viewers } = this;
    for (const resource of attempts.keys()) {
      const deployment = this.last.get(resource);
      if (!deployment) continue;
      this.unseen += await invariants.edgeIsFresh(deployment, resource.ledger, { emulator, viewers });
    }
  }
}
