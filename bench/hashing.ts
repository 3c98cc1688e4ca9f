/**
 * Measures how long a scan of a source's directory takes: cold, without a cache, compared with `sha256sum` on all
 * cores; and warm, with a cache.
 *
 * Each round measures all subjects in turn, so that other load on the machine affects them equally. A ratio is the
 * median of the rounds' ratios. The files are in the system's cache. The code of a new process isn't optimised yet.
 */
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { scanSource } from "../provider/source/scan.js";
import { ratios, type Series, spreadOf, timed } from "./measure.js";
import { type Figure, publish } from "./report.js";

/** A subject with its time in milliseconds, and the ratio of that to another's. */
interface Row {
  time: Figure;
  ratio?: Figure;
}

interface Site {
  directory: string;
  cacheDirectory: string;
}

/** Measures once, or not at all in this round. @param round from 0 on; -1 for the one that isn't counted. */
type Subject = (round: number) => number | undefined | Promise<number>;

/**
 * The most that a cold scan may take, divided by the peer's time, and a warm one, divided by the cold one's. They hold
 * for a new process too, since the provider's process always is one.
 */
const TARGETS = { cold: 0.35, warm: 0.1 };

const ROUNDS = 7;
const IN_NEW_PROCESS = ", in a new process";
/** The first argument of a process that measures. */
const SCAN_TWICE = "scan twice";
const STAT = "stat";
/** What every warm scan in Node has to do. */
const LEAST = "10,000 files, directories read and each file's stat taken";
const CORES = availableParallelism();
/**
 * The peer: with 256 files for each process, all cores have work to the end, and the starts of the processes hardly
 * count.
 */
const PEER = `sha256sum, xargs -P${CORES} -n 256`;
const FEW_PROCESSES = `sha256sum, xargs -P${CORES}`;
const MANY_PROCESSES = `sha256sum, xargs -P${CORES} -n 1`;

/**
 * Measures 10,000 files of 100 KB, then 100,000 files of 20 bytes. Meanwhile it takes 1.5 GB of the temporary
 * directory.
 */
async function run(): Promise<void> {
  const rows = [...(await large()), ...(await small())];
  publish("hashing", [
    { title: "Scans of another's time", unit: "ratio", figures: rows.flatMap(({ ratio }) => ratio ?? []) },
    { title: "Times", unit: "ms", figures: rows.map(({ time }) => time) },
  ]);
}

async function large(): Promise<Row[]> {
  const cold = "10,000 files of 100 KB, cold";
  const warm = "10,000 files of 100 KB, warm";
  return inDirectory(10_000, 100_000, async (site) => {
    const process = { cold: 0, thenWarm: 0 };
    const times = await measure({
      [PEER]: () => sha256sum(site, "-n 256"),
      [FEW_PROCESSES]: () => sha256sum(site, ""),
      // It takes ten times as long, so that one round is enough.
      [MANY_PROCESSES]: (round) => (round === 0 ? sha256sum(site, "-n 1") : undefined),
      [cold]: () => {
        forget(site);
        return scan(site);
      },
      [warm]: () => scan(site),
      [`${cold}${IN_NEW_PROCESS}`]: () => {
        forget(site);
        [process.cold, process.thenWarm] = scanInNewProcess(site);
        return process.cold;
      },
      [`${warm}, after that`]: () => process.thenWarm,
      [`${warm}${IN_NEW_PROCESS}`]: () => scanInNewProcess(site)[0],
      [LEAST]: () => statAll(site),
      [`${LEAST}${IN_NEW_PROCESS}`]: () => Number(inNewProcess(STAT, site)),
    });
    return [
      row(times, PEER),
      row(times, FEW_PROCESSES, PEER),
      row(times, MANY_PROCESSES, PEER),
      row(times, cold, PEER, TARGETS.cold),
      row(times, warm, cold, TARGETS.warm),
      row(times, `${cold}${IN_NEW_PROCESS}`, PEER, TARGETS.cold),
      row(times, `${warm}, after that`, `${cold}${IN_NEW_PROCESS}`),
      row(times, `${warm}${IN_NEW_PROCESS}`, `${cold}${IN_NEW_PROCESS}`, TARGETS.warm),
      row(times, LEAST, cold),
      row(times, `${LEAST}${IN_NEW_PROCESS}`, `${cold}${IN_NEW_PROCESS}`),
    ];
  });
}

