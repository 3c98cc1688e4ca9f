/** The rate limiter of a process, in simulated time throughout. */
import { describe, expect, test } from "vitest";
import { VodError } from "../../provider/vod/errors.js";
import {
  createLimiter,
  FULL_PACE,
  limiterOf,
  MAX_CONCURRENT_CALLS,
  nextStart,
  paceAfterAnswer,
  paceAfterStart,
  paceAfterThrottle,
  WINDOW_MS,
} from "../../provider/vod/limiter.js";
import { DEFAULT_RETRY, retrying, type Turn } from "../../provider/vod/retry.js";

const throttle = (retryAfterMs?: number) =>
  new VodError("The VOD API throttled the call.", "Wait.", { code: "Throttling", retryable: true, retryAfterMs });

/** A clock that goes on to the next sleeper's time once nothing else is left to do. */
function simulatedTime() {
  let now = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  const sleep = (ms: number) => new Promise<void>((wake) => sleepers.push({ at: now + ms, wake }));
  async function run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    ended.catch(() => {});
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done) return ended;
      sleepers.sort((a, b) => a.at - b.at);
      const next = sleepers.shift();
      if (!next) throw new Error("nothing will ever happen");
      now = Math.max(now, next.at);
      next.wake();
    }
  }
  return { now: () => now, sleep, run };
}

/** A service that takes 100 ms for an answer, and refuses what is more than so many calls a second. */
function serviceOf(limit: number, time: ReturnType<typeof simulatedTime>, retryAfterMs?: number) {
  const accepted: { at: number; name: string }[] = [];
  const seen = { throttled: 0, underWay: 0, mostUnderWay: 0, accepted };
  const call = async (name: string) => {
    const at = time.now();
    // One of less than a call a second takes one in some seconds.
    const [most, within] = limit < 1 ? [1, 1000 / limit] : [limit, 1000];
    const refused = accepted.filter((one) => one.at > at - within).length >= most;
    if (!refused) accepted.push({ at, name });
    seen.underWay++;
    seen.mostUnderWay = Math.max(seen.mostUnderWay, seen.underWay);
    await time.sleep(100);
    seen.underWay--;
    if (refused) {
      seen.throttled++;
      throw throttle(retryAfterMs);
    }
  };
  return { seen, call };
}

async function deployed(
  resources: number,
  limit: number,
  { batches = 1, retryAfterMs = undefined as number | undefined } = {},
) {
  const time = simulatedTime();
  const limiter = createLimiter(time);
  const { seen, call } = serviceOf(limit, time, retryAfterMs);
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const resource = async (name: string) => {
    for (let batch = 0; batch < batches; batch++) {
      const attempt = ({ began }: Turn) =>
        limiter.run(() => {
          began();
          return call(`${name}/${batch}`);
        });
      await retrying(attempt, {
        limits: DEFAULT_RETRY,
        now: () => new Date(time.now()),
        sleep: time.sleep,
        random,
      });
    }
  };
  await time.run(Promise.all(Array.from({ length: resources }, (_, index) => resource(String(index)))));
  return { seen, tookMs: time.now() };
}

describe("200 resources at once", () => {
  test("take little more than the least time at a service of 20 calls a second", async () => {
    const { seen, tookMs } = await deployed(200, 20);
    expect(seen.accepted).toHaveLength(200);
    // 20 at once, and as many with each further second.
    expect(tookMs).toBeLessThan(1.1 * 9_000);
    expect(seen.throttled).toBeLessThanOrEqual(MAX_CONCURRENT_CALLS);
    expect(seen.mostUnderWay).toBeLessThanOrEqual(MAX_CONCURRENT_CALLS);
  });

  test.each([
    [8, undefined],
    [8, 2_000],
    [3, undefined],
  ])("adapt to a service of %i calls a second that asks for %s ms", async (limit, retryAfterMs) => {
    const { seen, tookMs } = await deployed(200, limit, { retryAfterMs });
    expect(seen.accepted).toHaveLength(200);
    expect(seen.throttled).toBeLessThan(60);
    expect(tookMs).toBeLessThan((2 * 200_000) / limit);
  });

  test("all go through at a service of one call in two seconds, although most wait for longer than they are tried", async () => {
    const { seen, tookMs } = await deployed(200, 0.5);
    expect(seen.accepted).toHaveLength(200);
    expect(tookMs).toBeGreaterThan(DEFAULT_RETRY.timeoutMs);
  });

  test("send the batches of each in their order", async () => {
    const { seen } = await deployed(40, 5, { batches: 4 });
    for (let resource = 0; resource < 40; resource++) {
      const own = seen.accepted.map(({ name }) => name).filter((name) => name.startsWith(`${resource}/`));
      expect(own).toEqual([0, 1, 2, 3].map((batch) => `${resource}/${batch}`));
    }
  });
});

