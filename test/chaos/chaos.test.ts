/** A short run of the chaos test. */
import { describe, expect, test } from "vitest";
import { chaosRun } from "./run.js";

const RUNS = 40;

test(`every invariant holds in ${RUNS} runs`, async () => {
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

describe("the same seed gives the same run", () => {
  test.each([7, 11, 13, 15, 23, 44, 64])("seed %i", async (seed) => {
    const [one, other] = [await traceRun(seed), await traceRun(seed)];
    expect(one.length).toBeGreaterThan(10);
    expect(other).toEqual(one);
  });
});

async function traceRun(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await chaosRun({ seed, trace: (line) => lines.push(removeChance(line)) });
  // Resources that are deployed in parallel log in any order.
  return lines.sort();
}

/** Removes what differs in each run: the emulator's ports and request IDs. */
function removeChance(line: string): string {
  return line.replaceAll(/127\.0\.0\.1:\d+/g, "").replaceAll(/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/g, "");
}
