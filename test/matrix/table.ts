/** The page with what was measured. */
export interface Row {
  manager: string;
  node: string;
  pulumi: string;
  /** For each style of program. */
  cells: ("passes" | "fails" | "–")[];
  /** Why something fails, or nothing of it could run. */
  notes: string[];
}

/** @returns docs/matrix.md. */
export function describeTable(styles: readonly string[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const notes = rows.flatMap(({ manager, node, pulumi, notes }) =>
    notes.map((note) => `- ${manager}, Node.js ${node}, Pulumi ${pulumi}: ${note.replaceAll("|", "\\|")}.`),
  );
  const header = ["package manager", "Node.js", "`@pulumi/pulumi`", ...styles];
  return [
    "# Where it works",
    "",
    "`npm run test:matrix -- --write` wrote this page. It installs the packed file in new projects, and has a program of each style refresh a",
    "URL at the emulator, on the tests' stand-in for Pulumi's engine. Programs in TypeScript run with the compiler that Pulumi takes, with",
    "`nodeargs: -r ts-node/register/transpile-only` or `--import tsx`, or with the type stripping of Node.js. A dash is what can't run there: type",
    "stripping before Node.js 22, ts-node where it isn't installed.",
    "",
    line(header),
    line(header.map(() => "---")),
    ...rows.map(({ manager, node, pulumi, cells }) => line([manager, node, pulumi, ...cells])),
    "",
    ...(notes.length > 0 ? ["What is known of it:", "", ...notes, ""] : []),
    "Pulumi itself refuses Yarn's Plug'n'Play: Yarn needs `nodeLinker: node-modules`.",
    "",
  ].join("\n");
}
