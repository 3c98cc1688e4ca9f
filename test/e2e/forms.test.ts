/**
 * The resource in both of its forms, the dynamic one and the plugin: one list of scenarios, whose lines and results are equal, and the
 * moves from one form to the other.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type Emulator, type EmulatorOptions, pathsOf, publish, startEmulator } from "../emulator/index.js";
import { type Engine, engines, type Operation, type RunResult } from "../engine/index.js";
import { until } from "./one-url.js";
import { pathWithPlugin } from "./plugin.js";
import { expectNoStackTrace, openStack, PROGRAMS, type Stack } from "./stack.js";

type Form = "dynamic" | "native";
type Resources = Record<string, object>;

interface RunOfForm {
  operation: Operation;
  resources?: Resources;
  config?: Record<string, string>;
  /** Among the stack's secrets: for programs whose arguments must not be in clear anywhere. */
  isSecret?: boolean;
  environment?: Record<string, string | undefined>;
  signal?: AbortSignal;
}

interface FormStack extends Pick<Stack, "emulator" | "refreshed" | "state"> {
  form: Form;
  /** The paths of all accepted preload calls so far, in order. */
  preloaded(): string[];
  run(run: RunOfForm): Promise<RunResult>;
  preview(resources: Resources): Promise<RunResult>;
  up(resources: Resources): Promise<RunResult>;
  /** Runs the program in the other form from now on. */
  move(): void;
}

const A = "http://vod.example.com/a";
const B = "http://vod.example.com/b";
const C = "http://vod.example.com/c";

/** Has the service refuse every refresh, until the faults are cleared. */
function refuseRefreshes(emulator: Emulator): void {
  emulator.fault({
    kind: "error",
    code: "Brand.New",
    status: 400,
    message: "No.",
    action: "RefreshVodObjectCaches",
  });
}

