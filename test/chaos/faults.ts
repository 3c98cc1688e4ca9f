/**
 * What goes wrong in a run: faults of single calls, conditions that last for a whole deployment, and the death of the
 * provider's process before a call. It records the calls as they arrive, with their faults.
 */
import type { Conditions, Emulator, Fault, ReceivedCall } from "../emulator/index.js";
import { pathsOf } from "../emulator/index.js";
import { Outsider } from "./outsider.js";
import type { Kind } from "./program.js";
import type { Random } from "./random.js";
import { DOMAINS } from "./site.js";

/** A call that files tasks, and its outcome. */
export interface Sent {
  kind: Kind;
  paths: readonly string[];
  objectType: string;
  /** The code of a refusal that the provider could read. */
  code: string | undefined;
  /**
   * `done`: accepted, with a good answer; `unsure`: perhaps accepted, with a lost or corrupt answer; `refused`: it left
   * no trace; `failed`: accepted, but its task purged nothing or never ended.
   */
  outcome: "done" | "unsure" | "refused" | "failed";
  /** Whether a failed call was unsure as well. */
  wasUnsure?: boolean;
  /** Whether somebody else sent it. */
  isFromOutsider?: boolean;
  /**
   * Of a call of somebody else: whether it repeats one of the provider whose answer was lost, so that the provider may
   * take its tasks for proof: they purged the same paths, and later.
   */
  standsForLost?: boolean;
}

/** The kind of resource that sends each action. */
const KINDS: Readonly<Record<string, Kind>> = {
  RefreshVodObjectCaches: "refresh",
  PreloadVodObjectCaches: "preload",
};

/** More calls than this in one deployment are a storm. */
export const MAX_CALLS = 1_500;
/** The probability that a call after the first of its site is throttled, unless the run has no faults at all. */
const LATER_THROTTLES = 0.25;
/** The probability that the first submission gets lost after somebody else refreshed the same paths. */
const EARLY_LOSSES = 0.5;
/** How long a task takes at most. */
export const MAX_TASK_MS = 400_000;

export class FaultInjector {
  /** How often each fault was injected. */
  readonly counts = new Map<string, number>();
  calls = 0;
  kills = 0;
  /**
   * Whether the provider's process is dead: no call of it reaches the service, and no answer of it reaches the engine.
   */
  dead = false;
  /** Whether the task of a path may fail: a resource that doesn't wait for its tasks never learns of it. */
  mayTaskFail: (kind: Kind, path: string) => boolean = () => false;
  /** Whether only the first submission of this operation gets a fault, and a transient one. */
  isSingle = false;
  /** The faults of the calls and tasks of this operation. */
  injected: { action: string; fault: Fault }[] = [];
  private readonly outsider: Outsider;
  private readonly callFaults = new Map<ReceivedCall, Fault>();
  private readonly failing = new Map<ReceivedCall, (path: string) => boolean>();
  /** The paths of the first submission of each kind and site of this operation. */
  private readonly firstPaths = new Map<string, string>();
  private losesNext = false;
  private isFirstLost = false;
  private from = 0;
  private killAfter = Number.POSITIVE_INFINITY;
  private submissions = 0;
  private onDeath: () => void = () => {};

  /**
   * @param intensity the probability that a call gets a fault
   * @param maxCallMs how long a call takes at most; if that is short, the service merges the tasks of many calls
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly random: Random,
    public intensity: number,
    private readonly maxCallMs: number,
  ) {
    this.outsider = new Outsider(emulator);
    const { received } = emulator;
    const push = received.push.bind(received);
    // The emulator logs a call before it takes faults, so a fault that is added here hits this very call.
    received.push = (...calls: ReceivedCall[]) => {
      for (const call of calls) this.onCall(call);
      return push(...calls);
    };
  }

  /** Starts an operation, to which the calls from now on belong. */
  begin(): void {
    this.from = this.emulator.received.length;
    this.submissions = 0;
    this.injected = [];
    this.firstPaths.clear();
    [this.isFirstLost, this.losesNext] = [this.losesNext, false];
    this.outsider.target = undefined;
    this.dead = false;
    this.killAfter = Number.POSITIVE_INFINITY;
    this.emulator.clearFaults();
  }

