import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planBatches, subtractCost } from "../../../provider/plan/batches.js";
import { planRefresh } from "../../../provider/plan/plan.js";
import { QuotaSnapshot } from "../../../provider/plan/quota-budget.js";
import { findReserve, type Reserve, withoutReserve } from "../../../provider/plan/reserve.js";
import type { Inputs } from "../../../provider/schema/inputs.js";
import type { RefreshQuota } from "../../../provider/vod/quota.js";

const config = (settings: Record<string, string>) => (key: string) => settings[`${key}`];
const NONE = config({});

describe("the reserve of a resource", () => {
  test("is that of the input, field by field, and else the configuration's", () => {
    const settings = config({ "alicloud-vod:reserveUrls": "100", "alicloud-vod:reserveDirectories": "10" });
    expect(findReserve({ objectType: "File", reserve: { urls: 5 } }, settings)).toEqual({
      urls: { count: 5, setting: "reserve.urls" },
      directories: { count: 10, setting: "alicloud-vod:reserveDirectories" },
    });
  });

  test("is none where the input says 0, whatever the configuration says", () => {
    const settings = config({ "alicloud-vod:reserveUrls": "100" });
    expect(findReserve({ objectType: "File", reserve: { urls: 0 } }, settings)).toEqual({});
  });

  test("of a preload is that of preloads alone", () => {
    const reserve = { urls: 1, directories: 2, preloads: 3 };
    expect(findReserve({ objectType: "Preload", reserve }, NONE)).toEqual({
      preload: { count: 3, setting: "reserve.preloads" },
    });
    expect(Object.keys(findReserve({ objectType: "Directory", reserve }, NONE))).toEqual(["urls", "directories"]);
  });

  test("leaves a quota of patterns alone as it is", () => {
    const own = { quota: 20, remain: 20 };
    const quota = { urls: { quota: 2000, remain: 50 }, directories: { quota: 100, remain: 100 }, regex: own };
    const reserve = { urls: { count: 100, setting: "reserve.urls" } };
    expect(withoutReserve(quota, reserve)).toEqual({ ...quota, urls: { quota: 2000, remain: 0 } });
  });
});

const reserveOf = (urls: number, directories: number): Reserve => ({
  urls: { count: urls, setting: "reserve.urls" },
  directories: { count: directories, setting: "reserve.directories" },
});
const POLICIES = [
  { onExceeded: "fail" },
  { onExceeded: "partial" },
  { onExceeded: "collapse" },
  { onExceeded: "partial", collapse: "always" },
] as const;

test("whatever is due, under every policy, resources that plan one after the other leave the reserve of each", () => {
  const resource = fc.record({
    urls: fc.array(fc.tuple(fc.nat(3), fc.nat(40)), { maxLength: 60 }),
    policy: fc.constantFrom(...POLICIES),
    objectType: fc.constantFrom("File" as const, "IgnoreParams" as const),
    reserve: fc.tuple(fc.nat(60), fc.nat(5)),
  });
  fc.assert(
    fc.property(
      fc.array(resource, { minLength: 1, maxLength: 4 }),
      fc.nat(80),
      fc.nat(6),
      (resources, urls, directories) => {
        const quota: RefreshQuota = {
          urls: { quota: 2000, remain: urls },
          directories: { quota: 100, remain: directories },
        };
        const snapshot = new QuotaSnapshot(async () => quota);
        let left = quota;
        for (const [name, given] of resources.entries()) {
          const contents = Object.fromEntries(
            given.urls.map(([host, file]) => [`https://vod${host}.example.com/${file}`, "1"]),
          );
          const { policy, objectType } = given;
          const inputs: Inputs = { objectType, force: false, refreshOnCreate: true, quota: policy, contents };
          const plan = planRefresh(undefined, inputs, new Map(Object.entries(contents)));
          const reserve = reserveOf(...given.reserve);
          const { batchPlan } = snapshot.reserve(name, quota, (day) =>
            planBatches(plan, inputs, () => true, withoutReserve(day, reserve)),
          );
          if (batchPlan.exceeded) continue;
          const { cost } = batchPlan;
          for (const kind of ["urls", "directories"] as const) {
            if (cost[kind] > 0) expect(cost[kind]).toBeLessThanOrEqual(left[kind].remain - (reserve[kind]?.count ?? 0));
          }
          left = subtractCost(left, cost);
        }
      },
    ),
  );
});
