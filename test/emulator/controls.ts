/**
 * What a test can change while the emulator runs: its time, the conditions of the account, and faults.
 */
import type { Account, DomainState, KeyState, ServiceState, TokenState } from "./account.js";
import type { Clock } from "./clock.js";
import type { EdgeCache } from "./edge.js";
import { type Fault, FaultBook } from "./faults.js";
import type { Quota } from "./quota.js";
import { statusOf, type TaskBook, type TaskStatus } from "./tasks.js";

/** Each that is given is set, the others stay as they are. */
export interface Conditions {
  service?: ServiceState;
  accessKey?: KeyState;
  /** The STS token that calls must carry; null: the key is a permanent one. */
  securityToken?: string | null;
  token?: TokenState;
  /** Host to state; null takes the domain away. */
  domains?: Record<string, DomainState | null>;
  /** How long a refresh task takes that is accepted from now on. */
  taskDelayMs?: number;
  /** What is left of today's quota. */
  urlRemain?: number;
  dirRemain?: number;
  /** Paths a minute; null: no limit. */
  perMinuteQuota?: number | null;
}

export interface TaskView {
  taskId: string;
  path: string;
  objectType: string;
  force: boolean;
  status: TaskStatus;
  createdAt: number;
}

export interface ControlledParts {
  account: Account;
  clock: Clock;
  quota: Quota;
  tasks: TaskBook;
  cache: EdgeCache;
  /** Lets the edge obey the tasks that have ended by now. */
  settle: () => void;
}

export class Controls {
  readonly faults = new FaultBook();

  constructor(
    private readonly parts: ControlledParts,
    public taskDelayMs: number,
  ) {}

  /** The service's time, in ms since the epoch. */
  time(): number {
    return this.parts.clock.now();
  }

  setTime(ms: number): void {
    this.parts.clock.set(ms);
    this.parts.settle();
  }

  advance(ms: number): void {
    this.parts.clock.advance(ms);
    this.parts.settle();
  }

  freeze(): void {
    this.parts.clock.freeze();
  }

  thaw(): void {
    this.parts.clock.thaw();
  }

  set(conditions: Conditions): void {
    const { account, quota } = this.parts;
    account.serviceState = conditions.service ?? account.serviceState;
    account.keyState = conditions.accessKey ?? account.keyState;
    account.tokenState = conditions.token ?? account.tokenState;
    if (conditions.securityToken !== undefined) account.securityToken = conditions.securityToken ?? undefined;
    for (const [domain, state] of Object.entries(conditions.domains ?? {})) this.setDomain(domain.toLowerCase(), state);
    this.taskDelayMs = conditions.taskDelayMs ?? this.taskDelayMs;
    if (conditions.urlRemain !== undefined) quota.setRemain("url", conditions.urlRemain, this.time());
    if (conditions.dirRemain !== undefined) quota.setRemain("directory", conditions.dirRemain, this.time());
    if (conditions.perMinuteQuota !== undefined) quota.perMinute = conditions.perMinuteQuota ?? undefined;
  }

  fault(fault: Fault): void {
    this.faults.add(fault);
  }

  clearFaults(): void {
    this.faults.clear();
  }

  quota(): { urlRemain: number; dirRemain: number } {
    const { quota } = this.parts;
    return { urlRemain: quota.remain("url", this.time()), dirRemain: quota.remain("directory", this.time()) };
  }

  /** The rows that can still be queried, newest first. */
  tasks(): TaskView[] {
    const now = this.time();
    return this.parts.tasks.list(now).map((row) => ({
      taskId: row.taskId,
      path: row.path.text,
      objectType: row.type,
      force: row.force,
      status: statusOf(row, now),
      createdAt: row.createdAt,
    }));
  }

  /** The URLs that the edge has in its cache. */
  cached(): string[] {
    this.parts.settle();
    return this.parts.cache.urls();
  }

  /** All of it at a glance, without secrets. */
  state(): Record<string, unknown> {
    const { account, clock } = this.parts;
    return {
      time: this.time(),
      frozen: clock.frozen,
      service: account.serviceState,
      accessKey: account.keyState,
      token: account.securityToken === undefined ? "none" : account.tokenState,
      domains: Object.fromEntries(account.domains),
      quota: this.quota(),
      taskDelayMs: this.taskDelayMs,
      faults: this.faults.list(),
    };
  }

  private setDomain(domain: string, state: DomainState | null): void {
    if (state === null) this.parts.account.domains.delete(domain);
    else this.parts.account.domains.set(domain, state);
  }
}
