/** Lines beside their resource: in components, after moves, and where the engine can't be reached. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { engines, type RunResult } from "../engine/index.js";
import { repositoryRoot, type TemporaryProgram, temporaryProgram } from "../engine/temporaryProgram.js";
import { expectNoStackTrace, openStack, type Stack } from "./stack.js";

const TYPE = "pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh";
const [A, B] = ["https://vod.example.com/a", "https://vod.example.com/b"];

/** The program declares `site`, and `inner` in a component in a component; each as the configuration says. */
const FILES = {
  "Pulumi.yaml": "name: lines\nruntime: nodejs\n",
  "package.json": '{ "name": "lines", "private": true, "main": "index.js" }',
  "index.js": `
    const pulumi = require("@pulumi/pulumi");
    const { VodCacheRefresh } = require("pulumi-alicloud-vod");
    const config = new pulumi.Config();
    class Group extends pulumi.ComponentResource {
      constructor(name, options) { super("test:index:Group", name, {}, options); }
    }
    const names = config.getObject("names") ?? { site: "site", inner: "inner", outer: "outer" };
    const aliases = config.getObject("aliases") ?? {};
    const site = config.getObject("site");
    const inner = config.getObject("inner");
    if (site) exports.site = new VodCacheRefresh(names.site, site, { aliases: aliases.site }).status;
    if (inner) {
      const outer = new Group(names.outer, { aliases: aliases.outer });
      const parent = config.getBoolean("flat") ? undefined : new Group("middle", { parent: outer });
      exports.inner = new VodCacheRefresh(names.inner, inner, { parent, aliases: aliases.inner }).status;
    }`,
};
const urnOf = (name: string, parents = "") => `urn:pulumi:dev::lines::${parents}${TYPE}::${name}`;
const INNER = urnOf("inner", "test:index:Group$test:index:Group$");

const SITE = { paths: [A], contentHash: "1" };
const configOf = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]));

/** The messages of a resource, by severity; those of progress apart. */
function linesOf({ logged }: RunResult, urn: string) {
  const own = logged.filter((line) => line.urn === urn);
  const of = (severity: string) =>
    own.filter((line) => line.severity === severity && !line.ephemeral).map(({ message }) => message);
  return {
    info: of("info"),
    warnings: of("warning"),
    progress: own.filter(({ ephemeral }) => ephemeral).map(({ message }) => message),
  };
}

