import { describe, expect, test } from "vitest";
import { call, refresh, send } from "./caller.js";
import { type Emulator, type Fault, view } from "./index.js";
import { publish, started } from "./started.js";

const PATH = "https://vod.example.com/a.txt";

/** Starts an emulator with a fault, and returns what a refresh gets. */
async function refreshWithFault(fault: Fault) {
  const emulator = await started();
  emulator.fault(fault);
  const outcome = await refresh(emulator, [PATH]).catch((error: Error & { code: string }) => error.code);
  return { emulator, outcome };
}

/** Returns how many URLs were spent, which tells whether the work was done. */
const spent = (emulator: Emulator) => 2000 - emulator.quota().urlRemain;

describe("a fault of the answer", () => {
  test.each<[Fault, number, string, number]>([
    [{ kind: "throttle" }, 503, "Throttling", 0],
    [{ kind: "throttle", code: "Throttling.User" }, 400, "Throttling.User", 0],
    [{ kind: "throttle", code: "Throttling.Api" }, 400, "Throttling.Api", 0],
    [{ kind: "error" }, 500, "InternalError", 0],
    [{ kind: "error", code: "ServiceUnavailable" }, 503, "ServiceUnavailable", 0],
    [{ kind: "error", code: "InvalidAccessKeyId.NotFound" }, 404, "InvalidAccessKeyId.NotFound", 0],
    [{ kind: "error", code: "Never.Heard", status: 418, message: "What?" }, 418, "Never.Heard", 0],
    [{ kind: "error", afterWork: true }, 500, "InternalError", 1],
  ])("%j answers %d, %s, and spends %d", async (fault, status, code, used) => {
    const { emulator, outcome } = await refreshWithFault(fault);
    expect(outcome).toMatchObject({ status, json: { Code: code, HostId: "vod.cn-shanghai.aliyuncs.com" } });
    expect(emulator.received).toMatchObject([{ status, code }]);
    expect(spent(emulator)).toBe(used);
  });

  test("a throttle tells how long to wait if it has a time for that", async () => {
    const { outcome } = await refreshWithFault({ kind: "throttle", retryAfterMs: 1500 });
    expect(outcome).toMatchObject({ headers: { "x-acs-retry-after": "1500" } });
    const { outcome: plain } = await refreshWithFault({ kind: "throttle" });
    expect(plain).not.toHaveProperty("headers.x-acs-retry-after");
  });

  test.each([200, 302, 414, 502])("an HTML page is answered with status %d", async (status) => {
    const { emulator, outcome } = await refreshWithFault({ kind: "html", status });
    expect(outcome).toMatchObject({ status, headers: { "content-type": "text/html" }, json: undefined });
    expect((outcome as { text: string }).text).toContain("<html>");
    const { location } = (outcome as { headers: Record<string, string> }).headers;
    expect(location).toBe(status === 302 ? "http://login.example.com/" : undefined);
    expect(spent(emulator)).toBe(0);
  });

  test.each<[Fault["kind"], string | RegExp]>([
    ["truncated", /^\{"RefreshTaskId":"70422000000001[^}]*$/],
    ["empty", /^$/],
    ["missing-fields", /^\{"RequestId":"[0-9A-F-]{36}"\}$/],
    ["wrong-types", /^\{"RefreshTaskId":70422000000001,"RequestId":\["[0-9A-F-]{36}"\]\}$/],
  ])("a fault that is %s corrupts the answer after the work", async (kind, text) => {
    const { emulator, outcome } = await refreshWithFault({ kind } as Fault);
    expect(outcome).toMatchObject({ status: 200 });
    expect((outcome as { text: string }).text).toMatch(text);
    expect(spent(emulator)).toBe(1);
  });

  test("a list of tasks is corrupted as well", async () => {
    const emulator = await started();
    emulator.fault({ kind: "wrong-types" });
    const { PageNumber, Tasks } = (await call(emulator, "DescribeVodRefreshTasks")).json;
    expect({ PageNumber, Tasks }).toEqual({ PageNumber: "1", Tasks: "[object Object]" });
  });

  test.each<[Fault, number, string]>([
    [{ kind: "answer", body: "null" }, 200, "null"],
    [{ kind: "answer", status: 500, body: '{"error":"no Code"}' }, 500, '{"error":"no Code"}'],
    [{ kind: "answer", status: 302, body: "{}" }, 302, "{}"],
  ])("any answer can be given: %j", async (fault, status, text) => {
    expect((await refreshWithFault(fault)).outcome).toMatchObject({ status, text });
  });
});

describe("a fault of the connection", () => {
  test.each<["reset-before" | "reset-after", number]>([
    ["reset-before", 0],
    ["reset-after", 1],
  ])("%s resets the connection and spends %d", async (kind, used) => {
    const { emulator, outcome } = await refreshWithFault({ kind, times: 1 });
    expect(outcome).toBe("ECONNRESET");
    expect(spent(emulator)).toBe(used);
    expect(emulator.received).toMatchObject([{ action: "RefreshVodObjectCaches", status: 0 }]);
    expect((await refresh(emulator, [PATH])).status).toBe(200);
  });

  test.each([false, true])("a call is delayed, after the work: %s", async (afterWork) => {
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

  test("a delay is combined with another fault", async () => {
    const emulator = await started();
    emulator.fault({ kind: "error" });
    emulator.fault({ kind: "delay", ms: 100 });
    const begin = performance.now();
    expect((await refresh(emulator, [PATH])).status).toBe(500);
    expect(performance.now() - begin).toBeGreaterThan(90);
  });

  test("a delayed call doesn't keep the emulator from closing", async () => {
    const emulator = await started();
    emulator.fault({ kind: "delay", ms: 3_600_000 });
    const answer = refresh(emulator, [PATH]).catch((error: Error) => error.message);
    while (emulator.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await emulator.close();
    expect(await answer).toBe("socket hang up");
  });
});

describe("a fault of a task", () => {
  test.each(["Internal Error", "Origin Timeout", "Origin Return StatusCode 5XX"])(
    "a task that fails with %s purges nothing",
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

  test("a task that fails is refreshing until its end", async () => {
    const emulator = await started({ taskDelayMs: 60_000 });
    emulator.fault({ kind: "task-failed" });
    await refresh(emulator, [PATH]);
    expect(emulator.tasks()).toMatchObject([{ status: "Refreshing" }]);
    emulator.advance(60_000);
    expect(emulator.tasks()).toMatchObject([{ status: "Failed" }]);
  });

  test("a fault with a path hits only that path of a call", async () => {
    const emulator = await started();
    emulator.fault({ kind: "task-failed", path: PATH });
    await refresh(emulator, [PATH, `${PATH}?2`]);
    expect(emulator.tasks()).toMatchObject([{ status: "Failed" }, { status: "Complete" }]);
  });

  test.each(["Refreshing", "Pending"] as const)("a stuck task stays %s", async (status) => {
    const emulator = await started();
    emulator.fault({ kind: "task-stuck", status });
    await refresh(emulator, [PATH]);
    emulator.advance(2 * 86_400_000);
    expect(emulator.tasks()).toMatchObject([{ status }]);
  });

  test("a task fault waits for a refresh that is accepted", async () => {
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

  test("a fault with `times` hits that many calls", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 2 });
    expect(await statuses(emulator, 3)).toEqual([503, 503, 200]);
  });

  test("a fault without `times` hits all calls until it is cleared", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle" });
    expect(await statuses(emulator, 3)).toEqual([503, 503, 503]);
    emulator.clearFaults();
    expect(await statuses(emulator, 1)).toEqual([200]);
  });

  test("a fault with an action hits only that action", async () => {
    const emulator = await started();
    emulator.fault({ kind: "error", action: "DescribeVodRefreshTasks", times: 1 });
    expect(await statuses(emulator, 1)).toEqual([200]);
    expect((await call(emulator, "DescribeVodRefreshTasks")).status).toBe(500);
    expect((await call(emulator, "DescribeVodRefreshTasks")).status).toBe(200);
  });

  test("several faults hit calls one after the other", async () => {
    const emulator = await started();
    emulator.fault({ kind: "throttle", times: 1 });
    emulator.fault({ kind: "html", status: 502, times: 1 });
    emulator.fault({ kind: "error", times: 1 });
    expect(await statuses(emulator, 4)).toEqual([503, 502, 500, 200]);
  });
});

describe("credentials that change while the emulator runs", () => {
  test("a deleted key is refused until it is active again", async () => {
    const emulator = await started();
    emulator.set({ accessKey: "deleted" });
    expect((await refresh(emulator, [PATH])).json.Code).toBe("InvalidAccessKeyId.NotFound");
    emulator.set({ accessKey: "active" });
    expect((await refresh(emulator, [PATH])).status).toBe(200);
  });

  test("an expired token is refused, and a new one is accepted", async () => {
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
  test("a body that is too long gets an HTML 413", async () => {
    const emulator = await started();
    const answer = await send(emulator.endpoint, { body: `x=${"a".repeat(8 * 1024 * 1024)}` });
    expect(answer).toMatchObject({ status: 413, headers: { "content-type": "text/html" } });
  });
});
