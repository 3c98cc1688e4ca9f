/** Proof that the chaos test finds mistakes. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { UncertainCall } from "../../provider/vod/tasks.js";
import { MISTAKES } from "./mistakes.js";
import { CROWD, chaosRun, type RunOptions, type Setting } from "./run.js";

/** The number of runs within which a mistake has to be found. */
const RUNS_TO_FIND = 120;

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
