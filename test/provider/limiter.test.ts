/** The rate limiter of a process, in simulated time throughout. */
import { describe, expect, test } from "vitest";
import { VodError } from "../../provider/vod/errors.js";
import {
  createLimiter,
  FULL_PACE,
  limiterOf,
  MAX_CONCURRENT_CALLS,
  paceAfterAnswer,
  paceAfterStart,
  paceAfterThrottle,
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
    expect(tookMs).toBeLessThan(1.2 * 10_000);
    expect(seen.throttled).toBeLessThanOrEqual(4);
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
    // The first few start beside the throttled one.
    const beside = Array.from({ length: 2 }, (_, index) => run(`${index}`));
    const early = [run("patient"), run("impatient", 5_000)];
    const settled = time.run(Promise.allSettled([throttled, ...beside, ...early]));
    await throttled.catch(() => {});
    const late = Promise.allSettled([run("late", 5_000), run("later", 8_000)]);
    const [, , , , refused] = await settled;
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "Throttling", retryAfterMs: 8_000 } });
    const [lateOne, laterOne] = await time.run(late);
    expect(lateOne).toMatchObject({
      reason: {
        happened: "The VOD API throttles the calls for another 8 s, which is longer than this one is tried.",
      },
    });
    expect(laterOne).toMatchObject({ status: "fulfilled" });
    expect(begun).toEqual(["0", "1", "patient", "later"]);
  });

  test("tells how long a call that comes now waits for those before it", async () => {
    const time = simulatedTime();
    const limiter = createLimiter(time);
    const calls = Array.from({ length: 31 }, () => limiter.run(async () => {}));
    expect(limiter.queueMs()).toBe(1_500);
    await time.run(Promise.all(calls));
    expect(limiter.queueMs()).toBe(0);
  });

  test("is one for an endpoint", () => {
    expect(limiterOf("https://a.example.com")).toBe(limiterOf("https://a.example.com"));
    expect(limiterOf("https://a.example.com")).not.toBe(limiterOf("https://b.example.com"));
  });
});

describe("the pace", () => {
  test("is one call each 50 ms at first", () => {
    expect(paceAfterStart(FULL_PACE, 1_000)).toMatchObject({ rate: 20, nextStart: 1_050 });
  });

  test("halves once for calls that were throttled together", () => {
    const once = paceAfterThrottle(FULL_PACE, 0, 100, undefined);
    expect(once).toMatchObject({ rate: 10, nextStart: 1_100 });
    expect(paceAfterThrottle(once, 50, 150, undefined)).toMatchObject({ rate: 10, nextStart: 1_150 });
    expect(paceAfterThrottle(once, 1_100, 1_200, 500)).toMatchObject({ rate: 5, nextStart: 1_700 });
  });

  test("grows by one call a second each second, and not by a rest", () => {
    const cut = paceAfterThrottle(FULL_PACE, 0, 100, undefined);
    expect(paceAfterAnswer(cut, 50, 150)).toBe(cut);
    expect(paceAfterAnswer(cut, 1_100, 1_600).rate).toBe(10.5);
    expect(paceAfterAnswer(cut, 1_100, 60_000).rate).toBe(11);
    expect(paceAfterAnswer(FULL_PACE, 0, 1_000).rate).toBe(20);
  });
});
