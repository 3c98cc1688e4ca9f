import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { call, preload, refresh } from "./caller.js";
import { type Emulator, type EmulatorOptions, view } from "./index.js";
import { publish, started } from "./started.js";

const URL_A = "https://vod.example.com/a.txt";
const NOON = Date.parse("2024-07-19T12:00:00Z");
const DOMESTIC = { Area: "domestic" };
const urls = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `https://vod.example.com/${from + index}`);
const readCode = (answer: { json: { Code?: string } }) => answer.json.Code ?? "accepted";

/** Starts an emulator whose time stands still at noon, and whose origin has the file of {@link URL_A}. */
async function frozen(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await started(options);
  emulator.freeze();
  emulator.setTime(NOON);
  publish(emulator, "vod.example.com/a.txt", "old");
  return emulator;
}

const rows = async (emulator: Emulator, extra: Record<string, string> = {}) =>
  (await call(emulator, "DescribeVodRefreshTasks", { ObjectType: "preload", ...extra })).json.Tasks.Task;

describe("PreloadVodObjectCaches", () => {
  test("the answer has a task ID and a request ID", async () => {
    const emulator = await frozen();
    const answer = await preload(emulator, [URL_A]);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ PreloadTaskId: "70422000000001", RequestId: emulator.received[0]?.requestId });
  });

  test("preloads have task IDs of their own, one for each domain and second", async () => {
    const emulator = await frozen();
    const preloadIds = async (paths: string[]) => (await preload(emulator, paths)).json.PreloadTaskId;
    await refresh(emulator, [URL_A]);
    expect(await preloadIds([URL_A, "https://img.example.com/a"])).toBe("70422000000002,70422000000003");
    expect(await preloadIds([`${URL_A}?2`])).toBe("70422000000002");
    emulator.advance(1_000);
    expect(await preloadIds([URL_A])).toBe("70422000000004");
  });

  test.each([
    ["Area", "Domestic", "InvalidParameter"],
    ["Area", "global", "InvalidParameter"],
    ["Area", "", "accepted"],
    ["L2Preload", "True", "accepted"],
    ["L2Preload", "1", "InvalidParameter"],
    ["WithHeader", '{"Accept-Encoding":["gzip, deflate, br"]}', "accepted"],
    ["WithHeader", "{}", "accepted"],
    ["WithHeader", '{"Accept-Encoding":"gzip"}', "InvalidParameter"],
    ["WithHeader", '{"Accept-Encoding":[]}', "InvalidParameter"],
    ["WithHeader", '{"Accept Encoding":["gzip"]}', "InvalidParameter"],
    ["WithHeader", '{"X":["a\\r\\nb"]}', "InvalidParameter"],
    ["WithHeader", '["gzip"]', "InvalidParameter"],
    ["WithHeader", "null", "InvalidParameter"],
    ["WithHeader", "Accept-Encoding: gzip", "InvalidParameter"],
  ])("a call with the %s %j is %s", async (name, value, code) => {
    const emulator = await frozen();
    expect(readCode(await preload(emulator, [URL_A], { [name]: value }))).toBe(code);
    expect(emulator.tasks()).toHaveLength(code === "accepted" ? 1 : 0);
  });

  test("a task shows the options of its call", async () => {
    const emulator = await frozen();
    await preload(emulator, [URL_A]);
    await preload(emulator, [`${URL_A}?2`], { Area: "domestic", L2Preload: "true", WithHeader: '{"X-A":["1","2"]}' });
    const common = { taskId: "70422000000001", objectType: "Preload", createdAt: NOON };
    const headers = { "Accept-Encoding": ["gzip"] };
    expect(emulator.tasks()).toEqual([
      { ...common, path: URL_A, area: "overseas", l2Preload: false, headers, status: "Complete" },
      {
        ...common,
        path: `${URL_A}?2`,
        area: "domestic",
        l2Preload: true,
        headers: { "X-A": ["1", "2"] },
        status: "Complete",
      },
    ]);
  });
});

