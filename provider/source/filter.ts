/** What the patterns of a source match, so that one that matches nothing is found. */
import { readdirSync } from "node:fs";
import { compileSelection, listFiles, splitAtCommas } from "../content/files.js";
import type { Source } from "../schema/content-inputs.js";

type FilterInputs = Pick<Source, "directory" | "include" | "exclude" | "followSymlinks">;

/** A pattern that does nothing. */
export interface IdlePattern {
  pattern: string;
  /** If it is several patterns in one text, of which some match: those. */
  parts?: readonly string[];
}

export interface FilterFindings {
  /** How many files are selected. */
  selected: number;
  /** Whether there is nothing at all in the directory. */
  isEmpty: boolean;
  /** The patterns of `include` by which no file is selected. */
  include: readonly IdlePattern[];
  /** The patterns of `exclude` that would leave out more if they were several. */
  exclude: readonly IdlePattern[];
}

/**
 * Finds the patterns of a source that do nothing.
 *
 * @param names those of the files that are selected.
 */
export async function inspectFilter(source: FilterInputs, names: readonly string[]): Promise<FilterFindings> {
  const { directory, include = [], exclude = [], followSymlinks } = source;
  const idle: IdlePattern[] = [];
  for (const pattern of include) {
    if (names.some(await compileSelection({ include: [pattern] }))) continue;
    const parts = splitAtCommas(pattern);
    const isSplit = parts.length > 1 && (await selectsSome({ directory, include: parts, exclude, followSymlinks }));
    idle.push({ pattern, ...(isSplit ? { parts } : {}) });
  }
  const joined: IdlePattern[] = [];
  for (const pattern of exclude) {
    const parts = splitAtCommas(pattern);
    if (parts.length === 1) continue;
    const isKept = await compileSelection({ exclude: parts });
    if (!names.every(isKept)) joined.push({ pattern, parts });
  }
  const isEmpty = names.length === 0 && readdirSync(directory).length === 0;
  return { selected: names.length, isEmpty, include: idle, exclude: joined };
}

async function selectsSome({ directory, include, exclude, followSymlinks }: FilterInputs): Promise<boolean> {
  // Files that the source doesn't have may be unreadable: then there is no hint.
  const files = await listFiles(directory, { include, exclude }, { followSymlinks }).catch(() => undefined);
  return files !== undefined && files.size > 0;
}
