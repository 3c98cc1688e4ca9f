import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readlinkSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { RunError } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { ContentHashError } from "../../../provider/content/files.js";
import { hashContent, hashFile, hashFiles } from "../../../provider/content/hash.js";
import { isLinux, SITE, SITE_HASH, temporaryDirectory, writeFiles } from "./content.js";

// Users' states hold these literals. If one of them changes, every user's paths are refreshed once.
describe("the format of a hash", () => {
  it.each([
    ["", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["ü", "sha256:607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f"],
  ])("is prefix and SHA-256 for the content %j", (content, hash) => {
    expect(hashContent(content)).toBe(hash);
    expect(hashContent(new TextEncoder().encode(content))).toBe(hash);
  });

  it("is the same for the files of a directory for ever", async () => {
    expect(await hashFiles(temporaryDirectory(SITE))).toBe(SITE_HASH);
  });

  it.each([
    [["player", ".well-known/*.json"], {}, "sha256:bb0dd7f90b9864e1b86bd118d611485c9f880ff86133cd845b81a01492c97bc6"],
    ["index.html", {}, "sha256:c95152ff5f2f103bdc78224a98413764025e9b2c20a1c2c719e94905adc9f91f"],
    ["**", { exclude: ".well-known" }, "sha256:202787735e9ea733e673c12338ca176257c6fa4accee8627ca82c016be3c2b2a"],
  ])("never changes for the files of %j", async (patterns, options, hash) => {
    expect(await hashFiles(patterns, { cwd: temporaryDirectory(SITE), ...options })).toBe(hash);
  });

  it.runIf(isLinux && spawnSync("sha256sum", ["-z", "/dev/null"]).status === 0)(
    "is what the documented command prints",
    async () => {
      const directory = temporaryDirectory({ ...SITE, "with space\nand line": "", "é/😀": "", "é/\uE000": "x" });
      const command = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum -z | sha256sum";
      const printed = execFileSync("sh", ["-c", command], { cwd: directory, encoding: "utf8" });
      expect(await hashFiles(directory)).toBe(`sha256:${printed.slice(0, 64)}`);
    },
  );
});

describe("hashContent", () => {
  it("hashes the bytes that a view shows, not all of its buffer", () => {
    expect(hashContent(new TextEncoder().encode("xabcx").subarray(1, 4))).toBe(hashContent("abc"));
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [{ apply() {} }, "object"],
  ])("refuses %s with a sentence that says what to do", (content, type) => {
    expect(() => hashContent(content as never)).toThrow(
      new ContentHashError(
        `hashContent takes text or bytes, and got ${type}. For a value that is known only later, write value.apply(hashContent).`,
      ),
    );
  });
});

describe("ContentHashError", () => {
  it("prints without a stack trace in a Pulumi program", () => {
    const error = new ContentHashError("What happened. What to do.");
    // The runner prints the message of a RunError, and otherwise the stack or, without one, the message.
    expect(RunError.isInstance(error)).toBe(true);
    expect(error.stack || error.message).toBe("What happened. What to do.");
  });
});

describe("a directory", () => {
  it("keeps its hash when it is moved or renamed", async () => {
    const parent = temporaryDirectory();
    writeFiles(join(parent, "dist"), SITE);
    expect(await hashFiles("dist", { cwd: parent })).toBe(SITE_HASH);
    renameSync(join(parent, "dist"), join(parent, "public (v2) [new]"));
    expect(await hashFiles("./public (v2) [new]/", { cwd: parent })).toBe(SITE_HASH);
  });

  it("is relative to the process's directory by default", async () => {
    expect(await hashFiles(relative(process.cwd(), temporaryDirectory(SITE)))).toBe(SITE_HASH);
  });

  it("changes its hash when a file is renamed, changed, added or removed", async () => {
    const hashOf = (files: Record<string, string>) => hashFiles(temporaryDirectory(files));
    const hashes = await Promise.all([
      hashOf({ "a.js": "1", "b.js": "2" }),
      hashOf({ "a.js": "2", "b.js": "1" }),
      hashOf({ "a.js": "1", "c.js": "2" }),
      hashOf({ "a.js": "1", "b.js": "3" }),
      hashOf({ "a.js": "1", "B.js": "2" }),
      hashOf({ "a.js": "1" }),
      hashOf({ "a.js": "1", "b.js": "2", "c.js": "" }),
      hashOf({ "a.js": "1", "d/b.js": "2" }),
    ]);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("keeps its hash when only times, permissions or empty directories change", async () => {
    const directory = temporaryDirectory(SITE);
    chmodSync(join(directory, "index.html"), 0o755);
    utimesSync(join(directory, "index.html"), 0, 0);
    mkdirSync(join(directory, "empty"));
    expect(await hashFiles(directory)).toBe(SITE_HASH);
  });

  it("has one hash for both ways to write an accent, as file systems differ in it", async () => {
    const composed = await hashFiles(temporaryDirectory({ "caf\u00e9/\u00e9.js": "1" }));
    expect(await hashFiles(temporaryDirectory({ "cafe\u0301/e\u0301.js": "1" }))).toBe(composed);
  });

  it("has names relative to `cwd` beside other patterns, so that files of the same name stay apart", async () => {
    const cwd = temporaryDirectory({ "one/x.js": "1", "two/x.js": "2" });
    expect(await hashFiles(["one", "two"], { cwd })).toBe(await hashFiles(["one/x.js", "two/x.js"], { cwd }));
    const swapped = temporaryDirectory({ "one/x.js": "2", "two/x.js": "1" });
    expect(await hashFiles(["one", "two"], { cwd: swapped })).not.toBe(await hashFiles(["one", "two"], { cwd }));
  });
});

describe("hashFile", () => {
  it("hashes a file larger than a piece as it does its bytes", async () => {
    const content = Buffer.alloc(1_000_003, "piece");
    const directory = temporaryDirectory({ large: content });
    expect(await hashFile(join(directory, "large"))).toBe(hashContent(content));
  });

  it("does not fail on a file that is written meanwhile", async () => {
    const file = join(temporaryDirectory({ log: Buffer.alloc(5_000_000) }), "log");
    const hash = hashFile(file);
    writeFileSync(file, "truncated");
    expect(await hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it.runIf(isLinux)("closes every file, also after an error", async () => {
    const directory = temporaryDirectory(Object.fromEntries([...Array(100).keys()].map((i) => [`${i}`, "content"])));
    await hashFiles(directory);
    await expect(hashFile(directory)).rejects.toThrow("can't be read");
    const open = () =>
      readdirSync("/proc/self/fd").filter((fd) => linkTarget(`/proc/self/fd/${fd}`).startsWith(directory));
    await expect.poll(open).toEqual([]);
  });
});

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile, as the listing's own
  }
}
