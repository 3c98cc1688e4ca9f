import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CONCURRENCY,
  delayAfter,
  describeProgress,
  describeSummary,
  type ExpectedTasks,
  FIRST_DELAY_MS,
  LAST_POLL_LEAD_MS,
  pollOnce,
  pollRetry,
  type WaitOptions,
  type WaitResult,
  waitForTasks,
} from "../../../provider/tasks/waiter.js";
import { VodError } from "../../../provider/vod/errors.js";
import { DEFAULT_RETRY } from "../../../provider/vod/retry.js";
import type { RefreshTask } from "../../../provider/vod/tasks.js";

type Status = RefreshTask["status"];
type Answer = readonly RefreshTask[] | Error;

const url = (name: string | number) => `https://vod.example.com/${name}`;
const PERCENT: Readonly<Record<Status, number>> = { Complete: 100, Refreshing: 50, Pending: 0, Failed: 0 };
const row = (name: string, status: Status, more: Partial<RefreshTask> = {}): RefreshTask => ({
  taskId: "1",
  objectPath: url(name),
  objectType: "file",
  status,
  percent: PERCENT[status],
  createdAt: new Date("2026-11-23T07:19:00Z"),
  description: status === "Failed" ? "Origin Timeout" : "",
  ...more,
});
/** Rows of paths that no other task has. */
const rows = (count: number, status: Status) =>
  Array.from({ length: count }, (_, index) => row(`own-${index}`, status));
const throttled = () =>
  new VodError("The VOD API throttled the call.", "Wait.", { code: "Throttling", retryable: true });
const forbidden = () => new VodError("The credentials lack the permission.", "Allow it.", { code: "Forbidden.RAM" });
const seen = (changes: Partial<WaitResult> = {}) => ({
  status: "Complete" as Status,
  done: 0,
  total: 0,
  failed: [],
  missing: [],
  unknown: [],
  givenUp: [],
  ...changes,
});

const followed = (changes: Partial<WaitResult> = {}): WaitResult => ({
  ...seen({ timedOut: false, ...changes }),
  timedOut: changes.timedOut ?? false,
  statusOfRows: undefined,
  complete: new Set(),
});

/** How the tests' tasks are spoken of. */
const WORDS = { operation: "refresh", noun: ["URL", "URLs"] } as const;

/** A fake service and clock: each task gives its answers one after the other, and the last one forever. */
function scripted(script: Readonly<Record<string, readonly Answer[]>>, { random = 1, answerMs = 0 } = {}) {
  let time = 0;
  const asked: { taskId: string; at: number }[] = [];
  const lines: string[] = [];
  const linesAt: number[] = [];
  const turns = new Map<string, number>();
  const ask = async (taskId: string): Promise<RefreshTask[]> => {
    asked.push({ taskId, at: time });
    const turn = turns.get(taskId) ?? 0;
    turns.set(taskId, turn + 1);
    time += answerMs;
    const answers = script[taskId] ?? [];
    const answer = answers[Math.min(turn, answers.length - 1)] ?? [];
    if (answer instanceof Error) throw answer;
    return answer.map((each) => ({ ...each, taskId, objectPath: each.objectPath.replace("own", taskId) }));
  };
  const wait = (
    timeoutMs: number,
    changes: Partial<WaitOptions> = {},
    awaited: ExpectedTasks[] = [{ taskIds: Object.keys(script) }],
  ) =>
    waitForTasks(awaited, {
      timeoutMs,
      describe: ask,
      noun: WORDS.noun,
      onProgress: (line) => {
        lines.push(line);
        linesAt.push(time);
      },
      now: () => time,
      sleep: async (ms) => {
        time += ms;
      },
      random: () => random,
      ...changes,
    });
  return { ask, wait, asked, lines, linesAt, times: () => asked.map(({ at }) => at), now: () => time };
}

