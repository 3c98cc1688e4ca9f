/** What a check says of a source's patterns, and of content that is empty. */
import type { Operation } from "../schema/call-types.js";
import type { Inputs } from "../schema/inputs.js";
import type { FilterFindings, IdlePattern } from "../source/filter.js";

/** Sentences for a person: mistakes, and what is odd but works. */
export interface FilterRemarks {
  problems: string[];
  warnings: string[];
}

/**
 * Describes a filter that does nothing. By an `include` that selects nothing, nothing would ever be refreshed, so that the
 * resource isn't created; later, the files may have come and gone for a reason.
 *
 * @param created whether the resource doesn't exist yet.
 */
export function describeFilter(
  { directory, include, exclude }: NonNullable<Inputs["source"]>,
  found: FilterFindings,
  { created, operation }: { created: boolean; operation: Operation },
): FilterRemarks {
  // What a preload after a refresh has, may stand in `preload` of that refresh.
  const place = operation === "preload" ? "" : "source.";
  const warnings = found.exclude.map(
    (idle) => `${place}exclude has ${quote(idle.pattern)}, which counts as one pattern; ${tellParts(idle)}`,
  );
  if (found.selected > 0) {
    warnings.push(
      ...found.include.map(
        (idle) => `${place}include has ${quote(idle.pattern)}, which matches no file; ${correct(idle)}`,
      ),
    );
    return { problems: [], warnings };
  }
  if (include !== undefined && !found.isEmpty) {
    const sentence =
      include.length === 0
        ? `${place}include is empty, so it selects no file; leave it out to select all files.`
        : `${place}include selects no file in ${quote(directory)}: ${found.include.map(({ pattern }) => quote(pattern)).join(", ")}` +
          `${exclude?.length ? " (excluded files don't count)" : ""}; ${correct(found.include.find(isJoined) ?? {})}`;
    return created ? { problems: [sentence], warnings } : { problems: [], warnings: [...warnings, sentence] };
  }
  if (created) {
    const what = found.isEmpty || !exclude?.length ? "has no files" : "has only excluded files";
    warnings.push(`source.directory ${quote(directory)} ${what}; there is nothing to ${operation} until it has some.`);
  }
  return { problems: [], warnings };
}

/** Describes `contents` that name nothing. */
export function describeEmptyContents({ contents }: Partial<Inputs>, operation: Operation): string[] {
  if (contents === undefined || Object.keys(contents).length > 0) return [];
  return [`contents is empty; there is nothing to ${operation} until it names a URL.`];
}

function correct(idle: Partial<IdlePattern>): string {
  return isJoined(idle)
    ? tellParts(idle)
    : "correct the pattern: it is relative to source.directory, the name of a directory selects all files below it, and **/*.html every HTML file.";
}

function tellParts({ parts = [] }: Partial<IdlePattern>): string {
  return `give each pattern as an element of its own: ${parts.map(quote).join(", ")}.`;
}

function isJoined({ parts }: Partial<IdlePattern>): boolean {
  return parts !== undefined;
}

/** A text in quotes, on one line, and at most that long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 119)}…` : text);
}
