/**
 * Measures the plugin: until it prints its port, beside a process of Node that does nothing, and on the Pulumi CLI, if there is one,
 * what an `up` costs over that of an empty program, from programs in JavaScript and YAML, beside the dynamic provider and Pulumi's
 * command resource with the vendor's command line. The CPU time is that of all processes of an operation, which Linux tells.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { type Emulator, startEmulator } from "../test/emulator/index.js";
import { type Engine, engines } from "../test/engine/index.js";
import { isOnPath } from "../test/engine/realCli.js";
import { differences, ratios, type Series, spreadOf, timed, turned } from "./measure.js";
import { watchProvider } from "./memory.js";
import { hasCommand } from "./peers.js";
import { type Figure, type Panel, publish, ROOT } from "./report.js";
import { YamlProgram } from "./yaml.js";

const PLUGIN = join(ROOT, "plugin");
const LAUNCHER = join(
  PLUGIN,
  process.platform === "win32" ? "pulumi-resource-alicloud-vod.cmd" : "pulumi-resource-alicloud-vod",
);

const STARTS = 25;
const READY_TARGET = 1.6;

const SIZES = [
  { name: "1 resource", resources: 1, rounds: 7, cpuTarget: 0.45 },
  { name: "50 resources", resources: 50, rounds: 3, cpuTarget: 0.6 },
] as const;
const STATE_TARGET = 0.6;
const MEMORY_TARGET = 0.6;
const COMMAND_TARGET = 1;
const PATHS = 10;

/** The programs; the process in which the resources are; and the program whose costs don't count. */
const PROGRAMS = {
  empty: { title: "empty, JavaScript", process: undefined, floor: "empty" },
  ours: { title: "dynamic provider, JavaScript", process: "dynamic-provider", floor: "empty" },
  native: { title: "plugin, JavaScript", process: "plugin.js", floor: "empty" },
  command: { title: "command resource, JavaScript", process: "pulumi-resource-command", floor: "empty" },
  emptyYaml: { title: "empty, YAML", process: undefined, floor: "emptyYaml" },
  yaml: { title: "plugin, YAML", process: "plugin.js", floor: "emptyYaml" },
} as const;
type Program = keyof typeof PROGRAMS;

/** The programs that can run here. */
function listPrograms(): Program[] {
  const all = Object.keys(PROGRAMS) as Program[];
  const hasYaml = isOnPath("pulumi-language-yaml");
  return all.filter((name) => (name === "command" ? hasCommand() : hasYaml || !/yaml/i.test(name)));
}

interface Outcome {
  seconds: number;
  cpuSeconds: number | undefined;
  stateBytes: number;
  peakMb: number | undefined;
}

async function main(): Promise<void> {
  execFileSync(process.execPath, [join(ROOT, "build/release/main.js"), "--directory"], { stdio: "ignore" });
  const panels = await startPanels();
  const real = engines().find(({ name }) => name !== "stand-in engine");
  for (const size of real ? SIZES : [])
    panels.push(...(await deploymentPanels(size, (real as { create(): Promise<Engine> }).create)));
  publish("native", panels);
}

async function startPanels(): Promise<Panel[]> {
  const subjects = { "node -e 0": startNothing, "plugin, until its port": startPlugin };
  const names = Object.keys(subjects) as (keyof typeof subjects)[];
  const series: Record<keyof typeof subjects, number[]> = { "node -e 0": [], "plugin, until its port": [] };
  // The first round fills the system's caches and isn't counted.
  for (let round = -1; round < STARTS; round++) {
    for (const name of turned(names, round + 1)) {
      const ms = await subjects[name]();
      if (round >= 0) series[name].push(ms);
    }
  }
  const ratio = ratios(series["plugin, until its port"], series["node -e 0"]);
  return [
    { title: "Start", unit: "ms", figures: names.map((what) => ({ what, ...spreadOf(series[what]) })) },
    {
      title: "Start of the plugin, of Node's",
      unit: "ratio",
      figures: [{ what: "until its port", ...spreadOf(ratio), target: READY_TARGET }],
    },
  ];
}

const startNothing = () =>
  timed(async () => {
    await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  });

/** @returns how long it takes until the port is printed, which is when an engine goes on. */
async function startPlugin(): Promise<number> {
  const began = performance.now();
  const child = spawn(LAUNCHER, { stdio: ["ignore", "pipe", "ignore"], shell: process.platform === "win32" });
  await once(createInterface({ input: child.stdout }), "line");
  const ms = performance.now() - began;
  child.kill("SIGKILL");
  await once(child, "close");
  return ms;
}

