/** Proof: an update with `verify` ends once the edge serves what was released, and never says so before. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type EmulatorOptions, pathsOf, publish, view } from "../emulator/index.js";
import { engines, type Operation } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const DOMAIN = "vod.example.com";
const BASE = `http://${DOMAIN}/`;
const url = (name: string) => BASE + name;

interface Verify {
  sample?: number | "all";
  timeout?: number;
  headers?: Record<string, unknown>;
  onFailure?: "fail" | "warn";
}

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack | undefined;
  let directory: string;

  /** A site whose files are also at the origin, asked for at the second of two nodes. */
  const open = async (options: EmulatorOptions = {}) => {
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"), { nodes: 2, ...options });
    directory = mkdtempSync(join(tmpdir(), "site-"));
    const { emulator, run } = stack;
    const address = () => new URL(emulator.nodes[1]?.http ?? "").host;
    /** Writes a file to the directory and to the origin. */
    const release = (name: string, text: string) => {
      const file = join(directory, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      publish(emulator, `${DOMAIN}/${name}`, text);
    };
    const withdraw = (name: string) => {
      rmSync(join(directory, name));
      rmSync(join(emulator.origin, DOMAIN, name));
    };
    const site = (verify: Verify = {}, more = {}) =>
      resources({
        site: { source: { directory, baseUrl: BASE }, verify: { address: address(), ...verify }, ...more },
      });
    const served = async (name: string) => (await view(emulator, url(name), { node: 1 })).body;
    const sent = () =>
      emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches").map((call) => pathsOf(call).sort());
    /** The URLs that were asked for since then. */
    const asked = (since: number) =>
      emulator.events.slice(since).flatMap((event) => (event.kind === "view" ? [event.url] : []));
    /** Releases old files, deploys them without a look at the edge, and has the node keep copies of some. */
    const begin = async (names: readonly string[], cached = names) => {
      for (const name of names) release(name, "old");
      expect((await run("up", site({}, { verify: false }))).succeeded).toBe(true);
      for (const name of cached) await served(name);
    };
    return { ...stack, address, release, withdraw, site, served, sent, asked, begin };
  };
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  test("a node that lags is waited for, and the update says what it saw", async () => {
    const { emulator, run, release, site, served, begin } = await open();
    await begin(["a.js", "b.js"]);
    emulator.set({ lags: { 1: 2_500 } });
    release("a.js", "new");
    const preview = await run("preview", site());
    expect(preview.output).toContain("1 path will be verified at the edge");
    const { succeeded, output, resources: after } = await run("up", site());
    expect(succeeded).toBe(true);
    expect(output).toContain("verified at the edge: 1 of 1 paths fresh");
    expect(await served("a.js")).toBe("new");
    const [{ outputs } = { outputs: {} }] = after;
    expect(outputs).toMatchObject({ status: "Complete", verified: { fresh: 1, stale: 0, notVerifiable: 0 } });
    expect((await run("up", site())).changes).toMatchObject({ same: 2 });
  });

  test("a node that stays stale fails the update; the next one sends exactly what is stale there, and ends well", async () => {
    const { emulator, run, release, site, served, sent, begin } = await open();
    await begin(["a.js", "b.js", "x/c.js"], ["a.js"]);
    emulator.set({ lags: { 1: "never" } });
    for (const name of ["a.js", "b.js", "x/c.js"]) release(name, "new");
    const failed = await run("up", site({ timeout: 2 }));
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toContain("verified at the edge: 2 of 3 paths fresh, 1 stale");
    expect(failed.output).toMatch(
      /1 of 3 paths are stale at the edge after 2 s: http:\/\/vod\.example\.com\/a\.js \(other content than the file, a copy that is [\d,]+ s old\)/,
    );
    expect(failed.output).toContain("it sends exactly these");
    expect(failed.output).toContain("(code RefreshStale)");
    expect(failed.resources[0]?.outputs).toMatchObject({
      status: "Incomplete",
      pending: [url("a.js")],
      verified: { fresh: 2, stale: 1, notVerifiable: 0 },
    });
    expect(await served("a.js")).toBe("old");

    emulator.set({ lags: { 1: 0 } });
    expect((await run("preview", site({ timeout: 2 }))).output).toContain("1 of 3 files stale at the edge");
    const after = await run("up", site({ timeout: 2 }));
    expect(after.succeeded).toBe(true);
    expect(sent().at(-1)).toEqual([url("a.js")]);
    expect(after.resources[0]?.outputs).toMatchObject({ status: "Complete", pending: [], verified: { fresh: 1 } });
    expect(after.resources[0]?.outputs).not.toHaveProperty("__stale");
    expect(await served("a.js")).toBe("new");
    expect((await run("up", site({ timeout: 2 }))).changes).toMatchObject({ same: 2 });
  });

  test('with onFailure "warn", a stale path is a warning, and the next update sends it', async () => {
    const { emulator, run, release, site, sent, begin } = await open();
    await begin(["a.js"]);
    emulator.set({ lags: { 1: "never" } });
    release("a.js", "new");
    const warned = await run("up", site({ timeout: 0, onFailure: "warn" }));
    expect(warned.succeeded).toBe(true);
    expect(warned.output).toMatch(
      /warning: 1 of 1 paths is stale at the edge: .*; the next update sends exactly these/,
    );
    expect(warned.resources[0]?.outputs).toMatchObject({ status: "Incomplete", pending: [url("a.js")] });
    emulator.set({ lags: { 1: 0 } });
    expect((await run("up", site({ timeout: 0, onFailure: "warn" }))).succeeded).toBe(true);
    expect(sent().slice(1)).toEqual([[url("a.js")], [url("a.js")]]);
  });

  test("an origin that still has the old file is seen, which no task tells", async () => {
    const { emulator, run, site, begin } = await open();
    await begin(["a.js"]);
    writeFileSync(join(directory, "a.js"), "new");
    const { succeeded, output } = await run("up", site({ timeout: 0 }));
    expect(succeeded).toBe(false);
    expect(output).toContain("fetched after the refresh: the origin has other content");
    publish(emulator, `${DOMAIN}/a.js`, "new");
    expect((await run("up", site({ timeout: 0 }))).succeeded).toBe(true);
  });

  test("a removed file has to be gone: an old copy of it fails the update", async () => {
    const { emulator, run, withdraw, site, begin } = await open();
    await begin(["a.js", "b.js"]);
    emulator.set({ lags: { 1: "never" } });
    withdraw("b.js");
    const failed = await run("up", site({ timeout: 0 }));
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toMatch(/b\.js \(still there: a copy that is [\d,]+ s old\)/);
    emulator.set({ lags: { 1: 0 } });
    const after = await run("up", site({ timeout: 0 }));
    expect(after.succeeded).toBe(true);
    expect(after.output).toContain("verified at the edge: 1 of 1 paths fresh");
  });

  test("of 2,000 changed files in 40 directories, one of each directory is asked for; with all, every one", async () => {
    const { emulator, run, release, site, sent, asked } = await open({ urlQuota: 10_000 });
    const names = Array.from({ length: 2_000 }, (_, index) => `videos/${index % 40}/clip-${index}.ts`);
    for (const name of names) release(name, "old");
    await run("up", site({}, { refreshOnCreate: false }));
    for (const name of names) release(name, `new ${name}`);
    const since = emulator.events.length;
    const { succeeded, output } = await run("up", site({}, { refreshOnCreate: false }));
    expect(succeeded).toBe(true);
    expect(output).toContain("40 of 2,000 paths will be verified at the edge");
    expect(output).toContain("verified at the edge: 40 of 40 paths fresh");
    expect(sent().flat()).toHaveLength(2_000);
    const directories = asked(since).map((path) => path.split("/")[4]);
    expect(directories).toHaveLength(40);
    expect(new Set(directories).size).toBe(40);

    for (const name of names) release(name, `newer ${name}`);
    const all = await run("up", site({ sample: "all" }, { refreshOnCreate: false }));
    expect(all.output).toContain("verified at the edge: 2,000 of 2,000 paths fresh");
  });

  test("a domain with a Referer list isn't verifiable, which is told and no failure; headers open it", async () => {
    const { emulator, run, release, site, begin } = await open();
    await begin(["a.js", "b.js"]);
    emulator.set({ configs: { [DOMAIN]: { referers: ["www.example.com"], emptyReferer: false } } });
    for (const name of ["a.js", "b.js"]) release(name, "new");
    const closed = await run("up", site());
    expect(closed.succeeded).toBe(true);
    expect(closed.output).toContain("verified at the edge: 0 of 2 paths fresh, 2 not verifiable");
    expect(closed.output.split("the domain has a Referer list")).toHaveLength(2);
    expect(closed.resources[0]?.outputs).toMatchObject({ status: "Complete", verified: { notVerifiable: 2 } });
    for (const name of ["a.js", "b.js"]) release(name, "newer");
    const opened = await run("up", site({ headers: { Referer: "https://www.example.com/" } }));
    expect(opened.output).toContain("verified at the edge: 2 of 2 paths fresh");
  });

  test("URLs that need a signature, redirects to another domain and pages for a login aren't verifiable", async () => {
    const { emulator, run, release, site, begin } = await open();
    await begin(["a.js", "b.js", "c.js"]);
    const login = "<form><input type='password'></form>";
    const answers = {
      "/a.js": { status: 302, location: "https://login.example.com/" },
      "/b.js": { status: 200, body: login },
      "/c.js": { status: 401 },
    };
    emulator.set({ configs: { [DOMAIN]: { answers } } });
    for (const name of ["a.js", "b.js", "c.js"]) release(name, "new");
    const odd = await run("up", site());
    expect(odd.succeeded).toBe(true);
    for (const why of ["a redirect to another domain", "a page that asks for a password", "HTTP 401"]) {
      expect(odd.output).toContain(`(${why})`);
    }
    emulator.set({ configs: { [DOMAIN]: { answers: null, authKey: "k3y" } } });
    for (const name of ["a.js", "b.js", "c.js"]) release(name, "newer");
    const signed = await run("up", site());
    expect(signed.succeeded).toBe(true);
    expect(signed.output).toContain("verified at the edge: 0 of 3 paths fresh, 3 not verifiable");
    expect(signed.output.split("the URL needs a signature")).toHaveLength(2);
  });

  test("with paths and contents, the age of a copy decides", async () => {
    const { emulator, run, release, address, served } = await open();
    for (const name of ["a.js", "b.js"]) release(name, "old");
    const program = (hash: string, timeout = 0) => {
      const verify = { address: address(), timeout };
      return resources({
        paths: { paths: [url("a.js")], contentHash: hash, verify },
        contents: { contents: { [url("b.js")]: hash }, verify },
      });
    };
    for (const name of ["a.js", "b.js"]) await served(name);
    // A copy from within the second before a refresh can't be told from a new one.
    emulator.advance(2_000);
    emulator.set({ lags: { 1: "never" } });
    const failed = await run("up", program("1"));
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toMatch(/a\.js \(a copy that is \d+ s old\)/);
    expect(failed.output).toMatch(/b\.js \(a copy that is \d+ s old\)/);
    emulator.set({ lags: { 1: 0 } });
    const after = await run("up", program("1"));
    expect(after.succeeded).toBe(true);
    expect(after.output.split("verified at the edge: 1 of 1 paths fresh")).toHaveLength(3);
  });

  test("a node that has no copy, and gets an old one from the layer above, is seen by the age of that", async () => {
    const { emulator, run, release, address, served } = await open({ parent: true });
    release("a.js", "old");
    await served("a.js");
    emulator.advance(2_000);
    emulator.set({ lags: { parent: "never" } });
    const program = resources({
      site: { paths: [url("a.js")], contentHash: "1", verify: { address: address(), timeout: 0 } },
    });
    const failed = await run("up", program);
    expect(failed.succeeded).toBe(false);
    expect(failed.output).toMatch(/a\.js \(a copy that is \d+ s old\)/);
    emulator.set({ lags: { parent: 0 } });
    expect((await run("up", program)).succeeded).toBe(true);
  });

  test("a preload is verified as well, and so is each domain of a site", async () => {
    const { emulator, run, release, address } = await open();
    release("a.js", "new");
    publish(emulator, "img.example.com/a.js", "new");
    const verify = { address: address() };
    const { succeeded, output } = await run(
      "up",
      resources({
        warm: { kind: "VodCachePreload", source: { directory, baseUrl: BASE }, verify },
        site: { kind: "VodSiteRelease", directory, domains: [BASE, "http://img.example.com/"], verify },
      }),
    );
    expect(succeeded).toBe(true);
    expect(output.split("verified at the edge: 1 of 1 paths fresh")).toHaveLength(4);
  });

  test("https: the certificate is checked for the domain, whatever the address; one that isn't trusted is not verifiable", async () => {
    const { emulator, run, release } = await open({ https: true });
    release("a.js", "new");
    const host = new URL(emulator.nodes[1]?.https ?? "").host;
    const program = (contentHash: string) =>
      resources({ site: { paths: [`https://${DOMAIN}/a.js`], contentHash, verify: { address: host } } });
    const untrusted = await run("up", program("1"), { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    expect(untrusted.succeeded).toBe(true);
    expect(untrusted.output).toMatch(/it has a certificate that isn't trusted/);
    const trusted = await run("up", program("2"), { NODE_EXTRA_CA_CERTS: emulator.authorityFile });
    expect(trusted.output).toContain("verified at the edge: 1 of 1 paths fresh");
  });

  test("headers are secrets, declared so or not: no state, line, error or report has them in clear", async () => {
    const { emulator, run, release, site, begin } = await open();
    await begin(["a.js"]);
    emulator.set({ lags: { 1: "never" } });
    release("a.js", "new");
    const written: string[] = [];
    const keys = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
    const runUnseen = async (operation: Operation, program: Record<string, string>) => {
      const result = await run(operation, {}, {}, { ...keys, ...program });
      written.push(JSON.stringify([result, stack?.report()]), (await stack?.state()) ?? "");
      return result;
    };
    for (const cookie of ["planted-cookie", { secret: "planted-cookie" }]) {
      const program = (more = {}) => site({ timeout: 0, headers: { Cookie: cookie }, ...more });
      await runUnseen("preview", program());
      expect((await runUnseen("up", program())).succeeded).toBe(false);
      await runUnseen("refresh", program());
    }
    const wrong = { Cookie: "planted-cookie\r\nHost: other.example.com" };
    const refused = await runUnseen("preview", site({ headers: wrong }));
    expect(refused.output).toMatch(/verify\.headers\["\[secret\]"\] contains a line break/);
    for (const text of written) expect(text).not.toContain("planted-cookie");
  });
});