describe("a wait that is cancelled", () => {
  test("ends in its pause at once, with what was seen", async () => {
    const controller = new AbortController();
    const service = scripted({ 1: [[row("a", "Complete"), row("b", "Refreshing")]] });
    const sleep = () => {
      controller.abort();
      return new Promise<void>(() => {});
    };
    const result = await service.wait(60_000, { sleep, signal: controller.signal });
    expect(result).toMatchObject({ status: "Refreshing", done: 1, total: 2, timedOut: false, cancelled: true });
    expect(service.asked).toHaveLength(1);
    expect(describeSummary(result, WORDS)).toBe("1 of 2 URLs complete, 1 still running");
  });

  test("asks nothing more, and isn't failed by a question that fails then", async () => {
    const controller = new AbortController();
    const ids = Array.from({ length: 20 }, (_, index) => String(index));
    const service = scripted(Object.fromEntries(ids.map((id) => [id, []])));
    const describe = async () => {
      controller.abort();
      throw forbidden();
    };
    const result = await service.wait(60_000, { describe, signal: controller.signal });
    expect(result).toMatchObject({ cancelled: true, statusOfRows: undefined, unknown: ids });
    expect(service.times()).toEqual([]);
  });

  test("has ended if everything was seen to its end before", async () => {
    const controller = new AbortController();
    const service = scripted({ 1: [[row("a", "Complete")]] });
    const describe = (id: string) => service.ask(id).finally(() => controller.abort());
    const result = await service.wait(60_000, { describe, signal: controller.signal });
    expect(result).toMatchObject({ status: "Complete", timedOut: false });
    expect(result.cancelled).toBeUndefined();
  });
});

describe("one poll", () => {
  test.each<[string, Status[], Status]>([
    ["Complete if all rows are", ["Complete", "Complete"], "Complete"],
    ["Failed if a row failed and all others ended", ["Complete", "Failed"], "Failed"],
    ["Refreshing if any row is, although another failed", ["Failed", "Refreshing", "Pending"], "Refreshing"],
    ["Pending if none is being refreshed and any is waiting", ["Complete", "Failed", "Pending"], "Pending"],
  ])("is %s", async (_, statuses, status) => {
    const found = statuses.map((each, index) => row(`${index}`, each));
    const { ask, asked } = scripted({ 1: [found] });
    expect((await pollOnce([{ taskIds: ["1"] }], ask)).status).toBe(status);
    expect(asked).toHaveLength(1);
  });

  test("counts the rows of all tasks and names those that failed", async () => {
    const { ask } = scripted({ 1: [[row("a", "Complete"), row("b", "Failed")]], 2: [[row("c", "Refreshing")]] });
    expect(await pollOnce([{ taskIds: ["1", "2"] }], ask)).toEqual({
      status: "Refreshing",
      done: 1,
      total: 3,
      failed: [{ path: url("b"), description: "Origin Timeout" }],
      statusOfRows: "Refreshing",
      complete: new Set([url("a")]),
      missing: [],
      unknown: [],
      givenUp: [],
    });
  });

  test("names the tasks without a row, and doesn't take them for done", async () => {
    const { ask } = scripted({ 1: [rows(2, "Complete")], 2: [[]] });
    expect(await pollOnce([{ taskIds: ["1", "2"] }], ask)).toMatchObject(
      seen({ status: "Pending", done: 2, total: 2, unknown: ["2"] }),
    );
  });

  test("asks for each task once, IDs joined by commas apart", async () => {
    const { ask, asked } = scripted({ 1: [rows(1, "Complete")], 2: [rows(1, "Complete")] });
    expect(await pollOnce([{ taskIds: ["1,2", "2"] }], ask)).toMatchObject({ status: "Complete", total: 2 });
    expect(asked.map(({ taskId }) => taskId)).toEqual(["1", "2"]);
  });

  test("doesn't ask for a call whose paths were all sent again: its records no longer count", async () => {
    const { ask, asked } = scripted({ 1: [[]], 2: [[row("a", "Complete")]] });
    const [older, newer] = [
      { taskIds: ["1"], paths: [url("a")] },
      { taskIds: ["2"], paths: [url("a")] },
    ];
    expect(await pollOnce([older, newer], ask)).toMatchObject(seen({ done: 1, total: 1 }));
    expect(asked.map(({ taskId }) => taskId)).toEqual(["2"]);
  });

  test("of no task asks nothing, and is complete", async () => {
    expect(await pollOnce([{ taskIds: [] }], () => Promise.reject(new Error("asked")))).toMatchObject(seen());
  });

  test("asks for a few tasks at a time", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    let running = 0;
    let most = 0;
    await pollOnce([{ taskIds: ids }], async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return rows(1, "Complete");
    });
    expect(most).toBe(CONCURRENCY);
  });

  test("fails with any failure, and then asks nothing more", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    const { ask, asked } = scripted(
      Object.fromEntries(ids.map((id) => [id, [id === "0" ? throttled() : rows(1, "Complete")]])),
    );
    await expect(pollOnce([{ taskIds: ids }], ask)).rejects.toThrow("throttled");
    expect(asked).toHaveLength(CONCURRENCY);
  });
});

