/** An update that waits has to see the end of every path that it sent; a path whose end it didn't see stays unconfirmed. */
import { describe, expect, test } from "vitest";
import { preloadProvider } from "../../../provider/dynamic/host.js";
import { LEAST_PATIENCE_MS } from "../../../provider/vod/retry.js";
import { contentsBelow, deploys, url } from "./deploys.js";

const HOUR_MS = 60 * 60 * 1000;
const TASKS = "DescribeVodRefreshTasks";

/** An answer of DescribeVodRefreshTasks with these rows. */
const answer = (...rows: [path: string, status: string, type?: string][]) =>
  JSON.stringify({
    RequestId: "R",
    PageNumber: 1,
    PageSize: 50,
    TotalCount: rows.length,
    Tasks: {
      Task: rows.map(([ObjectPath, Status, ObjectType = "file"]) => ({
        TaskId: "70422000000001",
        ObjectPath,
        ObjectType,
        Status,
        Process: Status === "Complete" ? "100%" : "0%",
        CreationTime: `${new Date().toISOString().slice(0, 19)}Z`,
        Description: Status === "Failed" ? "Origin Timeout" : "",
      })),
    },
  });

describe("a path without a row", () => {
  const program = { paths: [url("a"), url("b")], contentHash: "v1", wait: { timeout: 60 } };

  test("isn't done: the update fails in time, and an hour later it is sent once more", async () => {
    const { emulator, up, sent, pass, slept } = await deploys();
    emulator.fault({ kind: "answer", action: TASKS, body: answer([url("a"), "Complete"]) });
    const first = await up(undefined, program);
    expect(first.failure).toMatch(
      /^The refresh did not complete within 60 s: 1 of 2 URLs complete; https:\/\/vod\.example\.com\/b is not visible yet\..*\(code RefreshTimeout\)$/,
    );
    expect(first.outs).toMatchObject({ status: "Pending", pending: [], unconfirmed: [url("b")] });
    expect(slept()).toBeLessThanOrEqual(61_000);

    const second = await up(first, program);
    expect(second.outs).toMatchObject({ status: "Pending", unconfirmed: [url("b")] });
    expect(sent()).toHaveLength(1);

    await pass(HOUR_MS);
    emulator.clearFaults();
    emulator.fault({ kind: "answer", action: TASKS, body: answer([url("a"), "Complete"]), times: 1 });
    const third = await up(second, program);
    expect(third).toMatchObject({ failure: undefined, outs: { status: "Complete", pending: [] } });
    expect(third.outs).not.toHaveProperty("unconfirmed");
    expect(sent()).toEqual([[url("a"), url("b")], [url("b")]]);
  });

  test("isn't done for `pulumi refresh` either", async () => {
    const { emulator, up, refresh } = await deploys();
    const submitted = await up(undefined, { ...program, wait: false });
    emulator.fault({ kind: "answer", action: TASKS, body: answer([url("a"), "Complete"]) });
    expect((await refresh(submitted)).outs.status).toBe("Pending");
    emulator.clearFaults();
    expect((await refresh(submitted)).outs.status).toBe("Complete");
  });

  test("isn't done if it is preloaded", async () => {
    const { emulator, up } = await deploys({}, preloadProvider);
    emulator.fault({ kind: "answer", action: TASKS, body: answer([url("a"), "Complete", "preload"]) });
    const { failure, outs } = await up(undefined, program);
    expect(failure).toContain("(code PreloadTimeout)");
    expect(outs).toMatchObject({ status: "Pending", unconfirmed: [url("b")] });
  });

  test("is a directory if directories stand for the URLs", async () => {
    const { emulator, up } = await deploys();
    const manner = { contents: contentsBelow(url("x/")), quota: { collapse: "always" }, wait: { timeout: 60 } };
    expect(await up(undefined, manner)).toMatchObject({ failure: undefined, outs: { status: "Complete" } });
    emulator.fault({ kind: "answer", action: TASKS, body: answer([url("other/"), "Complete", "directory"]) });
    const { outs } = await up(undefined, manner);
    expect(outs).toMatchObject({ status: "Pending", unconfirmed: [url("x/")] });
  });
});

