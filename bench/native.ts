/**
 * Measures the plugin: until it prints its port, beside a process of Node that does nothing, and on the Pulumi CLI, if there is one,
 * what an `up` costs over that of an empty program, beside the dynamic provider. The CPU time is that of all processes of an
 * operation, which Linux tells.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { startEmulator } from "../test/emulator/index.js";
import { type Engine, engines } from "../test/engine/index.js";
import { differences, ratios, type Series, spreadOf, timed, turned } from "./measure.js";
import { watchProvider } from "./memory.js";
import { type Figure, type Panel, publish, ROOT } from "./report.js";

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

/** The programs, and the process in which the resources are. */
const PROGRAMS = { empty: undefined, ours: "dynamic-provider", native: "plugin.js" } as const;
type Program = keyof typeof PROGRAMS;
const NAMES = Object.keys(PROGRAMS) as Program[];

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
  const outcomes: Record<Program, Outcome[]> = { empty: [], ours: [], native: [] };
  for (let round = 0; round < size.rounds; round++) {
    for (const program of turned(NAMES, round)) outcomes[program].push(await deploy(program, size.resources, create));
  }
  const over = (program: Program, value: (outcome: Outcome) => number | undefined): Series =>
    differences(outcomes[program].map(value), outcomes.empty.map(value));
  const figure = (what: string, series: Series, target?: number): Figure => ({
    what,
    ...spreadOf(series),
    ...(target === undefined ? {} : { target }),
  });
  const cpu = ({ cpuSeconds }: Outcome) => cpuSeconds;
  const seconds = (outcome: Outcome) => outcome.seconds;
  const plain = (program: Program, value: (outcome: Outcome) => number | undefined) => outcomes[program].map(value);
  const toDynamic = (value: (outcome: Outcome) => number | undefined): Series =>
    ratios(plain("native", value), plain("ours", value));
  return [
    {
      title: `Plugin, of the dynamic provider's, ${size.name}`,
      unit: "ratio",
      figures: [
        figure(
          "CPU time of an up over the empty program",
          ratios(over("native", cpu), over("ours", cpu)),
          size.cpuTarget,
        ),
        figure("time of an up over the empty program", ratios(over("native", seconds), over("ours", seconds))),
        figure(
          "state",
          toDynamic(({ stateBytes }) => stateBytes),
          STATE_TARGET,
        ),
        figure(
          "peak memory",
          toDynamic(({ peakMb }) => peakMb),
          MEMORY_TARGET,
        ),
      ],
    },
    {
      title: `CPU time of an up, ${size.name}`,
      unit: "s",
      figures: NAMES.map((program) => figure(program, plain(program, cpu))),
    },
  ];
}

async function deploy(program: Program, resources: number, create: () => Promise<Engine>): Promise<Outcome> {
  const emulator = await startEmulator();
  const engine = await create();
  try {
    const peakOf = watchProvider(PROGRAMS[program] ?? "no process");
    const before = childrenCpu();
    const began = performance.now();
    const result = await engine.run("up", {
      program: `${ROOT}/bench/program`,
      config: { program, resources: String(resources), paths: "10" },
      environment: {
        PATH: `${PLUGIN}${delimiter}${process.env.PATH}`,
        VOD_ENDPOINT: emulator.endpoint,
        ALICLOUD_ACCESS_KEY: emulator.accessKeyId,
        ALICLOUD_SECRET_KEY: emulator.accessKeySecret,
      },
    });
    const seconds = (performance.now() - began) / 1000;
    if (!result.succeeded) throw new Error(result.output);
    const after = childrenCpu();
    const cpuSeconds = before === undefined || after === undefined ? undefined : after - before;
    const peakMb = peakOf();
    return { seconds, cpuSeconds, stateBytes: countBytes(await engine.exportState()), peakMb };
  } finally {
    await engine.close();
    await emulator.close();
  }
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
