/**
 * What goes wrong in a run: a fault for this call or that, conditions that last for a whole deployment, and the death of the
 * provider's process before a call. The calls as they arrived are kept with what befell them.
 */
import type { Conditions, Emulator, Fault, ReceivedCall } from "../emulator/index.js";
import { pathsOf } from "../emulator/index.js";
import { Outsider } from "./outsider.js";
import type { Kind } from "./program.js";
import type { Random } from "./random.js";
import { DOMAINS } from "./site.js";

/** A call that files tasks, and what became of it. */
export interface Sent {
  kind: Kind;
  paths: readonly string[];
  objectType: string;
  /** Of a refusal that the provider could read. */
  code: string | undefined;
  /**
   * `done`: worked on and told so; `unsure`: perhaps worked on, and the answer was spoilt; `refused`: it left no trace;
   * `failed`: accepted, and then its task purged nothing, or never ended.
   */
  outcome: "done" | "unsure" | "refused" | "failed";
  /** Whether what failed was unsure as well. */
  wasUnsure?: boolean;
  /** Whether somebody else sent it. */
  isOutsiders?: boolean;
}

/** What files tasks, by the action that does. */
const KINDS: Readonly<Record<string, Kind>> = {
  RefreshVodObjectCaches: "refresh",
  PreloadVodObjectCaches: "preload",
};

/** More calls than this in one deployment are a storm. */
export const MOST_CALLS = 1_500;
/** How long a task takes at most. */
export const SLOWEST_TASK_MS = 400_000;

export class FaultInjector {
  /** How often which fault came. */
  readonly counts = new Map<string, number>();
  calls = 0;
  kills = 0;
  /** Whether the process is dead: nothing that it still does reaches the service, and nothing that it answers is heard. */
  dead = false;
  /** Whether the tasks of a call may fail: who doesn't wait for them isn't told. */
  tasksFail: (kind: Kind, path: string) => boolean = () => false;
  /** Whether nothing befalls this operation but its first submission, and that only with what passes. */
  isSingle = false;
  /** What befell the calls and the tasks of this operation. */
  befallen: { action: string; fault: Fault }[] = [];
  private readonly outsider: Outsider;
  private readonly spoilt = new Map<ReceivedCall, Fault>();
  private readonly failing = new Map<ReceivedCall, (path: string) => boolean>();
  private from = 0;
  private killAfter = Number.POSITIVE_INFINITY;
  private submissions = 0;
  private onDeath: () => void = () => {};

  /**
   * @param intensity how likely a call is to be befallen.
   * @param slowestCallMs how long a call takes at most; where that is little, the service merges the tasks of many.
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly random: Random,
    public intensity: number,
    private readonly slowestCallMs: number,
  ) {
    this.outsider = new Outsider(emulator);
    const { received } = emulator;
    const push = received.push.bind(received);
    // The emulator logs a call before it looks for faults: what is added here befalls this very call.
    received.push = (...calls: ReceivedCall[]) => {
      for (const call of calls) this.arrived(call);
      return push(...calls);
    };
  }

  /** From here on calls count to one operation. */
  begin(): void {
    this.from = this.emulator.received.length;
    this.submissions = 0;
    this.befallen = [];
    this.outsider.isDue = undefined;
    this.dead = false;
    this.killAfter = Number.POSITIVE_INFINITY;
    this.emulator.clearFaults();
  }

  /** The process will die when it sends one submission more than this; `whenStuck` is called if it waits for something then. */
  killAfterSubmissions(count: number, whenStuck: () => void): void {
    this.killAfter = count;
    this.onDeath = whenStuck;
  }

  /** It dies now, at the latest. Only if a death was asked for. */
  die(): void {
    if (this.killAfter === Number.POSITIVE_INFINITY || this.dead) return;
    this.dead = true;
    this.emulator.clearFaults();
    // Whatever it would still send is cut off.
    this.emulator.fault({ kind: "reset-before" });
  }

  /** What the provider calls to wait: the service's time goes on meanwhile, and nobody really waits. */
  readonly sleep = async (ms: number): Promise<void> => {
    if (this.dead) {
      this.onDeath();
      return new Promise(() => {});
    }
    this.emulator.advance(Math.max(1, ms));
  };

