/**
 * `npm run chaos -- [--runs N] [--seed N]`: random histories of deployments with random faults, until an invariant doesn't hold
 * or all runs are done. With a seed and no number of runs it is that run alone, told step by step.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chaosRun, type RunResult } from "./run.js";
import { Summary } from "./summary.js";

const USAGE = "Usage: npm run chaos -- [--runs N] [--seed N]";
const DEFAULT_RUNS = 200;
const PROGRESS_MS = 5_000;

interface Plan {
  runs: number;
  seed: number;
  isReplay: boolean;
}

function planOf(args: readonly string[]): Plan | undefined {
  try {
    const { values } = parseArgs({ args: [...args], options: { runs: { type: "string" }, seed: { type: "string" } } });
    const number = (text: string | undefined) =>
      text === undefined ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    const [runs, seed] = [number(values.runs), number(values.seed)];
    if (Number.isNaN(runs) || Number.isNaN(seed) || runs === 0) return undefined;
    const isReplay = seed !== undefined && runs === undefined;
    return { runs: runs ?? (isReplay ? 1 : DEFAULT_RUNS), seed: seed ?? Math.floor(Math.random() * 1e8), isReplay };
  } catch {
    return undefined;
  }
}

const print = (line: string) => void process.stdout.write(`${line}\n`);

function explain({ seed, violation }: RunResult): void {
  if (!violation) return;
  print(`VIOLATION with seed ${seed}, step ${violation.step}: ${violation.invariant}`);
  print(`  ${violation.detail}`);
  print(`  Once more, step by step: npm run chaos -- --seed ${seed}`);
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  if (!plan) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  // The cache of hashed files is the user's own.
  const cache = mkdtempSync(join(tmpdir(), "vod-chaos-cache-"));
  process.env.XDG_CACHE_HOME = cache;
  const summary = new Summary();
  let shown = Date.now();
  print(`chaos: ${plan.runs} ${plan.runs === 1 ? "run" : "runs"} from seed ${plan.seed} on`);
  try {
    for (let index = 0; index < plan.runs; index++) {
      const seed = plan.seed + index;
      const result = await chaosRun({ seed, ...(plan.isReplay ? { trace: print } : {}) });
      summary.add(result);
      explain(result);
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
    // Not a violation but a mistake of the test itself.
    process.stderr.write(
      `${error instanceof Error ? `${error.stack}\n${String(error.cause && (error.cause as Error).stack)}` : error}\n`,
    );
    process.exitCode = 1;
  },
);