/** What both forms have to do alike. Each throws if its form does something else. */
const SCENARIOS: Record<string, { options?: EmulatorOptions; play(stack: FormStack): Promise<void> }> = {
  "a new resource, no change, a change, added and removed paths, and the end": {
    async play({ preview, up, run, refreshed }) {
      const site = { paths: [A, B], contentHash: "1" };
      expect((await preview({ site })).changes).toMatchObject({ create: 2 });
      expect(refreshed()).toEqual([]);
      expect((await up({ site })).outputs).toMatchObject({ site: { status: "Submitted", pending: [] } });
      expect((await preview({ site })).changes).toEqual({ same: 2 });
      expect((await up({ site })).changes).toEqual({ same: 2 });
      const changed = await preview({ site: { ...site, contentHash: "2" } });
      expect(changed.output).toMatch(/~ contentHash *: "1" => "2"/);
      expect(changed.changes).toEqual({ same: 1, update: 1 });
      await up({ site: { ...site, contentHash: "2" } });
      await up({ site: { paths: [B, C], contentHash: "2" } });
      expect(refreshed()).toEqual([A, B, A, B, C]);
      const destroyed = await run({ operation: "destroy" });
      expect(destroyed).toMatchObject({ succeeded: true, resources: [] });
      expect(refreshed()).toHaveLength(5);
    },
  },
  "the contents of URLs": {
    async play({ preview, up, refreshed }) {
      await up({ site: { contents: { [A]: "1", [B]: "1" } } });
      const changed = { site: { contents: { [A]: "2", [C]: "1" } } };
      expect((await preview(changed)).output).toContain(`"1" => "2"`);
      await up(changed);
      expect(refreshed()).toEqual([A, B, A, B, C]);
    },
  },
  "triggers, of which a change refreshes everything once": {
    async play({ preview, up, emulator, refreshed }) {
      const site = (...triggers: unknown[]) => ({ site: { contents: { [A]: "1", [B]: "1" }, triggers } });
      await up(site("v1"));
      expect(refreshed()).toEqual([A, B]);
      const told = await preview(site("v2"));
      expect(told.output).toContain("triggers[0] changed: refresh 2 URLs in 1 call");
      expect(told.output).toMatch(/~ \[0\] *: "v1" => "v2"|~ triggers/);
      refuseRefreshes(emulator);
      expect((await up(site("v2"))).succeeded).toBe(false);
      emulator.clearFaults();
      expect((await up(site("v2"))).outputs).toMatchObject({ site: { status: "Submitted", pending: [] } });
      expect(refreshed()).toEqual([A, B, A, B]);
      expect((await up(site("v2"))).changes).toEqual({ same: 2 });
      await up(site("v2", { "Cache-Control": "max-age=60" }));
      expect(refreshed()).toHaveLength(6);
      // Left out at the end: an update that sends nothing.
      expect((await up(site("v2"))).changes).toEqual({ same: 1, update: 1 });
      expect(refreshed()).toHaveLength(6);
    },
  },
  "a reserve of the stack, which an emergency uses": {
    async play({ run, emulator, refreshed }) {
      const site = (more = {}) => ({ site: { contents: { [A]: "1", [B]: "1", [C]: "1" }, ...more } });
      const config = { "alicloud-vod:reserveUrls": "100" };
      emulator.set({ urlRemain: 102 });
      const told = await run({ operation: "preview", resources: site(), config });
      expect(told.output).toContain("today's quota has 102 of 2,000 URLs left, 100 of them reserved, and 3 are due");
      const refused = await run({ operation: "up", resources: site(), config });
      expect(refused.succeeded).toBe(false);
      expect(refused.output).toContain("run `pulumi config set alicloud-vod:reserveUrls 0` for one update");
      expect(refreshed()).toEqual([]);
      const first = site({ quota: { onExceeded: "partial" }, priority: ["c"] });
      expect((await run({ operation: "up", resources: first, config })).outputs).toMatchObject({
        site: { pending: [B] },
      });
      expect(refreshed()).toEqual([C, A]);
      await run({ operation: "up", resources: first, config: { "alicloud-vod:reserveUrls": "0" } });
      expect(refreshed()).toEqual([C, A, B]);
    },
  },
  "triggers that are secret, shown nowhere": {
    async play({ run, state, refreshed }) {
      const site = (value: string) => ({
        site: { contents: { [A]: "1" }, triggers: ["v1", { header: { secret: value } }] },
      });
      const written: string[] = [];
      for (const value of ["planted-one", "planted-two"]) {
        for (const operation of ["preview", "up"] as const) {
          const { output } = await run({ operation, resources: site(value), isSecret: true });
          written.push(output, await state());
        }
      }
      expect(refreshed()).toEqual([A, A]);
      expect(written.join()).toContain("triggers[1] changed");
      for (const text of written) expect(text).not.toContain("planted");
    },
  },
  "a verification at the edge, whose headers are secret though the program doesn't say so": {
    options: { nodes: 2 },
    async play({ emulator, run, refreshed, state }) {
      const address = new URL(emulator.nodes[1]?.http ?? "").host;
      const verify = { address, timeout: 0, headers: { Cookie: "planted-cookie" } };
      const written: string[] = [];
      const deploy = async (operation: Operation, contentHash: string) => {
        const result = await run({
          operation,
          resources: { site: { paths: [A], contentHash, verify } },
          isSecret: true,
        });
        written.push(JSON.stringify(result), await state());
        return result;
      };
      publish(emulator, "vod.example.com/a", "old");
      const fresh = await deploy("up", "1");
      expect(fresh.output).toContain("verified at the edge: 1 of 1 paths fresh");
      expect(fresh.resources[0]?.outputs).toMatchObject({ verify: "[secret]", verified: { fresh: 1, stale: 0 } });
      // A copy from within the second before a refresh can't be told from a new one.
      emulator.advance(2_000);
      emulator.set({ lags: { 1: "never" } });
      const stale = await deploy("up", "2");
      expect(stale.output).toContain("1 of 1 paths is stale at the edge");
      expect(stale.resources[0]?.outputs).toMatchObject({ status: "Incomplete", pending: [A] });
      emulator.set({ lags: { 1: 0 } });
      expect((await deploy("preview", "2")).output).toContain("1 of 1 URLs stale at the edge");
      expect((await deploy("up", "2")).resources[0]?.outputs).toMatchObject({ pending: [], verified: { fresh: 1 } });
      expect((await deploy("up", "2")).changes).toMatchObject({ same: 2 });
      expect(refreshed()).toEqual([A, A, A]);
      for (const text of written) expect(text).not.toContain("planted-cookie");
    },
  },
  "the files of a directory": {
    async play({ emulator, preview, up, refreshed }) {
      const directory = join(emulator.origin, "site");
      mkdirSync(join(directory, "videos"), { recursive: true });
      const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
      write("index.html", "1");
      write("videos/a.ts", "1");
      const site = { source: { directory, baseUrl: "https://vod.example.com/", indexDocument: "index.html" } };
      await up({ site });
      expect((await up({ site })).changes).toEqual({ same: 2 });
      write("videos/a.ts", "2");
      write("new.js", "1");
      await preview({ site });
      await up({ site });
      expect(refreshed().slice(3)).toEqual(["https://vod.example.com/videos/a.ts"]);
    },
  },
  "a quota that holds a part": {
    async play({ emulator, preview, up, refreshed }) {
      emulator.set({ urlRemain: 1 });
      const site = { paths: [A, B], contentHash: "1", quota: { onExceeded: "partial" } };
      await preview({ site });
      const { outputs, succeeded } = await up({ site });
      expect(succeeded).toBe(true);
      expect(outputs).toMatchObject({ site: { status: "Incomplete", pending: [B] } });
      emulator.set({ urlRemain: 2000 });
      expect((await preview({ site })).changes).toEqual({ same: 1, update: 1 });
      expect((await up({ site })).outputs).toMatchObject({ site: { pending: [] } });
      expect(refreshed()).toEqual([A, B]);
    },
  },
  "a refusal, and the next update": {
    async play({ emulator, preview, up, refreshed }) {
      const site = { paths: [A, B], contentHash: "1" };
      emulator.set({ accessKey: "forbidden" });
      const failed = await up({ site });
      expect(failed.succeeded).toBe(false);
      expectNoStackTrace(failed.output);
      emulator.set({ accessKey: "active" });
      expect((await up({ site })).succeeded).toBe(true);
      refuseRefreshes(emulator);
      const again = await up({ site: { ...site, contentHash: "2" } });
      expect(again.succeeded).toBe(false);
      expect(again.resources[0]?.outputs).toMatchObject({ pending: [A, B] });
      emulator.clearFaults();
      await preview({ site: { ...site, contentHash: "2" } });
      expect((await up({ site: { ...site, contentHash: "2" } })).outputs).toMatchObject({ site: { pending: [] } });
      expect(refreshed()).toEqual([A, B, A, B]);
    },
  },
  "a wait for the tasks, one of which fails once": {
    async play({ emulator, up }) {
      emulator.fault({ kind: "task-failed", description: "Origin Timeout", times: 1 });
      const { outputs, succeeded } = await up({ site: { paths: [A], contentHash: "1", wait: true } });
      expect(succeeded).toBe(true);
      expect(outputs).toMatchObject({ site: { status: "Complete" } });
    },
  },
  "a preload after a refresh": {
    async play({ emulator, preview, up, refreshed, preloaded }) {
      for (const name of ["a", "b"]) publish(emulator, `vod.example.com/${name}`, "content");
      const of = (hash: string) => ({
        site: { contents: { [A]: hash, [B]: "1" }, wait: true },
        warm: { kind: "VodCachePreload", contents: { [A]: hash, [B]: "1" }, wait: true, refresh: { resource: "site" } },
      });
      await up(of("1"));
      await preview(of("2"));
      expect((await up(of("2"))).outputs).toMatchObject({ warm: { status: "Complete" } });
      expect([refreshed(), preloaded()]).toEqual([
        [A, B, A],
        [A, B, A],
      ]);
    },
  },
  "a refresh of the state while tasks run": {
    options: { taskDelayMs: 60_000 },
    async play({ emulator, up, run }) {
      const site = { paths: [A], contentHash: "1" };
      await up({ site });
      const running = await run({ operation: "refresh", resources: { site } });
      expect(running.resources[0]?.outputs).toMatchObject({ status: "Refreshing" });
      emulator.advance(60_000);
      const ended = await run({ operation: "refresh", resources: { site } });
      expect(ended.resources[0]?.outputs).toMatchObject({ status: "Complete" });
      expect((await up({ site })).changes).toEqual({ same: 2 });
    },
  },
  "secret paths": {
    async play({ emulator, run, refreshed, state }) {
      const url = "https://vod.example.com/a?auth_key=planted-signature";
      const site = { paths: [{ secret: url }], contentHash: "1" };
      const written: string[] = [];
      const runUnseen = async (operation: Operation, contentHash: string) => {
        const result = await run({ operation, resources: { site: { ...site, contentHash } }, isSecret: true });
        written.push(JSON.stringify(result), await state());
        return result;
      };
      await runUnseen("preview", "1");
      expect((await runUnseen("up", "1")).resources[0]?.outputs).toMatchObject({ paths: "[secret]" });
      refuseRefreshes(emulator);
      expect((await runUnseen("up", "2")).succeeded).toBe(false);
      emulator.clearFaults();
      await runUnseen("refresh", "2");
      await runUnseen("preview", "2");
      expect((await runUnseen("up", "2")).resources[0]?.outputs).toMatchObject({ pending: "[secret]" });
      expect(refreshed()).toEqual([url, url]);
      expect((await runUnseen("up", "2")).changes).toEqual({ same: 2 });
      for (const text of written) expect(text).not.toContain("planted-signature");
    },
  },
  "wrong inputs": {
    async play({ preview, refreshed }) {
      const { succeeded, output } = await preview({
        site: { paths: [A], contentHash: "1", objectType: "Fle", wait: { timeout: -1 } },
      });
      expect(succeeded).toBe(false);
      expectNoStackTrace(output);
      expect(output).toContain(`did you mean "File"?`);
      expect(refreshed()).toEqual([]);
    },
  },
  "questions about the quota and about tasks": {
    async play({ run, up, emulator }) {
      await up({ site: { paths: [A], contentHash: "1" } });
      const tasks = JSON.stringify([emulator.tasks()[0]?.taskId]);
      const { outputs } = await run({ operation: "up", config: { asks: "true", tasks } });
      expect(outputs).toMatchObject({
        quota: { urls: { quota: 2000, remain: 1999 } },
        tasks: [{ path: A, status: "Complete" }],
      });
    },
  },
};

