/** Providers whose calls go to an emulator, with its key from the environment. */
import { type preloadProvider, refreshProvider } from "../../../provider/dynamic/host.js";
import type { HostRuntime } from "../../../provider/host/host.js";
import { formatLine } from "../../../provider/text/log.js";
import { createLimiter } from "../../../provider/vod/rate-limiter.js";
import type { Emulator } from "../../emulator/index.js";

export function providerFor(
  emulator: Emulator,
  { log, ...runtime }: Omit<HostRuntime, "environment" | "log"> & { log(line: string): void },
  make: typeof refreshProvider | typeof preloadProvider = refreshProvider,
) {
  const environment = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    VOD_ENDPOINT: emulator.endpoint,
  };
  const made = make({ ...runtime, environment, log: (line, { name }) => log(formatLine(line, name)) });
  void made.configure({ config: { get: () => undefined } } as never);
  return made;
}

/** Providers with a clock that moves by what is slept, for the emulator too: each call of `provider` is a process of its own. */
export function simulated(
  emulator: Emulator,
  make?: typeof refreshProvider | typeof preloadProvider,
  { random = Math.random }: { random?: () => number } = {},
) {
  const lines: string[] = [];
  let slept = 0;
  // One clock for both: where a test freezes it, no time passes, however slow the machine is.
  const now = () => new Date(emulator.time());
  /** Lets time pass, for the provider and for the service. */
  const pass = async (ms: number) => {
    slept += ms;
    emulator.advance(ms);
  };
  const provider = () => {
    const limiter = createLimiter({ now: () => now().getTime(), sleep: pass });
    return providerFor(emulator, { log: (line) => lines.push(line), now, sleep: pass, random, limiter }, make);
  };
  return { provider, lines, pass, slept: () => slept };
}
