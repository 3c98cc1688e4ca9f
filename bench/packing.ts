/**
 * How small a manifest is packed, and how fast it is packed, read and compared, for sites of 10,000 to 1,000,000 files.
 *
 * The peers: the manifest as a plain JSON record, which is what a resource keeps in the state without further ado, and that
 * record through gzip, in base64 as a state needs it.
 */
import { spawnSync } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { diffManifests, digestRows, packManifest, unpackManifest } from "../provider/manifest.js";

/** Characters of state a file. */
export interface Size {
  files: number;
  packed: number;
  json: number;
  gzip: number;
}

/** Milliseconds, in a process that does it for the first time, as the provider's does. */
export interface Duration {
  files: number;
  pack: number;
  unpack: number;
  diff: number;
  /** What a plan takes: `unpack` and `diff`. */
  plan: number;
  /** The rows of a preview. */
  rows: number;
  /** The most memory that the process has held, in MB; the manifest of now is in it as a Map. */
  peak: number;
}

export interface Report {
  sizes: Size[];
  durations: Duration[];
}

/** What a plan of 1,000,000 files may take, and how many times as long as one of 100,000. */
const TARGETS = { plan: 2000, growth: 12, peak: 1000 };

/** What the process of a round is started with. */
const MEASURE = "measure";
const ROUNDS = 3;
/** One file in so many has another content. */
const CHANGED_EVERY = 100;

export async function run(): Promise<Report> {
  return {
    sizes: [10_000, 100_000].map(measureSize),
    durations: [10_000, 100_000, 1_000_000].map(fastest),
  };
}

function measureSize(files: number): Size {
  const site = siteOf(files);
  const json = JSON.stringify(Object.fromEntries(site));
  return {
    files,
    packed: packManifest(site).length / files,
    json: json.length / files,
    gzip: gzipSync(json).toString("base64").length / files,
  };
}

/** Of some rounds, each in a process of its own, the one whose plan was the fastest. */
function fastest(files: number): Duration {
  const [before, now] = [siteOf(files, { changedEvery: CHANGED_EVERY }), siteOf(files)].map(packManifest);
  const rounds = Array.from({ length: ROUNDS }, (): Duration => {
    const input = JSON.stringify([before, now]);
    const child = spawnSync(process.execPath, [__filename, MEASURE], { input, encoding: "utf8" });
    if (child.status !== 0) throw new Error(child.stderr);
    return JSON.parse(child.stdout);
  });
  return rounds.reduce((best, round) => (round.plan < best.plan ? round : best));
}

/** @param texts the packed manifests of a site, before and now. */
function measureDuration([before, present]: [string, string]): Duration {
  const now = new Map(unpackManifest(present));
  const files = now.size;
  const [unpack, old] = timed(() => unpackManifest(before));
  const [diff, { changed }] = timed(() => diffManifests(old, now));
  const peak = Math.round(process.resourceUsage().maxRSS / 1000);
  if (changed.length !== files / CHANGED_EVERY) throw new Error(`${changed.length} files changed`);
  const [pack] = timed(() => packManifest(now));
  const [rows] = timed(() => digestRows(now));
  return { files, pack, unpack, diff, plan: unpack + diff, rows, peak };
}

function timed<T>(act: () => T): [milliseconds: number, result: T] {
  const start = performance.now();
  const result = act();
  return [performance.now() - start, result];
}

/**
 * The manifest of a site, in the order of its names; names and hashes are the same in every run. Of the files, 60% are clips of
 * 120 files, 20% pictures by month, 15% bundles with a hash in the name, 5% articles in a directory each.
 *
 * @param options.changedEvery one file in so many has another hash than without it. Default: none has.
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

/** Bytes that nothing can compress, the same in every run. */
function noise(bytes: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

function pieces(text: string, length: number): string[] {
  return Array.from({ length: text.length / length }, (_, i) => text.slice(i * length, (i + 1) * length));
}

function describe({ sizes, durations }: Report): string {
  const row = (cells: readonly (string | number)[]) => cells.map((cell) => String(cell).padStart(11)).join("");
  const number = (files: number) => files.toLocaleString("en-US");
  const [small, large] = durations.slice(-2) as [Duration, Duration];
  return [
    "Characters of state a file",
    row(["files", "packed", "JSON", "gzip"]),
    ...sizes.map(({ files, packed, json, gzip }) =>
      row([number(files), ...[packed, json, gzip].map((x) => x.toFixed(1))]),
    ),
    "",
    "Milliseconds",
    row(["files", "pack", "unpack", "diff", "plan", "rows"]),
    ...durations.map(({ files, pack, unpack, diff, plan, rows }) =>
      row([number(files), ...[pack, unpack, diff, plan, rows].map((x) => x.toFixed(0))]),
    ),
    "",
    `A plan of 1,000,000 files: ${large.plan.toFixed(0)} ms (at most ${TARGETS.plan}), ` +
      `${(large.plan / small.plan).toFixed(1)} times one of 100,000 (at most ${TARGETS.growth}), ` +
      `${large.peak} MB (at most ${TARGETS.peak})`,
  ].join("\n");
}

if (require.main === module) {
  if (process.argv[2] === MEASURE) console.log(JSON.stringify(measureDuration(JSON.parse(readFileSync(0, "utf8")))));
  else run().then((report) => console.log(describe(report)));
}
