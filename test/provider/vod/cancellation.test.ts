/** An aborted signal ends waits and pauses at once; no further call is sent, and a call on its way is answered. */
import { describe, expect, test } from "vitest";
import { cancelledError, untilCancelled } from "../../../provider/vod/cancellation.js";
import { vodClient } from "../../../provider/vod/client.js";
import { VodError } from "../../../provider/vod/errors.js";
import { createLimiter } from "../../../provider/vod/rate-limiter.js";
import { realSleep, retrying } from "../../../provider/vod/retry.js";
import type { Emulator } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";

const throttled = new VodError("The VOD API throttled the call.", "Wait.", { code: "Throttling", retryable: true });
const lost = new VodError("The answer was lost.", "Check.", {
  code: "Timeout",
  retryable: true,
  outcomeUnknown: true,
});
const limits = { timeoutMs: 300_000, maxAttempts: 10 };
const never = () => new Promise<void>(() => {});

/** A call that fails with these errors in turn, and is cancelled in the pause after the last of them. */
async function cancelledAfter(failures: readonly VodError[]) {
  const controller = new AbortController();
  let attempts = 0;
  let questions = 0;
  const call = async () => {
    throw failures[attempts++] as VodError;
  };
  const sleep = async () => {
    if (attempts < failures.length) return;
    controller.abort();
    await never();
  };
  const recover = async () => {
    questions++;
    return "unconfirmed" as const;
  };
  const settings = { limits, now: () => new Date(0), sleep, random: () => 0.5, recover, signal: controller.signal };
  const error = await retrying(call, settings).catch((thrown) => thrown);
  return { error, attempts, questions };
}

describe("a call that is cancelled before it is sent again", () => {
  test("fails at once, and says what had failed", async () => {
    const { error, attempts, questions } = await cancelledAfter([throttled, throttled]);
    expect(error).toMatchObject({ name: "VodError", code: "Cancelled", retryable: false, outcomeUnknown: false });
    expect(error.message).toBe(
      "The operation was cancelled before a retry: the VOD API throttled the call. " +
        "Run `pulumi up` again to continue; what the service accepted isn't sent again. (code Cancelled)",
    );
    expect({ attempts, questions }).toEqual({ attempts: 2, questions: 1 });
  });

  test("may have been accepted if any of its attempts may have been", async () => {
    const { error } = await cancelledAfter([lost, throttled]);
    expect(error).toMatchObject({ code: "Cancelled", outcomeUnknown: true });
    expect(error.remedy).toBe(
      "Run `pulumi up` again: it repeats the call, since the service may or may not have accepted it.",
    );
  });

  test("isn't asked for: no question follows the cancellation", async () => {
    expect(await cancelledAfter([lost])).toMatchObject({ attempts: 1, questions: 0 });
  });
});

describe("a call on its way when the operation is cancelled", () => {
  const run = (failure?: VodError) => {
    const controller = new AbortController();
    const call = async () => {
      controller.abort();
      if (failure) throw failure;
      return "answer";
    };
    const settings = { limits, now: () => new Date(0), sleep: never, random: () => 0.5, signal: controller.signal };
    return retrying(call, settings).catch((error) => error);
  };

  test("counts when it is answered", async () => {
    expect(await run()).toBe("answer");
  });

  test("fails as it does when a retry can't help", async () => {
    const refused = new VodError("It was refused.", "Allow it.", { code: "Forbidden.RAM" });
    expect(await run(refused)).toBe(refused);
  });

  test("isn't sent again when a retry could help", async () => {
    expect(await run(throttled)).toMatchObject({ code: "Cancelled" });
  });
});

test("nothing is sent once the operation is cancelled", async () => {
  const call = () => expect.unreachable();
  const settings = { limits, now: () => new Date(0), sleep: never, random: () => 0.5, signal: AbortSignal.abort() };
  await expect(retrying(call, settings)).rejects.toMatchObject({ code: "Cancelled" });
  await expect(createLimiter().run(call, undefined, settings.signal)).rejects.toMatchObject({ code: "Cancelled" });
});

