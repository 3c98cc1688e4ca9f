/** Waiting, retrying and reading the status again, with a clock that moves by each sleep. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, type EmulatorOptions, pathsOf } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { urnOf } from "../lines.js";
import { simulated } from "../resource/emulated.js";

type Properties = Record<string, unknown>;
type Deployed = { id: string; inputs: Properties; outs: Properties };
type Failure = Error & { id?: string; properties?: Properties };

const PATHS = ["https://vod.example.com/a", "https://vod.example.com/b"];
const DAY_MS = 24 * 60 * 60 * 1000;

let emulator: Emulator;
let time: ReturnType<typeof simulated>;
const provider = () => time.provider();
beforeEach(async () => {
  await start();
});
afterEach(() => expect(time.lines.join("\n")).not.toContain(emulator.accessKeyId));

async function start(options: EmulatorOptions = {}) {
  emulator = await started(options);
  time = simulated(emulator);
}

const program = (more: Properties = {}): Properties => ({
  __urn: urnOf("site"),
  paths: PATHS,
  contentHash: "v1",
  ...more,
});

async function up(old: Deployed | undefined, more: Properties = {}): Promise<Deployed> {
  const made = provider();
  const { inputs, failures } = await made.check(old?.inputs ?? {}, program(more));
  expect(failures).toEqual([]);
  if (old === undefined) return { inputs, ...(await made.create(inputs)) };
  return { id: old.id, inputs, ...(await made.update(old.id, old.outs, inputs)) };
}
/** A deployment that fails: what the engine keeps of it, and the message. */
async function failing(old: Deployed | undefined, more: Properties = {}): Promise<Deployed & { message: string }> {
  const failure: Failure = await up(old, more).then(
    () => expect.unreachable(),
    (error: Failure) => error,
  );
  const { id = "", properties = {}, message } = failure;
  return { id, inputs: old?.inputs ?? (await provider().check({}, program(more))).inputs, outs: properties, message };
}
const calls = () => emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches");
const accepted = () =>
  calls()
    .filter(({ status }) => status === 200)
    .flatMap(pathsOf);