async function deploymentPanels(size: (typeof SIZES)[number], create: () => Promise<Engine>): Promise<Panel[]> {
  const programs = listPrograms();
  const outcomes: Record<Program, Outcome[]> = {
    empty: [],
    ours: [],
    native: [],
    command: [],
    emptyYaml: [],
    yaml: [],
  };
  for (let round = 0; round < size.rounds; round++) {
    for (const program of turned(programs, round))
      outcomes[program].push(await deploy(program, size.resources, create));
  }
  type Value = (outcome: Outcome) => number | undefined;
  const plain = (program: Program, value: Value): Series => outcomes[program].map(value);
  const over = (program: Program, value: Value): Series =>
    differences(plain(program, value), plain(PROGRAMS[program].floor, value));
  const figure = (what: string, series: Series, target?: number): Figure => ({
    what,
    ...spreadOf(series),
    ...(target === undefined ? {} : { target }),
  });
  const cpu: Value = ({ cpuSeconds }) => cpuSeconds;
  const seconds: Value = (outcome) => outcome.seconds;
  const state: Value = ({ stateBytes }) => stateBytes;
  const memory: Value = ({ peakMb }) => peakMb;
  const ofDynamic = (program: Program): Panel => ({
    title: `${PROGRAMS[program].title}, of the dynamic provider's, ${size.name}`,
    unit: "ratio",
    figures: [
      figure("CPU time of an up over the empty program", ratios(over(program, cpu), over("ours", cpu)), size.cpuTarget),
      figure("time of an up over the empty program", ratios(over(program, seconds), over("ours", seconds))),
      figure("state", ratios(plain(program, state), plain("ours", state)), STATE_TARGET),
      figure("peak memory", ratios(plain(program, memory), plain("ours", memory)), MEMORY_TARGET),
    ],
  });
  const plugins = (["native", "yaml"] as const).filter((program) => programs.includes(program));
  const ofCommand = (["ours", ...plugins] as const).map((program) =>
    figure(
      PROGRAMS[program].title,
      ratios(over(program, seconds), over("command", seconds)),
      size.resources === 1 && program !== "ours" ? COMMAND_TARGET : undefined,
    ),
  );
  return [
    ...plugins.map(ofDynamic),
    ...(programs.includes("command")
      ? [
          {
            title: `Time of an up over the empty program, of the command resource's, ${size.name}`,
            unit: "ratio",
            figures: ofCommand,
          },
        ]
      : []),
    ...(
      [
        ["CPU time of an up", "s", cpu],
        ["Time of an up", "s", seconds],
      ] as const
    ).map(([title, unit, value]) => ({
      title: `${title}, ${size.name}`,
      unit,
      figures: programs.map((program) => figure(PROGRAMS[program].title, plain(program, value))),
    })),
  ];
}

/** Deploys a new stack, and measures its first `up`. */
async function deploy(program: Program, resources: number, create: () => Promise<Engine>): Promise<Outcome> {
  const emulator = await startEmulator();
  const environment = {
    PATH: `${PLUGIN}${delimiter}${process.env.PATH}`,
    VOD_ENDPOINT: emulator.endpoint,
    ALICLOUD_ACCESS_KEY: emulator.accessKeyId,
    ALICLOUD_SECRET_KEY: emulator.accessKeySecret,
  };
  const deployed =
    program === "yaml" || program === "emptyYaml"
      ? await prepareYaml(program === "yaml" ? resources : 0, environment)
      : await prepareJavaScript(program, resources, { environment, secrets: keysOf(emulator) }, create);
  try {
    const peakOf = watchProvider(PROGRAMS[program].process ?? "no process");
    const before = childrenCpu();
    const began = performance.now();
    await deployed.up();
    const seconds = (performance.now() - began) / 1000;
    const after = childrenCpu();
    const cpuSeconds = before === undefined || after === undefined ? undefined : after - before;
    const peakMb = peakOf();
    return { seconds, cpuSeconds, stateBytes: countBytes(await deployed.state()), peakMb };
  } finally {
    await deployed.close();
    await emulator.close();
  }
}

/** The settings from which the command resource's program has its keys. */
const keysOf = ({ accessKeyId, accessKeySecret }: Emulator) => ({
  "alicloud:accessKey": accessKeyId,
  "alicloud:secretKey": accessKeySecret,
});

/** A stack before its first `up`. */
interface Stack {
  up(): Promise<unknown>;
  state(): Promise<string>;
  close(): Promise<void> | void;
}

async function prepareJavaScript(
  program: Program,
  resources: number,
  given: { environment: Record<string, string>; secrets: Record<string, string> },
  create: () => Promise<Engine>,
): Promise<Stack> {
  const engine = await create();
  const config = { program, resources: String(resources), paths: String(PATHS) };
  const up = async () => {
    const result = await engine.run("up", { program: `${ROOT}/bench/program`, config, ...given });
    if (!result.succeeded) throw new Error(result.output);
  };
  return { up, state: () => engine.exportState(), close: () => engine.close() };
}

async function prepareYaml(resources: number, environment: Record<string, string>): Promise<Stack> {
  const program = new YamlProgram(resources, PATHS, environment);
  await program.pulumi("stack", "init", "dev");
  return {
    up: () => program.pulumi("up", "--yes", "--skip-preview"),
    state: () => program.pulumi("stack", "export"),
    close: () => program.close(),
  };
}

/** The CPU time of all processes that this one has started and that have ended, and of theirs. Source: Linux, proc(5). */
function childrenCpu(): number | undefined {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return undefined;
  }
}

/** The bytes of the program's resources in a state. */
function countBytes(state: string): number {
  const { deployment } = JSON.parse(state) as { deployment: { resources: { type: string }[] } };
  const own = deployment.resources.filter(({ type }) => !/^pulumi:(pulumi|providers):/.test(type));
  return own.reduce((sum, resource) => sum + Buffer.byteLength(JSON.stringify(resource)), 0);
}

void main();
