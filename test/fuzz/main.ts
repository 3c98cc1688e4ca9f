/**
 * `npm run fuzz -- [--runs N] [--seed N]`: checks each property with N inputs, and prints the smallest input for which
 * it doesn't hold. The same seed gives the same inputs.
 */
import { parseArgs } from "node:util";
import { formatReport, PROPERTIES } from "./properties.js";

const USAGE = "Usage: npm run fuzz -- [--runs N] [--seed N]";
const DEFAULT_RUNS = 20_000;

function parsePlan(args: readonly string[]): { runs: number; seed: number } | undefined {
  try {
    const { values } = parseArgs({ args: [...args], options: { runs: { type: "string" }, seed: { type: "string" } } });
    const { runs = String(DEFAULT_RUNS), seed = String(Math.floor(Math.random() * 1e8)) } = values;
    return /^[1-9]\d{0,8}$/.test(runs) && /^\d{1,9}$/.test(seed)
      ? { runs: Number(runs), seed: Number(seed) }
      : undefined;
  } catch {
    return undefined;
  }
}

const print = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const plan = parsePlan(process.argv.slice(2));
  if (!plan) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const { runs, seed } = plan;
  let failed = 0;
  print(`fuzz: ${runs} inputs for each of ${PROPERTIES.length} properties, seed ${seed}`);
  for (const { name, check } of PROPERTIES) {
    const begin = performance.now();
    const report = formatReport(await check({ numRuns: runs, seed }));
    const seconds = Math.round((performance.now() - begin) / 1000);
    print(`fuzz: ${report === undefined ? "held" : "FAILED"} in ${seconds} s: ${name}`);
    if (report === undefined) continue;
    failed++;
    print(report);
    print(`  Once more: npm run fuzz -- --runs ${runs} --seed ${seed}`);
  }
  print(failed === 0 ? "fuzz: every property held" : `fuzz: ${failed} of ${PROPERTIES.length} properties failed`);
  return failed > 0 ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  },
);