describe("rows of the same path under one ID count once", () => {
  const older = new Date("2026-11-23T07:18:59Z");

  test.each<[string, RefreshTask[]]>([
    ["first", [row("a", "Complete"), row("a", "Failed", { createdAt: older })]],
    ["last", [row("a", "Failed", { createdAt: older }), row("a", "Complete")]],
  ])("by the newest, even if it comes %s", async (_, found) => {
    const { ask } = scripted({ 1: [found] });
    expect(await pollOnce([{ taskIds: ["1"] }], ask)).toMatchObject(seen({ done: 1, total: 1 }));
  });

  test("by the one that has not ended, if they are of one second", async () => {
    for (const found of [
      [row("a", "Complete"), row("a", "Refreshing")],
      [row("a", "Refreshing"), row("a", "Complete")],
    ]) {
      expect(await pollOnce([{ taskIds: ["1"] }], scripted({ 1: [found] }).ask)).toMatchObject({
        status: "Refreshing",
        total: 1,
      });
    }
  });

  test.each<[string, Status, Status]>([
    ["failed, and then was refreshed", "Failed", "Complete"],
    ["was refreshed, and then failed", "Complete", "Failed"],
    ["never ended, and then was refreshed", "Refreshing", "Complete"],
  ])("by the newest, even if it %s by another ID", async (_, before, after) => {
    const { ask } = scripted({ 1: [[row("a", after)]], 2: [[row("a", before, { createdAt: older })]] });
    for (const ids of [
      ["1", "2"],
      ["2", "1"],
    ])
      expect(await pollOnce([{ taskIds: ids }], ask)).toMatchObject({ status: after, total: 1 });
  });
});

describe("waiting", () => {
  test("ends as soon as all rows have ended", async () => {
    const service = scripted({ 1: [rows(2, "Pending"), rows(2, "Refreshing"), rows(2, "Complete")] });
    expect(await service.wait(60_000)).toMatchObject(seen({ done: 2, total: 2 }));
    expect(service.times()).toEqual([0, 2_000, 5_000]);
  });

  test("ends as Failed with the rows that failed, once the others have ended too", async () => {
    const service = scripted({
      1: [
        [row("a", "Failed"), row("b", "Refreshing")],
        [row("a", "Failed"), row("b", "Complete")],
      ],
    });
    const failed = [{ path: url("a"), description: "Origin Timeout" }];
    expect(await service.wait(60_000)).toMatchObject(seen({ status: "Failed", done: 1, total: 2, failed }));
    expect(service.asked).toHaveLength(2);
  });

  test("of no task ends at once", async () => {
    const service = scripted({});
    expect(await service.wait(60_000)).toMatchObject(seen());
    expect(service.now()).toBe(0);
  });

  test("does not ask again for a task that has ended, and keeps its rows", async () => {
    const service = scripted({ 1: [rows(3, "Complete"), []], 2: [rows(2, "Refreshing"), rows(2, "Complete")] });
    expect(await service.wait(60_000)).toMatchObject(seen({ done: 5, total: 5 }));
    expect(service.asked.map(({ taskId }) => taskId)).toEqual(["1", "2", "2"]);
  });

  test("waits for a task that isn't visible yet", async () => {
    const service = scripted({ 1: [rows(1, "Complete")], 2: [[], [], rows(1, "Complete")] });
    expect(await service.wait(60_000)).toMatchObject(seen({ done: 2, total: 2 }));
    expect(service.times()).toEqual([0, 0, 2_000, 5_000]);
  });

  test("reports a task that never became visible as unknown, not as done", async () => {
    const service = scripted({ 1: [rows(1, "Complete")], 2: [[]] });
    const result = await service.wait(60_000);
    expect(result).toMatchObject(seen({ status: "Pending", done: 1, total: 1, unknown: ["2"], timedOut: true }));
  });

  test.each<[string, RefreshTask[], Partial<WaitResult>]>([
    ["of which the service knows nothing", [], { status: "Pending", total: 1, unknown: ["1"] }],
    ["that never ended", rows(1, "Refreshing"), { status: "Refreshing", total: 2 }],
  ])(
    "does not wait for an overdue task %s after the first answer, and returns its true status",
    async (_, found, is) => {
      const service = scripted({ 1: [throttled(), found], 2: [rows(1, "Complete")] });
      const awaited = [{ taskIds: ["1"], isOverdue: true }, { taskIds: ["2"] }];
      expect(await service.wait(60_000, {}, awaited)).toMatchObject(
        seen({ done: 1, ...is, givenUp: ["1"], timedOut: false }),
      );
      expect(service.times()).toEqual([0, 0, 2_000]);
    },
  );

  test("returns the status of an overdue task that has ended", async () => {
    const service = scripted({ 1: [[row("a", "Complete"), row("b", "Failed")]] });
    const awaited = [{ taskIds: ["1"], isOverdue: true }];
    expect(await service.wait(60_000, {}, awaited)).toMatchObject({ status: "Failed", done: 1, givenUp: [] });
  });

  test("never goes back to an older row of a path", async () => {
    const older = row("a", "Failed", { createdAt: new Date("2026-11-23T07:18:59Z") });
    const service = scripted({
      1: [
        [row("a", "Complete"), row("b", "Refreshing")],
        [older, row("b", "Complete")],
      ],
    });
    expect(await service.wait(60_000)).toMatchObject(seen({ done: 2, total: 2 }));
  });

  test("keeps a path that a later answer lacks", async () => {
    const service = scripted({ 1: [[row("a", "Failed"), row("b", "Refreshing")], [row("b", "Complete")]] });
    expect(await service.wait(60_000)).toMatchObject({ status: "Failed", done: 1, total: 2 });
  });
});

