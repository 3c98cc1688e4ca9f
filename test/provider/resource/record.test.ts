/** The state keeps the last update that sent something; `pulumi refresh` adds what the service still has on record of it. */
import { describe, expect, test } from "vitest";
import { deploys, url } from "./deploys.js";

const HOUR_MS = 60 * 60 * 1000;
const program = (contentHash: string, paths = [url("a")]) => ({ paths, contentHash });

describe("an update that fails before it sent anything", () => {
  test("leaves the tasks of the last one on record; the next one that sends replaces them", async () => {
    const { emulator, up, pass } = await deploys();
    const first = await up(undefined, program("v1"));
    const { taskIds, refreshTaskId, requestIds, submittedAt, cost } = first.outs;
    emulator.set({ service: "suspended" });
    let last = first;
    for (const contentHash of ["v2", "v2"]) {
      last = await up(last, program(contentHash));
      const record = { taskIds, refreshTaskId, requestIds, submittedAt, cost };
      expect(last.outs).toMatchObject({ ...record, status: "Incomplete", pending: [url("a")], refreshed: [] });
    }
    emulator.set({ service: "open" });
    await pass(2_000);
    const { outs } = await up(last, program("v2"));
    expect(outs).toMatchObject({ status: "Submitted", refreshed: [url("a")], cost: { urls: 1 } });
    expect(outs.taskIds).toHaveLength(1);
    expect(outs.taskIds).not.toEqual(taskIds);
  });

  test("doesn't separate what was sent before it from what is sent after it, if these belong together", async () => {
    const { emulator, up } = await deploys();
    const paths = Array.from({ length: 1001 }, (_, index) => url(String(index)));
    emulator.set({ urlRemain: 1000 });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
    const first = await up(undefined, program("v1", paths));
    expect(first.outs.pending).toEqual(paths.slice(1000));
    const second = await up(first, program("v1", paths));
    expect(second.outs).toMatchObject({ pending: paths.slice(1000), taskIds: first.outs.taskIds });
    emulator.set({ urlRemain: 10 });
    const { outs } = await up(second, program("v1", paths));
    expect(outs.requestIds).toHaveLength(2);
    expect(outs.cost).toEqual({ urls: 1001, directories: 0, preloads: 0 });
  });
});

test.each([
  [2, 2],
  [4, 1],
])("an update that carries on %i days later has the tasks that are still on record: %i", async (days, tasks) => {
  const { emulator, up, pass } = await deploys();
  emulator.set({ urlRemain: 1 });
  const manner = { ...program("v1", [url("a"), url("b")]), quota: { onExceeded: "partial" } };
  const first = await up(undefined, manner);
  expect(first.outs).toMatchObject({ status: "Incomplete", pending: [url("b")] });
  await pass(days * 24 * HOUR_MS);
  const { outs } = await up(first, manner);
  expect(outs).toMatchObject({ status: "Submitted", pending: [] });
  expect(outs.taskIds).toHaveLength(tasks);
});

describe("`pulumi refresh`", () => {
  const throttled = { kind: "throttle", action: "DescribeVodRefreshTasks" } as const;

  test("asks again if the question is throttled for a moment, and gives up soon", async () => {
    const { emulator, up, refresh, slept } = await deploys();
    const submitted = await up(undefined, program("v1"));
    emulator.fault({ ...throttled, times: 2 });
    expect((await refresh(submitted)).outs.status).toBe("Complete");
    emulator.fault(throttled);
    const before = slept();
    expect((await refresh(submitted)).outs.status).toBe("Submitted");
    expect(slept() - before).toBeLessThan(30_000);
  });

  test("takes the status from what is still on record once the rest must have expired", async () => {
    const { lines, up, refresh, pass } = await deploys();
    const { outs, ...rest } = await up(undefined, program("v1"));
    const partly = { ...rest, outs: { ...outs, taskIds: ["1", ...(outs.taskIds as string[])] } };
    // It may not be visible yet.
    expect((await refresh(partly)).outs.status).toBe("Pending");
    await pass(HOUR_MS + 1_000);
    expect((await refresh(partly)).outs.status).toBe("Complete");
    expect(lines.at(-1)).toBe(
      "site: the status is Complete, judging by the records that are left: the service keeps the records of tasks for 3 days only",
    );
  });

  test("never takes another path's status for a path without a record", async () => {
    const { up, refresh, pass } = await deploys();
    const { outs, ...rest } = await up(undefined, program("v1"));
    await pass(2_000);
    const other = await up(undefined, program("v1", [url("b")]));
    await pass(HOUR_MS);
    const foreign = { ...rest, outs: { ...outs, taskIds: other.outs.taskIds } };
    expect((await refresh(foreign)).outs.status).toBe("Submitted");
  });
});

test("the line of a longer pause names the resource that waits", async () => {
  const { emulator, lines, up } = await deploys();
  emulator.fault({ kind: "throttle", action: "RefreshVodObjectCaches", times: 1, retryAfterMs: 20_000 });
  await up(undefined, program("v1"));
  expect(lines).toContainEqual(expect.stringMatching(/^site: the VOD API throttled .*; retrying in \d+ s/));
  expect(lines).toContainEqual(expect.stringMatching(/^site: refresh submitted: 1 URL in 1 call/));
});

test("the task ID of a call that was sent twice is kept: nobody knew whether the first one had been accepted", async () => {
  const { emulator, up, pass } = await deploys();
  emulator.fault({ kind: "reset-before", times: 1, action: "RefreshVodObjectCaches" });
  const first = await up(undefined, program("v1"));
  expect(first.outs.repeatedTaskIds).toEqual(first.outs.taskIds);
  const same = await up(first, { ...program("v1"), endpoint: emulator.endpoint });
  expect(same.outs.repeatedTaskIds).toEqual(first.outs.taskIds);
  await pass(2_000);
  expect((await up(same, program("v2"))).outs).not.toHaveProperty("repeatedTaskIds");
});
