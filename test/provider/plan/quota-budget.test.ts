import { describe, expect, test } from "vitest";
import { type BatchPlan, type Cost, NO_COST } from "../../../provider/plan/batches.js";
import { QuotaBudget, QuotaSnapshot } from "../../../provider/plan/quota-budget.js";
import type { Inputs } from "../../../provider/schema/inputs.js";
import type { RefreshQuota } from "../../../provider/vod/quota.js";

const quota = (urls: number, directories = 100): RefreshQuota => ({
  urls: { quota: 2000, remain: urls },
  directories: { quota: 100, remain: directories },
});
const part = (cost: Partial<Cost>, exceeded = false): BatchPlan => ({
  batches: [],
  cost: { ...NO_COST, ...cost },
  deferred: [],
  collapsed: 0,
  exceeded,
});
const leftBefore = (day: QuotaSnapshot, resource: string, batchPlan: BatchPlan) =>
  day.reserve(resource, quota(10), () => batchPlan).left;

describe("a snapshot that several resources share", () => {
  test("gives each resource what those before it leave", () => {
    const day = new QuotaSnapshot(() => expect.unreachable());
    expect(leftBefore(day, "a", part({ urls: 8, directories: 1 }))).toEqual(quota(10));
    expect(leftBefore(day, "b", part({ urls: 5 }))).toEqual(quota(2, 99));
    expect(leftBefore(day, "c", part({}))).toEqual(quota(0, 99));
  });

  test("keeps the place of a resource that comes again", () => {
    const day = new QuotaSnapshot(() => expect.unreachable());
    leftBefore(day, "a", part({ urls: 8 }));
    leftBefore(day, "b", part({ urls: 1 }));
    expect(leftBefore(day, "a", part({ urls: 4 }))).toEqual(quota(10));
    expect(leftBefore(day, "b", part({}))).toEqual(quota(6));
  });

  test("counts nothing for a resource that may not send", () => {
    const day = new QuotaSnapshot(() => expect.unreachable());
    leftBefore(day, "a", part({ urls: 12 }, true));
    expect(leftBefore(day, "b", part({ urls: 8 }))).toEqual(quota(10));
  });
});

describe("the budget of all callers", () => {
  const inputs = (more: Partial<Inputs> = {}): Inputs => ({
    objectType: "File",
    force: false,
    refreshOnCreate: true,
    quota: { onExceeded: "fail" },
    ...more,
  });
  let asked = 0;
  let now = 0;
  const days = () => {
    asked = 0;
    return new QuotaBudget(
      async () => quota(++asked),
      () => new Date(now),
    );
  };

  test("asks once for all previews of a caller, and again for another caller", async () => {
    const all = days();
    await all.forPreview(inputs()).quota();
    await all.forPreview(inputs({ quota: { onExceeded: "partial" } })).quota();
    expect(asked).toBe(1);
    await all.forPreview(inputs({ profile: "other" })).quota();
    expect(asked).toBe(2);
  });

  test("sends first by the snapshot of the preview if that is younger than five seconds, else asks again", async () => {
    const all = days();
    await all.forPreview(inputs()).quota();
    const send = () => all.withLease(inputs(), (day) => day.quota());
    now += 4_999;
    expect(await send()).toEqual(quota(1));
    now += 1;
    expect(await send()).toEqual(quota(2));
    const other = days();
    await other.forPreview(inputs()).quota();
    now += 5_000;
    expect(await other.withLease(inputs(), (day) => day.quota())).toEqual(quota(2));
  });

  test("asks for a send if the preview got no answer", async () => {
    let calls = 0;
    const all = new QuotaBudget(
      async () => (++calls === 1 ? Promise.reject(new Error("no")) : quota(5)),
      () => new Date(now),
    );
    await expect(all.forPreview(inputs()).quota()).rejects.toThrow("no");
    expect(await all.withLease(inputs(), (day) => day.quota())).toEqual(quota(5));
  });

  test("asks once for all sends at the same time or within five seconds", async () => {
    const all = days();
    await all.forPreview(inputs()).quota();
    now += 5_000;
    const send = () => all.withLease(inputs(), (day) => day.quota());
    expect(await Promise.all([send(), send()])).toEqual([quota(2), quota(2)]);
    now += 4_999;
    expect(await send()).toEqual(quota(2));
    now += 1;
    expect(await send()).toEqual(quota(3));
  });

  test("doesn't ask again while others send, since nobody can tell how much of theirs is counted", async () => {
    const all = days();
    let end = () => {};
    const long = all.withLease(inputs(), (day) => day.quota().then(() => new Promise<void>((done) => (end = done))));
    now += 60_000;
    expect(await all.withLease(inputs(), (day) => day.quota())).toEqual(quota(1));
    end();
    await long;
    expect(await all.withLease(inputs(), (day) => day.quota())).toEqual(quota(2));
  });

  test("forgets the snapshot after a failure, also that of the preview", async () => {
    const all = days();
    await all.forPreview(inputs()).quota();
    await expect(all.withLease(inputs(), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await all.withLease(inputs(), (day) => day.quota())).toEqual(quota(2));
  });
});
