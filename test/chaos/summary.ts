/** The figures of many runs. */
import type { RunResult } from "./run.js";

export class Summary {
  runs = 0;
  violations = 0;
  private readonly totals = { deployments: 0, calls: 0, views: 0, kills: 0, unseen: 0 };
  private readonly faults = new Map<string, number>();
  private readonly outcomes = new Map<string, number>();
  private readonly started = Date.now();

  add(result: RunResult): void {
    this.runs++;
    if (result.violation) this.violations++;
    for (const name of Object.keys(this.totals) as (keyof typeof this.totals)[]) this.totals[name] += result[name];
    for (const [kind, count] of result.faults) this.faults.set(kind, (this.faults.get(kind) ?? 0) + count);
    for (const [kind, count] of result.outcomes) this.outcomes.set(kind, (this.outcomes.get(kind) ?? 0) + count);
  }

  lines(): string[] {
    const { deployments, calls, views, kills, unseen } = this.totals;
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([kind, count]) => `${kind} ${formatCount(count)}`);
    const faults = [...this.faults.values()].reduce((sum, count) => sum + count, 0);
    return [
      `runs: ${formatCount(this.runs)} in ${((Date.now() - this.started) / 1000).toFixed(1)} s`,
      `deployments: ${formatCount(deployments)}, of resources: ${list(this.outcomes).join(", ")}`,
      `calls: ${formatCount(calls)}, views: ${formatCount(views)}, kills: ${formatCount(kills)}`,
      `faults and conditions: ${formatCount(faults)}: ${list(this.faults).join(", ")}`,
      `cached URLs that no provider could know of, since a killed update had published them: ${formatCount(unseen)}`,
      `violations: ${formatCount(this.violations)}`,
    ];
  }
}

function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
