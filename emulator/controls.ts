/**
 * What a test can change while the emulator runs: its time, the conditions of the account, and faults.
 */
import type { Account, DomainState, KeyState, ServiceState, TokenState } from "./account.js";
import type { Clock } from "./clock.js";
import {
  type ConfigChange,
  configure,
  type DomainConfig,
  type EdgeSettings,
  type Lag,
  setLags,
  type Unforced,
} from "./edge-config.js";
import type { EdgeWork } from "./edge-work.js";
import { type Fault, FaultBook } from "./faults.js";
import type { Area, Headers } from "./preload.js";
import type { Quota, QuotaKind } from "./quota.js";
import { type TaskBook, type TaskStatus, taskStatus } from "./tasks.js";

/** The conditions that are given are set; the others stay as they are. */
export interface Conditions {
  service?: ServiceState;
  accessKey?: KeyState;
  /** The STS token that calls must carry; null: the key is a permanent one. */
  securityToken?: string | null;
  token?: TokenState;
  /** The state of each host; null removes the domain. */
  domains?: Record<string, DomainState | null>;
  /** How long a task that is accepted from now on takes, in ms. */
  taskDelayMs?: number;
  /** What is left of today's quota. */
  urlRemain?: number;
  dirRemain?: number;
  preloadRemain?: number;
  /** How many patterns may be refreshed in a day; null: each counts as a directory. */
  regexQuota?: number | null;
  /** How many URLs may be refreshed in a day as IgnoreParams; null: each counts as a URL. */
  ignoreParamsQuota?: number | null;
  /** Whether DescribeVodRefreshQuota tells of these two quotas. */
  tellsOwnQuotas?: boolean;
  /** How many paths may be refreshed in a minute; null: no limit. */
  perMinuteQuota?: number | null;
  /** How many preloads may be unfinished at a time; null: no limit. */
  preloadQueue?: number | null;
  /** What a Regex or IgnoreParams refresh without Force does from now on. */
  unforced?: Unforced;
  /** How late a refresh reaches a node, by its number or `parent`; of refreshes whose tasks end from now on. */
  lags?: Record<string, Lag>;
  /** How each domain is configured; null unsets a field, or all of a domain. */
  configs?: Record<string, ConfigChange | null>;
}

/** What is left of today's quota; of patterns and IgnoreParams where these have quotas of their own. */
export interface QuotaLeft {
  urlRemain: number;
  dirRemain: number;
  preloadRemain: number;
  regexRemain?: number;
  ignoreParamsRemain?: number;
}

/** One path of an accepted call, and how far it is. */
export interface TaskView {
  taskId: string;
  path: string;
  /** The object type of a refresh; `Preload` for a preload. */
  objectType: string;
  /** Refreshes only. */
  force?: boolean;
  /** Preloads only. */
  area?: Area;
  l2Preload?: boolean;
  headers?: Headers;
  status: TaskStatus;
  createdAt: number;
}

export interface ControlledParts {
  account: Account;
  clock: Clock;
  quota: Quota;
  tasks: TaskBook;
  work: EdgeWork;
  settings: EdgeSettings;
}

export class Controls {
  readonly faults = new FaultBook();

  constructor(
    private readonly parts: ControlledParts,
    public taskDelayMs: number,
  ) {}

  /** Returns the service's time, in ms since the epoch. */
  time(): number {
    return this.parts.clock.now();
  }

  setTime(ms: number): void {
    this.parts.clock.set(ms);
    this.parts.work.settle();
  }

  advance(ms: number): void {
    this.parts.clock.advance(ms);
    this.parts.work.settle();
  }

  freeze(): void {
    this.parts.clock.freeze();
  }

  thaw(): void {
    this.parts.clock.thaw();
  }

