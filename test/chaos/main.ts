/**
 * `npm run chaos -- [--engine | --crowd] [--runs N] [--seed N]`: runs random histories of deployments with random
 * faults. With a seed and no number of runs it does that run alone, and prints each step. With `--engine` it deploys
 * whole programs, with the Pulumi CLI if that is on the PATH, otherwise with the stand-in. With `--crowd` each run has
 * three sites that call quickly.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { engines } from "../engine/index.js";
import { CROWD, chaosRun, type RunResult } from "./run.js";
import { Summary } from "./summary.js";
import { wholeRun } from "./whole.js";

const USAGE = "Usage: npm run chaos -- [--engine | --crowd] [--runs N] [--seed N]";
const DEFAULT_RUNS = 200;
const DEFAULT_WHOLE_RUNS = 20;
const PROGRAM = join(__dirname, "../../../test/e2e/programs/commonjs");
const PROGRESS_MS = 5_000;

interface Plan {
  runs: number;
  seed: number;
  isReplay: boolean;
  isWhole: boolean;
  isCrowd: boolean;
}

function parsePlan(args: readonly string[]): Plan | undefined {
  try {
    const numbers = { runs: { type: "string" }, seed: { type: "string" } } as const;
    const { values } = parseArgs({
      args: [...args],
      options: { ...numbers, engine: { type: "boolean" }, crowd: { type: "boolean" } },
    });
    const number = (text: string | undefined) =>
      text === undefined ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    const [runs, seed] = [number(values.runs), number(values.seed)];
    if (Number.isNaN(runs) || Number.isNaN(seed) || runs === 0) return undefined;
    const isReplay = seed !== undefined && runs === undefined;
    const [isWhole, isCrowd] = [values.engine === true, values.crowd === true];
    if (isWhole && isCrowd) return undefined;
    const count = isReplay ? 1 : isWhole ? DEFAULT_WHOLE_RUNS : DEFAULT_RUNS;
    return { runs: runs ?? count, seed: seed ?? Date.now() % 1e8, isReplay, isWhole, isCrowd };
  } catch {
    return undefined;
  }
}

/** The last engine is the real CLI, if there is one. */
const chooseEngine = () => engines().at(-1) as ReturnType<typeof engines>[number];

const print = (line: string) => void process.stdout.write(`${line}\n`);

function explain({ seed, violation }: RunResult, { isWhole, isCrowd }: Plan): void {
  if (!violation) return;
  print(`VIOLATION with seed ${seed}, step ${violation.step}: ${violation.invariant}`);
  print(`  ${violation.detail}`);
  print(
    `  Once more, step by step: npm run chaos -- ${isWhole ? "--engine " : isCrowd ? "--crowd " : ""}--seed ${seed}`,
  );
}

async function main(): Promise<number> {
  const plan = parsePlan(process.argv.slice(2));
  if (!plan) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  // The runs must not use the user's own cache of hashed files.
  const cache = mkdtempSync(join(tmpdir(), "vod-chaos-cache-"));
  process.env.XDG_CACHE_HOME = cache;
  const summary = new Summary();
  let shown = Date.now();
  const where = plan.isWhole ? ` on the ${chooseEngine().name}` : "";
  print(`chaos: ${plan.runs} ${plan.runs === 1 ? "run" : "runs"}${where} from seed ${plan.seed} on`);
  try {
    for (let index = 0; index < plan.runs; index++) {
      const seed = plan.seed + index;
      const trace = plan.isReplay ? { trace: print } : {};
      const result = plan.isWhole
        ? await wholeRun({ seed, engine: await chooseEngine().create(), program: PROGRAM, ...trace })
        : await chaosRun({ seed, ...trace, ...(plan.isCrowd ? { setting: CROWD } : {}) });
      summary.add(result);
      explain(result, plan);
      if (Date.now() - shown < PROGRESS_MS) continue;
      shown = Date.now();
      print(`chaos: ${index + 1} of ${plan.runs} runs, ${summary.violations} violations`);
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
  for (const line of summary.lines()) print(line);
  return summary.violations > 0 ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // This is not a violation, but a defect of the chaos test itself.
    process.stderr.write(
      `${error instanceof Error ? `${error.stack}\n${String(error.cause && (error.cause as Error).stack)}` : error}\n`,
    );
    process.exitCode = 1;
  },
);
