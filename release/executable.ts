/** The plugin as an executable with Node.js inside, for machines without it. Source: Node.js, "Single executable applications". */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Node.js finds out that it has a program inside. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/**
 * For the platform on which this runs. `npx` gets what writes the program into a copy of Node.js.
 *
 * @param code of the plugin, in one file.
 * @param name of the executable.
 */
export function buildExecutable(code: Buffer, name: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "alicloud-vod-executable-"));
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, {
      cwd: directory,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    });
  try {
    const config = { main: "plugin.js", output: "plugin.blob", disableExperimentalSEAWarning: true };
    writeFileSync(join(directory, "plugin.js"), code);
    writeFileSync(join(directory, "sea.json"), JSON.stringify(config));
    execFileSync(process.execPath, ["--experimental-sea-config", "sea.json"], { cwd: directory, stdio: "ignore" });
    const executable = join(directory, name);
    copyFileSync(process.execPath, executable);
    chmodSync(executable, 0o755);
    const isMac = process.platform === "darwin";
    // A signature of the whole file doesn't hold once it is changed.
    if (isMac) run("codesign", "--remove-signature", name);
    const segment = isMac ? ["--macho-segment-name", "NODE_SEA"] : [];
    run(
      "npx",
      "--yes",
      "postject@1.0.0-alpha.6",
      name,
      "NODE_SEA_BLOB",
      "plugin.blob",
      "--sentinel-fuse",
      FUSE,
      ...segment,
    );
    if (isMac) run("codesign", "--sign", "-", name);
    return readFileSync(executable);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
