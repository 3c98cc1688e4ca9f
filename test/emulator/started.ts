/**
 * Starts emulators for a test file, and closes them after each test, also after one that failed.
 */
import { afterEach } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../emulator/emulator.js";

const running: Emulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()));
});

export async function started(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options);
  running.push(emulator);
  return emulator;
}

export { publish } from "../../emulator/publish.js";
