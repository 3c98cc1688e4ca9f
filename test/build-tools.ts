/** Builds the tools before the tests, since some tests run a tool as its npm script does, and the plugin, which others start. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { compile } from "./compile.js";

export default function build(): void {
  compile("test/tsconfig.tools.json");
  execFileSync(process.execPath, [join(__dirname, "../build/release/main.js")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}
