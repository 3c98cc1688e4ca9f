import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { request } from "node:https";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { preload, refresh } from "./caller.js";
import { type Emulator, type EmulatorOptions, view } from "./index.js";
import { publish, started } from "./started.js";

const URL_A = "https://vod.example.com/a.txt";
const NOON = Date.parse("2024-07-19T12:00:00Z");

/** Starts an emulator whose nodes all have an old copy of a file. */
async function stale(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await started(options);
  emulator.freeze();
  emulator.setTime(NOON);
  publish(emulator, "vod.example.com/a.txt", "old");
  await bodies(emulator);
  publish(emulator, "vod.example.com/a.txt", "new");
  expect(new Set(await bodies(emulator))).toEqual(new Set(["old"]));
  return emulator;
}

const bodies = (emulator: Emulator) =>
  Promise.all(emulator.nodes.map(async (_, node) => (await view(emulator, URL_A, { node })).body));

describe("nodes", () => {
  test("each node has an address, a name and a cache of its own", async () => {
    const emulator = await started({ nodes: 2 });
    publish(emulator, "vod.example.com/a.txt", "content");
    expect(emulator.edge).toBe(emulator.nodes[0]?.http);
    expect(await view(emulator, URL_A)).toMatchObject({
      cache: "MISS",
      headers: { via: expect.stringContaining("cache1.cn257") },
    });
    expect(await view(emulator, URL_A, { node: 1 })).toMatchObject({
      cache: "MISS",
      headers: { via: expect.stringContaining("cache2.cn257") },
    });
    expect((await view(emulator, URL_A)).cache).toBe("HIT");
    expect(emulator.cached()).toEqual([URL_A]);
    expect(emulator.events.map(({ node }) => node)).toEqual([0, 1, 0]);
  });

  test("a refresh and a preload reach all nodes when their tasks end", async () => {
    const emulator = await stale({ nodes: 3 });
    await refresh(emulator, [URL_A]);
    await preload(emulator, [URL_A], { Area: "domestic" });
    expect(await bodies(emulator)).toEqual(["new", "new", "new"]);
    expect(emulator.events.slice(6).map(({ kind, node }) => `${kind} ${node}`)).toEqual([
      ...["purge 0", "purge 1", "purge 2"],
      ...["preload 0", "preload 1", "preload 2"],
      ...["view 0", "view 1", "view 2"],
    ]);
  });
});

describe("a node that lags", () => {
  test("a refresh reaches it so much later than its task ends, by the service's time", async () => {
    const emulator = await stale({ nodes: 3, lags: { 1: 30_000, 2: 60_000 }, taskDelayMs: 5_000 });
    await refresh(emulator, [URL_A]);
    const steps: string[][] = [];
    for (const ms of [4_999, 1, 29_999, 1, 29_999, 1]) {
      emulator.advance(ms);
      steps.push(await bodies(emulator));
    }
    expect(steps).toEqual([
      ["old", "old", "old"],
      ["new", "old", "old"],
      ["new", "old", "old"],
      ["new", "new", "old"],
      ["new", "new", "old"],
      ["new", "new", "new"],
    ]);
    expect(emulator.tasks()).toMatchObject([{ status: "Complete" }]);
    expect(emulator.events.filter(({ kind }) => kind === "purge").map(({ at, node }) => [at - NOON, node])).toEqual([
      [5_000, 0],
      [35_000, 1],
      [65_000, 2],
    ]);
  });

  test("what reaches it late drops what it fetched meanwhile", async () => {
    const emulator = await stale({ nodes: 2, lags: { 1: 1_000 } });
    await refresh(emulator, [URL_A]);
    await view(emulator, `${URL_A}?other`, { node: 1 });
    emulator.advance(1_000);
    expect((await view(emulator, URL_A, { node: 1 })).cache).toBe("MISS");
    expect((await view(emulator, `${URL_A}?other`, { node: 1 })).cache).toBe("HIT");
  });

  test("a node that a refresh never reaches stays stale, until a later one does", async () => {
    const emulator = await stale({ nodes: 2, lags: { 1: "never" } });
    await refresh(emulator, [URL_A]);
    emulator.advance(86_400_000);
    emulator.set({ lags: { 1: 0 } });
    expect(await bodies(emulator)).toEqual(["new", "old"]);
    await refresh(emulator, [URL_A]);
    expect(await bodies(emulator)).toEqual(["new", "new"]);
  });

  test("a lag counts for the tasks that end from then on", async () => {
    const emulator = await stale({ nodes: 1, taskDelayMs: 1_000 });
    await refresh(emulator, [URL_A]);
    emulator.set({ lags: { 0: 10_000 } });
    emulator.advance(1_000);
    emulator.set({ lags: { 0: 0 } });
    emulator.advance(9_999);
    expect(await bodies(emulator)).toEqual(["old"]);
    emulator.advance(1);
    expect(await bodies(emulator)).toEqual(["new"]);
  });

  test("a preload of a node that lags keeps the old copy, which is dropped later", async () => {
    const emulator = await stale({ nodes: 2, lags: { 1: 10_000 } });
    await refresh(emulator, [URL_A]);
    await preload(emulator, [URL_A], { Area: "domestic" });
    expect(emulator.events.flatMap((event) => (event.kind === "preload" ? event.outcome : []))).toEqual([
      "filled",
      "kept",
    ]);
    emulator.advance(10_000);
    expect(await bodies(emulator)).toEqual(["new", "new"]);
  });

  test("a node that there isn't is refused", async () => {
    await expect(started({ lags: { 1: 1 } })).rejects.toThrow('There is no node "1"; there are 0.');
    const emulator = await started({ nodes: 2 });
    expect(() => emulator.set({ lags: { 2: 1 } })).toThrow('There is no node "2"; there are 0, 1.');
  });
});