test("a call that waits for its turn is cancelled at once; those beside it keep theirs", async () => {
  let now = 0;
  let wake = () => {};
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      wake = () => {
        now += ms;
        resolve();
      };
    });
  const limiter = createLimiter({ now: () => now, sleep });
  const asked = { ...throttled, code: "Throttling", retryAfterMs: 8_000 };
  const pause = new VodError(asked.happened, asked.remedy, asked);
  await limiter.run(() => Promise.reject(pause)).catch(() => {});
  const controller = new AbortController();
  const begun: string[] = [];
  const run = (name: string, signal?: AbortSignal) => limiter.run(async () => void begun.push(name), undefined, signal);
  const calls = [run("first"), run("cancelled", controller.signal), run("last", new AbortController().signal)];
  controller.abort();
  await expect(calls[1]).rejects.toMatchObject({ code: "Cancelled" });
  expect({ begun, now }).toEqual({ begun: [], now: 0 });
  wake();
  await Promise.all([calls[0], calls[2]]);
  expect(begun).toEqual(["first", "last"]);
});

test("a real pause ends with the signal, and so does a wait for anything else", async () => {
  const controller = new AbortController();
  const slept = realSleep(3_600_000, controller.signal).catch((error: Error) => error.name);
  const waited = untilCancelled(controller.signal, never).catch((error) => error);
  controller.abort();
  expect(await slept).toBe("AbortError");
  expect(await waited).toMatchObject({ code: "Cancelled", message: cancelledError().message });
});

describe("a client", () => {
  const request = { paths: ["https://vod.example.com/a"], objectType: "File" as const, force: false };
  const clientOf = ({ endpoint, accessKeyId, accessKeySecret }: Emulator, get?: () => void) =>
    vodClient({
      endpoint,
      credentials: {
        description: "a test",
        get: async () => {
          get?.();
          return { accessKeyId, accessKeySecret };
        },
      },
      limiter: createLimiter(),
      sleep: never,
    });

  test("sends nothing when the operation is cancelled while it gets the credentials", async () => {
    const emulator = await started();
    const controller = new AbortController();
    const client = clientOf(emulator, () => controller.abort());
    const { signal } = controller;
    await expect(client.refreshObjectCaches(request, { signal })).rejects.toMatchObject({ code: "Cancelled" });
    expect(emulator.received).toEqual([]);
  });

  test("doesn't wait for the answer to a question, and waits for that to a call that is on its way", async () => {
    const emulator = await started();
    emulator.fault({ kind: "delay", ms: 60_000, action: "DescribeVodRefreshQuota" });
    emulator.fault({ kind: "delay", ms: 300, action: "RefreshVodObjectCaches" });
    const controller = new AbortController();
    const { signal } = controller;
    const client = clientOf(emulator);
    const question = client.describeRefreshQuota({ signal }).catch((error) => error.code);
    const call = client.refreshObjectCaches(request, { signal });
    await expect.poll(() => emulator.received.length).toBe(2);
    controller.abort();
    expect(await question).toBe("Cancelled");
    expect(await call).toMatchObject({ refreshTaskId: expect.any(String) });
  });

  test("asks no more whether a call was accepted, nor how much is left of the day", async () => {
    const emulator = await started();
    const controller = new AbortController();
    emulator.fault({ kind: "reset-after", times: 1, action: "RefreshVodObjectCaches" });
    const { endpoint } = emulator;
    const cancelled = vodClient({
      endpoint,
      credentials: emulator,
      limiter: createLimiter(),
      sleep: async () => controller.abort(),
    });
    const error = await cancelled.refreshObjectCaches(request, { signal: controller.signal }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "Cancelled", outcomeUnknown: true });
    expect(emulator.received).toHaveLength(1);
  });
});
