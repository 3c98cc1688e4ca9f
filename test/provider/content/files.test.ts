import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listFiles, toGlob } from "../../../provider/content/files.js";
import { combineHashes, type HashFilesOptions, hashFile, hashFiles } from "../../../provider/content/hash.js";
import { isLinux, isWindows, messageOf, SITE, SITE_HASH, temporaryDirectory } from "./content.js";

const isRoot = process.getuid?.() === 0;

/** Finds out by the hash whether these are the names that are hashed. */
async function expectNames(patterns: string | string[], options: HashFilesOptions & { cwd: string }, names: string[]) {
  const files = await Promise.all(names.map(async (name) => [name, await hashFile(join(options.cwd, name))] as const));
  expect(await hashFiles(patterns, options)).toBe(combineHashes(new Map(files)));
}

describe("a glob", () => {
  const tree = () => ({
    cwd: temporaryDirectory({
      "a.js": "",
      "a.css": "",
      ".dot.js": "",
      "dist/b.js": "",
      "dist/deep/er/c.js": "",
      "dist/deep/[id].html": "",
      "dist/deep/i.html": "",
    }),
  });

  it.each([
    ["*.js", ["a.js", ".dot.js"]],
    ["./*.css", ["a.css"]],
    ["dist/**/*.js", ["dist/b.js", "dist/deep/er/c.js"]],
    ["**/*.js", ["a.js", ".dot.js", "dist/b.js", "dist/deep/er/c.js"]],
    ["dist/*/*/c.js", ["dist/deep/er/c.js"]],
    ["{a,dist/b}.js", ["a.js", "dist/b.js"]],
    ["dist/{b,deep/er/c}.js", ["dist/b.js", "dist/deep/er/c.js"]],
    ["dist/../a.*", ["a.js", "a.css"]],
    ["a.[jx]s", ["a.js"]],
    ["!(b|c).css", ["a.css"]],
    ["dist/?.js", ["dist/b.js"]],
    ["dist/deep/[id].html", ["dist/deep/[id].html"]], // a file of that very name comes first
    ["dist/deep/[i].html", ["dist/deep/i.html"]],
    ["dist/deep/**/", ["dist/deep/er/c.js", "dist/deep/[id].html", "dist/deep/i.html"]],
  ])("%s matches %j", async (pattern, names) => {
    await expectNames(pattern, tree(), names);
  });

  it("gives one hash whatever the order of the patterns, and counts a file once", async () => {
    const { cwd } = tree();
    const names = ["a.css", "a.js", "dist/b.js", "dist/deep/er/c.js"];
    await expectNames(["a.*", "dist/**/*.js", "dist/b.js"], { cwd }, names);
    await expectNames(["dist/b.js", "./dist/**/*.js", "a.*", "a.*"], { cwd }, names);
  });

  it("can be absolute or lead out of `cwd`, with names relative to it", async () => {
    const { cwd } = tree();
    const dist = join(cwd, "dist");
    const hash = await hashFiles("../*.js", { cwd: dist });
    expect(hash).toBe(await hashFiles(`${cwd.replaceAll("\\", "/")}/*.js`, { cwd: dist }));
    await expectNames("../*.js", { cwd: dist }, ["../a.js", "../.dot.js"]);
  });

  it.skipIf(isWindows)("matches names with line breaks and back-slashes", async () => {
    const cwd = temporaryDirectory({ "new\nline/a\\b.js": "", "c\nd.js": "" });
    await expectNames("**/*.js", { cwd }, ["new\nline/a\\b.js", "c\nd.js"]);
  });

  it.skipIf(isWindows)("takes a character after a back-slash literally", async () => {
    await expectNames("dist/deep/\\[*.html", tree(), ["dist/deep/[id].html"]);
    await expectNames("dist/deep/\\[id\\].html", tree(), ["dist/deep/[id].html"]);
  });

  it.skipIf(isWindows)("reads no directory that can't hold a match", async () => {
    const { cwd } = tree();
    symlinkSync("gone", join(cwd, "dist", "deep", "broken")); // would be refused
    await expectNames(["*.js", "dist/*.js"], { cwd }, ["a.js", ".dot.js", "dist/b.js"]);
  });

  it.each([
    ["dist\\**\\*.js", "\\", "dist/**/*.js"],
    ["dist\\deep\\", "\\", "dist/deep"],
    ["dist/\\[id\\].html", "/", "dist/\\[id\\].html"],
    ["/", "/", "/"],
  ] as const)("is made of %s where paths have %s: %s", (pattern, separator, glob) => {
    expect(toGlob(pattern, separator)).toBe(glob);
  });
});