test("a row with the scheme that its path was sent without counts for that path", async () => {
  const { emulator, up } = await deploys();
  emulator.fault({ kind: "answer", action: TASKS, body: answer(["http://vod.example.com/a", "Failed"]) });
  const bare = ["vod.example.com/a"];
  for (const content of [{ paths: bare, contentHash: "v1" }, { contents: { [bare[0] as string]: "v1" } }]) {
    const { failure, outs } = await up(undefined, { ...content, wait: { timeout: 60 } });
    expect(failure).toContain("1 refresh failed after a retry: vod.example.com/a (Origin Timeout)");
    expect(outs).toMatchObject({ status: "Incomplete", pending: bare });
  }
});

describe("with onTimeout warn", () => {
  const program = (a: string, c: string, onTimeout = "fail") => ({
    contents: { [url("a")]: a, [url("c")]: c },
    wait: { timeout: 10, onTimeout },
  });

  test("what an earlier update left unconfirmed stays so, with its tasks", async () => {
    const { emulator, up, refresh, sent, pass } = await deploys({ taskDelayMs: 100_000 });
    emulator.fault({ kind: "task-failed", path: url("a"), times: 1 });
    const first = await up(undefined, program("1", "1"));
    expect(first.outs.unconfirmed).toEqual([url("a"), url("c")]);
    const second = await up(first, program("1", "2", "warn"));
    expect(second).toMatchObject({ failure: undefined, outs: { unconfirmed: [url("a"), url("c")] } });
    expect(second.outs.taskIds).toHaveLength(2);

    await pass(300_000);
    const seen = await refresh(second);
    expect(seen.outs).toMatchObject({ status: "Failed", unconfirmed: [url("a"), url("c")] });
    const third = await up(seen, { ...program("1", "2"), wait: { timeout: 500 } });
    expect(third).toMatchObject({ failure: undefined, outs: { status: "Complete" } });
    expect(sent().slice(2)).toEqual([[url("a")]]);
  });

  test("what hasn't ended stays unconfirmed, and the next update waits on without a call", async () => {
    const { provider, up, sent, pass } = await deploys({ taskDelayMs: 100_000 });
    const first = await up(undefined, program("1", "1", "warn"));
    expect(first).toMatchObject({ failure: undefined, outs: { unconfirmed: [url("a"), url("c")] } });
    expect(await provider().diff(first.id, first.outs, first.inputs)).toEqual({ changes: true });
    await pass(100_000);
    const second = await up(first, program("1", "1", "warn"));
    expect(second.outs).toMatchObject({ status: "Complete" });
    expect(second.outs).not.toHaveProperty("unconfirmed");
    expect(sent()).toHaveLength(1);
  });

  test("a directory that stands for URLs stays unconfirmed, also if the program lets go of what it no longer names", async () => {
    const { emulator, up, sent } = await deploys();
    const rest = { quota: { collapse: "always" }, refreshRemoved: false, wait: { timeout: 60 } };
    const program = { contents: contentsBelow(url("x/")), ...rest };
    emulator.fault({ kind: "task-failed", times: 1 });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: TASKS, times: 1 });
    const first = await up(undefined, program);
    expect(first.outs).toMatchObject({ status: "Submitted", unconfirmed: [url("x/")] });
    expect((await up(first, program)).outs).toMatchObject({ status: "Complete", pending: [] });
    expect(sent()).toEqual([[url("x/")], [url("x/")]]);
  });

  test("a URL with the name of a directory is let go of, although there are URLs below it", async () => {
    const { up, sent, pass } = await deploys({ taskDelayMs: 100_000 });
    const manner = { refreshRemoved: false, wait: { timeout: 10, onTimeout: "warn" } };
    const page = { [url("x/a.js")]: "1" };
    const first = await up(undefined, { contents: { ...page, [url("x/")]: "1" }, ...manner });
    expect(first.outs.unconfirmed).toEqual([url("x/a.js"), url("x/")]);
    const second = await up(first, { contents: page, ...manner });
    expect(second.outs.unconfirmed).toEqual([url("x/a.js")]);
    await pass(HOUR_MS);
    expect((await up(second, { contents: page, ...manner })).outs.status).toBe("Complete");
    expect(sent()).toHaveLength(1);
  });

  test("a directory that stands for URLs is sent again as one, although a URL has its name", async () => {
    const { emulator, up, pass } = await deploys();
    const contents = { ...contentsBelow(url("x/")), [url("x/")]: "1" };
    const manner = { contents, quota: { collapse: "always" }, wait: { timeout: 10, onTimeout: "warn" } };
    emulator.fault({ kind: "task-stuck", times: 1 });
    const first = await up(undefined, manner);
    expect(first.outs.unconfirmed).toEqual([url("x/")]);
    await pass(HOUR_MS);
    const again = await up(first, manner);
    expect(again.outs).toMatchObject({ status: "Complete" });
    // Nor does it become a URL by a change of that one.
    const changed = await up(first, { ...manner, contents: { ...contents, [url("x/")]: "2" } });
    expect(changed.outs).toMatchObject({ status: "Complete" });
    const calls = emulator.received.flatMap(({ parameters }) => parameters.ObjectType ?? []);
    expect(calls).toEqual(["Directory", "Directory", "Directory"]);
  });

  test("what the program no longer names is no longer unconfirmed", async () => {
    const { up } = await deploys({ taskDelayMs: 100_000 });
    const wait = { timeout: 10, onTimeout: "warn" };
    const first = await up(undefined, { paths: [url("a"), url("b")], contentHash: "v1", wait });
    const second = await up(first, { paths: [url("b")], contentHash: "v1", wait });
    expect(second.outs.unconfirmed).toEqual([url("b")]);
  });
});

