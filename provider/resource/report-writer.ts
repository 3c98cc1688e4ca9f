/** Reports what a run does with a resource, for what comes after it in a pipeline: to its file, and to the summary of a step. */
import type { ConfigReader } from "../credentials/chain.js";
import type { BatchPlan } from "../plan/batches.js";
import type { PreloadFailure, PreloadFailures } from "../plan/held-back.js";
import type { State } from "../plan/state.js";
import type { RefreshStatus } from "../schema/enums.js";
import { getWait, type Inputs, type ResourceKind } from "../schema/inputs.js";
import type { ReportEntry } from "../schema/report.js";
import { hasUnknown } from "../schema/unknown.js";
import type { SubmitResult } from "../tasks/submit.js";
import { showLine } from "../text/show.js";
import type { RefreshQuota } from "../vod/quota.js";
import type { Clients, Runtime } from "./clients.js";
import type { CallContext, Properties } from "./context.js";
import type { Deployment, DeployResult } from "./deployment.js";
import { findRejection, warnsOnFailure } from "./outputs.js";
import {
  type CallPlace,
  type EntrySubject,
  endedEntry,
  planEntry,
  startedEntry,
  submittedEntry,
  unchangedEntry,
  unknownEntry,
} from "./report-entry.js";
import { findReportProblem, readCode } from "./report-file.js";
import { RunReport } from "./run-report.js";
import { SUMMARY_SETTING } from "./step-summary.js";

/** The setting that names the file of all resources of a stack. */
const REPORT_SETTING = "alicloud-vod:report";

/** What of the day's quota a plan takes. */
interface Allotment {
  /** Undefined as long as nobody asked what is left. */
  batchPlan: BatchPlan | undefined;
  quota: RefreshQuota | undefined;
}

export class ReportWriter {
  private settings: ConfigReader = () => undefined;
  private readonly run: RunReport;
  private readonly entries = new Map<string, ReportEntry>();
  private readonly warned = new Set<string>();

  constructor(
    private readonly kind: ResourceKind,
    private readonly runtime: Runtime,
    private readonly clients: Clients,
  ) {
    this.run = runtime.report ?? new RunReport();
  }

  configure(settings: ConfigReader): void {
    this.settings = settings;
  }

  /** Finds what is wrong with the file and the settings. */
  async findProblems({ report, source }: Properties): Promise<string[]> {
    const problems: string[] = [];
    const directory = (source as { directory?: unknown } | undefined)?.directory;
    const given = typeof report === "string" ? { file: report, name: "report" } : undefined;
    const found = given ?? this.findStackFile();
    if (found !== undefined) {
      const inSource = typeof directory === "string" ? directory : undefined;
      const problem = await findReportProblem(found.file, found.name, inSource, this.run.files);
      if (problem !== undefined) problems.push(problem);
    }
    const summary = this.settings(SUMMARY_SETTING);
    if (summary !== undefined && !["true", "false"].includes(summary)) {
      problems.push(describeWrongSetting(summary));
    }
    return problems;
  }

  /** Reports that a preview can't tell yet what is due. */
  async reportUnknown(state: State | undefined, { report }: Properties, context: CallContext): Promise<void> {
    if (!this.isWanted({ report })) return;
    const status = state?.status ?? "NotSubmitted";
    await this.write(unknownEntry(this.subjectOf(context), status, this.runtime.now()), { report }, context);
  }

  /** Reports that nothing is due. */
  async reportUnchanged(
    { status }: State,
    inputs: Inputs,
    held: ReadonlyMap<string, PreloadFailure>,
    context: CallContext,
  ): Promise<void> {
    if (!this.isWanted(inputs)) return;
    await this.write(unchangedEntry(this.subjectOf(context), status, held, this.runtime.now()), inputs, context);
  }

  /** Reports a plan: that of a preview, or that by which an update that began is sent. */
  async reportPlan(deployment: Deployment, allotment: Allotment, context: CallContext): Promise<void> {
    if (!this.isWanted(deployment.inputs)) return;
    const last = this.entries.get(keyOf(this.subjectOf(context)));
    const entry = this.plan(deployment, allotment, context);
    const { startedAt } = last?.outcome === "running" ? last : {};
    const isNew = deployment.state === undefined;
    await this.write(
      startedAt === undefined ? entry : startedEntry(entry, isNew, startedAt),
      deployment.inputs,
      context,
    );
  }

  /** Reports that a create or an update began. */
  async reportStart(deployment: Deployment, context: CallContext): Promise<void> {
    if (!this.isWanted(deployment.inputs)) return;
    const entry = this.plan(deployment, { batchPlan: undefined, quota: undefined }, context);
    const startedAt = this.runtime.now().toISOString();
    await this.write(startedEntry(entry, deployment.state === undefined, startedAt), deployment.inputs, context);
  }

