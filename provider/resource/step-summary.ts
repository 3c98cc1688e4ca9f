/** The summary of a step of GitHub Actions: one table of what the updates of a run did. */
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { ReportEntry } from "../schema/report.js";
import { hasNews, renderTable } from "./report-table.js";

/** The setting that switches the summary off, and its values. */
export const SUMMARY_SETTING = "alicloud-vod:summary";

export class StepSummary {
  private readonly entries = new Map<string, ReportEntry>();
  /** Where this run's table stands in the file. */
  private place = { start: 0, end: -1 };
  private writing: Promise<void> = Promise.resolve();

  /** Adds what a create or an update did, if there is anything to tell. It is in the file when this ends. */
  add(file: string, key: string, entry: ReportEntry): Promise<void> {
    if (entry.operation === "preview" || !hasNews(entry)) return Promise.resolve();
    this.writing = this.writing.catch(() => {}).then(() => this.write(file, key, entry));
    return this.writing;
  }

  /** Writes the table again, in its place. If somebody else wrote after it, a new one begins. */
  private async write(file: string, key: string, entry: ReportEntry): Promise<void> {
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    if (size !== this.place.end) {
      this.entries.clear();
      this.place = { start: size, end: size };
    }
    this.entries.set(key, entry);
    const table = Buffer.from(`\n${renderTable([...this.entries.values()])}\n`);
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT);
    try {
      await handle.write(table, 0, table.length, this.place.start);
      this.place.end = this.place.start + table.length;
      await handle.truncate(this.place.end);
    } finally {
      await handle.close();
    }
  }
}
