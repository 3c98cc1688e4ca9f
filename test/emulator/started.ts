/**
 * Starts emulators for a test file and closes them all after each test, the failed ones included.
 */
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "./emulator.js";

const running: Emulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()));
});

export async function started(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options);
  running.push(emulator);
  return emulator;
}

/** Puts a file of a domain on the origin, as `vod.example.com/a/b.txt`; `seconds` is its Last-Modified time. */
export function publish(emulator: Emulator, name: string, content: string, seconds?: number): void {
  const file = join(emulator.origin, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  if (seconds !== undefined) utimesSync(file, seconds, seconds);
}
