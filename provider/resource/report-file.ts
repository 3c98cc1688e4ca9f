/** The files of the reports of a run: each has the entries of the resources that name it, and is replaced as a whole. */
import { realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Report, ReportEntry } from "../schema/report.js";
import { ENTRY_FIELDS, REPORT_VERSION } from "../schema/report-form.js";
import { hasUnknown } from "../schema/unknown.js";
import { showLine } from "../text/show.js";
import { renderTable } from "./report-table.js";

/**
 * The reports of a process, which is a run: Pulumi starts the provider's process for a preview and again for the update after it. So
 * the first entry of a process starts a file over.
 */
export class ReportFiles {
  private readonly files = new Map<string, ReportFile>();
  private readonly tried = new Map<string, Promise<string | undefined>>();

  /** Adds the entry of a resource to a file, in the place of its last one. It is in the file when this ends. */
  async put(file: string, key: string, entry: ReportEntry, now: Date): Promise<void> {
    const path = resolve(file);
    const known = this.files.get(path) ?? new ReportFile(path);
    this.files.set(path, known);
    await known.put(key, entry, now);
  }

  /** Why no file can be made in a directory, as the error's code; undefined if it can. It is tried once a run. */
  tryToWrite(file: string): Promise<string | undefined> {
    const directory = dirname(resolve(file));
    const tried = this.tried.get(directory) ?? findWriteError(directory);
    this.tried.set(directory, tried);
    return tried;
  }
}

class ReportFile {
  private readonly entries = new Map<string, ReportEntry>();
  private writing: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;
  private writtenAt = new Date(0);

  constructor(private readonly path: string) {}

  /** Entries that come while the file is written go into the next one together. */
  put(key: string, entry: ReportEntry, now: Date): Promise<void> {
    this.entries.set(key, entry);
    this.writtenAt = now;
    this.next ??= this.writing
      .catch(() => {})
      .then(() => {
        this.next = undefined;
        this.writing = replaceFile(this.path, formatReport([...this.entries.values()], this.writtenAt));
        return this.writing;
      });
    return this.next;
  }
}

function formatReport(entries: readonly ReportEntry[], writtenAt: Date): string {
  const markdown = renderTable(entries);
  const sort = (entry: ReportEntry) => Object.fromEntries(ENTRY_FIELDS.map((field) => [field, entry[field]]));
  const resources = entries.map(sort) as ReportEntry[];
  const report: Report = { version: REPORT_VERSION, writtenAt: writtenAt.toISOString(), resources, markdown };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** Whoever reads the file gets the old text or the new one, also if this process ends in between. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = nameTemporary(dirname(path));
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

async function findWriteError(directory: string): Promise<string | undefined> {
  const temporary = nameTemporary(directory);
  try {
    await writeFile(temporary, "");
    await rm(temporary);
    return undefined;
  } catch (error) {
    return readCode(error);
  }
}

let temporaryFiles = 0;

function nameTemporary(directory: string): string {
  return join(directory, `.vod-report-${process.pid}-${temporaryFiles++}.tmp`);
}

/**
 * Finds why a report can't be written to a file, as a sentence.
 *
 * @param name the name of the input or of the setting that names the file.
 * @param directory that of the source, if there is one: a report in it would be a changed file after every preview, and go online with
 * the others.
 */
export async function findReportProblem(
  file: string,
  name: string,
  directory: string | undefined,
  files: ReportFiles,
): Promise<string | undefined> {
  if (hasUnknown(file)) return undefined;
  if (file.includes("\0")) return `${name} has a NUL character, which the name of a file can't have; remove it.`;
  const shown = `"${showLine(file, 300)}"`;
  const parent = dirname(resolve(file));
  const found = await stat(parent).catch(readCode);
  if (typeof found === "string" || !found.isDirectory()) {
    const isMissing = found === "ENOENT" || found === "ENOTDIR" || typeof found !== "string";
    return isMissing
      ? `${name} is ${shown}, but there is no directory ${`"${showLine(parent, 300)}"`}; create it, or name another file.`
      : `${name} is ${shown}, which can't be reached (${found}); name another file.`;
  }
  if (directory !== undefined && !hasUnknown(directory) && (await liesIn(resolve(file), directory))) {
    return `${name} lies in source.directory, so that writing it would change the source; put it elsewhere.`;
  }
  const last = await stat(resolve(file)).catch(readCode);
  const isFile = typeof last === "string" ? !/[\\/]$/.test(file) : last.isFile();
  if (!isFile) return `${name} is ${shown}, which is not a file; give the path of a file, such as vod-report.json.`;
  const code = typeof last === "string" && last !== "ENOENT" ? last : await files.tryToWrite(file);
  return (
    code && `${name} is ${shown}, which can't be written (${code}); make its directory writable, or name another file.`
  );
}

/** Whether a file lies in a directory or below it, wherever links lead. */
async function liesIn(file: string, directory: string): Promise<boolean> {
  const actual = (path: string) => realpath(path).catch(() => resolve(path));
  const path = join(await actual(dirname(file)), basename(file));
  const name = relative(await actual(directory), path);
  return !(name === ".." || name.startsWith(`..${sep}`) || isAbsolute(name));
}

/** The code of a file system's error, such as EACCES. */
export function readCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown error";
}
