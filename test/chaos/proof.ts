/**
 * Runs whose refreshes verify what they sent, at a second node of the edge, which may lag behind the first one or miss a refresh. What
 * they draw has a source of its own, so that the other runs stay as they are.
 */
import https from "node:https";
import type { Conditions, Emulator } from "../emulator/index.js";
import { type Deployment, isUrlType, Violation } from "./invariants.js";
import { callsFor } from "./ledger.js";
import type { Properties } from "./program.js";
import { Random } from "./random.js";
import type { Viewers } from "./viewers.js";

/** The node that is asked. */
const NODE = 1;

/** The part of the runs that verify. */
const SHARE = 0.25;

export class Proof {
  private readonly inputs: Properties;

  private constructor(private readonly random: Random) {
    const timeout = random.pick([0, 20, 300]);
    this.inputs = { sample: "all", timeout, onFailure: random.pick(["fail", "fail", "warn"]) };
  }

  /** @returns undefined if the run of that seed doesn't verify anything. */
  static draw(seed: number): Proof | undefined {
    const random = new Random(seed ^ 0x65646765);
    return random.chance(SHARE) ? new Proof(random) : undefined;
  }

  /** How the refreshes of the run verify: one way, since another one is an update. */
  verify(emulator: Emulator): Properties {
    return { ...this.inputs, address: new URL(emulator.nodes[NODE]?.https ?? "").host };
  }

  /** Draws how late refreshes reach the node; usually at once. */
  drawLag(): Record<string, Conditions> {
    const { random } = this;
    if (!random.chance(0.4)) return {};
    return { "a node lags": { lags: { [NODE]: random.pick([1, 5_000, 60_000, 600_000, "never", "never"] as const) } } };
  }

  /** Whether the node still has that a file isn't there, of which a preload of it fails. */
  async missesRefresh(url: string, viewers: Viewers): Promise<boolean> {
    return (await viewers.view(url, NODE)).status === 404;
  }
}

/** No node lags any more. */
export const IN_STEP: Conditions = { lags: { [NODE]: 0 } };

/** Makes connections to the nodes that trust the emulator's certificates. */
export function edgeAgent({ authority }: Emulator): (origin: string) => Promise<https.Agent> {
  return async () =>
    new https.Agent({ keepAlive: true, rejectUnauthorized: true, ...(authority ? { ca: authority } : {}) });
}

/** A deployment that verified what it sent and succeeded has left none of it stale at the node that it asked. */
export async function whatIsVerifiedIsFresh(
  { site, attempt, due, sent, excused, pending }: Deployment,
  viewers: Viewers,
): Promise<void> {
  if (!isUrlType(attempt.declaration.objectType)) return;
  for (const key of due.keys()) {
    const outcomes = callsFor(key, sent);
    const isSent = outcomes.length > 0 && outcomes.every((outcome) => outcome === "done");
    if (!isSent || pending.has(key) || excused.has(key)) continue;
    const expected = site.files.get(key);
    // The name of a directory is that of its index document, if it has one.
    if (expected === undefined && key.endsWith("/")) continue;
    const { status, body } = await viewers.view(key, NODE);
    if (expected === undefined ? status === 404 : body === expected) continue;
    const has = status === 404 ? "a 404" : `"${body}"`;
    throw new Violation(
      "what is verified is fresh",
      `${key} is ${has} at the node, and ${expected ?? "a 404"} at the origin`,
    );
  }
}
