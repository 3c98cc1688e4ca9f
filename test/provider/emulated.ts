/** A provider whose calls go to an emulator, with its key from the environment. */
import type { Surroundings } from "../../provider/clients.js";
import { type preloadProvider, refreshProvider } from "../../provider/refresh.js";
import type { Emulator } from "../emulator/index.js";

export function providerFor(
  emulator: Emulator,
  surroundings: Omit<Surroundings, "environment">,
  make: typeof refreshProvider | typeof preloadProvider = refreshProvider,
) {
  const environment = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    VOD_ENDPOINT: emulator.endpoint,
  };
  const made = make({ ...surroundings, environment });
  void made.configure({ config: { get: () => undefined } } as never);
  return made;
}
