/**
 * Measures what a start costs: importing the sdk in a program, loading the provider in Pulumi's host until it can send,
 * and what npm installs. Each measurement has a new process; each round makes all of them in turn.
 *
 * BENCH_NODES, a list of Node binaries in the form of PATH, measures with these instead of the current one.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { installedOverPulumi } from "./installed.js";
import { type Series, spreadOf, turned } from "./measure.js";
import { type Figure, type Panel, publish, ROOT } from "./report.js";

const ROUNDS = 15;
const TARGETS = { sdk: 30, provider: 150 };

/** Milliseconds. */
interface Times {
  /** `@pulumi/pulumi`, and the sdk after it. */
  pulumi?: number;
  sdk?: number;
  /** Until the provider's entry is loaded, and until its first request arrives. */
  entry?: number;
  firstCall?: number;
}
type Name = keyof Times;

const IMPORTS = `
const began = performance.now();
require("@pulumi/pulumi");
const pulumi = performance.now() - began;
require("pulumi-alicloud-vod");
console.log(JSON.stringify({ pulumi, sdk: performance.now() - began - pulumi }));`;

/** @param load the code that defines `entry`, and then `call()`, which makes a first call. */
const firstCall = (before: string, load: string) => `
${before}
const server = require("node:http").createServer(() => {
  console.log(JSON.stringify({ entry, firstCall: performance.now() - began }));
  process.exit();
});
let began;
let entry;
server.listen(0, "127.0.0.1", () => {
  const endpoint = process.env.VOD_ENDPOINT = "http://127.0.0.1:" + server.address().port;
  const keys = { accessKeyId: "a", accessKeySecret: "b" };
  began = performance.now();
  ${load}
});`;
const PROVIDER = `
  const { vodCacheRefresh } = require("pulumi-alicloud-vod/provider");
  entry = performance.now() - began;
  const config = { "alicloud:accessKey": keys.accessKeyId, "alicloud:secretKey": keys.accessKeySecret };
  vodCacheRefresh.configure({ config: { get: (key) => config[key] } });
  const args = { paths: ["https://vod.example.com/a"], contentHash: "v1", __urn: "urn:pulumi:dev::test::pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh::site" };
  vodCacheRefresh.check({}, args).then(({ inputs }) => vodCacheRefresh.create(inputs));`;
const INLINE = `
  const RPCClient = require("@alicloud/pop-core");
  entry = performance.now() - began;
  const client = new RPCClient({ ...keys, endpoint, apiVersion: "2017-03-21" });
  client.request("RefreshVodObjectCaches", { ObjectPath: "https://vod.example.com/a" }, { method: "POST" });`;
/** What the host loads before any provider. */
const HOST = 'require("@pulumi/pulumi"); require("@grpc/grpc-js");';
/** Does what the provider's entry would do to switch the cache on itself. */
const CACHED_BY_ENTRY = `${HOST} require("node:module").enableCompileCache(process.env.ENTRY_CACHE);`;

/** A way to start: a script and its compile cache, which is none, the user's, or one that the entry switches on. */
interface Subject {
  name: string;
  script: string;
  cache?: "user" | "entry";
  targets?: Times;
}

const SUBJECTS: readonly Subject[] = [
  { name: "program", script: IMPORTS, targets: { sdk: TARGETS.sdk } },
  { name: "bare process", script: firstCall("", PROVIDER), targets: { entry: TARGETS.provider } },
  { name: "host", script: firstCall(HOST, PROVIDER), targets: { entry: TARGETS.provider } },
  { name: "host, inline provider", script: firstCall(HOST, INLINE) },
  { name: "program, NODE_COMPILE_CACHE", script: IMPORTS, cache: "user" },
  { name: "host, NODE_COMPILE_CACHE", script: firstCall(HOST, PROVIDER), cache: "user" },
  { name: "host, cache by the entry", script: firstCall(CACHED_BY_ENTRY, PROVIDER), cache: "entry" },
];
const TITLES: Record<Name, string> = {
  pulumi: "Import of @pulumi/pulumi",
  sdk: "Import of the sdk after it",
  entry: "Provider's entry loaded",
  firstCall: "First request sent",
};

function main(): void {
  const nodes = process.env.BENCH_NODES?.split(delimiter) ?? [process.execPath];
  const runs = nodes.flatMap((node) =>
    SUBJECTS.filter(({ cache }) => !cache || hasCompileCache(node)).map((subject) => ({
      node,
      subject,
      rounds: [] as Times[],
    })),
  );
  const temporary = mkdtempSync(join(tmpdir(), "bench-startup-"));
  try {
    // The first round fills the caches and isn't counted.
    for (let round = -1; round < ROUNDS; round++) {
      for (const { node, subject, rounds } of turned(runs, round + 1)) {
        const times = start(node, subject, temporary);
        if (round >= 0) rounds.push(times);
      }
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  const versions = nodes.map((node) => execFileSync(node, ["--version"], { encoding: "utf8" }).trim());
  const panels = (Object.keys(TITLES) as Name[]).map((name): Panel => {
    const figures = runs.flatMap(({ node, subject, rounds }): Figure[] => {
      const series: Series = rounds.map((times) => times[name]);
      const target = subject.targets?.[name];
      if (series.every((time) => time === undefined)) return [];
      const what = `Node ${versions[nodes.indexOf(node)]}, ${subject.name}`;
      return [{ what, ...spreadOf(series), ...(target === undefined ? {} : { target }) }];
    });
    return { title: TITLES[name], unit: "ms", figures };
  });
  publish("startup", [...panels, ...installedPanels()], { nodes: versions.join(", ") });
  for (const node of nodes.filter((one) => !hasCompileCache(one))) {
    console.log(
      `\nNode ${versions[nodes.indexOf(node)]} has no compile cache: module.enableCompileCache came with 22.1.`,
    );
  }
}

function hasCompileCache(node: string): boolean {
  const script = 'console.log(typeof require("node:module").enableCompileCache)';
  return execFileSync(node, ["-e", script], { encoding: "utf8" }).trim() === "function";
}

function start(node: string, { script, cache }: Subject, temporary: string): Times {
  const { NODE_COMPILE_CACHE: _, ...environment } = process.env;
  const caches = {
    user: { NODE_COMPILE_CACHE: join(temporary, "user") },
    entry: { ENTRY_CACHE: join(temporary, "entry") },
  };
  const env = { ...environment, ...(cache ? caches[cache] : {}) };
  const output = execFileSync(node, ["-e", script], { cwd: ROOT, env, encoding: "utf8" });
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

/** Counts the package itself as npm packs it. */
function installedPanels(): Panel[] {
  const { ours, pulumi } = installedOverPulumi(ROOT);
  const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const [{ unpackedSize }] = JSON.parse(packed) as [{ unpackedSize: number }];
  const exact = (what: string, value: number): Figure => ({ what, ...spreadOf([value]) });
  const added = "added by this package";
  return [
    {
      title: "Packages that npm installs",
      unit: "packages",
      figures: [exact(added, ours.packages + 1), exact("@pulumi/pulumi", pulumi.packages)],
    },
    {
      title: "Megabytes that npm installs",
      unit: "MB",
      figures: [
        exact(added, (ours.bytes + unpackedSize) / 1e6),
        exact("of these this package itself", unpackedSize / 1e6),
        exact("@pulumi/pulumi", pulumi.bytes / 1e6),
      ],
    },
  ];
}

main();
