/** A deployment that is cancelled ends at once, sends nothing further, and leaves in the state what the next one needs. */
import { beforeEach, describe, expect, test } from "vitest";
import type { CallContext, Properties } from "../../../provider/resource/context.js";
import { ResourceInitFailedError } from "../../../provider/resource/outputs.js";
import { CacheResourceProvider } from "../../../provider/resource/provider.js";
import { PRELOAD, REFRESH, type ResourceKind } from "../../../provider/schema/inputs.js";
import { createLimiter } from "../../../provider/vod/rate-limiter.js";
import { type Emulator, type EmulatorOptions, pathsOf } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { logInto } from "../lines.js";

const url = (name: string | number) => `https://vod.example.com/${name}`;
const PATHS = [url("a"), url("b")];

let emulator: Emulator;
let slept: number;
let lines: string[];
let controller: AbortController;
/** Called with each pause before it, and after each call with how many there were. */
let onSleep: (ms: number) => void;
let onCall: (calls: number) => void;
beforeEach(() => start());

async function start(options: EmulatorOptions = {}) {
  emulator = await started(options);
  slept = 0;
  lines = [];
  controller = new AbortController();
  onSleep = () => {};
  onCall = () => {};
}

const cancel = () => controller.abort();
const context = (): CallContext => ({
  name: "site",
  log: logInto(lines),
  signal: controller.signal,
});

function provider(kind: ResourceKind = REFRESH) {
  const now = () => new Date(Date.now() + slept);
  const sleep = async (ms: number) => {
    onSleep(ms);
    slept += ms;
    emulator.advance(ms);
  };
  const limiter = createLimiter({ now: () => now().getTime(), sleep });
  const made = new CacheResourceProvider(kind, {
    environment: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
      VOD_ENDPOINT: emulator.endpoint,
    },
    now,
    sleep,
    random: () => 0.5,
    limiter: {
      ...limiter,
      run: (...call) => limiter.run(...call).finally(() => onCall(calls().length)),
    },
  });
  made.configure(() => undefined);
  return made;
}

const calls = () => emulator.received.filter(({ action }) => /^(Refresh|Preload)Vod/.test(action));
const sent = () =>
  calls()
    .filter(({ status }) => status === 200)
    .map(pathsOf);

async function check(news: Properties, kind?: ResourceKind): Promise<Properties> {
  const { inputs, failures } = await provider(kind).check({}, { contentHash: "v1", ...news }, context());
  expect(failures).toEqual([]);
  return inputs;
}

/** Creates a resource, which fails: what the engine keeps of it. */
async function failing(news: Properties, kind?: ResourceKind): Promise<ResourceInitFailedError> {
  const inputs = await check(news, kind);
  const error = await provider(kind)
    .create(inputs, context())
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ResourceInitFailedError);
  return error;
}

/** The update that follows a cancelled one, and isn't cancelled itself. */
async function next({ id, properties }: ResourceInitFailedError, news: Properties): Promise<Properties> {
  controller = new AbortController();
  [onSleep, onCall] = [() => {}, () => {}];
  return (await provider().update(id, properties, await check(news), context())).outs;
}

describe("cancelled while it waits for its tasks", () => {
  const news = { paths: PATHS, wait: { timeout: 600 } };

  test("the update fails with what was seen; the next one waits on without a call", async () => {
    await start({ taskDelayMs: 60_000 });
    onSleep = cancel;
    const failed = await failing(news);
    expect(failed.message).toBe(
      "The wait for the refresh was cancelled: 0 of 2 URLs complete, 2 still running. Run `pulumi up` again to keep waiting; " +
        "accepted calls are not sent again. (code Cancelled)",
    );
    expect(failed.properties).toMatchObject({ status: "Refreshing", pending: [], unconfirmed: PATHS });
    expect(emulator.received.filter(({ action }) => action === "DescribeVodRefreshTasks")).toHaveLength(1);
    const outs = await next(failed, news);
    expect(outs).toMatchObject({ status: "Complete", taskIds: failed.properties.taskIds });
    expect(sent()).toEqual([PATHS]);
  });

  test("it fails even where a timeout would only warn", async () => {
    await start({ taskDelayMs: 60_000 });
    onSleep = cancel;
    const failed = await failing({ paths: PATHS, wait: { timeout: 600, onTimeout: "warn" } });
    expect(failed.message).toContain("(code Cancelled)");
  });

  test("the update that only waits on keeps what it waits for", async () => {
    await start({ taskDelayMs: 600_000 });
    onSleep = cancel;
    const first = await failing(news);
    controller = new AbortController();
    const inputs = await check(news);
    const second = await provider()
      .update(first.id, first.properties, inputs, context())
      .catch((thrown) => thrown);
    expect(second.message).toContain("(code Cancelled)");
    expect(second.properties).toEqual(first.properties);
    expect(sent()).toEqual([PATHS]);
  });

  test("a path that failed is pending instead of sent once more", async () => {
    emulator.fault({ kind: "task-failed", path: PATHS[1] as string, times: 1 });
    onSleep = cancel;
    const failed = await failing(news);
    expect(failed.message).toContain("(code Cancelled)");
    expect(failed.properties).toMatchObject({ status: "Incomplete", pending: [PATHS[1]] });
    expect(await next(failed, news)).toMatchObject({ status: "Complete", pending: [] });
    expect(sent()).toEqual([PATHS, [PATHS[1]]]);
  });
});

