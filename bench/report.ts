/** What a benchmark publishes: a table in Markdown on standard output, and the same as JSON and as a plot below `bench/results`. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { join } from "node:path";
import type { Spread } from "./measure.js";
import { plot } from "./plot.js";

/** One line of a table. */
export interface Figure extends Spread {
  what: string;
  /** What the median may be at most. Defaults to none. */
  target?: number;
}

/** Figures of one unit: one table, and one chart of the plot. */
export interface Panel {
  title: string;
  unit: string;
  figures: readonly Figure[];
}

/** The root of the repository, from the compiled tools. */
export const ROOT = join(__dirname, "../..");
const RESULTS = join(ROOT, "bench/results");

/** Where and when this process measures. */
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

/** Prints the tables, and writes `NAME.json` and `NAME.svg`. @param more what else belongs to the circumstances. */
export function publish(name: string, panels: readonly Panel[], more: Record<string, string> = {}): void {
  const where = { ...circumstances(), ...more };
  console.log(panels.map(table).join("\n\n"));
  mkdirSync(RESULTS, { recursive: true });
  // Objects only: so a formatter leaves it as it is.
  const measured = Object.fromEntries(panels.map(({ title, unit, figures }) => [title, { unit, ...byName(figures) }]));
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify({ ...where, measured }, undefined, 2)}\n`);
  writeFileSync(
    join(RESULTS, `${name}.svg`),
    plot(`Benchmark ${name}`, panels, `${where.date}, Node ${where.node}, ${where.machine}`),
  );
}

function byName(figures: readonly Figure[]): Record<string, object> {
  return Object.fromEntries(figures.map(({ what, ...numbers }) => [what, numbers]));
}

function table({ title, unit, figures }: Panel): string {
  const rows = figures.map(({ what, median, least, most, target }) => {
    const spread = least === most ? "" : `${shown(least)}–${shown(most)}`;
    return `| ${[what, shown(median), spread, target === undefined ? "" : `≤ ${shown(target)}`].join(" | ")} |`;
  });
  return [`### ${title}`, "", `| | ${unit} | least–most | target |`, "|---|---|---|---|", ...rows].join("\n");
}

/** A number for people: three digits that count, and no fraction of what is large or whole. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
