/** Preloads: what is sent, what the edge does, and how the client recovers from a lost answer. */
import { describe, expect, test } from "vitest";
import { type PreloadRequest, type VodClientOptions, vodClient } from "../../../provider/vod/client.js";
import { DAILY_QUOTA, PRELOADS_PER_CALL } from "../../../provider/vod/limits.js";
import { createLimiter } from "../../../provider/vod/rate-limiter.js";
import { type Emulator, type EmulatorOptions, type Fault, pathsOf, view } from "../../emulator/index.js";
import { publish, started } from "../../emulator/started.js";

const A = "https://vod.example.com/a";
const B = "https://vod.example.com/b";
const request: PreloadRequest = { paths: [A, B] };
const PRELOAD = "PreloadVodObjectCaches";
const TASKS = "DescribeVodRefreshTasks";

/**
 * An emulator whose time stands still at a whole second, with two files on its origin, and a client with the same
 * clock.
 */
async function emulated(options: Partial<VodClientOptions> = {}, emulatorOptions: EmulatorOptions = {}) {
  const emulator = await started(emulatorOptions);
  emulator.freeze();
  emulator.setTime(Math.ceil(Date.now() / 1000) * 1000);
  for (const name of ["a", "b"]) publish(emulator, `vod.example.com/${name}`, "old");
  return { emulator, client: clientOf(emulator, options) };
}

function clientOf(emulator: Emulator, options: Partial<VodClientOptions> = {}) {
  return vodClient({
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: emulator.accessKeyId, accessKeySecret: emulator.accessKeySecret },
    timeoutMs: 2000,
    limiter: createLimiter(),
    now: () => new Date(emulator.time()),
    sleep: async (ms) => emulator.advance(ms),
    random: () => 0.5,
    ...options,
  });
}

const actionsOf = (emulator: Emulator) => emulator.received.map(({ action }) => action);

describe("a preload on the wire", () => {
  test("is one signed POST with the URLs in their order, one a line", async () => {
    const { emulator, client } = await emulated();
    const paths = [B, `${A}?v=1&w=2`, "vod.example.com/c%20d"];
    const answer = await client.preloadObjectCaches({ paths });
    expect(answer).toEqual({ preloadTaskId: "70422000000001", requestId: emulator.received[0]?.requestId });
    expect(emulator.received).toMatchObject([{ action: PRELOAD, method: "POST", status: 200 }]);
    expect(emulator.received.flatMap(pathsOf)).toEqual(paths);
  });

  test.each<[string, Partial<PreloadRequest>, { Area: string; L2Preload: string; WithHeader?: string }]>([
    ["nothing else", {}, { Area: "domestic", L2Preload: "false" }],
    ["undefined", { area: undefined, headers: undefined }, { Area: "domestic", L2Preload: "false" }],
    ["an area", { area: "overseas" }, { Area: "overseas", L2Preload: "false" }],
    ["L2 nodes", { l2Preload: true }, { Area: "domestic", L2Preload: "true" }],
    ["no headers", { headers: {} }, { Area: "domestic", L2Preload: "false" }],
    [
      "headers",
      { headers: { "Accept-Encoding": "gzip, deflate, br", "X-A": '"1"' } },
      {
        Area: "domestic",
        L2Preload: "false",
        WithHeader: '{"Accept-Encoding":["gzip, deflate, br"],"X-A":["\\"1\\""]}',
      },
    ],
  ])("carries %s", async (_, options, sent) => {
    const { emulator, client } = await emulated();
    await client.preloadObjectCaches({ ...request, ...options });
    const { Area, L2Preload, WithHeader, ObjectType, Force } = emulator.received[0]?.parameters ?? {};
    expect({ Area, L2Preload, WithHeader, ObjectType, Force }).toEqual(sent);
  });

  test("carries the security token of temporary credentials", async () => {
    const { emulator } = await emulated({}, { securityToken: "CAIStoken" });
    const { accessKeyId, accessKeySecret } = emulator;
    const credentials = { accessKeyId, accessKeySecret, securityToken: "CAIStoken" };
    await clientOf(emulator, { credentials }).preloadObjectCaches(request);
    expect(emulator.received).toMatchObject([{ status: 200 }]);
  });

  test("carries as many URLs as a call may, so that five calls use up the quota of a day", async () => {
    const { emulator, client } = await emulated();
    for (let from = 0; from < DAILY_QUOTA.preload; from += PRELOADS_PER_CALL) {
      await client.preloadObjectCaches({
        paths: Array.from({ length: PRELOADS_PER_CALL }, (_, index) => `${A}?${from + index}`),
      });
    }
    expect(await client.describeRefreshQuota()).toMatchObject({ preload: { quota: 500, remain: 0 } });
    expect(emulator.quota()).toEqual({ urlRemain: 2000, dirRemain: 100, preloadRemain: 0 });
  });
});