describe.each(engines())("on the $name", ({ create }) => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** A stack of the program in one form, and a note of what each run tells. */
  const open = async (form: Form, options: EmulatorOptions = {}): Promise<FormStack & { told: object[] }> => {
    const engine: Engine = await create();
    const stack = await openStack(engine, join(PROGRAMS, "forms"), options);
    closing.push(() => stack.close());
    const { emulator, refreshed, state } = stack;
    const PATH = await pathWithPlugin();
    const told: object[] = [];
    let current = form;
    const run = async ({
      operation,
      resources = {},
      config = {},
      isSecret = false,
      environment,
      signal,
    }: RunOfForm) => {
      const program = { resources: JSON.stringify(resources) };
      const secrets = { ...keysOf(emulator), ...(isSecret ? program : {}) };
      const plain = { form: current, ...(isSecret ? {} : program), ...config };
      const result = await stack.run(operation, plain, { PATH, ...environment }, secrets, undefined, signal);
      told.push(tell(operation, result));
      return result;
    };
    return {
      ...{ emulator, refreshed, state, told, run },
      get form() {
        return current;
      },
      preloaded: () =>
        emulator.received
          .filter(({ action, status }) => action === "PreloadVodObjectCaches" && status === 200)
          .flatMap(pathsOf),
      preview: (resources) => run({ operation: "preview", resources }),
      up: (resources) => run({ operation: "up", resources }),
      move: () => {
        current = current === "dynamic" ? "native" : "dynamic";
      },
    };
  };

  test.each(Object.entries(SCENARIOS))("both forms do and tell the same: %s", async (_, { options, play }) => {
    const told: object[][] = [];
    for (const form of ["dynamic", "native"] as const) {
      const stack = await open(form, options);
      await play(stack);
      told.push(stack.told);
    }
    expect(told[1]).toEqual(told[0]);
  });

  describe("a move", () => {
    const quota = { onExceeded: "partial" };
    const inside = { component: "true" };

    test.each<[what: string, paths: unknown[], config: Record<string, string>]>([
      ["pending paths", [A, B], {}],
      ["pending paths inside a component", [A, B], inside],
      ["pending secret paths", [{ secret: A }, { secret: B }], {}],
    ])("to the plugin and back sends nothing but what was pending: %s", async (_, paths, config) => {
      const { emulator, run, refreshed, move } = await open("dynamic");
      const runSite = (operation: Operation, contentHash: string) =>
        run({ operation, resources: { site: { paths, contentHash, quota } }, config, isSecret: true });
      emulator.set({ urlRemain: 1 });
      expect((await runSite("up", "1")).succeeded).toBe(true);
      expect(refreshed()).toEqual([A]);
      emulator.set({ urlRemain: 2000 });

      move();
      expect((await runSite("preview", "1")).changes).toMatchObject({ update: 1 });
      const moved = await runSite("up", "1");
      expect(moved.succeeded).toBe(true);
      expect(refreshed()).toEqual([A, B]);
      const [site, ...others] = moved.resources.filter(({ type }) => type.endsWith(":VodCacheRefresh"));
      expect([site?.type, others]).toEqual(["alicloud-vod:index:VodCacheRefresh", []]);
      expect(site?.outputs).toMatchObject(typeof paths[0] === "string" ? { pending: [] } : { pending: "[secret]" });

      expect((await runSite("up", "1")).changes).not.toHaveProperty("update");
      move();
      expect((await runSite("up", "1")).succeeded).toBe(true);
      expect((await runSite("up", "1")).changes).not.toHaveProperty("update");
      expect(refreshed()).toEqual([A, B]);
      await runSite("up", "2");
      expect(refreshed()).toEqual([A, B, A, B]);
      const destroyed = await run({ operation: "destroy" });
      expect(destroyed).toMatchObject({ succeeded: true, resources: [] });
    });

    /** The content of A and B, and the inputs that `preload: true` gives the preload of it. */
    const contentOf = (hash: string) => ({ contents: { [A]: hash, [B]: "1" } });
    const warming = { wait: true, onFailure: "warn", quota };
    const warm = (site: string, more: object = {}) => ({
      kind: "VodCachePreload",
      ...warming,
      refresh: { resource: site },
      ...more,
    });
    const openPublished = async (form: Form) => {
      const stack = await open(form);
      for (const name of ["a", "b"]) publish(stack.emulator, `vod.example.com/${name}`, "content");
      const sent = () => [stack.refreshed(), stack.preloaded()];
      /** Deploys, and returns what that sent. */
      const upSending = async (resources: Resources) => {
        const before = sent().map(({ length }) => length);
        const result = await stack.up(resources);
        expect(result.succeeded, result.output).toBe(true);
        const [refreshed, preloaded] = sent().map((paths, i) => paths.slice(before[i]));
        return { ...result, refreshed, preloaded };
      };
      return { ...stack, upSending };
    };
    const NOTHING = { refreshed: [], preloaded: [] };

    test("of preload: true and a preload below the refresh keeps both, and sends nothing but what was pending", async () => {
      const { emulator, upSending, move, run } = await openPublished("dynamic");
      const classes = (hash: string) => ({ site: { ...contentOf(hash), preload: true } });
      const plugin = (hash: string) => ({
        site: { ...contentOf(hash), wait: true },
        "site-preload": warm("site", { ...contentOf(hash), parent: "site" }),
      });
      emulator.set({ preloadRemain: 1 });
      expect(await upSending(classes("1"))).toMatchObject({ refreshed: [A, B], preloaded: [A] });
      emulator.set({ preloadRemain: 500 });

      move();
      const moved = await upSending(plugin("1"));
      expect(moved).toMatchObject({ refreshed: [], preloaded: [B] });
      expect(Object.keys(moved.changes).sort()).toEqual(["same", "update"]);
      expect(await upSending(plugin("1"))).toMatchObject({ ...NOTHING, changes: { same: 3 } });
      expect(await upSending(plugin("2"))).toMatchObject({ refreshed: [A], preloaded: [A] });

      move();
      const back = await upSending(classes("2"));
      expect(back).toMatchObject(NOTHING);
      expect(Object.keys(back.changes).sort()).toEqual(["same", "update"]);
      expect(await upSending(classes("3"))).toMatchObject({ refreshed: [A], preloaded: [A] });
      expect(await run({ operation: "destroy" })).toMatchObject({ succeeded: true, resources: [] });
    });

    test("of preload: true and a preload elsewhere sends nothing with preloadOnCreate: false, nor without it later", async () => {
      const { upSending, move } = await openPublished("dynamic");
      const classes = (hash: string, preload: unknown = true) => ({ site: { ...contentOf(hash), preload } });
      const plugin = (hash: string, more: object = {}) => ({
        site: { ...contentOf(hash), wait: true },
        warm: warm("site", { ...contentOf(hash), ...more }),
      });
      const once = { preloadOnCreate: false };
      await upSending(classes("1"));
      move();
      const moved = await upSending(plugin("1", once));
      expect(moved).toMatchObject({ ...NOTHING, changes: { create: 1, delete: 1 } });
      expect(await upSending(plugin("1"))).toMatchObject(NOTHING);
      expect(await upSending(plugin("2"))).toMatchObject({ refreshed: [A], preloaded: [A] });
      move();
      expect(await upSending(classes("2", once))).toMatchObject({ ...NOTHING, changes: { create: 1, delete: 1 } });
      expect(await upSending(classes("2"))).toMatchObject(NOTHING);
      expect(await upSending(classes("3"))).toMatchObject({ refreshed: [A], preloaded: [A] });
    });

    test("of a VodSiteRelease by aliases keeps everything, and back with refreshOnCreate: false sends nothing", async () => {
      const { emulator, upSending, move } = await openPublished("dynamic");
      const directory = join(emulator.origin, "vod.example.com");
      const [baseUrl, a, b] = ["", "a", "b"].map((name) => `https://vod.example.com/${name}`) as [
        string,
        string,
        string,
      ];
      const classes = (more: object = {}) => ({
        release: { kind: "VodSiteRelease", directory, domains: ["vod.example.com"], preload: true, ...more },
      });
      emulator.set({ preloadRemain: 1 });
      const before = await upSending(classes());
      expect(before).toMatchObject({ refreshed: [a, b], preloaded: [a] });
      emulator.set({ preloadRemain: 500 });
      const urnOf = (kind: string) => before.resources.find(({ type }) => type.endsWith(`:${kind}`))?.urn ?? "";
      const aliases = { site: [urnOf("VodCacheRefresh")], warm: [urnOf("VodCachePreload")] };
      const source = { directory, baseUrl };
      const plugin = (keeps: Partial<typeof aliases> = {}) => ({
        site: { source, wait: true, aliases: keeps.site },
        warm: warm("site", { source, aliases: keeps.warm }),
      });

      move();
      const moved = await upSending(plugin(aliases));
      expect(moved).toMatchObject({ refreshed: [], preloaded: [b] });
      expect(moved.changes).not.toHaveProperty("create");
      expect(await upSending(plugin())).toMatchObject({ ...NOTHING, changes: { same: 3 } });
      publish(emulator, "vod.example.com/a", "new");
      expect(await upSending(plugin())).toMatchObject({ refreshed: [a], preloaded: [a] });

      move();
      expect(await upSending(classes({ refreshOnCreate: false }))).toMatchObject({
        ...NOTHING,
        changes: { create: 3 },
      });
      expect(await upSending(classes())).toMatchObject(NOTHING);
      publish(emulator, "vod.example.com/b", "new");
      expect(await upSending(classes())).toMatchObject({ refreshed: [b], preloaded: [b] });
    });

    test("to the plugin of what is settled changes nothing", async () => {
      const { up, refreshed, move, run } = await open("dynamic");
      const site = { paths: [A, B], contentHash: "1" };
      await up({ site });
      move();
      expect(await up({ site })).toMatchObject({ succeeded: true, changes: { same: 2 } });
      expect(refreshed()).toEqual([A, B]);
      expect(await run({ operation: "destroy" })).toMatchObject({ succeeded: true, resources: [] });
    });
  });

  describe("the plugin", () => {
    const site = { paths: [A], contentHash: "1" };

    test("sends for the account of an explicit provider, and a change of it sends nothing", async () => {
      const other = await startEmulator({ accessKeyId: "LTAIother", accessKeySecret: "other-secret" });
      closing.push(() => other.close());
      const { emulator, run, refreshed, state } = await open("native");
      const received = () => other.received.filter(({ action }) => action === "RefreshVodObjectCaches").length;
      const account = (more = {}) => ({
        accessKey: { secret: other.accessKeyId },
        secretKey: { secret: other.accessKeySecret },
        endpoints: JSON.stringify({ vod: other.endpoint }),
        ...more,
      });
      const runIt = (operation: Operation, given: object) =>
        run({
          operation,
          resources: { site },
          config: { account: JSON.stringify(given) },
          environment: { VOD_ENDPOINT: undefined },
        });
      expect((await runIt("preview", account())).changes).toMatchObject({ create: 3 });
      expect((await runIt("up", account())).succeeded).toBe(true);
      expect([received(), refreshed()]).toEqual([1, []]);
      const changed = await runIt("up", account({ region: "cn-shanghai" }));
      expect(changed).toMatchObject({ succeeded: true, changes: { update: 1, same: 2 } });
      expect(received()).toBe(1);
      const wrong = await runIt("preview", account({ regoin: "cn-shanghai" }));
      expect(wrong.succeeded).toBe(false);
      expect(wrong.output).toContain('alicloud-vod has no setting "regoin". Did you mean region?');
      expect(await state()).not.toContain("other-secret");
      expect(await runIt("destroy", account())).toMatchObject({ succeeded: true, resources: [] });
      expect(emulator.received).toEqual([]);
    });

    test("is stopped in a wait and keeps what it sent: the next update waits for it, and sends nothing", async () => {
      const { emulator, run, up, refreshed } = await open("native", { taskDelayMs: 3_600_000 });
      const waiting = { site: { ...site, wait: true } };
      const stop = new AbortController();
      const stopping = run({ operation: "up", resources: waiting, signal: stop.signal });
      await until(() => emulator.tasks().length === 1);
      stop.abort();
      const stopped = await stopping;
      expect(stopped.succeeded).toBe(false);
      expect(stopped.resources[0]?.outputs).toMatchObject({ taskIds: [emulator.tasks()[0]?.taskId], unconfirmed: [A] });
      emulator.advance(3_600_000);
      expect((await up(waiting)).outputs).toMatchObject({ site: { status: "Complete", pending: [] } });
      expect(refreshed()).toEqual([A]);
    });

    test("refuses a question in a sentence", async () => {
      const { emulator, run } = await open("native");
      emulator.set({ accessKey: "forbidden" });
      const { succeeded, output } = await run({ operation: "preview", config: { asks: "true" } });
      expect(succeeded).toBe(false);
      expect(output).toMatch(
        /The credentials lack the permission for this call \(.*alicloud-vod:accessKey.*\)\. Allow vod:/,
      );
    });
  });
});

