/**
 * Measures what a deployment costs more than that of an empty program: a first preview, the `up` after it, and an `up`
 * that has nothing to do.
 *
 * The peer is the inline dynamic provider of Pulumi's documentation (program/inline.js), which a user would write
 * instead. It runs on the stand-in engine, and on the Pulumi CLI if there is one. On the CLI, Pulumi's command resource
 * with the vendor's command line (program/command.js) is a second peer, if `npm install --no-save @pulumi/command` was
 * run, and the plugin of that package and `aliyun` are on the PATH.
 */
import { startEmulator } from "../test/emulator/index.js";
import { type Engine, engines } from "../test/engine/index.js";
import { differences, ratios, type Series, spreadOf, turned } from "./measure.js";
import { watchProvider } from "./memory.js";
import { hasCommand } from "./peers.js";
import { type Panel, publish, ROOT } from "./report.js";

interface Size {
  name: string;
  resources: number;
  /** The paths of each resource. */
  paths: number;
  rounds: number;
  /** The most that the time over the empty program may be, divided by the peer's, in the `up` that creates. */
  target?: number;
}

const SIZES: readonly Size[] = [
  { name: "1 resource", resources: 1, paths: 10, rounds: 9, target: 1 },
  { name: "50 resources", resources: 50, paths: 10, rounds: 5, target: 0.85 },
  { name: "500 resources", resources: 500, paths: 10, rounds: 3 },
  { name: "2,000 URLs", resources: 1, paths: 2000, rounds: 5 },
];
/** The most resources and rounds on the Pulumi CLI, which is slow for any program. */
const MOST_ON_REAL_CLI = { resources: 50, rounds: 3 };
const STATE_TARGET = 0.7;
const CALLS_FOR_2000_URLS = 2;

const PROGRAMS = ["empty", "ours", "inline", "command"] as const;
const STEPS = ["preview", "up", "up without changes"] as const;
type Program = (typeof PROGRAMS)[number];
type Step = (typeof STEPS)[number];

/** The outcome of one round of one program: milliseconds for each step, and the other numbers after the first `up`. */
interface Outcome {
  times: Record<Step, number>;
  /** Calls of RefreshVodObjectCaches, and all calls. */
  refreshes: number;
  calls: number;
  stateBytes: number;
  peakMb: number | undefined;
}

/** The outcomes of each program; none for one that can't be run. */
type Outcomes = Record<Program, Outcome[]>;

async function main(): Promise<void> {
  const panels: Panel[] = [];
  const names: string[] = [];
  for (const { name, create } of engines()) {
    const isReal = name !== "stand-in engine";
    const most = isReal ? MOST_ON_REAL_CLI : { resources: Number.POSITIVE_INFINITY, rounds: Number.POSITIVE_INFINITY };
    const sizes = SIZES.filter(({ resources }) => resources <= most.resources).map((size) => ({
      ...size,
      rounds: Math.min(size.rounds, most.rounds),
    }));
    const all = new Map<Size, Outcomes>();
    const programs = PROGRAMS.filter((program) => program !== "command" || (isReal && hasCommand()));
    for (const size of sizes) all.set(size, await measure(size, programs, create));
    const probe = await create();
    names.push(probe.name);
    await probe.close();
    panels.push(...panelsOf(all).map((panel) => ({ ...panel, title: `${panel.title}, ${name}` })));
    // Published after each engine, so that a failure of the second doesn't lose the minutes of the first.
    publish("deployment", panels, { engines: names.join(", ") });
  }
}

async function measure(size: Size, programs: readonly Program[], create: () => Promise<Engine>): Promise<Outcomes> {
  const outcomes: Outcomes = { empty: [], ours: [], inline: [], command: [] };
  for (let round = 0; round < size.rounds; round++) {
    for (const program of turned(programs, round)) outcomes[program].push(await deploy(program, size, create));
  }
  return outcomes;
}

async function deploy(program: Program, size: Size, create: () => Promise<Engine>): Promise<Outcome> {
  const emulator = await startEmulator({ urlQuota: size.resources * size.paths });
  const engine = await create();
  const run = async (operation: "preview" | "up"): Promise<number> => {
    const start = performance.now();
    const result = await engine.run(operation, {
      program: `${ROOT}/bench/program`,
      config: { program, resources: String(size.resources), paths: String(size.paths) },
      secrets: { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret },
      environment: { VOD_ENDPOINT: emulator.endpoint },
    });
    if (!result.succeeded) throw new Error(result.output);
    return performance.now() - start;
  };
  try {
    const preview = await run("preview");
    const before = emulator.received.length;
    const peakOf = watchProvider();
    const up = await run("up");
    const peakMb = peakOf();
    const received = emulator.received.slice(before);
    const stateBytes = countBytes(await engine.exportState());
    const times = { preview, up, "up without changes": await run("up") };
    const refreshes = received.filter(({ action }) => action === "RefreshVodObjectCaches").length;
    return { times, refreshes, calls: received.length, stateBytes, peakMb };
  } finally {
    await engine.close();
    await emulator.close();
  }
}

