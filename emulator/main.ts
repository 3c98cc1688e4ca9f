#!/usr/bin/env node
/**
 * `npx pulumi-alicloud-vod-emulator`: starts an emulator, prints one line of JSON that tells where it is, and serves until a signal
 * stops it.
 */
import { type EmulatorOptions, startEmulator } from "./emulator.js";
import { asksForHelp, parseFlags, USAGE } from "./flags.js";

/** The exit code of a wrong command line. */
const BAD_USAGE = 2;

/** How often the program checks whether npm still runs. */
const PARENT_CHECK_MS = 200;

async function serve(options: EmulatorOptions): Promise<void> {
  const stopped = Promise.race([stopSignal(), npmEnd()]);
  const emulator = await startEmulator(options);
  const { endpoint, edge, nodes, authorityFile, origin, accessKeyId, accessKeySecret, domains } = emulator;
  const { securityToken } = options;
  const where = { endpoint, edge, nodes, authorityFile, origin, accessKeyId, accessKeySecret, securityToken, domains };
  process.stdout.write(`${JSON.stringify(where)}\n`);
  await stopped;
  await emulator.close();
}

/**
 * Settles at the first SIGINT or SIGTERM. It listens before the emulator starts, so that an early signal isn't lost.
 */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
}

/**
 * Settles when the npm that started this program has ended: some shells between the two end without passing the signal
 * on, and nothing else would stop the emulator. Never settles if npm didn't start it.
 */
function npmEnd(): Promise<void> {
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
  if (asksForHelp(args)) {
    process.stdout.write(`Usage: ${USAGE}\n`);
    return;
  }
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
