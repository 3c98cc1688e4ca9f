/**
 * Faults on demand: what can go wrong between a client and the service, for the next call, the next N, or until it is
 * cleared.
 */
import { type ErrorCode, isErrorCode, Refusal, refusal } from "./errors.js";
import type { ObjectPath } from "./object-path.js";
import type { TaskCourse } from "./tasks.js";

interface Scope {
  /** The action that it is limited to. Defaults to every action. */
  action?: string;
  /** How many calls it befalls. Defaults to all of them, until the faults are cleared. */
  times?: number;
}

interface Moment {
  /** Whether the work is done first, so that quota is spent and tasks are filed. Defaults to false. */
  afterWork?: boolean;
}

/** Refused by flow control. `retryAfterMs` sends an `x-acs-retry-after` header. The code defaults to `Throttling`. */
export interface ThrottleFault extends Scope {
  kind: "throttle";
  code?: "Throttling" | "Throttling.User" | "Throttling.Api";
  retryAfterMs?: number;
}
/** Refused with any code. One of the table brings its own status and message; the default is `InternalError`, 500. */
export interface ErrorFault extends Scope, Moment {
  kind: "error";
  code?: string;
  status?: number;
  message?: string;
}
/** The connection is reset, before or after the work was done. */
export interface ResetFault extends Scope {
  kind: "reset-before" | "reset-after";
}
/** Waits that long before the work, or between the work and the answer. Goes together with any other fault. */
export interface DelayFault extends Scope, Moment {
  kind: "delay";
  ms: number;
}
/** A page of HTML, as a proxy answers. A 302 leads to a login page. The status defaults to 502. */
export interface HtmlFault extends Scope, Moment {
  kind: "html";
  status?: number;
}
/** Any answer at all. The status defaults to 200, the content type to JSON. */
export interface AnswerFault extends Scope, Moment {
  kind: "answer";
  body: string;
  status?: number;
  contentType?: string;
}
/** The right answer after the work, spoilt: cut in half, of the wrong types, with its RequestId alone, or empty. */
export interface SpoiltFault extends Scope {
  kind: "truncated" | "wrong-types" | "missing-fields" | "empty";
}
/** The tasks of a refresh or a preload end as `Failed`, and purge or fill nothing. `path` limits it to one path of the call. */
export interface TaskFailedFault extends Scope {
  kind: "task-failed";
  /** The page of DescribeVodRefreshTasks knows `Internal Error` (the default), `Origin Timeout` and one more. */
  description?: string;
  path?: string;
}
/** The tasks of a refresh or a preload never end. The status defaults to `Refreshing`. */
export interface TaskStuckFault extends Scope {
  kind: "task-stuck";
  status?: "Refreshing" | "Pending";
  path?: string;
}

type TaskFault = TaskFailedFault | TaskStuckFault;
export type ReplyFault = ThrottleFault | ErrorFault | ResetFault | HtmlFault | AnswerFault | SpoiltFault;
export type Fault = ReplyFault | DelayFault | TaskFault;
export type FaultKind = Fault["kind"];

export class FaultBook {
  private faults: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.faults = [];
  }

  /** The faults that are still to come. */
  list(): Fault[] {
    return this.faults.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault));
  }

  /** The first delay that befalls this call, and the first other fault; both count as used. */
  take(action: string): { delay: DelayFault | undefined; reply: ReplyFault | undefined } {
    return { delay: this.takeOne(action, isDelay), reply: this.takeOne(action, isReplyFault) };
  }

  /** How the tasks of a call go that has just been accepted. */
  takeCourse(action: string, delayMs: number): (path: ObjectPath) => TaskCourse {
    const fault = this.takeOne(action, isTaskFault);
    const fine = { delayMs, failure: undefined, stuck: undefined };
    return (path) => {
      if (!fault || (fault.path !== undefined && fault.path !== path.text)) return fine;
      if (fault.kind === "task-stuck") return { ...fine, stuck: fault.status ?? "Refreshing" };
      return { ...fine, failure: fault.description ?? "Internal Error" };
    };
  }

  private takeOne<F extends Fault>(action: string, is: (fault: Fault) => fault is F): F | undefined {
    for (const entry of this.faults) {
      const { fault } = entry;
      if (!is(fault) || (fault.action !== undefined && fault.action !== action)) continue;
      entry.left--;
      this.faults = this.faults.filter(({ left }) => left > 0);
      return fault;
    }
    return undefined;
  }
}

/** Whether the call is worked on before this fault shows. */
export function isAfterWork(fault: ReplyFault): boolean {
  switch (fault.kind) {
    case "throttle":
    case "reset-before":
      return false;
    case "error":
    case "html":
    case "answer":
      return fault.afterWork ?? false;
    default:
      return true;
  }
}

/** The refusal that a throttle or an error stands for. */
export function refusalOf(fault: ThrottleFault | ErrorFault): Refusal {
  const code = fault.code ?? (fault.kind === "throttle" ? "Throttling" : "InternalError");
  const row = refusal(isErrorCode(code) ? code : ("InternalError" satisfies ErrorCode));
  if (fault.kind === "error") return new Refusal(code, fault.status ?? row.status, fault.message ?? row.message);
  const headers: Record<string, string> =
    fault.retryAfterMs === undefined ? {} : { "x-acs-retry-after": String(fault.retryAfterMs) };
  return new Refusal(code, row.status, row.message, headers);
}

function isDelay(fault: Fault): fault is DelayFault {
  return fault.kind === "delay";
}

function isTaskFault(fault: Fault): fault is TaskFault {
  return fault.kind === "task-failed" || fault.kind === "task-stuck";
}

function isReplyFault(fault: Fault): fault is ReplyFault {
  return !isDelay(fault) && !isTaskFault(fault);
}
