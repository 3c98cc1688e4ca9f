/**
 * Hashes the content of many files on all cores. Each core is a *lane* that takes the next file from a queue in shared
 * memory: the caller's thread, in slices, and worker threads if there is enough to do.
 *
 * Workers only help. What they leave undone (a file that can't be read, a worker that can't start) the caller's thread
 * does in the end, and only there errors arise.
 */
import crypto from "node:crypto";
import fs from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { ContentHashError, unreadable } from "../content/files.js";
import { HASH_LENGTH } from "./stat-cache.js";

/** A file to hash. */
export interface SizedFile {
  readonly path: string;
  /** In bytes. If it is out of date, the hash is right all the same. */
  readonly size: number;
}

/** How far the hashing is. */
export interface Hashing {
  /** How many files are hashed, and how many there are. */
  readonly done: number;
  readonly total: number;
  /** How much of the work is done, from 0 to 1: files have different sizes. */
  readonly part: number;
  /** Since when, in milliseconds. */
  readonly elapsedMs: number;
}

export interface HashingOptions {
  /** Called every second. */
  readonly onProgress?: ((hashing: Hashing) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How much a lane reads at a time. Most files fit, and bigger pieces gain nothing. */
const BUFFER_BYTES = 256 * 1024;
/**
 * How much work justifies a worker. Its start takes some 25 ms, in which the caller's thread hashes 30 to 35 MB,
 * measured.
 */
const BYTES_PER_WORKER = 40e6;
/** What a file costs besides its content, in bytes that could be hashed in the same time. */
const BYTES_PER_FILE = 8e3;
/**
 * Files of at least this size are taken first, the biggest first, so that no lane is left alone with one in the end.
 */
const BIG_FILE = 1e6;
const SLICE_MS = 10;
const PROGRESS_MS = 1000;

/** What the lanes share. `next`, `done`, `failed` and `stop` hold one number each. */
interface Queue {
  /** The files' paths in the order in which they are taken, joined by NUL. */
  readonly paths: Uint8Array<SharedArrayBuffer>;
  readonly sizes: Float64Array<SharedArrayBuffer>;
  /** The index of the file that is taken next. */
  readonly next: Int32Array<SharedArrayBuffer>;
  /** How many files are hashed. */
  readonly done: Int32Array<SharedArrayBuffer>;
  /** How many bytes of them, and of big files under way, are read. */
  readonly read: BigInt64Array<SharedArrayBuffer>;
  /** The index of a file that couldn't be read, plus 1; 0 for none. */
  readonly failed: Int32Array<SharedArrayBuffer>;
  /** Not 0 when the lanes have to end. */
  readonly stop: Int32Array<SharedArrayBuffer>;
  /** {@link HASH_LENGTH} characters for each file; zeros until it is hashed. */
  readonly hashes: Uint8Array<SharedArrayBuffer>;
}

/**
 * Hashes files.
 *
 * @param pool the workers that help. The caller has to close it.
 * @returns for each file, in order, the first 9 bytes of the SHA-256 of its content in base64url. If a file changes
 * meanwhile, it is the hash of what was read.
 * @throws {@link ContentHashError} when a file can't be read; the signal's reason when it is aborted.
 */
export async function hashContents(
  files: readonly SizedFile[],
  pool: WorkerPool,
  options: HashingOptions = {},
): Promise<string[]> {
  const { signal, onProgress } = options;
  const breather = yieldToEventLoop(signal);
  if (files.length === 0) return [];
  const order = sortBySize(files);
  const ordered = order.map((file) => files[file] as SizedFile);
  const queue = createQueue(ordered);
  const start = performance.now();
  const work = ordered.reduce((sum, { size }) => sum + size + BYTES_PER_FILE, 0);
  const timer = setInterval(() => {
    const done = Atomics.load(queue.done, 0);
    const part = Math.min(1, (Number(Atomics.load(queue.read, 0)) + done * BYTES_PER_FILE) / work);
    onProgress?.({ done, total: files.length, part, elapsedMs: performance.now() - start });
  }, PROGRESS_MS);
  pool.begin(queue);
  try {
    for (const _ of lane(hashOne, fs, crypto, queue, BUFFER_BYTES)) {
      if (Atomics.load(queue.stop, 0) !== 0) break;
      if (breather.isDue()) await breather.take();
    }
    await untilAborted(pool.ended(), signal);
    await hashRest(queue, ordered, breather);
  } finally {
    Atomics.store(queue.stop, 0, 1);
    clearInterval(timer);
  }

  const text = Buffer.from(queue.hashes.buffer).toString("latin1");
  const hashes = new Array<string>(files.length);
  for (const [i, file] of order.entries()) hashes[file] = text.substring(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
  return hashes;
}

/** Worker threads for one {@link hashContents}. They start while the files to hash are still being found. */
export class WorkerPool {
  private readonly workers: Worker[] = [];
  private readonly ends: Promise<void>[] = [];
  private files = 0;
  private bytes = 0;

  /** @param most the most workers. Defaults to one for each core but the caller's. */
  constructor(private most = availableParallelism() - 1) {}

  /** Announces a file that has to be hashed, and starts a worker if there is enough to do by now. */
  expect(size: number): void {
    this.files++;
    this.bytes += size + BYTES_PER_FILE;
    const worth = Math.min(Math.floor(this.bytes / BYTES_PER_WORKER), this.files - 1);
    while (this.workers.length < Math.min(worth, this.most)) this.spawn();
  }

  private spawn(): void {
    try {
      // Without the environment, which holds secrets, and without the flags of this process.
      const worker = new Worker(WORKER, { eval: true, env: {}, execArgv: [] });
      worker.on("error", () => {}); // what it leaves undone is done without it
      this.ends.push(new Promise((resolve) => worker.on("exit", () => resolve())));
      this.workers.push(worker);
    } catch {
      this.most = 0; // Node's permission model doesn't allow workers
    }
  }

  /** Lets the workers hash files of a queue until it is empty or says to stop. */
  begin(queue: Queue): void {
    for (const worker of this.workers) worker.postMessage(queue);
  }

  /** Resolves when all workers have ended. Never rejects. */
  async ended(): Promise<void> {
    await Promise.all(this.ends);
  }

  /** Ends the workers that got nothing to do, and waits for the others. */
  async close(): Promise<void> {
    for (const worker of this.workers) worker.postMessage(undefined);
    await this.ended();
  }
}

/** Lets the process do its other work during a long loop, which takes a pause whenever one is due. */
interface Breather {
  isDue(): boolean;
  /** @throws the signal's reason, as a rejection, when it is aborted. */
  take(): Promise<void>;
}

export function yieldToEventLoop(signal: AbortSignal | undefined): Breather {
  signal?.throwIfAborted();
  let due = performance.now() + SLICE_MS;
  return {
    isDue: () => performance.now() > due,
    async take(): Promise<void> {
      await nextTurn();
      signal?.throwIfAborted();
      due = performance.now() + SLICE_MS;
    },
  };
}

/** The indexes of files, in the order in which the lanes take them. */
function sortBySize(files: readonly SizedFile[]): number[] {
  const getSize = (file: number) => files[file]?.size ?? 0;
  const all = Array.from(files.keys());
  const big = all.filter((file) => getSize(file) >= BIG_FILE).sort((a, b) => getSize(b) - getSize(a));
  return big.length === 0 ? all : [...big, ...all.filter((file) => getSize(file) < BIG_FILE)];
}

function createQueue(files: readonly SizedFile[]): Queue {
  const bytes = Buffer.from(files.map(({ path }) => path).join("\0"));
  const cell = () => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const queue: Queue = {
    paths: new Uint8Array(new SharedArrayBuffer(bytes.length)),
    sizes: new Float64Array(new SharedArrayBuffer(files.length * Float64Array.BYTES_PER_ELEMENT)),
    next: cell(),
    done: cell(),
    read: new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)),
    failed: cell(),
    stop: cell(),
    hashes: new Uint8Array(new SharedArrayBuffer(files.length * HASH_LENGTH)),
  };
  queue.paths.set(bytes);
  for (const [i, { size }] of files.entries()) queue.sizes[i] = size;
  return queue;
}

async function untilAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await promise);
  let abort = () => {};
  const aborted = new Promise<void>((resolve) => {
    abort = resolve;
    signal.addEventListener("abort", abort);
  });
  await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", abort);
  signal.throwIfAborted();
}