let program: TemporaryProgram;
beforeAll(() => {
  program = temporaryProgram(FILES);
  symlinkSync(repositoryRoot(), join(program.directory, "node_modules/pulumi-alicloud-vod"), "dir");
});
afterAll(() => program.remove());

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  const open = async (
    ...options: Parameters<typeof openStack> extends [unknown, unknown, ...infer Rest] ? Rest : []
  ) => {
    const engine = await create();
    stack = await openStack(engine, program.directory, ...options);
    return { ...stack, importState: (text: string) => engine.importState?.(text) };
  };
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  test("each line stands beside its resource, also in nested components, and a warning is counted as one", async () => {
    const { run } = await open();
    const config = configOf({ site: SITE, inner: { paths: [B], contentHash: "1", force: true } });
    for (const operation of ["preview", "up"] as const) {
      const result = await run(operation, config);
      expect(result.succeeded).toBe(true);
      expect(linesOf(result, urnOf("site"))).toMatchObject({ warnings: [], progress: [] });
      expect(linesOf(result, urnOf("site")).info.join("\n")).toContain("refresh 1 URL in 1 call (");
      const inner = linesOf(result, INNER);
      expect(inner.info.join("\n")).toContain("refresh 1 URL in 1 call (");
      expect(inner.warnings).toEqual([expect.stringContaining("force has no effect")]);
      // Nothing is left that stands under the stack, and no line names its resource or its severity.
      expect(result.logged.filter(({ urn }) => !urn.includes(TYPE))).toEqual([]);
      expect(result.logged.filter(({ message }) => /^(site|inner|warning):|^$/.test(message))).toEqual([]);
    }
  });

  test("progress is ephemeral: no diagnostic is left of it", async () => {
    const { run, emulator } = await open({ taskDelayMs: 60 * 60_000 });
    emulator.fault({ kind: "task-stuck", times: 1 });
    const waited = await run("up", configOf({ site: { ...SITE, wait: { timeout: 12, onTimeout: "warn" } } }));
    const { info, warnings, progress } = linesOf(waited, urnOf("site"));
    expect(progress[0]).toMatch(/^0 of 1 .*0%/);
    expect(warnings).toHaveLength(1);
    expect(info.join("\n")).not.toContain("0%");
  });

  describe("where a resource is makes no difference:", () => {
    /** Expects that nothing happens, apart from a refresh of the state. */
    const expectNothing = async ({ run, emulator }: Stack, config: Record<string, string>, same: number) => {
      emulator.received.length = 0;
      for (const operation of ["preview", "up", "refresh"] as const) {
        const { succeeded, changes } = await run(operation, config);
        expect({ operation, succeeded, changes }).toEqual({ operation, succeeded: true, changes: { same } });
      }
      expect(emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches")).toEqual([]);
    };
    const BOTH = configOf({ site: SITE, inner: { paths: [B], contentHash: "1" } });

    test.each([
      ["without a URN", (state: string) => state.replace(/"__urn":"[^"]*",/g, "")],
      [
        "with that of another place",
        (state: string) => state.replace(/("__urn":")[^"]*"/g, '$1urn:pulumi:a::b::c::d"'),
      ],
    ])("a state %s is no update and no call", async (_, change) => {
      const opened = await open();
      await opened.run("up", BOTH);
      const changed = change(JSON.stringify(JSON.parse(await opened.state())));
      expect(changed).not.toContain(`"__urn":"${urnOf("site")}"`);
      await opened.importState(changed);
      await expectNothing(opened, BOTH, 5);
      // The next change is shown beside the resource, and without the URN among what changed.
      const next = configOf({ site: { ...SITE, contentHash: "2" }, inner: { paths: [B], contentHash: "1" } });
      const preview = await opened.run("preview", next);
      expect(preview.output).not.toContain("__urn");
      expect(linesOf(preview, urnOf("site")).info[0]).toContain("refresh 1 URL in 1 call (");
      await opened.run("up", next);
      expect(await opened.state()).toMatch(new RegExp(`"__urn": ?"${urnOf("site")}"`));
    });

    test("a rename, a move and a renamed component are no update and no call", async () => {
      const opened = await open();
      await opened.run("up", BOTH);
      const renamed = configOf({
        site: SITE,
        inner: { paths: [B], contentHash: "1" },
        names: { site: "site2", inner: "inner", outer: "outer2" },
        aliases: { site: [{ name: "site" }], outer: [{ name: "outer" }] },
      });
      await expectNothing(opened, renamed, 5);
      const moved = configOf({
        site: SITE,
        inner: { paths: [B], contentHash: "1" },
        flat: true,
        names: { site: "site2", inner: "moved", outer: "outer2" },
        aliases: { inner: [INNER] },
      });
      opened.emulator.received.length = 0;
      const up = await opened.run("up", moved);
      expect(up.changes).toEqual({ same: 4, delete: 1 });
      const changed = await opened.run("preview", { ...moved, site: JSON.stringify({ ...SITE, contentHash: "2" }) });
      expect(linesOf(changed, urnOf("site2")).info[0]).toContain("refresh 1 URL in 1 call (");
      expect(opened.emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches")).toEqual([]);
    });
  });

  describe("a log channel", () => {
    let server: Server;
    const sockets: Socket[] = [];
    beforeAll(async () => {
      server = createServer((socket) => sockets.push(socket.on("error", () => {})));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    });
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    /** Runs an update whose provider is told another address than the engine's. */
    const runWith = async (address: string) => {
      const { run } = await open();
      const preload = join(program.directory, "address.cjs");
      writeFileSync(
        preload,
        `if (/dynamic-provider/.test(process.argv[1])) process.argv[2] = ${JSON.stringify(address)};`,
      );
      const config = configOf({ site: { ...SITE, force: true } });
      return run("up", config, { NODE_OPTIONS: `--require ${preload}` });
    };

    test.each([
      ["that nobody answers", () => "127.0.0.1:1"],
      ["that stays silent", () => `127.0.0.1:${(server.address() as { port: number }).port}`],
    ])("%s costs nothing but its lines' place: they stand under the stack", async (_, address) => {
      const result = await runWith(address());
      expect(result.succeeded).toBe(true);
      expect(result.changes.create).toBe(2);
      expect(result.output).toMatch(/^site: .*refresh 1 URL in 1 call \(/m);
      expect(result.output.match(/^site: warning: force has no effect/gm)).toHaveLength(1);
      expect(result.logged.filter(({ urn }) => urn.includes(TYPE))).toEqual([]);
      expectNoStackTrace(result.output);
    });
  });

  test.skipIf(process.platform === "win32")("what is named in a line has no escape sequence", async () => {
    const { run } = await open();
    const directory = mkdtempSync(join(tmpdir(), "names-"));
    try {
      const name = "\u001b[31mred <{%reset%}>";
      mkdirSync(join(directory, name));
      for (const file of ["a.js", "b.js"]) writeFileSync(join(directory, name, file), "1");
      const source = {
        directory: join(directory, name),
        baseUrl: "http://vod.example.com/",
        include: [`${name}*`, "*.js"],
      };
      const result = await run("preview", configOf({ site: { source } }));
      expect(result.succeeded).toBe(true);
      const { warnings } = linesOf(result, urnOf("site"));
      expect(warnings.join("\n")).toContain('"\\u001b[31mred <\\x7b%reset%}>*"');
      expect(result.logged.map(({ message }) => message).join("\n")).not.toContain("\u001b");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
