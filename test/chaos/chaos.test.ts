/** A short run of the chaos test, and proof that it finds mistakes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { UncertainCall } from "../../provider/vod/tasks.js";
import { engines } from "../engine/index.js";
import { MISTAKES } from "./mistakes.js";
import { CROWD, chaosRun, type RunOptions, type Setting } from "./run.js";
import { wholeRun } from "./whole.js";

const RUNS = 40;
const WHOLE_RUNS = 3;
/** The number of runs within which a mistake has to be found. */
const RUNS_TO_FIND = 120;
/** They take seconds each, and many on a busy machine. */
const WHOLE_TIMEOUT_MS = 180_000;

/** What stands in for parts of the provider that nothing can be put around. */
const inside = vi.hoisted(() => ({
  doubt: (doubt: UncertainCall): UncertainCall => doubt,
  isAnyRowOwn: false,
}));
vi.mock("../../provider/vod/tasks.js", async (original) => {
  const tasks = await original<typeof import("../../provider/vod/tasks.js")>();
  const acceptedTaskIds: typeof tasks.acceptedTaskIds = (doubt, ask) => tasks.acceptedTaskIds(inside.doubt(doubt), ask);
  return { ...tasks, acceptedTaskIds };
});
vi.mock("../../provider/tasks/outstanding.js", async (original) => {
  const outstanding = await original<typeof import("../../provider/tasks/outstanding.js")>();
  const rowNames: typeof outstanding.rowNames = (...given) =>
    inside.isAnyRowOwn ? (path) => path : outstanding.rowNames(...given);
  const findOutstanding: typeof outstanding.findOutstanding = (...given) => ({
    ...outstanding.findOutstanding(...given),
    ...(inside.isAnyRowOwn ? { nameOf: (path) => path } : {}),
  });
  return { ...outstanding, rowNames, findOutstanding };
});

const { XDG_CACHE_HOME } = process.env;
const cache = mkdtempSync(join(tmpdir(), "vod-chaos-cache-"));
beforeAll(() => {
  process.env.XDG_CACHE_HOME = cache;
});
afterAll(() => {
  if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  rmSync(cache, { recursive: true, force: true });
});

test(`${RUNS} runs: every invariant holds`, async () => {
  let [kills, faults] = [0, 0];
  for (let seed = 1; seed <= RUNS; seed++) {
    const result = await chaosRun({ seed });
    const replay = `npm run chaos -- --seed ${seed}`;
    expect(result.violation, replay).toBeUndefined();
    kills += result.kills;
    faults += [...result.faults.values()].reduce((sum, count) => sum + count, 0);
  }
  expect(kills).toBeGreaterThan(5);
  expect(faults).toBeGreaterThan(100);
});

test(
  `${WHOLE_RUNS} runs of whole programs: every invariant holds`,
  async () => {
    const engine = engines()[0] as ReturnType<typeof engines>[number];
    const program = join(__dirname, "../e2e/programs/commonjs");
    for (let seed = 1; seed <= WHOLE_RUNS; seed++) {
      const { violation } = await wholeRun({ seed, engine: await engine.create(), program });
      expect(violation, `npm run chaos -- --engine --seed ${seed}`).toBeUndefined();
    }
  },
  WHOLE_TIMEOUT_MS,
);

describe("a seed is the same run every time", () => {
  test.each([7, 11, 13, 23, 44, 64])("%i", async (seed) => {
    const [one, other] = [await traced(seed), await traced(seed)];
    expect(one.length).toBeGreaterThan(10);
    expect(other).toEqual(one);
  });
});

async function traced(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await chaosRun({ seed, trace: (line) => lines.push(withoutChance(line)) });
  // Resources that are deployed at the same time tell what they do in any order.
  return lines.sort();
}

/** What is another each time: the emulator's ports and request IDs. */
function withoutChance(line: string): string {
  return line.replaceAll(/127\.0\.0\.1:\d+/g, "").replaceAll(/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/g, "");
}

/** Whether a mistake is found; it counts only where the sound provider has none. */
async function expectFound(options: Omit<RunOptions, "seed">, withoutIt: () => void = () => {}): Promise<void> {
  for (let seed = 1; seed <= RUNS_TO_FIND; seed++) {
    const { violation } = await chaosRun({ seed, ...options });
    if (violation === undefined) continue;
    withoutIt();
    const { around: _, ...sound } = options;
    expect((await chaosRun({ seed, ...sound })).violation).toBeUndefined();
    return;
  }
  expect.unreachable(`not found in ${RUNS_TO_FIND} runs`);
}

describe("a mistake is found", () => {
  const sound = { ...inside };
  const mend = () => Object.assign(inside, sound);
  afterEach(mend);

  test.each(Object.entries(MISTAKES))("%s", (_, around) => expectFound({ around }));

  test.each<[string, Partial<typeof inside>, Setting?]>([
    [
      "a lost call passes for accepted by its first path",
      { doubt: (doubt) => ({ ...doubt, paths: doubt.paths.slice(0, 1) }) },
    ],
    [
      "a lost call passes for accepted by an older task",
      { doubt: (doubt) => ({ ...doubt, since: () => 0, belongsToOther: () => false }) },
    ],
    ["the failure of another resource is one's own", { isAnyRowOwn: true }, CROWD],
  ])("%s", async (_, mistake, setting) => {
    Object.assign(inside, mistake);
    await expectFound(setting ? { setting } : {}, mend);
  });
});
