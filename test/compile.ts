/** Runs the TypeScript compiler. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** @param project the compiler's configuration, relative to the repository's root. */
export function compile(project: string): void {
  const compiler = require.resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-p", project], { cwd: join(__dirname, ".."), stdio: "inherit" });
}