describe("the limits of preloads", () => {
  test("500 preloads a day are accepted, from a quota of their own", async () => {
    const emulator = await frozen();
    for (let from = 0; from < 500; from += 100)
      expect(readCode(await preload(emulator, urls(100, from)))).toBe("accepted");
    expect(readCode(await preload(emulator, [URL_A]))).toBe("QuotaExceeded.Refresh");
    expect(emulator.quota()).toEqual({ urlRemain: 2000, dirRemain: 100, preloadRemain: 0 });
    emulator.setTime(Date.parse("2024-07-19T16:00:00Z"));
    expect(emulator.quota().preloadRemain).toBe(500);
  });

  test("DescribeVodRefreshQuota returns the quota of preloads", async () => {
    const emulator = await frozen({ preloadQuota: 1000 });
    await preload(emulator, urls(3));
    expect((await call(emulator, "DescribeVodRefreshQuota")).json).toMatchObject({
      PreloadQuota: "1000",
      PreloadRemain: "997",
      UrlRemain: "2000",
    });
  });

  test("a call with more than 100 URLs is refused", async () => {
    const emulator = await frozen();
    expect(readCode(await preload(emulator, urls(101)))).toBe("InvalidObjectPath.Size.Malformed");
    expect(readCode(await preload(emulator, urls(100)))).toBe("accepted");
  });

  test("the limit per minute doesn't count preloads", async () => {
    const emulator = await frozen({ perMinuteQuota: 1 });
    await refresh(emulator, [URL_A]);
    expect(readCode(await preload(emulator, urls(2)))).toBe("accepted");
  });

  test("a full queue refuses preloads until others have ended", async () => {
    const emulator = await frozen({ preloadQueue: 3, taskDelayMs: 60_000 });
    await refresh(emulator, urls(5));
    expect(readCode(await preload(emulator, urls(2)))).toBe("accepted");
    emulator.advance(30_000);
    expect(readCode(await preload(emulator, urls(2)))).toBe("PreloadQueueFull");
    expect(readCode(await preload(emulator, urls(1)))).toBe("accepted");
    expect(emulator.quota().preloadRemain).toBe(497);
    emulator.advance(30_000);
    expect(readCode(await preload(emulator, urls(2)))).toBe("accepted");
  });
});

describe("what a preload does to the edge", () => {
  test("the first viewer gets a HIT with the bytes of the origin", async () => {
    const emulator = await frozen();
    await preload(emulator, [URL_A], DOMESTIC);
    publish(emulator, "vod.example.com/a.txt", "newer");
    expect(await view(emulator, URL_A)).toMatchObject({ status: 200, body: "old", cache: "HIT" });
  });

  test("the edge is filled when the task ends, not before", async () => {
    const emulator = await frozen({ taskDelayMs: 60_000 });
    await preload(emulator, [URL_A], DOMESTIC);
    publish(emulator, "vod.example.com/a.txt", "new");
    emulator.advance(59_999);
    expect(emulator.cached()).toEqual([]);
    expect(await rows(emulator)).toMatchObject([{ Status: "Refreshing", Process: "99%" }]);
    emulator.advance(1);
    expect(emulator.cached()).toEqual([URL_A]);
    expect(await rows(emulator)).toMatchObject([{ Status: "Complete", Process: "100%" }]);
    expect(await view(emulator, URL_A)).toMatchObject({ body: "new", cache: "HIT" });
  });

  test("an old copy stays", async () => {
    const emulator = await frozen();
    await view(emulator, URL_A);
    publish(emulator, "vod.example.com/a.txt", "new");
    await preload(emulator, [URL_A], DOMESTIC);
    expect(await rows(emulator)).toMatchObject([{ Status: "Complete" }]);
    expect(await view(emulator, URL_A)).toMatchObject({ body: "old", cache: "HIT" });
    await refresh(emulator, [URL_A]);
    await preload(emulator, [URL_A], DOMESTIC);
    expect(await view(emulator, URL_A)).toMatchObject({ body: "new", cache: "HIT" });
    expect(emulator.events.map((event) => ("outcome" in event ? event.outcome : event.kind))).toEqual([
      "view",
      "kept",
      "view",
      "purge",
      "filled",
      "view",
    ]);
  });

  test("a purge that ends after the preload drops the copy", async () => {
    const emulator = await frozen({ taskDelayMs: 60_000 });
    await refresh(emulator, [URL_A]);
    emulator.set({ taskDelayMs: 10_000 });
    await preload(emulator, [URL_A], DOMESTIC);
    emulator.advance(60_000);
    expect(await view(emulator, URL_A)).toMatchObject({ cache: "MISS" });
    expect(emulator.events.map(({ kind, at }) => [kind, at - NOON])).toEqual([
      ["preload", 10_000],
      ["purge", 60_000],
      ["view", 60_000],
    ]);
  });

  test("a copy that a Directory refresh has marked is replaced if the file has changed", async () => {
    const emulator = await frozen();
    publish(emulator, "vod.example.com/a.txt", "old", 1_700_000_000);
    await view(emulator, URL_A);
    publish(emulator, "vod.example.com/a.txt", "new", 1_700_000_100);
    await refresh(emulator, ["https://vod.example.com/"], { ObjectType: "Directory" });
    await preload(emulator, [URL_A], DOMESTIC);
    expect(await view(emulator, URL_A)).toMatchObject({ body: "new", cache: "HIT" });
  });

  test("only one area is filled: without Area, overseas", async () => {
    const emulator = await frozen();
    const seen = async (url: string) =>
      Promise.all((["domestic", "overseas"] as const).map(async (area) => (await view(emulator, url, { area })).cache));
    await preload(emulator, [URL_A]);
    await preload(emulator, [`${URL_A}?2`], DOMESTIC);
    await preload(emulator, [`${URL_A}?3`], { Area: "overseas" });
    expect(await seen(URL_A)).toEqual(["MISS", "HIT"]);
    expect(await seen(`${URL_A}?2`)).toEqual(["HIT", "MISS"]);
    expect(await seen(`${URL_A}?3`)).toEqual(["MISS", "HIT"]);
    await refresh(emulator, [URL_A]);
    expect(await seen(URL_A)).toEqual(["MISS", "MISS"]);
  });

  test("a path without a scheme fills http and https", async () => {
    const emulator = await frozen();
    await preload(emulator, ["vod.example.com/a.txt"], DOMESTIC);
    expect(emulator.cached()).toEqual(["http://vod.example.com/a.txt", URL_A]);
  });

  test("a 404 of the origin fails the preload and fills nothing", async () => {
    const emulator = await frozen({ taskDelayMs: 1_000 });
    await preload(emulator, [URL_A, "https://vod.example.com/b.txt"], DOMESTIC);
    rmSync(join(emulator.origin, "vod.example.com/a.txt"));
    publish(emulator, "vod.example.com/b.txt", "b");
    emulator.advance(1_000);
    expect(await rows(emulator)).toMatchObject([
      { ObjectPath: URL_A, Status: "Failed", Process: "0%", Description: "Origin Return StatusCode 404" },
      { ObjectPath: "https://vod.example.com/b.txt", Status: "Complete", Process: "100%", Description: "" },
    ]);
    expect(emulator.cached()).toEqual(["https://vod.example.com/b.txt"]);
    expect(await rows(emulator, { Status: "Failed" })).toHaveLength(1);
  });

  test("a cached 404 fails the preload", async () => {
    const emulator = await frozen();
    await view(emulator, "https://vod.example.com/b.txt");
    publish(emulator, "vod.example.com/b.txt", "b");
    await preload(emulator, ["https://vod.example.com/b.txt"], DOMESTIC);
    expect(emulator.tasks()).toMatchObject([{ status: "Failed" }]);
    expect(await view(emulator, "https://vod.example.com/b.txt")).toMatchObject({ status: 404, cache: "HIT" });
  });
});

