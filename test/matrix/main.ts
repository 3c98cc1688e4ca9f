/**
 * `npm run test:matrix` packs the package, installs it in temporary projects as users do, and updates each project's programs on the
 * stand-in engine, against the emulator. It prints a table of what passed; `--write` writes it to docs/matrix.md. It needs the npm
 * registry, and isn't part of `npm test`.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Emulator, startEmulator } from "../emulator/index.js";
import { type Manager, NPM, OTHERS } from "./managers.js";
import { COMPILER, STYLES, type Style } from "./programs.js";
import { describeTable, type Row } from "./table.js";

const ROOT = join(__dirname, "../../..");
const ENGINE = join(ROOT, "build/test/engine/main.js");
const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

const NPM_WITH_COMPILER: Manager = { ...NPM, title: "npm, with ts-node and TypeScript 5", beside: COMPILER };

const NODES = ["20.19.0", "22", "24"];
const NODE_IN_DEVELOPMENT = "22";
const PULUMI_IN_DEVELOPMENT: string = devDependencies["@pulumi/pulumi"];
const PULUMIS = ["3.100.0", PULUMI_IN_DEVELOPMENT, "latest"];

/** A program that takes longer hangs. */
const TIMEOUT_MS = 120_000;

const run = promisify(execFile);
const isWindows = process.platform === "win32";

/** The tools of a run: what the registry doesn't have for this machine is skipped. */
interface Tools {
  directory: string;
  missing: Map<string, string>;
}