describe("a path that is refused when it is sent once more", () => {
  test("leaves the status that was seen, and is sent by the next update", async () => {
    const { emulator, up, refresh, sent, pass } = await deploys();
    const manner = { contents: contentsBelow(url("x/")), quota: { collapse: "always" }, wait: { timeout: 60 } };
    emulator.fault({ kind: "task-stuck", times: 1 });
    const first = await up(undefined, manner);
    expect(first.outs).toMatchObject({ status: "Refreshing", unconfirmed: [url("x/")] });
    await pass(HOUR_MS);
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "RefreshVodObjectCaches" });
    const second = await up(first, manner);
    expect(second.failure).toContain("(code Forbidden.RAM");
    expect(second.outs).toMatchObject({ status: "Refreshing", pending: [], unconfirmed: [url("x/")] });
    expect((await refresh(second)).outs).toMatchObject({ status: "Refreshing", unconfirmed: [url("x/")] });
    emulator.clearFaults();
    expect((await up(second, manner)).outs.status).toBe("Complete");
    expect(sent()).toEqual([[url("x/")], [url("x/")]]);
  });
});

test("a path that is sent once more by an update without anything else to send is accepted, and no longer failed", async () => {
  const { emulator, up, refresh, sent, pass, lines } = await deploys({ taskDelayMs: 100_000 });
  emulator.fault({ kind: "task-failed", path: url("a"), times: 1 });
  const program = { paths: [url("a"), url("b")], contentHash: "v1", wait: { timeout: 10 } };
  const first = await up(undefined, program);
  await pass(300_000);
  const seen = await refresh(first);
  expect(seen.outs).toMatchObject({ status: "Failed", unconfirmed: [url("a"), url("b")] });
  const push = lines.push.bind(lines);
  lines.push = (...more) => {
    if (more.some((line) => line.includes("retrying")))
      emulator.fault({ kind: "error", code: "Forbidden.RAM", action: TASKS });
    return push(...more);
  };
  const { failure, outs } = await up(seen, program);
  expect(failure).toContain("(code Forbidden.RAM");
  expect(sent()).toEqual([[url("a"), url("b")], [url("a")]]);
  expect(outs).toMatchObject({ status: "Submitted", pending: [], unconfirmed: [url("a")] });
});

test("a path that failed isn't complete if its domain is gone by the time it is sent once more", async () => {
  const { emulator, up, lines } = await deploys();
  const gone = "https://img.example.com/v";
  emulator.set({ domains: { "img.example.com": "online" } });
  const first = await up(undefined, { contents: { [url("a")]: "1", [gone]: "1" }, wait: { timeout: 60 } });
  emulator.fault({ kind: "task-failed", path: gone, times: 1 });
  const push = lines.push.bind(lines);
  lines.push = (...more) => {
    if (more.some((line) => line.includes("retrying"))) emulator.set({ domains: { "img.example.com": null } });
    return push(...more);
  };
  const { failure, outs } = await up(first, { contents: { [url("a")]: "1" }, wait: { timeout: 60 } });
  expect(failure).toBeUndefined();
  expect(outs).toMatchObject({ status: "Failed", pending: [] });
  expect(lines.at(-1)).toContain("nothing was sent for img.example.com: it is no longer a domain of this account");
});

