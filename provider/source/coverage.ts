/** Which URLs a source covers, whether or not their files are there. */
import { resolve, sep } from "node:path";
import { compileSelection } from "../content/files.js";
import type { Manifest } from "../manifest/manifest.js";
import type { CoverageChange } from "../plan/plan.js";
import type { Source } from "../schema/content-inputs.js";
import { encodeName } from "../vod/paths.js";
import { listNames } from "./urls.js";

/** What says which files below the base URL a source covers. */
const FILTERS = ["include", "exclude", "indexDocument", "cleanUrls"] as const;

/**
 * Compares what two sources cover. Where the files lie on the disk makes no difference, since every build may have a
 * directory of its own, unless one directory is a part of the other: then a file has another URL than it had.
 *
 * @param old the source of the last deployment, if it had one.
 * @param current undefined without a source.
 * @param manifest the URLs that the last deployment covered, and whose files were there.
 * @returns undefined if both cover the same, or one of them isn't there.
 */
export async function compareCoverage(
  old: Source | undefined,
  current: Source | undefined,
  manifest: Manifest,
): Promise<CoverageChange | undefined> {
  if (old === undefined || current === undefined) return undefined;
  // A file below another base URL is another one, even if both URLs begin in the same way.
  const moved = [
    ...(old.baseUrl === current.baseUrl ? [] : ["baseUrl"]),
    ...(isOtherPart(old.directory, current.directory) ? ["directory"] : []),
  ];
  if (moved.length > 0) return { wasCovered: () => false, isCovered: () => false, by: moved };
  const by = FILTERS.filter((name) => JSON.stringify(old[name] || []) !== JSON.stringify(current[name] || []));
  if (by.length === 0) return undefined;
  const wasSelected = await compileSelection(old);
  const wasThere = (name: string) => manifest.has(old.baseUrl + encodeName(name));
  // Which file stands for a directory is not known of a source with another index document.
  const indexDocument = old.indexDocument === current.indexDocument ? old.indexDocument : undefined;
  const [before, now] = [await compileCoverage(old), await compileCoverage(current)];
  const beforeAsNow = await compileCoverage({ ...old, indexDocument });
  const nowAsBefore = await compileCoverage({ ...current, indexDocument });
  return {
    by,
    wasCovered(url) {
      const names = beforeAsNow(url);
      // If another file stands for the URL by now, it was online by that file, unless it is known not to have been there.
      return (
        names.length > 0 && now(url).every((name) => names.includes(name) || (wasSelected(name) && !wasThere(name)))
      );
    },
    isCovered(url) {
      const names = nowAsBefore(url);
      return names.length > 0 && before(url).every((name) => names.includes(name) || !wasThere(name));
    },
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

/** Compiles a source to a function that finds the names of the files by which it covers a URL. */
async function compileCoverage(source: Source): Promise<(url: string) => readonly string[]> {
  const isSelected = await compileSelection(source);
  return (url) => listNames(source, url).filter(isSelected);
}