  set(conditions: Conditions): void {
    const { account, quota, tasks, work, settings } = this.parts;
    if (conditions.lags) {
      // A task that has ended keeps the lags of its end.
      work.settle();
      setLags(settings, conditions.lags);
    }
    configure(settings, conditions.configs ?? {});
    account.serviceState = conditions.service ?? account.serviceState;
    account.keyState = conditions.accessKey ?? account.keyState;
    account.tokenState = conditions.token ?? account.tokenState;
    if (conditions.securityToken !== undefined) account.securityToken = conditions.securityToken ?? undefined;
    for (const [domain, state] of Object.entries(conditions.domains ?? {})) this.setDomain(domain.toLowerCase(), state);
    this.taskDelayMs = conditions.taskDelayMs ?? this.taskDelayMs;
    if (conditions.urlRemain !== undefined) quota.setRemain("url", conditions.urlRemain, this.time());
    if (conditions.dirRemain !== undefined) quota.setRemain("directory", conditions.dirRemain, this.time());
    if (conditions.preloadRemain !== undefined) quota.setRemain("preload", conditions.preloadRemain, this.time());
    if (conditions.regexQuota !== undefined) quota.limits.regex = conditions.regexQuota ?? undefined;
    if (conditions.ignoreParamsQuota !== undefined)
      quota.limits.ignoreParams = conditions.ignoreParamsQuota ?? undefined;
    quota.tellsOwn = conditions.tellsOwnQuotas ?? quota.tellsOwn;
    if (conditions.preloadQueue !== undefined) tasks.preloadQueue = conditions.preloadQueue ?? undefined;
    settings.unforced = conditions.unforced ?? settings.unforced;
    if (conditions.perMinuteQuota !== undefined) quota.perMinute = conditions.perMinuteQuota ?? undefined;
  }

  fault(fault: Fault): void {
    this.faults.add(fault);
  }

  clearFaults(): void {
    this.faults.clear();
  }

  quota(): QuotaLeft {
    const { quota } = this.parts;
    const remain = (kind: QuotaKind) => quota.remain(kind, this.time());
    return {
      urlRemain: remain("url"),
      dirRemain: remain("directory"),
      preloadRemain: remain("preload"),
      ...(quota.limits.regex === undefined ? {} : { regexRemain: remain("regex") }),
      ...(quota.limits.ignoreParams === undefined ? {} : { ignoreParamsRemain: remain("ignoreParams") }),
    };
  }

  /** Lists the tasks that can still be queried, newest first. */
  tasks(): TaskView[] {
    this.parts.work.settle();
    return this.parts.tasks.list(this.time()).map((row) => {
      const { type: objectType, ...order } = row.order;
      const { taskId, path, createdAt } = row;
      return { taskId, path: path.text, objectType, ...order, status: taskStatus(row), createdAt };
    });
  }

  /** Lists the URLs in the caches of the edge, of every node and area. */
  cached(): string[] {
    this.parts.work.settle();
    return this.parts.work.urls();
  }

  /** Returns the whole state, without secrets. */
  state(): Record<string, unknown> {
    const { account, clock, settings } = this.parts;
    return {
      time: this.time(),
      frozen: clock.frozen,
      service: account.serviceState,
      accessKey: account.keyState,
      token: account.securityToken === undefined ? "none" : account.tokenState,
      domains: Object.fromEntries(account.domains),
      quota: this.quota(),
      taskDelayMs: this.taskDelayMs,
      unforced: settings.unforced,
      lags: Object.fromEntries(settings.lags),
      configs: Object.fromEntries([...settings.configs].map(([domain, config]) => [domain, withoutKey(config)])),
      faults: this.faults.list(),
    };
  }

  private setDomain(domain: string, state: DomainState | null): void {
    if (state === null) this.parts.account.domains.delete(domain);
    else this.parts.account.domains.set(domain, state);
  }
}

function withoutKey(config: DomainConfig): DomainConfig {
  return config.authKey === undefined ? config : { ...config, authKey: "(set)" };
}
