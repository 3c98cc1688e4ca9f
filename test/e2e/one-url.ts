/** A stack that looks after one URL, of which the tests change the content. */
import { join } from "node:path";
import { type EmulatorOptions, publish, view } from "../emulator/index.js";
import type { Engine } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

export const URL_A = "http://vod.example.com/a";

/** What the program says: `site` with that hash, and more of its inputs. */
export const program = (contentHash: string, more = {}) =>
  resources({ site: { paths: [URL_A], contentHash, ...more } });

export interface OneUrl extends Stack {
  /** Puts a content at the origin, at another name where one is given. */
  publish(text: string, name?: string): void;
  /** What a viewer gets. */
  served(): Promise<string>;
  /** How many refresh calls have arrived. */
  calls(): number;
}

export async function openOneUrl(engine: Engine, options: EmulatorOptions = {}): Promise<OneUrl> {
  const stack = await openStack(engine, join(PROGRAMS, "commonjs"), options);
  const { emulator } = stack;
  return {
    ...stack,
    publish: (text, name = "a") => publish(emulator, `vod.example.com/${name}`, text),
    served: async () => (await view(emulator, URL_A)).body,
    calls: () => emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches").length,
  };
}

/** Until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
}
