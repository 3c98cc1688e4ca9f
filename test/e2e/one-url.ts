/** A stack with one URL whose content the tests change. */
import { join } from "node:path";
import { type EmulatorOptions, publish, view } from "../emulator/index.js";
import type { Engine } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

export const URL_A = "http://vod.example.com/a";

/** The configuration of a program with the resource `site`, its hash and its other inputs. */
export const program = (contentHash: string, more = {}) =>
  resources({ site: { paths: [URL_A], contentHash, ...more } });

export interface OneUrl extends Stack {
  /** Writes content to the origin, at `a` or another name. */
  publish(text: string, name?: string): void;
  /** The content that a viewer gets. */
  served(): Promise<string>;
  /** The number of refresh calls that arrived. */
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

/** Waits until a condition holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}
