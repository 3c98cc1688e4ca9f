/** Refresh tasks: how they are read page by page, and how they prove that a call was accepted whose answer was lost. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type RefreshRequest, type VodClientOptions, vodClient } from "../../../provider/vod/client.js";
import { createLimiter } from "../../../provider/vod/rate-limiter.js";
import { acceptedTaskIds, type RefreshTask, type TaskFilter, type UncertainCall } from "../../../provider/vod/tasks.js";
import type { Emulator, Fault } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";

const A = "https://vod.example.com/a";
const B = "https://vod.example.com/b";
const request: RefreshRequest = { paths: [A, B], objectType: "File", force: false };
const REFRESH = "RefreshVodObjectCaches";
const TASKS = "DescribeVodRefreshTasks";
const NONCE_USED = {
  kind: "answer",
  status: 400,
  body: JSON.stringify({ Code: "SignatureNonceUsed", Message: "It was used already.", RequestId: "R" }),
} as const;

/**
 * An emulator whose time stands still, that many milliseconds after a whole second, and a client with the same clock.
 */
async function emulated({ pastSecondMs = 0, behindMs = 0, ...options }: Partial<VodClientOptions> & Clocks = {}) {
  const emulator = await started();
  emulator.freeze();
  emulator.setTime(Math.ceil(Date.now() / 1000) * 1000 + pastSecondMs);
  return { emulator, client: clientOf(emulator, emulator.endpoint, { behindMs, ...options }) };
}
interface Clocks {
  pastSecondMs?: number;
  /** How far the client's clock is behind the service's. */
  behindMs?: number;
}

function clientOf(
  emulator: Emulator,
  endpoint: string,
  { behindMs = 0, ...options }: Partial<VodClientOptions> & Clocks,
) {
  return vodClient({
    endpoint,
    credentials: { accessKeyId: emulator.accessKeyId, accessKeySecret: emulator.accessKeySecret },
    timeoutMs: 2000,
    limiter: createLimiter(),
    now: () => new Date(emulator.time() - behindMs),
    sleep: async (ms) => emulator.advance(ms),
    random: () => 0.5,
    ...options,
  });
}

/** A client of another process: this one doesn't know its calls. */
const anotherProcess = (emulator: Emulator) =>
  clientOf(emulator, emulator.endpoint.replace("127.0.0.1", "localhost"), {});