/** Counts the bytes of the program's resources in a state, without Pulumi's entries for the stack and the provider. */
function countBytes(state: string): number {
  const { deployment } = JSON.parse(state) as { deployment: { resources: { type: string }[] } };
  const own = deployment.resources.filter(({ type }) => !/^pulumi:(pulumi|providers):/.test(type));
  return own.reduce((sum, resource) => sum + Buffer.byteLength(JSON.stringify(resource)), 0);
}

/** The programs that refresh. */
const OTHERS = ["ours", "inline", "command"] as const;
/** What a user would take instead. */
const PEERS = ["inline", "command"] as const;

function panelsOf(all: ReadonlyMap<Size, Outcomes>): Panel[] {
  const sizes = [...all].map(([size, outcomes]) => ({ size, outcomes }));
  const rows = sizes.flatMap((row) => STEPS.map((step) => ({ ...row, step })));
  const seriesOf = (outcomes: readonly Outcome[], numberOf: (outcome: Outcome) => number | undefined): Series =>
    outcomes.map(numberOf);
  const time = (outcomes: Outcomes, program: Program, step: Step): Series =>
    seriesOf(outcomes[program], ({ times }) => times[step] / 1000);
  const over = (outcomes: Outcomes, program: Program, step: Step): Series =>
    differences(time(outcomes, program, step), time(outcomes, "empty", step));
  const state = (outcomes: Outcomes, program: Program): Series =>
    seriesOf(outcomes[program], ({ stateBytes }) => stateBytes);
  /** Makes a figure for each size and program that refreshes. */
  const each = (
    numbersOf: (outcomes: Outcomes, program: Program, size: Size) => Series,
    targetOf: (size: Size, program: Program) => number | undefined = () => undefined,
  ) =>
    sizes.flatMap(({ size, outcomes }) =>
      OTHERS.filter((program) => outcomes[program].length > 0).map((program) => ({
        what: `${size.name}, ${program}`,
        ...spreadOf(numbersOf(outcomes, program, size)),
        ...targeted(targetOf(size, program)),
      })),
    );
  const ofPeers = PEERS.filter((peer) => sizes.some(({ outcomes }) => outcomes[peer].length > 0)).flatMap((peer) => [
    {
      title: `Time over the empty program, of the ${NAMES[peer]}'s`,
      unit: "ratio",
      figures: rows.map(({ size, outcomes, step }) => ({
        what: `${size.name}, ${step}`,
        ...spreadOf(ratios(over(outcomes, "ours", step), over(outcomes, peer, step))),
        ...targeted(peer === "inline" && step === "up" ? size.target : undefined),
      })),
    },
    {
      title: `State, of the ${NAMES[peer]}'s`,
      unit: "ratio",
      figures: sizes.map(({ size, outcomes }) => ({
        what: size.name,
        ...spreadOf(ratios(state(outcomes, "ours"), state(outcomes, peer))),
        ...targeted(peer === "inline" && size.paths === 10 ? STATE_TARGET : undefined),
      })),
    },
  ]);
  return [
    ...ofPeers,
    {
      title: "Time",
      unit: "s",
      figures: rows.flatMap(({ size, outcomes, step }) =>
        PROGRAMS.filter((program) => outcomes[program].length > 0).map((program) => ({
          what: `${size.name}, ${step}, ${program}`,
          ...spreadOf(time(outcomes, program, step)),
        })),
      ),
    },
    {
      title: "State of a resource",
      unit: "bytes",
      figures: each((outcomes, program, { resources }) =>
        state(outcomes, program).map((bytes) => bytes && Math.round(bytes / resources)),
      ),
    },
    {
      title: "Calls of RefreshVodObjectCaches in the first up",
      unit: "calls",
      figures: each(
        (outcomes, program) => seriesOf(outcomes[program], ({ refreshes }) => refreshes),
        ({ paths }, program) => (program === "ours" && paths === 2000 ? CALLS_FOR_2000_URLS : undefined),
      ),
    },
    {
      title: "All calls to the service in the first up",
      unit: "calls",
      figures: each((outcomes, program) => seriesOf(outcomes[program], ({ calls }) => calls)),
    },
    {
      title: "Peak memory of the provider process in the first up",
      unit: "MB",
      figures: each((outcomes, program) => seriesOf(outcomes[program], ({ peakMb }) => peakMb)).filter(
        ({ median }) => !Number.isNaN(median),
      ),
    },
  ];
}

const NAMES = { inline: "inline provider", command: "command resource" } as const;

const targeted = (target: number | undefined) => (target === undefined ? {} : { target });

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
