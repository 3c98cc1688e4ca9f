import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type ScanOptions, scanSource } from "../../../provider/source/scan.js";
import { readTable, type StatTable, writeTable } from "../../../provider/source/stat-cache.js";
import { isWindows, messageOf, SITE, temporaryDirectory, writeFiles } from "../content/content.js";

const hashOf = (content: string | Uint8Array) => createHash("sha256").update(content).digest("base64url").slice(0, 12);

/** A scan with a cache of its own, as of some time after all that was written. */
function scanner(directory: string, options: Partial<ScanOptions> = {}) {
  const cacheDirectory = temporaryDirectory();
  return {
    cacheDirectory,
    scan: async () => Object.fromEntries(await scanSource({ directory, cacheDirectory, ...options })),
    cacheFile: () => join(cacheDirectory, readdirSync(cacheDirectory)[0] ?? "none"),
  };
}

/** Sets the clock, by which the scan decides what is recent, and not the file system's. */
function later(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + milliseconds });
}
afterEach(() => void vi.useRealTimers());

/** Replaces what the cache holds for each file, so that a hash shows whether it comes from there. */
async function poison(cacheFile: string): Promise<void> {
  const table = readTable(cacheFile) as StatTable;
  await writeTable(cacheFile, { ...table, hashes: "from-cache--".repeat(table.names.length) });
}

