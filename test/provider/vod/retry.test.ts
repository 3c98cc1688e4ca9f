/** When a call is sent again: the decision, and the wire. */
import { describe, expect, test } from "vitest";
import { type VodClientOptions, vodClient } from "../../../provider/vod/client.js";
import { VodError } from "../../../provider/vod/errors.js";
import { createLimiter } from "../../../provider/vod/rate-limiter.js";
import { DEFAULT_RETRY, NO_RETRY, retryDelay, retrying, type Turn } from "../../../provider/vod/retry.js";
import type { Emulator } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";

const throttled = { code: "Throttling", retryable: true, retryAfterMs: undefined };
const first = { attempt: 1, elapsedMs: 0, random: 0.5, nowMs: Date.UTC(2026, 0, 1, 12, 0, 20) };
const limits = { timeoutMs: 300_000, maxAttempts: 10 };

describe("the delay before a call is sent again", () => {
  test.each([
    [1, 500],
    [2, 1_000],
    [3, 2_000],
    [6, 16_000],
    [7, 30_000],
    [9, 30_000],
  ])("after attempt %i is up to twice %i ms", (attempt, ms) => {
    expect(retryDelay(throttled, { ...first, attempt }, limits)).toBe(ms);
    expect(retryDelay(throttled, { ...first, attempt, random: 0 }, limits)).toBe(0);
  });

  test("is never less than the service asked for", () => {
    const failure = { ...throttled, retryAfterMs: 8_000 };
    expect(retryDelay(failure, { ...first, random: 0 }, limits)).toBe(8_000);
    expect(retryDelay(failure, first, limits)).toBe(8_500);
  });

  test("lasts until the next minute where the limit per minute is reached", () => {
    const failure = { ...throttled, code: "QuotaPerMinuteExceeded.Refresh" };
    expect(retryDelay(failure, { ...first, random: 0 }, limits)).toBe(40_000);
  });

  test("never passes the deadline", () => {
    expect(retryDelay(throttled, { ...first, attempt: 7, elapsedMs: 290_000 }, limits)).toBe(10_000);
    expect(retryDelay(throttled, { ...first, elapsedMs: 300_000 }, limits)).toBeUndefined();
    expect(
      retryDelay({ ...throttled, retryAfterMs: 11_000 }, { ...first, elapsedMs: 290_000 }, limits),
    ).toBeUndefined();
  });

  test("doesn't exist where no attempt is left, retries are off, or a retry can't help", () => {
    expect(retryDelay(throttled, { ...first, attempt: 10 }, limits)).toBeUndefined();
    expect(retryDelay(throttled, first, NO_RETRY)).toBeUndefined();
    expect(retryDelay({ ...throttled, retryable: false }, first, limits)).toBeUndefined();
  });
});

describe("a call that keeps failing", () => {
  const failing = async (error: Error, { timeoutMs = 300_000, maxAttempts = 10 } = {}) => {
    let clock = 0;
    let attempts = 0;
    const thrown = await retrying(
      async () => {
        attempts++;
        throw error;
      },
      {
        limits: { timeoutMs, maxAttempts },
        now: () => new Date(clock),
        sleep: async (ms) => {
          clock += ms;
        },
        random: () => 0.5,
      },
    ).catch((caught) => caught);
    return { thrown, attempts, clock };
  };
  const error = new VodError("It failed.", "Repair it.", { code: "Unreachable", retryable: true, httpStatus: 503 });

  test("names its attempts and their time", async () => {
    const { thrown, attempts, clock } = await failing(error);
    expect(attempts).toBe(10);
    expect(clock).toBe(121_500);
    expect(thrown).toMatchObject({ name: "VodError", code: "Unreachable", httpStatus: 503, retryable: true });
    expect(thrown.message).toBe("It failed. It was tried 10 times in 122 s. Repair it. (code Unreachable, HTTP 503)");
  });

  test("ends at the deadline", async () => {
    expect(await failing(error, { timeoutMs: 10_000 })).toMatchObject({ attempts: 6, clock: 10_000 });
  });

  test("isn't tried for a shorter time because it waited for its turn", async () => {
    let clock = 0;
    const left: number[] = [];
    const sleep = async (ms: number) => {
      clock += ms;
    };
    const call = async ({ leftMs, began }: Turn) => {
      left.push(leftMs);
      await sleep(400_000);
      began();
      throw error;
    };
    const settings = { limits: { timeoutMs: 5_000, maxAttempts: 3 }, now: () => new Date(clock), sleep };
    const thrown = await retrying(call, { ...settings, random: () => 0.5 }).catch((caught) => caught);
    expect(left).toEqual([5_000, 4_500, 3_500]);
    expect(thrown.happened).toBe("It failed. It was tried 3 times in 2 s.");
  });

  test("keeps its error when it was sent once", async () => {
    expect((await failing(error, NO_RETRY)).thrown).toBe(error);
    const bug = new TypeError("a mistake of ours");
    expect(await failing(bug)).toMatchObject({ thrown: bug, attempts: 1 });
  });
});

/** A client that waits in no time, with its waits and its sentences. */
function impatient(emulator: Emulator, options: Partial<VodClientOptions> = {}) {
  const sleeps: number[] = [];
  const sentences: string[] = [];
  let clock = Date.now();
  const pass = async (ms: number) => {
    clock += ms;
  };
  const client = vodClient({
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: emulator.accessKeyId, accessKeySecret: emulator.accessKeySecret },
    timeoutMs: 5000,
    limiter: createLimiter({ now: () => clock, sleep: pass }),
    now: () => new Date(clock),
    sleep: (ms) => {
      sleeps.push(ms);
      return pass(ms);
    },
    random: () => 0.5,
    onWait: (sentence) => sentences.push(sentence),
    ...options,
  });
  return { client, sleeps, sentences };
}
const request = { paths: ["https://vod.example.com/a"], objectType: "File" as const, force: false };