describe("wait", () => {
  test("follows the tasks to their end", async () => {
    await start({ taskDelayMs: 60_000 });
    const { outs } = await up(undefined, { wait: true });
    expect(outs.status).toBe("Complete");
    expect(time.slept()).toBeGreaterThan(55_000);
    expect(time.lines.at(-1)).toBe("site: refresh complete: 2 of 2 URLs");
    expect(calls()).toHaveLength(1);
  });

  test("left out, leaves the status that the service accepted everything", async () => {
    await start({ taskDelayMs: 60_000 });
    expect((await up(undefined)).outs.status).toBe("Submitted");
    expect(time.slept()).toBe(0);
  });

  test("sends the path of a task that failed once more", async () => {
    emulator.fault({ kind: "task-failed", path: PATHS[1] as string, times: 1 });
    const { outs } = await up(undefined, { wait: true });
    expect(outs).toMatchObject({ status: "Complete", pending: [] });
    expect(accepted()).toEqual([...PATHS, PATHS[1]]);
  });

  test("fails the update by path and description if a path fails again, which is then pending", async () => {
    emulator.fault({ kind: "task-failed", path: PATHS[1] as string, description: "Origin Timeout" });
    const failed = await failing(undefined, { wait: true });
    expect(failed.message).toMatch(
      /^1 refresh failed after a retry: https:\/\/vod\.example\.com\/b \(Origin Timeout\)\. Check that the domain's origin .* 1 of 2 URLs is pending; the next update sends it\. \(code RefreshFailed\)$/,
    );
    expect(failed.outs).toMatchObject({ status: "Incomplete", pending: [PATHS[1]] });
    emulator.clearFaults();
    const next = await up(failed, { wait: true });
    expect(next.outs).toMatchObject({ status: "Complete", pending: [] });
    expect(accepted().slice(-1)).toEqual([PATHS[1]]);
  });

  test("fails the update in time if a task never ends, and the next one waits on without a call", async () => {
    emulator.fault({ kind: "task-stuck", times: 1 });
    const failed = await failing(undefined, { wait: { timeout: 60 } });
    expect(failed.message).toMatch(
      /^The refresh did not complete within 60 s: 0 of 2 URLs complete, .* Run `pulumi up` again to keep waiting, .*\(code RefreshTimeout\)$/,
    );
    expect(failed.outs).toMatchObject({ status: "Refreshing", pending: [] });
    expect(time.slept()).toBeLessThanOrEqual(61_000);
    const again = await failing(failed, { wait: { timeout: 60 } });
    expect(again.outs.status).toBe("Refreshing");
    expect(calls()).toHaveLength(1);
  });

  test("leaves a path pending as well whose task fails while a later call is refused", async () => {
    const paths = Array.from({ length: 1001 }, (_, index) => `https://vod.example.com/${index}`);
    emulator.fault({ kind: "task-failed", path: paths[3] as string, times: 1 });
    emulator.set({ urlRemain: 1000 });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
    const failed = await failing(undefined, { paths, wait: true });
    expect(failed.outs).toMatchObject({ status: "Incomplete" });
    expect(failed.outs.pending).toEqual(expect.arrayContaining([paths[3], paths[1000]]));
  });

  test("sends a path once more whose task turns out to have failed when the next update waits on", async () => {
    await start({ taskDelayMs: 100_000 });
    emulator.fault({ kind: "task-failed", path: PATHS[1] as string, times: 1 });
    const failed = await failing(undefined, { wait: { timeout: 10 } });
    expect(failed.outs).toMatchObject({ status: "Refreshing", pending: [] });
    expect((await up(failed, { wait: { timeout: 500 } })).outs).toMatchObject({ status: "Complete", pending: [] });
    expect(accepted()).toEqual([...PATHS, PATHS[1]]);
  });

  test("leaves pending what is left for another day, however the rest ends", async () => {
    emulator.set({ urlRemain: 1 });
    const { outs } = await up(undefined, { wait: true, quota: { onExceeded: "partial" } });
    expect(outs).toMatchObject({ status: "Incomplete", pending: [PATHS[1]] });
  });

  test("fails the update if the tasks can't be asked for, and the next one waits for them", async () => {
    await start({ taskDelayMs: 5_000 });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks" });
    const failed = await failing(undefined, { wait: true });
    expect(failed.message).toContain("(code Forbidden.RAM,");
    expect(failed.outs).toMatchObject({ status: "Submitted", pending: [] });
    emulator.clearFaults();
    expect((await up(failed, { wait: true })).outs.status).toBe("Complete");
    expect(calls()).toHaveLength(1);
  });

  test("sends paths once more whose end had to be seen, and whose records have expired", async () => {
    emulator.fault({ kind: "task-stuck", times: 1 });
    const failed = await failing(undefined, { wait: { timeout: 60 } });
    await time.pass(4 * DAY_MS);
    expect(failed.outs).toMatchObject({ status: "Refreshing", pending: [], unconfirmed: PATHS });
    const { outs } = await up(failed, { wait: { timeout: 60 } });
    expect(outs.status).toBe("Complete");
    expect(outs).not.toHaveProperty("unconfirmed");
    expect(accepted()).toEqual([...PATHS, ...PATHS]);
    expect(time.lines).toContain(
      `site: warning: 2 paths of the last update did not complete within an hour: ${PATHS.join(", ")}; retrying them once`,
    );
  });

  test("sends a path once more whose task hasn't ended within an hour; before that, waits for it", async () => {
    emulator.fault({ kind: "task-stuck", path: PATHS[1] as string, times: 1 });
    const failed = await failing(undefined, { wait: { timeout: 60 } });
    expect(failed.outs).toMatchObject({ status: "Refreshing", unconfirmed: [PATHS[1]] });
    const again = await failing(failed, { wait: { timeout: 60 } });
    expect(accepted()).toEqual(PATHS);
    await time.pass(60 * 60 * 1000);
    expect((await up(again, { wait: { timeout: 60 } })).outs.status).toBe("Complete");
    expect(accepted()).toEqual([...PATHS, PATHS[1]]);
  });

  test.each([
    ["Regex", "https://vod.example.com/x/[0-9].js", false],
    ["Directory", "https://vod.example.com/x/", true],
  ])("sends a %s that was removed again as what it was", async (objectType, path, force) => {
    const created = await up(undefined, { paths: [path], objectType, force, refreshOnCreate: false });
    const contents = { paths: undefined, contentHash: undefined, contents: {}, wait: { timeout: 60 } };
    emulator.fault({ kind: "task-stuck", path, times: 1 });
    const failed = await failing(created, contents);
    expect(failed.outs).toMatchObject({ unconfirmed: [path], __removedPaths: { [path]: { objectType, force } } });
    await time.pass(60 * 60 * 1000);
    const { outs } = await up(failed, contents);
    expect(outs.status).toBe("Complete");
    expect(outs).not.toHaveProperty("__removedPaths");
    const call = [objectType, path, String(force)];
    expect(
      calls().map(({ parameters: { ObjectType, ObjectPath, Force } }) => [ObjectType, ObjectPath, Force ?? "false"]),
    ).toEqual([call, call]);
  });

  test("sends a directory that stood for URLs again as a directory, until its end is seen", async () => {
    const directory = { kind: "task-stuck", path: "https://vod.example.com/x/", times: 1 } as const;
    const urls = Array.from({ length: 30 }, (_, index) => [`${directory.path}${index}`, "v1"]);
    const contents = { contents: Object.fromEntries(urls), paths: undefined, contentHash: undefined };
    const manner = { ...contents, quota: { collapse: "always" }, wait: { timeout: 60 } };
    emulator.fault(directory);
    let last = await failing(undefined, manner);
    expect(last.outs).toMatchObject({ pending: [], unconfirmed: [directory.path] });

    const hour = () => time.pass(60 * 60 * 1000);
    for (const kind of ["task-failed", "task-stuck"] as const) {
      await hour();
      emulator.fault({ ...directory, kind, times: 2 });
      last = await failing(last, manner);
      expect(last.outs).toMatchObject({ pending: [], unconfirmed: [directory.path] });
      emulator.clearFaults();
    }
    await hour();
    const { outs } = await up(last, manner);
    expect(outs.status).toBe("Complete");
    expect(new Set(accepted())).toEqual(new Set([directory.path]));
  });

  test("sees in a third update what two updates in a row couldn't see", async () => {
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks", times: 2 });
    emulator.fault({ kind: "task-failed", path: PATHS[0] as string, description: "Origin Timeout", times: 1 });
    const first = await failing(undefined, { wait: true });
    const more = { wait: true, paths: [...PATHS, "https://vod.example.com/c"] };
    const second = await failing(first, more);
    expect(second.outs).toMatchObject({ status: "Submitted", pending: [], unconfirmed: more.paths });
    expect((await up(second, more)).outs.status).toBe("Complete");
    expect(accepted()).toEqual([...more.paths, PATHS[0]]);
  });

  test("confirms paths in a refresh of the state if they are complete; a path that failed is sent again by the next update", async () => {
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks", times: 1 });
    const fine = await failing(undefined, { wait: true });
    const { props } = await provider().read(fine.id, fine.outs);
    expect(props).toMatchObject({ status: "Complete" });
    expect(props).not.toHaveProperty("unconfirmed");
    expect(await provider().diff(fine.id, props, fine.inputs)).toEqual({ changes: false });

    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks", times: 1 });
    emulator.fault({ kind: "task-failed", path: PATHS[0] as string, description: "Origin Timeout", times: 1 });
    const bad = await failing({ ...fine, outs: props }, { wait: true, contentHash: "v2" });
    const seen = await provider().read(bad.id, bad.outs);
    expect(seen.props).toMatchObject({ status: "Failed", unconfirmed: PATHS });
    const before = accepted().length;
    const { outs } = await up({ ...bad, outs: seen.props }, { wait: true, contentHash: "v2" });
    expect(outs.status).toBe("Complete");
    expect(accepted().slice(before)).toEqual([PATHS[0]]);
  });

  test("forgets what is unconfirmed once it is left out, or the program no longer names the path", async () => {
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks", times: 1 });
    const failed = await failing(undefined, { wait: true });
    expect((await up(failed)).outs).not.toHaveProperty("unconfirmed");
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks", times: 1 });
    const again = await failing(failed, { wait: true, paths: PATHS.slice(1) });
    expect(again.outs.unconfirmed).toEqual(PATHS.slice(1));
    expect(accepted()).toEqual(PATHS);
  });

  test("shows what is unconfirmed in the preview of the next update", async () => {
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks", times: 1 });
    const { id, outs } = await failing(undefined, { wait: true });
    const { inputs } = await provider().check({}, program({ wait: true }));
    expect(await provider().diff(id, outs, inputs)).toEqual({ changes: true });
    expect(time.lines.at(-1)).toBe(`site: waiting for 2 paths of the last update: ${PATHS.join(", ")}`);
  });

  test("with onTimeout warn, lets the update succeed with the true status", async () => {
    emulator.fault({ kind: "task-stuck", times: 1 });
    const { outs } = await up(undefined, { wait: { timeout: 60, onTimeout: "warn" } });
    expect(outs.status).toBe("Refreshing");
    expect(time.lines.at(-1)).toMatch(/^site: warning: The refresh did not complete within 60 s: 0 of 2 URLs complete/);
  });
});

