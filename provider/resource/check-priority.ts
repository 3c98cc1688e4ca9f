/** What a check says of the globs of `priority`. */
import { ContentHashError, splitAtCommas } from "../content/files.js";
import type { Inputs } from "../schema/inputs.js";
import { compileGlob } from "../source/priority.js";
import { type FilterRemarks, quote } from "./check-filter.js";

/** Describes the globs that can match nothing, and those that match none of the URLs. */
export async function describePriority(inputs: Inputs, urls: Iterable<string>): Promise<FilterRemarks> {
  const remarks: FilterRemarks = { problems: [], warnings: [] };
  const all = [...urls];
  for (const [index, glob] of (inputs.priority ?? []).entries()) {
    try {
      const matches = await compileGlob(glob, inputs);
      // What a preload leaves out of its refresh, the refresh has.
      if (all.length === 0 || inputs.refresh !== undefined || all.some(matches)) continue;
      remarks.warnings.push(`priority has ${quote(glob)}, which matches no ${describeAdvice(glob, inputs)}`);
    } catch (error) {
      if (!(error instanceof ContentHashError)) throw error;
      remarks.problems.push(`priority[${index}]: ${error.message}`);
    }
  }
  return remarks;
}

function describeAdvice(glob: string, { source }: Inputs): string {
  const noun = source === undefined ? "URL" : "file";
  const parts = splitAtCommas(glob);
  if (parts.length > 1) return `${noun}; give each pattern as an element of its own: ${parts.map(quote).join(", ")}.`;
  const place = source === undefined ? "the domain" : "source.directory";
  return `${noun}; correct the pattern: it is relative to ${place}, as in "videos/**" or "**/*.m3u8".`;
}