describe("the log of the edge", () => {
  test("the log has purge, preload and view with their times, in the order in which they took effect", async () => {
    const emulator = await frozen({ taskDelayMs: 5_000 });
    const WithHeader = '{"Accept-Encoding":["br"]}';
    await refresh(emulator, ["https://vod.example.com/"], { ObjectType: "Directory", Force: "true" });
    emulator.advance(6_000);
    await preload(emulator, [URL_A], { Area: "overseas", WithHeader });
    emulator.advance(7_000);
    await view(emulator, URL_A, { area: "overseas" });
    await view(emulator, `${URL_A}?2`);
    const preloaded = { url: URL_A, area: "overseas", headers: { "Accept-Encoding": ["br"] }, outcome: "filled" };
    expect(emulator.events).toEqual([
      {
        kind: "purge",
        at: NOON + 5_000,
        taskId: "70422000000001",
        path: "https://vod.example.com/",
        objectType: "Directory",
      },
      { kind: "preload", at: NOON + 11_000, taskId: "70422000000002", ...preloaded },
      { kind: "view", at: NOON + 13_000, url: URL_A, area: "overseas", status: 200, cache: "HIT" },
      { kind: "view", at: NOON + 13_000, url: `${URL_A}?2`, area: "domestic", status: 200, cache: "MISS" },
    ]);
    expect(emulator.received.map(({ action, at }) => [action, at - NOON])).toEqual([
      ["RefreshVodObjectCaches", 0],
      ["PreloadVodObjectCaches", 6_000],
    ]);
  });

  test("a viewer of an unknown area is refused and not logged", async () => {
    const emulator = await frozen();
    const answer = await fetch(emulator.edge, { headers: { "x-emulator-area": "moon" } });
    expect(answer.status).toBe(400);
    expect(emulator.events).toEqual([]);
  });
});

describe("a fault of a preload", () => {
  test("a failed task fills nothing", async () => {
    const emulator = await frozen();
    emulator.fault({ kind: "task-failed", description: "Origin Timeout", action: "PreloadVodObjectCaches", times: 1 });
    await refresh(emulator, [URL_A]);
    await preload(emulator, [URL_A], DOMESTIC);
    expect(emulator.tasks().map(({ objectType, status }) => [objectType, status])).toEqual([
      ["File", "Complete"],
      ["Preload", "Failed"],
    ]);
    expect(await rows(emulator)).toMatchObject([{ Description: "Origin Timeout" }]);
    expect(emulator.cached()).toEqual([]);
  });

  test("a stuck task stays in the queue", async () => {
    const emulator = await frozen({ preloadQueue: 1 });
    emulator.fault({ kind: "task-stuck", status: "Pending" });
    await preload(emulator, [URL_A], DOMESTIC);
    emulator.advance(86_400_000);
    expect(emulator.tasks()).toMatchObject([{ status: "Pending" }]);
    expect(readCode(await preload(emulator, [URL_A]))).toBe("PreloadQueueFull");
  });

  test.each([
    ["reset-before", 500],
    ["reset-after", 499],
  ] as const)("%s resets the connection and leaves a quota of %d", async (kind, preloadRemain) => {
    const emulator = await frozen();
    emulator.fault({ kind, action: "PreloadVodObjectCaches" });
    await expect(preload(emulator, [URL_A])).rejects.toThrow();
    expect(emulator.quota().preloadRemain).toBe(preloadRemain);
  });
});
