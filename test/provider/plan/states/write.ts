/**
 * Writes the states that this version of the package makes, one for each situation in which a deployment can end:
 *
 *     npm run tools && node build/test/provider/plan/states/write.js && npm run format
 *
 * Each file is named after the version. A file that exists is left alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preloadProvider, refreshProvider } from "../../../../provider/dynamic/host.js";
import { createLimiter } from "../../../../provider/vod/rate-limiter.js";
import { type Emulator, type Fault, startEmulator } from "../../../emulator/index.js";
import { urnOf } from "../../lines.js";
import { providerFor } from "../../resource/emulated.js";
import { type WrittenState, writeSite } from "./index.js";

const ROOT = join(__dirname, "../../../../..");
const START = Date.parse("2026-11-20T08:00:00Z");

type Properties = Record<string, unknown>;

interface Situation extends Pick<WrittenState, "kind" | "expected"> {
  name: string;
  /** The program that is deployed in this situation. */
  program: Properties;
  /** The program before, if an update leads to the situation. */
  before?: Properties;
  /** What the service does meanwhile. Default: it accepts everything. */
  arrange?: (emulator: Emulator) => void;
  /** Whether `pulumi refresh` runs afterwards. */
  isRead?: boolean;
}

const [A, B] = ["https://vod.example.com/a", "https://vod.example.com/b"];
const PATHS = { paths: [A, B], contentHash: "v1" };
const SITE = { directory: "site", baseUrl: "https://vod.example.com/" };
const SOON = { timeout: 1, onTimeout: "fail" };

/** Nothing is left to do, and no task is open. */
const DONE = { asks: false, updates: false, sends: [] };
/** Nothing is left to do, and the tasks haven't been seen at their end. */
const OPEN = { asks: true, updates: false, sends: [] };
/** These paths are still to be sent. */
const left = (...sends: string[]) => ({ asks: false, updates: true, sends });
/** These paths haven't been seen at their end, and are sent once more after an hour. */
const unconfirmed = (...sends: string[]) => ({ asks: true, updates: true, sends });

const befalls = (fault: Fault) => (emulator: Emulator) => emulator.fault(fault);
const refused = (action: string) => befalls({ kind: "error", code: "Forbidden.RAM", action });
const failing = befalls({ kind: "task-failed", path: A });

const REFRESHES: readonly Omit<Situation, "kind">[] = [
  { name: "submitted", program: PATHS, expected: OPEN },
  { name: "complete", program: PATHS, isRead: true, expected: DONE },
  { name: "failed", program: PATHS, arrange: failing, isRead: true, expected: DONE },
  { name: "failed-twice", program: { ...PATHS, wait: true }, arrange: failing, expected: left(A) },
  {
    name: "repeated",
    program: PATHS,
    arrange: befalls({ kind: "reset-before", times: 1, action: "RefreshVodObjectCaches" }),
    expected: OPEN,
  },
  {
    name: "not-submitted",
    program: {
      paths: ["https://vod.example.com/player/"],
      contentHash: "v1",
      objectType: "Directory",
      force: true,
      refreshOnCreate: false,
    },
    expected: DONE,
  },
  {
    name: "grouped-inputs",
    program: {
      ...PATHS,
      refreshOnCreate: false,
      quota: { onExceeded: "collapse", collapse: "always" },
      wait: { timeout: 600, onTimeout: "warn", retryFailed: false },
      retry: { timeout: 60, maxAttempts: 3 },
      profile: "other",
      assumeRole: { roleArn: "acs:ram::1234567890123456:role/vod", sessionName: "release", externalId: "1" },
    },
    expected: DONE,
  },
  { name: "contents", program: { contents: { [A]: "1", [B]: "2" } }, expected: OPEN },
  { name: "source", program: { source: { ...SITE, indexDocument: "index.html" } }, expected: OPEN },
  {
    name: "source-wide",
    program: { source: { directory: "videos", baseUrl: "https://vod.example.com/" }, refreshOnCreate: false },
    expected: DONE,
  },
  {
    name: "source-pending",
    program: { source: SITE, quota: { onExceeded: "partial" } },
    arrange: (emulator) => emulator.set({ urlRemain: 1 }),
    expected: left("https://vod.example.com/player/app.js"),
  },
  {
    name: "pending",
    before: { contents: { [A]: "1", [B]: "1" } },
    program: { contents: { [A]: "2", [B]: "1" } },
    arrange: refused("RefreshVodObjectCaches"),
    expected: left(A),
  },
  {
    name: "pending-removed",
    before: { contents: { [A]: "1", [B]: "1" } },
    program: { contents: { [B]: "1" } },
    arrange: refused("RefreshVodObjectCaches"),
    expected: left(A),
  },
  {
    name: "unconfirmed",
    program: { ...PATHS, wait: SOON },
    arrange: befalls({ kind: "task-stuck", path: B }),
    expected: unconfirmed(B),
  },
  {
    name: "warned",
    program: { ...PATHS, wait: { ...SOON, onTimeout: "warn" } },
    arrange: befalls({ kind: "task-stuck" }),
    expected: unconfirmed(A, B),
  },
  { name: "followed-by-preload", program: { ...PATHS, preload: { area: "domestic" } }, expected: DONE },
];