describe("the paths that were sent", () => {
  const call = (...names: string[]): ExpectedTasks[] => [{ taskIds: ["1"], paths: names.map(url) }];

  test("must each have a row: the task is asked for again until then", async () => {
    const service = scripted({ 1: [[row("a", "Complete")], [row("a", "Complete"), row("b", "Complete")]] });
    expect(await service.wait(60_000, {}, call("a", "b"))).toMatchObject(seen({ done: 2, total: 2, timedOut: false }));
    expect(service.times()).toEqual([0, 2_000]);
  });

  test("haven't ended as long as one of them has no row", async () => {
    const service = scripted({ 1: [[row("a", "Complete")]] });
    const result = await service.wait(20_000, {}, call("a", "b"));
    expect(result).toMatchObject(
      seen({ status: "Pending", done: 1, total: 2, missing: [url("b")], timedOut: true, statusOfRows: "Complete" }),
    );
    expect(describeSummary(result, WORDS)).toBe("1 of 2 URLs complete; https://vod.example.com/b is not visible yet");
  });

  test("are complete if they all have rows, even if an overdue task of theirs has none", async () => {
    const service = scripted({ 1: [[row("a", "Complete")]], 2: [[]] });
    const awaited = [{ taskIds: ["1", "2"], paths: [url("a")], isOverdue: true }];
    expect(await service.wait(60_000, {}, awaited)).toMatchObject({
      status: "Complete",
      unknown: ["2"],
      givenUp: ["2"],
    });
  });

  test("have their rows in the tasks of their own call: an older row counts for nothing", async () => {
    const service = scripted({ 1: [[row("a", "Complete")]], 2: [[row("b", "Complete")]] });
    const awaited = [{ taskIds: ["1"] }, { taskIds: ["2"], paths: [url("a"), url("b")] }];
    expect(await service.wait(0, {}, awaited)).toMatchObject({ status: "Pending", missing: [url("a")], done: 1 });
  });

  test("are waited for only in the last call that has them", async () => {
    const service = scripted({ 1: [[row("a", "Failed")]], 2: [[row("a", "Complete")]] });
    const awaited = [
      { taskIds: ["1"], paths: [url("a")] },
      { taskIds: ["2"], paths: [url("a")] },
    ];
    expect(await service.wait(60_000, {}, awaited)).toMatchObject(seen({ done: 1, total: 1 }));
  });

  test("make the visible tasks of their call asked for again only once all of them are visible", async () => {
    const service = scripted({ 1: [[row("a", "Complete")]], 2: [[], [], [row("b", "Complete")]] });
    const awaited = [{ taskIds: ["1,2"], paths: [url("a"), url("b")] }];
    expect(await service.wait(60_000, {}, awaited)).toMatchObject(seen({ done: 2, total: 2 }));
    expect(service.asked.map(({ taskId }) => taskId)).toEqual(["1", "2", "2", "2"]);
  });

  test("are the only ones that count: a row that another resource has in the task doesn't", async () => {
    for (const status of ["Failed", "Refreshing"] as const) {
      const service = scripted({ 1: [[row("a", "Complete"), row("b", status)]] });
      expect(await service.wait(60_000, {}, call("a"))).toMatchObject(seen({ done: 1, total: 1, timedOut: false }));
    }
    const named = (path: string) => (path === url("a") ? path : undefined);
    const { ask } = scripted({ 1: [[row("a", "Complete"), row("b", "Failed")]] });
    expect(await pollOnce([{ taskIds: ["1"], nameOf: named }], ask)).toMatchObject(seen({ done: 1, total: 1 }));
  });

  test.each<[sent: string, rows: string[], name: string]>([
    ["vod.example.com/a", ["http://vod.example.com/a"], "with a scheme that it was sent without"],
    ["vod.example.com/a", ["http://vod.example.com/a", "https://vod.example.com/a"], "once for each scheme"],
    ["https://vod.example.com/a", ["vod.example.com/a"], "without the scheme that it was sent with"],
  ])("%s may have its row as %j: %s", async (sent, spelled, _) => {
    const found = (status: Status) => spelled.map((objectPath) => row("", "Complete", { objectPath, status }));
    for (const status of ["Complete", "Failed"] as const) {
      const { ask } = scripted({ 1: [found(status)] });
      const result = await pollOnce([{ taskIds: ["1"], paths: [sent] }], ask);
      expect(result).toMatchObject({ status, total: 1, missing: [] });
      expect([...result.complete, ...result.failed.map(({ path }) => path)]).toEqual([sent]);
    }
  });

  test("have no row under another scheme than the one they were sent with", async () => {
    const { ask } = scripted({ 1: [[row("", "Complete", { objectPath: "http://vod.example.com/a" })]] });
    expect(await pollOnce([{ taskIds: ["1"], paths: [url("a")] }], ask)).toMatchObject({ missing: [url("a")] });
  });
});

