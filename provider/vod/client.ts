/**
 * The operations of the VOD API: each call passes the limiter of the process, is sent again when that can help, and is
 * never paid for twice where the service can tell that the first time counted.
 */
import { z } from "zod";
import { untilCancelled } from "./cancellation.js";
import type { Credentials, CredentialsSource } from "./credentials.js";
import { VodError } from "./errors.js";
import { DEFAULT_PRELOAD_AREA, type ObjectType, type PreloadArea } from "./limits.js";
import { isQuotaExceeded, quotaAnswer, quotaOf, type RefreshQuota } from "./quota.js";
import { type Limiter, limiterOf } from "./rate-limiter.js";
import { quotaExceededError } from "./refusals.js";
import {
  DEFAULT_RETRY,
  LEAST_PATIENCE_MS,
  NO_RETRY,
  type Recovery,
  type RetryLimits,
  realSleep,
  retrying,
  type Sleep,
  TOLD_QUEUE_MS,
  TOLD_WAIT_MS,
  type Turn,
} from "./retry.js";
import { caller } from "./rpc.js";
import {
  acceptedTaskIds,
  allPages,
  type RefreshTask,
  type RowType,
  TASKS_PER_PAGE,
  type TaskFilter,
  tasksPage,
  tasksParameters,
} from "./tasks.js";

export type { Credentials } from "./credentials.js";
export type { Limiter } from "./rate-limiter.js";
export type { RetryLimits } from "./retry.js";
export type { RefreshTask, TaskFilter, TaskStatus } from "./tasks.js";

export interface VodClientOptions {
  /** Origin of the API, as `resolveEndpoint` gives it. */
  endpoint: string;
  /** Who calls, or where that is asked for before each request. */
  credentials: Credentials | CredentialsSource;
  /** How long a request may take, from connecting to the last byte of its answer, in milliseconds. Default: 20,000. */
  timeoutMs?: number;
  /** The present time. Default: this machine's. */
  now?: () => Date;
  /** How long and how often each call is tried. Default: 5 minutes, 10 attempts. */
  retry?: RetryLimits;
  /** What the calls pass. Default: the one that all clients of the endpoint share in this process. */
  limiter?: Limiter;
  /** Told of each wait of more than 3 s: what happened and how long it takes, in a sentence without its period. */
  onWait?: (sentence: string) => void;
  /** Waits before a call is sent again, so many milliseconds. Default: real time. */
  sleep?: Sleep;
  /** Random numbers from 0 up to, not including, 1. Default: `Math.random`. */
  random?: () => number;
}

/** One call of RefreshVodObjectCaches. */
export interface RefreshRequest {
  /** Paths as `normalizePath` returns them; at most `PATHS_PER_CALL` of them. */
  paths: readonly string[];
  objectType: ObjectType;
  /** Sent for directories only, where alone it means something. */
  force: boolean;
}