test("if one of several directories that stand for URLs fails, only its URLs are sent again", async () => {
  const { emulator, up, sent } = await deploys();
  const other = "https://img.example.com/y/";
  const manner = {
    contents: { ...contentsBelow(url("x/")), ...contentsBelow(other) },
    quota: { collapse: "always" },
    wait: { timeout: 60 },
  };
  emulator.set({ domains: { "img.example.com": "online" } });
  emulator.fault({ kind: "task-failed", path: url("x/"), times: 2 });
  const first = await up(undefined, manner);
  expect(first.failure).toContain("30 of 60 URLs are pending; the next update sends them.");
  expect(first.outs.pending).toEqual(Object.keys(contentsBelow(url("x/"))));
  expect(await up(first, manner)).toMatchObject({ failure: undefined, outs: { status: "Complete" } });
  expect(sent().slice(1)).toEqual([[url("x/")], [url("x/")]]);
});

describe("retryFailed false", () => {
  test("a path that failed isn't sent once more, and is pending", async () => {
    const { emulator, up, sent, pass } = await deploys();
    emulator.fault({ kind: "task-failed", path: url("a"), times: 1 });
    const program = { paths: [url("a"), url("b")], contentHash: "v1", wait: { timeout: 60, retryFailed: false } };
    const first = await up(undefined, program);
    expect(first.failure).toContain("(code RefreshFailed)");
    expect(first.outs).toMatchObject({ status: "Incomplete", pending: [url("a")] });
    expect(sent()).toHaveLength(1);
    await pass(2_000);
    expect((await up(first, program)).outs).toMatchObject({ status: "Complete", pending: [] });
  });
});

describe("the time of a wait", () => {
  const program = (onTimeout: string) => ({ paths: [url("a")], contentHash: "v1", wait: { timeout: 10, onTimeout } });
  test.each([
    { kind: "throttle", action: TASKS } as const,
    { kind: "error", code: "ServiceUnavailable", status: 503, action: TASKS } as const,
  ])("bounds the questions as well: %j", async (fault) => {
    const { emulator, up, lines, slept } = await deploys();
    emulator.fault(fault);
    const { failure, outs } = await up(undefined, program("fail"));
    expect(slept()).toBeLessThan(10_000 + LEAST_PATIENCE_MS);
    expect(failure).toMatch(
      /^The status of the refresh could not be read within 10 s: .* \(code \w+\)\. Run .*\(code RefreshTimeout, request ID /,
    );
    expect(outs).toMatchObject({ status: "Submitted", unconfirmed: [url("a")] });

    const warned = await up(undefined, program("warn"));
    expect(warned).toMatchObject({ failure: undefined, outs: { status: "Submitted", unconfirmed: [url("a")] } });
    expect(lines.at(-1)).toMatch(/^site: warning: The status of the refresh could not be read within 10 s: /);
  });

  test.each([
    [0, 12],
    [0.999, 9],
  ])(
    "is spent by the provider's dice, so that a run can be told again: those of %d look %i times",
    async (dice, looks) => {
      const { emulator, up } = await deploys({ taskDelayMs: HOUR_MS }, undefined, { random: () => dice });
      await up(undefined, { ...program("warn"), wait: { timeout: 60, onTimeout: "warn" } });
      expect(emulator.received.filter(({ action }) => action === TASKS)).toHaveLength(looks);
    },
  );

  test("bounds a preload's questions for the refresh before it", async () => {
    const { emulator, up, slept } = await deploys({}, preloadProvider);
    emulator.fault({ kind: "throttle", action: TASKS });
    const refresh = { objectType: "File", taskIds: ["1"], status: "Submitted", submittedAt: new Date().toISOString() };
    const { failure } = await up(undefined, { ...program("fail"), refresh });
    expect(failure).toMatch(
      /^The status of the refresh could not be read within 10 s, so nothing was preloaded: .*\(code RefreshTimeout\)/,
    );
    expect(slept()).toBeLessThan(10_000 + LEAST_PATIENCE_MS);
  });
});