describe("a task without a row", () => {
  const createdAt = new Date("2026-11-23T07:19:00Z");
  const wait = (ids: string[], longAgo?: number) =>
    pollOnce([{ taskIds: ids, longAgo }], async (id) =>
      id === "on-record" ? [row("a", "Complete", { createdAt })] : [],
    );

  test.each<[string, string[], number | undefined, string[]]>([
    ["has expired if a later one has been on record for long", ["old", "on-record"], createdAt.getTime() + 1, []],
    ["is waited for if the later one is new", ["old", "on-record"], createdAt.getTime(), ["old"]],
    ["is waited for if it is the latest", ["on-record", "new"], createdAt.getTime() + 1, ["new"]],
    ["is waited for if nobody says what is long", ["old", "on-record"], undefined, ["old"]],
  ])("%s", async (_, ids, longAgo, unknown) => {
    expect(await wait(ids, longAgo)).toMatchObject({ unknown, status: unknown.length === 0 ? "Complete" : "Pending" });
  });
});

describe("pauses", () => {
  test("grow from 2 s by half to 15 s, and jitter takes away up to a half", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 100].map((looks) => delayAfter(looks, 1))).toEqual([
      2_000, 3_000, 4_500, 6_750, 10_125, 15_000, 15_000, 15_000,
    ]);
    expect([0, 100].map((looks) => delayAfter(looks, 1, 40))).toEqual([2_000, 60_000]);
    expect([0, 1, 2, 100].map((looks) => delayAfter(looks, 0))).toEqual([1_000, 1_500, 2_250, 7_500]);
  });

  test("lead to a last poll just before the deadline", async () => {
    const service = scripted({ 1: [rows(1, "Refreshing")] });
    expect(await service.wait(20_000)).toMatchObject(seen({ status: "Refreshing", total: 1, timedOut: true }));
    expect(service.times()).toEqual([0, 2_000, 5_000, 9_500, 16_250, 19_000]);
  });

  test("are rather longer than two polls in a row at the end", async () => {
    const service = scripted({ 1: [rows(1, "Refreshing")] });
    await service.wait(6_500);
    expect(service.times()).toEqual([0, 2_000, 5_500]);
  });

  test("see an end that only the last poll sees", async () => {
    const pending = Array.from({ length: 5 }, () => rows(1, "Refreshing"));
    const service = scripted({ 1: [...pending, rows(1, "Complete")] });
    expect(await service.wait(20_000)).toMatchObject(seen({ done: 1, total: 1 }));
    expect(service.now()).toBe(19_000);
  });

  test("are none if there is no time: there is exactly one poll", async () => {
    const service = scripted({ 1: [rows(1, "Pending")], 2: [rows(1, "Complete")] });
    expect(await service.wait(0)).toMatchObject(seen({ status: "Pending", done: 1, total: 2, timedOut: true }));
    expect(service.times()).toEqual([0, 0]);
    const ended = scripted({ 1: [rows(1, "Complete")] });
    expect(await ended.wait(0)).toMatchObject(seen({ done: 1, total: 1 }));
  });

  test("that end after the deadline, as on a machine that slept, are followed by no poll", async () => {
    let time = 0;
    const sleep = async () => {
      time = 3_600_000;
    };
    const service = scripted({ 1: [rows(1, "Refreshing"), rows(1, "Complete")] });
    expect(await service.wait(60_000, { now: () => time, sleep })).toMatchObject({
      status: "Refreshing",
      timedOut: true,
    });
    expect(service.asked).toHaveLength(1);
  });

  test("leave the first poll whole however long it takes; a later one ends at the deadline", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    const script = Object.fromEntries(ids.map((id) => [id, [rows(1, "Refreshing")]]));
    const slow = scripted(script, { answerMs: 1_000 });
    expect(await slow.wait(5_000)).toMatchObject({ total: 20, timedOut: true });
    expect(slow.asked).toHaveLength(20);

    const later = scripted(script, { answerMs: 1_000 });
    expect(await later.wait(30_000)).toMatchObject({ status: "Refreshing", total: 20, timedOut: true });
    expect(Math.max(...later.times())).toBeLessThan(30_000);
    expect(later.asked.length).toBeLessThan(40);
  });

  test("are real ones by default", async () => {
    const options = {
      timeoutMs: LAST_POLL_LEAD_MS + 20,
      describe: async () => rows(1, "Refreshing"),
      noun: WORDS.noun,
    };
    const before = performance.now();
    expect(await waitForTasks([{ taskIds: ["1"] }], options)).toMatchObject({ status: "Refreshing", timedOut: true });
    expect(performance.now() - before).toBeGreaterThanOrEqual(15);
  });
});