describe("scanSource", () => {
  it("returns the first 9 bytes of each file's SHA-256 by name", async () => {
    expect(await scanner(temporaryDirectory(SITE)).scan()).toEqual({
      "index.html": "pWUr4cqGTTbS",
      "player/app.js": "n-zc_Y1kPX_n",
      ".well-known/app.json": "RBNvo1WzZ4oR",
    });
  });

  it("resolves the directory against the process's working directory", async () => {
    const directory = temporaryDirectory(SITE);
    const names = Object.keys(await scanner(relative(process.cwd(), directory)).scan());
    expect(names.sort()).toEqual(Object.keys(SITE).sort());
  });

  it("returns an empty map for a directory without files", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "empty"));
    expect(await scanner(directory).scan()).toEqual({});
  });

  it("looks only at what is included and not excluded", async () => {
    const directory = temporaryDirectory({ "a.js": "a", "b.css": "b", "lib/c.js": "c", "drafts/d.js": "d" });
    symlinkSync("gone", join(directory, "drafts", "broken")); // would be refused
    const { scan } = scanner(directory, { include: ["**/*.js"], exclude: ["drafts"] });
    expect(await scan()).toEqual({ "a.js": hashOf("a"), "lib/c.js": hashOf("c") });
  });

  it("returns a name that isn't in Unicode NFC in both spellings", async () => {
    const names = ["a b.html", "100%.txt", "#?&=+.js", "日本/ファイル.ts", "😀", "cafe\u0301/e\u0301.html"];
    if (!isWindows) names.push("new\nline", "back\\slash", '"');
    const directory = temporaryDirectory(Object.fromEntries(names.map((name) => [name, name])));
    const { scan } = scanner(directory);
    const expected = Object.fromEntries(
      names.flatMap((name) => [name, name.normalize("NFC")].map((spelling) => [spelling, hashOf(name)])),
    );
    expect(await scan()).toEqual(expected);
    later(5000);
    await scan();
    expect(await scan()).toEqual(expected);
  });

  it("hashes empty files, and files of more than one piece", async () => {
    const sizes = [0, 1, 262_143, 262_144, 262_145, 1_000_000];
    const files = Object.fromEntries(sizes.map((size) => [`${size}`, Buffer.alloc(size, size % 251)]));
    const hashes = Object.entries(files).map(([name, content]) => [name, hashOf(content)]);
    expect(await scanner(temporaryDirectory(files)).scan()).toEqual(Object.fromEntries(hashes));
  });

  it("reports its progress every second", async () => {
    const setInterval = vi.spyOn(globalThis, "setInterval");
    const onProgress = vi.fn();
    await scanner(temporaryDirectory(SITE), { onProgress }).scan();
    const [tick, every] = setInterval.mock.calls.at(-1) ?? [];
    setInterval.mockRestore();
    expect(onProgress).not.toHaveBeenCalled();
    expect(every).toBe(1000);
    tick?.();
    expect(onProgress.mock.calls).toEqual([[{ done: 3, total: 3, part: 1, elapsedMs: expect.any(Number) }]]);
  });

  it("rejects with the signal's reason", async () => {
    const options = { directory: temporaryDirectory(SITE), cacheDirectory: temporaryDirectory() };
    await expect(scanSource({ ...options, signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});

describe("a scan is refused", () => {
  const messageFor = (directory: string) => messageOf(scanner(directory).scan());

  it("if the directory is missing", async () => {
    expect(await messageFor("no/such")).toBe(
      `There is no directory "${resolve("no/such")}". Build the content before Pulumi runs, or correct the path.`,
    );
  });

  it("if a part of its path is a file", async () => {
    const directory = join(temporaryDirectory(SITE), "index.html", "sub");
    expect(await messageFor(directory)).toMatch(/^There is no directory ".*sub"\./);
  });

  it("if the directory is a file", async () => {
    const file = join(temporaryDirectory(SITE), "index.html");
    expect(await messageFor(file)).toBe(`"${file}" is not a directory. Name the directory that holds the content.`);
  });

  it("if the directory has a broken link", async () => {
    const directory = temporaryDirectory();
    symlinkSync("gone", join(directory, "link"));
    expect(await messageFor(directory)).toMatch(/^The symbolic link ".*link" is broken\./);
  });
});

describe("the stat cache", () => {
  /** A directory whose cache has every file, with hashes that only a cache can return. */
  async function scanned(files: Record<string, string> = SITE, options?: Partial<ScanOptions>) {
    const directory = temporaryDirectory(files);
    const prepared = scanner(directory, options);
    later(5000);
    await prepared.scan();
    await poison(prepared.cacheFile());
    return { directory, ...prepared };
  }

  it("saves reading files that didn't change", async () => {
    const { scan } = await scanned();
    expect(new Set(Object.values(await scan()))).toEqual(new Set(["from-cache--"]));
  });

  it("is private to the user", async () => {
    const cacheDirectory = join(temporaryDirectory(), "made", "by the scan");
    later(5000);
    await scanSource({ directory: temporaryDirectory(SITE), cacheDirectory });
    const file = join(cacheDirectory, readdirSync(cacheDirectory)[0] ?? "");
    if (!isWindows) expect([cacheDirectory, file].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
  });

  it("does not hide a change of size", async () => {
    const { directory, scan } = await scanned();
    writeFileSync(join(directory, "index.html"), "longer than before");
    expect(await scan()).toMatchObject({ "index.html": hashOf("longer than before"), "player/app.js": "from-cache--" });
  });

  it("does not hide a change that keeps size and mtime", async () => {
    const { directory, scan } = await scanned();
    const file = join(directory, "player/app.js");
    const { atime, mtime } = statSync(file);
    writeFileSync(file, "halt()");
    utimesSync(file, atime, mtime);
    expect(await scan()).toMatchObject({ "player/app.js": hashOf("halt()") });
  });

  it("does not hide a file that took the place of another", async () => {
    const { directory, scan } = await scanned({ a: "one", b: "two" });
    renameSync(join(directory, "b"), join(directory, "a"));
    expect(await scan()).toEqual({ a: hashOf("two") });
  });

  it("does not hide a change of a link's target, or of the file there", async () => {
    const { directory, scan } = await scanned({ "v1.js": "one", "v2.js": "two" });
    symlinkSync("v1.js", join(directory, "app.js"));
    expect(await scan()).toMatchObject({ "app.js": hashOf("one"), "v1.js": "from-cache--" });
    later(5000);
    await scan();
    writeFileSync(join(directory, "v1.js"), "new");
    expect(await scan()).toMatchObject({ "app.js": hashOf("new"), "v1.js": hashOf("new") });
    later(5000);
    await scan();
    rmSync(join(directory, "app.js"));
    symlinkSync("v2.js", join(directory, "app.js"));
    expect(await scan()).toMatchObject({ "app.js": hashOf("two"), "v2.js": "from-cache--" });
  });

  it("keeps no file that was written shortly before the scan", async () => {
    const directory = temporaryDirectory({ old: "old" });
    const { scan, cacheFile } = scanner(directory);
    later(5000);
    utimesSync(join(directory, "old"), 1, 1);
    writeFiles(directory, { touched: "as old, but for its mtime" });
    utimesSync(join(directory, "touched"), new Date(), new Date(Date.now() - 50));
    await scan();
    expect(readTable(cacheFile())?.names).toEqual(["old"]);
    later(5000);
    await scan();
    expect(readTable(cacheFile())?.names).toEqual(["old", "touched"]);
  });

  it("forgets removed files", async () => {
    const { directory, scan, cacheFile } = await scanned();
    rmSync(join(directory, "player"), { recursive: true });
    expect(Object.keys(await scan())).toHaveLength(2);
    expect(readTable(cacheFile())?.names).toHaveLength(2);
  });

  it("is not written if there is nothing new to keep", async () => {
    const { scan, cacheFile } = await scanned();
    const { ino } = statSync(cacheFile());
    await scan();
    expect(statSync(cacheFile()).ino).toBe(ino);
  });

  it("has a file for each directory and filter", async () => {
    const cacheDirectory = temporaryDirectory();
    const directory = temporaryDirectory(SITE);
    later(5000);
    for (const filter of [{}, { include: ["*"] }, { exclude: ["player"] }, {}]) {
      await scanSource({ directory, cacheDirectory, ...filter });
    }
    later(5000);
    await scanSource({ directory: temporaryDirectory(SITE), cacheDirectory });
    expect(readdirSync(cacheDirectory)).toHaveLength(4);
  });

  it.each([
    ["empty", () => Buffer.alloc(0)],
    ["cut off", (bytes: Buffer) => bytes.subarray(0, -1)],
    ["of other content", () => Buffer.from("not a cache at all".repeat(100))],
    ["damaged", (bytes: Buffer) => bytes.fill("?", bytes.length - 1)],
  ])("is ignored if it is %s, and written again", async (_, damage) => {
    const { scan, cacheFile } = await scanned();
    writeFileSync(cacheFile(), damage(readFileSync(cacheFile())));
    expect(await scan()).toMatchObject({ "index.html": hashOf(SITE["index.html"]) });
    expect(readTable(cacheFile())?.names).toHaveLength(3);
  });

  it("is not needed: a scan works if it can't be written", async () => {
    const file = join(temporaryDirectory({ file: "" }), "file");
    const expected = { "index.html": hashOf(SITE["index.html"]) };
    expect(await scanner(temporaryDirectory(SITE), { cacheDirectory: join(file, "cache") }).scan()).toMatchObject(
      expected,
    );
    // A directory where the cache file would be.
    const { scan, cacheFile } = await scanned();
    const path = cacheFile();
    rmSync(path);
    mkdirSync(path);
    expect(await scan()).toMatchObject(expected);
    expect(readdirSync(join(path, ".."))).toHaveLength(1); // no temporary file is left
  });

  it("serves several scans of a directory at the same time", async () => {
    const { directory, scan, cacheFile, cacheDirectory } = await scanned();
    writeFiles(directory, { "index.html": "new", more: "more" });
    later(5000);
    for (const all of await Promise.all(Array.from({ length: 8 }, scan))) {
      expect(all).toMatchObject({ "index.html": hashOf("new"), more: hashOf("more"), "player/app.js": "from-cache--" });
    }
    expect(readTable(cacheFile())?.names).toHaveLength(4);
    expect(readdirSync(cacheDirectory)).toHaveLength(1);
  });
});

describe("without the option cacheDirectory", () => {
  afterEach(() => void vi.unstubAllEnvs());
  const isPosix = !isWindows && process.platform !== "darwin";
  const ID = process.getuid?.();

  async function scanWith(environment: Record<string, string>) {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    later(5000);
    await scanSource({ directory: temporaryDirectory(SITE) });
  }

  it.runIf(isPosix)("the cache is in the user's cache directory", async () => {
    const user = temporaryDirectory();
    await scanWith({ XDG_CACHE_HOME: user });
    expect(readdirSync(join(user, "pulumi-alicloud-vod"))).toHaveLength(1);
  });

  it.runIf(isPosix)(
    "the cache is in a temporary directory if the user has none, but not in one that others can write",
    async () => {
      const [temporary, none] = [temporaryDirectory(), join(temporaryDirectory({ file: "" }), "file")];
      const directory = join(temporary, `pulumi-alicloud-vod-${ID}`);
      await scanWith({ XDG_CACHE_HOME: none, TMPDIR: temporary });
      expect(readdirSync(directory)).toHaveLength(1);
      chmodSync(directory, 0o777);
      await scanWith({});
      expect(readdirSync(directory)).toHaveLength(1);
    },
  );
});

describe("the compiled package", () => {
  it("scans with workers in several processes at the same time, and each process ends", async () => {
    const directory = temporaryDirectory();
    for (let i = 0; i < 20; i++) {
      writeFileSync(join(directory, `${i}.ts`), Buffer.alloc(5_000_000, i));
    }
    const program = `
      const exits = [];
      process.on("worker", (worker) => worker.on("exit", (code) => exits.push(code)));
      require("os").availableParallelism = () => 3;
      require(${JSON.stringify(join(__dirname, "../../../dist/provider/source/scan.js"))})
        .scanSource({ directory: ".", cacheDirectory: ${JSON.stringify(temporaryDirectory())} })
        .then((files) => console.log(JSON.stringify([exits, ...files])));`;
    const run = () => promisify(execFile)(process.execPath, ["-e", program], { cwd: directory, timeout: 30_000 });
    for (const { stdout } of await Promise.all([run(), run()])) {
      const [exits, ...files] = JSON.parse(stdout);
      // How many had to do depends on how busy the machine is; that the process ended shows that none was left.
      expect(exits.length).toBeLessThanOrEqual(2);
      expect(Object.fromEntries(files)).toMatchObject({
        "0.ts": hashOf(Buffer.alloc(5_000_000, 0)),
        "19.ts": hashOf(Buffer.alloc(5_000_000, 19)),
      });
    }
  });
});
