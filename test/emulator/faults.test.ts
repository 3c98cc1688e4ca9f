import { describe, expect, it } from "vitest";
import { call, refresh, send } from "./caller.js";
import { type Emulator, type Fault, view } from "./index.js";
import { publish, started } from "./started.js";

const PATH = "https://vod.example.com/a.txt";

/** An emulator with that fault, and what a refresh gets from it. */
async function befallen(fault: Fault) {
  const emulator = await started();
  emulator.fault(fault);
  const outcome = await refresh(emulator, [PATH]).catch((error: Error & { code: string }) => error.code);
  return { emulator, outcome };
}

/** How many URLs have been spent: whether the work was done. */
const spent = (emulator: Emulator) => 2000 - emulator.quota().urlRemain;

describe("a fault of the answer", () => {
  it.each<[Fault, number, string, number]>([
    [{ kind: "throttle" }, 503, "Throttling", 0],
    [{ kind: "throttle", code: "Throttling.User" }, 400, "Throttling.User", 0],
    [{ kind: "throttle", code: "Throttling.Api" }, 400, "Throttling.Api", 0],
    [{ kind: "error" }, 500, "InternalError", 0],
    [{ kind: "error", code: "ServiceUnavailable" }, 503, "ServiceUnavailable", 0],
    [{ kind: "error", code: "InvalidAccessKeyId.NotFound" }, 404, "InvalidAccessKeyId.NotFound", 0],
    [{ kind: "error", code: "Never.Heard", status: 418, message: "What?" }, 418, "Never.Heard", 0],
    [{ kind: "error", afterWork: true }, 500, "InternalError", 1],
  ])("%j should give %d, %s, and spend %d", async (fault, status, code, used) => {
    const { emulator, outcome } = await befallen(fault);
    expect(outcome).toMatchObject({ status, json: { Code: code, HostId: "vod.cn-shanghai.aliyuncs.com" } });
    expect(emulator.received).toMatchObject([{ status, code }]);
    expect(spent(emulator)).toBe(used);
  });

  it("should say how long to wait when it is told to", async () => {
    const { outcome } = await befallen({ kind: "throttle", retryAfterMs: 1500 });
    expect(outcome).toMatchObject({ headers: { "x-acs-retry-after": "1500" } });
    const { outcome: plain } = await befallen({ kind: "throttle" });
    expect(plain).not.toHaveProperty("headers.x-acs-retry-after");
  });

  it.each([200, 302, 414, 502])("should be HTML with %d", async (status) => {
    const { emulator, outcome } = await befallen({ kind: "html", status });
    expect(outcome).toMatchObject({ status, headers: { "content-type": "text/html" }, json: undefined });
    expect((outcome as { text: string }).text).toContain("<html>");
    const { location } = (outcome as { headers: Record<string, string> }).headers;
    expect(location).toBe(status === 302 ? "http://login.example.com/" : undefined);
    expect(spent(emulator)).toBe(0);
  });

  it.each<[Fault["kind"], string | RegExp]>([
    ["truncated", /^\{"RefreshTaskId":"70422000000001[^}]*$/],
    ["empty", /^$/],
    ["missing-fields", /^\{"RequestId":"[0-9A-F-]{36}"\}$/],
    ["wrong-types", /^\{"RefreshTaskId":70422000000001,"RequestId":\["[0-9A-F-]{36}"\]\}$/],
  ])("should be %s after the work was done", async (kind, text) => {
    const { emulator, outcome } = await befallen({ kind } as Fault);
    expect(outcome).toMatchObject({ status: 200 });
    expect((outcome as { text: string }).text).toMatch(text);
    expect(spent(emulator)).toBe(1);
  });

  it("should spoil a list of tasks, too", async () => {
    const emulator = await started();
    emulator.fault({ kind: "wrong-types" });
    const { PageNumber, Tasks } = (await call(emulator, "DescribeVodRefreshTasks")).json;
    expect({ PageNumber, Tasks }).toEqual({ PageNumber: "1", Tasks: "[object Object]" });
  });

  it.each<[Fault, number, string]>([
    [{ kind: "answer", body: "null" }, 200, "null"],
    [{ kind: "answer", status: 500, body: '{"error":"no Code"}' }, 500, '{"error":"no Code"}'],
    [{ kind: "answer", status: 302, body: "{}" }, 302, "{}"],
  ])("should be anything: %j", async (fault, status, text) => {
    expect((await befallen(fault)).outcome).toMatchObject({ status, text });
  });
});

describe("a fault of the connection", () => {
  it.each<["reset-before" | "reset-after", number]>([
    ["reset-before", 0],
    ["reset-after", 1],
  ])("should be a %s that spends %d", async (kind, used) => {
    const { emulator, outcome } = await befallen({ kind, times: 1 });
    expect(outcome).toBe("ECONNRESET");
    expect(spent(emulator)).toBe(used);
    expect(emulator.received).toMatchObject([{ action: "RefreshVodObjectCaches", status: 0 }]);
    expect((await refresh(emulator, [PATH])).status).toBe(200);
  });

  it.each([false, true])("should be a delay, after the work: %s", async (afterWork) => {
    const emulator = await started();
    emulator.fault({ kind: "delay", ms: 300, afterWork });
    const begin = performance.now();
    const answer = refresh(emulator, [PATH]);
    while (emulator.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(spent(emulator)).toBe(afterWork ? 1 : 0);
    expect(emulator.received[0]?.status).toBe(0);
    expect((await answer).status).toBe(200);
    expect(performance.now() - begin).toBeGreaterThan(290);
    expect(spent(emulator)).toBe(1);
  });

  it("should be a delay together with another fault", async () => {
    const emulator = await started();
    emulator.fault({ kind: "error" });
    emulator.fault({ kind: "delay", ms: 100 });
    const begin = performance.now();
    expect((await refresh(emulator, [PATH])).status).toBe(500);
    expect(performance.now() - begin).toBeGreaterThan(90);
  });

  it("should not keep an emulator from closing", async () => {
    const emulator = await started();
    emulator.fault({ kind: "delay", ms: 3_600_000 });
    const answer = refresh(emulator, [PATH]).catch((error: Error) => error.message);
    while (emulator.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await emulator.close();
    expect(await answer).toBe("socket hang up");
  });
});

describe("a fault of a task", () => {
  it.each(["Internal Error", "Origin Timeout", "Origin Return StatusCode 5XX"])(
    "should be a failure with the description %s, which purges nothing",
    async (description) => {
      const emulator = await started();
      publish(emulator, "vod.example.com/a.txt", "old");
      await view(emulator, PATH);
      emulator.fault({ kind: "task-failed", description, times: 1 });
      expect((await refresh(emulator, [PATH])).status).toBe(200);
      const [row] = (await call(emulator, "DescribeVodRefreshTasks")).json.Tasks.Task;
      expect(row).toMatchObject({ Status: "Failed", Description: description });
      expect(await view(emulator, PATH)).toMatchObject({ cache: "HIT" });
    },
  );

  it("should first be refreshing when tasks take time", async () => {
    const emulator = await started({ taskDelayMs: 60_000 });
    emulator.fault({ kind: "task-failed" });
    await refresh(emulator, [PATH]);
    expect(emulator.tasks()).toMatchObject([{ status: "Refreshing" }]);
    emulator.advance(60_000);
    expect(emulator.tasks()).toMatchObject([{ status: "Failed" }]);
  });

  it("should hit one path of a call alone when it is told to", async () => {
    const emulator = await started();
    emulator.fault({ kind: "task-failed", path: PATH });
    await refresh(emulator, [PATH, `${PATH}?2`]);
    expect(emulator.tasks()).toMatchObject([{ status: "Failed" }, { status: "Complete" }]);
  });

  it.each(["Refreshing", "Pending"] as const)("should be one that stays %s for ever", async (status) => {
    const emulator = await started();
    emulator.fault({ kind: "task-stuck", status });
    await refresh(emulator, [PATH]);
    emulator.advance(2 * 86_400_000);
    expect(emulator.tasks()).toMatchObject([{ status }]);
  });

  it("should wait for a refresh that is accepted", async () => {
    const emulator = await started();
    emulator.fault({ kind: "task-failed", times: 1 });
    await refresh(emulator, ["other.example.com/a"]);
    await call(emulator, "DescribeVodRefreshQuota");
    await refresh(emulator, [PATH]);
    expect(emulator.tasks()).toMatchObject([{ status: "Failed" }]);
  });
});

describe("how far a fault reaches", () => {
  const statuses = async (emulator: Emulator, count: number) => {
    const seen: number[] = [];
    for (let index = 0; index < count; index++) seen.push((await refresh(emulator, [PATH])).status);
    return seen;
  };

  it("should be N calls", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 2 });
    expect(await statuses(emulator, 3)).toEqual([503, 503, 200]);
  });

  it("should be all calls until it is cleared", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle" });
    expect(await statuses(emulator, 3)).toEqual([503, 503, 503]);
    emulator.clearFaults();
    expect(await statuses(emulator, 1)).toEqual([200]);
  });

  it("should be one action", async () => {
    const emulator = await started();
    emulator.fault({ kind: "error", action: "DescribeVodRefreshTasks", times: 1 });
    expect(await statuses(emulator, 1)).toEqual([200]);
    expect((await call(emulator, "DescribeVodRefreshTasks")).status).toBe(500);
    expect((await call(emulator, "DescribeVodRefreshTasks")).status).toBe(200);
  });

  it("should be one after the other when there are several", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 1 });
    emulator.fault({ kind: "html", status: 502, times: 1 });
    emulator.fault({ kind: "error", times: 1 });
    expect(await statuses(emulator, 4)).toEqual([503, 502, 500, 200]);
  });
});

