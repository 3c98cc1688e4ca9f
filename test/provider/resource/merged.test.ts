/** The service merges what several resources send for one domain within one second into one task, which has the rows of all. */
import { describe, expect, test } from "vitest";
import { deploys, url } from "./deploys.js";

const one = (name: string, more: object = {}) => ({ contents: { [url(name)]: "1" }, ...more });
const WAIT = { wait: { timeout: 60 } };

describe("two resources in one task", () => {
  test("each sends again what failed of its own", async () => {
    const { emulator, up, sent } = await deploys();
    emulator.freeze();
    emulator.fault({ kind: "task-failed", path: url("b"), times: 1 });
    const b = await up(undefined, one("b"));
    const a = await up(undefined, one("a", WAIT));
    expect(a.outs.taskIds).toEqual(b.outs.taskIds);
    expect(a).toMatchObject({ failure: undefined, outs: { status: "Complete", pending: [] } });
    expect(sent()).toEqual([[url("b")], [url("a")]]);
    // With wait from now on, what hadn't been looked at is looked at.
    expect((await up(b, one("b", WAIT))).outs.status).toBe("Complete");
    expect(sent().slice(2)).toEqual([[url("b")]]);
  });

  test("a path that fails for good, or never ends, fails no other resource", async () => {
    for (const kind of ["task-failed", "task-stuck"] as const) {
      const { emulator, up, sent } = await deploys();
      emulator.freeze();
      emulator.fault({ kind, path: url("b") });
      await up(undefined, one("b"));
      const a = await up(undefined, one("a"));
      const waited = await up(a, one("a", WAIT));
      expect(waited).toMatchObject({ failure: undefined, outs: { status: "Complete", pending: [] } });
      expect(sent()).toEqual([[url("b")], [url("a")]]);
    }
  });

  test("`pulumi refresh` gives each the status of its own paths", async () => {
    const { emulator, up, refresh } = await deploys();
    emulator.freeze();
    emulator.fault({ kind: "task-failed", path: url("b"), times: 1 });
    const b = await up(undefined, one("b"));
    const a = await up(undefined, one("a"));
    expect((await refresh(a)).outs.status).toBe("Complete");
    expect((await refresh(b)).outs.status).toBe("Failed");
  });

  test("a URL that was removed still counts for its resource", async () => {
    const { emulator, up, refresh, sent } = await deploys();
    const first = await up(undefined, { contents: { [url("a")]: "1", [url("v")]: "1" } });
    emulator.fault({ kind: "task-failed", path: url("v"), times: 1 });
    const second = await up(first, one("a"));
    expect((await refresh(second)).outs.status).toBe("Failed");
    expect((await up(second, one("a", WAIT))).outs.status).toBe("Complete");
    expect(sent().slice(1)).toEqual([[url("v")], [url("v")]]);
  });

  test("a path that was taken out of paths isn't sent once more, though its task failed", async () => {
    const { emulator, up, sent } = await deploys();
    emulator.fault({ kind: "task-failed", path: url("v"), times: 1 });
    const first = await up(undefined, { paths: [url("a"), url("v")], contentHash: "1" });
    const second = await up(first, { paths: [url("a")], contentHash: "1" });
    const third = await up(second, one("a", WAIT));
    expect(third).toMatchObject({ failure: undefined, outs: { status: "Complete" } });
    expect(sent()).toEqual([[url("a"), url("v")], [url("a")]]);
  });

  test("a URL that is let go isn't sent once more, though its task failed", async () => {
    const { emulator, up, refresh, sent } = await deploys();
    emulator.fault({ kind: "task-failed", path: url("v"), times: 1 });
    const first = await refresh(await up(undefined, { contents: { [url("a")]: "1", [url("v")]: "1" } }));
    expect(first.outs.status).toBe("Failed");
    const second = await up(first, one("a", { refreshRemoved: false }));
    expect(second.outs).toMatchObject({ refreshed: [url("a")], status: "Submitted" });
    expect((await refresh(second)).outs.status).toBe("Complete");
    for (const refreshRemoved of [false, true]) {
      const third = await up(second, one("a", { refreshRemoved, ...WAIT }));
      expect(third).toMatchObject({ failure: undefined, outs: { status: "Complete", pending: [] } });
    }
    expect(sent()).toHaveLength(1);
  });

  test("a URL that is let go leaves no failure behind, also if the tasks of the others can't be asked for", async () => {
    const { emulator, up, refresh } = await deploys();
    const noAnswer = { kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks" } as const;
    emulator.fault({ kind: "task-failed", path: url("v"), times: 1 });
    emulator.fault(noAnswer);
    const first = await up(undefined, { contents: { [url("a")]: "1", [url("v")]: "1" }, ...WAIT });
    emulator.clearFaults();
    const seen = await refresh(first);
    expect(seen.outs).toMatchObject({ status: "Failed", unconfirmed: [url("a"), url("v")] });
    emulator.fault(noAnswer);
    const second = await up(seen, one("a", { refreshRemoved: false, ...WAIT }));
    expect(second.outs).toMatchObject({ status: "Submitted", unconfirmed: [url("a")], refreshed: [url("a")] });
  });

  test("a directory that stood for URLs counts for their resource", async () => {
    const { emulator, up, refresh } = await deploys();
    const contents = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [url(`x/${index}`), "v1"]));
    emulator.fault({ kind: "task-failed", path: url("x/"), times: 1 });
    const { outs, ...rest } = await up(undefined, { contents, quota: { collapse: "always" } });
    expect((await refresh({ ...rest, outs: { ...outs, refreshed: [] } })).outs.status).toBe("Failed");
  });
});

describe("one resource, twice within a second", () => {
  test("what failed for good is sent by the next update in a task of its own", async () => {
    const { emulator, up, sent } = await deploys();
    emulator.freeze();
    emulator.fault({ kind: "task-failed", path: url("a"), times: 2 });
    const failed = await up(undefined, one("a", WAIT));
    expect(failed.outs).toMatchObject({ status: "Incomplete", pending: [url("a")] });
    const next = await up(failed, one("a", WAIT));
    expect(next).toMatchObject({ failure: undefined, outs: { status: "Complete", pending: [] } });
    expect(sent()).toEqual([[url("a")], [url("a")], [url("a")]]);
    expect(new Set(emulator.tasks().map(({ taskId }) => taskId)).size).toBe(3);
  });

  test("so is a path whose failure `pulumi refresh` saw", async () => {
    const { emulator, up, refresh, sent } = await deploys();
    emulator.freeze();
    emulator.fault({ kind: "task-failed", path: url("a"), times: 1 });
    const failed = await refresh(await up(undefined, one("a")));
    expect(failed.outs.status).toBe("Failed");
    const next = await up(failed, { contents: { [url("a")]: "2" }, ...WAIT });
    expect(next).toMatchObject({ failure: undefined, outs: { status: "Complete" } });
    expect(sent()).toEqual([[url("a")], [url("a")]]);
  });

  test("what didn't fail is not waited for, nor is what failed long ago", async () => {
    const { emulator, pass, up, slept } = await deploys();
    emulator.freeze();
    const first = await up(undefined, one("a"));
    await up(first, { contents: { [url("a")]: "2" } });
    expect(slept()).toBe(0);
    emulator.fault({ kind: "task-failed", path: url("a"), times: 2 });
    const failed = await up(undefined, one("a", WAIT));
    await pass(2_000);
    const before = slept();
    await up(failed, one("a"));
    expect(slept()).toBe(before);
  });
});