async function small(): Promise<Row[]> {
  const cold = "100,000 files of 20 bytes, cold";
  const warm = "100,000 files of 20 bytes, warm";
  return inDirectory(100_000, 20, async (site) => {
    const times = await measure({
      [cold]: () => {
        forget(site);
        return scan(site);
      },
      [warm]: () => scan(site),
      [`${warm}${IN_NEW_PROCESS}`]: () => scanInNewProcess(site)[0],
    });
    return [row(times, cold), row(times, warm, cold), row(times, `${warm}${IN_NEW_PROCESS}`, cold)];
  });
}

/** The times of each subject, one for each round. The first round, which warms up caches and code, isn't counted. */
async function measure(subjects: Record<string, Subject>): Promise<Record<string, Series>> {
  const times: Record<string, (number | undefined)[]> = {};
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, subject] of Object.entries(subjects)) {
      const time = await subject(round);
      times[name] ??= [];
      if (round >= 0) times[name].push(time);
    }
  }
  return times;
}

function row(times: Record<string, Series>, name: string, to?: string, target?: number): Row {
  const own = times[name] ?? [];
  const time = { what: name, ...spreadOf(own) };
  if (to === undefined) return { time };
  const ratio = { what: `${name}, of ${to.replace(/^.*, cold/, "cold")}`, ...spreadOf(ratios(own, times[to] ?? [])) };
  return { time, ratio: { ...ratio, ...(target === undefined ? {} : { target }) } };
}

function scan({ directory, cacheDirectory }: Site): Promise<number> {
  return timed(() => scanSource({ directory, cacheDirectory }));
}

/** The times of the first and the second scan in a new process, without the start of the process. */
function scanInNewProcess(site: Site): [first: number, second: number] {
  return JSON.parse(inNewProcess(SCAN_TWICE, site));
}

function inNewProcess(mode: string, { directory, cacheDirectory }: Site): string {
  return execFileSync(process.execPath, [__filename, mode, directory, cacheDirectory], { encoding: "utf8" });
}

function statAll({ directory }: Site): Promise<number> {
  return timed(() => {
    for (const { name } of readdirSync(directory, { withFileTypes: true })) {
      for (const file of readdirSync(join(directory, name), { withFileTypes: true })) {
        statSync(`${directory}/${name}/${file.name}`);
      }
    }
  });
}

async function scanTwice(site: Site): Promise<void> {
  console.log(JSON.stringify([await scan(site), await scan(site)]));
}

function forget({ cacheDirectory }: Site): void {
  rmSync(cacheDirectory, { recursive: true, force: true });
}

function sha256sum({ directory }: Site, limit: string): Promise<number> {
  const command = `find . -type f -print0 | xargs -0 -P${CORES} ${limit} sha256sum > /dev/null`;
  return timed(() => execFileSync("sh", ["-c", command], { cwd: directory }));
}

/** Runs a measurement with files of random bytes in 100 directories, and removes them. */
async function inDirectory<T>(count: number, size: number, task: (site: Site) => Promise<T>): Promise<T> {
  const temporary = mkdtempSync(join(tmpdir(), "bench-hashing-"));
  try {
    const content = Buffer.alloc(size);
    for (let i = 0; i < count; i++) {
      const directory = join(temporary, "site", `${i % 100}`);
      if (i < 100) mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, `segment-${i}.ts`), randomFillSync(content));
    }
    execFileSync("sync"); // otherwise the system writes to the disk meanwhile
    await sleep(1000); // otherwise the files are too new for the cache
    return await task({ directory: join(temporary, "site"), cacheDirectory: join(temporary, "cache") });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

if (require.main === module) {
  const [, , mode, directory = "", cacheDirectory = ""] = process.argv;
  const site = { directory, cacheDirectory };
  const task =
    mode === SCAN_TWICE ? scanTwice(site) : mode === STAT ? statAll(site).then((ms) => console.log(ms)) : run();
  task.catch((error: unknown) => {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