  /** What others do when a call has been answered, and its sender doesn't know yet. */
  readonly meanwhile = async (): Promise<void> => {
    if (this.dead || !this.outsider.isDue) return;
    this.emulator.advance(this.random.int(0, 2_000));
    await this.outsider.act();
  };

  /** The submissions since `begin`; a deployment's own, or those of others. */
  sent(): Sent[] {
    return this.emulator.received.slice(this.from).flatMap((call): Sent[] => {
      const kind = KINDS[call.action];
      if (kind === undefined) return [];
      const fault = this.spoilt.get(call);
      const code = fault === undefined || fault.kind === "error" || fault.kind === "delay" ? call.code : undefined;
      const isOutsiders = this.outsider.sent.has(call);
      const objectType = kind === "preload" ? "Preload" : (call.parameters.ObjectType ?? "");
      const common = { kind, objectType, code, ...(isOutsiders ? { isOutsiders } : {}) };
      const outcome = outcomeOf(call, fault);
      const failed = outcome === "refused" ? () => false : (this.failing.get(call) ?? (() => false));
      const fine = pathsOf(call).filter((path) => !failed(path));
      const lost = pathsOf(call).filter(failed);
      return [
        ...(fine.length > 0 ? [{ ...common, paths: fine, outcome }] : []),
        ...(lost.length > 0
          ? [{ ...common, paths: lost, outcome: "failed" as const, wasUnsure: outcome === "unsure" }]
          : []),
      ];
    });
  }

  get callsSince(): number {
    return this.emulator.received.length - this.from;
  }

  private arrived(call: ReceivedCall): void {
    if (this.outsider.isCalling) {
      this.outsider.sent.add(call);
      return;
    }
    this.calls++;
    const kind = KINDS[call.action];
    if (kind !== undefined && ++this.submissions > this.killAfter) this.die();
    if (this.dead) {
      this.spoilt.set(call, { kind: "reset-before" });
      return;
    }
    // What the call before this one didn't use up was not meant for this one.
    this.emulator.clearFaults();
    // A call takes its time.
    this.emulator.advance(this.random.int(1, this.slowestCallMs));
    const [path = ""] = pathsOf(call);
    if (this.isSingle && (kind === undefined || this.befallen.length > 0)) return;
    if (!this.isSingle) {
      if (kind !== undefined && this.tasksFail(kind, path) && this.random.chance(this.intensity)) this.failTask(call);
      if (!this.random.chance(this.intensity)) return;
    }
    const fault: Fault = { ...(this.isSingle ? passingFault(call, this.random) : anyFault(this.random)), times: 1 };
    this.spoilt.set(call, fault);
    this.befallen.push({ action: call.action, fault });
    if (kind === "refresh" && !this.isSingle && this.random.chance(0.3)) this.outsider.isDue = call;
    this.count(fault.kind === "error" ? `error ${fault.code}` : fault.kind);
    this.emulator.fault(fault);
  }