/** Random numbers that are the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

const actionsOf = (emulator: Emulator) => emulator.received.map(({ action }) => action);

describe("a refresh whose answer is lost after the work", () => {
  test.each<[string, Fault]>([
    ["a reset", { kind: "reset-after" }],
    ["half an answer", { kind: "truncated" }],
    ["an empty answer", { kind: "empty" }],
    ["an answer without a task ID", { kind: "missing-fields" }],
    ["a gateway's page", { kind: "html", afterWork: true }],
    ["an error of the service's own", { kind: "error", afterWork: true }],
    ["the word that it got the request before, as where a proxy repeats it", { ...NONCE_USED, afterWork: true }],
  ])("by %s is found among the tasks, and not sent again", async (_, fault) => {
    const { emulator, client } = await emulated();
    emulator.fault({ ...fault, action: REFRESH, times: 1 });
    const answer = await client.refreshObjectCaches(request);
    expect(answer).toEqual({ refreshTaskId: emulator.tasks()[0]?.taskId, recovered: true });
    // The rows of both ends, and then of their task: it has no other path.
    expect(actionsOf(emulator)).toEqual([REFRESH, TASKS, TASKS, TASKS]);
    const asked = emulator.received.slice(1).map(({ parameters: { ObjectPath, TaskId } }) => ObjectPath ?? TaskId);
    expect(asked).toEqual([A, B, answer.refreshTaskId]);
    expect(emulator.quota().urlRemain).toBe(1998);
  });

  test("by a timeout is found among the tasks, and not sent again", async () => {
    const { emulator, client } = await emulated({ timeoutMs: 300 });
    emulator.fault({ kind: "delay", ms: 1000, afterWork: true, action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toMatchObject({ recovered: true });
    expect(emulator.quota().urlRemain).toBe(1998);
  });

  test("in its last attempt is found, too", async () => {
    const { emulator, client } = await emulated({ retry: { timeoutMs: 60_000, maxAttempts: 2 } });
    emulator.fault({ kind: "error", code: "ServiceBusy", action: REFRESH, times: 1 });
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    // A fraction of a second has passed since the whole second.
    emulator.advance(500);
    expect(await client.refreshObjectCaches(request)).toMatchObject({ recovered: true });
  });

  test("is found with the task ID of each directory", async () => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    const paths = ["x", "y", "z"].map((name) => `https://vod.example.com/${name}/`);
    const answer = await client.refreshObjectCaches({ paths, objectType: "Directory", force: false });
    expect(answer.recovered).toBe(true);
    const accepted = emulator.tasks().map(({ taskId }) => taskId);
    expect(answer.refreshTaskId.split(",").sort()).toEqual(accepted.sort());
    expect(accepted).toHaveLength(3);
  });
});

describe("a refresh that is accepted in the very second in which its attempt began is found, and not sent again:", () => {
  // A row of that second may be from before the attempt by its time alone. What decides is that the rows are those of one
  // call for exactly these paths, and that no other call of this process explains them.
  test("by the rows of its task", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 700 });
    emulator.fault({ kind: "truncated", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toMatchObject({ recovered: true });
    expect(emulator.quota().urlRemain).toBe(1998);
  });

  test("in a task that it shares with another call of this process", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 700 });
    await client.refreshObjectCaches({ ...request, paths: [A, `${A}/other`] });
    emulator.fault({ kind: "truncated", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toMatchObject({ recovered: true });
    expect(emulator.tasks().map(({ path }) => path)).toEqual([A, `${A}/other`, A, B]);
  });

  test("by those of several tasks, where it is of several domains or of directories", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 700 });
    const directories = ["x", "y", "z"].map((name) => `https://vod.example.com/${name}/`);
    for (const refresh of [
      { ...request, paths: [A, "https://img.example.com/m", B] },
      { paths: directories, objectType: "Directory" as const, force: false },
    ]) {
      emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
      expect(await client.refreshObjectCaches(refresh)).toMatchObject({ recovered: true });
    }
    expect(emulator.tasks()).toHaveLength(6);
  });

  test("the gap that stays: another process refreshed just these paths less than a second before", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 200 });
    const theirs = await anotherProcess(emulator).refreshObjectCaches(request);
    emulator.advance(500);
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toEqual({
      refreshTaskId: theirs.refreshTaskId,
      recovered: true,
    });
  });
});

describe("of calls that are lost after the work, at most one of six is sent again,", () => {
  test.each<[string, number]>([
    ["where the clocks are equal", 0],
    ["where this machine's clock is behind by a fraction of a second", 100],
    ["where it is ahead by one", -100],
    ["where it is behind by seconds", 4_300],
    ["where it is ahead by seconds", -4_300],
  ])("%s, in whichever part of a second they begin", async (_, behindMs) => {
    const random = seeded(7);
    const between = (least: number, most: number) => Math.floor(least + random() * (most - least));
    const { emulator } = await emulated();
    let sentAgain = 0;
    const calls = 36;
    for (let call = 0; call < calls; call++) {
      emulator.setTime(Math.ceil(emulator.time() / 1000) * 1000 + 60_000 + between(0, 1000));
      emulator.set({ urlRemain: 2000 });
      const credentials = { accessKeyId: emulator.accessKeyId, accessKeySecret: emulator.accessKeySecret };
      // Each is a process of its own, whose call takes its time, and whose answer is lost seconds after the work.
      const client = clientOf(emulator, emulator.endpoint, {
        behindMs,
        random,
        credentials: {
          get: async () => {
            emulator.advance(between(1, 300));
            return credentials;
          },
          description: "here",
        },
        sleep: async (ms) => emulator.advance(between(2000, 4000) + ms),
      });
      emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
      const paths = [1, 2, 3].map((name) => `https://vod.example.com/${call}/${name}`);
      if ((await client.refreshObjectCaches({ ...request, paths })).repeated) sentAgain++;
    }
    expect(sentAgain).toBeLessThanOrEqual(calls / 6);
  });
});

describe("where the day's quota doesn't hold a call again whose answer was lost", () => {
  const directory: RefreshRequest = { paths: ["https://vod.example.com/x/"], objectType: "Directory", force: true };
  const TAKEN = { refreshTaskId: expect.any(String), recovered: true, unproven: true };

  test.each<[string, RefreshRequest]>([
    ["a forced directory", directory],
    ["IgnoreParams", { paths: [A, B], objectType: "IgnoreParams", force: false }],
  ])("its tasks are taken though they are no proof: %s", async (_, refresh) => {
    const { emulator, client } = await emulated();
    emulator.set({ urlRemain: 3, dirRemain: 1 });
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(refresh)).toEqual(TAKEN);
    expect(actionsOf(emulator).filter((action) => action === REFRESH)).toHaveLength(1);
  });

  test("they are taken when the service refuses the second one for it", async () => {
    const { emulator, client } = await emulated();
    emulator.set({ dirRemain: 1 });
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
    expect(await client.refreshObjectCaches(directory)).toEqual(TAKEN);
    expect(emulator.received.filter(({ action }) => action === REFRESH).map(({ code }) => code)).toEqual([
      undefined,
      "QuotaExceeded.Refresh",
    ]);
  });

  test("nothing is taken without a task, and the error doesn't hide that an answer was lost", async () => {
    const { emulator, client } = await emulated();
    emulator.set({ urlRemain: 1 });
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    await expect(client.refreshObjectCaches(request)).rejects.toMatchObject({
      code: "QuotaExceeded.Refresh",
      outcomeUnknown: true,
      message: expect.stringContaining(
        "1 of 2,000 URLs. The service may have accepted an earlier attempt, whose answer was lost.",
      ),
    });
  });

  test("the call is sent again all the same where the quota isn't known", async () => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
    expect(await client.refreshObjectCaches(directory)).toMatchObject({ repeated: true });
  });
});

describe("where another call has both ends of an uncertain call, and not the paths between them,", () => {
  const M = "https://vod.example.com/m";
  const paths = [A, M, B];

  /** The answer to a call of all three whose first attempt is lost before the work, and that another call follows. */
  async function inDoubt(objectType: RefreshRequest["objectType"], named: readonly string[], ends: readonly string[]) {
    const { emulator } = await emulated();
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    const other = clientOf(emulator, emulator.endpoint, {});
    let isFirst = true;
    const mine = clientOf(emulator, emulator.endpoint, {
      sleep: async (ms) => {
        emulator.advance(1000 + ms);
        if (isFirst) await other.refreshObjectCaches({ paths: ends, objectType, force: false });
        isFirst = false;
      },
    });
    return { emulator, answer: await mine.refreshObjectCaches({ paths: named, objectType, force: false }) };
  }

  test.each<[RefreshRequest["objectType"], readonly string[]]>([
    ["File", paths],
    ["File", [A, "https://img.example.com/m", B]],
    ["Directory", paths.map((path) => `${path}/`)],
  ])("it is sent again: %s %j", async (objectType, named) => {
    const { emulator, answer } = await inDoubt(objectType, named, [named[0] ?? "", named[2] ?? ""]);
    expect(answer.repeated).toBe(true);
    expect(emulator.tasks().map(({ path }) => path)).toContain(named[1]);
  });

  test("it isn't sent again if each path between them was refreshed since", async () => {
    const { emulator, answer } = await inDoubt("File", paths, paths);
    expect(answer).toMatchObject({ recovered: true });
    expect(emulator.tasks()).toHaveLength(3);
  });
});

