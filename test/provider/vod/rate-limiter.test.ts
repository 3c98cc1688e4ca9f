/** The rate limiter of a process, in simulated time. */
import { describe, expect, test } from "vitest";
import { VodError } from "../../../provider/vod/errors.js";
import {
  createLimiter,
  FULL_PACE,
  limiterOf,
  MAX_CONCURRENT_CALLS,
  nextStart,
  type Pace,
  PROBE_AFTER_MS,
  paceAfterAnswer,
  paceAfterFailure,
  paceAfterStart,
  paceAfterThrottle,
} from "../../../provider/vod/rate-limiter.js";
import { DEFAULT_RETRY, retrying, type Turn } from "../../../provider/vod/retry.js";

const throttle = (retryAfterMs?: number) =>
  new VodError("The VOD API throttled the call.", "Wait.", { code: "Throttling", retryable: true, retryAfterMs });

/** A clock that moves on to the next sleeper's time when nothing else is left to do. */
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

/** How long a call takes to the service, and its answer back, in milliseconds. */
type Travel = (call: number) => readonly [there: number, back: number];

/** A service that refuses more than that many calls within a second. */
function serviceOf(
  limit: number,
  time: ReturnType<typeof simulatedTime>,
  { retryAfterMs, travel = () => [0, 100] }: { retryAfterMs?: number | undefined; travel?: Travel | undefined },
) {
  const accepted: { at: number; name: string }[] = [];
  const seen = { throttled: 0, underWay: 0, mostUnderWay: 0, accepted };
  let calls = 0;
  const call = async (name: string) => {
    const [there, back] = travel(calls++);
    seen.underWay++;
    seen.mostUnderWay = Math.max(seen.mostUnderWay, seen.underWay);
    await time.sleep(there);
    const at = time.now();
    // A service of less than a call a second takes one in some seconds.
    const [most, within] = limit < 1 ? [1, 1000 / limit] : [limit, 1000];
    const refused = accepted.filter((one) => one.at > at - within).length >= most;
    if (!refused) accepted.push({ at, name });
    await time.sleep(back);
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
  { batches = 1, ...service }: { batches?: number; retryAfterMs?: number | undefined; travel?: Travel } = {},
) {
  const time = simulatedTime();
  const limiter = createLimiter(time);
  const { seen, call } = serviceOf(limit, time, service);
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
  test("take little more than the shortest time at a service of 20 calls a second", async () => {
    const { seen, tookMs } = await deployed(200, 20);
    expect(seen.accepted).toHaveLength(200);
    // 20 at once, and 20 more with each second, later by the time that an answer takes.
    expect(tookMs).toBeLessThan(1.13 * 9_000);
    expect(seen.throttled).toBeLessThanOrEqual(MAX_CONCURRENT_CALLS);
    expect(seen.mostUnderWay).toBeLessThanOrEqual(MAX_CONCURRENT_CALLS);
  });

  test.each<[string, Travel]>([
    ["the first calls take long, since they make the connection", (call) => (call < 10 ? [300, 10] : [10, 10])],
    ["some calls travel long", (call) => (call % 7 === 0 ? [120, 5] : [5, 5])],
    ["some answers travel long", (call) => (call % 7 === 0 ? [5, 120] : [5, 5])],
  ])("are throttled once where %s", async (_, travel) => {
    const { seen, tookMs } = await deployed(200, 20, { travel });
    expect(seen.accepted).toHaveLength(200);
    expect(tookMs).toBeLessThan(1.2 * 9_000);
    expect(seen.throttled).toBeLessThanOrEqual(MAX_CONCURRENT_CALLS);
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

  test("all succeed at a service of one call in two seconds, although most wait for longer than they are tried", async () => {
    const { seen, tookMs } = await deployed(200, 0.5);
    expect(seen.accepted).toHaveLength(200);
    expect(tookMs).toBeGreaterThan(DEFAULT_RETRY.timeoutMs);
  });

  test("each send their batches in order", async () => {
    const { seen } = await deployed(40, 5, { batches: 4 });
    for (let resource = 0; resource < 40; resource++) {
      const own = seen.accepted.map(({ name }) => name).filter((name) => name.startsWith(`${resource}/`));
      expect(own).toEqual([0, 1, 2, 3].map((batch) => `${resource}/${batch}`));
    }
  });
});

describe("the queue", () => {
  test("starts calls in their order, and gives and throws what each call does", async () => {
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

  test("stops for all calls as long as a throttle asks", async () => {
    const time = simulatedTime();
    const limiter = createLimiter(time);
    await time.run(limiter.run(() => Promise.reject(throttle(8_000))).catch(() => {}));
    expect(limiter.pauseMs()).toBe(8_000);
    const startedAt = await time.run(limiter.run(async () => time.now()));
    expect(startedAt).toBe(8_000);
    expect(limiter.pauseMs()).toBe(0);
  });

  test("refuses calls whose patience ends before the pause does, whether they come during it or before", async () => {
    const time = simulatedTime();
    const limiter = createLimiter(time);
    const throttled = limiter.run(async () => {
      await time.sleep(100);
      throw throttle(8_000);
    });
    const begun: string[] = [];
    const run = (name: string, patienceMs?: number) => limiter.run(async () => void begun.push(name), patienceMs);
    // As many as may be under way start together with the throttled one.
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
        happened: "The VOD API throttles calls for another 8 s, which is longer than this call is retried.",
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

  test("is shared by all clients of an endpoint", () => {
    expect(limiterOf("https://a.example.com")).toBe(limiterOf("https://a.example.com"));
    expect(limiterOf("https://a.example.com")).not.toBe(limiterOf("https://b.example.com"));
  });
});

describe("the pace", () => {
  /** The pace after calls that ended at these times, with some under way. */
  const paced = (ended: readonly number[], underWay = 0): Pace => ({ ...FULL_PACE, ended, underWay });
  const counting = (length: number) => Array.from({ length }, (_, index) => index);

  test("is bounded at first only by 100 calls a second, and by 10 at a time", () => {
    expect(nextStart(paced([0, 1, 2]))).toBe(Number.NEGATIVE_INFINITY);
    expect(nextStart(paced(counting(100)))).toBe(1_000);
    expect(nextStart(paced(counting(98), 2))).toBe(1_000);
    expect(nextStart(paced([], 9))).toBe(Number.NEGATIVE_INFINITY);
    expect(nextStart(paced([], 10))).toBe(Number.POSITIVE_INFINITY);
  });

  test("keeps the place of a call until a second after its end, since the service may have taken it that late", () => {
    const two = { ...FULL_PACE, rate: 2 };
    const ended = paceAfterAnswer(paceAfterStart(paceAfterStart(two)), 0, 400);
    expect(nextStart(paceAfterStart(paceAfterStart(two)))).toBe(Number.POSITIVE_INFINITY);
    expect(nextStart(ended)).toBe(1_400);
    expect(nextStart(paceAfterFailure(ended, 900))).toBe(1_400);
    expect(nextStart(paceAfterStart(paceAfterFailure(ended, 900)))).toBe(1_900);
  });

  test("after a throttle allows as many calls a second as were taken in the second before", () => {
    const cut = paceAfterThrottle(paced([0, 10, 20], 1), 30, 130, undefined);
    expect(cut).toMatchObject({ rate: 3, underWay: 0, notBefore: Number.NEGATIVE_INFINITY });
    expect(nextStart(cut)).toBe(1_000);
    expect(nextStart(paceAfterStart(cut))).toBe(1_010);
  });

  test("counts the calls under way with the refused one once they are answered", () => {
    const cut = paceAfterThrottle(paced([0, 10, 20], 3), 30, 130, undefined);
    const once = paceAfterAnswer(cut, 25, 140);
    expect(once).toMatchObject({ rate: 4, ended: [0, 10, 20, 140] });
    expect(paceAfterAnswer(once, 120, 150).rate).toBe(5);
    expect(paceAfterAnswer(once, -970, 150).rate).toBe(4); // taken a second before the refusal, perhaps
    expect(paceAfterFailure(once, 150).rate).toBe(4);
    const least = paceAfterThrottle({ ...paced([0, 10, 20], 3), rate: 4 }, 30, 130, undefined);
    expect(paceAfterAnswer(paceAfterAnswer(least, 25, 140), 26, 150).rate).toBe(3); // less than what was refused
  });

  test("is lowered once for calls that are throttled together, in any order of their answers", () => {
    const once = paceAfterThrottle(paced([0, 10, 20], 3), 40, 130, undefined);
    expect(paceAfterThrottle(once, 30, 140, undefined)).toEqual({ ...once, underWay: 1 });
    const again = paceAfterThrottle({ ...once, ended: [1_000, 1_010, 1_020] }, 1_030, 1_130, undefined);
    expect(again).toMatchObject({ rate: 2 });
  });

  test("is halved after a pause where nothing was taken, down to one call in two seconds", () => {
    const cut = paceAfterThrottle({ ...paced([5_000], 1), rate: 1 }, 6_000, 6_100, undefined);
    expect(cut).toMatchObject({ rate: 0.5, notBefore: 7_000 });
    expect(nextStart(paceAfterFailure(paceAfterStart(cut), 7_000))).toBe(9_000);
    expect(paceAfterThrottle(paceAfterStart(cut), 9_000, 9_100, undefined).rate).toBe(0.5);
  });

  test("stops as long as the service asks, and no shorter than before", () => {
    const cut = paceAfterThrottle(paced([0], 2), 10, 110, 2_000);
    expect(cut.notBefore).toBe(2_110);
    expect(paceAfterThrottle(cut, 5, 120, 500).notBefore).toBe(2_110);
  });

  test("grows by one call a second each second, not by a rest, and not for a minute after a refusal", () => {
    const cut = paceAfterThrottle(paced([0, 10, 20], 1), 30, 130, undefined);
    const rateAfter = (grownAt: number, now: number, rate = 3) =>
      paceAfterAnswer(paceAfterStart({ ...cut, rate, grownAt }), now - 10, now).rate;
    expect(rateAfter(50_000, 51_000)).toBe(3);
    expect(rateAfter(PROBE_AFTER_MS, 60_600)).toBe(3.6);
    expect(rateAfter(PROBE_AFTER_MS, 99_000)).toBe(4);
    expect(rateAfter(PROBE_AFTER_MS, 99_000, 99.5)).toBe(100);
  });
});
