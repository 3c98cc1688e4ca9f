/**
 * One `pulumi up` of a run, with resources one after another or in parallel, and the invariants that it is checked by.
 */
import { preloadProvider, refreshProvider } from "../../provider/dynamic/host.js";
import type { HostRuntime } from "../../provider/host/host.js";
import type { State } from "../../provider/plan/state.js";
import { formatLine } from "../../provider/text/log.js";
import { createLimiter } from "../../provider/vod/rate-limiter.js";
import type { Emulator } from "../emulator/index.js";
import { urnOf } from "../provider/lines.js";
import { EngineModel, type Outcome, type Provider } from "./engine.js";
import type { FaultInjector, Sent } from "./faults.js";
import { Gate } from "./gate.js";
import * as invariants from "./invariants.js";
import { Violation } from "./invariants.js";
import type { Attempt, Kind, Properties } from "./program.js";
import type { Proof } from "./proof.js";
import type { Random } from "./random.js";
import { findExcused, type Resource } from "./resource.js";
import * as truth from "./truth.js";
import { type ReportedDeployment, Tasks } from "./truth.js";

export interface DeployerParts {
  emulator: Emulator;
  random: Random;
  faults: FaultInjector;
  /** The configuration of the program. */
  config: Readonly<Record<string, string>>;
  trace(line: string): void;
  /** How refreshes verify what they sent. Default: they don't. */
  proof?: Proof;
  edgeAgent?: HostRuntime["edgeAgent"];
  /** Wraps the provider, for example with a mistake that the run must find. */
  around?: ((provider: Provider) => Provider) | undefined;
}

/** The circumstances of an `up`. */
export interface Circumstances {
  kills: boolean;
  /** Whether tasks take so long that they may look like tasks that never end. */
  tasksAreSlow: boolean;
  /** Whether nothing but faults of single calls can go wrong. */
  isSound: boolean;
}

/** How the process of an `up` may end. */
interface Mortal {
  /** The resource at whose end it dies at the latest. */
  victim: Resource | undefined;
  /** Resolves when it dies, or hangs for ever because it is dead. */
  death: Promise<void>;
  /** Whether the \`up\` is over: nothing of it reaches the state any more. */
  isOver(): boolean;
}

