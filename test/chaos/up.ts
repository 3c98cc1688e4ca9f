/** One `pulumi up` of a run, of resources one after another or at the same time, and what it is judged by. */
import { type HostRuntime, preloadProvider, refreshProvider } from "../../provider/dynamic/host.js";
import { createLimiter } from "../../provider/vod/rate-limiter.js";
import type { Emulator } from "../emulator/index.js";
import { EngineModel, type Outcome, type Provider } from "./engine.js";
import type { FaultInjector, Sent } from "./faults.js";
import { Gate } from "./gate.js";
import * as invariants from "./invariants.js";
import { Violation } from "./invariants.js";
import type { Attempt, Properties } from "./program.js";
import type { Random } from "./random.js";
import { excusedOf, type Resource } from "./resource.js";
import * as truth from "./truth.js";
import { Tasks, type Told } from "./truth.js";

export interface UpParts {
  emulator: Emulator;
  random: Random;
  faults: FaultInjector;
  trace(line: string): void;
  /** Puts something between the engine and the provider, such as a mistake that is to be found. */
  around?: ((provider: Provider) => Provider) | undefined;
}

/** The circumstances of an `up`. */
export interface Circumstances {
  kills: boolean;
  /** Whether a task that takes long may be taken for one that never ends. */
  tasksAreSlow: boolean;
  /** Whether nothing but faults of single calls is in its way. */
  isSound: boolean;
}