describe("a failure to ask", () => {
  test("that can pass is skipped, and asked again", async () => {
    const service = scripted({ 1: [throttled(), throttled(), rows(1, "Complete")], 2: [rows(1, "Complete")] });
    expect(await service.wait(60_000)).toMatchObject(seen({ done: 2, total: 2 }));
    expect(service.asked.map(({ taskId }) => taskId)).toEqual(["1", "2", "1", "1"]);
  });

  test("that lasts until the deadline leaves what was seen before", async () => {
    const service = scripted({ 1: [rows(2, "Refreshing"), throttled()] });
    expect(await service.wait(30_000)).toMatchObject(seen({ status: "Refreshing", total: 2, timedOut: true }));
  });

  test("that lasts until the deadline is returned if nothing was ever answered", async () => {
    const last = throttled();
    const service = scripted({ 1: [throttled(), throttled(), last] });
    expect(await service.wait(30_000)).toMatchObject({ timedOut: true, unanswered: last, unknown: ["1"] });
    expect(service.now()).toBe(29_000);
    expect(await scripted({ 1: [last] }).wait(0)).toMatchObject({ timedOut: true, unanswered: last });
  });

  test("takes no longer than there is time: each question is told how long that is", async () => {
    const left: number[] = [];
    const service = scripted({ 1: [rows(1, "Refreshing")] });
    const describe = (taskId: string, leftMs: number) => {
      left.push(leftMs);
      return service.ask(taskId);
    };
    await service.wait(10_000, { describe });
    expect(left).toEqual([10_000, 8_000, 5_000, 1_000]);
    expect(pollRetry(DEFAULT_RETRY, 5_000)).toEqual({ timeoutMs: 5_000, maxAttempts: 3 });
    expect(pollRetry(DEFAULT_RETRY, 600_000)).toEqual({ timeoutMs: 15_000, maxAttempts: 3 });
    expect(pollRetry({ timeoutMs: 2_000, maxAttempts: 1 }, 5_000)).toEqual({ timeoutMs: 2_000, maxAttempts: 1 });
  });

  test("that lasts after an answer without a row leaves the task unknown", async () => {
    const service = scripted({ 1: [[], throttled()] });
    expect(await service.wait(30_000)).toMatchObject(seen({ status: "Pending", unknown: ["1"], timedOut: true }));
  });

  test("that can't pass ends the wait at once", async () => {
    const error = forbidden();
    const service = scripted({ 1: [rows(1, "Refreshing"), error] });
    await expect(service.wait(60_000)).rejects.toBe(error);
    expect(service.now()).toBe(2_000);
  });

  test("of another kind ends the wait at once", async () => {
    const error = new TypeError("a mistake");
    await expect(scripted({ 1: [error] }).wait(60_000)).rejects.toBe(error);
  });
});

/** That many rows of one task: the first ones complete, the others being refreshed. */
const partly = (done: number, total: number) => [...rows(done, "Complete"), ...rows(total, "Refreshing").slice(done)];

