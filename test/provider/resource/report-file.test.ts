/** The files of reports: complete at any time, whatever writes them and whatever stops that. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unknownEntry } from "../../../provider/resource/report-entry.js";
import { ReportFiles } from "../../../provider/resource/report-file.js";
import { StepSummary } from "../../../provider/resource/step-summary.js";
import { REFRESH } from "../../../provider/schema/inputs.js";
import { type ReportEntry, reportSchema } from "../../../provider/schema/report.js";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "report-file-"));
  file = join(directory, "vod-report.json");
});
afterEach(() => rmSync(directory, { recursive: true }));

const NOW = new Date("2026-11-24T09:00:00Z");
const entryOf = (name: string, more: Partial<ReportEntry> = {}): ReportEntry => ({
  ...unknownEntry({ kind: REFRESH, name }, "NotSubmitted", NOW),
  ...more,
});
const read = () => reportSchema.parse(JSON.parse(readFileSync(file, "utf8")));

test("an entry takes the place of the resource's last one, and all are there when their writers go on", async () => {
  const files = new ReportFiles();
  const names = Array.from({ length: 50 }, (_, index) => `site-${index}`);
  await Promise.all(
    names.flatMap((name) => [
      files.put(file, name, entryOf(name), NOW),
      files.put(file, name, entryOf(name, { outcome: "succeeded" }), NOW),
    ]),
  );
  expect(read().resources.map(({ name, outcome }) => [name, outcome])).toEqual(
    names.map((name) => [name, "succeeded"]),
  );
  expect(readdirSync(directory)).toEqual(["vod-report.json"]);
});

test("a file that can't be written once is written with all entries the next time", async () => {
  const files = new ReportFiles();
  const moved = `${directory}-moved`;
  const late = join(moved, "vod-report.json");
  await expect(files.put(late, "one", entryOf("one"), NOW)).rejects.toThrow(/ENOENT/);
  rmSync(moved, { recursive: true, force: true });
  mkdirSync(moved);
  try {
    await files.put(late, "two", entryOf("two"), NOW);
    expect(JSON.parse(readFileSync(late, "utf8")).resources).toHaveLength(2);
  } finally {
    rmSync(moved, { recursive: true });
  }
});

test("whoever reads the file while it is written, and after its writer was killed, finds complete JSON", async () => {
  const code = `
    const { ReportFiles } = require(${JSON.stringify(join(__dirname, "../../../dist/provider/resource/report-file.js"))});
    const [file, entry] = process.argv.slice(1);
    const files = new ReportFiles();
    (async () => {
      for (let round = 0; ; round++) await files.put(file, "site" + (round % 5), JSON.parse(entry), new Date());
    })();`;
  const paths = Array.from({ length: 2_000 }, (_, index) => `https://vod.example.com/${index}.js`);
  const entry = entryOf("site", { pending: { count: paths.length, paths } });
  let found = 0;
  for (let kill = 0; kill < 4; kill++) {
    const writer = spawn(process.execPath, ["-e", code, file, JSON.stringify(entry)]);
    const exited = once(writer, "exit");
    for (let reads = 0; reads < 10 * (kill + 1); ) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!readdirSync(directory).includes("vod-report.json")) continue;
      expect(JSON.parse(readFileSync(file, "utf8")).resources[0].pending.paths).toHaveLength(2_000);
      reads++;
      found++;
    }
    writer.kill("SIGKILL");
    await exited;
    expect(read().resources.length).toBeGreaterThan(0);
  }
  expect(found).toBe(100);
});

describe("the summary of a step", () => {
  const done = (name: string, more: Partial<ReportEntry> = {}) =>
    entryOf(name, { operation: "update", outcome: "succeeded", status: "Submitted", ...more });
  const rows = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.split(" | ")[0]?.slice(2));

  test("is one table, with a row for each update that did something", async () => {
    writeFileSync(file, "# Before\n");
    const summary = new StepSummary();
    await Promise.all([
      summary.add(file, "1", done("one")),
      summary.add(file, "2", entryOf("planned", { outcome: "planned" })),
      summary.add(file, "3", done("quiet", { outcome: "unchanged" })),
      summary.add(file, "4", done("two", { outcome: "failed" })),
    ]);
    expect(rows()).toEqual(["resource", "one", "two"]);
    expect(readFileSync(file, "utf8")).toMatch(/^# Before\n\n### ApsaraVideo VOD\n\n\| resource .*\|\n\n$/s);
  });

  test("begins a new table after what others wrote, and leaves that as it is", async () => {
    const summary = new StepSummary();
    await summary.add(file, "1", done("one"));
    appendFileSync(file, "Between\n");
    await summary.add(file, "2", done("two"));
    await summary.add(file, "3", done("three"));
    expect(rows()).toEqual(["resource", "one", "resource", "two", "three"]);
    expect(readFileSync(file, "utf8").split("Between\n")).toHaveLength(2);
  });
});
