import { describe, expect, test } from "vitest";
import { describeNextDay, nextDay, quotaAnswer, quotaOf } from "../../../provider/vod/quota.js";

test("URLs count against one quota, directories and patterns against the other", () => {
  expect(["File", "IgnoreParams", "Directory", "Regex"].map((type) => quotaOf(type as "File"))).toEqual([
    "urls",
    "urls",
    "directories",
    "directories",
  ]);
});

describe("the answer of DescribeVodRefreshQuota", () => {
  const refreshes = { UrlQuota: "2000", UrlRemain: "1996", DirQuota: "100", DirRemain: "99" };
  const read = { urls: { quota: 2000, remain: 1996 }, directories: { quota: 100, remain: 99 } };

  test("has the quotas of refreshes and of preloads", () => {
    const answer = { ...refreshes, PreloadQuota: "500", PreloadRemain: "12", BlockQuota: "500", blockRemain: "500" };
    expect(quotaAnswer.parse(answer)).toEqual({ ...read, preload: { quota: 500, remain: 12 } });
  });

  test("has the quotas of patterns and of IgnoreParams where it tells of them", () => {
    const answer = {
      ...refreshes,
      RegexQuota: "20",
      RegexRemain: "19",
      IgnoreParamsQuota: "100",
      IgnoreParamsRemain: "0",
    };
    const own = { regex: { quota: 20, remain: 19 }, ignoreParams: { quota: 100, remain: 0 } };
    expect(quotaAnswer.parse(answer)).toEqual({ ...read, ...own });
    expect(quotaAnswer.parse({ ...answer, RegexQuota: "-", IgnoreParamsRemain: undefined })).toEqual(read);
  });

  test.each([
    {},
    { PreloadQuota: "500" },
    { PreloadRemain: "12" },
    { PreloadQuota: "many", PreloadRemain: "12" },
    { PreloadQuota: 500, PreloadRemain: "12" },
    { PreloadQuota: "500", PreloadRemain: "-1" },
  ])("is valid without a readable preload quota, %j", (preloads) => {
    expect(quotaAnswer.parse({ ...refreshes, ...preloads })).toEqual(read);
  });

  test.each([{ UrlQuota: 2000 }, { UrlRemain: "-1" }, { DirQuota: "" }, { DirRemain: undefined }])(
    "with %j is none",
    (wrong) => {
      expect(quotaAnswer.safeParse({ ...refreshes, ...wrong }).success).toBe(false);
    },
  );
});

describe("the quotas reset at midnight in UTC+8", () => {
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
  ])("and people read at %s", (now, text) => {
    expect(describeNextDay(new Date(now))).toBe(text);
  });
});