/** The codes of failures that come from tasks of a refresh or a preload, and not from a fault of a call. */
const TIMED_OUT = /\(code (Refresh|Preload)(Timeout|Failed|Incomplete)/;

export class Deployer {
  readonly engine = new EngineModel();
  readonly outcomes = new Map<string, number>();
  count = 0;
  /** The deployments of the last `up` that succeeded, for a check of the edge under normal conditions. */
  readonly succeeded = new Map<Resource, ReportedDeployment>();
  private readonly tasks = new Tasks();
  private readonly lines: string[] = [];

  constructor(private readonly parts: DeployerParts) {}

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
    const death = new Promise<void>((resolve) => {
      stuck = resolve;
    });
    const isOpen = () => !faults.dead && !isOver;
    const gate = new Gate(random, { isOpen, refused: stuck, meanwhile: faults.meanwhile });
    const all = [...attempts.keys()];
    const findProvider = this.providers(gate, all);
    const isOwed = all.some(({ name }) => this.engine.state.get(name)?.outputs.unconfirmed !== undefined);
    if (kills && random.chance(isOwed ? 0.5 : 0.25))
      for (const resource of all) await this.read(findProvider(resource), resource);
    if (kills && random.chance(0.3)) {
      for (const [resource, attempt] of attempts)
        await this.engine.preview(findProvider(resource), resource.name, this.buildInputs(resource, attempt));
    }
    const states = new Map(all.map(({ name, kind }) => [name, this.readState(kind, name)]));
    const early = faults.sent();
    if (early.length > 0) throw new Violation("a preview sends nothing", JSON.stringify(early));

    const seesFailures = ({ wait }: Properties) =>
      wait !== undefined && (wait as { onTimeout?: string }).onTimeout !== "warn" && !tasksAreSlow;
    faults.mayTaskFail = (kind, path) =>
      all.some((one) => one.kind === kind && one.site.owns(path) && seesFailures(attempts.get(one)?.inputs ?? {}));
    const victim = kills && all.length > 0 && random.chance(0.2) ? random.pick(all) : undefined;
    if (victim) faults.killAfterSubmissions(random.int(0, 3), stuck);

    const outcomes = new Map<Resource, Outcome>();
    let isStopped = false;
    for (const group of this.groups(all)) {
      const isHeld = ({ refresh }: Resource) => refresh !== undefined && !isDone(outcomes.get(refresh));
      const running = group.filter((resource) => !isStopped && !isHeld(resource));
      const work = running.map((resource): [string, () => Promise<Outcome>] => {
        const inputs = this.buildInputs(resource, attempts.get(resource) as Attempt);
        const mortal = { victim, death, isOver: () => isOver };
        const deploy = () => this.deploy(findProvider(resource), resource, inputs, mortal);
        // All resources run in one process.
        return [resource.name, () => deploy().finally(() => faults.dead && stuck())];
      });
      const ended = await gate.runAll(new Map(work));
      for (const resource of group) {
        const outcome = ended[running.indexOf(resource)] ?? { kind: "skipped" };
        outcomes.set(resource, outcome);
        if (outcome.kind === "killed") faults.kills++;
        if (outcome.kind === "killed" || ("messages" in outcome && random.chance(0.5))) isStopped = true;
      }
      this.tasks.update(emulator.tasks());
      for (const resource of group) {
        const outcome = outcomes.get(resource) as Outcome;
        this.settle(resource, attempts.get(resource) as Attempt, outcome, began, states.get(resource.name));
      }
    }
    // A dead process does nothing more.
    isOver = true;
    invariants.noSecret(emulator, "the output", this.lines);
    invariants.noSecret(emulator, "the state", [JSON.stringify([...this.engine.state])]);
    if (isSound && victim === undefined) {
      const usual = all.filter((resource) => attempts.get(resource)?.declaration.retry === undefined);
      const own = usual.filter((resource) => !this.failsForOlder(resource.name, outcomes.get(resource) as Outcome));
      invariants.survivesTransientFault(
        own.map((resource) => outcomes.get(resource) as Outcome),
        faults.injected,
      );
    }
    return outcomes;
  }

  remove(resource: Resource): Promise<void> {
    return this.engine.remove(this.providers(new Gate(this.parts.random), [resource])(resource), resource.name);
  }

  /** Groups the resources that are deployed in parallel; preloads come after refreshes. */
  private groups(all: readonly Resource[]): Resource[][] {
    const { random } = this.parts;
    const waves = [all.filter(({ refresh }) => !refresh), all.filter(({ refresh }) => refresh)];
    return waves.flatMap((wave) => (random.chance(0.5) ? [wave] : wave.map((resource) => [resource])));
  }

  /** Creates a provider for each resource. They share one runtime, as in one process. */
  private providers(gate: Gate, all: readonly Resource[]): (resource: Resource) => Provider {
    const { emulator, faults, random, config, trace, around, edgeAgent } = this.parts;
    const now = () => emulator.time();
    const runtime: HostRuntime = {
      environment: {
        ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
        VOD_ENDPOINT: emulator.endpoint,
      },
      log: (line, { name }) => {
        const text = formatLine(line, name);
        this.lines.push(text);
        trace(`  | ${text}`);
      },
      now: () => new Date(now()),
      sleep: faults.sleep,
      random: () => random.next(),
      ...(edgeAgent ? { edgeAgent } : {}),
      // The limiter uses the time of the run too, so that nobody really waits for a turn.
      limiter: gate.wrapLimiter(createLimiter({ now, sleep: faults.sleep })),
    };
    const made = all.map(({ name, kind }): [string, Provider] => {
      const provider = kind === "preload" ? preloadProvider(runtime) : refreshProvider(runtime);
      void provider.configure({ config: { get: (key: string) => config[key] } } as never);
      return [name, around ? around(toMethods(provider)) : provider];
    });
    const byName = new Map(made);
    return ({ name }) => byName.get(name) as Provider;
  }

  /** Whether an update failed for tasks that an earlier one left, or for what a node missed then. */
  private failsForOlder(name: string, outcome: Outcome): boolean {
    const [message = ""] = "messages" in outcome ? outcome.messages : [];
    if (!message.includes("(code RefreshStale)")) return TIMED_OUT.test(message);
    const sent = new Set(this.parts.faults.sent().flatMap(({ paths }) => paths));
    const stale = this.engine.state.get(name)?.outputs.__stale;
    return Array.isArray(stale) && stale.every((path) => !sent.has(path));
  }

  /**
   * Whether what a resource sends is verified: a preload, which replaces no copy, is not. The origin serves files at their
   * names alone, so that index documents and clean URLs are missing there.
   */
  private verifies({ kind }: Resource, { declaration }: Attempt): boolean {
    const { mode, coverage, wait } = declaration;
    const hasOtherNames = mode === "source" && (coverage.hasIndex || coverage.isClean);
    return this.parts.proof !== undefined && kind === "refresh" && wait !== undefined && !hasOtherNames;
  }

  private buildInputs(resource: Resource, attempt: Attempt): Properties {
    const { name, refresh } = resource;
    const { inputs } = attempt;
    const before = refresh && this.engine.state.get(refresh.name)?.outputs;
    const { objectType, taskIds, status, submittedAt } = before ?? {};
    const refreshed = { objectType, taskIds, status, ...(submittedAt === undefined ? {} : { submittedAt }) };
    const { proof, emulator } = this.parts;
    const verify = this.verifies(resource, attempt) ? { verify: proof?.verify(emulator) } : {};
    return { ...inputs, ...verify, ...(before ? { refresh: refreshed } : {}), __urn: urnOf(name), __provider: "text" };
  }

  private async read(provider: Provider, { kind, name, ledger }: Resource): Promise<void> {
    const kept = this.engine.state.get(name);
    if (!kept) return;
    const before = invariants.stateLoads(kind, kept.outputs);
    await this.engine.refresh(provider, name);
    this.tasks.update(this.parts.emulator.tasks());
    const after = invariants.stateLoads(kind, this.engine.state.get(name)?.outputs ?? {});
    truth.readIsTrue(kind, before, after, this.tasks, ledger.recorded);
  }

  private readState(kind: Kind, name: string): State | undefined {
    const kept = this.engine.state.get(name);
    return kept && invariants.stateLoads(kind, kept.outputs);
  }

  private deploy(
    provider: Provider,
    resource: Resource,
    program: Properties,
    { victim, death, isOver }: Mortal,
  ): Promise<Outcome> {
    const { faults } = this.parts;
    // The process of the victim dies at its end at the latest: its work is done, but nobody learns of it.
    const isKilled = (isLast: boolean) => {
      if (isOver()) return true;
      if (isLast && resource === victim) faults.die();
      return faults.dead;
    };
    return this.engine.upUntil(death, provider, resource.name, program, isKilled);
  }

  /**
   * Returns the calls of a resource. A preload can fail without an injected fault, because of the origin or an older
   * copy; a resource that doesn't wait for the end never learns of it.
   */
  private sentFor({ kind, site }: Resource, { declaration }: Attempt, sent: readonly Sent[], began: number): Sent[] {
    const own = sent.filter((call) => call.kind === kind && call.paths.some((path) => site.owns(path)));
    if (kind === "refresh" || declaration.wait === undefined) return own;
    const isFailed = (path: string) => this.tasks.findSince(kind, path, began)[0]?.status === "Failed";
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

  /**
   * Compares what was sent with what was due, and records what the state now knows.
   *
   * @param before the state before the deployment
   */
  private settle(
    resource: Resource,
    attempt: Attempt,
    outcome: Outcome,
    began: number,
    before: State | undefined,
  ): void {
    const { site, ledger, kind, name } = resource;
    const { faults, emulator, trace } = this.parts;
    this.outcomes.set(outcome.kind, (this.outcomes.get(outcome.kind) ?? 0) + 1);
    const due = ledger.due(attempt);
    const sent = outcome.kind === "skipped" ? [] : this.sentFor(resource, attempt, faults.sent(), began);
    trace(`${name} ${JSON.stringify(attempt.declaration)}: ${outcome.kind}, due ${JSON.stringify([...due])}`);
    for (const call of sent) trace(`${name}: sent ${JSON.stringify(call)}`);
    if ("messages" in outcome) trace(`${name}: ${outcome.messages[0]}`);
    invariants.noStorm(faults.callsSince);
    invariants.failsWell(outcome);
    if ("messages" in outcome)
      invariants.noSecret(emulator, "an error", [...outcome.messages, JSON.stringify(outcome.thrown) ?? ""]);
    const excused = findExcused(attempt, due, sent);
    const state = this.readState(kind, name);
    const pending = new Set([...(state?.pending ?? []), ...(state?.unconfirmed ?? [])]);
    const succeeded = isDone(outcome);
    const warnsOnFailure = attempt.declaration.onFailure === "warn";
    const deployment = { site, attempt, due, sent, excused, pending, succeeded, released: new Map(ledger.released) };
    invariants.nothingUnnecessary(deployment, ledger);
    const own = sent.filter(({ isFromOutsider }) => !isFromOutsider);
    for (const { objectType, paths } of own)
      if (objectType === "Directory") for (const path of paths) ledger.directories.add(path);
    if (outcome.kind === "killed" || outcome.kind === "skipped" || outcome.kind === "failed" || state === undefined) {
      ledger.lose(attempt);
      return;
    }
    const isWhole = succeeded && !warnsOnFailure && outcome.kind !== "same";
    const verifies = this.verifies(resource, attempt) && outcome.kind !== "same";
    const reported = { ...deployment, kind, state, began, tasks: this.tasks, isWhole, verifies };
    invariants.nothingLost({ ...deployment, succeeded: succeeded && !warnsOnFailure });
    truth.taskIdsAreTrue(reported);
    truth.statusIsTrue(reported);
    truth.pendingIsTrue(reported, ledger);
    if (before && outcome.kind !== "same") truth.unconfirmedIsSettled(reported, before);
    if (succeeded) this.succeeded.set(resource, reported);
    if (outcome.kind === "same") return;
    ledger.record(attempt, due, sent, excused, pending, site.files);
    if (outcome.kind === "partial") return;
    if (pending.size === 0) ledger.complete();
    else if (
      state.status === "Incomplete" &&
      attempt.declaration.quota.onExceeded !== "partial" &&
      !warnsOnFailure &&
      // With `onFailure: "warn"`, what a verification saw to be stale is a warning.
      state.__stale === undefined &&
      // A preload that the origin refused is held back for a day.
      !state.pending.every((path) => state.__failures?.[path] !== undefined)
    )
      throw new Violation("the status is true", `${name} succeeded and is Incomplete`);
  }
}

function isDone(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && ["created", "updated", "same"].includes(outcome.kind);
}

/** A provider as an object of its methods, each of which a mistake may replace. */
function toMethods(provider: Provider): Provider {
  return {
    check: (olds, news) => provider.check(olds, news),
    diff: (id, olds, news) => provider.diff(id, olds, news),
    create: (news) => provider.create(news),
    update: (id, olds, news) => provider.update(id, olds, news),
    read: (id, properties) => provider.read(id, properties),
    delete: (id, properties) => provider.delete(id, properties),
  };
}
