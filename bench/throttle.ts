/**
 * Measures what an `up` of 200 resources takes if the service allows 20 calls a second, whatever the operation, and
 * refuses more (Throttling.User). The peer is the inline provider, whose `up` is run again until everything is
 * refreshed.
 */
import { type Emulator, type ReceivedCall, startEmulator } from "../test/emulator/index.js";
import { standInEngine } from "../test/engine/index.js";
import { type Series, spreadOf, turned } from "./measure.js";
import { publish, ROOT } from "./report.js";

const RESOURCES = 200;
const PATHS = 10;
const CALLS_PER_SECOND = 20;
const ROUNDS = 3;
/** The peer should have refreshed everything after so many `up`s. */
const MOST_UPS = 50;
/** The first calls may come all at once, and as many in each further second. */
const LEAST_SECONDS = Math.ceil(RESOURCES / CALLS_PER_SECOND) - 1;
const TARGETS = { ofLeast: 1.2, failures: 0 };

/** The outcome of one round of one program. */
interface Outcome {
  /** Seconds from the first call to the last accepted refresh, over all `up`s. */
  calling: number;
  /** Seconds of all `up`s together. */
  whole: number;
  ups: number;
  throttled: number;
  /** The resources that are missing after the first `up`. */
  failures: number;
}

async function main(): Promise<void> {
  const outcomes = { ours: [] as Outcome[], inline: [] as Outcome[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const program of turned(["ours", "inline"] as const, round)) outcomes[program].push(await deploy(program));
  }
  const figure = (what: "ours" | "inline", numberOf: (outcome: Outcome) => number) => {
    const series: Series = outcomes[what].map(numberOf);
    return { what, ...spreadOf(series) };
  };
  const both = (numberOf: (outcome: Outcome) => number, target?: number) => [
    { ...figure("ours", numberOf), ...(target === undefined ? {} : { target }) },
    figure("inline", numberOf),
  ];
  publish("throttle", [
    {
      title: `From the first call to the last accepted refresh, of the least time (${LEAST_SECONDS} s)`,
      unit: "ratio",
      figures: both(({ calling }) => calling / LEAST_SECONDS, TARGETS.ofLeast),
    },
    {
      title: "Resources that failed in the first up",
      unit: "resources",
      figures: both(({ failures }) => failures, TARGETS.failures),
    },
    { title: "Throttled calls", unit: "calls", figures: both(({ throttled }) => throttled) },
    { title: "Runs of `pulumi up` until all is refreshed", unit: "runs", figures: both(({ ups }) => ups) },
    { title: "All these runs together", unit: "s", figures: both(({ whole }) => whole) },
  ]);
}

async function deploy(program: "ours" | "inline"): Promise<Outcome> {
  const emulator = await startEmulator({ urlQuota: RESOURCES * PATHS });
  const engine = standInEngine();
  const service = allowing(emulator, CALLS_PER_SECOND);
  try {
    const start = performance.now();
    let failures = 0;
    for (let ups = 1; ups <= MOST_UPS; ups++) {
      const { succeeded, resources, output } = await engine.run("up", {
        program: `${ROOT}/bench/program`,
        config: { program, resources: String(RESOURCES), paths: String(PATHS) },
        secrets: { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret },
        environment: { VOD_ENDPOINT: emulator.endpoint },
      });
      if (ups === 1) failures = RESOURCES - resources.length;
      if (!succeeded && !output.includes("flow control")) throw new Error(output);
      if (!succeeded) continue;
      const { calling, throttled } = service.seen();
      return { calling, whole: (performance.now() - start) / 1000, ups, throttled, failures };
    }
    throw new Error(`After ${MOST_UPS} runs of \`up\` the ${program} program hasn't succeeded.`);
  } finally {
    await engine.close();
    await emulator.close();
  }
}

/** Makes the service refuse calls beyond so many within a second. */
function allowing(emulator: Emulator, perSecond: number): { seen(): { calling: number; throttled: number } } {
  const { received } = emulator;
  const push = received.push.bind(received);
  const accepted: number[] = [];
  let throttled = 0;
  let last = 0;
  let first: number | undefined;
  // The emulator logs a call before it looks for faults, so that a fault that is added here hits this very call.
  received.push = (...calls: ReceivedCall[]) => {
    for (const { action } of calls) {
      const now = performance.now();
      first ??= now;
      if (accepted.filter((at) => at > now - 1000).length < perSecond) {
        accepted.push(now);
        if (action === "RefreshVodObjectCaches") last = now;
      } else {
        throttled++;
        emulator.fault({ kind: "throttle", code: "Throttling.User", times: 1 });
      }
    }
    return push(...calls);
  };
  return { seen: () => ({ calling: (last - (first ?? last)) / 1000, throttled }) };
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
