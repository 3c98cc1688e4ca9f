/** Every snippet in TypeScript compiles, and every snippet in JSON and YAML can be read. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ts from "typescript";
import { describe, expect, test } from "vitest";
import { describePackage } from "../provider/native/package-schema.js";
import { ROOT, readPrograms, readSnippets } from "./snippets.js";

/** What a fragment takes for granted: a snippet that isn't a whole file, which begins with its name. */
const PRELUDE = `
  declare const paths: string[], contentHash: string, baseUrl: string, content: string, url: string;
  declare const bucket: import("@pulumi/alicloud").oss.Bucket, domainConfig: import("@pulumi/alicloud").vod.Domain;
  declare const upload: import("@pulumi/pulumi").Resource, uploads: import("@pulumi/pulumi").Resource[];
  declare const source: import("pulumi-alicloud-vod").SourceArgs, site: import("pulumi-alicloud-vod").VodCacheRefresh;
`;
const IMPORTS = [
  'import * as pulumi from "@pulumi/pulumi";',
  'import * as alicloud from "@pulumi/alicloud";',
  'import * as vod from "pulumi-alicloud-vod";',
  `import { ${Object.keys(require("pulumi-alicloud-vod")).join(", ")} } from "pulumi-alicloud-vod";`,
].join(" ");

/** What the guides use of `@pulumi/alicloud`; or all of it, if tests may get packages from the registry. */
function findAlicloud(): string {
  const declared = join(ROOT, "test/guides/alicloud/index.d.ts");
  if (process.env.INSTALL_SDKS !== "1") return declared;
  const directory = mkdtempSync(join(tmpdir(), "alicloud-"));
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: directory, encoding: "utf8" });
  run("tar", "-xzf", run("npm", "pack", "--silent", "@pulumi/alicloud@^3.108.0").trim());
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  return join(directory, "package/index.d.ts");
}

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  types: ["node"],
  typeRoots: [join(ROOT, "node_modules/@types")],
  paths: {
    "@pulumi/alicloud": [findAlicloud()],
    "@pulumi/command": [join(ROOT, "test/guides/command.d.ts")],
  },
};

/** The texts that are compiled together, by the names of files that aren't there. */
const whole = new Map<string, string>();
const fragments = new Map([[toFile("prelude.d.ts"), PRELUDE]]);
const compiled: { document: string; line: number; file: string; texts: ReadonlyMap<string, string> }[] = [];
readPrograms().forEach(({ document, files }, index) => {
  for (const [name, code] of Object.entries(files)) whole.set(toFile(`${index}/${name}`), code);
  const lines = readSnippets(["ts", "typescript"], [document]);
  for (const [name, code] of Object.entries(files)) {
    const line = lines.find((snippet) => snippet.code === code)?.line ?? 0;
    compiled.push({ document, line, file: toFile(`${index}/${name}`), texts: whole });
  }
});
readSnippets(["ts", "typescript"]).forEach(({ document, line, code, file }, index) => {
  if (file !== undefined) return;
  const imports = /^import /m.test(code);
  const text = imports ? `export {};\n${code}` : `${IMPORTS} export async function run() {\n${code}}`;
  fragments.set(toFile(`${index}.ts`), text);
  compiled.push({ document, line: line - 1, file: toFile(`${index}.ts`), texts: fragments });
});
const programs = new Map([whole, fragments].map((texts) => [texts as ReadonlyMap<string, string>, compile(texts)]));