describe("the layer above the nodes", () => {
  test("a node gets from it what another node has fetched, which has an age then", async () => {
    const emulator = await started({ nodes: 2, parent: true });
    emulator.freeze();
    emulator.setTime(NOON);
    publish(emulator, "vod.example.com/a.txt", "content");
    expect((await view(emulator, URL_A)).headers.age).toBeUndefined();
    emulator.advance(66_000);
    expect((await view(emulator, URL_A, { node: 1 })).headers).toMatchObject({
      age: "66",
      date: "Fri, 19 Jul 2024 12:00:00 GMT",
      via: "cache1.l2cn1802[0,0,200-0,H], cache2.l2cn1802[1,0], cache2.cn257[0,0,200-0,M], cache2.cn257[1,0]",
      "ali-swift-global-savetime": String(NOON / 1000),
      "x-cache": "MISS TCP_MISS dirn:-2:-2",
      "x-swift-savetime": "Fri, 19 Jul 2024 12:01:06 GMT",
      "x-swift-cachetime": String(31_104_000 - 66),
    });
    emulator.advance(4_000);
    expect((await view(emulator, URL_A, { node: 1 })).headers).toMatchObject({
      age: "70",
      "x-cache": "HIT TCP_MEM_HIT dirn:0:0",
      "x-swift-savetime": "Fri, 19 Jul 2024 12:01:06 GMT",
    });
  });

  test("a refresh reaches it and the nodes", async () => {
    const emulator = await stale({ nodes: 2, parent: true });
    await refresh(emulator, [URL_A]);
    expect(await bodies(emulator)).toEqual(["new", "new"]);
    expect(emulator.events.filter(({ kind }) => kind === "purge").map(({ node }) => node)).toEqual(["parent", 0, 1]);
  });

  test("as long as it lags, a miss of a node is the old copy with its age", async () => {
    const emulator = await stale({ parent: true, lags: { parent: 30_000 } });
    emulator.advance(10_000);
    await refresh(emulator, [URL_A]);
    const { body, headers } = await view(emulator, URL_A);
    expect({ body, age: headers.age, outcome: headers["x-cache"] }).toEqual({
      body: "old",
      age: "10",
      outcome: "MISS TCP_MISS dirn:-2:-2",
    });
    expect(headers["x-swift-savetime"]).toBe("Fri, 19 Jul 2024 12:00:10 GMT");
    emulator.advance(30_000);
    expect(await bodies(emulator)).toEqual(["old"]);
    await refresh(emulator, [URL_A]);
    emulator.set({ lags: { parent: 0 } });
    await refresh(emulator, [URL_A]);
    expect(await bodies(emulator)).toEqual(["new"]);
  });

  test("a Directory refresh has it compared with the origin, and the node with it", async () => {
    const emulator = await stale({ parent: true });
    emulator.advance(10_000);
    await refresh(emulator, ["https://vod.example.com/"], { ObjectType: "Directory" });
    expect(await view(emulator, URL_A)).toMatchObject({ body: "new", cache: "MISS" });
    emulator.advance(10_000);
    await refresh(emulator, ["https://vod.example.com/"], { ObjectType: "Directory" });
    const { headers } = await view(emulator, URL_A);
    expect(headers).toMatchObject({ age: "0", "x-cache": "HIT TCP_REFRESH_HIT dirn:0:1" });
  });

  test("a preload of a 404 fills neither", async () => {
    const emulator = await started({ parent: true });
    await preload(emulator, [URL_A], { Area: "domestic" });
    publish(emulator, "vod.example.com/a.txt", "content");
    expect(await view(emulator, URL_A)).toMatchObject({ status: 200, cache: "MISS", body: "content" });
  });
});

