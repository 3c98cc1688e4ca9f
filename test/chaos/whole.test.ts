/** A few runs of whole programs, whose provider processes are killed. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { engines } from "../engine/index.js";
import { wholeRun } from "./whole.js";

const WHOLE_RUNS = 3;

test(`every invariant holds in ${WHOLE_RUNS} runs of whole programs`, async () => {
  const engine = engines()[0] as ReturnType<typeof engines>[number];
  const program = join(__dirname, "../e2e/programs/commonjs");
  for (let seed = 1; seed <= WHOLE_RUNS; seed++) {
    const { violation } = await wholeRun({ seed, engine: await engine.create(), program });
    expect(violation, `npm run chaos -- --engine --seed ${seed}`).toBeUndefined();
  }
});
