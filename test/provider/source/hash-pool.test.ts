import { createHash } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as Threads from "node:worker_threads";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type HashingOptions, hashContents, type SizedFile, WorkerPool } from "../../../provider/source/hash-pool.js";
import { messageOf, temporaryDirectory } from "../content/content.js";

/** How workers behave, and the exit code of each. */
let workers: "work" | "can't start" | "die";
let exits: number[];
beforeEach(() => {
  workers = "work";
  exits = [];
});

vi.mock(import("node:worker_threads"), async (original) => {
  const threads = await original();
  class Worker extends threads.Worker {
    constructor(code: string, options: Threads.WorkerOptions) {
      if (workers === "can't start") throw new Error("ERR_ACCESS_DENIED");
      super(workers === "die" ? "throw new Error('no memory')" : code, options);
      this.on("exit", (code) => exits.push(code));
    }
  }
  return { ...threads, Worker };
});

/** Files of zeros, each of another size; they take no space on most disks. */
function zeros(count: number, size: number): SizedFile[] {
  const directory = temporaryDirectory();
  return Array.from({ length: count }, (_, i) => {
    const file = { path: join(directory, `${i}`), size: size + i };
    writeFileSync(file.path, "");
    truncateSync(file.path, file.size);
    return file;
  });
}

const hashesOf = (files: readonly SizedFile[]) =>
  files.map(({ size }) => createHash("sha256").update(Buffer.alloc(size)).digest("base64url").slice(0, 12));

function abortAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), milliseconds);
  return controller.signal;
}

/** Hashes with at most so many workers, and ends them. */
async function hash(
  files: readonly SizedFile[],
  { workers = 0, ...options }: HashingOptions & { workers?: number } = {},
) {
  const pool = new WorkerPool(workers);
  try {
    for (const { size } of files) pool.expect(size);
    return await hashContents(files, pool, options);
  } finally {
    await pool.close();
  }
}

describe("hashContents", () => {
  it("returns the hashes in the order of the files, with workers too", async () => {
    const files = [...zeros(300, 1000), ...zeros(30, 5_000_000), ...zeros(10, 10_000_000)];
    expect(await hash(files, { workers: 3 })).toEqual(hashesOf(files));
    expect(exits).toEqual([0, 0, 0]);
  });

  it("hashes a whole file even if its size is out of date", async () => {
    const files = [0, 1, 262_143, 262_144, 262_145, 600_000].flatMap((size) => zeros(1, size));
    for (const size of [0, 1, 262_143, 262_144, 1_000_000]) {
      expect(await hash(files.map(({ path }) => ({ path, size })))).toEqual(hashesOf(files));
    }
  });

  it.each([
    [3, "two files of 10 MB", new Array(2).fill(10_000_000), 0],
    [3, "4,000 empty files", new Array(4_000).fill(0), 0],
    [3, "one file of 1 GB", [1_000_000_000], 0],
    [3, "ten files of 10 MB", new Array(10).fill(10_000_000), 2],
    [3, "two files of 1 GB", new Array(2).fill(1_000_000_000), 1],
    [3, "100,000 empty files", new Array(100_000).fill(0), 3],
    [0, "100,000 empty files", new Array(100_000).fill(0), 0],
  ])("starts, of at most %i workers, as many as the work justifies: %s", async (most, _, sizes, expected) => {
    const pool = new WorkerPool(most);
    for (const size of sizes) pool.expect(size);
    await pool.close();
    expect(exits).toEqual(new Array(expected).fill(0));
  });

  it.each(["can't start", "die"] as const)("does the work itself if workers %s", async (how) => {
    workers = how;
    const files = zeros(20, 5_000_000);
    expect(await hash(files, { workers: 3 })).toEqual(hashesOf(files));
    expect(exits).toEqual(how === "die" ? [1, 1] : []);
  });

  it("names the file that can't be read, after all workers have ended", async () => {
    const files = zeros(200, 1_000_000);
    const gone = { path: join(temporaryDirectory(), "gone.js"), size: 1_000_000 };
    expect(await messageOf(hash([...files.slice(0, 99), gone, ...files.slice(100)], { workers: 3 }))).toBe(
      `"${gone.path}" can't be read (ENOENT: no such file or directory). Run Pulumi again when nothing else changes the content.`,
    );
    expect(exits).toEqual([0, 0, 0]);
  });

  it("names a path that became a directory", async () => {
    const directory = temporaryDirectory();
    expect(await messageOf(hash([{ path: directory, size: 0 }]))).toContain(`"${directory}" was replaced`);
  });

  it("stops within a file when the signal is aborted, and ends all workers", async () => {
    const files = zeros(3, 20_000_000_000); // would take half a minute
    await expect(hash(files, { workers: 1, signal: abortAfter(200) })).rejects.toThrow("enough");
    expect(exits).toEqual([0]);
  });

  it("stops when the signal is aborted while it waits for a worker", async () => {
    // The caller's thread draws what is said to be bigger, and is done with it soon.
    const [soon, late] = [...zeros(1, 200_000_000), ...zeros(1, 20_000_000_000)];
    const files = [
      { path: `${late?.path}`, size: 40_000_000 },
      { path: `${soon?.path}`, size: 41_000_000 },
    ];
    await expect(hash(files, { workers: 1, signal: abortAfter(1000) })).rejects.toThrow("enough");
    expect(exits).toEqual([0]);
  });

  it("lets the process do other work while it hashes", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await hash(zeros(20, 10_000_000), { workers: 0 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});