  /**
   * Lets the process die when it sends one submission more than `count`; `whenStuck` is called if it then starts to
   * wait.
   */
  killAfterSubmissions(count: number, whenStuck: () => void): void {
    this.killAfter = count;
    this.onDeath = whenStuck;
  }

  /** Lets the process die now, if {@link killAfterSubmissions} was called and it is still alive. */
  die(): void {
    if (this.killAfter === Number.POSITIVE_INFINITY || this.dead) return;
    this.dead = true;
    this.emulator.clearFaults();
    // Every call that it still sends is cut off.
    this.emulator.fault({ kind: "reset-before" });
  }

  /** The provider's way to wait: it advances the service's time, and nobody really waits. */
  readonly sleep = async (ms: number): Promise<void> => {
    if (this.dead) {
      this.onDeath();
      return new Promise(() => {});
    }
    this.emulator.advance(Math.max(1, ms));
  };

  /**
   * Lets the outsider refresh these paths before an operation. The first submission of that operation often gets lost:
   * the tasks of the outsider must not prove that it was accepted.
   */
  async refreshBefore(paths: readonly string[], objectType: string): Promise<void> {
    await this.outsider.refresh(paths, objectType);
    this.losesNext = this.random.chance(EARLY_LOSSES);
    this.count("refreshed by somebody else before");
  }

  /** Lets the outsider act after a call was answered, before its sender gets the answer. */
  readonly meanwhile = async (): Promise<void> => {
    if (this.dead || !this.outsider.target) return;
    this.emulator.advance(this.random.int(0, 2_000));
    await this.outsider.act();
  };

