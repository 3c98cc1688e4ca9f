import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = join(__dirname, "../..");

test("npm run demo shows the main job, ends with a clear verdict and prints no secret", async () => {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { stdout } = await promisify(execFile)(npm, ["run", "--silent", "demo"], { cwd: ROOT });
  expect(stdout.trim().split("\n").at(-1)).toBe(
    "All of it happened: stale before the update, fresh after it, and no call without a change.",
  );
  expect(stdout).not.toContain("FAIL");
  expect(stdout).not.toMatch(/LTAI/);
});
