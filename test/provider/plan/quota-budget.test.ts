import { describe, expect, test } from "vitest";
import { type Allotment, type Cost, NO_COST } from "../../../provider/plan/batches.js";
import { Day, Days } from "../../../provider/plan/quota-budget.js";
import type { Inputs } from "../../../provider/schema/inputs.js";
import type { RefreshQuota } from "../../../provider/vod/quota.js";

const quota = (urls: number, directories = 100): RefreshQuota => ({
  urls: { quota: 2000, remain: urls },
  directories: { quota: 100, remain: directories },
});
const part = (cost: Partial<Cost>, exceeded = false): Allotment => ({
  batches: [],
  cost: { ...NO_COST, ...cost },
  later: [],
  collapsed: 0,
  exceeded,
});
const leftBefore = (day: Day, resource: string, allotment: Allotment) =>
  day.claim(resource, quota(10), () => allotment).left;

describe("a day that several resources share", () => {
  test("leaves each what those before it leave", () => {
    const day = new Day(() => expect.unreachable());
    expect(leftBefore(day, "a", part({ urls: 8, directories: 1 }))).toEqual(quota(10));
    expect(leftBefore(day, "b", part({ urls: 5 }))).toEqual(quota(2, 99));
    expect(leftBefore(day, "c", part({}))).toEqual(quota(0, 99));
  });

  test("keeps its place for one that comes again", () => {
    const day = new Day(() => expect.unreachable());
    leftBefore(day, "a", part({ urls: 8 }));
    leftBefore(day, "b", part({ urls: 1 }));
    expect(leftBefore(day, "a", part({ urls: 4 }))).toEqual(quota(10));
    expect(leftBefore(day, "b", part({}))).toEqual(quota(6));
  });

  test("counts nothing for one that may not send", () => {
    const day = new Day(() => expect.unreachable());
    leftBefore(day, "a", part({ urls: 12 }, true));
    expect(leftBefore(day, "b", part({ urls: 8 }))).toEqual(quota(10));
  });
});

describe("the days of all who call", () => {
  const inputs = (more: Partial<Inputs> = {}): Inputs => ({
    objectType: "File",
    force: false,
    refreshOnCreate: true,
    onQuotaExceeded: "fail",
    ...more,
  });
  let asked = 0;
  let now = 0;
  const days = () => {
    asked = 0;
    return new Days(
      async () => quota(++asked),
      () => new Date(now),
    );
  };

  test("previews of one caller ask once, those of another for themselves", async () => {
    const all = days();
    await all.foresee(inputs()).quota();
    await all.foresee(inputs({ onQuotaExceeded: "partial" })).quota();
    expect(asked).toBe(1);
    await all.foresee(inputs({ profile: "other" })).quota();
    expect(asked).toBe(2);
  });

  test("what sends first goes by what was foreseen within five seconds, and asks anew after that", async () => {
    const all = days();
    await all.foresee(inputs()).quota();
    const send = () => all.whileSending(inputs(), (day) => day.quota());
    now += 4_999;
    expect(await send()).toEqual(quota(1));
    now += 1;
    expect(await send()).toEqual(quota(2));
    const other = days();
    await other.foresee(inputs()).quota();
    now += 5_000;
    expect(await other.whileSending(inputs(), (day) => day.quota())).toEqual(quota(2));
  });

  test("what couldn't be foreseen is asked for", async () => {
    let calls = 0;
    const all = new Days(
      async () => (++calls === 1 ? Promise.reject(new Error("no")) : quota(5)),
      () => new Date(now),
    );
    await expect(all.foresee(inputs()).quota()).rejects.toThrow("no");
    expect(await all.whileSending(inputs(), (day) => day.quota())).toEqual(quota(5));
  });

  test("what sends asks, those at one time and within five seconds once", async () => {
    const all = days();
    await all.foresee(inputs()).quota();
    now += 5_000;
    const send = () => all.whileSending(inputs(), (day) => day.quota());
    expect(await Promise.all([send(), send()])).toEqual([quota(2), quota(2)]);
    now += 4_999;
    expect(await send()).toEqual(quota(2));
    now += 1;
    expect(await send()).toEqual(quota(3));
  });

  test("as long as others send, their day isn't asked for anew: what is counted of theirs can't be told", async () => {
    const all = days();
    let end = () => {};
    const long = all.whileSending(inputs(), (day) => day.quota().then(() => new Promise<void>((done) => (end = done))));
    now += 60_000;
    expect(await all.whileSending(inputs(), (day) => day.quota())).toEqual(quota(1));
    end();
    await long;
    expect(await all.whileSending(inputs(), (day) => day.quota())).toEqual(quota(2));
  });

  test("what fails to send doesn't keep the day, nor what was foreseen", async () => {
    const all = days();
    await all.foresee(inputs()).quota();
    await expect(all.whileSending(inputs(), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await all.whileSending(inputs(), (day) => day.quota())).toEqual(quota(2));
  });
});