describe("cancelled while it sends", () => {
  test("what was accepted stays accepted, and the next update sends the rest", async () => {
    const paths = Array.from({ length: 1001 }, (_, index) => url(index));
    onCall = (count) => count === 1 && cancel();
    const failed = await failing({ paths });
    expect(failed.message).toBe(
      "The operation was cancelled. Run `pulumi up` again to continue; what the service accepted isn't sent again. " +
        "1 of 1,001 URLs is pending; the next update sends it. (code Cancelled)",
    );
    expect(failed.properties).toMatchObject({ status: "Incomplete", pending: paths.slice(1000) });
    expect(await next(failed, { paths })).toMatchObject({ status: "Submitted", pending: [] });
    expect(sent()).toEqual([paths.slice(0, 1000), paths.slice(1000)]);
  });

  test("a pause before a call is sent again ends at once; a resource of which nothing was accepted isn't created", async () => {
    emulator.fault({ kind: "throttle", action: "RefreshVodObjectCaches" });
    onSleep = cancel;
    const error = await provider()
      .create(await check({ paths: PATHS }), context())
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "VodError", code: "Cancelled" });
    expect(error.message).toContain("The operation was cancelled before a retry: the VOD API throttled the call.");
    expect(calls()).toHaveLength(1);
  });

  test("a call that may have been accepted is said to be unsure, and isn't asked for", async () => {
    emulator.fault({ kind: "reset-after", action: "RefreshVodObjectCaches", times: 1 });
    onSleep = cancel;
    const error = await provider()
      .create(await check({ paths: PATHS }), context())
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "Cancelled", outcomeUnknown: true });
    expect(error.message).toContain("the service may or may not have accepted it");
    expect(emulator.received.filter(({ action }) => action === "DescribeVodRefreshTasks")).toEqual([]);
  });
});

test("cancelled before it begins, an update sends and asks nothing, and leaves everything pending", async () => {
  const created = await provider().create(await check({ paths: PATHS, refreshOnCreate: false }), context());
  const before = emulator.received.length;
  const inputs = await check({ paths: PATHS, contentHash: "v2" });
  const asked = emulator.received.length - before;
  cancel();
  const failed = await provider()
    .update(created.id, created.outs, inputs, context())
    .catch((thrown) => thrown);
  expect(failed.message).toContain("(code Cancelled)");
  expect(failed.properties).toMatchObject({ status: "Incomplete", pending: PATHS, contentHash: "v2" });
  expect(emulator.received).toHaveLength(before + asked);
  expect(lines.join("\n")).not.toContain("quota isn't known");
});

test("cancelled while it waits for the refresh before it, a preload isn't sent", async () => {
  await start({ taskDelayMs: 60_000 });
  const { outs } = await provider().create(await check({ paths: PATHS }), context());
  const { objectType, taskIds, status, submittedAt } = outs;
  const inputs = await check({ paths: PATHS, refresh: { objectType, taskIds, status, submittedAt } }, PRELOAD);
  onSleep = cancel;
  const error = await provider(PRELOAD)
    .create(inputs, context())
    .catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "Cancelled" });
  expect(sent()).toEqual([PATHS]);
});

test("cancelled, a refresh of the state leaves the last known status", async () => {
  const { id, outs } = await provider().create(await check({ paths: PATHS }), context());
  cancel();
  expect(await provider().read(id, outs, context())).toEqual({ id, props: outs });
  expect(lines.at(-1)).toMatch(/^warning: the status stays Submitted, because it could not be read\. .*cancelled/);
});

test("the core knows nothing of a host: no property of its own is needed, and lines have no name", async () => {
  const inputs = await check({ paths: PATHS });
  const { outs } = await provider().create(inputs, { log: logInto(lines) });
  expect(outs).toMatchObject({ status: "Submitted", pending: [] });
  expect(Object.keys(outs).filter((name) => name.startsWith("__"))).toEqual(["__stateVersion"]);
  expect(lines).toContainEqual(expect.stringMatching(/^refresh submitted: 2 URLs in 1 call \(task /));
});
