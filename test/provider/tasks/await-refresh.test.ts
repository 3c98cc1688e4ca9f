/** A preload after a refresh: nothing is sent before the refresh has ended; what is due stays pending until then. */
import { beforeEach, describe, expect, test } from "vitest";
import { preloadProvider } from "../../../provider/dynamic/host.js";
import type { AwaitedRefresh } from "../../../provider/schema/inputs.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import { refreshState } from "../../../provider/tasks/await-refresh.js";
import { vodClient } from "../../../provider/vod/client.js";
import { type Emulator, type EmulatorOptions, pathsOf, view } from "../../emulator/index.js";
import { publish, started } from "../../emulator/started.js";
import { urnOf } from "../lines.js";
import { simulated } from "../resource/emulated.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = new Date("2026-01-10T00:00:00.000Z");
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS).toISOString();

describe("the state of a refresh", () => {
  test.each<[Partial<AwaitedRefresh>, ReturnType<typeof refreshState>]>([
    [{ status: "Complete" }, "ended"],
    [{ status: "NotSubmitted" }, "ended"],
    [{ status: "Incomplete", submittedAt: daysAgo(4) }, "unsent"],
    [{ status: "Incomplete" }, "unsent"],
    [{ status: "Submitted", submittedAt: daysAgo(0) }, "open"],
    [{ status: "Pending", submittedAt: daysAgo(1) }, "open"],
    [{ status: "Refreshing", submittedAt: daysAgo(2.9) }, "open"],
    [{ status: "Failed", submittedAt: daysAgo(1) }, "open"],
    [{ status: "Submitted", submittedAt: daysAgo(3.1) }, "ended"],
    [{ status: "Submitted" }, "open"],
  ])("with %j is %s", (after, standing) => {
    const whole: AwaitedRefresh = { objectType: "File", taskIds: ["1"], status: "Submitted", ...after };
    expect(refreshState(whole, NOW)).toBe(standing);
  });
});

const PATH = "https://vod.example.com/a.ts";
let emulator: Emulator;
let time: ReturnType<typeof simulated>;
const provider = () => time.provider();
beforeEach(() => start());

async function start(options: EmulatorOptions = {}) {
  emulator = await started(options);
  publish(emulator, "vod.example.com/a.ts", "1");
  time = simulated(emulator, preloadProvider);
}

/** Refreshes the path, and returns the outputs that a program passes on. */
async function refreshed(): Promise<AwaitedRefresh> {
  const { endpoint } = emulator;
  const { refreshTaskId } = await vodClient({ endpoint, credentials: emulator }).refreshObjectCaches({
    paths: [PATH],
    objectType: "File",
    force: false,
  });
  return {
    objectType: "File",
    taskIds: refreshTaskId.split(","),
    status: "Submitted",
    submittedAt: new Date().toISOString(),
  };
}

const given = { __urn: urnOf("warm"), paths: [PATH], contentHash: "v1" };
async function create(more: object) {
  const made = provider();
  const { inputs, failures } = await made.check({}, { ...given, ...more });
  expect(failures).toEqual([]);
  return { inputs, ...(await made.create(inputs)) };
}
const preloaded = () =>
  emulator.received
    .filter(({ action, status }) => action === "PreloadVodObjectCaches" && status === 200)
    .flatMap(pathsOf);

test("the tasks of the refresh are followed to their end first, even without `wait`", async () => {
  await start({ taskDelayMs: 120_000 });
  const { outs } = await create({ refresh: await refreshed() });
  expect(time.slept()).toBeGreaterThan(119_000);
  expect(outs.status).toBe("Submitted");
  emulator.advance(120_000);
  await view(emulator, PATH);
  expect(emulator.events.map(({ kind }) => kind)).toEqual(["purge", "preload", "view"]);
  expect(time.lines.some((line) => line.startsWith("warm: waiting for the refresh: 0 of 1 URLs complete, "))).toBe(
    true,
  );
});

test.each([
  [
    "has paths that are still to be sent",
    async (): Promise<AwaitedRefresh> => ({ objectType: "File", taskIds: [], status: "Incomplete" }),
    /^The refresh is incomplete, so nothing was preloaded: some of its paths are pending\. .*\(code RefreshIncomplete\)/,
  ],
  [
    "failed",
    async () => {
      emulator.fault({ kind: "task-failed", path: PATH, description: "Internal Error", times: 1 });
      return refreshed();
    },
    /^The refresh failed, so nothing was preloaded: 1 of 1 refreshes failed: https:.*Internal Error\)\. .*\(code RefreshFailed\)/,
  ],
  [
    "doesn't end in time",
    async () => {
      emulator.fault({ kind: "task-stuck" });
      return refreshed();
    },
    /^The refresh did not complete within 60 s, so nothing was preloaded: 0 of 1 URLs complete, .*\(code RefreshTimeout\)/,
  ],
  [
    "can't be asked for",
    async () => {
      const refresh = await refreshed();
      emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks" });
      return refresh;
    },
    /^The credentials lack the permission for this call/,
  ],
] as const)("after a refresh that %s, nothing is preloaded, and the update fails", async (_, refresh, sentence) => {
  const awaited = await refresh();
  await expect(create({ refresh: awaited, wait: { timeout: 60 } })).rejects.toThrow(sentence);
  expect(preloaded()).toEqual([]);
});

