/**
 * Faults on demand: what goes wrong between a client and the service, for the next N calls or until the faults are
 * cleared.
 */
import { type ErrorCode, isErrorCode, Refusal, refusal } from "./errors.js";
import type { ObjectPath } from "./object-path.js";
import type { TaskCourse } from "./tasks.js";

interface Scope {
  /** The action that the fault is limited to. Defaults to every action. */
  action?: string;
  /** How many calls the fault hits. Defaults to all calls until the faults are cleared. */
  times?: number;
}

interface Moment {
  /** Whether the service does the work first: it spends quota and files tasks. Defaults to false. */
  afterWork?: boolean;
}

/**
 * Flow control refuses the call. `retryAfterMs` sends an `x-acs-retry-after` header. The code defaults to `Throttling`.
 */
export interface ThrottleFault extends Scope {
  kind: "throttle";
  code?: "Throttling" | "Throttling.User" | "Throttling.Api" | "TooManyRequests";
  retryAfterMs?: number;
}
/**
 * The call is refused with any code. A code of the error tables has its own status and message. Defaults to
 * `InternalError`, 500.
 */
export interface ErrorFault extends Scope, Moment {
  kind: "error";
  code?: string;
  status?: number;
  message?: string;
}
/** The connection is reset before or after the work. */
export interface ResetFault extends Scope {
  kind: "reset-before" | "reset-after";
}
/** The service waits before the work, or between the work and the answer. It can be combined with any other fault. */
export interface DelayFault extends Scope, Moment {
  kind: "delay";
  ms: number;
}
/** The answer is an HTML page, as a proxy sends it. A 302 leads to a login page. The status defaults to 502. */
export interface HtmlFault extends Scope, Moment {
  kind: "html";
  status?: number;
}
/** The answer is any text. The status defaults to 200, the content type to JSON. */
export interface AnswerFault extends Scope, Moment {
  kind: "answer";
  body: string;
  status?: number;
  contentType?: string;
}
/**
 * The answer after the work is corrupted: cut in half, with fields of the wrong types, with its RequestId only, or
 * empty.
 */
export interface CorruptFault extends Scope {
  kind: "truncated" | "wrong-types" | "missing-fields" | "empty";
}
/**
 * The tasks of a refresh or a preload end as `Failed`, and purge or fill nothing. `path` limits it to one path of the
 * call.
 */
export interface TaskFailedFault extends Scope {
  kind: "task-failed";
  /** The page of DescribeVodRefreshTasks lists `Internal Error` (the default), `Origin Timeout` and one more. */
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
export type ReplyFault = ThrottleFault | ErrorFault | ResetFault | HtmlFault | AnswerFault | CorruptFault;
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

  /** Lists the faults that are still to come. */
  list(): Fault[] {
    return this.faults.map(({ fault, left }) => (Number.isFinite(left) ? { ...fault, times: left } : fault));
  }

  /** Takes the first delay and the first other fault for this call; both count as used. */
  take(action: string): { delay: DelayFault | undefined; reply: ReplyFault | undefined } {
    return { delay: this.takeOne(action, isDelay), reply: this.takeOne(action, isReplyFault) };
  }

  /** Takes the first task fault, and returns how the tasks of an accepted call go. */
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

/** Whether the service does the work of the call before this fault. */
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

/** Creates the refusal of a throttle or an error. */
export function createRefusal(fault: ThrottleFault | ErrorFault): Refusal {
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
