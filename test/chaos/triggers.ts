/**
 * Runs whose resources have `triggers`, which change by themselves: everything is due then. What they draw has a source of its own, so
 * that the other runs stay as they are.
 */
import { Random } from "./random.js";

/** The part of the runs that have triggers. */
const SHARE = 0.25;

export type TriggerValues = readonly number[] | undefined;

export class Triggers {
  private last = 0;

  private constructor(private readonly random: Random) {}

  /** @returns undefined if the run of that seed has none. */
  static draw(seed: number): Triggers | undefined {
    const random = new Random(seed ^ 0x74726967);
    return random.chance(SHARE) ? new Triggers(random) : undefined;
  }

  /** Draws the triggers of a resource's next deployment: usually the old ones. */
  next(old: TriggerValues): TriggerValues {
    if (!this.random.chance(0.3)) return old;
    const values = [...(old ?? [])];
    const change = this.random.pick(["add", "change", "change", "leave out", "leave all out"] as const);
    if (change === "leave all out") return undefined;
    if (change === "leave out") values.pop();
    else if (change === "change" && values.length > 0) values[this.random.int(0, values.length - 1)] = ++this.last;
    else values.push(++this.last);
    return values.length === 0 ? undefined : values;
  }
}

/** Whether one of them changed or was added, by which everything is due. */
export function hasTriggered(old: TriggerValues, now: TriggerValues): boolean {
  return (now ?? []).some((value, index) => old?.[index] !== value);
}
