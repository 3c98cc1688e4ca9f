/** Accepted tasks: `wait` follows them to their end, and `pulumi refresh` reads their status later. */
import { afterEach, describe, expect, test } from "vitest";
import type { EmulatorOptions } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { type OneUrl, openOneUrl, program, URL_A, until } from "./one-url.js";
import { resources } from "./stack.js";

const HOUR = 60 * 60 * 1000;
const FORBIDDEN = { kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks" } as const;

describe.each(engines())("on the $name", ({ create }) => {
  let stack: OneUrl | undefined;
  const open = async (options: EmulatorOptions = {}) => {
    const engine = await create();
    stack = await openOneUrl(engine, options);
    /** Moves the last update into the past, by this machine's clock. */
    const letPass = async (ms: number) => {
      const earlier = (_: string, at: string) => `"submittedAt":"${new Date(Date.parse(at) - ms).toISOString()}"`;
      const exported = JSON.stringify(JSON.parse(await engine.exportState()));
      await engine.importState?.(exported.replace(/"submittedAt":"([^"]+)"/g, earlier));
    };
    return { ...stack, letPass };
  };
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  test("wait: an update succeeds once its tasks have ended, and says so", async () => {
    const { run, publish, served, emulator } = await open({ taskDelayMs: 1500 });
    publish("old");
    await run("up", program("v1"));
    emulator.advance(2000);
    await served();
    publish("new");
    const waited = await run("up", program("v2", { wait: true }));
    expect(waited).toMatchObject({ succeeded: true, outputs: { site: { status: "Complete" } } });
    expect(waited.output).toContain("refresh complete: 1 of 1 URLs");
    expect(await served()).toBe("new");
  });

  test("wait: a task that never ends fails the update at the timeout; the next one waits without sending; an hour later the path is sent again", async () => {
    const { run, emulator, calls, letPass, publish, served } = await open();
    publish("old");
    await served();
    publish("new");
    emulator.fault({ kind: "task-stuck", times: 1 });
    const failed = await run("up", program("v1", { wait: { timeout: 5 } }));
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain("The refresh did not complete within 5 s: 0 of 1 URLs complete");
    expect(failed.resources[0]).toMatchObject({ outputs: { status: "Refreshing", pending: [], unconfirmed: [URL_A] } });
    const warned = await run("up", program("v1", { wait: { timeout: 5, onTimeout: "warn" } }));
    expect(warned).toMatchObject({ succeeded: true, outputs: { site: { status: "Refreshing" } } });
    expect(calls()).toBe(1);
    expect(await served()).toBe("old");

    await letPass(HOUR);
    const [after] = (await run("up", program("v1", { wait: true }))).resources;
    expect(after?.outputs).toMatchObject({ status: "Complete", pending: [] });
    expect(after?.outputs).not.toHaveProperty("unconfirmed");
    expect(calls()).toBe(2);
    expect(await served()).toBe("new");
  });

  test("wait: a path whose task fails once is sent again and the update succeeds; if it fails twice, the update fails and the next one sends the path", async () => {
    const { run, emulator, calls, publish, served } = await open();
    publish("old");
    await served();
    publish("new");
    emulator.fault({ kind: "task-failed", description: "Origin Timeout", times: 1 });
    const once = await run("up", program("v1", { wait: true }));
    expect(once).toMatchObject({ succeeded: true, outputs: { site: { status: "Complete", pending: [] } } });
    expect(once.output).toContain(`warning: 1 of 1 refreshes failed: ${URL_A} (Origin Timeout); retrying it once`);
    expect(calls()).toBe(2);
    expect(await served()).toBe("new");

    publish("newer");
    emulator.fault({ kind: "task-failed", description: "Origin Timeout", times: 2 });
    const twice = await run("up", program("v2", { wait: true }));
    expect(twice.succeeded).toBe(false);
    expect(twice.output).toContain(`1 refresh failed after a retry: ${URL_A} (Origin Timeout).`);
    expect(twice.resources[0]).toMatchObject({ outputs: { status: "Incomplete", pending: [URL_A] } });
    expect((await run("up", program("v2", { wait: true }))).outputs).toMatchObject({ site: { status: "Complete" } });
    expect(calls()).toBe(5);
    expect(await served()).toBe("newer");
  });

  test("wait: two updates whose tasks can't be read fail; the next one reads all tasks and sends nothing", async () => {
    const { run, emulator, calls } = await open();
    const URL_B = URL_A.replace("/a", "/b");
    const of = (a: string, b: string) => resources({ site: { contents: { [URL_A]: a, [URL_B]: b }, wait: true } });
    emulator.fault(FORBIDDEN);
    const first = await run("up", of("1", "1"));
    expect(first.output).toContain("The credentials lack the permission for this call (");
    expect(first.resources[0]?.outputs).toMatchObject({ status: "Submitted", unconfirmed: [URL_A, URL_B] });
    emulator.advance(2000);
    const second = await run("up", of("1", "2"));
    expect(second.succeeded).toBe(false);
    const tasks = [...new Set(emulator.tasks().map(({ taskId }) => taskId))].sort();
    expect(tasks).toHaveLength(2);
    expect(second.resources[0]?.outputs).toMatchObject({
      status: "Submitted",
      pending: [],
      taskIds: tasks,
      unconfirmed: [URL_A, URL_B],
    });

    emulator.clearFaults();
    const preview = await run("preview", of("1", "2"));
    expect(preview.output).toContain("waiting for 2 paths of the last update: ");
    const [after] = (await run("up", of("1", "2"))).resources;
    expect(after?.outputs).toMatchObject({ status: "Complete" });
    expect(after?.outputs).not.toHaveProperty("unconfirmed");
    expect(calls()).toBe(2);
  });

  test("refresh updates the status, keeps it if the records have expired, and never sends anything", async () => {
    const { run, emulator, calls } = await open({ taskDelayMs: 60_000 });
    await run("up", program("v1"));
    expect((await run("refresh", program("v1"))).resources[0]).toMatchObject({ outputs: { status: "Refreshing" } });
    emulator.advance(4 * 24 * HOUR);
    const expired = await run("refresh", program("v1"));
    expect(expired.resources[0]).toMatchObject({ outputs: { status: "Refreshing" } });
    expect(expired.output).toContain(
      "the status stays Refreshing: the service keeps the records of tasks for 3 days only",
    );
    expect((await run("up", program("v1"))).changes).not.toHaveProperty("update");
    await run("up", program("v2"));
    emulator.advance(60_000);
    expect((await run("refresh", program("v2"))).resources[0]).toMatchObject({ outputs: { status: "Complete" } });
    expect((await run("up", program("v2"))).changes).not.toHaveProperty("update");
    expect(calls()).toBe(2);
  });

  // The stand-in ends the provider's process at once. The Pulumi CLI lets the update run until its timeout.
  test("an update that is interrupted while it waits loses nothing: the next one completes it", async () => {
    const { run, emulator, publish, served } = await open();
    publish("old");
    await run("up", program("v1"));
    await served();
    publish("new");
    emulator.advance(2000);
    emulator.set({ taskDelayMs: HOUR });
    const wait = { timeout: 10 };
    const stop = new AbortController();
    const stopping = run("up", program("v2", { wait }), {}, undefined, undefined, stop.signal);
    await until(() => emulator.tasks().length === 2);
    stop.abort();
    expect((await stopping).succeeded).toBe(false);
    expect(await served()).toBe("old");
    emulator.advance(HOUR);
    emulator.set({ taskDelayMs: 0 });
    const { succeeded, outputs } = await run("up", program("v2", { wait }));
    expect({ succeeded, outputs }).toMatchObject({ succeeded: true, outputs: { site: { status: "Complete" } } });
    expect(await served()).toBe("new");
  });
});