const PRELOADS: readonly Omit<Situation, "kind">[] = [
  { name: "preload-submitted", program: PATHS, expected: OPEN },
  { name: "preload-complete", program: PATHS, isRead: true, expected: DONE },
  { name: "preload-failed", program: PATHS, arrange: failing, isRead: true, expected: DONE },
  { name: "preload-failed-twice", program: { ...PATHS, wait: true }, arrange: failing, expected: left(A) },
  { name: "preload-not-submitted", program: { ...PATHS, preloadOnCreate: false }, expected: DONE },
  {
    name: "preload-options",
    program: {
      contents: { [A]: "1", [B]: "2" },
      area: "overseas",
      l2Preload: true,
      headers: { "Accept-Encoding": "gzip" },
      wait: true,
      quota: { onExceeded: "partial" },
    },
    expected: DONE,
  },
  { name: "preload-source", program: { source: { ...SITE, include: ["**/*.js"] } }, expected: OPEN },
  {
    name: "preload-source-pending",
    program: { source: SITE, quota: { onExceeded: "partial" } },
    arrange: (emulator) => emulator.set({ preloadRemain: 1 }),
    expected: left("https://vod.example.com/player/app.js"),
  },
  {
    name: "preload-pending",
    before: PATHS,
    program: { ...PATHS, contentHash: "v2" },
    arrange: refused("PreloadVodObjectCaches"),
    expected: left(A, B),
  },
  {
    name: "preload-unconfirmed",
    program: { ...PATHS, wait: SOON },
    arrange: befalls({ kind: "task-stuck", path: B }),
    expected: unconfirmed(B),
  },
  {
    name: "preload-after-refresh",
    program: {
      ...PATHS,
      refresh: {
        objectType: "File",
        taskIds: ["70421000000001"],
        status: "Complete",
        submittedAt: "2026-11-20T07:59:00.000Z",
      },
    },
    expected: OPEN,
  },
  {
    name: "preload-held-back",
    before: PATHS,
    program: {
      ...PATHS,
      contentHash: "v2",
      onFailure: "warn",
      refresh: { objectType: "File", taskIds: [], status: "Incomplete" },
    },
    expected: left(),
  },
];

const SITUATIONS: readonly Situation[] = [
  ...REFRESHES.map((situation) => ({ ...situation, kind: "VodCacheRefresh" as const })),
  ...PRELOADS.map((situation) => ({ ...situation, kind: "VodCachePreload" as const })),
];

/** Deploys the programs of a situation as the engine does. */
async function deploy({ name, kind, program, before, arrange, isRead, expected }: Situation): Promise<WrittenState> {
  const emulator = await startEmulator();
  emulator.setTime(START);
  let slept = 0;
  const sleep = async (ms: number) => {
    slept += ms;
    emulator.advance(ms);
  };
  const now = () => new Date(START + slept);
  const provider = () => {
    const limiter = createLimiter({ now: () => START + slept, sleep });
    const make = kind === "VodCacheRefresh" ? refreshProvider : preloadProvider;
    return providerFor(emulator, { log: () => {}, now, sleep, limiter }, make);
  };
  const withOwn = (args: Properties) => ({ __urn: urnOf(name, kind), __provider: "text", ...args });

  async function up(args: Properties, old?: { id: string; inputs: Properties; outputs: Properties }) {
    const { inputs, failures } = await provider().check(old?.inputs ?? {}, withOwn(args));
    if (failures.length > 0) throw new Error(`${name}: ${failures.map(({ reason }) => reason).join(" ")}`);
    try {
      if (old !== undefined) {
        const { outs } = await provider().update(old.id, old.outputs, inputs);
        return { id: old.id, inputs, outputs: outs as Properties };
      }
      const { id, outs } = await provider().create(inputs);
      return { id, inputs, outputs: outs as Properties };
    } catch (error) {
      const { id, properties } = error as { id?: string; properties?: Properties };
      if (id === undefined || properties === undefined) throw error;
      // After a failed update, the engine keeps the inputs of the one before.
      return { id, inputs: old?.inputs ?? inputs, outputs: properties };
    }
  }

  try {
    for (const file of ["a", "b", "index.html"]) writeFileSync(join(emulator.origin, "vod.example.com", file), file);
    const old = before === undefined ? undefined : await up(before);
    arrange?.(emulator);
    const { id, inputs, outputs } = await up(program, old);
    const read = isRead ? await provider().read(id, outputs) : { props: outputs };
    return { kind, program: withOwn(program), id, inputs, outputs: read.props as Properties, expected };
  } finally {
    await emulator.close();
  }
}

async function main(): Promise<void> {
  const { version } = require(join(ROOT, "package.json")) as { version: string };
  const directory = mkdtempSync(join(tmpdir(), "states-"));
  writeSite(directory);
  process.chdir(directory);
  process.env.XDG_CACHE_HOME = directory;
  try {
    for (const situation of SITUATIONS) {
      const file = `${version}-${situation.name}.json`;
      // Every emulator counts its tasks from the same number, and the service never gives a number twice.
      const text = JSON.stringify(await deploy(situation), undefined, 2).replaceAll(/\b70422(?=\d{9}\b)/g, "70421");
      try {
        writeFileSync(join(ROOT, "test/provider/plan/states", file), `${text}\n`, { flag: "wx" });
        console.log(`wrote ${file}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        console.log(`left ${file} as it is`);
      }
    }
  } finally {
    process.chdir(ROOT);
    rmSync(directory, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