describe("an uncertain call is sent again, and recorded as repeated, where", () => {
  const REPEATED = { refreshTaskId: expect.any(String), requestId: expect.any(String), repeated: true };

  test("nothing was done", async () => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toEqual(REPEATED);
    expect(actionsOf(emulator)).toEqual([REFRESH, TASKS, REFRESH]);
    expect(emulator.quota().urlRemain).toBe(1998);
  });

  test("the service says that it got the request before, and has no task of it", async () => {
    const { emulator, client } = await emulated();
    emulator.fault({ ...NONCE_USED, action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toEqual(REPEATED);
  });

  test("another process refreshed the same in the second before", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 900 });
    await anotherProcess(emulator).refreshObjectCaches(request);
    emulator.advance(700);
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toEqual(REPEATED);
  });

  test.each<[string, readonly string[]]>([
    ["more", [A, `${A}/more`, B]],
    ["one of the two", [A]],
  ])(
    "another process refreshed %s in the same second, so that the rows don't look as one call leaves them",
    async (_, theirs) => {
      const { emulator, client } = await emulated({ pastSecondMs: 200 });
      await anotherProcess(emulator).refreshObjectCaches({ ...request, paths: theirs });
      emulator.advance(500);
      emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
      expect(await client.refreshObjectCaches(request)).toEqual(REPEATED);
    },
  );

  test("an update before refreshed the same in the same second, as the state tells", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 200 });
    const { refreshTaskId } = await anotherProcess(emulator).refreshObjectCaches(request);
    emulator.advance(500);
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request, { olderTaskIds: [refreshTaskId] })).toEqual(REPEATED);
  });

  test("this process refreshed the same in the same second", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 200 });
    await client.refreshObjectCaches(request);
    emulator.advance(500);
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toEqual(REPEATED);
  });

  test("a call of this process for the same is lost in the same second: one of both may have been accepted", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 200, sleep: async () => {} });
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    const answers = await Promise.all([client.refreshObjectCaches(request), client.refreshObjectCaches(request)]);
    expect(answers.map(({ repeated }) => repeated)).toEqual([true, true]);
  });

  test("only an older refresh of this process is found, which a clock that is behind makes look new", async () => {
    const { emulator, client } = await emulated({ behindMs: 5_000 });
    await client.refreshObjectCaches(request);
    emulator.advance(2_000);
    emulator.fault({ kind: "reset-before", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(request)).toEqual(REPEATED);
    expect(emulator.quota().urlRemain).toBe(1996);
  });

  test.each<[string, Fault]>([
    ["is refused", { kind: "error", code: "Forbidden.RAM" }],
    ["is not answered", { kind: "reset-before" }],
    ["is answered by a proxy", { kind: "html", status: 200 }],
  ])("the question %s", async (_, fault) => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    emulator.fault({ ...fault, action: TASKS });
    expect(await client.refreshObjectCaches(request)).toEqual(REPEATED);
  });

  test.each<[string, RefreshRequest]>([
    ["IgnoreParams, whose rows look like those of File", { paths: [A], objectType: "IgnoreParams", force: false }],
    ["a forced directory", { paths: ["https://vod.example.com/x/"], objectType: "Directory", force: true }],
  ])("%s", async (_, refresh) => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "reset-after", action: REFRESH, times: 1 });
    expect(await client.refreshObjectCaches(refresh)).toEqual(REPEATED);
  });

  test("the service's clock is ahead, by its Date header", async () => {
    const ahead = (ms: number) => new Date(Date.now() + ms);
    const calls: string[] = [];
    const server = createServer((incoming, response) => {
      let body = "";
      incoming.on("data", (chunk) => {
        body += chunk;
      });
      incoming.on("end", () => {
        const action = new URLSearchParams(body).get("Action") ?? "";
        calls.push(action);
        if (calls.length === 1) return incoming.socket.destroy();
        response.writeHead(200, { "content-type": "application/json", date: ahead(30_000).toUTCString() });
        const older = rowOf(A, { CreationTime: `${ahead(25_000).toISOString().slice(0, 19)}Z` });
        const answers: Record<string, object> = {
          [REFRESH]: { RefreshTaskId: "8", RequestId: "R" },
          [TASKS]: { TotalCount: 1, Tasks: { Task: [older] }, RequestId: "R" },
        };
        response.end(JSON.stringify(answers[action]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const client = vodClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: "key", accessKeySecret: "secret" },
      sleep: async () => {},
    });
    expect(await client.refreshObjectCaches({ ...request, paths: [A] })).toEqual({ ...REPEATED, refreshTaskId: "8" });
    expect(calls).toEqual([REFRESH, TASKS, REFRESH]);
  });
});

test("a page instead of the API, for every call, fails at once", async () => {
  const { emulator, client } = await emulated();
  emulator.fault({ kind: "html", status: 200 });
  await expect(client.refreshObjectCaches(request)).rejects.toMatchObject({ code: "InvalidResponse", httpStatus: 200 });
  expect(actionsOf(emulator)).toEqual([REFRESH, TASKS]);
});

test("a refused connection leaves no uncertainty", async () => {
  const { emulator, client } = await emulated({ retry: { timeoutMs: 60_000, maxAttempts: 2 } });
  await emulator.close();
  await expect(client.refreshObjectCaches(request)).rejects.toMatchObject({ outcomeUnknown: false });
});

describe("rows prove that a call was accepted:", () => {
  const since = Date.UTC(2026, 0, 1, 12);
  const task = (objectPath: string, more: Partial<RefreshTask> = {}): RefreshTask => ({
    taskId: "1",
    objectPath,
    objectType: "file",
    status: "Refreshing",
    percent: 0,
    createdAt: new Date(since),
    description: "",
    ...more,
  });
  const doubt: UncertainCall = {
    paths: [A, B],
    rowType: "file",
    rowNames: ["file"],
    since: () => since,
    sinceAtLatest: () => since,
    until: since + 1000,
    withoutOthers: (rows) => rows.filter(({ taskId }) => taskId !== "0"),
  };
  const weigh = (rows: RefreshTask[], more: Partial<UncertainCall> = {}) =>
    acceptedTaskIds({ ...doubt, ...more }, async (filter: TaskFilter) =>
      rows.filter((row) =>
        "taskId" in filter
          ? row.taskId === filter.taskId
          : filter.objectPath === undefined || row.objectPath === filter.objectPath,
      ),
    );
  const ids = async (rows: RefreshTask[], more: Partial<UncertainCall> = {}) => {
    const evidence = await weigh(rows, more);
    return evidence?.isProof ? evidence.taskIds : undefined;
  };

  test.each<[string, RefreshTask[], string | undefined]>([
    ["rows of both ends", [task(A), task(B)], "1"],
    ["rows of both ends with two IDs", [task(A), task(B, { taskId: "2" })], "1,2"],
    ["a failed one too, since it was accepted", [task(A), task(B, { status: "Failed" })], "1"],
    ["not one end alone", [task(A)], undefined],
    ["not the other end alone", [task(B)], undefined],
    ["not a row from before", [task(A), task(B, { createdAt: new Date(since - 1000) })], undefined],
    ["not a preload", [task(A), task(B, { objectType: "preload" })], undefined],
    ["not the answer to another call", [task(A), task(B, { taskId: "0" })], undefined],
    ["not nothing", [], undefined],
  ])("%s", async (_, rows, expected) => {
    expect(await ids(rows)).toBe(expected);
  });

  const M = "https://vod.example.com/m";
  test.each<[string, RefreshTask[], string | undefined]>([
    ["rows of all three", [task(A), task(M), task(B)], "1"],
    ["not those of the ends alone, which another call had too", [task(A), task(B)], undefined],
    [
      "not one between them that is older",
      [task(A), task(M, { createdAt: new Date(since - 1000) }), task(B)],
      undefined,
    ],
    ["not one between them that answers another call", [task(A), task(M, { taskId: "0" }), task(B)], undefined],
  ])("of a call of three paths: %s", async (_, rows, expected) => {
    expect(await ids(rows, { paths: [A, M, B] })).toBe(expected);
  });

  test("not of several domains where a path between the ends has no row", async () => {
    const paths = [A, "https://img.example.com/m", B];
    expect(await ids([task(A), task(B), task(`${A}/other`, { taskId: "3" })], { paths })).toBe(undefined);
  });

  test("of several domains with the task IDs between the ends, without those of other calls", async () => {
    const paths = [A, "https://img.example.com/m", B];
    const rows = [task(A), task(B), task(paths[1] ?? "", { taskId: "2" }), task(`${A}/other`, { taskId: "3" })];
    expect(await ids(rows, { paths })).toBe("1,2");
  });

  test("of a preload those of preloads alone, between the ends too, since they may not share a task ID", async () => {
    const C = "https://vod.example.com/c";
    const preload = (path: string, taskId: string) => task(path, { taskId, objectType: "preload" });
    const more = { paths: [A, B, C], rowType: "preload" as const, rowNames: ["preload"] };
    expect(await ids([preload(A, "1"), preload(B, "2"), preload(C, "3"), task(B, { taskId: "4" })], more)).toBe(
      "1,2,3",
    );
    expect(await ids([preload(A, "1"), task(C)], more)).toBe(undefined);
  });

  test("never where rows don't tell the call from one that does less", async () => {
    expect(await weigh([task(A), task(B)], { rowType: undefined })).toEqual({ taskIds: "1", isProof: false });
  });

  describe("where they are of the very second in which the attempt began,", () => {
    // The attempt began half a second later than the rows say.
    const late = { since: () => since + 500, sinceAtLatest: () => since + 500 };
    const unproven = (taskIds: string) => ({ taskIds, isProof: false });
    const M = "https://vod.example.com/m";

    test.each<[string, RefreshTask[], object | undefined]>([
      ["those of one call", [task(A), task(B)], { taskIds: "1", isProof: true }],
      ["not with another path in their task", [task(A), task(B), task(M)], unproven("1")],
      [
        "with that of a call of this process",
        [task(A), task(B), task(M, { taskId: "0" })],
        { taskIds: "1", isProof: true },
      ],
      ["not with one path twice", [task(A), task(B), task(B)], unproven("1")],
      ["not of two moments", [task(A), task(B, { taskId: "2", createdAt: new Date(since + 2000) })], unproven("1,2")],
      ["not of the second before", [task(A), task(B, { createdAt: new Date(since - 1000) })], undefined],
      ["not of another type", [task(A), task(B, { objectType: "preload" })], undefined],
    ])("%s", async (_, rows, expected) => {
      expect(await weigh(rows, late)).toEqual(expected);
    });

    test("rows of the next second need no more than their time", async () => {
      const later = { createdAt: new Date(since + 1000) };
      expect(await weigh([task(A, later), task(B, later), task(M, later)], late)).toEqual({
        taskIds: "1",
        isProof: true,
      });
    });
  });

  test("not of several domains where some can't be asked for, since a task would be missing", async () => {
    const question = async (filter: TaskFilter) => {
      if (!("objectPath" in filter)) throw new Error("spoilt");
      return [task(filter.objectPath)];
    };
    const paths = [A, "https://img.example.com/m", B];
    await expect(acceptedTaskIds({ ...doubt, paths }, question)).rejects.toThrow("spoilt");
  });
});

function rowOf(path: string, more: object = {}) {
  return {
    TaskId: "7",
    ObjectPath: path,
    ObjectType: "file",
    Status: "Refreshing",
    Process: "42%",
    CreationTime: "2026-01-01T12:00:00Z",
    Description: "",
    ...more,
  };
}

describe("refresh tasks", () => {
  test("come from all pages, 50 rows each", async () => {
    const { emulator, client } = await emulated();
    const paths = Array.from({ length: 120 }, (_, index) => `https://vod.example.com/${index}`);
    const { refreshTaskId } = await client.refreshObjectCaches({ ...request, paths });
    const tasks = await client.describeRefreshTasks({ taskId: refreshTaskId });
    expect(tasks.map(({ objectPath }) => objectPath)).toEqual(paths);
    expect(emulator.received.slice(1).map(({ parameters }) => [parameters.PageNumber, parameters.PageSize])).toEqual([
      ["1", "50"],
      ["2", "50"],
      ["3", "50"],
    ]);
    expect(tasks[0]).toEqual({
      taskId: refreshTaskId,
      objectPath: paths[0],
      objectType: "file",
      status: "Complete",
      percent: 100,
      createdAt: new Date(emulator.time()),
      description: "",
    });
  });

  test("say why they failed", async () => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "task-failed", description: "Origin Timeout", path: B });
    const { refreshTaskId } = await client.refreshObjectCaches(request);
    const tasks = await client.describeRefreshTasks({ taskId: refreshTaskId });
    expect(tasks.map(({ status, percent, description }) => [status, percent, description])).toEqual([
      ["Complete", 100, ""],
      ["Failed", 0, "Origin Timeout"],
    ]);
  });

  test("are asked for by a time, for one path or for all", async () => {
    const { emulator, client } = await emulated({ pastSecondMs: 300 });
    await client.refreshObjectCaches(request);
    const time = { startTime: new Date(emulator.time()), endTime: new Date(emulator.time()) };
    expect(await client.describeRefreshTasks({ ...time, objectPath: B })).toMatchObject([{ objectPath: B }]);
    expect(await client.describeRefreshTasks(time)).toHaveLength(2);
    const later = new Date(emulator.time() + 1000);
    expect(await client.describeRefreshTasks({ startTime: later, endTime: later })).toEqual([]);
  });

  const answered = async (row: object, totalCount = 1) => {
    const { emulator, client } = await emulated();
    const body = JSON.stringify({ TotalCount: totalCount, Tasks: { Task: [row] }, PageNumber: 1, RequestId: "R" });
    emulator.fault({ kind: "answer", body });
    return client.describeRefreshTasks({ taskId: "7" });
  };

  test("may have unknown fields", async () => {
    expect(await answered(rowOf(A, { Brand: "new" }))).toEqual([expect.objectContaining({ taskId: "7", percent: 42 })]);
  });

  test.each([
    ["Status", "Resting"],
    ["Process", "soon"],
    ["CreationTime", "yesterday"],
    ["TaskId", 7],
  ])("with a %s of %s are refused", async (field, value) => {
    await expect(answered(rowOf(A, { [field]: value }))).rejects.toMatchObject({
      code: "InvalidResponse",
      message: expect.stringContaining(`without a valid Tasks.Task.0.${field}`),
    });
  });

  test("beyond what quotas allow are refused, since a part must not pass for all", async () => {
    const { emulator } = await emulated();
    const body = JSON.stringify({ TotalCount: 10_000, Tasks: { Task: [rowOf(A)] }, RequestId: "R" });
    emulator.fault({ kind: "answer", body });
    const unhurried = { run: <T>(call: () => Promise<T>) => call(), pauseMs: () => 0, queueMs: () => 0 };
    const client = clientOf(emulator, emulator.endpoint, { limiter: unhurried });
    await expect(client.describeRefreshTasks({ taskId: "7" })).rejects.toMatchObject({ code: "InvalidResponse" });
    expect(emulator.received).toHaveLength(156);
  });
});