describe("credentials that go bad while the emulator runs", () => {
  it("should be a revoked key, and a restored one", async () => {
    const emulator = await started();
    emulator.set({ accessKey: "deleted" });
    expect((await refresh(emulator, [PATH])).json.Code).toBe("InvalidAccessKeyId.NotFound");
    emulator.set({ accessKey: "active" });
    expect((await refresh(emulator, [PATH])).status).toBe(200);
  });

  it("should be an expired token, and a new one", async () => {
    const emulator = await started({ securityToken: "first" });
    emulator.set({ token: "expired" });
    expect((await refresh(emulator, [PATH], { SecurityToken: "first" })).json.Code).toBe(
      "InvalidSecurityToken.Expired",
    );
    emulator.set({ token: "valid", securityToken: "second" });
    expect((await refresh(emulator, [PATH], { SecurityToken: "first" })).json.Code).toBe(
      "InvalidSecurityToken.MismatchWithAccessKey",
    );
    expect((await refresh(emulator, [PATH], { SecurityToken: "second" })).status).toBe(200);
  });
});

describe("a body that is too long", () => {
  it("should get 413 as HTML", async () => {
    const emulator = await started();
    const answer = await send(emulator.endpoint, { body: `x=${"a".repeat(8 * 1024 * 1024)}` });
    expect(answer).toMatchObject({ status: 413, headers: { "content-type": "text/html" } });
  });
});