/** Hashes what the lanes left undone, first the file that one of them couldn't read. */
async function hashRest(
  { failed, done, read, hashes }: Queue,
  files: readonly SizedFile[],
  breather: Breather,
): Promise<void> {
  if (Atomics.load(done, 0) === files.length) return;
  const first = Atomics.load(failed, 0) - 1;
  const undone = Array.from(files.keys()).filter((i) => hashes[i * HASH_LENGTH] === 0);
  const text = Buffer.from(hashes.buffer);
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  for (const i of undone.sort((a, b) => Number(b === first) - Number(a === first))) {
    const { path, size } = files[i] as SizedFile;
    const pieces = hashOne(fs, crypto, path, size, buffer, read);
    try {
      let piece = pieces.next();
      for (; !piece.done; piece = pieces.next()) if (breather.isDue()) await breather.take();
      text.write(piece.value, i * HASH_LENGTH, "latin1");
      Atomics.add(done, 0, 1);
    } catch (error) {
      throw toHashError(path, error as NodeJS.ErrnoException);
    } finally {
      pieces.return(""); // closes the file
    }
  }
}

function toHashError(path: string, error: NodeJS.ErrnoException): Error {
  if (error.syscall === undefined) return error; // a bug
  return error.code === "EISDIR" ? noLongerAFile(path) : unreadable(path, error);
}

