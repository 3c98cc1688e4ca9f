import { describe, expect, test } from "vitest";
import { call, refresh } from "./caller.js";
import type { Emulator } from "./index.js";
import { started } from "./started.js";

const vod = (count: number) => Array.from({ length: count }, (_, index) => `https://vod.example.com/${index}`);
const taskIds = async (emulator: Emulator, paths: string[], extra?: Record<string, string>) =>
  (await refresh(emulator, paths, extra)).json.RefreshTaskId as string;
const query = async (emulator: Emulator, extra: Record<string, string>) =>
  (await call(emulator, "DescribeVodRefreshTasks", extra)).json;

async function frozen(options = {}): Promise<Emulator> {
  const emulator = await started(options);
  emulator.freeze();
  emulator.setTime(Date.parse("2024-07-19T12:00:00Z"));
  return emulator;
}

describe("task IDs", () => {
  test("URLs of one domain within one second share an ID, over several calls", async () => {
    const emulator = await frozen();
    expect(await taskIds(emulator, vod(3))).toBe("70422000000001");
    emulator.advance(999);
    expect(await taskIds(emulator, vod(2))).toBe("70422000000001");
    expect(await taskIds(emulator, vod(2), { ObjectType: "IgnoreParams" })).toBe("70422000000001");
    emulator.advance(1);
    expect(await taskIds(emulator, vod(3))).toBe("70422000000002");
  });

  test("each domain has an ID, joined by commas", async () => {
    const emulator = await frozen();
    const paths = ["vod.example.com/1", "img.example.com/1", "https://VOD.example.com/2"];
    expect(await taskIds(emulator, paths)).toBe("70422000000001,70422000000002");
    expect(emulator.tasks().map(({ taskId, path }) => [taskId, path])).toEqual([
      ["70422000000001", "vod.example.com/1"],
      ["70422000000002", "img.example.com/1"],
      ["70422000000001", "https://VOD.example.com/2"],
    ]);
  });

  test("at most 2,000 URLs share an ID", async () => {
    const emulator = await frozen({ urlQuota: 5000 });
    expect(await taskIds(emulator, vod(1000))).toBe("70422000000001");
    expect(await taskIds(emulator, vod(999))).toBe("70422000000001");
    expect(await taskIds(emulator, vod(2))).toBe("70422000000001,70422000000002");
    expect(await taskIds(emulator, vod(1))).toBe("70422000000002");
  });

  test("each directory and each expression has an ID", async () => {
    const emulator = await frozen();
    const paths = ["vod.example.com/a/", "vod.example.com/b/"];
    expect(await taskIds(emulator, paths, { ObjectType: "Directory" })).toBe("70422000000001,70422000000002");
    expect(await taskIds(emulator, paths, { ObjectType: "Regex" })).toBe("70422000000003,70422000000004");
  });
});

