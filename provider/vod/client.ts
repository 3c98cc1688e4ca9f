/**
 * The operations of the VOD API: each call passes the limiter of the process, is sent again where that can help, and
 * never uses its quota twice where the service's tasks prove that the first attempt was accepted.
 */

import { countDown } from "../text/progress.js";
import { HIDDEN } from "../text/show.js";
import { isCancelled, untilCancelled } from "./cancellation.js";
import type { Credentials, CredentialsSource } from "./credentials.js";
import { VodError } from "./errors.js";
import { formatNumber } from "./format.js";
import { isQuotaExceeded, quotaAnswer, type RefreshQuota } from "./quota.js";
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
import { type SentCall, SentCalls } from "./sent-calls.js";
import { boundByService, type ClockLead, learnLead } from "./service-clock.js";
import {
  type Acceptance,
  type Accepted,
  type PreloadRequest,
  preloadTask,
  type RefreshRequest,
  refreshTask,
  type TaskRequest,
} from "./task-requests.js";
import {
  acceptedTaskIds,
  allPages,
  type RefreshTask,
  TASKS_PER_PAGE,
  type TaskFilter,
  tasksPage,
  tasksParameters,
  type UncertainCall,
} from "./tasks.js";

export type { Credentials } from "./credentials.js";
export type { Limiter } from "./rate-limiter.js";
export type { RetryLimits } from "./retry.js";
export type { PreloadRequest, RefreshRequest } from "./task-requests.js";
export type { RefreshTask, TaskFilter, TaskStatus } from "./tasks.js";

export interface VodClientOptions {
  /** Origin of the API, as `resolveEndpoint` gives it. */
  endpoint: string;
  /** The credentials, or their source, which is asked before each request. */
  credentials: Credentials | CredentialsSource;
  /** How long a request may take, from connecting to the last byte of its answer, in milliseconds. Default: 20,000. */
  timeoutMs?: number;
  /** The present time. Default: this machine's. */
  now?: () => Date;
  /** How long and how often each call is tried. Default: 5 minutes, 10 attempts. */
  retry?: RetryLimits;
  /** What the calls pass. Default: the one that all clients of the endpoint share in this process. */
  limiter?: Limiter;
  /** Told of each wait of more than 3 s: what happened and how long it takes, as a sentence without its period. */
  onWait?: (sentence: string) => void;
  /** Waits before a call is sent again, in milliseconds. Default: real time. */
  sleep?: Sleep;
  /** Random numbers from 0 up to, not including, 1. Default: `Math.random`. */
  random?: () => number;
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

/** The options of a single call. */
interface CallOptions {
  /** Told of each longer wait. Default: the client's. */
  onWait?: ((sentence: string) => void) | undefined;
  /** Whether no error may name a path. Default: false. */
  secretPaths?: boolean | undefined;
  /** When it aborts, nothing more is waited for or sent; a call on its way is still answered. */
  signal?: AbortSignal | undefined;
}

/** The options of a call that starts tasks. */
interface SubmitOptions extends CallOptions {
  /** Tasks that were there before: none of them is the call's. Default: none is known. */
  olderTaskIds?: readonly string[] | undefined;
}

/** The options of a single question. */
export interface QuestionOptions extends CallOptions {
  /** How long and how often the question is tried. Default: the client's. */
  retry?: RetryLimits;
}

export interface VodClient {
  /** @throws VodError for every failure. */
  refreshObjectCaches(request: RefreshRequest, options?: SubmitOptions): Promise<RefreshResponse>;
  /**
   * Fills the cache from the origin where it has no copy. An old copy stays, so a refresh must have ended before.
   *
   * @throws VodError for every failure.
   */
  preloadObjectCaches(request: PreloadRequest, options?: SubmitOptions): Promise<PreloadResponse>;
  /** @throws VodError for every failure, a missing permission too. */
  describeRefreshQuota(options?: QuestionOptions): Promise<RefreshQuota>;
  /**
   * Gives all rows of a task ID (one, not several joined by commas) or of a time; the service keeps them for 3 days.
   *
   * @throws VodError for every failure; InvalidResponse for a row that can't be read, such as one of an unknown status.
   */
  describeRefreshTasks(filter: TaskFilter, options?: QuestionOptions): Promise<RefreshTask[]>;
}

const DEFAULT_TIMEOUT_MS = 20_000;

/** How long and how often the service is asked whether a call was accepted, before the call is sent again. */
const RECOVERY_RETRY: RetryLimits = { timeoutMs: 10_000, maxAttempts: 3 };

/** The calls of this process that start tasks, by endpoint. */
const sentCalls = new Map<string, SentCalls>();

/** Makes a client. Before the first call, nothing is sent and pop-core isn't loaded. */
export function vodClient(options: VodClientOptions): VodClient {
  const { endpoint, credentials, timeoutMs = DEFAULT_TIMEOUT_MS, now = () => new Date() } = options;
  const { retry = DEFAULT_RETRY, limiter = limiterOf(endpoint), sleep = realSleep, random = Math.random } = options;
  const sent = sentCalls.get(endpoint) ?? new SentCalls();
  sentCalls.set(endpoint, sent);
  let lead: ClockLead | undefined;
  const onDate = (date: Date, askedAt: Date) => {
    lead = learnLead(lead, date, askedAt, now());
  };
  const call = caller({
    endpoint,
    credentials: "get" in credentials ? credentials : { get: async () => credentials },
    timeoutMs,
    now,
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
    let tellNoMore = () => {};
    if (onWait && pause > TOLD_WAIT_MS && pause <= patienceMs) {
      tellNoMore = countDown(pause, describePause, onWait);
    } else if (onWait && queue > TOLD_QUEUE_MS) {
      tellNoMore = countDown(queue, describeQueue, onWait);
    }
    const begin = () => {
      tellNoMore();
      began();
      return attempt();
    };
    return limiter.run(begin, patienceMs, signal).finally(tellNoMore);
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
      return ask(
        () => call("DescribeVodRefreshTasks", parameters, tasksPage, own.secretPaths ? [HIDDEN] : [], own.signal),
        { ...own, retry: left },
      );
    });
  };

