import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, test, vi } from "vitest";
import {
  cachePath,
  decodeTable,
  encodeTable,
  isOwn,
  isRacy,
  lookUp,
  readTable,
  STAT_WORDS,
  type StatTable,
  setStat,
  userCacheDirectory,
  writeTable,
} from "../../../provider/source/stat-cache.js";
import { isWindows, temporaryDirectory } from "../content/content.js";

const TABLE: StatTable = {
  names: ["index.html", "player/日本.js"],
  stats: Float64Array.of(12, 1_700_000_000_000.001, 1_700_000_000_000.002, 7, 0, 0, -1, 0.5, 2 ** 53, 3),
  hashes: "4xyxjkIXPZ7AnPPzyK6ONszX",
};
const bytesOf = (table: StatTable) => Buffer.concat(encodeTable(table));

describe("a cache file", () => {
  it("is read as it was written", () => {
    const row = fc.record({
      name: fc.string({ unit: "grapheme" }).map((name) => name.replaceAll("\0", "")),
      stat: fc.array(fc.double({ noNaN: true }), { minLength: STAT_WORDS, maxLength: STAT_WORDS }),
      hash: fc.uint8Array({ minLength: 9, maxLength: 9 }).map((hash) => Buffer.from(hash).toString("base64url")),
    });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const table = {
          names: rows.map(({ name }) => name),
          stats: Float64Array.from(rows.flatMap(({ stat }) => stat)),
          hashes: rows.map(({ hash }) => hash).join(""),
        };
        expect(decodeTable(bytesOf(table))).toEqual(table);
      }),
    );
  });

  it("is not read if any byte is wrong, missing or too many", () => {
    const bytes = bytesOf(TABLE);
    expect(decodeTable(bytes)).toEqual(TABLE);
    for (let i = 0; i < bytes.length; i++) {
      const damaged = Buffer.from(bytes);
      damaged[i] = (damaged[i] ?? 0) ^ (1 << (i % 8));
      expect(decodeTable(damaged)).toBeUndefined();
      expect(decodeTable(bytes.subarray(0, i))).toBeUndefined();
    }
    expect(decodeTable(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
  });

  it("is not read if another version wrote it", () => {
    const bytes = bytesOf(TABLE);
    new Uint32Array(bytes.buffer, bytes.byteOffset, 2)[1] = 1;
    expect(decodeTable(bytes)).toBeUndefined();
  });

  it("removes cache files that no scan used for a month, and nothing else", async () => {
    const old = new Date(Date.now() - 31 * 24 * 60 * 60 * 1000);
    const week = new Date(Date.now() - 7 * 24 * 60 * 60 * 1000);
    const name = (digit: string) => `${digit.repeat(32)}.stats`;
    const temporary = `${name("a")}.5e0ab0ee-6a6c-4f0a-8bb2-000000000000`;
    const directory = temporaryDirectory({ [name("a")]: "", [name("b")]: "", [temporary]: "", "notes.stats": "" });
    for (const each of [name("a"), temporary, "notes.stats"]) utimesSync(join(directory, each), old, old);
    utimesSync(join(directory, name("b")), week, week);
    await writeTable(join(directory, name("c")), TABLE);
    expect(readdirSync(directory).sort()).toEqual([name("b"), name("c"), "notes.stats"]);

    // To be read is to be used.
    utimesSync(join(directory, name("c")), old, old);
    expect(readTable(join(directory, name("c")))).toEqual(TABLE);
    expect(statSync(join(directory, name("c"))).mtimeMs).toBeGreaterThan(week.getTime());
  });
});

test("a file on another device than its directory isn't taken for one with the same stat there", () => {
  const file = { size: 1, mtimeMs: 2, ctimeMs: 3, ino: 4 } as Stats;
  const stats = new Float64Array(3 * STAT_WORDS);
  for (const [row, dev] of [7, 7, 8].entries()) setStat(stats, row, { ...file, dev } as Stats, 7);
  const find = lookUp({ names: ["a"], stats: stats.slice(0, STAT_WORDS), hashes: "4xyxjkIXPZ7A" });
  expect(find("a", stats, 1)).toBe("4xyxjkIXPZ7A");
  expect(find("a", stats, 2)).toBeUndefined();
  // After a restart the devices have other numbers.
  setStat(stats, 1, { ...file, dev: 9 } as Stats, 9);
  expect(find("a", stats, 1)).toBe("4xyxjkIXPZ7A");
});

