/**
 * Measures how small a packed manifest is, and how fast a plan is made from it, for sites of 10,000 to 1,000,000 files.
 *
 * The peers are the manifest as plain JSON, which is what a resource would keep in the state otherwise, and that JSON
 * compressed by gzip, in base64, since a state holds text.
 */
import { spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { packManifest, unpackManifest } from "../provider/manifest/manifest.js";
import { planBatches } from "../provider/plan/batches.js";
import { planRefresh } from "../provider/plan/plan.js";
import type { Inputs } from "../provider/schema/inputs.js";
import { digestRows } from "../provider/source/directory-digests.js";
import { manifestFromFiles } from "../provider/source/source.js";
import { ratios, type Spread, spreadOf } from "./measure.js";
import { type Panel, publish } from "./report.js";

/** Characters of state for each file. */
interface Size {
  what: string;
  packed: number;
  json: number;
  gzip: number;
}

/** Milliseconds in a process that does it for the first time, as the provider's process does. */
interface Duration {
  /** To find the URLs of the scanned files. */
  urls: number;
  unpack: number;
  /** To make a plan: `unpack`, the comparison, and the calls. */
  plan: number;
  pack: number;
  /** To make the rows of a preview. */
  rows: number;
  /** The peak memory of the process until the plan was made, in MB. */
  peak: number;
}

/** The limits of a plan of 1,000,000 files: milliseconds, times as long as one of 100,000, and MB. */
const TARGETS = { plan: 2000, growth: 12, peak: 1000 };

/** The first argument of a process that measures. */
const MEASURE = "measure";
const ROUNDS = 5;
const FILES = [10_000, 100_000, 1_000_000];
/** One file of so many has changed. */
const CHANGED_EVERY = 100;
/** How many files the sites have whose size in the state is measured, and how many MB that may be. */
const SIZED = { files: 100_000, targetMb: 2.5 };

const SOURCE = { directory: "site", baseUrl: "https://vod.example.com/" };
const INPUTS: Inputs = {
  source: SOURCE,
  files: {},
  objectType: "File",
  force: false,
  refreshOnCreate: true,
  quota: { onExceeded: "fail" },
};
/** A quota that holds every plan. */
const QUOTA = { urls: { quota: 1e6, remain: 1e6 }, directories: { quota: 100, remain: 100 } };

function run(): void {
  const inputs = FILES.map((files) => {
    const before = packManifest(manifestFromFiles(SOURCE, siteOf(files, { changedEvery: CHANGED_EVERY })));
    return JSON.stringify([before, [...siteOf(files)]]);
  });
  const rounds = Array.from({ length: ROUNDS }, () => inputs.map(round));
  publish("packing", [...sizePanels(), ...durationPanels(rounds)]);
}

function measureSize(what: string, files: ReadonlyMap<string, string>): Size {
  const manifest = manifestFromFiles(SOURCE, files);
  const json = JSON.stringify(Object.fromEntries(manifest));
  return {
    what,
    packed: packManifest(manifest).length / files.size,
    json: json.length / files.size,
    gzip: gzipSync(json).toString("base64").length / files.size,
  };
}

/**
 * Measures a site once, in a process of its own.
 *
 * @param input its old packed manifest and its current files, as JSON.
 */
function round(input: string): Duration {
  const child = spawnSync(process.execPath, [__filename, MEASURE], { input, encoding: "utf8" });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout);
}

function measureDuration([before, present]: [string, [string, string][]]): Duration {
  const files = new Map(present);
  const [urls, now] = timedResult(() => manifestFromFiles(SOURCE, files));
  const [unpack, manifest] = timedResult(() => unpackManifest(before));
  const [planned, plan] = timedResult(() => {
    const plan = planRefresh({ inputs: INPUTS, manifest, removed: new Map() }, INPUTS, now);
    planBatches(plan, INPUTS, () => true, QUOTA);
    return plan;
  });
  const peak = Math.round(process.resourceUsage().maxRSS / 1000);
  if (plan.paths.length !== files.size / CHANGED_EVERY) throw new Error(`${plan.paths.length} files changed`);
  const [pack] = timedResult(() => packManifest(now));
  const [rows] = timedResult(() => digestRows(files));
  return { urls, unpack, plan: unpack + planned, pack, rows, peak };
}

function timedResult<T>(act: () => T): [milliseconds: number, result: T] {
  const start = performance.now();
  const result = act();
  return [performance.now() - start, result];
}

/**
 * Makes the manifest of a site, in the order of its names; names and hashes are the same in every run. Of the files,
 * 60% are clips of 120 files, 20% pictures by month, 15% bundles with a hash in the name, and 5% articles with a
 * directory each.
 *
 * @param options.changedEvery one file of so many gets another hash. Default: none.
 */
export function siteOf(files: number, { changedEvery = files + 1 } = {}): Map<string, string> {
  const hashes = pieces(noise(files * 9).toString("base64url"), 12);
  return new Map(
    namesOf(files).map((name, i) => [name, hashes[(i + 1) % changedEvery === 0 ? (i + 1) % files : i] as string]),
  );
}