  /** Whether the day's quota surely can't hold a call, by the service's own word. */
  const lacksQuota = async (request: TaskRequest, own: CallOptions): Promise<boolean> => {
    const { paths, quota: kind, ownQuota = kind } = request;
    const quota = await describeRefreshQuota({ ...own, retry: NO_RETRY }).catch(() => undefined);
    const day = quota?.[ownQuota] ?? quota?.[kind];
    return (day?.remain ?? Number.POSITIVE_INFINITY) < paths.length;
  };

  /** Sends a call until it is accepted, or known to have been. */
  const submit = async (request: TaskRequest, callOptions: SubmitOptions): Promise<Accepted> => {
    const { action, paths, options: own, schema, rowType, rowNames } = request;
    const { onWait = options.onWait, secretPaths, signal } = callOptions;
    const olderTaskIds = new Set(callOptions.olderTaskIds);
    const parameters = { ObjectPath: paths.join("\n"), ...own };
    const kind = JSON.stringify([action, own]);
    const attempts = new Set<SentCall>();
    // The first attempt with an unknown outcome: tasks that began after it are as good as those of a later attempt.
    let uncertain: SentCall | undefined;
    let repeated = false;
    let isOverQuota = false;

    const send = async (turn: Turn): Promise<Accepted> => {
      let current: SentCall | undefined;
      const wasRepeated = repeated;
      try {
        const attempt = () => {
          current = sent.begin(kind, paths, now().getTime());
          attempts.add(current);
          repeated = uncertain !== undefined;
          return call(action, parameters, schema, secretPaths ? paths.map(() => HIDDEN) : paths, signal);
        };
        const answer = await inTurn(attempt, turn, { onWait, signal });
        if (current) current.taskIds = new Set(answer.taskIds.split(","));
        return answer;
      } catch (error) {
        isOverQuota = error instanceof VodError && isQuotaExceeded(error.code);
        if (error instanceof VodError && error.outcomeUnknown) uncertain ??= current;
        else {
          // What was refused used no quota.
          repeated = wasRepeated;
          if (current) sent.forget(current);
        }
        throw error;
      }
    };
    const recover = async (): Promise<Recovery<Accepted>> => {
      if (uncertain === undefined) return "unanswered";
      const first = uncertain;
      const start = () => boundByService(first.startedAt, lead);
      const mayHaveCreated = (startedAt: number, { createdAt }: RefreshTask) =>
        createdAt.getTime() + 1000 > boundByService(startedAt, lead).earliest;
      const doubt: UncertainCall = {
        paths,
        rowType,
        rowNames,
        since: () => start().earliest,
        sinceAtLatest: () => start().latest,
        until: boundByService(now().getTime(), lead).latest,
        withoutOthers: (rows) => sent.withoutOthers(rows, { call: first, own: attempts, olderTaskIds }, mayHaveCreated),
      };
      try {
        const found = await acceptedTaskIds(doubt, (filter) =>
          describeRefreshTasks(filter, { retry: RECOVERY_RETRY, onWait, secretPaths, signal }),
        );
        if (found === undefined) return "unconfirmed";
        const { taskIds, isProof } = found;
        if (!isProof && !isOverQuota && !(await lacksQuota(request, { onWait, signal }))) return "unconfirmed";
        first.taskIds = new Set(taskIds.split(","));
        return { answer: { taskIds, recovered: true, ...(isProof ? {} : { unproven: true }) } };
      } catch (failure) {
        // A refusal also shows that the service itself answers there.
        return failure instanceof VodError && failure.requestId !== undefined ? "unconfirmed" : "unanswered";
      }
    };

    try {
      const answer = await retrying(send, {
        limits: retry,
        now,
        sleep,
        random,
        signal,
        onWait,
        recover: retry.maxAttempts > 1 ? recover : undefined,
      });
      return repeated ? { ...answer, repeated } : answer;
    } catch (error) {
      if (uncertain === undefined || !(error instanceof VodError)) throw error;
      throw new VodError(error.happened, error.remedy, { ...error, outcomeUnknown: true });
    }
  };