  private failTask(call: ReceivedCall): void {
    const one = this.random.chance(0.5) ? this.random.pick(pathsOf(call)) : undefined;
    this.failing.set(call, (path) => one === undefined || path === one);
    const description = this.random.pick(["Internal Error", "Origin Timeout"]);
    const kind = this.random.chance(0.8) ? "task-failed" : "task-stuck";
    const which = { times: 1, ...(one === undefined ? {} : { path: one }) };
    const fault: Fault = kind === "task-stuck" ? { kind, ...which } : { kind, description, ...which };
    this.count(kind);
    this.befallen.push({ action: call.action, fault });
    this.emulator.fault(fault);
  }

  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

function outcomeOf({ status, code }: ReceivedCall, fault: Fault | undefined): Sent["outcome"] {
  if (fault === undefined) return status === 200 ? "done" : "refused";
  switch (fault.kind) {
    case "throttle":
    case "reset-before":
      return "refused";
    case "delay":
      return status === 200 ? "done" : "refused";
    case "error":
    case "html":
    case "answer":
      return fault.afterWork ? "unsure" : "refused";
    default:
      // What was spoilt was a refusal, where the log knows its code.
      return code === undefined ? "unsure" : "refused";
  }
}

const CODES = [
  "InternalError",
  "ServiceUnavailable",
  "ServiceBusy",
  "QuotaPerMinuteExceeded.Refresh",
  "QuotaExceeded.Refresh",
  "PreloadQueueFull",
  "InvalidDomain.NotFound",
  "InvalidTimeStamp.Expired",
  "SignatureNonceUsed",
  "SignatureDoesNotMatch",
  "Forbidden.RAM",
  "Unheard.Of",
];
const BODIES = ["null", "[]", "{}", '"text"', "{", '{"RequestId":"1"}', '{"RefreshTaskId":"","RequestId":"1"}'];

/** Whether a fault of a call is one after which a further try of the same call succeeds. */
export function isTransient({ action, fault }: { action: string; fault: Fault }): boolean {
  switch (fault.kind) {
    case "throttle":
    case "reset-before":
    case "reset-after":
    case "delay":
      return true;
    case "error":
      return ["InternalError", "ServiceUnavailable", "ServiceBusy"].includes(fault.code ?? "");
    case "html":
      return fault.status === 502;
    case "truncated":
    case "wrong-types":
    case "missing-fields":
    case "empty":
      return KINDS[action] !== undefined;
    default:
      return false;
  }
}

/** A fault for one call. */
export function anyFault(random: Random): Fault {
  const afterWork = random.chance(0.5);
  const kinds = [
    "throttle",
    "throttle",
    "error",
    "error",
    "reset-before",
    "reset-after",
    "delay",
    "html",
    "answer",
    "truncated",
    "wrong-types",
    "missing-fields",
    "empty",
  ] as const;
  const kind = random.pick(kinds);
  switch (kind) {
    case "throttle": {
      const code = random.pick(["Throttling", "Throttling.User", "Throttling.Api"] as const);
      return { kind, code, ...(random.chance(0.5) ? { retryAfterMs: random.int(1, 50) } : {}) };
    }
    case "error": {
      const code = random.pick(CODES);
      return /^(Internal|ServiceUn)/.test(code) ? { kind, code, afterWork } : { kind, code };
    }
    case "delay":
      return { kind, afterWork, ms: random.int(1, 20) };
    case "html":
      return { kind, afterWork, status: random.pick([200, 302, 403, 502]) };
    case "answer":
      return { kind, afterWork, status: random.pick([200, 200, 500]), body: random.pick(BODIES) };
    default:
      return { kind };
  }
}

/** One of those that pass. */
function passingFault({ action }: ReceivedCall, random: Random): Fault {
  for (;;) {
    const fault = anyFault(random);
    if (isTransient({ action, fault })) return fault;
  }
}

/** Conditions of one deployment, by their names; most often none. */
export function anyConditions(random: Random): Record<string, Conditions> {
  const domain = () => random.pick(DOMAINS.slice(0, 4));
  const all: Record<string, Conditions> = {
    suspended: { service: "suspended" },
    forbidden: { accessKey: "forbidden" },
    "low quota": { urlRemain: random.int(0, 12), dirRemain: random.int(0, 3) },
    "few preloads": { preloadRemain: random.int(0, 12) },
    "short queue": { preloadQueue: random.int(0, 12) },
    "no directories": { urlRemain: random.int(0, 30), dirRemain: 0 },
    "slow tasks": { taskDelayMs: random.int(1, SLOWEST_TASK_MS) },
    "a minute's quota": { perMinuteQuota: random.int(1, 12) },
    "domain gone": { domains: { [domain()]: null } },
    "domain offline": { domains: { [domain()]: "offline", [domain()]: "offline" } },
    "domain configuring": { domains: { [domain()]: "configuring" } },
    "domain failed": { domains: { [domain()]: "configure-failed" } },
  };
  const names = random.some(Object.keys(all), 0.06);
  return Object.fromEntries(names.map((name) => [name, all[name] as Conditions]));
}

/** Everything as it should be; of the day's quota what is left. */
export const SOUND: Conditions = {
  service: "open",
  accessKey: "active",
  perMinuteQuota: null,
  preloadQueue: null,
  taskDelayMs: 0,
  domains: Object.fromEntries(DOMAINS.map((domain) => [domain, "online"])),
};
