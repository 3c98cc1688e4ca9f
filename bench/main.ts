/**
 * Runs the benchmark NAME of `npm run bench -- NAME`, or all. Each has a process of its own, since some measure memory.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { circumstances } from "./report.js";

const BENCHMARKS = ["deployment", "startup", "throttle", "hashing", "packing", "preview", "native", "verify"];

function main(names: readonly string[]): number {
  const strange = names.find((name) => !BENCHMARKS.includes(name));
  if (strange !== undefined) {
    console.error(`bench: there is no benchmark "${strange}"; there are ${BENCHMARKS.join(", ")}.`);
    return 2;
  }
  console.log(Object.values(circumstances()).join(", "));
  let code = 0;
  for (const name of BENCHMARKS.filter((one) => names.length === 0 || names.includes(one))) {
    console.log(`\n## ${name}\n`);
    code ||= spawnSync(process.execPath, [join(__dirname, `${name}.js`)], { stdio: "inherit" }).status ?? 1;
  }
  return code;
}

process.exitCode = main(process.argv.slice(2));
