/** Failures between Pulumi and the service: what the user sees, what the state holds, what the next update does. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { killProviders } from "../chaos/processes.js";
import type { EmulatorOptions, Fault } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { type OneUrl, openOneUrl, program, URL_A, until } from "./one-url.js";
import { expectNoStackTrace, resources } from "./stack.js";

const ACTION = "RefreshVodObjectCaches";

describe.each(engines())("on the $name", ({ create }) => {
  let stack: OneUrl | undefined;
  const open = async (options: EmulatorOptions = {}) => {
    stack = await openOneUrl(await create(), options);
    return stack;
  };
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  /** Changes the content, and deploys the change while the service has a fault. */
  async function meet({ publish, emulator, run, served }: OneUrl, fault: Fault | Fault[], more = {}) {
    const before = await served();
    const text = `after ${before}`;
    publish(text);
    emulator.advance(2000);
    for (const one of [fault].flat()) emulator.fault({ ...one, action: ACTION });
    const result = await run("up", program(text, more));
    expectNoStackTrace(result.output);
    return { ...result, text, before };
  }

  describe("a fault that passes", () => {
    let shared: OneUrl;
    beforeAll(async () => {
      shared = await openOneUrl(await create());
      shared.publish("old");
      await shared.run("up", program("old"));
    });
    afterAll(() => shared.close());

    test.each<[string, Fault]>([
      ["a throttle", { kind: "throttle", times: 1, retryAfterMs: 100 }],
      ["a busy domain", { kind: "error", code: "ServiceBusy", times: 1 }],
      ["an internal error of the service", { kind: "error", code: "InternalError", times: 1 }],
      ["a connection that is reset", { kind: "reset-before", times: 1 }],
      ["a lost answer", { kind: "reset-after", times: 1 }],
      ["a gateway's page", { kind: "html", status: 502, times: 1 }],
      ["a truncated answer", { kind: "truncated", times: 1 }],
      ["an answer with wrong types", { kind: "wrong-types", times: 1 }],
      ["an answer without its fields", { kind: "missing-fields", times: 1 }],
      ["an empty answer", { kind: "empty", times: 1 }],
    ])("%s does not fail the update, and the edge is fresh", async (_, fault) => {
      const { succeeded, text, resources: after } = await meet(shared, fault);
      expect(succeeded).toBe(true);
      expect(after[0]).toMatchObject({ outputs: { status: "Submitted", pending: [] } });
      expect(await shared.served()).toBe(text);
    });

    test("a call whose answer is lost is found among the tasks, and is not sent again", async () => {
      const calls = shared.calls();
      const { outputs, output, text } = await meet(shared, { kind: "reset-after", times: 1 });
      expect(output).not.toContain("sent twice");
      expect(outputs).toMatchObject({ site: { taskIds: [shared.emulator.tasks()[0]?.taskId] } });
      expect(await shared.served()).toBe(text);
      expect(shared.calls() - calls).toBe(1);
    });

    test("a call without an answer within 20 s is found as well", async () => {
      const calls = shared.calls();
      const { output, text } = await meet(shared, { kind: "delay", ms: 600_000, afterWork: true, times: 1 });
      expect(output).not.toContain("sent twice");
      expect(await shared.served()).toBe(text);
      expect(shared.calls() - calls).toBe(1);
    });

    test("a call that didn't arrive is sent again, with a warning", async () => {
      const calls = shared.calls();
      const { output, resources: after, text } = await meet(shared, { kind: "reset-before", times: 1 });
      expect(output).toContain(
        "warning: a call was sent twice because the outcome of the first is unknown; it may count twice against today's quota",
      );
      expect(after[0]?.outputs.repeatedTaskIds).toEqual(after[0]?.outputs.taskIds);
      expect(await shared.served()).toBe(text);
      expect(shared.calls() - calls).toBe(2);
    });
  });

  describe("a fault that lasts", () => {
    let shared: OneUrl;
    beforeAll(async () => {
      shared = await openOneUrl(await create());
      shared.publish("old");
      await shared.run("up", program("old"));
    });
    afterAll(() => shared.close());

    test.each<[string, Fault, RegExp, object?]>([
      ["a throttle", { kind: "throttle", retryAfterMs: 100 }, /The VOD API throttled the call\./],
      [
        "a suspended service",
        { kind: "error", code: "OperationDenied.Suspended" },
        /suspended for this account because of overdue payments/,
      ],
      [
        "a page of HTML",
        { kind: "html", status: 200 },
        /answered with text\/html, which is not an answer of the VOD API/,
      ],
      [
        "the limit per minute",
        { kind: "error", code: "QuotaPerMinuteExceeded.Refresh" },
        /The account's refresh limit per minute is reached\./,
        // The next minute may be almost a minute away.
        { timeout: 0 },
      ],
    ])("%s fails the update, the path is pending, and the next update sends it", async (_, fault, sentence, limits) => {
      const retry = limits ?? { maxAttempts: 2 };
      const { succeeded, output, resources: left, text } = await meet(shared, fault, { retry });
      expect(succeeded).toBe(false);
      expect(output).toMatch(sentence);
      expect(left[0]).toMatchObject({ outputs: { status: "Incomplete", pending: [URL_A], contentHash: text } });
      shared.emulator.clearFaults();
      expect((await shared.run("up", program(text, { retry }))).succeeded).toBe(true);
      expect(await shared.served()).toBe(text);
    });
  });

  test("a wrong clock fails the update at once, with a sentence that names it", async () => {
    const { run, calls } = await open({ now: () => Date.now() + 20 * 60_000 });
    const { succeeded, output, resources: left } = await run("up", program("v1"));
    expect(succeeded).toBe(false);
    expect(output).toContain("This machine's clock is more than 15 minutes off the service's.");
    expectNoStackTrace(output);
    expect(left).toEqual([]);
    expect(calls()).toBe(1);
  });

  test("if the files of a source change during the update, nothing is sent, and the next update sends what is due", async () => {
    const { run, emulator, publish, refreshed } = await open();
    const source = { directory: join(emulator.origin, "vod.example.com"), baseUrl: "http://vod.example.com/" };
    const config = resources({ site: { source } });
    publish("old");
    publish("b", "b");
    await run("up", config);
    publish("new");
    const { received } = emulator;
    const push = received.push.bind(received);
    // The provider asks for the quota after it has hashed the files.
    received.push = (...arrived) => {
      if (arrived.some(({ action }) => action === "DescribeVodRefreshQuota")) publish("newer still");
      return push(...arrived);
    };
    const failed = await run("up", config);
    received.push = push;
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain("Files of the source changed during the update");
    expect(failed.resources[0]).toMatchObject({ outputs: { status: "Incomplete", pending: [URL_A] } });
    expect((await run("up", config)).succeeded).toBe(true);
    expect(refreshed().slice(2)).toEqual([URL_A]);
  });

  // The stand-in ends the provider's process at once. The Pulumi CLI lets the update run until the retries are over.
  test("an update that is interrupted during a retry loses nothing: the next one sends what is due", async () => {
    const { run, emulator, publish, served } = await open();
    publish("old");
    await run("up", program("v1"));
    await served();
    publish("new");
    emulator.advance(2000);
    emulator.fault({ kind: "throttle", retryAfterMs: 3000, action: ACTION });
    const retry = { timeout: 8 };
    const stop = new AbortController();
    const stopping = run("up", program("v2", { retry }), {}, undefined, undefined, stop.signal);
    await until(() => emulator.received.some(({ code }) => code === "Throttling"));
    stop.abort();
    expect((await stopping).succeeded).toBe(false);
    expect(await served()).toBe("old");
    emulator.clearFaults();
    const { succeeded, outputs } = await run("up", program("v2", { retry }));
    expect({ succeeded, outputs }).toMatchObject({ succeeded: true, outputs: { site: { pending: [] } } });
    expect(await served()).toBe("new");
  });

  test.skipIf(process.platform === "win32")(
    "a provider that is killed loses nothing: the next update refreshes",
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
        if (arrived.some(({ action }) => action === ACTION)) killProviders();
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