describe("what a viewer gets first", () => {
  const seen = async (emulator: Emulator) => {
    const { body, cache } = await view(emulator, A);
    return `${body} ${cache}`;
  };

  test("after a purge and a preload is the new content, from the cache", async () => {
    const { emulator, client } = await emulated();
    await view(emulator, A);
    publish(emulator, "vod.example.com/a", "new");
    await client.refreshObjectCaches({ paths: [A], objectType: "File", force: false });
    await client.preloadObjectCaches({ paths: [A] });
    expect(await seen(emulator)).toBe("new HIT");
    expect(emulator.events.map(({ kind }) => kind)).toEqual(["view", "purge", "preload", "view"]);
  });

  test("after a preload before the purge is the new content, from the origin", async () => {
    const { emulator, client } = await emulated();
    await view(emulator, A);
    publish(emulator, "vod.example.com/a", "new");
    await client.preloadObjectCaches({ paths: [A] });
    expect(await seen(emulator)).toBe("old HIT");
    await client.refreshObjectCaches({ paths: [A], objectType: "File", force: false });
    expect(await seen(emulator)).toBe("new MISS");
  });

  test("after a preload for the other area comes from the origin", async () => {
    const { emulator, client } = await emulated();
    await client.preloadObjectCaches({ paths: [A], area: "overseas" });
    expect(await seen(emulator)).toBe("old MISS");
  });

  test("can't be what the origin doesn't have, and the task says so", async () => {
    const { client } = await emulated();
    const { preloadTaskId } = await client.preloadObjectCaches({ paths: [A, `${A}/none`] });
    const tasks = await client.describeRefreshTasks({ taskId: preloadTaskId });
    expect(tasks).toMatchObject([
      { objectPath: A, objectType: "preload", status: "Complete", percent: 100, description: "" },
      { objectPath: `${A}/none`, status: "Failed", percent: 0, description: "Origin Return StatusCode 404" },
    ]);
  });
});

describe("a preload whose answer is lost after the work", () => {
  test.each<[string, Fault]>([
    ["a reset", { kind: "reset-after" }],
    ["half an answer", { kind: "truncated" }],
    ["an answer without a task ID", { kind: "missing-fields" }],
    ["a gateway's page", { kind: "html", afterWork: true }],
    ["an error of the service's own", { kind: "error", afterWork: true }],
  ])("by %s is found among the tasks of its type, and not sent again", async (_, fault) => {
    const { emulator, client } = await emulated();
    await client.refreshObjectCaches({ ...request, objectType: "File", force: false });
    emulator.received.splice(0);
    emulator.fault({ ...fault, action: PRELOAD, times: 1 });
    expect(await client.preloadObjectCaches(request)).toEqual({ preloadTaskId: "70422000000002", recovered: true });
    // The rows of both ends, and then of their task: it has no other path.
    expect(actionsOf(emulator)).toEqual([PRELOAD, TASKS, TASKS, TASKS]);
    expect(emulator.quota().preloadRemain).toBe(498);
  });

  test("is found with the task IDs of all its domains", async () => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "reset-after", action: PRELOAD, times: 1 });
    const answer = await client.preloadObjectCaches({ paths: [A, "https://img.example.com/m", B] });
    expect(answer).toMatchObject({ recovered: true });
    const accepted = new Set(emulator.tasks().map(({ taskId }) => taskId));
    expect(new Set(answer.preloadTaskId.split(","))).toEqual(accepted);
  });
});

describe("an uncertain preload is sent again, and recorded as repeated, where", () => {
  const REPEATED = { preloadTaskId: expect.any(String), requestId: expect.any(String), repeated: true };

  test("nothing was done", async () => {
    const { emulator, client } = await emulated();
    emulator.fault({ kind: "reset-before", action: PRELOAD, times: 1 });
    expect(await client.preloadObjectCaches(request)).toEqual(REPEATED);
    expect(emulator.quota().preloadRemain).toBe(498);
  });

  test("only a refresh of the same URLs is found", async () => {
    const { emulator } = await emulated();
    emulator.fault({ kind: "reset-before", action: PRELOAD, times: 1 });
    // Another process: this client doesn't know its answers.
    const other = clientOf(emulator, { endpoint: emulator.endpoint.replace("127.0.0.1", "localhost") });
    const sleep = async (ms: number) => {
      await other.refreshObjectCaches({ ...request, objectType: "File", force: false });
      emulator.advance(ms);
    };
    expect(await clientOf(emulator, { sleep }).preloadObjectCaches(request)).toEqual(REPEATED);
  });

  test("only a preload of this process of the same URLs for the other area is found", async () => {
    const { emulator } = await emulated();
    emulator.fault({ kind: "reset-before", action: PRELOAD, times: 1 });
    const sleep = async (ms: number) => {
      await clientOf(emulator).preloadObjectCaches({ ...request, area: "overseas" });
      emulator.advance(ms);
    };
    expect(await clientOf(emulator, { sleep }).preloadObjectCaches(request)).toEqual(REPEATED);
    expect(emulator.tasks().map(({ area }) => area)).toEqual(["domestic", "domestic", "overseas", "overseas"]);
  });

  test("but not where this process has preloaded the same URLs in the same way since", async () => {
    const { emulator } = await emulated();
    emulator.fault({ kind: "reset-before", action: PRELOAD, times: 1 });
    const sleep = async (ms: number) => {
      await clientOf(emulator).preloadObjectCaches(request);
      emulator.advance(ms);
    };
    expect(await clientOf(emulator, { sleep }).preloadObjectCaches(request)).toMatchObject({ recovered: true });
    expect(emulator.quota().preloadRemain).toBe(498);
  });
});

describe("a queue that is full", () => {
  test("is waited for", async () => {
    const { emulator, client } = await emulated({}, { preloadQueue: 2, taskDelayMs: 5_000 });
    await client.preloadObjectCaches({ paths: [A] });
    expect(await client.preloadObjectCaches(request)).not.toHaveProperty("repeated");
    expect(emulator.received.slice(1, 3).map(({ code }) => code)).toEqual(["PreloadQueueFull", "PreloadQueueFull"]);
    expect(emulator.quota().preloadRemain).toBe(497);
  });

  test("and stays so is an error", async () => {
    const { client } = await emulated({ retry: { timeoutMs: 60_000, maxAttempts: 2 } }, { preloadQueue: 1 });
    await expect(client.preloadObjectCaches(request)).rejects.toMatchObject({
      code: "PreloadQueueFull",
      httpStatus: 403,
      message: expect.stringMatching(/^The account's queue of preloads is full\. It was/),
    });
  });
});
