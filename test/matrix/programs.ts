/** One program in each style in which a user may write it. All refresh one URL. */
export interface Style {
  title: string;
  files: Record<string, string>;
  runtime: { typescript?: boolean; nodeargs?: string };
  packageType: "commonjs" | "module";
  /** The first version of Node.js that can run it. */
  since?: number;
  /** A package that has to be installed beside, which changes how Pulumi compiles: see {@link COMPILER}. */
  needs?: string;
}

/** A compiler of the program's own, which Pulumi takes in place of the one that it brings. */
export const COMPILER = { "ts-node": "^10.9.2", typescript: "^5.9.0" };

const ARGS = `{ paths: ["https://vod.example.com/" + name], contentHash: name, refreshOnCreate: true }`;

const typescript = (name: string) => `import * as pulumi from "@pulumi/pulumi";
import { hashContent, VodCacheRefresh, type VodCacheRefreshArgs } from "pulumi-alicloud-vod";

const name: string = hashContent("${name}");
const args: VodCacheRefreshArgs = ${ARGS};
export const status: pulumi.Output<string> = new VodCacheRefresh("site", args).status;
`;

/** Pulumi's own compiler is TypeScript 3.8, which has `import type` in a statement of its own. */
const oldTypescript = (name: string) =>
  typescript(name).replace(/import \{ (.*), type (\w+) \} (from .*)/, "import { $1, $2 } $3");

export const STYLES: readonly Style[] = [
  {
    title: "CommonJS",
    files: {
      "index.js": `const { hashContent, VodCacheRefresh } = require("pulumi-alicloud-vod");
const name = hashContent("commonjs");
exports.status = new VodCacheRefresh("site", ${ARGS}).status;
`,
    },
    runtime: { typescript: false },
    packageType: "commonjs",
  },
  {
    title: "ES module",
    files: {
      "index.js": `import { hashContent, VodCacheRefresh } from "pulumi-alicloud-vod";
const name = hashContent("esmodule");
export const status = new VodCacheRefresh("site", ${ARGS}).status;
`,
    },
    runtime: { typescript: false },
    packageType: "module",
  },
  {
    title: "Pulumi's TypeScript",
    files: { "index.ts": oldTypescript("pulumi") },
    runtime: {},
    packageType: "commonjs",
  },
  {
    title: "ts-node",
    files: {
      "index.ts": typescript("ts-node"),
      // What ts-node takes by default contradicts itself in TypeScript 5.
      "tsconfig.json": '{ "compilerOptions": { "module": "commonjs", "target": "es2022" } }',
    },
    runtime: { typescript: false, nodeargs: "-r ts-node/register/transpile-only" },
    packageType: "commonjs",
    needs: "ts-node",
  },
  {
    title: "tsx",
    files: { "index.ts": typescript("tsx") },
    runtime: { typescript: false, nodeargs: "--import tsx" },
    packageType: "commonjs",
  },
  {
    title: "type stripping",
    files: { "index.ts": typescript("strip").replace("import * as", "import type * as") },
    runtime: { typescript: false },
    packageType: "module",
    since: 22,
  },
];
