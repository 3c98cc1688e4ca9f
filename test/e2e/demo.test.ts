import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { drawPicture, pickLines } from "../../site/picture.js";

const ROOT = join(__dirname, "../..");
let demo: string;

beforeAll(async () => {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  demo = (await promisify(execFile)(npm, ["run", "--silent", "demo"], { cwd: ROOT })).stdout;
});

test("npm run demo shows the main job, ends with a clear verdict and prints no secret", () => {
  expect(demo.trim().split("\n").at(-1)).toBe(
    "All of it happened: stale before the update, fresh after it, and no call without a change.",
  );
  expect(demo).not.toContain("FAIL");
  expect(demo).not.toMatch(/LTAI/);
});

test("docs/preview.svg shows what the demo prints (npm run docs:picture draws it)", async () => {
  const lines = pickLines(demo);
  expect(lines).toContain("$ pulumi preview");
  expect(lines).toContain("refresh submitted: 2 URLs in 1 call (task 70422000000002)");
  await expect(drawPicture(lines)).toMatchFileSnapshot(join(ROOT, "docs/preview.svg"));
});
