import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { countDown, describeLeft, estimateLeft, keepPace, paceAfter } from "../../../provider/text/progress.js";

describe("the pace of lines", () => {
  test.each([
    [0, 2_000],
    [20_000, 2_000],
    [60_000, 6_000],
    [100_000, 10_000],
    [3_600_000, 10_000],
  ])("after %i ms is one every %i ms", (elapsed, pace) => {
    expect(paceAfter(elapsed)).toBe(pace);
  });

  test("is kept, however often it is asked", () => {
    const steps = fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 300 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 1e12 }), (gaps, start) => {
        const isDue = keepPace(start);
        let [now, last] = [start, start];
        for (const gap of gaps) {
          now += gap;
          const expected = now - last >= paceAfter(now - start);
          expect(isDue(now)).toBe(expected);
          if (expected) last = now;
        }
      }),
    );
  });

  test("gives a log some 50 lines of a wait of six minutes", () => {
    const isDue = keepPace(0);
    const seconds = Array.from({ length: 360 }, (_, second) => second + 1);
    expect(seconds.filter((second) => isDue(second * 1_000)).length).toBeLessThan(60);
  });
});

describe("what is left", () => {
  test("is known from the speed so far", () => {
    expect(estimateLeft(25, 75, 10_000)).toBe(30_000);
  });

  test.each([
    ["at once", 50, 50, 500],
    ["without progress", 0, 100, 60_000],
    ["after a hundredth", 1, 99, 60_000],
    ["at the end", 100, 0, 60_000],
    ["of nothing", 0, 0, 60_000],
  ])("isn't known %s", (_, done, rest, elapsed) => {
    expect(estimateLeft(done, rest, elapsed)).toBeUndefined();
  });

  test.each([
    [0, "about 1 s left"],
    [4_200, "about 5 s left"],
    [21_000, "about 25 s left"],
    [99_000, "about 100 s left"],
    [100_000, "about 2 min left"],
    [3_600_000, "about 60 min left"],
    [6_000_000, "about 2 h left"],
    [Number.POSITIVE_INFINITY, undefined],
    [undefined, undefined],
  ])("of %s ms is %s", (ms, text) => {
    expect(describeLeft(ms)).toBe(text);
  });
});

describe("a countdown", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("tells what is left every ten seconds, until the wait is over or was ended", () => {
    const told: string[] = [];
    const end = countDown(
      25_000,
      (left) => `${left / 1_000} s`,
      (line) => told.push(line),
    );
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(["25 s", "15 s", "5 s"]);
    end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
