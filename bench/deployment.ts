/**
 * What a deployment costs: a first preview, the `up` after it, and an `up` that has nothing to do, over an empty program.
 *
 * The peer is the inline dynamic provider that Pulumi's documentation teaches (program/inline.js): what a user would write
 * instead. On the stand-in engine, and on the Pulumi CLI where there is one.
 */
import { startEmulator } from "../test/emulator/index.js";
import { type Engine, engines } from "../test/engine/index.js";
import { differences, ratios, type Series, spreadOf, turned } from "./measure.js";
import { watchProvider } from "./memory.js";
import { type Panel, publish, ROOT } from "./report.js";

interface Size {
  name: string;
  resources: number;
  /** Of each resource. */
  paths: number;
  rounds: number;
  /** What the time over the floor may be of the peer's, in the `up` that creates. */
  target?: number;
}

const SIZES: readonly Size[] = [
  { name: "1 resource", resources: 1, paths: 10, rounds: 9, target: 1 },
  { name: "50 resources", resources: 50, paths: 10, rounds: 5, target: 0.85 },
  { name: "500 resources", resources: 500, paths: 10, rounds: 3 },
  { name: "2,000 URLs", resources: 1, paths: 2000, rounds: 5 },
];
/** More resources than this are left to the stand-in. */
const MOST_ON_REAL_CLI = 50;
const STATE_TARGET = 0.7;
const CALLS_FOR_2000_URLS = 2;

const PROGRAMS = ["empty", "ours", "inline"] as const;
const STEPS = ["preview", "up", "up without changes"] as const;
type Program = (typeof PROGRAMS)[number];
type Step = (typeof STEPS)[number];

/** What one round of one program gave: milliseconds by step, and the rest after the first `up`. */
interface Outcome {
  times: Record<Step, number>;
  /** Calls of RefreshVodObjectCaches, and all calls. */
  refreshes: number;
  calls: number;
  stateBytes: number;
  peakMb: number | undefined;
}

type Outcomes = Record<Program, Outcome[]>;

async function main(): Promise<void> {
  const panels: Panel[] = [];
  const names: string[] = [];
  for (const { name, create } of engines()) {
    const isReal = name !== "stand-in engine";
    const sizes = SIZES.filter(({ resources }) => !isReal || resources <= MOST_ON_REAL_CLI);
    const all = new Map<Size, Outcomes>();
    for (const size of sizes) all.set(size, await measure(size, create));
    const probe = await create();
    names.push(probe.name);
    await probe.close();
    panels.push(...panelsOf(all).map((panel) => ({ ...panel, title: `${panel.title}, ${name}` })));
  }
  publish("deployment", panels, { engines: names.join(", ") });
}

async function measure(size: Size, create: () => Promise<Engine>): Promise<Outcomes> {
  const outcomes: Outcomes = { empty: [], ours: [], inline: [] };
  for (let round = 0; round < size.rounds; round++) {
    for (const program of turned(PROGRAMS, round)) outcomes[program].push(await deploy(program, size, create));
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
    const stateBytes = Buffer.byteLength(await engine.exportState());
    const times = { preview, up, "up without changes": await run("up") };
    const refreshes = received.filter(({ action }) => action === "RefreshVodObjectCaches").length;
    return { times, refreshes, calls: received.length, stateBytes, peakMb };
  } finally {
    await engine.close();
    await emulator.close();
  }
}

function panelsOf(all: ReadonlyMap<Size, Outcomes>): Panel[] {
  const rows = [...all].flatMap(([size, outcomes]) => STEPS.map((step) => ({ size, outcomes, step })));
  const time = (outcomes: Outcomes, program: Program, step: Step): Series =>
    outcomes[program].map(({ times }) => times[step] / 1000);
  const over = (outcomes: Outcomes, program: Program, step: Step): Series =>
    differences(time(outcomes, program, step), time(outcomes, "empty", step));
  const both = (["ours", "inline"] as const).flatMap((program) =>
    [...all].map(([size, outcomes]) => ({
      what: `${size.name}, ${program}`,
      size,
      outcomes: outcomes[program],
      program,
    })),
  );
  const state = ([, { ours, empty }]: [Size, Outcomes], of: Outcome[] = ours): Series =>
    differences(
      of.map(({ stateBytes }) => stateBytes),
      empty.map(({ stateBytes }) => stateBytes),
    );
  return [
    {
      title: "Time over the empty program, of the inline provider's",
      unit: "ratio",
      figures: rows.map(({ size, outcomes, step }) => ({
        what: `${size.name}, ${step}`,
        ...spreadOf(ratios(over(outcomes, "ours", step), over(outcomes, "inline", step))),
        ...(step === "up" && size.target !== undefined ? { target: size.target } : {}),
      })),
    },
    {
      title: "State, of the inline provider's",
      unit: "ratio",
      figures: [...all].map((entry) => ({
        what: entry[0].name,
        ...spreadOf(ratios(state(entry), state(entry, entry[1].inline))),
        ...(entry[0].paths === 10 ? { target: STATE_TARGET } : {}),
      })),
    },
    {
      title: "Time",
      unit: "s",
      figures: rows.flatMap(({ size, outcomes, step }) =>
        PROGRAMS.map((program) => ({
          what: `${size.name}, ${step}, ${program}`,
          ...spreadOf(time(outcomes, program, step)),
        })),
      ),
    },
    {
      title: "State of a resource",
      unit: "bytes",
      figures: [...all].flatMap((entry) =>
        (["ours", "inline"] as const).map((program) => ({
          what: `${entry[0].name}, ${program}`,
          ...spreadOf(state(entry, entry[1][program]).map((bytes) => bytes && Math.round(bytes / entry[0].resources))),
        })),
      ),
    },
    {
      title: "Calls of RefreshVodObjectCaches in the first up",
      unit: "calls",
      figures: both.map(({ what, size, outcomes, program }) => ({
        what,
        ...spreadOf(outcomes.map(({ refreshes }) => refreshes)),
        ...(program === "ours" && size.paths === 2000 ? { target: CALLS_FOR_2000_URLS } : {}),
      })),
    },
    {
      title: "All calls to the service in the first up",
      unit: "calls",
      figures: both.map(({ what, outcomes }) => ({ what, ...spreadOf(outcomes.map(({ calls }) => calls)) })),
    },
    {
      title: "Peak memory of the provider process in the first up",
      unit: "MB",
      figures: both.map(({ what, outcomes }) => ({ what, ...spreadOf(outcomes.map(({ peakMb }) => peakMb)) })),
    },
  ];
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