describe("a call on the wire", () => {
  test.each([
    ["Throttling" as const, 503],
    ["Throttling.User" as const, 400],
    ["Throttling.Api" as const, 400],
  ])("is sent again after %s, no sooner than asked, and says so", async (code, status) => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", code, times: 2, retryAfterMs: 8_000 });
    const { client, sleeps, sentences } = impatient(emulator);
    const answer = await client.refreshObjectCaches(request);
    expect(answer).toEqual({ refreshTaskId: expect.any(String), requestId: expect.any(String) });
    expect(emulator.received.map((call) => call.status)).toEqual([status, status, 200]);
    expect(sleeps).toEqual([8_500, 9_000]);
    expect(sentences).toEqual([
      expect.stringMatching(/^the VOD API throttled .*; retrying in 9 s \(attempt 2 of 10\)$/),
      expect.stringMatching(/^the VOD API throttled .*; retrying in 9 s \(attempt 3 of 10\)$/),
    ]);
  });

  test("fails at once where the throttle of another call lasts longer than its own time limit", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 1, retryAfterMs: 599_000 });
    const { client, sleeps } = impatient(emulator, { retry: { timeoutMs: 60_000, maxAttempts: 10 } });
    const first = await client.describeRefreshQuota({ retry: NO_RETRY }).catch((thrown) => thrown);
    expect(first).toMatchObject({ code: "Throttling", requestId: expect.any(String) });
    const error = await client.refreshObjectCaches(request).catch((thrown) => thrown);
    expect(error.message).toBe(
      "The VOD API throttles calls for another 599 s, which is longer than this call is retried. Run `pulumi up` again " +
        "after that, or set a longer `retry.timeout`. (code Throttling)",
    );
    expect(emulator.received).toHaveLength(1);
    expect(sleeps).toEqual([]);
  });

  test("waits for the throttle of another call within its own time limit, and reports to its own listener", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 1, retryAfterMs: 20_000 });
    const { client, sentences } = impatient(emulator);
    await client.describeRefreshQuota({ retry: NO_RETRY }).catch(() => {});
    const own: string[] = [];
    await client.refreshObjectCaches(request, { onWait: (sentence) => own.push(sentence) });
    expect(own).toEqual(["the VOD API throttles the calls; waiting 20 s"]);
    expect(sentences).toEqual([]);
  });

  test("is silent about short waits", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 2 });
    const { client, sentences } = impatient(emulator);
    await client.refreshObjectCaches(request);
    expect(sentences).toEqual([]);
  });

  test("has a new nonce each time", async () => {
    const emulator = await started();
    emulator.fault({ kind: "error", code: "ServiceBusy", times: 3 });
    // The emulator refuses a nonce that it has seen.
    await impatient(emulator).client.refreshObjectCaches(request);
    expect(emulator.received.map((call) => call.status)).toEqual([403, 403, 403, 200]);
  });

  test("is sent again after a page of HTML that throttles", async () => {
    const emulator = await started();
    emulator.fault({ kind: "html", status: 429, times: 2 });
    const { client } = impatient(emulator);
    expect(await client.refreshObjectCaches(request)).toEqual({
      refreshTaskId: expect.any(String),
      requestId: expect.any(String),
    });
    expect(emulator.received.map((call) => call.status)).toEqual([429, 429, 200]);
  });

  test.each([
    ["TooManyRequests", 429],
    ["TooMany.Refresh", 400],
    ["Brand.New", 429],
  ])("is sent again after %s with HTTP %i", async (code, status) => {
    const emulator = await started();
    emulator.fault({ kind: "error", code, status, message: "Not now.", times: 2 });
    const { client, sleeps } = impatient(emulator);
    expect(await client.refreshObjectCaches(request)).toMatchObject({ refreshTaskId: expect.any(String) });
    expect(emulator.received.map((call) => call.status)).toEqual([status, status, 200]);
    expect(sleeps).toHaveLength(2);
  });

  test.each(["InvalidDomain.NotFound", "Forbidden.RAM", "InvalidTimeStamp.Expired", "MissingParameter"])(
    "that %s refuses fails at once",
    async (code) => {
      const emulator = await started();
      emulator.fault({ kind: "error", code });
      const { client, sleeps } = impatient(emulator);
      const error = await client.refreshObjectCaches(request).catch((thrown) => thrown);
      expect(error).toMatchObject({ code });
      expect(error.message).not.toContain("It was tried");
      expect(emulator.received).toHaveLength(1);
      expect(sleeps).toEqual([]);
    },
  );

  test("that asks is sent again within the limits of the question", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 2 });
    const { client } = impatient(emulator, { retry: DEFAULT_RETRY });
    await expect(client.describeRefreshQuota({ retry: NO_RETRY })).rejects.toMatchObject({ code: "Throttling" });
    expect(await client.describeRefreshQuota()).toMatchObject({ urls: { remain: 2000 } });
    expect(emulator.received).toHaveLength(3);
  });

  test("that nobody answers is sent again, and the error says how often", async () => {
    const emulator = await started();
    emulator.endpoint = "http://127.0.0.1:1";
    const { client } = impatient(emulator, { retry: { timeoutMs: 60_000, maxAttempts: 3 } });
    const error = await client.refreshObjectCaches(request).catch((thrown) => thrown);
    expect(error.message).toMatch(/can't be reached \(ECONNREFUSED\)\. It was tried 3 times in 2 s\. Check/);
  });
});