describe.skipIf(isWindows)("a cache is used if it is the user's own, and nobody else's to write:", () => {
  test.each([
    ["the user's, private", { uid: 1000, mode: 0o100600 }, 1000, true],
    ["the user's, readable for all", { uid: 1000, mode: 0o100644 }, 1000, true],
    ["the user's, writable for the group", { uid: 1000, mode: 0o100620 }, 1000, false],
    ["the user's, writable for all", { uid: 1000, mode: 0o100602 }, 1000, false],
    ["another user's", { uid: 1001, mode: 0o100600 }, 1000, false],
    ["root's, for a user", { uid: 0, mode: 0o100600 }, 1000, false],
    ["a user's, for root", { uid: 1000, mode: 0o100600 }, 0, false],
  ])("%s", (_, stat, userId, expected) => {
    expect(isOwn(stat, userId)).toBe(expected);
  });

  test("a directory that others can write is not used, nor is a link to one, nor what is no directory", () => {
    const directory = temporaryDirectory();
    const open = join(directory, "open");
    mkdirSync(open);
    expect(cachePath(open, "key")).toBeDefined();
    for (const mode of [0o770, 0o707, 0o1777]) {
      chmodSync(open, mode);
      expect(cachePath(open, "key")).toBeUndefined();
    }
    symlinkSync(temporaryDirectory(), join(directory, "link"));
    writeFileSync(join(directory, "file"), "");
    expect(cachePath(join(directory, "link"), "key")).toBeUndefined();
    expect(cachePath(join(directory, "file"), "key")).toBeUndefined();
  });

  test("directories that are missing are made for the user alone", () => {
    const directory = join(temporaryDirectory(), "a", "b");
    expect(cachePath(directory, "key")).toBeDefined();
    for (const made of [directory, join(directory, "..")]) expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  test("a file that others can write is not read, nor is a link, nor a FIFO, which nobody writes", async () => {
    const path = join(temporaryDirectory(), "a.stats");
    await writeTable(path, TABLE);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readTable(path)).toEqual(TABLE);
    for (const mode of [0o620, 0o602]) {
      chmodSync(path, mode);
      expect(readTable(path)).toBeUndefined();
    }
    chmodSync(path, 0o600);
    symlinkSync(path, `${path}.link`);
    expect(readTable(`${path}.link`)).toBeUndefined();

    execFileSync("mkfifo", ["-m", "600", `${path}.fifo`]);
    expect(readTable(`${path}.fifo`)).toBeUndefined();
    // The next scan puts a file in its place.
    await writeTable(`${path}.fifo`, TABLE);
    expect(readTable(`${path}.fifo`)).toEqual(TABLE);
  });

  test("a place where no directory can be made costs no more than the cache", () => {
    const file = join(temporaryDirectory({ file: "" }), "file");
    expect(cachePath(join(file, "below", "cache"), "key")).toBeUndefined();
    // Here the system says that the directory above isn't there, and it is.
    if (existsSync("/proc/self")) expect(cachePath("/proc/.cache/cache", "key")).toBeUndefined();
  });

  test("the directory of XDG_CACHE_HOME and the temporary one are held to it as well", () => {
    const [home, temporary] = [temporaryDirectory(), temporaryDirectory()];
    vi.stubEnv("XDG_CACHE_HOME", home);
    vi.stubEnv("TMPDIR", temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    const findDirectory = () => {
      const path = cachePath(undefined, "key");
      return path && dirname(path);
    };
    const own = join(home, "pulumi-alicloud-vod");
    expect(findDirectory()).toBe(own);
    chmodSync(own, 0o777);
    const shared = join(temporary, `pulumi-alicloud-vod-${process.getuid?.()}`);
    expect(findDirectory()).toBe(shared);
    chmodSync(shared, 0o777);
    expect(findDirectory()).toBeUndefined();
    rmSync(own, { recursive: true });
    expect(findDirectory()).toBe(own);
  });
});

describe("lookUp", () => {
  const stats = (...rows: number[][]) => Float64Array.from(rows.flat());
  const table = (names: string[]): StatTable => ({
    names,
    stats: stats(...names.map((_, i) => [i, 2, 3, 4, 0])),
    hashes: names.map((name) => name.repeat(12)).join(""),
  });

  it("finds names in any order", () => {
    const names = fc.uniqueArray(fc.constantFrom(..."abcdefgh"), { minLength: 1 });
    fc.assert(
      fc.property(names, fc.array(fc.constantFrom(..."abcdefghi")), (kept, asked) => {
        const find = lookUp(table(kept));
        const rows = stats(...asked.map((name) => [kept.indexOf(name), 2, 3, 4, 0]));
        const expected = asked.map((name) => (kept.includes(name) ? name.repeat(12) : undefined));
        expect(asked.map((name, row) => find(name, rows, row))).toEqual(expected);
      }),
    );
  });

  it("finds nothing if any part of the stat differs", () => {
    const find = lookUp(table(["a"]));
    expect(find("a", stats([0, 2, 3, 4, 0]), 0)).toBe("aaaaaaaaaaaa");
    for (const other of [
      [1, 2, 3, 4, 0],
      [0, 2.0005, 3, 4, 0],
      [0, 2, 2, 4, 0],
      [0, 2, 3, 4, 5],
      [0, 2, 3, 5, 0],
    ]) {
      expect(find("a", stats(other), 0)).toBeUndefined();
    }
  });
});

describe("isRacy", () => {
  const NOW = 1_700_000_000_000;

  it.each([
    ["both long ago", { mtime: NOW - 9999, ctime: NOW - 9999 }, false],
    ["mtime in the last tick", { mtime: NOW - 5.001, ctime: NOW - 9999 }, true],
    ["ctime in the last tick", { mtime: NOW - 9999, ctime: NOW - 5.001 }, true],
    ["after the scan began", { mtime: NOW + 1, ctime: NOW + 1 }, true],
    ["a second ago", { mtime: NOW - 999.999, ctime: NOW - 999.999 }, false],
    ["a second ago, in whole seconds", { mtime: NOW - 1000, ctime: NOW - 1000 }, true],
    ["two seconds ago, in whole seconds", { mtime: NOW - 2000, ctime: NOW - 2000 }, true],
    ["three seconds ago, in whole seconds", { mtime: NOW - 3000, ctime: NOW - 3000 }, false],
    ["before 1970", { mtime: -1, ctime: -1 }, false],
  ])("%s, %j: %s", (_, { mtime, ctime }, expected) => {
    expect(isRacy(Float64Array.of(0, mtime, ctime, 0), 0, NOW)).toBe(expected);
  });

  it("holds if a file that is written after the scan began could show the same time", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const tick = fc.constantFrom(0.001, 4, 10, 15.625, 1000, 2000);
    fc.assert(
      fc.property(tick, fc.nat(2000), share, share, (length, at, before, after) => {
        const stamp = (time: number) => time - (time % length);
        const start = NOW + at;
        const [first, second] = [stamp(start - before * length), stamp(start + after * length)];
        if (first === second) expect(isRacy(Float64Array.of(0, first, first, 0), 0, start)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("where the cache is kept", () => {
  it.skipIf(isWindows).each<[NodeJS.Platform, NodeJS.ProcessEnv, string | undefined, string | undefined]>([
    ["linux", {}, "/home/me", "/home/me/.cache/pulumi-alicloud-vod"],
    ["linux", { XDG_CACHE_HOME: "/fast" }, "/home/me", "/fast/pulumi-alicloud-vod"],
    ["linux", { XDG_CACHE_HOME: "relative" }, "/home/me", "/home/me/.cache/pulumi-alicloud-vod"],
    ["linux", { XDG_CACHE_HOME: "" }, undefined, undefined],
    ["darwin", {}, "/Users/me", "/Users/me/Library/Caches/pulumi-alicloud-vod"],
    ["win32", { LOCALAPPDATA: "/local" }, "/home", "/local/pulumi-alicloud-vod/Cache"],
    ["win32", {}, "/home", undefined],
  ])("on %s with %j and home %s: %s", (platform, environment, home, expected) => {
    expect(userCacheDirectory(platform, environment, home)).toBe(expected);
  });

  it("has a file named by a hash of what was scanned", () => {
    const directory = temporaryDirectory();
    const path = cachePath(directory, { directory: "/site" });
    expect(path).toMatch(/[0-9a-f]{32}\.stats$/);
    expect(cachePath(directory, { directory: "/site" })).toBe(path);
    expect(cachePath(directory, { directory: "/site2" })).not.toBe(path);
  });
});
