/** What of other programs a benchmark finds on the PATH. */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { ROOT } from "./report.js";

/**
 * Whether everything is installed that Pulumi's command resource needs. The npm package `pulumi` would download the plugin.
 */
export function hasCommand(): boolean {
  try {
    createRequire(`${ROOT}/bench/program/`).resolve("@pulumi/command");
  } catch {
    return false;
  }
  return isOnPath("aliyun") && isOnPath("pulumi-resource-command");
}

export function isOnPath(program: string): boolean {
  try {
    execFileSync(process.platform === "win32" ? "where" : "which", [program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
