/** The page with what was measured. */
export interface Row {
  manager: string;
  node: string;
  pulumi: string;
  /** For each style of program. */
  cells: ("passes" | "fails" | "skipped")[];
  /** Why a cell fails or was skipped. */
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
    "`npm run test:matrix -- --write` wrote this page. It installs the packed file in a new project, and has each program refresh a URL",
    "at the emulator. Programs in TypeScript run with Pulumi's own compiler, with `nodeargs: --import tsx`, or with the type stripping of",
    "Node.js.",
    "",
    line(header),
    line(header.map(() => "---")),
    ...rows.map(({ manager, node, pulumi, cells }) => line([manager, node, pulumi, ...cells])),
    "",
    ...(notes.length > 0 ? ["Skipped or failed:", "", ...notes, ""] : []),
    "Pulumi itself refuses Yarn's Plug'n'Play: Yarn needs `nodeLinker: node-modules`.",
    "",
  ].join("\n");
}
