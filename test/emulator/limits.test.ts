import { describe, expect, test } from "vitest";
import { call, refresh } from "./caller.js";
import { started } from "./started.js";

const urls = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `https://vod.example.com/${from + index}`);
const directories = (count: number) => urls(count).map((url) => `${url}/`);
const readCode = (answer: { json: { Code?: string } }) => answer.json.Code ?? "accepted";

describe("the day's quota", () => {
  test("the quota is 2,000 URLs and 100 directories, told as strings", async () => {
    const emulator = await started();
    await refresh(emulator, urls(3));
    await refresh(emulator, directories(2), { ObjectType: "Directory" });
    expect((await call(emulator, "DescribeVodRefreshQuota")).json).toEqual({
      UrlQuota: "2000",
      UrlRemain: "1997",
      DirQuota: "100",
      DirRemain: "98",
      PreloadQuota: "500",
      PreloadRemain: "500",
      BlockQuota: "500",
      blockRemain: "500",
      RequestId: expect.any(String),
    });
  });

  test("IgnoreParams is taken from the URLs, and Regex from the directories", async () => {
    const emulator = await started();
    await refresh(emulator, urls(3), { ObjectType: "IgnoreParams" });
    await refresh(emulator, urls(2), { ObjectType: "Regex" });
    expect(emulator.quota()).toEqual({ urlRemain: 1997, dirRemain: 98, preloadRemain: 500 });
  });

  test("an account can have quotas of their own for Regex and IgnoreParams, which are told or not", async () => {
    const emulator = await started({ regexQuota: 20, ignoreParamsQuota: 100 });
    await refresh(emulator, urls(3), { ObjectType: "IgnoreParams" });
    await refresh(emulator, urls(2), { ObjectType: "Regex" });
    expect(emulator.quota()).toEqual({
      urlRemain: 2000,
      dirRemain: 100,
      preloadRemain: 500,
      regexRemain: 18,
      ignoreParamsRemain: 97,
    });
    const told = { RegexQuota: "20", RegexRemain: "18", IgnoreParamsQuota: "100", IgnoreParamsRemain: "97" };
    expect((await call(emulator, "DescribeVodRefreshQuota")).json).toMatchObject(told);
    expect(readCode(await refresh(emulator, urls(98), { ObjectType: "IgnoreParams" }))).toBe("QuotaExceeded.Refresh");
    emulator.set({ tellsOwnQuotas: false });
    const { json } = await call(emulator, "DescribeVodRefreshQuota");
    for (const name of Object.keys(told)) expect(json).not.toHaveProperty(name);
    emulator.set({ ignoreParamsQuota: null });
    expect(readCode(await refresh(emulator, urls(98), { ObjectType: "IgnoreParams" }))).toBe("accepted");
    expect(emulator.quota()).toMatchObject({ urlRemain: 1902 });
  });

  test("each line counts, also a repeated one", async () => {
    const emulator = await started();
    await refresh(emulator, ["vod.example.com/a", "vod.example.com/a"]);
    expect(emulator.quota().urlRemain).toBe(1998);
  });

  test("a call that doesn't fit is refused as a whole, and one that just fits is accepted", async () => {
    const emulator = await started();
    expect(readCode(await refresh(emulator, urls(1000)))).toBe("accepted");
    expect(readCode(await refresh(emulator, urls(999)))).toBe("accepted");
    expect(readCode(await refresh(emulator, urls(2)))).toBe("QuotaExceeded.Refresh");
    expect(emulator.quota()).toMatchObject({ urlRemain: 1, dirRemain: 100 });
    expect(readCode(await refresh(emulator, urls(1)))).toBe("accepted");
    expect(readCode(await refresh(emulator, directories(101), { ObjectType: "Directory" }))).toBe(
      "QuotaExceeded.Refresh",
    );
    expect(readCode(await refresh(emulator, directories(100), { ObjectType: "Directory" }))).toBe("accepted");
    expect(emulator.quota()).toMatchObject({ urlRemain: 0, dirRemain: 0 });
  });

  test("the quota resets at midnight UTC+8", async () => {
    const emulator = await started({ urlQuota: 5 });
    emulator.setTime(Date.parse("2024-07-19T15:59:00Z"));
    await refresh(emulator, urls(5));
    emulator.setTime(Date.parse("2024-07-19T15:59:30Z"));
    expect(emulator.quota().urlRemain).toBe(0);
    emulator.setTime(Date.parse("2024-07-19T16:00:00Z"));
    expect(emulator.quota().urlRemain).toBe(5);
  });

  test("an account can have a raised quota", async () => {
    const emulator = await started({ urlQuota: 5000, directoryQuota: 200 });
    expect((await call(emulator, "DescribeVodRefreshQuota")).json).toMatchObject({ UrlQuota: "5000", DirQuota: "200" });
  });
});

describe("the limit per call", () => {
  test("a call with more than 1,000 URLs is refused", async () => {
    const emulator = await started();
    expect(readCode(await refresh(emulator, urls(1001)))).toBe("QuotaExceeded.Refresh");
    expect(readCode(await refresh(emulator, urls(1001), { ObjectType: "IgnoreParams" }))).toBe("QuotaExceeded.Refresh");
    expect(emulator.quota().urlRemain).toBe(2000);
  });

  test("a call with more than 1,000 directories is accepted", async () => {
    const emulator = await started({ directoryQuota: 1500 });
    expect(readCode(await refresh(emulator, directories(1001), { ObjectType: "Directory" }))).toBe("accepted");
  });
});

describe("the limit per minute", () => {
  test("there is no limit unless it is set", async () => {
    const emulator = await started();
    for (let from = 0; from < 2000; from += 1000)
      expect(readCode(await refresh(emulator, urls(1000, from)))).toBe("accepted");
  });

  test("the limit counts paths of every type, and resets with the minute", async () => {
    const emulator = await started({ perMinuteQuota: 3 });
    emulator.setTime(Date.parse("2024-07-19T12:00:00Z"));
    expect(readCode(await refresh(emulator, urls(2)))).toBe("accepted");
    expect(readCode(await refresh(emulator, directories(2), { ObjectType: "Directory" }))).toBe(
      "QuotaPerMinuteExceeded.Refresh",
    );
    expect(readCode(await refresh(emulator, directories(1), { ObjectType: "Directory" }))).toBe("accepted");
    expect(readCode(await refresh(emulator, urls(1)))).toBe("QuotaPerMinuteExceeded.Refresh");
    emulator.setTime(Date.parse("2024-07-19T12:01:00Z"));
    expect(readCode(await refresh(emulator, urls(3)))).toBe("accepted");
    expect(emulator.quota()).toMatchObject({ urlRemain: 1995, dirRemain: 99 });
  });
});
