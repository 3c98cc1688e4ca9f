/** A test run leaves no directory and no process behind, however it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";

const ROOT = join(__dirname, "..");
/** The time that other processes get. A busy machine must not fail a test. */
const PATIENCE_MS = 120_000;

/** A test that starts a child, writes down its directory and processes, and ends as INNER_END says. */
const INNER = `
import { spawn } from "node:child_process";
import { mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test("inner", async () => {
  const script = 'process.stdin.resume().on("end", () => process.exit())';
  const child = spawn(process.execPath, ["-e", script], { stdio: "pipe" });
  mkdtempSync(join(tmpdir(), "left-"));
  const told = process.env.INNER_TOLD;
  writeFileSync(told + ".part", JSON.stringify({ directory: tmpdir(), pids: [process.pid, child.pid] }));
  renameSync(told + ".part", told);
  if (process.env.INNER_END === "hang") await new Promise(() => {});
  expect(process.env.INNER_END).toBe("pass");
});
`;

interface Inner {
  vitest: ChildProcess;
  directory: string;
  pids: number[];
}

/** Starts a run of the inner test, with the set-up of this run. */
async function startRun(end: "pass" | "fail" | "hang"): Promise<Inner> {
  const folder = mkdtempSync(join(tmpdir(), "inner-"));
  const [config, told] = [join(folder, "vitest.config.mjs"), join(folder, "told.json")];
  const place = (name: string) => JSON.stringify(join(ROOT, "test", name));
  writeFileSync(join(folder, "inner.test.mjs"), INNER);
  writeFileSync(
    config,
    `export default { test: { globalSetup: ${place("run-directory.ts")}, setupFiles: ${place("ends-with-run.ts")},
      dir: ${JSON.stringify(folder)}, include: ["**/inner.test.mjs"], testTimeout: 0 } };`,
  );
  const args = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--config", config, "--root", ROOT];
  const env = { ...process.env, INNER_END: end, INNER_TOLD: told };
  const vitest = spawn(process.execPath, args, { env, stdio: "ignore" });
  await vi.waitFor(() => expect(existsSync(told)).toBe(true), PATIENCE_MS);
  return { vitest, ...JSON.parse(readFileSync(told, "utf8")) };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // An ended process stays in the process table until its parent collects it.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== "linux")("a test run", () => {
  const expectNoProcess = (pids: number[]) => vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), PATIENCE_MS);

  test.each([
    ["passes", "pass", 0],
    ["fails", "fail", 1],
  ] as const)("that %s leaves nothing behind", async (_, end, code) => {
    const { vitest, directory, pids } = await startRun(end);
    if (vitest.exitCode === null) await once(vitest, "exit");
    expect(vitest.exitCode).toBe(code);
    await expectNoProcess(pids);
    expect(existsSync(directory)).toBe(false);
  });

  test("that is interrupted leaves nothing behind", async () => {
    const { vitest, directory, pids } = await startRun("hang");
    expect(existsSync(directory)).toBe(true);
    vitest.kill("SIGINT");
    await once(vitest, "exit");
    await expectNoProcess(pids);
    expect(existsSync(directory)).toBe(false);
  });

  test("that is killed leaves no process, and the next run removes its directory", async () => {
    const { vitest, directory, pids } = await startRun("hang");
    vitest.kill("SIGKILL");
    await once(vitest, "exit");
    await expectNoProcess(pids);
    expect(existsSync(directory)).toBe(true);
    const { vitest: next } = await startRun("pass");
    if (next.exitCode === null) await once(next, "exit");
    expect(existsSync(directory)).toBe(false);
  });
});
