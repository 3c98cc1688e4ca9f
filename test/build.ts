/**
 * Builds the package and its tools once before the tests: programs that the engine runs import the package by its name,
 * and some tests run a tool as its npm script does.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export default function build(): void {
  const root = join(__dirname, "..");
  const tsc = require.resolve("typescript/bin/tsc");
  for (const project of ["tsconfig.json", "test/tsconfig.tools.json"]) {
    execFileSync(process.execPath, [tsc, "-p", project], { cwd: root, stdio: "inherit" });
  }
}