  /** Returns the submissions since `begin`, those of the outsider included. */
  sent(): Sent[] {
    return this.emulator.received.slice(this.from).flatMap((call): Sent[] => {
      const kind = KINDS[call.action];
      if (kind === undefined) return [];
      const fault = this.callFaults.get(call);
      const code = fault === undefined || fault.kind === "error" || fault.kind === "delay" ? call.code : undefined;
      const isFromOutsider = this.outsider.sent.has(call);
      const repeated = this.outsider.sent.get(call);
      const standsForLost = repeated !== undefined && this.wasLost(repeated, call.at);
      const objectType = kind === "preload" ? "Preload" : (call.parameters.ObjectType ?? "");
      const common = { kind, objectType, code, ...(isFromOutsider ? { isFromOutsider, standsForLost } : {}) };
      const outcome = classifyOutcome(call, fault);
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

  /**
   * Whether the answer to an attempt to send a call got lost in this operation, so that tasks of somebody else may pass
   * for its own: they are from after its start, or from just before it, as the service's whole seconds and a clock that
   * is a little off can't tell (docs/decisions/one-sided-retries.md).
   */
  private wasLost(call: ReceivedCall, theirsAt: number): boolean {
    const attempts = this.emulator.received.slice(this.from).filter((one) => isSameCall(one, call));
    return attempts.some((one) => one.at < theirsAt + 2_000 && losesAnswer(this.callFaults.get(one)));
  }

  private onCall(call: ReceivedCall): void {
    if (this.outsider.isCalling) {
      this.outsider.record(call);
      return;
    }
    this.calls++;
    const kind = KINDS[call.action];
    if (kind !== undefined && ++this.submissions > this.killAfter) this.die();
    if (this.dead) {
      this.callFaults.set(call, { kind: "reset-before" });
      return;
    }
    // A fault that the call before this one didn't use was not meant for this one.
    this.emulator.clearFaults();
    // Each call takes some time.
    this.emulator.advance(this.random.int(1, this.maxCallMs));
    const [path = ""] = pathsOf(call);
    const isLost = kind !== undefined && this.isFirstLost;
    if (kind !== undefined) this.isFirstLost = false;
    if (this.isSingle && (kind === undefined || this.injected.length > 0)) return;
    const isThrottled = kind !== undefined && this.isLaterCall(kind, call) && this.throttlesLater();
    if (!this.isSingle) {
      if (kind !== undefined && this.mayTaskFail(kind, path) && this.random.chance(this.intensity)) this.failTask(call);
      if (!isLost && !isThrottled && !this.random.chance(this.intensity)) return;
    }
    const drawn = () => (this.isSingle ? drawTransientFault(call, this.random) : drawFault(this.random));
    const fault: Fault = {
      ...(isLost ? { kind: "reset-before" as const } : isThrottled ? drawThrottle(this.random) : drawn()),
      times: 1,
    };
    this.callFaults.set(call, fault);
    this.injected.push({ action: call.action, fault });
    if (kind === "refresh" && !this.isSingle && this.random.chance(0.3)) this.outsider.target = call;
    this.count(isThrottled ? "throttle of a later call" : fault.kind === "error" ? `error ${fault.code}` : fault.kind);
    this.emulator.fault(fault);
  }

  /** Whether a submission isn't the first one of its site in this operation: what was accepted before it is done. */
  private isLaterCall(kind: Kind, call: ReceivedCall): boolean {
    const paths = call.parameters.ObjectPath ?? "";
    const key = `${kind} ${/\/r\d+\//.exec(paths)?.[0]}`;
    const first = this.firstPaths.get(key);
    if (first === undefined) this.firstPaths.set(key, paths);
    return first !== undefined && first !== paths;
  }

  private throttlesLater(): boolean {
    return this.intensity > 0 && !this.isSingle && this.random.chance(LATER_THROTTLES);
  }

  private failTask(call: ReceivedCall): void {
    const one = this.random.chance(0.5) ? this.random.pick(pathsOf(call)) : undefined;
    this.failing.set(call, (path) => one === undefined || path === one);
    const description = this.random.pick(["Internal Error", "Origin Timeout"]);
    const kind = this.random.chance(0.8) ? "task-failed" : "task-stuck";
    const which = { times: 1, ...(one === undefined ? {} : { path: one }) };
    const fault: Fault = kind === "task-stuck" ? { kind, ...which } : { kind, description, ...which };
    this.count(kind);
    this.injected.push({ action: call.action, fault });
    this.emulator.fault(fault);
  }

  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

/** Whether the provider can't tell from the answer whether the service accepted the call. */
function losesAnswer(fault: Fault | undefined): boolean {
  if (fault === undefined || fault.kind === "throttle" || fault.kind === "delay") return false;
  // A code that nobody knows comes with HTTP 500.
  const codes = ["InternalError", "ServiceUnavailable", "SignatureNonceUsed", "Unheard.Of"];
  if (fault.kind === "html") return fault.status === 200 || fault.status === 502;
  return fault.kind !== "error" || codes.includes(fault.code ?? "");
}

function isSameCall(one: ReceivedCall, other: ReceivedCall): boolean {
  const [own, others] = [one.parameters, other.parameters];
  return one.action === other.action && own.ObjectPath === others.ObjectPath && own.ObjectType === others.ObjectType;
}

function classifyOutcome({ status, code }: ReceivedCall, fault: Fault | undefined): Sent["outcome"] {
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
      // A corrupt answer whose code is in the log was a refusal.
      return code === undefined ? "unsure" : "refused";
  }
}

const CODES = [
  "InternalError",
  "ServiceUnavailable",
  "ServiceBusy",
  "QuotaPerMinuteExceeded.Refresh",
  "TooMany.Refresh",
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

/** Whether the same call succeeds when it is retried after the fault. */
export function isTransient({ action, fault }: { action: string; fault: Fault }): boolean {
  switch (fault.kind) {
    case "throttle":
    case "reset-before":
    case "reset-after":
    case "delay":
      return true;
    case "error":
      return ["InternalError", "ServiceUnavailable", "ServiceBusy", "TooMany.Refresh"].includes(fault.code ?? "");
    case "html":
      return fault.status === 502 || fault.status === 429;
    case "truncated":
    case "wrong-types":
    case "missing-fields":
    case "empty":
      return KINDS[action] !== undefined;
    default:
      return false;
  }
}

function drawThrottle(random: Random): Fault {
  const code = random.pick(["Throttling", "Throttling.User", "Throttling.Api", "TooManyRequests"] as const);
  return { kind: "throttle", code, ...(random.chance(0.5) ? { retryAfterMs: random.int(1, 50) } : {}) };
}

/** Draws a fault for one call. */
export function drawFault(random: Random): Fault {
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
    case "throttle":
      return drawThrottle(random);
    case "error": {
      const code = random.pick(CODES);
      return /^(Internal|ServiceUn|Unheard)/.test(code) ? { kind, code, afterWork } : { kind, code };
    }
    case "delay":
      return { kind, afterWork, ms: random.int(1, 20) };
    case "html": {
      const status = random.pick([200, 302, 403, 429, 502]);
      return { kind, afterWork: afterWork && status !== 429, status };
    }
    case "answer":
      return { kind, afterWork, status: random.pick([200, 200, 500]), body: random.pick(BODIES) };
    default:
      return { kind };
  }
}

function drawTransientFault({ action }: ReceivedCall, random: Random): Fault {
  for (;;) {
    const fault = drawFault(random);
    if (isTransient({ action, fault })) return fault;
  }
}

/** What an account has for good. */
export interface AccountTerms {
  conditions: Conditions;
  /** The configuration of its program. */
  config: Readonly<Record<string, string>>;
}

/**
 * Draws whether an account has quotas of its own for Regex and IgnoreParams, which the service or the program tells of
 * or not, and what a refresh of these types without Force does. Each quota holds what one resource may send.
 */
export function drawTerms(random: Random): AccountTerms {
  const unforced = random.pick(["drop", "revalidate"] as const);
  if (random.chance(0.6)) return { conditions: { unforced }, config: {} };
  const [regexQuota, ignoreParamsQuota] = [random.pick([30, 200]), random.pick([50, 400])];
  const config = {
    "alicloud-vod:regexPerDay": String(regexQuota),
    "alicloud-vod:ignoreParamsPerDay": String(ignoreParamsQuota),
  };
  const conditions = { unforced, regexQuota, ignoreParamsQuota, tellsOwnQuotas: random.chance(0.6) };
  return { conditions, config: random.chance(0.5) ? config : {} };
}

/** Draws the conditions of one deployment, by their names; usually none. */
export function drawConditions(random: Random): Record<string, Conditions> {
  const domain = () => random.pick(DOMAINS.slice(0, 4));
  const all: Record<string, Conditions> = {
    suspended: { service: "suspended" },
    forbidden: { accessKey: "forbidden" },
    "low quota": { urlRemain: random.int(0, 12), dirRemain: random.int(0, 3) },
    "few preloads": { preloadRemain: random.int(0, 12) },
    "short queue": { preloadQueue: random.int(0, 12) },
    "no directories": { urlRemain: random.int(0, 30), dirRemain: 0 },
    "slow tasks": { taskDelayMs: random.int(1, MAX_TASK_MS) },
    "a minute's quota": { perMinuteQuota: random.int(1, 12) },
    "domain removed": { domains: { [domain()]: null } },
    "domain offline": { domains: { [domain()]: "offline", [domain()]: "offline" } },
    "domain configuring": { domains: { [domain()]: "configuring" } },
    "domain failed": { domains: { [domain()]: "configure-failed" } },
  };
  const names = random.some(Object.keys(all), 0.06);
  return Object.fromEntries(names.map((name) => [name, all[name] as Conditions]));
}

/** The normal conditions; the day's quota stays as it is. */
export const SOUND: Conditions = {
  service: "open",
  accessKey: "active",
  perMinuteQuota: null,
  preloadQueue: null,
  taskDelayMs: 0,
  domains: Object.fromEntries(DOMAINS.map((domain) => [domain, "online"])),
};