test.each([
  { profile: "other" },
  { assumeRole: { roleArn: "acs:ram::1234567890123456:role/vod", sessionName: "release", externalId: "1" } },
  { endpoint: "vod-vpc.cn-shanghai.aliyuncs.com" },
])("a change of who calls, or where, refreshes nothing: %o", async (change) => {
  const before = await up(undefined);
  const { length } = time.lines;
  const { inputs } = await provider().check(before.inputs, program(change));
  expect(await provider().diff(before.id, before.outs, inputs)).toEqual({ changes: true });
  expect(time.lines).toHaveLength(length);
  expect((await up(before, change)).outs).toEqual({ ...before.outs, ...change });
  expect(calls()).toHaveLength(1);
});

describe("retry", () => {
  test("sends a throttled call again, after the pause that the service asks for", async () => {
    emulator.fault({ kind: "throttle", times: 2, retryAfterMs: 7000, action: "RefreshVodObjectCaches" });
    const { outs } = await up(undefined);
    expect(outs.status).toBe("Submitted");
    expect(accepted()).toEqual(PATHS);
    expect(time.slept()).toBeGreaterThanOrEqual(14_000);
    expect(time.lines.join("\n")).toMatch(/throttled/);
  });

  test("sends a later call of several again with all of its paths", async () => {
    const domains = Array.from({ length: 12 }, (_, index) => `d${index}.example.com`);
    await start({ domains });
    const paths = domains.flatMap((domain) => [`https://${domain}/a`, `https://${domain}/b`]);
    const push = emulator.received.push.bind(emulator.received);
    emulator.received.push = (...received) => {
      const isLater = received.some(({ action }) => action === "RefreshVodObjectCaches") && calls().length === 1;
      if (isLater) emulator.fault({ kind: "throttle", times: 1 });
      return push(...received);
    };
    expect((await up(undefined, { paths })).outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(calls().map(pathsOf)).toEqual([paths.slice(0, 20), paths.slice(20), paths.slice(20)]);
  });

  test("waits for a domain that is being configured", async () => {
    emulator.fault({ kind: "error", code: "ServiceBusy", times: 3, action: "RefreshVodObjectCaches" });
    expect((await up(undefined)).outs.status).toBe("Submitted");
    expect(accepted()).toEqual(PATHS);
  });

  test("doesn't delay a failure that a retry can't help", async () => {
    emulator.set({ service: "suspended" });
    const failed = await failing(undefined);
    expect(failed.message).toContain("(code OperationDenied.Suspended,");
    expect(time.slept()).toBe(0);
  });

  test("ends as the program says", async () => {
    emulator.fault({ kind: "throttle", action: "RefreshVodObjectCaches" });
    await failing(undefined, { retry: { maxAttempts: 3 } });
    expect(calls()).toHaveLength(3);
  });

  test("doesn't send a call again whose answer got lost, if it was accepted", async () => {
    emulator.fault({ kind: "reset-after", times: 1, action: "RefreshVodObjectCaches" });
    const { outs } = await up(undefined);
    expect(outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(outs.taskIds).toHaveLength(1);
    expect(calls()).toHaveLength(1);
    expect(emulator.quota().urlRemain).toBe(1998);
  });

  test("takes its tasks if the day's quota doesn't hold it again, which nobody has to know", async () => {
    const paths = Array.from({ length: 400 }, (_, index) => `https://vod.example.com/${index}`);
    emulator.set({ urlRemain: 600 });
    emulator.fault({ kind: "delay", ms: 300, afterWork: true, times: 1, action: "RefreshVodObjectCaches" });
    emulator.fault({ kind: "reset-after", times: 1, action: "RefreshVodObjectCaches" });
    const { outs } = await up(undefined, { paths });
    expect(outs).toMatchObject({ status: "Submitted", pending: [], taskIds: [emulator.tasks()[0]?.taskId] });
    expect(emulator.quota().urlRemain).toBe(200);
    expect(time.lines.join("\n")).not.toContain("warning");
  });

  test("takes tasks that are no proof, with a warning, if the day's quota doesn't hold it again", async () => {
    emulator.set({ dirRemain: 1 });
    emulator.fault({ kind: "reset-after", times: 1, action: "RefreshVodObjectCaches" });
    const directory = { paths: ["https://vod.example.com/x/"], objectType: "Directory", force: true };
    const { outs } = await up(undefined, directory);
    expect(outs).toMatchObject({ status: "Submitted", pending: [], taskIds: [emulator.tasks()[0]?.taskId] });
    expect(time.lines.join("\n")).toContain(
      "warning: the answer to a call was lost, and today's quota has no room to repeat it; the tasks",
    );
  });

  test("doesn't call anything undone that may have been done", async () => {
    const first = await up(undefined);
    emulator.set({ urlRemain: 2 });
    emulator.fault({ kind: "reset-before", times: 1, action: "RefreshVodObjectCaches" });
    emulator.fault({ kind: "error", code: "QuotaExceeded.Refresh", action: "RefreshVodObjectCaches", times: 1 });
    const failed = await failing(first, { contentHash: "v2" });
    expect(failed.message).toMatch(/The service may have accepted an earlier attempt, whose answer was lost\. /);
    expect(failed.message).not.toMatch(/pending|nothing/);
  });

  test("sends it again if it wasn't accepted, or if that can't be known", async () => {
    emulator.fault({ kind: "reset-before", times: 1, action: "RefreshVodObjectCaches" });
    await up(undefined);
    expect(accepted()).toEqual(PATHS);

    await start();
    emulator.fault({ kind: "reset-after", times: 1, action: "RefreshVodObjectCaches" });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks" });
    await up(undefined);
    expect(calls()).toHaveLength(2);
    expect(time.lines.join("\n")).toContain(
      "warning: a call was sent twice because the outcome of the first is unknown; it may count twice against today's quota",
    );
  });
});

describe("a refresh of the state", () => {
  test("brings the status up to date", async () => {
    await start({ taskDelayMs: 60_000 });
    const { id, outs } = await up(undefined);
    expect((await provider().read(id, outs)).props.status).toBe("Refreshing");
    emulator.advance(60_000);
    expect(await provider().read(id, outs)).toEqual({ id, props: { ...outs, status: "Complete" } });
  });

  test("never causes a call of the next update", async () => {
    emulator.fault({ kind: "task-failed" });
    const created = await up(undefined);
    const { props } = await provider().read(created.id, created.outs);
    expect(props.status).toBe("Failed");
    expect(await provider().diff(created.id, props, created.inputs)).toEqual({ changes: false });
  });

  test("leaves the last known status if the records have expired, and says so", async () => {
    const { id, outs } = await up(undefined);
    emulator.advance(4 * DAY_MS);
    expect(await provider().read(id, outs)).toEqual({ id, props: outs });
    expect(time.lines.at(-1)).toBe(
      "site: the status stays Submitted: the service keeps the records of tasks for 3 days only",
    );
  });

  test("changes nothing if the service can't be asked, and says so", async () => {
    const { id, outs } = await up(undefined);
    emulator.set({ accessKey: "deleted" });
    expect(await provider().read(id, outs)).toEqual({ id, props: outs });
    expect(time.lines.at(-1)).toMatch(
      /^site: warning: the status stays Submitted, because it could not be read\. The access key ID doesn't exist \(the environment's ALIBABA_CLOUD_ACCESS_KEY_ID, access key ID ….{4}\)\./,
    );
  });

  test("asks nothing if nothing can have changed", async () => {
    const { id, outs } = await up(undefined, { wait: true });
    const before = emulator.received.length;
    expect(await provider().read(id, outs)).toEqual({ id, props: outs });
    expect(emulator.received).toHaveLength(before);
  });
});
