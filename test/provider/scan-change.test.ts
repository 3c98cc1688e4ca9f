/** Directories that change while they are scanned: after the files were listed, or while one is read. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { scanSource } from "../../provider/scan.js";
import { isWindows, messageOf, temporaryDirectory, writeFiles } from "../sdk/content.js";

let afterListing = () => {};
beforeEach(() => {
  afterListing = () => {};
});
vi.mock(import("../../sdk/files.js"), async (original) => {
  const files = await original();
  return {
    ...files,
    async listFiles(...parameters: Parameters<typeof files.listFiles>) {
      const found = await files.listFiles(...parameters);
      afterListing();
      return found;
    },
  };
});

describe("a file that, once it was listed,", () => {
  const scanned = () => {
    const directory = temporaryDirectory({ "a.js": "a", "b.js": "b", "c.js": "c" });
    return { directory, file: join(directory, "b.js"), cacheDirectory: temporaryDirectory() };
  };

  it("vanishes, is named in an error", async () => {
    const { file, ...options } = scanned();
    afterListing = () => rmSync(file);
    expect(await messageOf(scanSource(options))).toBe(
      `"${file}" can't be read (ENOENT: no such file or directory). Run Pulumi when nothing changes the content any more.`,
    );
  });

  const STOPPED = (file: string) =>
    `"${file}" stopped being a file while the directory was read. Run Pulumi when nothing changes the content any more.`;

  it("becomes a directory, is named in an error", async () => {
    const { file, ...options } = scanned();
    afterListing = () => {
      rmSync(file);
      mkdirSync(file);
    };
    expect(await messageOf(scanSource(options))).toBe(STOPPED(file));
  });

  it.skipIf(isWindows)("becomes a FIFO, is not waited for", async () => {
    const { file, ...options } = scanned();
    afterListing = () => {
      rmSync(file);
      execFileSync("mkfifo", [file]);
    };
    expect(await messageOf(scanSource(options))).toBe(STOPPED(file));
  });

  it("is written, has the hash of what was read", async () => {
    const { directory, cacheDirectory } = scanned();
    afterListing = () => writeFiles(directory, { "b.js": "c" });
    const files = await scanSource({ directory, cacheDirectory });
    expect(files.get("b.js")).toBe(files.get("c.js"));
  });
});
