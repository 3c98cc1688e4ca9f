/** How each package manager installs a project. */
export interface Manager {
  title: string;
  /** The package with its command, and the command's path in it. */
  command?: { package: string; path: string };
  install: readonly string[];
  files?: Record<string, string>;
  /** What is installed beside the package. */
  beside?: Record<string, string>;
  /** Whether each program is a package of a workspace, which has the dependencies. */
  isWorkspace?: boolean;
}

const QUIET = ["--no-audit", "--no-fund", "--ignore-scripts"];

export const NPM: Manager = { title: "npm", install: ["install", ...QUIET] };

export const OTHERS: readonly Manager[] = [
  { title: "npm workspace", install: ["install", ...QUIET], isWorkspace: true },
  {
    title: "pnpm",
    command: { package: "pnpm@10", path: "pnpm/bin/pnpm.cjs" },
    install: ["install", "--ignore-scripts", "--ignore-workspace"],
  },
  {
    title: "Yarn (node-modules)",
    command: { package: "@yarnpkg/cli-dist@4", path: "@yarnpkg/cli-dist/bin/yarn.js" },
    install: ["install", "--mode=skip-build"],
    files: {
      ".yarnrc.yml": "nodeLinker: node-modules\nenableTelemetry: false\nenableImmutableInstalls: false\n",
      "yarn.lock": "",
    },
  },
  {
    title: "Bun",
    command: { package: "bun@1", path: "bun/bin/bun.exe" },
    install: ["install", "--ignore-scripts"],
  },
];
