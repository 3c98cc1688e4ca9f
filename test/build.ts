/**
 * Builds the package and its tools once before the tests: programs that the engine runs import the package by its name,
 * and some tests run a tool as its npm script does. What is cached for a user is kept in a directory of its own.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function build(): () => void {
  const root = join(__dirname, "..");
  const tsc = require.resolve("typescript/bin/tsc");
  for (const project of ["tsconfig.json", "test/tsconfig.tools.json"]) {
    execFileSync(process.execPath, [tsc, "-p", project], { cwd: root, stdio: "inherit" });
  }
  const cache = mkdtempSync(join(tmpdir(), "pulumi-alicloud-vod-cache-"));
  Object.assign(process.env, { XDG_CACHE_HOME: cache, LOCALAPPDATA: cache });
  return () => rmSync(cache, { recursive: true, force: true });
}