test.each(compiled)("$document:$line compiles", ({ document, line, file, texts }) => {
  const program = programs.get(texts);
  const source = program?.getSourceFile(file);
  const found = program && source ? ts.getPreEmitDiagnostics(program, source) : undefined;
  const messages = found?.map(({ start = 0, messageText }) => {
    const at = line + (source?.getLineAndCharacterOfPosition(start).line ?? 0);
    return `${document}:${at}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
  expect(messages).toEqual([]);
});

function toFile(name: string): string {
  return join(ROOT, "snippets", name).replaceAll("\\", "/");
}

/** Compiles texts by the names of files that aren't there. */
function compile(texts: ReadonlyMap<string, string>): ts.Program {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  const isThere = (name: string) => [...texts.keys()].some((file) => file.startsWith(`${name}/`));
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.directoryExists = (name) => isThere(name) || ts.sys.directoryExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, version, ...rest) => {
    const text = texts.get(name);
    return text === undefined ? getSourceFile(name, version, ...rest) : ts.createSourceFile(name, text, version);
  };
  return ts.createProgram([...texts.keys()], options, host);
}

const { loadAll } = createRequire(require.resolve("@pulumi/pulumi"))("js-yaml") as { loadAll(text: string): unknown[] };

test.each(readSnippets(["json"]))("$document:$line is JSON", ({ code }) => {
  expect(() => JSON.parse(code)).not.toThrow();
});

test.each(readSnippets(["yaml"]))("$document:$line is YAML", ({ code }) => {
  expect(loadAll(code)).not.toEqual([]);
});

test("an action of GitHub has the same version in all documents and workflows", () => {
  const workflows = ["ci", "release"]
    .map((name) => `.github/workflows/${name}.yml`)
    .filter((file) => existsSync(join(ROOT, file)));
  const texts = [
    ...readSnippets(["yaml"]).map(({ document, code }) => [document, code] as const),
    ...workflows.map((file) => [file, readFileSync(join(ROOT, file), "utf8")] as const),
  ];
  const versions = new Map<string, Map<string, string[]>>();
  for (const [file, text] of texts) {
    for (const [, action = "", version = ""] of text.matchAll(/uses: ([\w/-]+)@(\S+)/g)) {
      const known = versions.get(action) ?? new Map<string, string[]>();
      versions.set(action, known.set(version, [...(known.get(version) ?? []), file]));
    }
  }
  for (const [action, known] of versions) expect(known.size, `${action}: ${JSON.stringify([...known])}`).toBe(1);
});

describe("the pages for the Pulumi registry", () => {
  const pages = ["_index.md", "installation-configuration.md"].map((name) => [name, `docs/${name}`] as const);

  test.each(pages)("%s has the registry's front matter, and closes its choosers", (_, file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    expect(text).toMatch(/^---\ntitle: .+\nmeta_desc: .+\nlayout: package\n---\n/);
    const opened = [...text.matchAll(/\{\{[<%] (chooser|choosable) \w+ "?([\w,]+)"? [>%]\}\}/g)];
    const closed = [...text.matchAll(/\{\{[<%] \/(chooser|choosable) [>%]\}\}/g)];
    expect(closed.map(([, kind]) => kind).sort()).toEqual(opened.map(([, kind]) => kind).sort());
    const choices = opened.filter(([, kind]) => kind === "choosable").map(([, , choice]) => choice);
    expect(opened.find(([, kind]) => kind === "chooser")?.[2]?.split(",")).toEqual(choices);
    expect(text.match(/\{\{/g)).toHaveLength(opened.length + closed.length);
  });

  test("installation-configuration.md has every setting of the plugin", () => {
    const text = readFileSync(join(ROOT, "docs/installation-configuration.md"), "utf8");
    const { config } = describePackage({ version: "1.2.3" }) as { config: { variables: object } };
    expect(Object.keys(config.variables).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

test("docs/guides/troubleshooting.md quotes messages that exist", () => {
  const guide = readFileSync(join(ROOT, "docs/guides/troubleshooting.md"), "utf8");
  const messages = readFileSync(join(ROOT, "docs/messages.md"), "utf8");
  const rows = [...guide.matchAll(/^\| (`.*?`(?: … `.*?`)?) \|/gm)].flatMap(([, cell = ""]) => [
    ...cell.matchAll(/`(.*?)`/g),
  ]);
  expect(rows.length).toBeGreaterThan(10);
  for (const [, words = ""] of rows) expect(messages).toContain(words);
});

test("docs/guides/README.md has each guide", () => {
  const names = readdirSync(join(ROOT, "docs/guides")).filter((name) => name !== "README.md");
  const index = readFileSync(join(ROOT, "docs/guides/README.md"), "utf8");
  for (const name of names) expect(index).toContain(`](${name})`);
});