describe("the queue", () => {
  test("serves who came first, and gives and throws what the call does", async () => {
    const time = simulatedTime();
    const limiter = createLimiter(time);
    const order: number[] = [];
    const calls = Array.from({ length: 30 }, (_, index) =>
      limiter.run(async () => {
        order.push(index);
        if (index === 3) throw new Error("three");
        return index;
      }),
    );
    const answers = await time.run(Promise.allSettled(calls));
    expect(order).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(answers[2]).toEqual({ status: "fulfilled", value: 2 });
    expect(answers[3]).toMatchObject({ status: "rejected", reason: { message: "three" } });
  });

  test("stands still for everybody as long as a throttle asks for", async () => {
    const time = simulatedTime();
    const limiter = createLimiter(time);
    await time.run(limiter.run(() => Promise.reject(throttle(8_000))).catch(() => {}));
    expect(limiter.pauseMs()).toBe(8_000);
    const startedAt = await time.run(limiter.run(async () => time.now()));
    expect(startedAt).toBe(8_000);
    expect(limiter.pauseMs()).toBe(0);
  });

  test("doesn't keep those whose patience ends before the pause does, whether they come during it or before", async () => {
    const time = simulatedTime();
    const limiter = createLimiter(time);
    const throttled = limiter.run(async () => {
      await time.sleep(100);
      throw throttle(8_000);
    });
    const begun: string[] = [];
    const run = (name: string, patienceMs?: number) => limiter.run(async () => void begun.push(name), patienceMs);
    // As many as may be under way start beside the throttled one.
    const beside = Array.from({ length: MAX_CONCURRENT_CALLS - 1 }, () => limiter.run(() => time.sleep(200)));
    const early = [run("patient"), run("impatient", 5_000)];
    const settled = time.run(Promise.allSettled([throttled, ...beside, ...early]));
    await throttled.catch(() => {});
    const late = Promise.allSettled([run("late", 5_000), run("later", 8_000)]);
    const refused = (await settled).at(-1);
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "Throttling", retryAfterMs: 8_000 } });
    const [lateOne, laterOne] = await time.run(late);
    expect(lateOne).toMatchObject({
      reason: {
        happened: "The VOD API throttles the calls for another 8 s, which is longer than this one is tried.",
      },
    });
    expect(laterOne).toMatchObject({ status: "fulfilled" });
    expect(begun).toEqual(["patient", "later"]);
  });

  test("tells how long a call that comes now waits for those before it", async () => {
    const time = simulatedTime();
    const limiter = createLimiter(time);
    const calls = Array.from({ length: 31 }, () => limiter.run(async () => {}));
    expect(limiter.queueMs()).toBe(210);
    await time.run(Promise.all(calls));
    expect(limiter.queueMs()).toBe(0);
  });

  test("is one for an endpoint", () => {
    expect(limiterOf("https://a.example.com")).toBe(limiterOf("https://a.example.com"));
    expect(limiterOf("https://a.example.com")).not.toBe(limiterOf("https://b.example.com"));
  });
});

describe("the pace", () => {
  const started = (...times: number[]) => times.reduce(paceAfterStart, FULL_PACE);

  test("is not bounded at first but by 100 calls a second", () => {
    expect(nextStart(started(0, 1, 2))).toBe(Number.NEGATIVE_INFINITY);
    expect(nextStart(started(...Array.from({ length: 100 }, (_, index) => index)))).toBe(WINDOW_MS);
  });

  test("is after a throttle what was taken in the second before: as many may start in each", () => {
    const cut = paceAfterThrottle(started(0, 10, 20, 30), 30, 130, undefined);
    expect(cut).toMatchObject({ rate: 3, ceiling: 3, starts: [0, 10, 20], notBefore: Number.NEGATIVE_INFINITY });
    expect(nextStart(cut)).toBe(WINDOW_MS);
    expect(nextStart(paceAfterStart(cut, WINDOW_MS))).toBe(WINDOW_MS + 10);
  });

  test("is cut once for calls that were throttled together, in whatever order their answers come", () => {
    const once = paceAfterThrottle(started(0, 10, 20, 30), 30, 130, undefined);
    expect(paceAfterThrottle(once, 20, 140, undefined)).toMatchObject({ rate: 2, starts: [0, 10], cutAt: 130 });
    const whole = paceAfterThrottle({ ...once, starts: [1000, 1010, 1020, 1030] }, 1030, 1130, undefined);
    expect(whole).toMatchObject({ rate: 2, cutAt: 1130 });
  });

  test("where nothing was taken it is halved, down to one call in two seconds, after a pause", () => {
    const cut = paceAfterThrottle({ ...started(5_000), rate: 1 }, 5_000, 5_100, undefined);
    expect(cut).toMatchObject({ rate: 0.5, notBefore: 6_000 });
    expect(nextStart(paceAfterStart(cut, 6_000))).toBe(8_000);
    expect(paceAfterThrottle({ ...cut, starts: [8_000] }, 8_000, 8_100, undefined).rate).toBe(0.5);
  });

  test("stands still as long as the service asks for, and no shorter than before", () => {
    const cut = paceAfterThrottle(started(0, 10), 10, 110, 2_000);
    expect(cut.notBefore).toBe(2_110);
    expect(paceAfterThrottle(cut, 5, 120, 500).notBefore).toBe(2_110);
  });

  test("grows by one call a second each second, not by a rest, and for a minute not beyond what was refused", () => {
    const cut = { ...paceAfterThrottle(started(0, 10, 20, 30), 30, 130, undefined), rate: 1 };
    expect(paceAfterAnswer(cut, 20, 150)).toBe(cut);
    expect(paceAfterAnswer(cut, 1_100, 630).rate).toBe(1.5);
    expect(paceAfterAnswer(cut, 1_100, 50_000).rate).toBe(2);
    expect(paceAfterAnswer({ ...cut, rate: 3, grownAt: 50_000 }, 50_500, 51_000).rate).toBe(3);
    expect(paceAfterAnswer({ ...cut, rate: 3, grownAt: 60_500 }, 60_500, 61_000).rate).toBe(3.5);
  });
});
