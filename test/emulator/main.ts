/**
 * `npm run emulator`: starts an emulator, prints one line of JSON that says where it is, and serves until it is told to stop.
 */
import { type EmulatorOptions, startEmulator } from "./emulator.js";
import { parseFlags, USAGE } from "./flags.js";

/** Exit code of a command line that makes no sense. */
const BAD_USAGE = 2;

/** How often it is looked whether npm is still there. */
const PARENT_CHECK_MS = 200;

async function serve(options: EmulatorOptions): Promise<void> {
  const stopped = Promise.race([stopSignal(), npmGone()]);
  const emulator = await startEmulator(options);
  const { endpoint, edge, origin, accessKeyId, accessKeySecret, domains } = emulator;
  process.stdout.write(`${JSON.stringify({ endpoint, edge, origin, accessKeyId, accessKeySecret, domains })}\n`);
  await stopped;
  await emulator.close();
}

/** Settles at the first SIGINT or SIGTERM. Listened to from the start, so that a signal during the start is not lost. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
}

/**
 * Settles when npm ran this and was itself stopped: some shells between the two end without passing the signal on, and nobody
 * would be left to stop the emulator. Never settles when it was started otherwise.
 */
function npmGone(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    if (process.env.npm_lifecycle_event === undefined) return;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      resolve();
    }, PARENT_CHECK_MS);
    watch.unref();
  });
}

function fail(error: unknown, code: number): void {
  process.stderr.write(`emulator: ${(error as Error).message}\n`);
  process.exitCode = code;
}

function main(args: readonly string[]): void {
  let options: EmulatorOptions;
  try {
    options = parseFlags(args);
  } catch (error) {
    fail(new Error(`${(error as Error).message} Usage: ${USAGE}`), BAD_USAGE);
    return;
  }
  serve(options).catch((error: unknown) => fail(error, 1));
}

main(process.argv.slice(2));