/** The emulator's credentials for both forms: the plugin gets its own namespace only. */
function keysOf({ accessKeyId, accessKeySecret }: Emulator): Record<string, string> {
  const keys = { accessKey: accessKeyId, secretKey: accessKeySecret };
  const names = Object.entries(keys);
  return Object.fromEntries(
    ["alicloud", "alicloud-vod"].flatMap((space) => names.map(([key, value]) => [`${space}:${key}`, value])),
  );
}

/** What a run tells a person and keeps, without what is different in every run and what names the form. */
function tell(operation: Operation, { succeeded, output, logged, changes, resources }: RunResult): object {
  const lines = logged.map(({ severity, message, urn, ephemeral }) => {
    const name = urn.split("::")[3] ?? "";
    return { name, severity, message, ephemeral };
  });
  const told = {
    operation,
    succeeded,
    changes,
    // The lines of different resources come in any order.
    lines: lines.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    errors: output.split("\n").filter((line) => /^(error: |\t\* )/.test(line)),
    resources: resources.map(({ inputs, outputs }) => [inputs, outputs].map(withoutMarks)),
  };
  const text = JSON.stringify(told)
    .replaceAll("pulumi-nodejs:dynamic/alicloud-vod:", "alicloud-vod:index:")
    // Each form has its own namespace in the configuration.
    .replace(/alicloud-vod(?=:(accessKey|secretKey)\b)/g, "alicloud")
    .replace(/[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}/g, "REQUEST")
    .replace(/\(in [^)]+ min\)/g, "(in a while)")
    .replace(/a copy that is \d+ s old/g, "a copy that is AGE old")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/\/[^"]*\/pulumi-alicloud-vod-[^"]*?\/site"/g, 'SITE"');
  return JSON.parse(text) as object;
}

/** Properties without those that only one form needs. */
function withoutMarks(properties: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !name.startsWith("__")));
}
