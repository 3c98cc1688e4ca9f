/** Directories that change while they are scanned: after the files were listed, or while one is read. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { scanSource } from "../../../provider/source/scan.js";
import { isWindows, messageOf, temporaryDirectory, writeFiles } from "../content/content.js";

/** What happens between the listing of the files and their scan. */
let afterListing: (files: Map<string, string>) => void;
beforeEach(() => {
  afterListing = () => {};
});
vi.mock(import("node:os"), async (original) => ({ ...(await original()), availableParallelism: () => 2 }));
vi.mock(import("../../../provider/content/files.js"), async (original) => {
  const files = await original();
  return {
    ...files,
    async listFiles(...parameters: Parameters<typeof files.listFiles>) {
      const found = await files.listFiles(...parameters);
      afterListing(found);
      return found;
    },
  };
});

describe("a file that changes after it was listed", () => {
  const scanned = () => {
    const directory = temporaryDirectory({ "a.js": "a", "b.js": "b", "c.js": "c" });
    return { directory, file: join(directory, "b.js"), cacheDirectory: temporaryDirectory() };
  };

  it("is named in an error if it is removed", async () => {
    const { file, ...options } = scanned();
    afterListing = () => rmSync(file);
    expect(await messageOf(scanSource(options))).toBe(
      `"${file}" can't be read (ENOENT: no such file or directory). Run Pulumi again when nothing else changes the content.`,
    );
  });

  it("leaves no worker behind if it is removed when workers have been started", async () => {
    const { directory, file, cacheDirectory } = scanned();
    for (const each of ["a.js", "c.js"]) truncateSync(join(directory, each), 100_000_000);
    const exits: number[] = [];
    let started = 0;
    const count = (worker: Worker) => {
      started++;
      worker.on("exit", (code) => exits.push(code));
    };
    process.on("worker", count);
    onTestFinished(() => void process.off("worker", count));
    // The last in the list: by then the others are worth a worker.
    afterListing = (files) => {
      const path = files.get("b.js");
      files.delete("b.js");
      files.set("b.js", `${path}`);
      rmSync(file);
    };
    expect(await messageOf(scanSource({ directory, cacheDirectory }))).toContain(`"${file}" can't be read (ENOENT`);
    expect([started, exits]).toEqual([1, [0]]);
  });

  const STOPPED = (file: string) =>
    `"${file}" was replaced while the directory was read. Run Pulumi again when nothing else changes the content.`;

  it("is named in an error if it becomes a directory", async () => {
    const { file, ...options } = scanned();
    afterListing = () => {
      rmSync(file);
      mkdirSync(file);
    };
    expect(await messageOf(scanSource(options))).toBe(STOPPED(file));
  });

  it.skipIf(isWindows)("is not waited for if it becomes a FIFO", async () => {
    const { file, ...options } = scanned();
    afterListing = () => {
      rmSync(file);
      execFileSync("mkfifo", [file]);
    };
    expect(await messageOf(scanSource(options))).toBe(STOPPED(file));
  });

  it("has the hash of what was read if it is written", async () => {
    const { directory, cacheDirectory } = scanned();
    afterListing = () => writeFiles(directory, { "b.js": "c" });
    const files = await scanSource({ directory, cacheDirectory });
    expect(files.get("b.js")).toBe(files.get("c.js"));
  });
});