/** The error for a path that was a file when the directory was read. */
export function noLongerAFile(path: string): ContentHashError {
  return new ContentHashError(
    `"${path}" was replaced while the directory was read. Run Pulumi again when nothing else changes the content.`,
  );
}

// Workers get the two functions below as text, so these may use only their parameters and globals. This way they run
// from compiled and from TypeScript sources, and no worker file has to be found.

/** Hashes one file. Yields between its pieces. */
function* hashOne(
  { openSync, readSync, closeSync }: Pick<typeof fs, "openSync" | "readSync" | "closeSync">,
  { hash, createHash }: Pick<typeof crypto, "hash" | "createHash">,
  path: string,
  size: number,
  buffer: Buffer,
  bytesRead: BigInt64Array,
): Generator<void, string> {
  const file = openSync(path, "r");
  try {
    const read = () => {
      const length = readSync(file, buffer, 0, buffer.length, null);
      Atomics.add(bytesRead, 0, BigInt(length));
      return buffer.subarray(0, length);
    };
    let piece = read();
    // Nearly every file ends here, with one call instead of four: it has the expected size and fits into the buffer.
    if (piece.length === size && size < buffer.length) return hash("sha256", piece, "base64url").slice(0, 12);
    const digest = createHash("sha256");
    for (; piece.length > 0; piece = read()) {
      digest.update(piece);
      yield;
    }
    return digest.digest("base64url").slice(0, 12);
  } finally {
    closeSync(file);
  }
}

/**
 * Hashes files of the queue until it is empty or a file can't be read. Yields between files and between pieces of a
 * file.
 */
function* lane(
  hash: typeof hashOne,
  fileSystem: typeof fs,
  cryptography: typeof crypto,
  { paths, sizes, next, done, read, failed, hashes, stop }: Queue,
  bufferBytes: number,
): Generator<void, void> {
  const names = Buffer.from(paths.buffer).toString().split("\0");
  const text = Buffer.from(hashes.buffer);
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  for (;;) {
    const i = Atomics.add(next, 0, 1);
    const name = names[i];
    if (name === undefined) return;
    try {
      const digest = yield* hash(fileSystem, cryptography, name, sizes[i] ?? 0, buffer, read);
      text.write(digest, i * digest.length, "latin1");
    } catch {
      Atomics.store(failed, 0, i + 1);
      Atomics.store(stop, 0, 1);
      return;
    }
    Atomics.add(done, 0, 1);
    yield;
  }
}

const WORKER = `
  const hashOne = ${hashOne};
  const lane = ${lane};
  require("node:worker_threads").parentPort.once("message", (queue) => {
    if (queue === undefined) return;
    for (const _ of lane(hashOne, require("node:fs"), require("node:crypto"), queue, ${BUFFER_BYTES})) {
      if (Atomics.load(queue.stop, 0) !== 0) break;
    }
  });
`;