/** The answers of others that weren't long enough ago. */
const TIMED_OUT = /\(code (Refresh|Preload)(Timeout|Failed|Incomplete)/;

export class Ups {
  readonly engine = new EngineModel();
  readonly outcomes = new Map<string, number>();
  count = 0;
  /** What succeeded in the last one, for a look at the edge once everything is in its place again. */
  readonly succeeded = new Map<Resource, Told>();
  private readonly tasks = new Tasks();
  private readonly lines: string[] = [];

  constructor(private readonly parts: UpParts) {}

  /** @returns the outcome of each resource that the program names. */
  async up(
    attempts: ReadonlyMap<Resource, Attempt>,
    { kills, tasksAreSlow, isSound }: Circumstances,
  ): Promise<Map<Resource, Outcome>> {
    const { random, faults, emulator } = this.parts;
    this.count++;
    this.lines.length = 0;
    this.succeeded.clear();
    faults.begin();
    const began = emulator.time();
    let [isOver, stuck] = [false, () => {}];
    const isStuck = new Promise<Outcome>((resolve) => {
      stuck = () => resolve({ kind: "killed" });
    });
    const isOpen = () => !faults.dead && !isOver;
    const gate = new Gate(random, { isOpen, refused: stuck, meanwhile: faults.meanwhile });
    const all = [...attempts.keys()];
    const providerOf = this.providers(gate, all);
    const isOwed = all.some(({ name }) => this.engine.state.get(name)?.outputs.unconfirmed !== undefined);
    if (kills && random.chance(isOwed ? 0.5 : 0.1))
      for (const resource of all) await this.read(providerOf(resource), resource);
    if (kills && random.chance(0.3)) {
      for (const [resource, attempt] of attempts)
        await this.engine.preview(providerOf(resource), resource.name, this.inputsOf(resource, attempt));
    }
    const early = faults.sent();
    if (early.length > 0) throw new Violation("a preview sends nothing", JSON.stringify(early));

    const isTold = ({ wait }: Properties) =>
      wait !== undefined && (wait as { onTimeout?: string }).onTimeout !== "warn" && !tasksAreSlow;
    faults.tasksFail = (kind, path) =>
      all.some((one) => one.kind === kind && one.site.owns(path) && isTold(attempts.get(one)?.inputs ?? {}));
    const victim = kills && all.length > 0 && random.chance(0.2) ? random.pick(all) : undefined;
    if (victim) faults.killAfterSubmissions(random.int(0, 3), stuck);

    const outcomes = new Map<Resource, Outcome>();
    let isStopped = false;
    for (const group of this.groups(all)) {
      const isHeld = ({ after }: Resource) => after !== undefined && !isDone(outcomes.get(after));
      const running = group.filter((resource) => !isStopped && !isHeld(resource));
      const work = running.map((resource): [string, () => Promise<Outcome>] => {
        const inputs = this.inputsOf(resource, attempts.get(resource) as Attempt);
        const deploy = () => this.deploy(providerOf(resource), resource, inputs, victim, isStuck);
        // One process has all of them.
        return [resource.name, () => deploy().finally(() => faults.dead && stuck())];
      });
      const ended = await gate.all(new Map(work));
      for (const resource of group) {
        const outcome = ended[running.indexOf(resource)] ?? { kind: "skipped" };
        outcomes.set(resource, outcome);
        if (outcome.kind === "killed") faults.kills++;
        if (outcome.kind === "killed" || ("messages" in outcome && random.chance(0.5))) isStopped = true;
      }
      this.tasks.look(emulator.tasks());
      for (const resource of group)
        this.settle(resource, attempts.get(resource) as Attempt, outcomes.get(resource) as Outcome, began);
    }
    // What a dead process still had in mind never happens.
    isOver = true;
    invariants.noSecret(emulator, "the output", this.lines);
    invariants.noSecret(emulator, "the state", [JSON.stringify([...this.engine.state])]);
    if (isSound && victim === undefined) {
      const usual = all.filter((resource) => attempts.get(resource)?.manner.retry === undefined);
      const own = usual.map((resource) => outcomes.get(resource) as Outcome);
      const isOlder = (outcome: Outcome) => "messages" in outcome && TIMED_OUT.test(outcome.messages[0] ?? "");
      invariants.passesAFault(
        own.filter((outcome) => !isOlder(outcome)),
        faults.befallen,
      );
    }
    return outcomes;
  }

  remove(resource: Resource): Promise<void> {
    return this.engine.remove(this.providers(new Gate(this.parts.random), [resource])(resource), resource.name);
  }

  /** A preload comes after its refresh; the others one after another, or all at the same time. */
  private groups(all: readonly Resource[]): Resource[][] {
    const { random } = this.parts;
    const waves = [all.filter(({ after }) => !after), all.filter(({ after }) => after)];
    return waves.flatMap((wave) => (random.chance(0.5) ? [wave] : wave.map((resource) => [resource])));
  }

  /** One for each, which share what a process has one of: none ever waits for what another one asked. */
  private providers(gate: Gate, all: readonly Resource[]): (resource: Resource) => Provider {
    const { emulator, faults, random, trace, around } = this.parts;
    const now = () => emulator.time();
    const runtime: HostRuntime = {
      environment: {
        ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
        VOD_ENDPOINT: emulator.endpoint,
      },
      log: (line: string) => {
        this.lines.push(line);
        trace(`  | ${line}`);
      },
      now: () => new Date(now()),
      sleep: faults.sleep,
      random: () => random.next(),
      // In the time of the run as well, so that nobody really waits for a turn.
      limiter: gate.limiting(createLimiter({ now, sleep: faults.sleep })),
    };
    const made = all.map(({ name, kind }): [string, Provider] => {
      const provider = kind === "preload" ? preloadProvider(runtime) : refreshProvider(runtime);
      void provider.configure({ config: { get: () => undefined } } as never);
      return [name, around ? around(provider) : provider];
    });
    const byName = new Map(made);
    return ({ name }) => byName.get(name) as Provider;
  }

  private inputsOf({ name, after }: Resource, { inputs }: Attempt): Properties {
    const before = after && this.engine.state.get(after.name)?.outputs;
    const { objectType, taskIds, status, submittedAt } = before ?? {};
    const refreshed = { objectType, taskIds, status, ...(submittedAt === undefined ? {} : { submittedAt }) };
    return { ...inputs, ...(before ? { refresh: refreshed } : {}), __resourceName: name, __provider: "text" };
  }

  private async read(provider: Provider, { kind, name }: Resource): Promise<void> {
    const kept = this.engine.state.get(name);
    if (!kept) return;
    const before = invariants.stateLoads(kind, kept.outputs);
    await this.engine.refresh(provider, name);
    this.tasks.look(this.parts.emulator.tasks());
    const after = invariants.stateLoads(kind, this.engine.state.get(name)?.outputs ?? {});
    truth.readIsTrue(kind, before, after, this.tasks);
  }

  private deploy(
    provider: Provider,
    resource: Resource,
    program: Properties,
    victim: Resource | undefined,
    isStuck: Promise<Outcome>,
  ): Promise<Outcome> {
    const { faults } = this.parts;
    // It dies at the end if it wasn't before: what it did is done, and nobody hears of it.
    const isKilled = (isLast: boolean) => {
      if (isLast && resource === victim) faults.die();
      return faults.dead;
    };
    return Promise.race([this.engine.up(provider, resource.name, program, isKilled), isStuck]);
  }

  /**
   * Its calls. A preload that the origin or an older copy failed has failed for nobody's fault; who doesn't wait for its end
   * isn't told.
   */
  private sentFor({ kind, site }: Resource, { manner }: Attempt, sent: readonly Sent[], began: number): Sent[] {
    const own = sent.filter((call) => call.kind === kind && call.paths.some((path) => site.owns(path)));
    if (kind === "refresh" || manner.wait === undefined) return own;
    const isFailed = (path: string) => this.tasks.since(kind, path, began)[0]?.status === "Failed";
    return own.flatMap((call): Sent[] => {
      if (call.outcome !== "done") return [call];
      const [failed, fine] = [call.paths.filter(isFailed), call.paths.filter((path) => !isFailed(path))];
      const parts: Sent[] = [
        { ...call, paths: fine },
        { ...call, paths: failed, outcome: "failed" },
      ];
      return parts.filter(({ paths }) => paths.length > 0);
    });
  }

  /** Compares what was sent with what was due, and keeps what the state now knows. */
  private settle(resource: Resource, attempt: Attempt, outcome: Outcome, began: number): void {
    const { site, ledger, kind, name } = resource;
    const { faults, emulator, trace } = this.parts;
    this.outcomes.set(outcome.kind, (this.outcomes.get(outcome.kind) ?? 0) + 1);
    const due = ledger.due(attempt);
    const sent = outcome.kind === "skipped" ? [] : this.sentFor(resource, attempt, faults.sent(), began);
    trace(`${name} ${JSON.stringify(attempt.manner)}: ${outcome.kind}, due ${JSON.stringify([...due])}`);
    for (const call of sent) trace(`${name}: sent ${JSON.stringify(call)}`);
    if ("messages" in outcome) trace(`${name}: ${outcome.messages[0]}`);
    invariants.noStorm(faults.callsSince);
    invariants.failsWell(outcome);
    if ("messages" in outcome)
      invariants.noSecret(emulator, "an error", [...outcome.messages, JSON.stringify(outcome.thrown) ?? ""]);
    const excused = excusedOf(attempt, due, sent);
    const kept = this.engine.state.get(name);
    const state = kept && invariants.stateLoads(kind, kept.outputs);
    const pending = new Set([...(state?.pending ?? []), ...(state?.unconfirmed ?? [])]);
    const succeeded = isDone(outcome);
    const isForgiven = attempt.manner.onFailure === "warn";
    const deployment = { site, attempt, due, sent, excused, pending, succeeded, letGo: new Map(ledger.letGo) };
    invariants.nothingNeedless(deployment, ledger);
    const own = sent.filter(({ isOutsiders }) => !isOutsiders);
    for (const { objectType, paths } of own)
      if (objectType === "Directory") for (const path of paths) ledger.directories.add(path);
    if (outcome.kind === "killed" || outcome.kind === "skipped" || outcome.kind === "failed" || state === undefined) {
      ledger.lose(attempt);
      return;
    }
    const isWhole = succeeded && !isForgiven && outcome.kind !== "same";
    const told = { ...deployment, kind, state, began, tasks: this.tasks, isWhole };
    invariants.nothingLost({ ...deployment, succeeded: succeeded && !isForgiven });
    truth.taskIdsAreTrue(told);
    truth.statusIsTrue(told);
    truth.pendingIsTrue(told, ledger);
    if (succeeded) this.succeeded.set(resource, told);
    if (outcome.kind === "same") return;
    ledger.record(attempt, due, sent, excused, pending, site.files);
    if (outcome.kind === "partial") return;
    if (pending.size === 0) ledger.complete();
    else if (state.status === "Incomplete" && attempt.manner.quota.onExceeded !== "partial" && !isForgiven)
      throw new Violation("the status is true", `${name} succeeded and is Incomplete`);
  }
}

function isDone(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && ["created", "updated", "same"].includes(outcome.kind);
}
