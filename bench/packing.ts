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
import { diffManifests, packManifest, unpackManifest } from "../provider/manifest.js";
import { digestRows } from "../provider/rows.js";
import { ratios, type Spread, spreadOf } from "./measure.js";
import { type Panel, publish } from "./report.js";

/** Characters of state a file. */
interface Size {
  files: number;
  packed: number;
  json: number;
  gzip: number;
}

/** Milliseconds, in a process that does it for the first time, as the provider's does. */
interface Duration {
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

/** What a plan of 1,000,000 files may take, and how many times as long as one of 100,000. */
const TARGETS = { plan: 2000, growth: 12, peak: 1000 };

/** What the process of a round is started with. */
const MEASURE = "measure";
const ROUNDS = 5;
const FILES = [10_000, 100_000, 1_000_000];
/** One file in so many has another content. */
const CHANGED_EVERY = 100;

function run(): void {
  const inputs = FILES.map((files) =>
    JSON.stringify([siteOf(files, { changedEvery: CHANGED_EVERY }), siteOf(files)].map(packManifest)),
  );
  const rounds = Array.from({ length: ROUNDS }, () => inputs.map(round));
  publish("packing", [...sizePanels(FILES.slice(0, 2).map(measureSize)), ...durationPanels(rounds)]);
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

/** One round of a site, in a process of its own. @param input the site's packed manifests before and now, as JSON. */
function round(input: string): Duration {
  const child = spawnSync(process.execPath, [__filename, MEASURE], { input, encoding: "utf8" });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout);
}

/** @param texts the packed manifests of a site, before and now. */
function measureDuration([before, present]: [string, string]): Duration {
  const now = new Map(unpackManifest(present));
  const files = now.size;
  const [unpack, old] = timedResult(() => unpackManifest(before));
  const [diff, { changed }] = timedResult(() => diffManifests(old, now));
  const peak = Math.round(process.resourceUsage().maxRSS / 1000);
  if (changed.length !== files / CHANGED_EVERY) throw new Error(`${changed.length} files changed`);
  const [pack] = timedResult(() => packManifest(now));
  const [rows] = timedResult(() => digestRows(now));
  return { files, pack, unpack, diff, plan: unpack + diff, rows, peak };
}

function timedResult<T>(act: () => T): [milliseconds: number, result: T] {
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

function sizePanels(sizes: readonly Size[]): Panel[] {
  const forms = ["packed", "json", "gzip"] as const;
  const figures = sizes.flatMap((size) =>
    forms.map((form) => ({ what: `${named(size.files)}, ${form}`, ...spreadOf([size[form]]) })),
  );
  return [{ title: "State of a file", unit: "characters", figures }];
}

/** @param rounds of each, the measurements in the order of {@link FILES}. */
function durationPanels(rounds: readonly (readonly Duration[])[]): Panel[] {
  const series = (at: number, name: keyof Duration) => rounds.map((sites) => sites[at]?.[name]);
  const last = FILES.length - 1;
  const spread = (name: keyof Duration): Spread => spreadOf(series(last, name));
  const steps = ["pack", "unpack", "diff", "plan", "rows"] as const;
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