describe("https", () => {
  /** Asks a node for a host by TLS, as `curl --connect-to` does. */
  function fetchByTls(emulator: Emulator, node: number, host: string, options: object) {
    const { port } = new URL(emulator.nodes[node]?.https ?? "");
    const target = { host: "127.0.0.1", port, servername: host, path: "/a.txt", headers: { host }, agent: false };
    return new Promise<{ body: string; cache: unknown }>((resolve, reject) => {
      const viewing = request({ ...target, ...options }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ body, cache: response.headers["x-cache"] }));
      });
      viewing.on("error", reject).end();
    });
  }

  test("each node proves by the authority to be the host, and serves its https URLs", async () => {
    const emulator = await started({ nodes: 2, https: true });
    publish(emulator, "vod.example.com/a.txt", "content");
    publish(emulator, "img.example.com/a.txt", "image");
    const ca = emulator.authority;
    expect(await fetchByTls(emulator, 0, "vod.example.com", { ca })).toMatchObject({ body: "content" });
    expect(await fetchByTls(emulator, 1, "img.example.com", { ca })).toMatchObject({ body: "image" });
    expect((await view(emulator, URL_A)).cache).toBe("HIT");
    expect(emulator.cached()).toEqual([URL_A, "https://img.example.com/a.txt"]);
  });

  test("a client that doesn't know the authority refuses the node", async () => {
    const emulator = await started({ https: true });
    const other = await started({ https: true });
    for (const ca of [undefined, other.authority]) {
      await expect(fetchByTls(emulator, 0, "vod.example.com", { ca })).rejects.toThrow(/certificate/);
    }
  });

  test("a client that names no host gets a certificate of the address", async () => {
    const emulator = await started({ https: true });
    const headers = { host: "vod.example.com" };
    const asked = fetchByTls(emulator, 0, "", { ca: emulator.authority, headers });
    expect(await asked).toMatchObject({ cache: "MISS TCP_MISS dirn:-2:-2" });
  });

  test("another process trusts the authority by its file, which ends with the emulator", async () => {
    const emulator = await started({ https: true });
    publish(emulator, "vod.example.com/a.txt", "content");
    const { port } = new URL(emulator.nodes[0]?.https ?? "");
    const program = `
      require("https").get({ host: "127.0.0.1", port: ${port}, servername: "vod.example.com", path: "/a.txt",
        headers: { host: "vod.example.com" } }, (response) => response.pipe(process.stdout));`;
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: emulator.authorityFile };
    expect((await promisify(execFile)(process.execPath, ["-e", program], { env })).stdout).toBe("content");
    await emulator.close();
    expect(existsSync(emulator.authorityFile ?? "")).toBe(false);
  });

  test("without it there is no authority", async () => {
    const emulator = await started();
    expect(emulator.nodes).toEqual([{ http: emulator.edge }]);
    expect(emulator.authority).toBeUndefined();
  });
});
