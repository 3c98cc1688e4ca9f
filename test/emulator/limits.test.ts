import { describe, expect, it } from "vitest";
import { call, refresh } from "./caller.js";
import { started } from "./started.js";

const urls = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `https://vod.example.com/${from + index}`);
const directories = (count: number) => urls(count).map((url) => `${url}/`);
const codes = (answer: { json: { Code?: string } }) => answer.json.Code ?? "accepted";

describe("the day's quota", () => {
  it("should be 2,000 URLs and 100 directories, and be told as strings", async () => {
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

  it("should take IgnoreParams from the URLs and Regex from the directories", async () => {
    const emulator = await started();
    await refresh(emulator, urls(3), { ObjectType: "IgnoreParams" });
    await refresh(emulator, urls(2), { ObjectType: "Regex" });
    expect(emulator.quota()).toEqual({ urlRemain: 1997, dirRemain: 98, preloadRemain: 500 });
  });

  it("should count each line, a repeated one too", async () => {
    const emulator = await started();
    await refresh(emulator, ["vod.example.com/a", "vod.example.com/a"]);
    expect(emulator.quota().urlRemain).toBe(1998);
  });

  it("should refuse a call that doesn't fit as a whole, and take one that just fits", async () => {
    const emulator = await started();
    expect(codes(await refresh(emulator, urls(1000)))).toBe("accepted");
    expect(codes(await refresh(emulator, urls(999)))).toBe("accepted");
    expect(codes(await refresh(emulator, urls(2)))).toBe("QuotaExceeded.Refresh");
    expect(emulator.quota()).toMatchObject({ urlRemain: 1, dirRemain: 100 });
    expect(codes(await refresh(emulator, urls(1)))).toBe("accepted");
    expect(codes(await refresh(emulator, directories(101), { ObjectType: "Directory" }))).toBe("QuotaExceeded.Refresh");
    expect(codes(await refresh(emulator, directories(100), { ObjectType: "Directory" }))).toBe("accepted");
    expect(emulator.quota()).toMatchObject({ urlRemain: 0, dirRemain: 0 });
  });

  it("should start anew at midnight UTC+8", async () => {
    const emulator = await started({ urlQuota: 5 });
    emulator.setTime(Date.parse("2024-07-19T15:59:00Z"));
    await refresh(emulator, urls(5));
    emulator.setTime(Date.parse("2024-07-19T15:59:30Z"));
    expect(emulator.quota().urlRemain).toBe(0);
    emulator.setTime(Date.parse("2024-07-19T16:00:00Z"));
    expect(emulator.quota().urlRemain).toBe(5);
  });

  it("should be the account's own where that was raised", async () => {
    const emulator = await started({ urlQuota: 5000, directoryQuota: 200 });
    expect((await call(emulator, "DescribeVodRefreshQuota")).json).toMatchObject({ UrlQuota: "5000", DirQuota: "200" });
  });
});

describe("the limit per call", () => {
  it("should be 1,000 URLs", async () => {
    const emulator = await started();
    expect(codes(await refresh(emulator, urls(1001)))).toBe("QuotaExceeded.Refresh");
    expect(codes(await refresh(emulator, urls(1001), { ObjectType: "IgnoreParams" }))).toBe("QuotaExceeded.Refresh");
    expect(emulator.quota().urlRemain).toBe(2000);
  });

  it("should not be there for directories", async () => {
    const emulator = await started({ directoryQuota: 1500 });
    expect(codes(await refresh(emulator, directories(1001), { ObjectType: "Directory" }))).toBe("accepted");
  });
});

describe("the limit per minute", () => {
  it("should be off unless it is set", async () => {
    const emulator = await started();
    for (let from = 0; from < 2000; from += 1000)
      expect(codes(await refresh(emulator, urls(1000, from)))).toBe("accepted");
  });

  it("should count paths of every type, and start anew with the minute", async () => {
    const emulator = await started({ perMinuteQuota: 3 });
    emulator.setTime(Date.parse("2024-07-19T12:00:00Z"));
    expect(codes(await refresh(emulator, urls(2)))).toBe("accepted");
    expect(codes(await refresh(emulator, directories(2), { ObjectType: "Directory" }))).toBe(
      "QuotaPerMinuteExceeded.Refresh",
    );
    expect(codes(await refresh(emulator, directories(1), { ObjectType: "Directory" }))).toBe("accepted");
    expect(codes(await refresh(emulator, urls(1)))).toBe("QuotaPerMinuteExceeded.Refresh");
    emulator.setTime(Date.parse("2024-07-19T12:01:00Z"));
    expect(codes(await refresh(emulator, urls(3)))).toBe("accepted");
    expect(emulator.quota()).toMatchObject({ urlRemain: 1995, dirRemain: 99 });
  });
});
