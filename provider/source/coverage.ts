/** Which URLs a source covers, whether or not their files are there. */
import { resolve, sep } from "node:path";
import { compileSelection } from "../content/files.js";
import type { CoverageChange } from "../plan/plan.js";
import type { Source } from "../schema/inputs.js";

/** What says which files below the base URL a source covers. */
const FILTERS = ["include", "exclude", "indexDocument"] as const;

/**
 * Compares what two sources cover. Where the files lie on the disk makes no difference, since every build may have a
 * directory of its own, unless one directory is a part of the other: then a file has another URL than it had.
 *
 * @param old the source of the last deployment, if it had one.
 * @param current undefined without a source.
 * @returns undefined if both cover the same, or one of them isn't there.
 */
export async function compareCoverage(
  old: Source | undefined,
  current: Source | undefined,
): Promise<CoverageChange | undefined> {
  if (old === undefined || current === undefined) return undefined;
  // A file below another base URL is another one, even if both URLs begin in the same way.
  const moved = [
    ...(old.baseUrl === current.baseUrl ? [] : ["baseUrl"]),
    ...(isOtherPart(old.directory, current.directory) ? ["directory"] : []),
  ];
  if (moved.length > 0) return { wasCovered: () => false, isCovered: () => false, by: moved };
  const by = FILTERS.filter((name) => JSON.stringify(old[name] ?? []) !== JSON.stringify(current[name] ?? []));
  if (by.length === 0) return undefined;
  // Which file stands for a directory is not known of a source with another index document.
  const indexDocument = old.indexDocument === current.indexDocument ? current.indexDocument : undefined;
  return {
    wasCovered: await compileCoverage({ ...old, indexDocument }),
    isCovered: await compileCoverage({ ...current, indexDocument }),
    by,
  };
}

/** Whether one directory lies in the other. */
function isOtherPart(one: string, other: string): boolean {
  const [from, to] = [resolve(one), resolve(other)].map((path) => (path.endsWith(sep) ? path : path + sep)) as [
    string,
    string,
  ];
  return from !== to && (from.startsWith(to) || to.startsWith(from));
}

/** Compiles a source to a test of whether it covers a URL. */
async function compileCoverage({ baseUrl, include, exclude, indexDocument }: Source) {
  const isSelected = await compileSelection({ include, exclude });
  return (url: string): boolean => {
    const name = url.startsWith(baseUrl) ? decodeName(url.slice(baseUrl.length)) : undefined;
    if (name === undefined) return false;
    if (name !== "" && !name.endsWith("/")) return isSelected(name);
    return indexDocument !== undefined && isSelected(name + indexDocument);
  };
}

/** The name of the file, or of the directory, that a URL stands for; undefined if no file can have it. */
export function decodeName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
