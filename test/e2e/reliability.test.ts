/** What goes wrong between Pulumi and the service: what the user sees, what the state holds, what the next update does. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { killProviders } from "../chaos/processes.js";
import { type Fault, view } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { expectNoStackTrace, openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const URL_A = "http://vod.example.com/a";

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  const open = async (options = {}) => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"), options);
    const { emulator } = stack;
    const publish = (text: string) => {
      const file = join(emulator.origin, "vod.example.com/a");
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    };
    const served = async () => (await view(emulator, URL_A)).body;
    const calls = () => emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches").length;
    return { ...stack, publish, served, calls };
  };
  const program = (contentHash: string, more = {}) => resources({ site: { paths: [URL_A], contentHash, ...more } });
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  /** Deploys version 1, changes the content, and lets the deployment of version 2 meet a fault. */
  async function meeting(fault: Fault, more = {}) {
    const opened = await open();
    opened.publish("old");
    await opened.run("up", program("v1", more));
    expect(await opened.served()).toBe("old");
    opened.publish("new");
    opened.emulator.advance(2000);
    opened.emulator.fault({ ...fault, action: "RefreshVodObjectCaches" });
    const result = await opened.run("up", program("v2", more));
    expectNoStackTrace(result.output);
    return { ...opened, ...result };
  }

  test.each<[string, Fault]>([
    ["a throttle", { kind: "throttle", times: 1, retryAfterMs: 100 }],
    ["a busy domain", { kind: "error", code: "ServiceBusy", times: 1 }],
    ["a fault of the service", { kind: "error", code: "InternalError", times: 1 }],
    ["a connection that is reset", { kind: "reset-before", times: 1 }],
    ["an answer that gets lost", { kind: "reset-after", times: 1 }],
    ["a gateway's page", { kind: "html", status: 502, times: 1 }],
    ["half of an answer", { kind: "truncated", times: 1 }],
  ])("%s once: the update succeeds, and the edge is fresh", async (_, fault) => {
    const { succeeded, served } = await meeting(fault);
    expect(succeeded).toBe(true);
    expect(await served()).toBe("new");
  });

  test.each<[string, Fault, RegExp]>([
    ["a throttle", { kind: "throttle", retryAfterMs: 100 }, /The VOD API throttled the call\./],
    [
      "a suspended service",
      { kind: "error", code: "OperationDenied.Suspended" },
      /suspended for this account because of overdue payments/,
    ],
    [
      "a page of HTML",
      { kind: "html", status: 200 },
      /answered with text\/html, which is not what the VOD API answers/,
    ],
  ])("%s that lasts: the update fails, the path is pending, and the next one sends it", async (_, fault, sentence) => {
    const {
      emulator,
      succeeded,
      output,
      resources: left,
      run,
      served,
    } = await meeting(fault, { retry: { maxAttempts: 2 } });
    expect(succeeded).toBe(false);
    expect(output).toMatch(sentence);
    expect(left[0]).toMatchObject({ outputs: { status: "Incomplete", pending: [URL_A], contentHash: "v2" } });
    emulator.clearFaults();
    expect((await run("up", program("v2", { retry: { maxAttempts: 2 } }))).succeeded).toBe(true);
    expect(await served()).toBe("new");
  });

  test("wait: an update succeeds when the tasks have ended, and says so", async () => {
    const { run, publish, served, emulator } = await open({ taskDelayMs: 1500 });
    publish("old");
    await run("up", program("v1"));
    emulator.advance(2000);
    await served();
    publish("new");
    const waited = await run("up", program("v2", { wait: true }));
    expect(waited).toMatchObject({ succeeded: true, outputs: { site: { status: "Complete" } } });
    expect(waited.output).toContain("site: 1 of 1 done");
    expect(await served()).toBe("new");
  });

  test("wait: a task that never ends fails the update in time; the next one waits on and sends nothing", async () => {
    const { run, emulator, calls } = await open();
    emulator.fault({ kind: "task-stuck" });
    const failed = await run("up", program("v1", { wait: { timeout: 1 } }));
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain("The refresh hasn't ended within 1 s: 0 of 1 done");
    expect(failed.resources[0]).toMatchObject({ outputs: { status: "Refreshing", pending: [] } });
    expect((await run("up", program("v1", { wait: { timeout: 1 } }))).succeeded).toBe(false);
    const warned = await run("up", program("v1", { wait: { timeout: 1, onTimeout: "warn" } }));
    expect(warned).toMatchObject({ succeeded: true, outputs: { site: { status: "Refreshing" } } });
    expect(calls()).toBe(1);
  });

  test("wait: a task that fails twice fails the update by its path; the next one sends that path", async () => {
    const { run, emulator, calls, publish, served } = await open();
    publish("old");
    await served();
    publish("new");
    emulator.fault({ kind: "task-failed", description: "Origin Timeout", times: 2 });
    const failed = await run("up", program("v1", { wait: true }));
    expect(failed.output).toContain(`1 of 1 failed: ${URL_A} (Origin Timeout).`);
    expect(failed.resources[0]).toMatchObject({ outputs: { status: "Incomplete", pending: [URL_A] } });
    expect((await run("up", program("v1", { wait: true }))).outputs).toMatchObject({ site: { status: "Complete" } });
    expect(calls()).toBe(3);
    expect(await served()).toBe("new");
  });

  test("wait: tasks that can't be asked for fail the update; the next one looks again and sends nothing", async () => {
    const { run, emulator, calls } = await open();
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshTasks", times: 1 });
    const failed = await run("up", program("v1", { wait: true }));
    expect(failed.output).toContain("The credentials lack the permission for this call (");
    expect(failed.resources[0]).toMatchObject({ outputs: { status: "Submitted", pending: [], unconfirmed: [URL_A] } });
    const preview = await run("preview", program("v1", { wait: true }));
    expect(preview.output).toContain(`site: waits for the tasks of the last update, 1 path: ${URL_A}`);
    const [after] = (await run("up", program("v1", { wait: true }))).resources;
    expect(after?.outputs).toMatchObject({ status: "Complete" });
    expect(after?.outputs).not.toHaveProperty("unconfirmed");
    expect(calls()).toBe(1);
  });

  test("refresh brings the status up to date, and never causes a call", async () => {
    const { run, emulator, calls } = await open({ taskDelayMs: 60_000 });
    await run("up", program("v1"));
    expect((await run("refresh", program("v1"))).resources[0]).toMatchObject({ outputs: { status: "Refreshing" } });
    emulator.advance(60_000);
    expect((await run("refresh", program("v1"))).resources[0]).toMatchObject({ outputs: { status: "Complete" } });
    emulator.advance(4 * 24 * 60 * 60 * 1000);
    expect((await run("refresh", program("v1"))).resources[0]).toMatchObject({ outputs: { status: "Complete" } });
    expect((await run("up", program("v1"))).changes).not.toHaveProperty("update");
    expect(calls()).toBe(1);
  });

  // The stand-in ends the provider's process at once. The Pulumi CLI lets the update go on to its end, which is the deadline here.
  test("an update that is stopped while it waits loses nothing: the next one sees to it", async () => {
    const { run, emulator, publish, served } = await open();
    publish("old");
    await run("up", program("v1"));
    await served();
    publish("new");
    emulator.advance(2000);
    const hour = 60 * 60 * 1000;
    emulator.set({ taskDelayMs: hour });
    const wait = { timeout: 10 };
    const stop = new AbortController();
    const stopping = run("up", program("v2", { wait }), {}, undefined, undefined, stop.signal);
    while (emulator.tasks().length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    expect((await stopping).succeeded).toBe(false);
    expect(await served()).toBe("old");
    emulator.advance(hour);
    emulator.set({ taskDelayMs: 0 });
    const { succeeded, outputs } = await run("up", program("v2", { wait }));
    expect({ succeeded, outputs }).toMatchObject({ succeeded: true, outputs: { site: { status: "Complete" } } });
    expect(await served()).toBe("new");
  });

  test.skipIf(process.platform === "win32")(
    "a provider that is killed loses nothing: the next one refreshes",
    async () => {
      const { run, emulator, publish, served, calls } = await open();
      publish("old");
      await run("up", program("v1"));
      await served();
      publish("new");
      emulator.advance(2000);
      const { received } = emulator;
      const push = received.push.bind(received);
      received.push = (...arrived) => {
        if (arrived.some(({ action }) => action === "RefreshVodObjectCaches")) killProviders();
        return push(...arrived);
      };
      const killed = await run("up", program("v2"));
      received.push = push;
      expect(killed.succeeded).toBe(false);
      expect(killed.resources[0]?.inputs.contentHash).toBe("v1");
      emulator.advance(2000);
      expect((await run("up", program("v2"))).succeeded).toBe(true);
      expect(calls()).toBe(3);
      expect(await served()).toBe("new");
    },
  );
});
