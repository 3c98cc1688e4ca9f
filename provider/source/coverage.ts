/** Which URLs a source covers, whether or not their files are there. */
import { compileSelection } from "../content/files.js";
import type { CoverageChange } from "../plan/plan.js";
import type { Source } from "../schema/inputs.js";

type CoveringInputs = Pick<Source, "baseUrl" | "include" | "exclude" | "indexDocument">;

/**
 * Compares what two sources cover. Where the files lie on the disk makes no difference: every build may have a directory of
 * its own.
 *
 * @param old the source of the last deployment, if it had one.
 * @param current undefined without a source.
 * @returns undefined if both cover the same, or one of them isn't there.
 */
export async function compareCoverage(
  old: CoveringInputs | undefined,
  current: CoveringInputs | undefined,
): Promise<CoverageChange | undefined> {
  if (old === undefined || current === undefined || buildKey(old) === buildKey(current)) return undefined;
  // A file below another base URL is another one, even if both URLs begin in the same way.
  if (old.baseUrl !== current.baseUrl) return { wasCovered: () => false, isCovered: () => false };
  // Which file stands for a directory is not known of a source with another index document.
  const indexDocument = old.indexDocument === current.indexDocument ? current.indexDocument : undefined;
  return {
    wasCovered: await compileCoverage({ ...old, indexDocument }),
    isCovered: await compileCoverage({ ...current, indexDocument }),
  };
}

function buildKey({ baseUrl, include, exclude = [], indexDocument }: CoveringInputs): string {
  return JSON.stringify([baseUrl, include, exclude, indexDocument]);
}

/** Compiles a source to a test of whether it covers a URL. */
async function compileCoverage({ baseUrl, include, exclude, indexDocument }: CoveringInputs) {
  const isSelected = await compileSelection({ include, exclude });
  return (url: string): boolean => {
    const name = url.startsWith(baseUrl) ? decodeName(url.slice(baseUrl.length)) : undefined;
    if (name === undefined) return false;
    if (name !== "" && !name.endsWith("/")) return isSelected(name);
    return indexDocument !== undefined && isSelected(name + indexDocument);
  };
}

/** The name of the file, or of the directory, that a URL stands for; undefined if no file can have it. */
function decodeName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
