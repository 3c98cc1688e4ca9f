import { defineConfig } from "vitest/config";

const { RESULTS_FILE } = process.env;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // The engine runs programs that import the package by its name, so they get what `npm run build` makes.
    globalSetup: "test/build.ts",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", ...(RESULTS_FILE ? [["json", { outputFile: RESULTS_FILE }] as ["json", object]] : [])],
  },
});
