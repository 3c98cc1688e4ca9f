/**
 * What an `up` of 200 resources takes against a service that allows 20 calls a second, of whatever operation: beyond those
 * within the last second it refuses (Throttling.User). The peer is the inline provider, whose `up` is run again until it is done.
 */
import { type Emulator, type ReceivedCall, startEmulator } from "../test/emulator/index.js";
import { standInEngine } from "../test/engine/index.js";
import { type Series, spreadOf, turned } from "./measure.js";
import { publish, ROOT } from "./report.js";

const RESOURCES = 200;
const PATHS = 10;
const CALLS_PER_SECOND = 20;
const ROUNDS = 3;
/** With so many `up`s the peer should have come to its end. */
const MOST_UPS = 50;
/** The first calls may all come at once, and as many with each further second. */
const LEAST_SECONDS = Math.ceil(RESOURCES / CALLS_PER_SECOND) - 1;
const TARGETS = { ofLeast: 1.2, failures: 0 };

/** What one round of one program gave. */
interface Outcome {
  /** From the first call to the last refresh that was accepted, in seconds, over all `up`s. */
  calling: number;
  /** All `up`s together, in seconds. */
  whole: number;
  ups: number;
  throttled: number;
  /** The resources that aren't there after the first `up`. */
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

/** Makes the service refuse what is more than so many calls within a second. */
function allowing(emulator: Emulator, perSecond: number): { seen(): { calling: number; throttled: number } } {
  const { received } = emulator;
  const push = received.push.bind(received);
  const accepted: number[] = [];
  let throttled = 0;
  let last = 0;
  let first: number | undefined;
  // The emulator logs a call before it looks for faults: what is added here befalls this very call.
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