test("with onFailure warn that is a warning; what is due stays pending, and the next update preloads it alone", async () => {
  const unsent: AwaitedRefresh = { objectType: "File", taskIds: [], status: "Incomplete" };
  const { id, inputs, outs } = await create({ refresh: unsent, onFailure: "warn" });
  expect(outs).toMatchObject({ status: "Incomplete", pending: [PATH], taskIds: [] });
  expect(time.lines.at(-1)).toMatch(/^warm: warning: The refresh is incomplete, so nothing was preloaded/);

  const made = provider();
  const refresh: AwaitedRefresh = { ...unsent, status: "Complete" };
  const { inputs: news } = await made.check(inputs, { ...given, refresh, onFailure: "warn" });
  expect(await made.diff(id, outs, news)).toEqual({ changes: true });
  expect((await made.update(id, outs, news)).outs).toMatchObject({ status: "Submitted", pending: [] });
  expect(preloaded()).toEqual([PATH]);
});

test("a failure of another resource, whose call the service merged with the refresh's, holds nothing back", async () => {
  const other = "https://vod.example.com/other.ts";
  emulator.fault({ kind: "task-failed", path: other, description: "Internal Error", times: 1 });
  const { endpoint } = emulator;
  const { refreshTaskId } = await vodClient({ endpoint, credentials: emulator }).refreshObjectCaches({
    paths: [PATH, other],
    objectType: "File",
    force: false,
  });
  const refresh: AwaitedRefresh = {
    objectType: "File",
    taskIds: refreshTaskId.split(","),
    status: "Submitted",
    submittedAt: new Date().toISOString(),
  };
  await create({ refresh });
  expect(preloaded()).toEqual([PATH]);
});

test("the expired records of an earlier update, with which the refresh carried on, hold nothing back", async () => {
  const [earlier] = (await refreshed()).taskIds;
  await time.pass(2.5 * DAY_MS);
  const refresh = await refreshed();
  await time.pass(DAY_MS);
  const taskIds = [earlier as string, ...refresh.taskIds];
  await create({ refresh: { ...refresh, taskIds, submittedAt: new Date(emulator.time() - DAY_MS).toISOString() } });
  expect(time.slept()).toBeLessThan(3.5 * DAY_MS + 1_000);
  expect(preloaded()).toEqual([PATH]);
});

test("a URL that was removed is neither waited for nor preloaded again", async () => {
  await start({ taskDelayMs: 4 * 60 * 60 * 1000 });
  const contents = { [PATH]: "1", "https://vod.example.com/gone.ts": "1" };
  const wait = { timeout: 60 };
  const of = (more: object) => ({ __urn: urnOf("warm"), wait, ...more });
  const made = provider();
  const { inputs } = await made.check({}, of({ contents }));
  const failed = await made.create(inputs).catch((error) => error);
  expect(failed.properties.unconfirmed).toEqual(Object.keys(contents));
  await time.pass(2 * 60 * 60 * 1000);
  const { inputs: news } = await made.check(inputs, of({ contents: { [PATH]: "1" } }));
  await made.update(failed.id, failed.properties, news).catch(() => {});
  expect(preloaded()).toEqual([...Object.keys(contents), PATH]);
});

test("a refresh that isn't known yet in a preview doesn't hide what would be preloaded", async () => {
  const refresh = { objectType: "File", taskIds: UNKNOWN, status: UNKNOWN, submittedAt: UNKNOWN };
  const { failures } = await provider().check({}, { ...given, refresh });
  expect(failures).toEqual([]);
  expect(time.lines).toContain(
    "warm: initial deployment: preload 1 URL in 1 call once the refresh is complete (leaves 499 of 500 preloads in today's quota)",
  );
});

test("another refresh of the same content is no difference; one as another type preloads everything", async () => {
  const { id, inputs, outs } = await create({ refresh: await refreshed() });
  const made = provider();
  const check = async (refresh: AwaitedRefresh) => (await made.check(inputs, { ...given, refresh })).inputs;
  const same = await check({ objectType: "File", taskIds: ["9"], status: "Complete" });
  expect(await made.diff(id, outs, same)).toEqual({ changes: false });
  const other = await check({ objectType: "IgnoreParams", taskIds: ["9"], status: "Complete" });
  expect(await made.diff(id, outs, other)).toEqual({ changes: true });
  await made.update(id, outs, other);
  expect(preloaded()).toEqual([PATH, PATH]);
});
