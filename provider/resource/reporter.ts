/** Shows what is planned: in lines, of which Pulumi prints each under the stack, and in the resource's `planFile`. */
import { writeFile } from "node:fs/promises";
import type { Manifest } from "../manifest/manifest.js";
import { type BatchPlan, planBatches } from "../plan/batches.js";
import { describeOutstanding, describePlan, type operationOf } from "../plan/describe.js";
import type { Plan } from "../plan/plan.js";
import type { QuotaSnapshot } from "../plan/quota-budget.js";
import type { Inputs } from "../schema/inputs.js";
import type { OutstandingTasks } from "../tasks/outstanding.js";
import { asVodError } from "../vod/errors.js";
import { domainOf } from "../vod/paths.js";
import type { RefreshQuota } from "../vod/quota.js";

/** What the engine hands over of a resource. */
type Properties = Record<string, unknown>;

/** A plan in its surroundings. */
export interface PlanContext {
  current: Manifest;
  outstanding: OutstandingTasks;
  /** The day of which it takes its part, and as whose. */
  snapshot: QuotaSnapshot;
  resource: unknown;
}

export class Reporter {
  private readonly shown = new Map<string, string>();
  private readonly unknownQuotas = new Set<string>();

  constructor(
    private readonly info: (line: string) => void,
    private readonly now: () => Date,
  ) {}

  /** Prints a line, with the name of the resource. */
  log({ __resourceName }: Properties, line: string): void {
    this.info(typeof __resourceName === "string" ? `${__resourceName}: ${line}` : line);
  }

  /**
   * Shows a plan, with what it costs of the day.
   *
   * @returns its part of the day, and what was left before it; undefined where that isn't known.
   */
  async reportPlan(
    news: Properties,
    inputs: Inputs,
    plan: Plan,
    { current, outstanding, snapshot, resource }: PlanContext,
  ): Promise<{ batchPlan: BatchPlan; quota: RefreshQuota | undefined }> {
    const asked = plan.paths.length === 0 ? undefined : await this.quotaOf(news, snapshot);
    const allotted = (left?: RefreshQuota) => planBatches(plan, inputs, namesDomain(current, inputs), left);
    const { batchPlan, left: quota } =
      asked === undefined ? { batchPlan: allotted(), left: undefined } : snapshot.reserve(resource, asked, allotted);
    const lines = [
      ...describePlan(plan, inputs, batchPlan, quota, this.now()),
      ...describeOutstanding(outstanding.paths),
    ];
    // Of an update that follows its preview in one process, only what is another by now.
    const name = String(news.__resourceName);
    if (this.shown.get(name) !== lines.join("\n")) for (const line of lines) this.log(news, line);
    this.shown.set(name, lines.join("\n"));
    await this.write(news, inputs.planFile, planFileRows(plan, batchPlan));
    return { batchPlan, quota };
  }

  /** Shows that a plan can't be told yet. */
  async reportUnknown(news: Properties, deed: ReturnType<typeof operationOf>): Promise<void> {
    this.log(news, `to ${deed}: not known yet, since an input is known during the update only`);
    await this.write(news, news.planFile, [["unknown", "an input is known during the update only"]]);
  }

  /** Shows that nothing is to be done, which needs no line. */
  async reportNothing(news: Properties): Promise<void> {
    await this.write(news, news.planFile, []);
  }

  /** What is left of the day. That it can't be told is a warning, never an error: the service decides in the end. */
  private async quotaOf(news: Properties, day: QuotaSnapshot): Promise<RefreshQuota | undefined> {
    try {
      return await day.quota();
    } catch (error) {
      // One reason holds for every resource of a run.
      const reason = asVodError(error);
      if (!this.unknownQuotas.has(reason.code)) {
        this.log(news, `warning: what is left of the day's quota isn't known. ${reason.message}`);
      }
      this.unknownQuotas.add(reason.code);
      return undefined;
    }
  }

  /** Writes a plan file, with or without rows: what the last run left in it would pass for this one's. */
  private async write(news: Properties, file: unknown, rows: readonly (readonly [string, string])[]): Promise<void> {
    if (typeof file !== "string") return;
    try {
      await writeFile(file, rows.map(([what, path]) => `${what}\t${path}\n`).join(""));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.log(news, `warning: the plan can't be written to planFile "${file}" (${code}).`);
    }
  }
}

/** The rows of a plan file: what is sent as what, then what isn't yet. */
function planFileRows(plan: Plan, { batches, deferred, exceeded }: BatchPlan): (readonly [string, string])[] {
  const pending = (paths: readonly string[]) => paths.map((path) => ["pending", path] as const);
  if (exceeded) return pending(plan.paths);
  const sent = batches.flatMap(({ objectType, paths }) => paths.map((path) => [objectType, path] as const));
  return [...sent, ...pending(deferred)];
}

/** Which domains the program still names: a source names one even without a file. */
function namesDomain(present: Manifest, { source }: Inputs): (domain: string) => boolean {
  // All URLs of a source are of one domain, of which it is the program's even while there is no file.
  if (source !== undefined) return (domain) => domain === domainOf(source.baseUrl);
  const domains = new Set<string>();
  for (const path of present.keys()) domains.add(domainOf(path));
  return (domain) => domains.has(domain);
}