/** One call of PreloadVodObjectCaches. */
export interface PreloadRequest {
  /** Paths as `normalizePath` returns them for a File; at most `PRELOADS_PER_CALL` of them. */
  paths: readonly string[];
  /** Where the copies are put. Default: `domestic`, the Chinese mainland. */
  area?: PreloadArea | undefined;
  /** Whether the nodes next to the viewers (L2) get copies too, and not only those that ask the origin. Default: false. */
  l2Preload?: boolean | undefined;
  /** What the origin is asked with, by name. Default: the service's own, `Accept-Encoding: gzip`. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** How a call was accepted. */
interface Acceptance {
  /** The service's ID of the request; none where the answer was lost. */
  requestId?: string;
  /** The answer was lost, and that the call was accepted was learned from the service's tasks. */
  recovered?: boolean;
  /** The call was sent again although it may have been accepted before: its quota may be spent twice. */
  repeated?: boolean;
}

/** What the service answered to a refresh. */
interface RefreshResponse extends Acceptance {
  /** The service's own string: task IDs joined by commas. */
  refreshTaskId: string;
}

/** What the service answered to a preload. */
interface PreloadResponse extends Acceptance {
  /** The service's own string: task IDs joined by commas. */
  preloadTaskId: string;
}

/** What a single call may have of its own. */
export interface CallOptions {
  /** Told of each longer wait, as the client's is. Default: the client's. */
  onWait?: ((sentence: string) => void) | undefined;
  /** When it aborts, nothing more is waited for or sent; a call that is on its way is still answered. */
  signal?: AbortSignal | undefined;
}

/** What a single question may. */
interface QuestionOptions extends CallOptions {
  /** How long and how often it is tried. Default: the client's. */
  retry?: RetryLimits;
}

export interface VodClient {
  /** @throws VodError for every failure, whatever its kind. */
  refreshObjectCaches(request: RefreshRequest, options?: CallOptions): Promise<RefreshResponse>;
  /**
   * Fills the cache from the origin where it has no copy. An old copy stays, so a refresh must have ended before.
   *
   * @throws VodError for every failure, whatever its kind.
   */
  preloadObjectCaches(request: PreloadRequest, options?: CallOptions): Promise<PreloadResponse>;
  /** @throws VodError for every failure, a missing permission too. */
  describeRefreshQuota(options?: QuestionOptions): Promise<RefreshQuota>;
  /**
   * All rows of a task ID (one, not several joined by commas) or of a time; the service keeps them for 3 days.
   *
   * @throws VodError for every failure; InvalidResponse for a row that it can't read, such as one of an unknown status.
   */
  describeRefreshTasks(filter: TaskFilter, options?: QuestionOptions): Promise<RefreshTask[]>;
}

const DEFAULT_TIMEOUT_MS = 20_000;

/** How long and how often it is asked whether a call was accepted, before it is sent again unasked. */
const DOUBT_RETRY: RetryLimits = { timeoutMs: 10_000, maxAttempts: 3 };

/** How far a clock may be off before the gateway refuses the signature. Source: InvalidTimeStamp.Expired. */
const MAX_CLOCK_SKEW_MS = 15 * 60_000;

/** More than the IDs of 1,000 tasks take, which one call can't begin: the state keeps them. */
const MAX_TASK_IDS_LENGTH = 32_000;

const taskIds = z
  .string()
  .max(MAX_TASK_IDS_LENGTH)
  .regex(/^[\w.-]+(,[\w.-]+)*$/, "no task ID");
const requestId = z.string().regex(/^[\w.-]{1,100}$/);
const refreshResponse = z
  .object({ RefreshTaskId: taskIds, RequestId: requestId })
  .transform((answer): Accepted => ({ taskIds: answer.RefreshTaskId, requestId: answer.RequestId }));
const preloadResponse = z
  .object({ PreloadTaskId: taskIds, RequestId: requestId })
  .transform((answer): Accepted => ({ taskIds: answer.PreloadTaskId, requestId: answer.RequestId }));

/** A call that files tasks: what is sent, what answers it, and by what its tasks and its quota are known. */
interface TaskRequest {
  action: string;
  paths: readonly string[];
  /** All parameters but the paths. */
  options: Readonly<Record<string, string>>;
  schema: z.ZodType<Accepted>;
  /** How rows name its type, as {@link acceptedTaskIds} wants it. */
  rowType: RowType | undefined;
  quota: keyof RefreshQuota;
}

interface Accepted extends Acceptance {
  /** Joined by commas. */
  taskIds: string;
}

/** How rows name the type of a refresh. */
const ROW_TYPE: Partial<Record<ObjectType, RowType>> = { File: "file", Directory: "directory" };

/** A task ID that a call was answered with, and what the call was but for its paths. */
interface Answered {
  taskId: string;
  kind: string;
}

/** The task IDs that an endpoint's calls of this process were answered with, in their order. */
const answeredTaskIds = new Map<string, Answered[]>();

/** Makes a client; nothing is sent and pop-core isn't loaded before the first call. */
export function vodClient(options: VodClientOptions): VodClient {
  const { endpoint, credentials, timeoutMs = DEFAULT_TIMEOUT_MS, now = () => new Date() } = options;
  const { retry = DEFAULT_RETRY, limiter = limiterOf(endpoint), sleep = realSleep, random = Math.random } = options;
  const answered = answeredTaskIds.get(endpoint) ?? [];
  answeredTaskIds.set(endpoint, answered);
  let serviceAheadMs = 0;
  const onDate = (date: Date) => {
    serviceAheadMs = aheadOf(date, now());
  };
  const call = caller({
    endpoint,
    credentials: "get" in credentials ? credentials : { get: async () => credentials },
    timeoutMs,
    onDate,
  });

  /** Runs one attempt when its turn comes. */
  const inTurn = <T>(
    attempt: () => Promise<T>,
    { leftMs, began }: Turn,
    { onWait = options.onWait, signal }: CallOptions,
  ): Promise<T> => {
    const patienceMs = Math.max(leftMs, LEAST_PATIENCE_MS);
    const [pause, queue] = [limiter.pauseMs(), limiter.queueMs()];
    if (pause > TOLD_WAIT_MS && pause <= patienceMs) {
      onWait?.(`the VOD API throttles the calls; waiting ${Math.round(pause / 1000)} s`);
    } else if (queue > TOLD_QUEUE_MS) {
      onWait?.(`waiting about ${Math.round(queue / 1000)} s for the calls before this one`);
    }
    const begin = () => {
      began();
      return attempt();
    };
    return limiter.run(begin, patienceMs, signal);
  };
  const ask = <T>(question: () => Promise<T>, own: QuestionOptions): Promise<T> => {
    const { retry: limits = retry, onWait = options.onWait, signal } = own;
    const attempt = (turn: Turn) => inTurn(question, turn, own);
    // Nothing depends on an answer that nobody waits for any more.
    return untilCancelled(signal, () => retrying(attempt, { limits, now, sleep, random, onWait, signal }));
  };

  const describeRefreshQuota = (question: QuestionOptions = {}): Promise<RefreshQuota> =>
    ask(() => call("DescribeVodRefreshQuota", {}, quotaAnswer, [], question.signal), question);

  const describeRefreshTasks = (filter: TaskFilter, { retry: limits = retry, ...own }: QuestionOptions = {}) => {
    // All pages are one question.
    const deadline = now().getTime() + limits.timeoutMs;
    return allPages((page) => {
      const parameters = { ...tasksParameters(filter), PageNumber: String(page), PageSize: String(TASKS_PER_PAGE) };
      const left = { ...limits, timeoutMs: Math.max(0, deadline - now().getTime()) };
      return ask(() => call("DescribeVodRefreshTasks", parameters, tasksPage, [], own.signal), { ...own, retry: left });
    });
  };

  /** Sends a call until it is accepted, or known to have been. */
  const submit = async (
    { action, paths, options: own, schema, rowType }: TaskRequest,
    { onWait = options.onWait, signal }: CallOptions,
  ): Promise<Accepted> => {
    const parameters = { ObjectPath: paths.join("\n"), ...own };
    const kind = JSON.stringify([action, own]);
    // What is in doubt, and since when. What began after the first such attempt is as good as a later one.
    let doubt: { startedAt: number; answeredBefore: number } | undefined;
    let repeated = false;

    const send = async (turn: Turn): Promise<Accepted> => {
      const mine = { startedAt: 0, answeredBefore: 0 };
      try {
        const attempt = () => {
          mine.startedAt = now().getTime();
          mine.answeredBefore = answered.length;
          repeated = doubt !== undefined;
          return call(action, parameters, schema, paths, signal);
        };
        return await inTurn(attempt, turn, { onWait, signal });
      } catch (error) {
        if (error instanceof VodError && error.outcomeUnknown) doubt ??= mine;
        throw error;
      }
    };
    const rescue = async (): Promise<Recovery<Accepted>> => {
      if (doubt === undefined) return "unanswered";
      const { startedAt, answeredBefore } = doubt;
      const isOthers = (taskId: string) =>
        answered.some((other, index) => other.taskId === taskId && (index < answeredBefore || other.kind !== kind));
      try {
        const since = () => startedAt + serviceAheadMs;
        const until = now().getTime() + serviceAheadMs;
        const taskIds = await acceptedTaskIds({ paths, rowType, since, until, isOthers }, (filter) =>
          describeRefreshTasks(filter, { retry: DOUBT_RETRY, onWait, signal }),
        );
        return taskIds === undefined ? "unconfirmed" : { answer: { taskIds, recovered: true } };
      } catch (failure) {
        // A refusal too shows that it is the service which answers there.
        return failure instanceof VodError && failure.requestId !== undefined ? "unconfirmed" : "unanswered";
      }
    };

    const answer = await retrying(send, {
      limits: retry,
      now,
      sleep,
      random,
      signal,
      onWait,
      recover: retry.maxAttempts > 1 ? rescue : undefined,
    });
    for (const taskId of answer.taskIds.split(",")) answered.push({ taskId, kind });
    return repeated ? { ...answer, repeated } : answer;
  };

  /** The same, with what is left of the day where its quota can't hold the call. */
  const submitWithinQuota = async (submission: TaskRequest, callOptions: CallOptions): Promise<Accepted> => {
    try {
      return await submit(submission, callOptions);
    } catch (error) {
      if (!(error instanceof VodError) || !isQuotaExceeded(error.code)) throw error;
      // What is left only makes the message better: a failure to ask for it must not hide the refusal.
      const quota = await describeRefreshQuota({ ...callOptions, retry: NO_RETRY }).catch(() => undefined);
      throw quotaExceededError(error, { count: submission.paths.length, kind: submission.quota }, quota, now());
    }
  };

  const refreshObjectCaches = async (request: RefreshRequest, own: CallOptions = {}): Promise<RefreshResponse> => {
    const { taskIds: refreshTaskId, ...outcome } = await submitWithinQuota(refreshOf(request), own);
    return { refreshTaskId, ...outcome };
  };
  const preloadObjectCaches = async (request: PreloadRequest, own: CallOptions = {}): Promise<PreloadResponse> => {
    const { taskIds: preloadTaskId, ...outcome } = await submitWithinQuota(preloadOf(request), own);
    return { preloadTaskId, ...outcome };
  };
  return { refreshObjectCaches, preloadObjectCaches, describeRefreshQuota, describeRefreshTasks };
}

function refreshOf({ paths, objectType, force: wanted }: RefreshRequest): TaskRequest {
  const isDirectory = objectType === "Directory";
  const force = isDirectory && wanted;
  return {
    action: "RefreshVodObjectCaches",
    paths,
    options: { ObjectType: objectType, ...(isDirectory ? { Force: String(force) } : {}) },
    schema: refreshResponse,
    rowType: force ? undefined : ROW_TYPE[objectType],
    quota: quotaOf(objectType),
  };
}

function preloadOf({ paths, area, l2Preload, headers }: PreloadRequest): TaskRequest {
  const withHeader = Object.entries(headers ?? {}).map(([name, value]) => [name, [value]]);
  return {
    action: "PreloadVodObjectCaches",
    paths,
    options: {
      Area: area ?? DEFAULT_PRELOAD_AREA,
      L2Preload: String(l2Preload ?? false),
      // Each name has a list of values in the service's own example, {"Accept-Encoding":["gzip, deflate, br"]}.
      ...(withHeader.length > 0 ? { WithHeader: JSON.stringify(Object.fromEntries(withHeader)) } : {}),
    },
    schema: preloadResponse,
    rowType: "preload",
    quota: "preload",
  };
}

/**
 * How far the service's clock is ahead of this machine's, at the most, in milliseconds; 0 where that can't be seen: a
 * `Date` header has whole seconds.
 */
function aheadOf(date: Date, now: Date): number {
  const ahead = date.getTime() - now.getTime();
  // A clock that is further off would have been refused, so that is not the one which requests are stamped with.
  return ahead > 0 && ahead <= MAX_CLOCK_SKEW_MS ? ahead + 1000 : 0;
}
