/** A short run of the chaos test, and proof that it finds mistakes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../engine/index.js";
import { MISTAKES } from "./mistakes.js";
import { chaosRun } from "./run.js";
import { wholeRun } from "./whole.js";

const RUNS = 40;
const WHOLE_RUNS = 3;
/** The number of runs within which a mistake has to be found. */
const RUNS_TO_FIND = 60;

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

test(`${WHOLE_RUNS} runs of whole programs: every invariant holds`, async () => {
  const engine = engines()[0] as ReturnType<typeof engines>[number];
  const program = join(__dirname, "../e2e/programs/commonjs");
  for (let seed = 1; seed <= WHOLE_RUNS; seed++) {
    const { violation } = await wholeRun({ seed, engine: await engine.create(), program });
    expect(violation, `npm run chaos -- --engine --seed ${seed}`).toBeUndefined();
  }
});

test("a seed is the same run every time", async () => {
  const [one, other] = [await traced(7), await traced(7)];
  expect(one.length).toBeGreaterThan(10);
  expect(other).toEqual(one);
});

async function traced(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await chaosRun({ seed, trace: (line) => lines.push(withoutChance(line)) });
  return lines;
}

/** What is another each time: the emulator's ports and request IDs. */
function withoutChance(line: string): string {
  return line.replaceAll(/127\.0\.0\.1:\d+/g, "").replaceAll(/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/g, "");
}

describe("a mistake is found", () => {
  test.each(Object.entries(MISTAKES))("%s", async (_, around) => {
    for (let seed = 1; seed <= RUNS_TO_FIND; seed++) {
      const { violation } = await chaosRun({ seed, around });
      // It counts only where the sound provider has none.
      if (violation && !(await chaosRun({ seed })).violation) return;
    }
    expect.unreachable(`not found in ${RUNS_TO_FIND} runs`);
  });
});
