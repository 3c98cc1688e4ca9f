/** The code in the documents: what stands between ``` fences. */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

export const ROOT = join(__dirname, "..");

export interface Snippet {
  /** Such as `docs/guides/testing.md`. */
  document: string;
  /** The number of its first line in the document. */
  line: number;
  code: string;
  /** The name in its first line, `// index.ts`, if it is a whole file. */
  file?: string;
}

/** What somebody who uses the package reads: not the pages for contributors. */
export const DOCUMENTS = [
  "README.md",
  ...listMarkdown("docs").filter((document) => !document.startsWith("docs/decisions/")),
  ...listMarkdown("examples"),
];

function listMarkdown(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: "utf8" })
    .map((file) => `${directory}/${file.replaceAll(sep, "/")}`)
    .filter((file) => file.endsWith(".md") && !/\/(node_modules|sdks|venv|reference)\//.test(file))
    .sort();
}

/** @param languages the words after the fences, such as `ts`. */
export function readSnippets(languages: readonly string[], documents = DOCUMENTS): Snippet[] {
  return documents.flatMap((document) => {
    const text = readFileSync(join(ROOT, document), "utf8");
    const fences = text.matchAll(/^( *)```(\S*).*\n([\s\S]*?)^\1```$/gm);
    return [...fences].flatMap(({ 1: indent = "", 2: language = "", 3: code = "", index }) => {
      if (!languages.includes(language)) return [];
      const file = /^(?:\/\/|#) ([\w./-]+\.\w+)\n/.exec(code)?.[1];
      const line = text.slice(0, index).split("\n").length + 1;
      return { document, line, code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""), ...(file && { file }) };
    });
  });
}

/** The whole files of a document that belong together. A second file of the same name begins another program. */
export interface Program {
  document: string;
  line: number;
  files: Record<string, string>;
}

export function readPrograms(): Program[] {
  const programs: Program[] = [];
  for (const { document, line, code, file } of readSnippets(["ts", "typescript"])) {
    if (file === undefined) continue;
    const last = programs.at(-1);
    if (last?.document === document && !(file in last.files)) last.files[file] = code;
    else programs.push({ document, line, files: { [file]: code } });
  }
  return programs;
}
