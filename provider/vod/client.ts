/**
 * The operations of the VOD API: each call passes the limiter of the process, is sent again when that can help, and is
 * never paid for twice where the service can tell that the first time counted.
 */
import { z } from "zod";
import { quotaExceeded, VodError } from "./errors.js";
import { type Limiter, limiterOf } from "./limiter.js";
import type { ObjectType } from "./limits.js";
import { quotaOf, type RefreshQuota } from "./quota.js";
import { DEFAULT_RETRY, NO_RETRY, type Rescue, type RetryLimits, realSleep, retrying, TOLD_WAIT_MS } from "./retry.js";
import { type Credentials, type CredentialsSource, caller } from "./rpc.js";
import {
  acceptedTaskIds,
  allPages,
  type RefreshTask,
  TASKS_PER_PAGE,
  type TaskFilter,
  tasksPage,
  tasksParameters,
} from "./tasks.js";

export type { Limiter } from "./limiter.js";
export type { RetryLimits } from "./retry.js";
export type { Credentials } from "./rpc.js";
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
  sleep?: (ms: number) => Promise<void>;
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

/** What the service answered. */
export interface RefreshResponse {
  /** The service's own string: task IDs joined by commas. */
  refreshTaskId: string;
  /** The service's ID of the request; none where the answer was lost. */
  requestId?: string;
  /** The answer was lost, and that the call was accepted was learned from the service's refresh tasks. */
  recovered?: boolean;
  /** The call was sent again although it may have been accepted before: its quota may be spent twice. */
  repeated?: boolean;
}

/** What a single question may have of its own. */
export interface QuestionOptions {
  /** How long and how often it is tried. Default: the client's. */
  retry?: RetryLimits;
}

export interface VodClient {
  /** @throws VodError for every failure, whatever its kind. */
  refreshObjectCaches(request: RefreshRequest): Promise<RefreshResponse>;
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

const refreshResponse = z.object({
  RefreshTaskId: z
    .string()
    .max(MAX_TASK_IDS_LENGTH)
    .regex(/^[\w.-]+(,[\w.-]+)*$/, "no task ID"),
  RequestId: z.string().regex(/^[\w.-]{1,100}$/),
});

const count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const quotaResponse = z.object({ UrlQuota: count, UrlRemain: count, DirQuota: count, DirRemain: count });

/** The task IDs that an endpoint's calls of this process were answered with, and in which order. */
const answeredTaskIds = new Map<string, Map<string, number>>();

/** Makes a client; nothing is sent and pop-core isn't loaded before the first call. */
export function vodClient(options: VodClientOptions): VodClient {
  const { endpoint, credentials, timeoutMs = DEFAULT_TIMEOUT_MS, now = () => new Date(), onWait } = options;
  const { retry = DEFAULT_RETRY, limiter = limiterOf(endpoint), sleep = realSleep, random = Math.random } = options;
  const answered = answeredTaskIds.get(endpoint) ?? new Map<string, number>();
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
  const inTurn = <T>(attempt: () => Promise<T>): Promise<T> => {
    const pause = limiter.pauseMs();
    if (pause > TOLD_WAIT_MS) onWait?.(`the VOD API throttles the calls; waiting ${Math.round(pause / 1000)} s`);
    return limiter.run(attempt);
  };
  const ask = <T>(question: () => Promise<T>, limits: RetryLimits): Promise<T> =>
    retrying(() => inTurn(question), { limits, now, sleep, random, onWait });

  const describeRefreshQuota = async ({ retry: limits = retry }: QuestionOptions = {}): Promise<RefreshQuota> => {
    const answer = await ask(() => call("DescribeVodRefreshQuota", {}, quotaResponse, []), limits);
    return {
      urls: { quota: answer.UrlQuota, remain: answer.UrlRemain },
      directories: { quota: answer.DirQuota, remain: answer.DirRemain },
    };
  };

  const describeRefreshTasks = (filter: TaskFilter, { retry: limits = retry }: QuestionOptions = {}) =>
    allPages((page) => {
      const parameters = { ...tasksParameters(filter), PageNumber: String(page), PageSize: String(TASKS_PER_PAGE) };
      return ask(() => call("DescribeVodRefreshTasks", parameters, tasksPage, []), limits);
    });

  /** Sends a refresh until it is accepted, or known to have been. */
  const submit = async (request: RefreshRequest): Promise<RefreshResponse> => {
    const { paths, objectType } = request;
    const force = objectType === "Directory" && request.force;
    const parameters = {
      ObjectPath: paths.join("\n"),
      ObjectType: objectType,
      ...(objectType === "Directory" ? { Force: String(force) } : {}),
    };
    // What is in doubt, and since when. A purge that began after the first such attempt is as good as a later one.
    let doubt: { startedAt: number; answeredBefore: number } | undefined;
    let repeated = false;

    const send = async (): Promise<RefreshResponse> => {
      const mine = { startedAt: 0, answeredBefore: 0 };
      try {
        const answer = await inTurn(() => {
          mine.startedAt = now().getTime();
          mine.answeredBefore = answered.size;
          repeated = doubt !== undefined;
          return call("RefreshVodObjectCaches", parameters, refreshResponse, paths);
        });
        return { refreshTaskId: answer.RefreshTaskId, requestId: answer.RequestId };
      } catch (error) {
        if (error instanceof VodError && error.outcomeUnknown) doubt ??= mine;
        throw error;
      }
    };
    const rescue = async (): Promise<Rescue<RefreshResponse>> => {
      if (doubt === undefined) return "unanswered";
      const { startedAt, answeredBefore } = doubt;
      const isOlder = (taskId: string) => (answered.get(taskId) ?? Number.POSITIVE_INFINITY) < answeredBefore;
      try {
        const since = () => startedAt + serviceAheadMs;
        const until = now().getTime() + serviceAheadMs;
        const refreshTaskId = await acceptedTaskIds({ paths, objectType, force, since, until, isOlder }, (filter) =>
          describeRefreshTasks(filter, { retry: DOUBT_RETRY }),
        );
        return refreshTaskId === undefined ? "unconfirmed" : { answer: { refreshTaskId, recovered: true } };
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
      onWait,
      rescue: retry.maxAttempts > 1 ? rescue : undefined,
    });
    for (const taskId of answer.refreshTaskId.split(",")) {
      if (!answered.has(taskId)) answered.set(taskId, answered.size);
    }
    return repeated ? { ...answer, repeated } : answer;
  };

  const refreshObjectCaches = async (request: RefreshRequest): Promise<RefreshResponse> => {
    try {
      return await submit(request);
    } catch (error) {
      if (!(error instanceof VodError) || error.code !== "QuotaExceeded.Refresh") throw error;
      // What is left only makes the message better: a failure to ask for it must not hide the refusal.
      const quota = await describeRefreshQuota({ retry: NO_RETRY }).catch(() => undefined);
      const needs = { count: request.paths.length, kind: quotaOf(request.objectType) };
      throw quotaExceeded(error, needs, quota, now());
    }
  };
  return { refreshObjectCaches, describeRefreshQuota, describeRefreshTasks };
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
