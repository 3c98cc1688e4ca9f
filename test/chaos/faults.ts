/**
 * What goes wrong in a run: a fault for this call or that, conditions that last for a whole deployment, and the death of the
 * provider's process before a call. The calls as they arrived are kept with what befell them.
 */
import type { Conditions, Emulator, Fault, ReceivedCall } from "../emulator/index.js";
import { pathsOf } from "../emulator/index.js";
import type { Random } from "./random.js";
import { DOMAINS } from "./site.js";

/** A call of RefreshVodObjectCaches, and what became of it. */
export interface Sent {
  paths: readonly string[];
  objectType: string;
  /** Of a refusal that the provider could read. */
  code: string | undefined;
  /**
   * `done`: worked on and told so; `unsure`: perhaps worked on, and the answer was spoilt; `refused`: it left no trace;
   * `failed`: accepted, and then its task purged nothing, or never ended.
   */
  outcome: "done" | "unsure" | "refused" | "failed";
}

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
  /** Whether accepted tasks may fail: who doesn't wait for them isn't told. */
  tasksFail = false;
  private readonly spoilt = new Map<ReceivedCall, Fault>();
  private readonly failing = new Map<ReceivedCall, (path: string) => boolean>();
  private from = 0;
  private killAfter = Number.POSITIVE_INFINITY;
  private refreshes = 0;
  private onDeath: () => void = () => {};

  /** @param intensity how likely a call is to be befallen. */
  constructor(
    private readonly emulator: Emulator,
    private readonly random: Random,
    public intensity: number,
  ) {
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
    this.refreshes = 0;
    this.dead = false;
    this.killAfter = Number.POSITIVE_INFINITY;
    this.emulator.clearFaults();
  }

  /** The process will die when it sends one refresh more than this; `whenStuck` is called if it waits for something then. */
  killAfterRefreshes(count: number, whenStuck: () => void): void {
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

  /** The refreshes since `begin`. */
  sent(): Sent[] {
    return this.emulator.received.slice(this.from).flatMap((call): Sent[] => {
      if (call.action !== "RefreshVodObjectCaches") return [];
      const fault = this.spoilt.get(call);
      const code = fault === undefined || fault.kind === "error" || fault.kind === "delay" ? call.code : undefined;
      const common = { objectType: call.parameters.ObjectType ?? "", code };
      const outcome = outcomeOf(call, fault);
      const failed = outcome === "refused" ? () => false : (this.failing.get(call) ?? (() => false));
      const fine = pathsOf(call).filter((path) => !failed(path));
      const lost = pathsOf(call).filter(failed);
      return [
        ...(fine.length > 0 ? [{ ...common, paths: fine, outcome }] : []),
        ...(lost.length > 0 ? [{ ...common, paths: lost, outcome: "failed" as const }] : []),
      ];
    });
  }

  get callsSince(): number {
    return this.emulator.received.length - this.from;
  }

  private arrived(call: ReceivedCall): void {
    this.calls++;
    if (call.action === "RefreshVodObjectCaches" && ++this.refreshes > this.killAfter) this.die();
    if (this.dead) {
      this.spoilt.set(call, { kind: "reset-before" });
      return;
    }
    // What the call before this one didn't use up was not meant for this one.
    this.emulator.clearFaults();
    // A call takes its time.
    this.emulator.advance(this.random.int(1, 2_500));
    if (this.tasksFail && call.action === "RefreshVodObjectCaches" && this.random.chance(this.intensity))
      this.failTask(call);
    if (!this.random.chance(this.intensity)) return;
    const fault: Fault = { ...anyFault(this.random), times: 1 };
    this.spoilt.set(call, fault);
    this.count(fault.kind === "error" ? `error ${fault.code}` : fault.kind);
    this.emulator.fault(fault);
  }

  private failTask(call: ReceivedCall): void {
    const one = this.random.chance(0.5) ? this.random.pick(pathsOf(call)) : undefined;
    this.failing.set(call, (path) => one === undefined || path === one);
    const description = this.random.pick(["Internal Error", "Origin Timeout"]);
    const kind = this.random.chance(0.8) ? "task-failed" : "task-stuck";
    const which = { times: 1, ...(one === undefined ? {} : { path: one }) };
    this.count(kind);
    this.emulator.fault(kind === "task-stuck" ? { kind, ...which } : { kind, description, ...which });
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
  "InvalidDomain.NotFound",
  "InvalidTimeStamp.Expired",
  "SignatureNonceUsed",
  "SignatureDoesNotMatch",
  "Forbidden.RAM",
  "Unheard.Of",
];
const BODIES = ["null", "[]", "{}", '"text"', "{", '{"RequestId":"1"}', '{"RefreshTaskId":"","RequestId":"1"}'];

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

/** Conditions of one deployment, by their names; most often none. */
export function anyConditions(random: Random): Record<string, Conditions> {
  const domain = () => random.pick(DOMAINS.slice(0, 4));
  const all: Record<string, Conditions> = {
    suspended: { service: "suspended" },
    forbidden: { accessKey: "forbidden" },
    "low quota": { urlRemain: random.int(0, 12), dirRemain: random.int(0, 3) },
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
  taskDelayMs: 0,
  domains: Object.fromEntries(DOMAINS.map((domain) => [domain, "online"])),
};