function namesOf(files: number): string[] {
  const pad = (value: number, width: number) => String(value).padStart(width, "0");
  const month = (i: number) => `${2020 + (i % 5)}/${pad((i % 12) + 1, 2)}`;
  const hexes = pieces(noise(files * 4).toString("hex"), 8);
  const names: string[] = [];
  for (let i = 0; i < files; i++) {
    const share = i / files;
    if (share < 0.6) {
      const clip = Math.floor(i / 120);
      names.push(`assets/video/${month(clip)}/clip-${pad(clip, 6)}/segment-${pad(i % 120, 5)}.ts`);
    } else if (share < 0.8) {
      names.push(`assets/img/${month(i)}/photo-${pad(i, 7)}${["", "@2x", "-thumb"][i % 3]}.${i % 2 ? "jpg" : "webp"}`);
    } else if (share < 0.95) {
      const bundle = ["app", "vendor", "page", "player"][i % 4];
      names.push(`static/chunks/${bundle}-${i % 97}.${hexes[i]}.${["js", "css", "js.map"][i % 3]}`);
    } else {
      names.push(
        `articles/${2020 + (i % 6)}/${["how", "why"][i % 2]}-to-${["play", "stream", "edit"][i % 3]}-${i}/index.html`,
      );
    }
  }
  return names.sort();
}

/**
 * Makes files whose names can't be compressed, the same in every run.
 *
 * @param nameOf makes a name from 32 random bytes.
 */
function randomSite(nameOf: (bits: Buffer, i: number) => string): Map<string, string> {
  const bits = noise(SIZED.files * 48);
  return new Map(
    Array.from({ length: SIZED.files }, (_, i) => [
      nameOf(bits.subarray(i * 48, i * 48 + 32), i),
      bits.toString("base64url", i * 48 + 32, i * 48 + 41),
    ]),
  );
}

/** Makes bytes that can't be compressed, the same in every run. */
function noise(bytes: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

function pieces(text: string, length: number): string[] {
  return Array.from({ length: text.length / length }, (_, i) => text.slice(i * length, (i + 1) * length));
}

function sizePanels(): Panel[] {
  const hex = (bytes: number) => (bits: Buffer) => `videos/${bits.toString("hex", 0, bytes)}/index.m3u8`;
  const uuid = (bits: Buffer) =>
    bits.toString("hex").replace(/^(.{8})(.{4}).(.{3})(.{4})(.{12}).*/, "$1-$2-4$3-$4-$5.mp4");
  const sizes = [
    measureSize("10,000 files of a site", siteOf(10_000)),
    measureSize("a site", siteOf(SIZED.files)),
    measureSize(
      "bundles with 8 hexadecimal digits",
      randomSite((bits, i) => `app-${i}.${bits.toString("hex", 0, 4)}.js`),
    ),
    measureSize("UUIDs", randomSite(uuid)),
    measureSize("128 bits in hexadecimal", randomSite(hex(16))),
    measureSize(
      "128 bits in base64url",
      randomSite((bits) => `${bits.toString("base64url", 0, 16)}.mp4`),
    ),
    measureSize("160 bits in hexadecimal", randomSite(hex(20))),
    measureSize("256 bits in hexadecimal", randomSite(hex(32))),
  ];
  const forms = ["packed", "json", "gzip"] as const;
  const figures = sizes.flatMap((size) =>
    forms.map((form) => ({ what: `${size.what}, ${form}`, ...spreadOf([size[form]]) })),
  );
  const largest = sizes.slice(1).map(({ what, packed }) => ({
    what,
    ...spreadOf([(packed * SIZED.files) / 1e6]),
    target: SIZED.targetMb,
  }));
  return [
    { title: "State of a file", unit: "characters", figures },
    { title: `State of ${named(SIZED.files)}, by their names`, unit: "MB", figures: largest },
  ];
}

/** @param rounds the measurements of each round, in the order of {@link FILES}. */
function durationPanels(rounds: readonly (readonly Duration[])[]): Panel[] {
  const series = (at: number, name: keyof Duration) => rounds.map((sites) => sites[at]?.[name]);
  const last = FILES.length - 1;
  const spread = (name: keyof Duration): Spread => spreadOf(series(last, name));
  const steps = ["urls", "unpack", "plan", "pack", "rows"] as const;
  return [
    {
      title: "Times",
      unit: "ms",
      figures: FILES.flatMap((files, at) =>
        steps.map((step) => ({
          what: `${named(files)}, ${step}`,
          ...spreadOf(series(at, step)),
          ...(at === last && step === "plan" ? { target: TARGETS.plan } : {}),
        })),
      ),
    },
    {
      title: "A plan of 1,000,000 files, of one of 100,000",
      unit: "ratio",
      figures: [
        { what: "plan", ...spreadOf(ratios(series(last, "plan"), series(last - 1, "plan"))), target: TARGETS.growth },
      ],
    },
    {
      title: "Peak memory with 1,000,000 files",
      unit: "MB",
      figures: [{ what: "the process", ...spread("peak"), target: TARGETS.peak }],
    },
  ];
}

const named = (files: number): string => `${files.toLocaleString("en-US")} files`;

if (require.main === module) {
  if (process.argv[2] === MEASURE) console.log(JSON.stringify(measureDuration(JSON.parse(readFileSync(0, "utf8")))));
  else run();
}
