/**
 * Publishes the figures of a benchmark: as tables in Markdown, on standard output and in its section of
 * `bench/README.md`, and as JSON and a plot below `bench/results`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { join } from "node:path";
import type { Spread } from "./measure.js";
import { plot } from "./plot.js";

/** One line of a table. */
export interface Figure extends Spread {
  what: string;
  /** The most that the median may be. Default: no limit. */
  target?: number;
}

/** Figures of one unit, which make one table and one chart of the plot. */
export interface Panel {
  title: string;
  unit: string;
  figures: readonly Figure[];
}

/** The root of the repository, from the compiled tools. */
export const ROOT = join(__dirname, "../..");
const RESULTS = join(ROOT, "bench/results");
const README = join(ROOT, "bench/README.md");

/** On what, and when, this process measures. */
export function circumstances(): Record<string, string> {
  const [cpu] = cpus();
  const version = (name: string): string =>
    JSON.parse(readFileSync(join(ROOT, name, "package.json"), "utf8")).version as string;
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: `${platform()} ${release()} ${arch()}, ${cpus().length} × ${cpu?.model.trim()}`,
    "pulumi-alicloud-vod": version("."),
    "@pulumi/pulumi": version("node_modules/@pulumi/pulumi"),
    "@alicloud/pop-core": version("node_modules/@alicloud/pop-core"),
  };
}

/** Prints the tables and writes them, `NAME.json` and `NAME.svg`. @param more further circumstances. */
export function publish(name: string, panels: readonly Panel[], more: Record<string, string> = {}): void {
  const where = { ...circumstances(), ...more };
  const tables = panels.map(table).join("\n\n");
  console.log(tables);
  writeToReadme(name, [`![${name}](results/${name}.svg)`, `${circumstancesOf(where)}.`, tables].join("\n\n"));
  mkdirSync(RESULTS, { recursive: true });
  // Objects only, which the formatter leaves as they are.
  const measured = Object.fromEntries(panels.map(({ title, unit, figures }) => [title, { unit, ...byName(figures) }]));
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify({ ...where, measured }, undefined, 2)}\n`);
  writeFileSync(
    join(RESULTS, `${name}.svg`),
    plot(`Benchmark ${name}`, panels, `${where.date}, Node ${where.node}, ${where.machine}`),
  );
}

function circumstancesOf({ date, node, machine, ...versions }: Record<string, string>): string {
  return [
    date,
    `Node ${node}`,
    machine,
    ...Object.entries(versions).map(([what, version]) => `${what} ${version}`),
  ].join(", ");
}

/** Replaces what stands between the marks of a benchmark. People write the text around them. */
function writeToReadme(name: string, text: string): void {
  const readme = readFileSync(README, "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`bench/README.md has no section between ${begin} and ${end}.`);
  writeFileSync(README, `${readme.slice(0, from + begin.length)}\n\n${text}\n\n${readme.slice(to)}`);
}

function byName(figures: readonly Figure[]): Record<string, object> {
  return Object.fromEntries(figures.map(({ what, ...numbers }) => [what, numbers]));
}

function table({ title, unit, figures }: Panel): string {
  const rows = figures.map(({ what, median, least, most, target }) => {
    // A missed target has to catch the eye.
    const reached =
      target === undefined ? "" : median <= target ? `≤ ${shown(target)}` : `**≤ ${shown(target)}: missed**`;
    const spread = least === most ? "" : `${shown(least)}–${shown(most)}`;
    return `| ${[what, shown(median), spread, reached].join(" | ")} |`;
  });
  return [`### ${title}`, "", `| | ${unit} | least–most | target |`, "|---|---|---|---|", ...rows].join("\n");
}

/** Formats a number with three significant digits, and without a fraction if it is large or whole. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
