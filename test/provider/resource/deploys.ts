/** Deployments of one resource after another, as the engine makes them, with a clock that moves by what is slept. */
import { expect } from "vitest";
import type { refreshProvider } from "../../../provider/dynamic/host.js";
import { type EmulatorOptions, pathsOf } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { urnOf } from "../lines.js";
import { simulated } from "./emulated.js";

export type Properties = Record<string, unknown>;

/** What the engine keeps of a deployment, and why it failed, if it did. */
export interface Deployed {
  id: string;
  inputs: Properties;
  outs: Properties;
  failure: string | undefined;
}

export async function deploys(
  options: EmulatorOptions = {},
  make?: typeof refreshProvider,
  { random = Math.random }: { random?: () => number } = {},
) {
  const emulator = await started(options);
  const { provider, lines, pass, slept } = simulated(emulator, make, { random });

  /** A deployment in a process of its own: its second part is what the engine keeps if it fails. */
  async function up(old: Deployed | undefined, program: Properties): Promise<Deployed> {
    const made = provider();
    const { inputs, failures } = await made.check(old?.inputs ?? {}, { __urn: urnOf("site"), ...program });
    expect(failures).toEqual([]);
    try {
      const done = old === undefined ? await made.create(inputs) : await made.update(old.id, old.outs, inputs);
      return { id: old?.id ?? "", inputs, failure: undefined, ...done };
    } catch (thrown) {
      const { id, properties, message } = thrown as Error & { id: string; properties: Properties };
      return { id, inputs: old?.inputs ?? inputs, outs: properties, failure: message };
    }
  }
  /** `pulumi refresh`. */
  const refresh = async (old: Deployed): Promise<Deployed> => {
    const { props } = await provider().read(old.id, old.outs);
    return { ...old, outs: props };
  };

  const sent = () =>
    emulator.received
      .filter(({ action, status }) => /^(Refresh|Preload)VodObjectCaches$/.test(action) && status === 200)
      .map(pathsOf);
  return { emulator, lines, provider, up, refresh, sent, pass, slept };
}

export const url = (name: string) => `https://vod.example.com/${name}`;
/** That many URLs below a directory, each with its hash. */
export const contentsBelow = (directory: string, count = 30) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${directory}${index}`, "v1"]));