describe("progress lines", () => {
  test("come with each poll, with how much longer it takes at the speed so far, and none in the first two seconds", async () => {
    const dones = [0, 100, 200, 300, 400, 410];
    const service = scripted({ 1: [...dones.map((done) => partly(done, 500)), partly(500, 500)] });
    await service.wait(600_000);
    expect(service.times()).toEqual([0, 2_000, 5_000, 9_500, 16_250, 26_375, 41_375]);
    expect(service.lines).toEqual([
      "100 of 500 URLs complete, 60% overall, about 8 s left",
      "200 of 500 URLs complete, 70% overall, about 8 s left",
      "300 of 500 URLs complete, 80% overall, about 7 s left",
      "400 of 500 URLs complete, 90% overall, about 5 s left",
      "410 of 500 URLs complete, 91% overall, about 6 s left",
    ]);
  });

  test("keep a pace, however often something changes", async () => {
    const service = scripted({ 1: Array.from({ length: 99 }, (_, done) => partly(done, 100)) }, { random: 0 });
    await service.wait(60_000);
    const at = service.linesAt;
    expect(at.length).toBeGreaterThan(5);
    for (const [index, time] of at.entries()) expect(time - (at[index - 1] ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  test("name no time while nothing changes", async () => {
    const service = scripted({ 1: [partly(412, 500)] });
    await service.wait(60_000);
    expect(service.lines.length).toBeGreaterThan(3);
    expect(new Set(service.lines)).toEqual(new Set(["412 of 500 URLs complete, 91% overall"]));
  });

  test("are none for tasks that end soon", async () => {
    const service = scripted({ 1: [partly(0, 5), partly(5, 5)] });
    await service.wait(60_000);
    expect(service.lines).toEqual([]);
  });

  test.each<[string, Partial<WaitResult>, number, number | undefined]>([
    ["412 of 500 URLs complete, 82% overall, about 80 s left", { done: 412, total: 500 }, 82.4, 80_000],
    ["1,999 of 2,000 URLs complete, 99% overall", { done: 1999, total: 2000 }, 99.95, undefined],
    [
      "1 of 3 URLs complete, 1 failed, 50% overall, about 2 h left",
      { done: 1, total: 3, failed: [{ path: "a", description: "" }] },
      50,
      7_512_000,
    ],
    ["0 of 1 URLs complete, 0% overall", { done: 0, total: 1 }, 0, undefined],
    [
      "1 of 3 URLs complete, 50% overall, 1 task not visible yet, about 5 min left",
      { done: 1, total: 3, unknown: ["1"] },
      50,
      300_000,
    ],
    ["2 tasks not visible yet", { unknown: ["1", "2"] }, 0, 1_000],
  ])("%s", (line, found, percent, leftMs) => {
    expect(describeProgress(followed(found), WORDS.noun, percent, leftMs)).toBe(line);
  });
});

describe("the sentence of what was seen", () => {
  const failed = (...names: string[]) =>
    names.map((name) => ({ path: url(name), description: name === "b" ? "Internal Error" : "Origin Timeout" }));

  test.each<[string, Partial<WaitResult>]>([
    ["500 of 500 URLs complete", { done: 500, total: 500 }],
    ["0 of 0 URLs complete", {}],
    [
      "2 of 500 refreshes failed: https://vod.example.com/a (Origin Timeout), https://vod.example.com/b (Internal Error); 498 complete",
      { status: "Failed", done: 498, total: 500, failed: failed("a", "b") },
    ],
    [
      "412 of 500 URLs complete, 88 still running at the timeout",
      { status: "Refreshing", done: 412, total: 500, timedOut: true },
    ],
    ["412 of 500 URLs complete, 88 still running", { status: "Refreshing", done: 412, total: 500 }],
    [
      "1 of 3 refreshes failed: https://vod.example.com/a (Origin Timeout); 1 complete, 1 still running",
      { status: "Refreshing", done: 1, total: 3, failed: failed("a") },
    ],
    ["task 70422 is not visible yet", { status: "Pending", unknown: ["70422"] }],
    [
      "2 of 2 URLs complete; tasks 70422, 70423 are not visible yet",
      { status: "Pending", done: 2, total: 2, unknown: ["70422", "70423"] },
    ],
  ])("%s", (sentence, found) => {
    expect(describeSummary(followed(found), WORDS)).toBe(sentence);
  });

  test("names at most five paths, without their queries, and no description if there is none", () => {
    const paths = ["a?auth_key=secret", "b", "c", "d", "e", "f", "g"].map(url);
    const found = followed({ status: "Failed", total: 7, failed: paths.map((path) => ({ path, description: "" })) });
    expect(describeSummary(found, WORDS)).toBe(
      "7 of 7 refreshes failed: https://vod.example.com/a?…, https://vod.example.com/b, https://vod.example.com/c, " +
        "https://vod.example.com/d, https://vod.example.com/e and 2 more",
    );
  });
});

test("tasks that were sent once more are said to have failed after that", () => {
  const found = followed({ status: "Failed", total: 1, failed: [{ path: url("a"), description: "Origin Timeout" }] });
  const words = { operation: "preload", noun: ["URL", "URLs"], isRetry: true } as const;
  expect(describeSummary(found, words)).toBe(
    "1 preload failed after a retry: https://vod.example.com/a (Origin Timeout)",
  );
});

test("a summary of secret paths counts them, and tells once why they failed", () => {
  const why = ["Origin Timeout", "no origin at https://vod.example.com/a", "Origin Timeout"];
  const failed = why.map((description, index) => ({ path: url(`${index}`), description }));
  const missing = [url("x"), url("y")];
  const found = followed({ status: "Failed", total: 5, failed, missing });
  expect(describeSummary(found, WORDS, true)).toBe(
    "3 of 5 refreshes failed: [secret] (Origin Timeout), [secret] (no origin at [secret]); [secret] (2 paths) are not visible yet",
  );
});

describe("whatever the service answers", () => {
  const status = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Status>("Complete") },
    { weight: 1, arbitrary: fc.constantFrom<Status>("Refreshing", "Pending", "Failed") },
  );
  const rowsSeen = fc
    .array(status, { minLength: 1, maxLength: 3 })
    .map((each) => each.map((is, index) => row(`own-${index}`, is)));
  const answer = fc.oneof(
    { weight: 4, arbitrary: rowsSeen },
    { weight: 1, arbitrary: fc.constantFrom<Answer>([], throttled()) },
  );
  const script = fc.dictionary(fc.stringMatching(/^[1-9]{1,3}$/), fc.array(answer, { minLength: 1, maxLength: 12 }), {
    maxKeys: 8,
  });
  const timeout = fc.oneof(fc.constant(0), fc.nat(5_000), fc.nat(300_000));
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test("the result is what was last seen, at the end of all tasks or just before the deadline", async () => {
    await fc.assert(
      fc.asyncProperty(script, timeout, dice, async (answers, timeoutMs, random) => {
        const service = scripted(answers, { random });
        const last = new Map<string, Map<string, Status>>(Object.keys(answers).map((id) => [id, new Map()]));
        let answered = false;
        const ended = (id: string) => {
          const statuses = [...(last.get(id)?.values() ?? [])];
          return statuses.length > 0 && statuses.every((is) => is === "Complete" || is === "Failed");
        };
        const describe = async (taskId: string) => {
          expect(ended(taskId), "asked for a task that has ended").toBe(false);
          const found = await service.ask(taskId);
          answered = true;
          for (const { objectPath, status: is } of found) last.get(taskId)?.set(objectPath, is);
          return found;
        };
        const result = await service.wait(timeoutMs, { describe }).catch((error: unknown) => error);

        const allEnded = [...last.keys()].every(ended);
        const looks = new Set(service.times());
        for (const at of looks) expect(at === 0 || at < timeoutMs).toBe(true);
        expect(looks.size).toBeLessThanOrEqual(2 + timeoutMs / (FIRST_DELAY_MS / 2));
        if (!allEnded) expect(service.now()).toBeGreaterThanOrEqual(timeoutMs - LAST_POLL_LEAD_MS);
        if (!answered && last.size > 0) {
          expect(result).toMatchObject({ unanswered: expect.any(VodError), timedOut: true });
          return;
        }

        const all = [...last.values()].flatMap((paths) => [...paths.values()]);
        const unknown = [...last].filter(([, paths]) => paths.size === 0).map(([id]) => id);
        const count = (is: Status) => all.filter((each) => each === is).length;
        expect(result).toMatchObject({ done: count("Complete"), total: all.length, unknown, timedOut: !allEnded });
        const { status: outcome, failed } = result as WaitResult;
        expect(failed).toHaveLength(count("Failed"));
        if (allEnded) expect(outcome).toBe(count("Failed") > 0 ? "Failed" : "Complete");
        else expect(outcome).toBe(count("Refreshing") > 0 ? "Refreshing" : "Pending");
      }),
      { numRuns: 500 },
    );
  });
});