async function main(args: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "matrix-"));
  const emulator = await startEmulator();
  try {
    const rows = await measure(directory, emulator);
    const table = describeTable(
      STYLES.map(({ title }) => title),
      rows,
    );
    console.log(`\n${table}`);
    if (args.includes("--write")) writeFileSync(join(ROOT, "docs/matrix.md"), table);
    if (rows.some(({ cells }) => cells.includes("fails"))) process.exitCode = 1;
  } finally {
    await emulator.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** One installation, in which programs run with several versions of Node.js. */
interface Project {
  manager: Manager;
  pulumi: string;
  nodes: readonly string[];
}

async function measure(directory: string, emulator: Emulator): Promise<Row[]> {
  const tarball = pack(directory);
  const tools = await installTools(join(directory, "tools"));
  const projects: Project[] = [
    ...PULUMIS.map((pulumi) => ({ manager: NPM, pulumi, nodes: NODES })),
    { manager: NPM_WITH_COMPILER, pulumi: PULUMI_IN_DEVELOPMENT, nodes: [NODES[0] as string, NODE_IN_DEVELOPMENT] },
    ...OTHERS.map((manager) => ({
      manager,
      pulumi: PULUMI_IN_DEVELOPMENT,
      nodes: [NODE_IN_DEVELOPMENT],
    })),
  ];
  const rows: Row[] = [];
  for (const [number, { manager, pulumi, nodes }] of projects.entries()) {
    const project = join(directory, `project-${number}`);
    const fill = (cell: "fails" | "–", reason: string, node = nodes.join(", ")) =>
      rows.push({ manager: manager.title, node, pulumi, cells: STYLES.map(() => cell), notes: [reason] });
    const missing = manager.command && tools.missing.get(manager.command.package);
    if (missing !== undefined) {
      fill("–", missing);
      continue;
    }
    writeProject(project, manager, pulumi, tarball);
    const failure = await install(project, manager, tools);
    if (failure !== undefined) {
      fill("fails", failure);
      continue;
    }
    for (const node of nodes) {
      const binary = join(tools.directory, "node_modules", nameNode(node), isWindows ? "bin/node.exe" : "bin/node");
      const noNode = tools.missing.get(nameNode(node));
      if (noNode !== undefined) fill("–", noNode, node);
      else rows.push(await runPrograms({ project, manager, node: binary, emulator }));
    }
  }
  return rows;
}

/** The packed file, as `npm publish` would send it. */
function pack(directory: string): string {
  const args = ["pack", "--silent", "--pack-destination", directory];
  execFileSync("npm", args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"], shell: isWindows });
  return join(directory, `pulumi-alicloud-vod-${version}.tgz`);
}

const nameNode = (node: string) => `node${node.split(".")[0]}`;

/** Package managers and versions of Node.js come from the npm registry, each on its own. */
async function installTools(directory: string): Promise<Tools> {
  mkdirSync(directory);
  writeFileSync(join(directory, "package.json"), '{ "private": true }');
  const missing = new Map<string, string>();
  const platform = isWindows ? "win" : process.platform;
  const wanted = [
    ...NODES.map((node) => [nameNode(node), `${nameNode(node)}@npm:node-${platform}-${process.arch}@${node}`] as const),
    ...OTHERS.flatMap(({ command }) => (command ? [[command.package, command.package] as const] : [])),
  ];
  for (const [key, spec] of wanted) {
    // Bun puts its program in place with a script of its own.
    const args = ["install", "--no-audit", "--no-fund", "--foreground-scripts", spec];
    await run("npm", args, { cwd: directory, shell: isWindows }).catch((error: { stderr: string }) => {
      missing.set(key, `npm can't install ${spec}: ${lastLine(error.stderr)}`);
    });
  }
  return { directory, missing };
}

function writeProject(project: string, manager: Manager, pulumi: string, tarball: string): void {
  const dependencies = {
    "@pulumi/pulumi": pulumi,
    "pulumi-alicloud-vod": `file:${tarball}`,
    tsx: "^4.0.0",
    ...manager.beside,
  };
  const own = manager.isWorkspace ? { workspaces: STYLES.map((_, index) => nameProgram(index)) } : { dependencies };
  const write = (path: string, content: string | object) =>
    writeFileSync(join(project, path), typeof content === "string" ? content : JSON.stringify(content));
  mkdirSync(project);
  write("package.json", { name: "project", private: true, ...own });
  for (const [path, content] of Object.entries(manager.files ?? {})) write(path, content);
  for (const [index, style] of STYLES.entries()) {
    const name = nameProgram(index);
    mkdirSync(join(project, name));
    write(`${name}/package.json`, {
      name,
      version: "1.0.0",
      private: true,
      type: style.packageType,
      ...(manager.isWorkspace && { dependencies }),
    });
    const [main] = Object.keys(style.files);
    write(`${name}/Pulumi.yaml`, { name, main, runtime: { name: "nodejs", options: style.runtime } });
    for (const [path, content] of Object.entries(style.files)) write(`${name}/${path}`, content);
  }
}

const nameProgram = (index: number) => `program-${index}`;

/** @returns why it failed, if it did. */
async function install(
  project: string,
  { command, install: args }: Manager,
  tools: Tools,
): Promise<string | undefined> {
  const path = command && join(tools.directory, "node_modules", command.path);
  const [file, ...first] = path === undefined ? ["npm"] : /\.c?js$/.test(path) ? [process.execPath, path] : [path];
  try {
    await run(file, [...first, ...args], { cwd: project, shell: isWindows && file === "npm" });
    return undefined;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    return `it can't install: ${lastLine(stderr) || lastLine(stdout) || message}`;
  }
}

async function runPrograms(given: {
  project: string;
  manager: Manager;
  node: string;
  emulator: Emulator;
}): Promise<Row> {
  const { project, manager, node, emulator } = given;
  const installed = manager.isWorkspace ? join(project, nameProgram(0)) : project;
  const read = (code: string) => execFileSync(node, ["-p", code], { cwd: installed, encoding: "utf8" }).trim();
  const found = read("process.versions.node");
  const row: Row = {
    manager: manager.title,
    node: found,
    pulumi: read('require("@pulumi/pulumi/package.json").version'),
    cells: [],
    notes: [],
  };
  for (const [index, style] of STYLES.entries()) {
    if (!canRun(style, found, manager)) {
      row.cells.push("–");
      continue;
    }
    const before = emulator.received.length;
    const failure = await update(node, join(project, nameProgram(index)), emulator);
    const sent = emulator.received.slice(before).some(({ action }) => action === "RefreshVodObjectCaches");
    row.cells.push(failure === undefined && sent ? "passes" : "fails");
    if (failure !== undefined || !sent) row.notes.push(`${style.title}: ${failure ?? "nothing was sent"}`);
  }
  console.log(`${row.manager}, Node.js ${row.node}, Pulumi ${row.pulumi}: ${row.cells.join(", ")}`);
  return row;
}

const canRun = ({ since = 0, needs }: Style, node: string, { beside = {} }: Manager) =>
  Number.parseInt(node, 10) >= since && (needs === undefined || needs in beside);

/** Updates a new stack. @returns why it failed, if it did. */
async function update(node: string, program: string, emulator: Emulator): Promise<string | undefined> {
  const state = join(mkdtempSync(join(program, "state-")), "state.json");
  const env = {
    ...process.env,
    ALICLOUD_ACCESS_KEY: emulator.accessKeyId,
    ALICLOUD_SECRET_KEY: emulator.accessKeySecret,
    VOD_ENDPOINT: emulator.endpoint,
  };
  try {
    await run(node, [ENGINE, "up", program, "--state", state], { cwd: program, env, timeout: TIMEOUT_MS });
    return undefined;
  } catch (error) {
    if ((error as { killed?: boolean }).killed) return `it has not ended after ${TIMEOUT_MS / 1000} seconds`;
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return /^.*\b\w*Error: .*$/m.exec(stdout)?.[0].trim() ?? (lastLine(stderr) || lastLine(stdout));
  }
}

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1)?.trim() ?? "";

void main(process.argv.slice(2));