  /** Reports what was accepted, before its tasks are followed. */
  async reportSubmitted({ inputs }: Deployment, submission: SubmitResult, context: CallContext): Promise<void> {
    const last = this.entries.get(keyOf(this.subjectOf(context)));
    if (last !== undefined) await this.write(submittedEntry(last, submission), inputs, context);
  }

  /**
   * Reports how a create or an update ended.
   *
   * @param outputs those that the state gets; undefined if it gets none, since nothing of a new resource was accepted.
   */
  async reportEnd(
    deployment: Deployment,
    result: DeployResult,
    outputs: Properties | undefined,
    context: CallContext,
  ): Promise<void> {
    const subject = this.subjectOf(context);
    const last = this.entries.get(keyOf(subject));
    if (last === undefined) return;
    const submission = result.outcome === "unchanged" ? undefined : result.submission;
    const held = new Map(Object.entries((outputs?.__failures ?? {}) as PreloadFailures));
    const entry = endedEntry(
      last,
      subject,
      {
        status: (outputs?.status ?? "NotSubmitted") as RefreshStatus,
        submission,
        pending: [...new Set([...(submission?.pending ?? []), ...held.keys()])],
        unconfirmed: submission?.unconfirmed ?? [],
        held,
        warns: warnsOnFailure(deployment.inputs),
        isMissing: outputs === undefined && findRejection(deployment, result) !== undefined,
      },
      this.runtime.now(),
    );
    await this.write(entry, deployment.inputs, context);
    await this.addToSummary(keyOf(subject), entry, context);
  }

  private plan(deployment: Deployment, allotment: Allotment, context: CallContext): ReportEntry {
    const { inputs, plan, outstanding } = deployment;
    const isWaited = getWait(inputs) !== undefined && outstanding.taskIds.length > 0;
    const place = plan.paths.length > 0 || isWaited ? this.placeOf(inputs) : { source: undefined, endpoint: undefined };
    return planEntry(this.subjectOf(context), deployment, allotment, place, this.runtime.now());
  }

  private subjectOf({ name, urn, secretPaths }: CallContext): EntrySubject {
    return { kind: this.kind, name, urn, secretPaths };
  }

  private placeOf(inputs: Inputs): CallPlace {
    try {
      return { source: this.clients.caller(inputs), endpoint: this.clients.endpointOf(inputs) };
    } catch {
      return { source: undefined, endpoint: undefined };
    }
  }

  /** A report that can't be written is a warning, never an error: the edge is what counts. */
  private async write(entry: ReportEntry, { report }: { report?: unknown }, context: CallContext): Promise<void> {
    const key = keyOf(this.subjectOf(context));
    this.entries.set(key, entry);
    const file = this.fileOf(report);
    if (file === undefined) return;
    await this.run.files.put(file, key, entry, this.runtime.now()).catch((error: unknown) => {
      this.warnOnce(describeUnwritten(file, readCode(error)), context);
    });
  }

  private async addToSummary(key: string, entry: ReportEntry, context: CallContext): Promise<void> {
    const file = this.summaryFile();
    if (file === undefined) return;
    await this.run.summary.add(file, key, entry).catch((error: unknown) => {
      this.warnOnce(describeUnwrittenSummary(readCode(error)), context);
    });
  }

  private warnOnce(sentence: string, { log }: CallContext): void {
    if (!this.warned.has(sentence)) log.warning(sentence);
    this.warned.add(sentence);
  }

  /** Whether anything is reported at all. */
  private isWanted({ report }: { report?: unknown }): boolean {
    return this.fileOf(report) !== undefined || this.summaryFile() !== undefined;
  }

  /** @param report the resource's own input, which may not be known yet. */
  private fileOf(report: unknown): string | undefined {
    if (report === undefined) return this.findStackFile()?.file;
    return typeof report === "string" && !hasUnknown(report) ? report : undefined;
  }

  private summaryFile(): string | undefined {
    const file = this.runtime.environment.GITHUB_STEP_SUMMARY;
    return file && this.settings(SUMMARY_SETTING) !== "false" ? file : undefined;
  }

  private findStackFile(): { file: string; name: string } | undefined {
    const file = this.settings(REPORT_SETTING);
    return file ? { file, name: REPORT_SETTING } : undefined;
  }
}

/** What tells a resource from others. Of two without a URN, with one name and type, the later one takes the place of the other. */
function keyOf({ kind, name = "", urn }: EntrySubject): string {
  return urn ?? `${kind.name} ${name}`;
}

/** Says what is wrong with the setting of the summary. */
export function describeWrongSetting(value: string): string {
  return `${SUMMARY_SETTING} must be true or false (got "${showLine(value, 40)}" in the stack's configuration).`;
}

/** Says that a report isn't written. */
export function describeUnwritten(file: string, code: string): string {
  return `the report can't be written to "${showLine(file, 300)}" (${code}).`;
}

/** Says that a summary isn't written. */
export function describeUnwrittenSummary(code: string): string {
  return `the summary of the step can't be written to GITHUB_STEP_SUMMARY (${code}).`;
}
