/** Looks for a mistake that was planted in the provider. */
import { expect } from "vitest";
import { chaosRun, type RunOptions } from "./run.js";

/** The number of runs in which a mistake must be found. */
const RUNS_TO_FIND = 120;

/**
 * Expects that a mistake is found: a violation counts only if the correct provider has none with the same seed.
 *
 * @param options.first the first seed. Where few histories show a mistake, the search begins at one that does; it goes on from
 * there once a seed is another history. Default: 1.
 * @param restore puts the correct provider back.
 */
export async function expectFound(
  { first = 1, ...options }: Omit<RunOptions, "seed"> & { first?: number },
  restore: () => void = () => {},
): Promise<void> {
  for (let seed = first; seed < first + RUNS_TO_FIND; seed++) {
    const { violation } = await chaosRun({ seed, ...options });
    if (violation === undefined) continue;
    restore();
    const { around: _, ...sound } = options;
    expect((await chaosRun({ seed, ...sound })).violation).toBeUndefined();
    return;
  }
  expect.unreachable(`not found in ${RUNS_TO_FIND} runs`);
}