describe("exclude", () => {
  it.each([
    ["**", "**/*.map", ["a.js", "d/b.js", "d/e/c.js"]],
    ["**", "d", ["a.js", "a.js.map"]],
    ["**", "./d/", ["a.js", "a.js.map"]],
    ["**", ["d/e/**", "*.map"], ["a.js", "d/b.js"]],
    [
      ["d", "a.js*"],
      ["d/e", "*.map"],
      ["a.js", "d/b.js"],
    ],
  ])("of %j leaves out %j", async (patterns, exclude, names) => {
    const cwd = temporaryDirectory({ "a.js": "", "a.js.map": "", "d/b.js": "", "d/e/c.js": "" });
    await expectNames(patterns, { cwd, exclude }, names);
  });

  it("is matched against names relative to a single directory", async () => {
    const directory = temporaryDirectory({ ...SITE, "drafts/new.html": "" });
    expect(await hashFiles(directory, { exclude: "drafts" })).toBe(SITE_HASH);
  });

  it.skipIf(isWindows)("does not follow a link", async () => {
    const directory = temporaryDirectory(SITE);
    symlinkSync("gone", join(directory, "link"));
    expect(await hashFiles(directory, { exclude: "link" })).toBe(SITE_HASH);
  });
});

describe.skipIf(isWindows)("symbolic links", () => {
  const site = () => temporaryDirectory({ "v2/app.js": "2", "index.html": "" });

  it("are hashed as the files and directories they mean", async () => {
    const linked = site();
    symlinkSync("v2", join(linked, "latest"));
    symlinkSync("../index.html", join(linked, "v2", "start.html"));
    const copied = temporaryDirectory({
      "index.html": "",
      "v2/app.js": "2",
      "v2/start.html": "",
      "latest/app.js": "2",
      "latest/start.html": "",
    });
    expect(await hashFiles(linked)).toBe(await hashFiles(copied));
    expect(await hashFiles("**", { cwd: linked })).toBe(await hashFiles(copied));
  });

  it("may lead to the directory or the file that is named", async () => {
    const parent = temporaryDirectory();
    symlinkSync(temporaryDirectory(SITE), join(parent, "current"));
    expect(await hashFiles("current", { cwd: parent })).toBe(SITE_HASH);
    expect(await hashFiles("current/index.html", { cwd: parent })).toMatch(/^sha256:/);
  });

  it.each([
    ["..", "player/up"],
    [".", "player/self"],
    ["../player/loop", "player/loop"],
  ])("to %s make a cycle, and are refused", async (target, name) => {
    const directory = temporaryDirectory(SITE);
    symlinkSync(target, join(directory, name));
    expect(await messageOf(hashFiles(directory))).toBe(
      `The symbolic link "${join(directory, name)}" leads back to itself, or to a directory that contains it. Remove it, or exclude it.`,
    );
  });

  it("that lead into each other make a cycle, and are refused", async () => {
    const directory = temporaryDirectory({ "a/x": "", "b/y": "" });
    symlinkSync("../b", join(directory, "a", "to-b"));
    symlinkSync("../a", join(directory, "b", "to-a"));
    expect(await messageOf(hashFiles(directory))).toMatch(
      /link ".*to-b\/to-a" leads back to itself, or to a directory/,
    );
  });

  it("to a directory that contains the root of the cycle are refused at the link, not below it", async () => {
    const parent = temporaryDirectory({ "work/dist/a": "", "work/big/b": "" });
    symlinkSync("../..", join(parent, "work", "dist", "up"));
    const list = (exclude?: string[]) =>
      listFiles(join(parent, "work", "dist"), { exclude }, { followSymlinks: "always" });
    expect(await messageOf(list())).toMatch(/^The symbolic link ".*dist\/up" leads back to/);
    expect([...(await list(["up/work/dist"])).keys()].sort()).toEqual(["a", "up/work/big/b"]);
  });

  it("that leave the directory are followed always, or refused with what to do", async () => {
    const parent = temporaryDirectory({ "store/a/1.js": "", "store/b.js": "", "dist/index.html": "" });
    symlinkSync("../store/a", join(parent, "dist", "a"));
    symlinkSync(join(parent, "store", "b.js"), join(parent, "dist", "b.js"));
    symlinkSync("../b.js", join(parent, "store", "a", "2.js")); // from one place outside to another
    const directory = join(parent, "dist");
    const followed = await listFiles(directory, {}, { followSymlinks: "always" });
    expect([...followed.keys()].sort()).toEqual(["a/1.js", "a/2.js", "b.js", "index.html"]);
    expect(await messageOf(listFiles(directory, {}, { followSymlinks: "inside" }))).toMatch(
      /which is outside ".*dist"\. Set `followSymlinks` to `always` if what it leads to is served, or exclude it\.$/,
    );
  });

  it.each(["..", "../other", "../other/secret.txt"])("to %s leave the directory, and are refused", async (target) => {
    const parent = temporaryDirectory({ "other/secret.txt": "", "dist/index.html": "" });
    symlinkSync(target, join(parent, "dist", "link"));
    expect(await messageOf(hashFiles("dist", { cwd: parent }))).toBe(
      `The symbolic link "${join(parent, "dist/link")}" leads to "${join(parent, "dist", target)}", which is outside "${join(parent, "dist")}". ` +
        "Replace it with a copy, or exclude it.",
    );
  });

  it("to a directory whose name begins as the root's does leave it too", async () => {
    const parent = temporaryDirectory({ "dist/index.html": "", "dist-old/index.html": "" });
    symlinkSync("../dist-old", join(parent, "dist", "old"));
    expect(await messageOf(hashFiles("dist", { cwd: parent }))).toMatch(/leads to .*dist-old", which is outside/);
  });

  it("may lead to names that begin with two dots", async () => {
    const directory = temporaryDirectory({ "..x/a": "" });
    symlinkSync("..x", join(directory, "link"));
    expect((await listFiles(directory)).size).toBe(2);
  });

  it.each(["gone", "index.html/gone"])("to %s lead to nothing, and are refused", async (target) => {
    const directory = site();
    symlinkSync(target, join(directory, "link"));
    expect(await messageOf(hashFiles(directory))).toBe(
      `The symbolic link "${join(directory, "link")}" is broken. Correct it, remove it or exclude it.`,
    );
  });

  it("that no pattern asks for are left alone", async () => {
    const cwd = temporaryDirectory(SITE);
    symlinkSync("gone", join(cwd, "broken.txt"));
    symlinkSync(".", join(cwd, "directory.html"));
    await expectNames("*.html", { cwd }, ["index.html"]);
  });
});

describe("a listing", () => {
  const three = () => temporaryDirectory({ "a/one": "", "b/two": "", three: "" });

  it("lets the caller do other work after each directory", async () => {
    let pauses = 0;
    const pause = async () => void pauses++;
    expect((await listFiles(three(), {}, { pause })).size).toBe(3);
    expect(pauses).toBe(3);
  });

  it("ends with what the caller throws meanwhile", async () => {
    const pause = () => Promise.reject(new Error("enough"));
    await expect(listFiles(three(), {}, { pause })).rejects.toThrow("enough");
  });
});

describe("an error", () => {
  it.each([
    [
      "dist",
      'There is no file or directory "dist" in "CWD". Build the content before Pulumi runs, or correct the path.',
    ],
    [
      "dist/**/*.js",
      'The pattern "dist/**/*.js" matches no file in "CWD". Build the content before Pulumi runs, or correct the pattern: ' +
        'it matches only files, and "/**" after a directory means all files below it.',
    ],
    [
      "*.js, *.css",
      'The pattern "*.js, *.css" matches no file in "CWD". Build the content before Pulumi runs, or correct the pattern: ' +
        'it matches only files, and "/**" after a directory means all files below it. If it is several patterns, give each ' +
        "as an element of its own.",
    ],
    ["empty", 'There is no file to hash in "CWD/empty". Build the content before Pulumi runs.'],
    ["", 'A pattern is empty. Name a directory such as "./dist", or a glob such as "dist/**/*.js".'],
    [undefined, 'A pattern is empty. Name a directory such as "./dist", or a glob such as "dist/**/*.js".'],
    ["!*.map", 'The pattern "!*.map" begins with "!". Give what follows it as `exclude` instead.'],
    ["a\0b", '"a\\x00b" has a NUL character, which the name of a file can\'t have. Remove it.'],
    [[], "hashFiles got no pattern. Name a directory or a glob."],
  ])("for the pattern %j says what to do", async (patterns, message) => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, "empty"));
    expect(await messageOf(hashFiles(patterns as string, { cwd }))).toBe(
      message.replaceAll("CWD/", join(cwd, "/")).replaceAll("CWD", cwd),
    );
  });

  it("names a pattern that matches nothing beside others that do", async () => {
    const cwd = temporaryDirectory(SITE);
    expect(await messageOf(hashFiles(["*.html", "*.htm"], { cwd }))).toMatch(/^The pattern "\*\.htm" matches no file/);
  });

  it.each(["player", "player/*.js", "player/app.js"])("tells that all of %s is excluded", async (pattern) => {
    const cwd = temporaryDirectory(SITE);
    expect(await messageOf(hashFiles(pattern, { cwd, exclude: "**/*.js" }))).toMatch(/that is not excluded\. Build/);
  });

  it("tells that a pattern to exclude is absolute, as it would match nothing", async () => {
    expect(await messageOf(hashFiles(temporaryDirectory(SITE), { exclude: "/drafts" }))).toBe(
      'The pattern "/drafts" is absolute, and would match nothing. Write it relative to the directory that is hashed.',
    );
  });

  it.skipIf(isWindows)("hints at the separator where a back-slash is none", async () => {
    const cwd = temporaryDirectory(SITE);
    expect(await messageOf(hashFiles("player\\app.js", { cwd }))).toMatch(/correct the path: "\/" separates/);
  });

  it("tells why a file can't be read", async () => {
    const directory = temporaryDirectory();
    expect(await messageOf(hashFile(directory))).toMatch(
      /^".*" can't be read \((EISDIR|EACCES|EPERM): .*\)\. Give the user that runs Pulumi permission to read it, or exclude it\.$/,
    );
    expect(await messageOf(hashFile(join(directory, "gone")))).toBe(
      `"${join(directory, "gone")}" can't be read (ENOENT: no such file or directory). Run Pulumi again when nothing else changes the content.`,
    );
  });

  it.skipIf(isRoot || isWindows)("tells which file or directory may not be read", async () => {
    const directory = temporaryDirectory(SITE);
    for (const [name, mode] of Object.entries({ "index.html": 0o644, player: 0o755 })) {
      chmodSync(join(directory, name), 0);
      expect(await messageOf(hashFiles(directory))).toMatch(`"${join(directory, name)}" can't be read (EACCES`);
      chmodSync(join(directory, name), mode);
    }
  });

  it.skipIf(isWindows)("refuses a FIFO instead of waiting for it", async () => {
    const directory = temporaryDirectory(SITE);
    execFileSync("mkfifo", [join(directory, "pipe")]);
    const message = `"${join(directory, "pipe")}" is a device, a socket or a FIFO, which has no content to hash. Remove it, or exclude it.`;
    expect(await messageOf(hashFiles(directory))).toBe(message);
    expect(await messageOf(hashFiles("pipe", { cwd: directory }))).toBe(message);
  });

  it.runIf(isLinux)("refuses a name that is not Unicode", async () => {
    const directory = temporaryDirectory();
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/caf`), Buffer.from([0xe9])]), "");
    expect(await messageOf(hashFiles(directory))).toBe(
      `The name of the file "${directory}/caf\uFFFD" is not Unicode text. Rename it, or exclude it.`,
    );
  });

  it.runIf(isLinux)("refuses two names that differ only in how an accent is written", async () => {
    const directory = temporaryDirectory({ "e\u0301": "1", "\u00e9": "2" });
    expect(await messageOf(hashFiles(directory))).toBe(
      'Two files are named "\u00e9", once their accents are written the same way (Unicode NFC). Rename or exclude one.',
    );
  });
});
