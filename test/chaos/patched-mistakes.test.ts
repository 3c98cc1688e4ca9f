/** Proof that the chaos test finds mistakes in parts of the provider that can't be wrapped. */
import { afterEach, describe, test, vi } from "vitest";
import { isThrottle } from "../../provider/vod/retry.js";
import type { UncertainCall } from "../../provider/vod/tasks.js";
import { expectFound } from "./find.js";
import { CROWD, type Setting } from "./run.js";

/** Replaces parts of the provider that can't be wrapped. */
const patches = vi.hoisted(() => ({
  alterCall: (call: UncertainCall): UncertainCall => call,
  isAnyRowOwn: false,
  losesLastPath: false,
  isExpiredComplete: false,
}));
vi.mock("../../provider/vod/rpc.js", async (original) => {
  const rpc = await original<typeof import("../../provider/vod/rpc.js")>();
  const caller: typeof rpc.caller = (options) => {
    const call = rpc.caller(options);
    const throttled = new Set<string>();
    let first: string | undefined;
    return async (action, parameters, ...rest) => {
      const { ObjectPath } = parameters;
      if (!patches.losesLastPath || !action.startsWith("Refresh") || ObjectPath === undefined)
        return call(action, parameters, ...rest);
      first ??= ObjectPath;
      const isShort = first !== ObjectPath && throttled.has(ObjectPath);
      const shorter = ObjectPath.split("\n").slice(0, -1).join("\n") || ObjectPath;
      try {
        return await call(action, isShort ? { ...parameters, ObjectPath: shorter } : parameters, ...rest);
      } catch (error) {
        if (isThrottle(error)) throttled.add(ObjectPath);
        throw error;
      }
    };
  };
  return { ...rpc, caller };
});
vi.mock("../../provider/tasks/waiter.js", async (original) => {
  const waiter = await original<typeof import("../../provider/tasks/waiter.js")>();
  type Seen = import("../../provider/tasks/waiter.js").TaskSummary;
  type Expected = Parameters<typeof waiter.waitForTasks>[0];
  const complete = <T extends Seen>(seen: T, expected: Expected): T => {
    if (!patches.isExpiredComplete || seen.statusOfRows !== undefined) return seen;
    const paths = new Set(expected.flatMap(({ paths }) => paths ?? []));
    const nothing = { missing: [], unknown: [], givenUp: [] };
    return { ...seen, ...nothing, status: "Complete", statusOfRows: "Complete", complete: paths };
  };
  const pollOnce: typeof waiter.pollOnce = async (expected, ask) =>
    complete(await waiter.pollOnce(expected, ask), expected);
  const waitForTasks: typeof waiter.waitForTasks = async (expected, options) => {
    const seen = await waiter.waitForTasks(expected, options);
    return seen.timedOut || seen.cancelled ? seen : complete(seen, expected);
  };
  return { ...waiter, pollOnce, waitForTasks };
});
vi.mock("../../provider/vod/tasks.js", async (original) => {
  const tasks = await original<typeof import("../../provider/vod/tasks.js")>();
  const acceptedTaskIds: typeof tasks.acceptedTaskIds = (call, ask) =>
    tasks.acceptedTaskIds(patches.alterCall(call), ask);
  return { ...tasks, acceptedTaskIds };
});
vi.mock("../../provider/tasks/outstanding.js", async (original) => {
  const outstanding = await original<typeof import("../../provider/tasks/outstanding.js")>();
  const rowNames: typeof outstanding.rowNames = (...given) =>
    patches.isAnyRowOwn ? (path) => path : outstanding.rowNames(...given);
  const findOutstanding: typeof outstanding.findOutstanding = (...given) => ({
    ...outstanding.findOutstanding(...given),
    ...(patches.isAnyRowOwn ? { nameOf: (path) => path } : {}),
  });
  return { ...outstanding, rowNames, findOutstanding };
});

describe("a mistake is found", () => {
  const sound = { ...patches };
  const restore = () => Object.assign(patches, sound);
  afterEach(restore);

  test.each<[string, Partial<typeof patches>, { first?: number; setting?: Setting }?]>([
    [
      "a lost call counts as accepted if its first path was",
      { alterCall: (call) => ({ ...call, paths: call.paths.slice(0, 1) }) },
      { first: 33 },
    ],
    [
      "a lost call counts as accepted because of an older task",
      {
        alterCall: (call) => ({ ...call, since: () => 0, sinceAtLatest: () => 0, withoutOthers: (rows) => [...rows] }),
      },
    ],
    [
      "a lost call counts as accepted because of a task from seconds before it",
      {
        alterCall: (call) => ({
          ...call,
          since: () => call.since() - 10_000,
          sinceAtLatest: () => call.sinceAtLatest() - 10_000,
        }),
      },
    ],
    ["a later call that was throttled is sent again without its last path", { losesLastPath: true }, { first: 17 }],
    ["tasks whose records have all expired count as complete", { isExpiredComplete: true }, { first: 58 }],
    ["the failure of another resource counts as one's own", { isAnyRowOwn: true }, { first: 970, setting: CROWD }],
  ])("%s", async (_, mistake, options) => {
    Object.assign(patches, mistake);
    await expectFound(options ?? {}, restore);
  });
});
