/** What of other programs a benchmark finds. */
import { createRequire } from "node:module";
import { isOnPath } from "../test/engine/realCli.js";
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
