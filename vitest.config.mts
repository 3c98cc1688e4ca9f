import { defineConfig } from "vitest/config";

const { RESULTS_FILE } = process.env;

/** What runs programs on an engine, histories of faults, and tools in processes of their own: most of a run's time. */
const WHOLE = [
  "test/chaos/**/*.test.ts",
  "test/e2e/**/*.test.ts",
  "test/emulator/{main,python-sdk}.test.ts",
  "test/engine/{command,realCli,replay,standIn}.test.ts",
  "test/{package,release}.test.ts",
  "test/run-directory.test.ts",
  "test/site/walk.test.ts",
];

/** A busy machine must not decide: what hangs is found all the same. */
const TIMEOUT_MS = 300_000;

const common = {
  setupFiles: "test/ends-with-run.ts",
  testTimeout: TIMEOUT_MS,
  hookTimeout: TIMEOUT_MS,
};

export default defineConfig({
  test: {
    globalSetup: ["test/run-directory.ts", "test/build.ts"],
    // By itself, Vitest leaves one core to others, which halves the speed on two.
    maxWorkers: "100%",
    projects: [
      { test: { ...common, name: "unit", include: ["test/**/*.test.ts"], exclude: WHOLE } },
      { test: { ...common, name: "whole", include: WHOLE, globalSetup: "test/build-tools.ts" } },
    ],
    reporters: ["default", ...(RESULTS_FILE ? [["json", { outputFile: RESULTS_FILE }] as ["json", object]] : [])],
  },
});
