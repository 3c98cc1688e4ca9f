/** The looks at the edge, by a clock of the test's own. */
import { expect, test } from "vitest";
import type { Outcome } from "../../../provider/edge/judge.js";
import { countConnections, pauseAfter, verifyTargets } from "../../../provider/edge/verify.js";

const target = (name: string, domain = "vod.example.com") => ({ path: `https://${domain}/${name}` });
const pathOf = (name: string) => target(name).path;

interface Setup {
  /** What each look at a path gives; the last one stays. */
  looks: Record<string, Outcome[]>;
  timeoutMs?: number;
  /** Cancels at that look. */
  cancelAt?: number;
}

function setUp({ looks, timeoutMs = 300_000, cancelAt }: Setup) {
  const asked: string[] = [];
  const pauses: number[] = [];
  const lines: string[] = [];
  const times = new Map<string, number>();
  const controller = new AbortController();
  let clock = 0;
  const names = Object.keys(looks);
  const run = () =>
    verifyTargets(
      names.map((name) => target(name)),
      {
        timeoutMs,
        ask: async ({ path }) => {
          const name = path.slice(path.lastIndexOf("/") + 1);
          const before = times.get(name) ?? 0;
          times.set(name, before + 1);
          asked.push(name);
          if (asked.length === cancelAt) {
            controller.abort();
            throw new Error("aborted");
          }
          const outcome = looks[name]?.[before] ?? looks[name]?.at(-1) ?? "stale";
          return { outcome, seen: `look ${before + 1}` };
        },
        now: () => clock,
        sleep: async (ms) => {
          pauses.push(ms);
          clock += ms;
        },
        random: () => 1,
        signal: controller.signal,
        onProgress: (line) => lines.push(line),
      },
    );
  return { run, asked, pauses, lines };
}

test("what is fresh, or can't be verified, is asked for once; what is stale again, until it is fresh", async () => {
  const { run, asked, pauses, lines } = setUp({
    looks: { a: ["fresh"], b: ["stale", "stale", "fresh"], c: ["notVerifiable"] },
  });
  expect(await run()).toEqual({
    fresh: [
      { path: pathOf("a"), seen: "look 1" },
      { path: pathOf("b"), seen: "look 3" },
    ],
    stale: [],
    notVerifiable: [{ path: pathOf("c"), seen: "look 1" }],
    cancelled: false,
  });
  expect(asked).toEqual(["a", "b", "c", "b", "b"]);
  expect(pauses).toEqual([2_000, 3_000]);
  expect(lines).toEqual([
    "verifying: 2 of 3 paths done, asking for the others again in 2 s",
    "verifying: 2 of 3 paths done, asking for the others again in 3 s",
  ]);
});

test("the last look is at the end of the time", async () => {
  const { run, asked, pauses } = setUp({ looks: { a: ["stale"] }, timeoutMs: 30_000 });
  expect(await run()).toMatchObject({ fresh: [], stale: [{ path: pathOf("a") }] });
  expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  expect(asked).toHaveLength(pauses.length + 1);
});

test("a time of zero is one look", async () => {
  const { run, asked, pauses } = setUp({ looks: { a: ["stale", "fresh"] }, timeoutMs: 0 });
  expect((await run()).stale).toEqual([{ path: pathOf("a"), seen: "look 1" }]);
  expect(asked).toEqual(["a"]);
  expect(pauses).toEqual([]);
});

test("an edge that doesn't answer is asked three times, and then isn't verifiable", async () => {
  const { run, asked } = setUp({ looks: { a: ["unanswered"], b: ["unanswered", "stale", "fresh"] } });
  expect(await run()).toMatchObject({
    fresh: [{ path: pathOf("b"), seen: "look 3" }],
    stale: [],
    notVerifiable: [{ path: pathOf("a"), seen: "look 3" }],
  });
  expect(asked.filter((name) => name === "a")).toHaveLength(3);
});

test("cancelled, it ends at once, and what nobody saw to be fresh counts as stale", async () => {
  const { run, asked, pauses } = setUp({ looks: { a: ["fresh"], b: ["fresh"], c: ["fresh"] }, cancelAt: 2 });
  expect(await run()).toMatchObject({
    fresh: [{ path: pathOf("a") }],
    stale: [
      { path: pathOf("b"), seen: "not asked" },
      { path: pathOf("c"), seen: "not asked" },
    ],
    cancelled: true,
  });
  expect(asked).toEqual(["a", "b"]);
  expect(pauses).toEqual([]);
});

test("pauses grow up to 15 s, with jitter in their upper half", () => {
  expect([0, 1, 2, 9].map((looks) => pauseAfter(looks, 1))).toEqual([2_000, 3_000, 4_500, 15_000]);
  expect(pauseAfter(0, 0)).toBe(1_000);
});

test("a domain has one connection for a usual sample, and at most six", () => {
  expect([1, 20, 25, 26, 100, 2_000].map(countConnections)).toEqual([1, 1, 1, 2, 4, 6]);
});

test("domains are asked side by side, the paths of one after the other", async () => {
  let [running, most] = [0, 0];
  const running1 = new Map<string, number>();
  const targets = ["a.example.com", "b.example.com"].flatMap((domain) =>
    ["1", "2", "3"].map((name) => target(name, domain)),
  );
  await verifyTargets(targets, {
    timeoutMs: 0,
    ask: async ({ path }) => {
      const domain = path.split("/")[2] ?? "";
      running1.set(domain, (running1.get(domain) ?? 0) + 1);
      expect(running1.get(domain)).toBe(1);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      running1.set(domain, 0);
      return { outcome: "fresh", seen: "" };
    },
    now: () => 0,
    onProgress: () => {},
  });
  expect(most).toBe(2);
});