describe("DescribeVodRefreshTasks", () => {
  test("each path has a row, whose fields are all strings", async () => {
    const emulator = await frozen();
    await refresh(emulator, ["vod.example.com/1", "vod.example.com/2"]);
    expect(await query(emulator, { TaskId: "70422000000001" })).toEqual({
      PageNumber: 1,
      PageSize: 20,
      TotalCount: 2,
      RequestId: expect.any(String),
      Tasks: {
        Task: ["vod.example.com/1", "vod.example.com/2"].map((path) => ({
          TaskId: "70422000000001",
          ObjectPath: path,
          ObjectType: "file",
          Status: "Complete",
          Process: "100%",
          CreationTime: "2024-07-19T12:00:00Z",
          Description: "",
        })),
      },
    });
  });

  test("a row shows the progress of its task", async () => {
    const emulator = await frozen({ taskDelayMs: 10_000 });
    await refresh(emulator, ["vod.example.com/1"]);
    const row = async () => (await query(emulator, { ObjectPath: "vod.example.com/1" })).Tasks.Task[0];
    expect(await row()).toMatchObject({ Status: "Refreshing", Process: "0%" });
    emulator.advance(2_500);
    expect(await row()).toMatchObject({ Status: "Refreshing", Process: "25%" });
    emulator.advance(7_500);
    expect(await row()).toMatchObject({ Status: "Complete", Process: "100%" });
  });

  test("a task ends without a call in between", async () => {
    let wall = Date.now();
    const emulator = await started({ now: () => wall, taskDelayMs: 10_000 });
    await refresh(emulator, ["vod.example.com/1"]);
    wall += 10_000;
    expect((await query(emulator, {})).Tasks.Task).toMatchObject([{ Status: "Complete", Process: "100%" }]);
  });

  test("the rows are paged", async () => {
    const emulator = await frozen();
    await refresh(emulator, vod(45));
    const page = async (extra: Record<string, string>) => {
      const { PageNumber, PageSize, TotalCount, Tasks } = await query(emulator, extra);
      return [PageNumber, PageSize, TotalCount, Tasks.Task.length, Tasks.Task[0]?.ObjectPath];
    };
    expect(await page({})).toEqual([1, 20, 45, 20, "https://vod.example.com/0"]);
    expect(await page({ PageNumber: "3" })).toEqual([3, 20, 45, 5, "https://vod.example.com/40"]);
    expect(await page({ PageSize: "50" })).toEqual([1, 50, 45, 45, "https://vod.example.com/0"]);
    expect(await page({ PageNumber: "2", PageSize: "50" })).toEqual([2, 50, 45, 0, undefined]);
  });

  test("the newest rows come first, and rows older than three days are left out", async () => {
    const emulator = await frozen();
    await refresh(emulator, ["vod.example.com/old"]);
    emulator.advance(86_400_000);
    await refresh(emulator, ["vod.example.com/new"]);
    const paths = async () =>
      (await query(emulator, {})).Tasks.Task.map((row: { ObjectPath: string }) => row.ObjectPath);
    expect(await paths()).toEqual(["vod.example.com/new", "vod.example.com/old"]);
    emulator.advance(2 * 86_400_000 - 1);
    expect(await paths()).toEqual(["vod.example.com/new", "vod.example.com/old"]);
    emulator.advance(1);
    expect(await paths()).toEqual(["vod.example.com/new"]);
    expect((await query(emulator, { TaskId: "70422000000001" })).TotalCount).toBe(0);
  });

  test("the rows are filtered by every parameter", async () => {
    const emulator = await frozen({ taskDelayMs: 5_000 });
    await refresh(emulator, ["vod.example.com/1", "img.example.com/1"]);
    emulator.advance(10_000);
    await refresh(emulator, ["vod.example.com/d/"], { ObjectType: "Directory" });
    await refresh(emulator, ["vod.example.com/.*"], { ObjectType: "Regex" });
    await refresh(emulator, ["vod.example.com/i?x"], { ObjectType: "IgnoreParams" });
    const found = async (extra: Record<string, string>) =>
      (await query(emulator, extra)).Tasks.Task.map((row: { ObjectPath: string }) => row.ObjectPath);
    expect(await found({ ObjectType: "file" })).toEqual([
      "vod.example.com/i?x",
      "vod.example.com/1",
      "img.example.com/1",
    ]);
    expect(await found({ ObjectType: "directory" })).toEqual(["vod.example.com/d/"]);
    expect(await found({ ObjectType: "regex" })).toEqual(["vod.example.com/.*"]);
    expect(await found({ ObjectType: "preload" })).toEqual([]);
    expect(await found({ ObjectType: "file", DomainName: "img.example.com" })).toEqual(["img.example.com/1"]);
    expect(await found({ ObjectType: "file", Status: "Refreshing" })).toEqual(["vod.example.com/i?x"]);
    expect(await found({ ObjectType: "file", Status: "Failed" })).toEqual([]);
    expect(await found({ ObjectPath: "img.example.com/1" })).toEqual(["img.example.com/1"]);
    expect(await found({ ObjectPath: "img.example.com/" })).toEqual([]);
    expect(await found({ TaskId: "70422000000001", ObjectPath: "img.example.com/1" })).toEqual([]);
    expect(await found({ StartTime: "2024-07-19T12:00:01Z", ObjectType: "directory" })).toEqual(["vod.example.com/d/"]);
    expect(await found({ EndTime: "2024-07-19T12:00:00Z" })).toEqual(["vod.example.com/1", "img.example.com/1"]);
    expect(await found({ StartTime: "2024-07-19T12:00:10Z", EndTime: "2024-07-19T12:00:09Z" })).toEqual([]);
  });

  test.each([
    [{ DomainName: "vod.example.com" }, "MissingParameter"],
    [{ Status: "Complete" }, "MissingParameter"],
    [{ TaskId: "70422000000001,70422000000002" }, "InvalidTaskId.Malformed"],
    [{ TaskId: "task" }, "InvalidTaskId.Malformed"],
    [{ ObjectType: "File" }, "InvalidObjectType.ValueNotSupported"],
    [{ ObjectType: "file", Status: "complete" }, "InvalidParameter"],
    [{ PageSize: "51" }, "InvalidParameter"],
    [{ PageSize: "0" }, "InvalidParameter"],
    [{ PageNumber: "0" }, "InvalidParameter"],
    [{ PageNumber: "1.5" }, "InvalidParameter"],
    [{ StartTime: "2024-07-19 12:00:00" }, "InvalidParameter"],
    [{ EndTime: "2024-13-01T00:00:00Z" }, "InvalidParameter"],
  ] as [Record<string, string>, string][])("%j is refused with %s", async (extra, code) => {
    const emulator = await started();
    expect(await query(emulator, extra)).toMatchObject({ Code: code });
  });

  test("the refusal names the missing parameter", async () => {
    const emulator = await started();
    expect((await query(emulator, { Status: "Complete" })).Message).toContain("\u201cObjectType\u201d");
  });
});
