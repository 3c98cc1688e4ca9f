import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { view } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { expectNoStackTrace, openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const COMMONJS = join(PROGRAMS, "commonjs");
const EXAMPLES = join(__dirname, "../../examples");

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  const open = async (...args: Parameters<typeof openStack> extends [unknown, ...infer Rest] ? Rest : never) => {
    stack = await openStack(await create(), ...args);
    return stack;
  };
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  test("examples/quickstart: a viewer gets the new content after an update, and only a change makes a call", async () => {
    const { emulator, run, refreshed } = await open(join(EXAMPLES, "quickstart"));
    const directory = join(emulator.origin, "vod.example.com/player");
    cpSync(join(EXAMPLES, "quickstart/player"), directory, { recursive: true });
    const script = "http://vod.example.com/player/app.js";
    const style = "http://vod.example.com/player/app.css";
    const served = async () => (await view(emulator, script)).body;
    const config = { directory };

    expect((await run("preview", config)).changes).toMatchObject({ create: 2 });
    expect(refreshed()).toEqual([]);
    const created = await run("up", config);
    expect(created).toMatchObject({ succeeded: true, outputs: { status: "Submitted" } });
    expect(refreshed()).toEqual([script, style]);

    const old = await served();
    writeFileSync(join(directory, "app.js"), "new content");
    expect(await served()).toBe(old);

    const preview = await run("preview", config);
    expect(preview.output).toMatch(/~ contentHash\s*: "sha256:\w+" => "sha256:\w+"/);
    expect(preview.output).toContain(
      "contentHash changed: refresh 2 URLs in 1 call (leaves 1,996 of 2,000 URLs in today's quota)",
    );
    expect(preview.output).toContain(`  ${script}, ${style}\n`);
    expect(refreshed()).toHaveLength(2);
    expect(await served()).toBe(old);

    emulator.advance(1000);
    const updated = await run("up", config);
    expect(updated.changes).toMatchObject({ update: 1 });
    expect(updated.outputs.taskIds).not.toEqual(created.outputs.taskIds);
    expect(refreshed()).toEqual([script, style, script, style]);
    expect(await served()).toBe("new content");

    expect((await run("up", config)).changes).not.toHaveProperty("update");
    expect((await run("refresh", config)).succeeded).toBe(true);
    expect((await run("up", config)).changes).not.toHaveProperty("update");
    const destroyed = await run("destroy", config);
    expect(destroyed).toMatchObject({ succeeded: true, resources: [] });
    expect(destroyed.output).toContain("removed from the state only: a refresh can't be undone");
    expect(refreshed()).toHaveLength(4);
  });

  test("every object type is sent in the form that the service wants", async () => {
    const { emulator, run } = await open(COMMONJS);
    const path = "https://vod.example.com/player/";
    const args = (more: object) => ({ paths: [path], contentHash: "v1", ...more });
    const { output, succeeded } = await run(
      "up",
      resources({
        file: args({}),
        directory: args({ objectType: "Directory" }),
        forced: args({ objectType: "Directory", force: true }),
        regex: args({ objectType: "Regex" }),
        params: args({ objectType: "IgnoreParams" }),
      }),
    );
    expect(succeeded).toBe(true);
    for (const covered of ["everything below ", "every URL that matches ", "with any query: "]) {
      expect(output).toContain(`  ${covered}${path}\n`);
    }
    const calls = emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches");
    const sent = calls.map(({ parameters: { ObjectPath, ObjectType, Force } }) => ({
      ObjectPath,
      ObjectType,
      Force,
    }));
    expect(sent).toHaveLength(5);
    expect(sent).toEqual(
      expect.arrayContaining([
        { ObjectPath: path, ObjectType: "File", Force: undefined },
        { ObjectPath: path, ObjectType: "Directory", Force: "false" },
        { ObjectPath: path, ObjectType: "Directory", Force: "true" },
        { ObjectPath: path, ObjectType: "Regex", Force: "false" },
        { ObjectPath: path, ObjectType: "IgnoreParams", Force: "false" },
      ]),
    );
  });

  test("a Directory refresh reaches everything below the directory, and nothing beside it", async () => {
    const { emulator, run } = await open(COMMONJS);
    const files = ["player/app.js", "player/deep/er.js", "players.js"];
    const write = (text: string) => {
      for (const file of files) {
        const path = join(emulator.origin, "vod.example.com", file);
        cpSync(join(EXAMPLES, "quickstart/player/app.js"), path);
        writeFileSync(path, text);
      }
    };
    const served = () =>
      Promise.all(files.map(async (file) => (await view(emulator, `http://vod.example.com/${file}`)).body));
    write("old");
    expect(await served()).toEqual(["old", "old", "old"]);
    write("new");
    const args = { paths: ["http://vod.example.com/player/"], objectType: "Directory", force: true, contentHash: "v1" };
    await run("up", resources({ player: args }));
    expect(await served()).toEqual(["new", "new", "old"]);
  });

  test("2,000 URLs go in two calls; if the second is refused, the next update sends only the rest", async () => {
    const { emulator, run, refreshed } = await open(COMMONJS);
    const paths = Array.from(
      { length: 2000 },
      (_, index) => `https://${index < 1000 ? "vod" : "new"}.example.com/${index}`,
    );
    const program = resources({ site: { paths, contentHash: "v1" } });

    const failed = await run("up", program);
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain("new.example.com doesn't exist or doesn't belong to this Alibaba Cloud account.");
    expect(failed.output).toContain("1,000 of 2,000 URLs are pending; the next update sends them.");
    expect(refreshed()).toEqual(paths.slice(0, 1000));

    emulator.set({ domains: { "new.example.com": "online" } });
    expect((await run("preview", program)).output).toContain(
      "1,000 of 2,000 URLs pending from the last update: refresh 1,000 URLs in 1 call (leaves 0 of 2,000 URLs in today's quota)",
    );
    const resumed = await run("up", program);
    expect(resumed).toMatchObject({ succeeded: true, outputs: { site: { status: "Submitted", pending: [] } } });
    expect(refreshed()).toEqual(paths);
    await run("up", program);
    expect(refreshed()).toHaveLength(2000);
  });

  test("the next update makes up for one that could send nothing, even if it returns to the old content", async () => {
    const { run, refreshed } = await open(COMMONJS);
    const program = (contentHash: string) =>
      resources({ site: { paths: ["https://vod.example.com/a"], contentHash, retry: { maxAttempts: 1 } } });
    await run("up", program("v1"));
    const failed = await run("up", program("v2"), { VOD_ENDPOINT: "http://127.0.0.1:1" });
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain("http://127.0.0.1:1 can't be reached (ECONNREFUSED).");
    await run("up", program("v1"));
    expect(refreshed()).toHaveLength(2);
  });

  test("refreshOnCreate false sends nothing before the first change", async () => {
    const { run, refreshed } = await open(COMMONJS);
    const program = (contentHash: string) =>
      resources({ site: { paths: ["https://vod.example.com/a"], contentHash, refreshOnCreate: false } });
    expect((await run("up", program("v1"))).outputs).toMatchObject({ site: { status: "NotSubmitted", taskIds: [] } });
    expect(refreshed()).toEqual([]);
    await run("up", program("v2"));
    expect(refreshed()).toEqual(["https://vod.example.com/a"]);
  });

  test("only an added path is refreshed; a removed path or another order sends nothing", async () => {
    const { run, refreshed } = await open(COMMONJS);
    const program = (...names: string[]) =>
      resources({ site: { paths: names.map((name) => `https://vod.example.com/${name}`), contentHash: "v1" } });
    await run("up", program("a", "b"));
    await run("up", program("b", "c", "a"));
    expect(refreshed().slice(2)).toEqual(["https://vod.example.com/c"]);
    const removed = await run("up", program("c"));
    expect(removed.outputs).toMatchObject({ site: { paths: ["https://vod.example.com/c"] } });
    expect(removed.output).not.toMatch(/nothing to refresh|refresh \d/);
    expect(refreshed()).toHaveLength(3);
  });

  test("an ES module program hashes text and files", async () => {
    const { run, refreshed } = await open(join(PROGRAMS, "module"));
    const { outputs } = await run("up", { text: "hello" });
    expect(outputs).toMatchObject({
      text: "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
      files: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    await run("up", { text: "goodbye" });
    expect(refreshed().slice(2)).toEqual(["https://vod.example.com/text"]);
  });

  test("content that can't be read is reported in one sentence", async () => {
    const { emulator, run } = await open(join(EXAMPLES, "quickstart"));
    const { succeeded, output } = await run("preview", { directory: "missing" });
    expect(succeeded).toBe(false);
    expect(output).toContain('There is no file or directory "missing" in ');
    expectNoStackTrace(output);
    expect(emulator.received).toEqual([]);
  });

  test("a delete fails with one sentence if the package is not installed", async () => {
    const { run } = await open(COMMONJS);
    await run("up", resources({ site: { paths: ["https://vod.example.com/a"], contentHash: "v1" } }));
    const bare = mkdtempSync(join(tmpdir(), "bare-program-"));
    try {
      for (const file of ["Pulumi.yaml", "package.json"]) cpSync(join(COMMONJS, file), join(bare, file));
      writeFileSync(join(bare, "index.js"), "");
      mkdirSync(join(bare, "node_modules"));
      symlinkSync(join(__dirname, "../../node_modules/@pulumi"), join(bare, "node_modules/@pulumi"), "junction");
      const { succeeded, output } = await run("destroy", {}, {}, undefined, bare);
      expect(succeeded).toBe(false);
      expect(output).toContain(
        "The package pulumi-alicloud-vod is not installed in the directory of this Pulumi program.",
      );
      expectNoStackTrace(output);
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  });

  test("a preview with an unknown input shows an update, and the update sends the value that it learns", async () => {
    const { emulator, run, refreshed } = await open(join(PROGRAMS, "unknown"));
    expect(await run("preview", { version: "1" })).toMatchObject({ succeeded: true, changes: { create: 3 } });
    await run("up", { version: "1" });
    emulator.advance(1000);
    const preview = await run("preview", { version: "2" });
    expect(preview).toMatchObject({ succeeded: true, changes: { update: 2 } });
    expect(preview.output).toContain("plan unknown until the update: it depends on an output that is not known yet");
    expect((await run("up", { version: "2" })).succeeded).toBe(true);
    expect(refreshed()).toHaveLength(6);
  });
});
