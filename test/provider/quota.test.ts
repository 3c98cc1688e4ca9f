import { describe, expect, test } from "vitest";
import { describeNextDay, nextDay, quotaOf } from "../../provider/vod/quota.js";

test("URLs count against one quota, directories and patterns against the other", () => {
  expect(["File", "IgnoreParams", "Directory", "Regex"].map((type) => quotaOf(type as "File"))).toEqual([
    "urls",
    "urls",
    "directories",
    "directories",
  ]);
});

describe("the quotas start anew at midnight in UTC+8", () => {
  test.each([
    ["2026-11-23T15:59:59.999Z", "2026-11-23T16:00:00.000Z"],
    ["2026-11-23T16:00:00.000Z", "2026-11-24T16:00:00.000Z"],
    ["2026-12-31T20:00:00.000Z", "2027-01-01T16:00:00.000Z"],
  ])("after %s at %s", (now, next) => {
    expect(nextDay(new Date(now)).toISOString()).toBe(next);
  });

  test.each([
    ["2026-11-23T07:19:00Z", "2026-11-24 00:00 UTC+8 (in 8 h 41 min)"],
    ["2026-11-23T15:59:30Z", "2026-11-24 00:00 UTC+8 (in 1 min)"],
    ["2026-12-31T16:00:00Z", "2027-01-02 00:00 UTC+8 (in 24 h 0 min)"],
  ])("as people read it, at %s", (now, text) => {
    expect(describeNextDay(new Date(now))).toBe(text);
  });
});