  /** Submits a call; the error tells what is left of a day's quota that can't hold it, and what may be done all the same. */
  const submitAndExplain = async (request: TaskRequest, callOptions: SubmitOptions): Promise<Accepted> => {
    try {
      return await submit(request, callOptions);
    } catch (error) {
      if (!(error instanceof VodError)) throw error;
      if (!isQuotaExceeded(error.code)) throw withUnknownOutcome(error);
      // The remaining quota only improves the message: a failure to read it must not hide the refusal.
      const quota = await describeRefreshQuota({ ...callOptions, retry: NO_RETRY }).catch(() => undefined);
      const needs = { ...request, count: request.paths.length };
      throw withUnknownOutcome(quotaExceededError(error, needs, quota, now()));
    }
  };

  const refreshObjectCaches = async (request: RefreshRequest, own: SubmitOptions = {}): Promise<RefreshResponse> => {
    const { taskIds: refreshTaskId, ...outcome } = await submitAndExplain(refreshTask(request), own);
    return { refreshTaskId, ...outcome };
  };
  const preloadObjectCaches = async (request: PreloadRequest, own: SubmitOptions = {}): Promise<PreloadResponse> => {
    const { taskIds: preloadTaskId, ...outcome } = await submitAndExplain(preloadTask(request), own);
    return { preloadTaskId, ...outcome };
  };
  return { refreshObjectCaches, preloadObjectCaches, describeRefreshQuota, describeRefreshTasks };
}

const inSeconds = (ms: number) => `${formatNumber(Math.round(ms / 1000))} s`;

/** The same error; it says so where the service may have accepted the call. */
function withUnknownOutcome(error: VodError): VodError {
  if (!error.outcomeUnknown || isCancelled(error)) return error;
  const happened = `${error.happened} The service may have accepted an earlier attempt, whose answer was lost.`;
  return new VodError(happened, error.remedy, error);
}

/** Says how long the service asked all calls to pause. */
export function describePause(ms: number): string {
  return `the VOD API throttles the calls; waiting ${inSeconds(ms)}`;
}

/** Says how long a call waits for those before it. */
export function describeQueue(ms: number): string {
  return `waiting about ${inSeconds(ms)} for earlier calls, within the VOD API's rate limit`;
}
