/** Builds the package once before the tests: programs that the engine runs import it by its name. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export default function build(): void {
  const root = join(__dirname, "..");
  execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.json"], {
    cwd: root,
    stdio: "inherit",
  });
}
