/**
 * A resource by Pulumi's interface, for whichever host runs it:
 *
 * | method | what it does |
 * |---|---|
 * | check  | validates and completes the inputs, hashes a source; in a preview already finds missing credentials |
 * | diff   | plans; an update is shown when something is due or an input changed |
 * | create | sends all paths, or with `refreshOnCreate: false` none |
 * | update | sends what the plan says |
 * | read   | asks what became of tasks that hadn't ended when they were last seen |
 * | delete | sends nothing: a purge can't be undone |
 */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ConfigReader } from "../credentials/chain.js";
import { selectHeldBack } from "../plan/held-back.js";
import { hasChanges } from "../plan/plan.js";
import { QuotaBudget } from "../plan/quota-budget.js";
import { findReserve } from "../plan/reserve.js";
import { readState, type State } from "../plan/state.js";
import { type Inputs, type ResourceKind, readInputs, readPreviewInputs } from "../schema/inputs.js";
import { SourceScanner } from "../source/source.js";
import { hasOpenTasks, isHeldBack, isUnfinished } from "../tasks/outstanding.js";
import { write } from "../text/log.js";
import { hideQuoted, showLine } from "../text/show.js";
import { asVodError, VodError } from "../vod/errors.js";
import { checkInputs, findLongUrls } from "./check.js";
import { describeEmptyContents, describeFilter, type FilterRemarks } from "./check-filter.js";
import { describePriority } from "./check-priority.js";
import { Clients, type Runtime } from "./clients.js";
import type { CallContext, Properties } from "./context.js";
import { Deployer } from "./deploy.js";
import {
  type Deployment,
  type DeployResult,
  isNew,
  planDeployment,
  readCachedContent,
  readContent,
  waitsForOutstanding,
  willSend,
} from "./deployment.js";
import {
  describeKeptFiles,
  findKeptContent,
  findKeptFiles,
  keepStateFiles,
  keepsFiles,
  withoutKeptFiles,
} from "./kept-files.js";
import { findRejection, outputsAfter, ResourceInitFailedError } from "./outputs.js";
import { ReportWriter } from "./report-writer.js";
import { Reporter } from "./reporter.js";
import { readStatus } from "./status.js";

interface CheckResult {
  inputs: Properties;
  failures: { property: string; reason: string }[];
}

const NO_REMARKS: FilterRemarks = { problems: [], warnings: [] };

export class CacheResourceProvider {
  private settings: ConfigReader = () => undefined;
  private readonly sources: SourceScanner;
  private readonly clients: Clients;
  private readonly quotas: QuotaBudget;
  private readonly reporter: Reporter;
  private readonly reports: ReportWriter;
  private readonly deployer: Deployer;
  /** The first resource without credentials. */
  private sourcesListedFor: string | undefined;

  constructor(
    private readonly kind: ResourceKind,
    private readonly runtime: Runtime,
  ) {
    this.clients = new Clients(runtime);
    this.sources = new SourceScanner(kind.operation === "preload" ? "directories" : undefined);
    this.quotas = new QuotaBudget(
      async (inputs, onWait) => this.clients.queryClient(inputs).describeRefreshQuota({ onWait }),
      runtime.now,
    );
    this.reporter = new Reporter(runtime.now);
    this.reports = new ReportWriter(kind, runtime, this.clients);
    this.deployer = new Deployer(runtime, this.clients, this.quotas, this.reporter, this.reports);
  }

  /** Takes the settings in which credentials are looked for from now on. */
  configure(settings: ConfigReader): void {
    this.settings = settings;
    this.clients.configure(settings);
    this.reports.configure(settings);
  }

  /** @param olds the old inputs; none for a resource that doesn't exist yet. */
  async check(olds: Properties, news: Properties, context: CallContext): Promise<CheckResult> {
    const kept = findKeptFiles(olds, news);
    const { environment } = this.runtime;
    const checked = checkInputs(withoutKeptFiles(olds, news), environment, this.settings, this.kind, context);
    const { inputs, problems, warnings, notes } = checked;
    if (problems.length === 0) problems.push(...(await this.reports.findProblems(inputs)));
    if (kept === undefined && problems.length === 0) {
      const remarks = await this.scanSource(inputs, isNew(olds), context);
      problems.push(...remarks.problems);
      warnings.push(...remarks.warnings);
    }
    if (kept !== undefined && problems.length === 0) {
      write(context.log, [describeKeptFiles(!isDeepStrictEqual(inputs.source, kept.source))]);
      Object.assign(inputs, kept);
    }
    const failures = problems.map((problem) => showLine(problem));
    if (problems.length === 0) {
      failures.push(...this.findMissingCredentials(olds, inputs, context));
      const isAnnounced = failures.length === 0 && isNew(olds);
      if (isAnnounced) await this.preview(undefined, readPreviewInputs(inputs, this.kind), inputs, context);
      for (const warning of warnings) context.log.warning(warning);
      if (isAnnounced) for (const note of notes) context.log.info(note);
    }
    // No property: with one, the engine prints its whole value before the sentence, 2,000 URLs or a signed one.
    return { inputs, failures: failures.map((reason) => ({ property: "", reason })) };
  }

  /** @param olds the old outputs. */
  async diff(_id: string, olds: Properties, news: Properties, context: CallContext): Promise<{ changes: boolean }> {
    const state = readState(olds, this.kind);
    const known = readInputs(news, this.kind);
    if (known === undefined) {
      await this.preview(state, readPreviewInputs(news, this.kind), news, context);
      return { changes: true };
    }
    const inputs = keepStateFiles(known, news, state);
    // Without a difference nothing is due, and the files of a source needn't be there: `pulumi refresh` calls diff as well.
    const now = this.runtime.now();
    const isLeft = isUnfinished(state) && !isHeldBack(state, now);
    const changes = isLeft || hasChanges(state.inputs, inputs);
    const held = selectHeldBack(state.__failures ?? {}, now);
    const shown = changes
      ? this.preview(state, inputs, news, context)
      : this.reportNothing(state, inputs, held, context);
    // A plan that can't be shown is no error, for the same reason.
    await shown.catch((error: unknown) => context.log.warning(asVodError(error).message));
    return { changes };
  }

  async create(news: Properties, context: CallContext): Promise<{ id: string; outs: Properties }> {
    const deployment = await this.prepare(undefined, news, context);
    const result = await this.deployer.deploy(deployment, context);
    // Without a resource in the state, the next update creates it and sends everything.
    const rejection = findRejection(deployment, result);
    if (rejection) {
      await this.reports.reportEnd(deployment, result, undefined, context);
      throw rejection;
    }
    const id = `${this.kind.idPrefix}-${randomUUID()}`;
    return { id, outs: await this.conclude(id, deployment, result, context) };
  }

  /**
   * A failure always leaves the new content in the state, and what is pending of it, even if nothing was sent: the content may be
   * online already, so that going back to the old one must refresh as well.
   */
  async update(id: string, olds: Properties, news: Properties, context: CallContext): Promise<{ outs: Properties }> {
    const deployment = await this.prepare(olds, news, context);
    const result = await this.deployer.deploy(deployment, context);
    return { outs: await this.conclude(id, deployment, result, context) };
  }

  /**
   * The outputs that a deployment will have.
   *
   * @param olds the old outputs; undefined for a resource that doesn't exist yet.
   * @returns undefined if they aren't known before it: it has calls to make or tasks to wait for.
   */
  async foresee(olds: Properties | undefined, news: Properties, context: CallContext): Promise<Properties | undefined> {
    const state = olds && readState(olds, this.kind);
    const known = readInputs(news, this.kind);
    if (known === undefined) return undefined;
    const inputs = state === undefined ? known : keepStateFiles(known, news, state);
    const deployment = await this.planPreview(state, inputs, news, context);
    if (deployment.plan.paths.length > 0 || waitsForOutstanding(deployment)) return undefined;
    return outputsAfter(this.kind, "", deployment, { outcome: "unchanged" }, context);
  }

  async read(id: string, properties: Properties, context: CallContext): Promise<{ id: string; props: Properties }> {
    const state = readState(properties, this.kind);
    if (!hasOpenTasks(state)) return { id, props: properties };
    try {
      const client = this.clients.statusClient(state.inputs, "state");
      return { id, props: await readStatus(properties, state, client, this.runtime.now(), context) };
    } catch (error) {
      const reason = asVodError(error).message;
      context.log.warning(`the status stays ${state.status}, because it could not be read. ${reason}`);
      return { id, props: properties };
    }
  }

  async delete(_id: string, _properties: Properties, context: CallContext): Promise<void> {
    const { operation } = this.kind;
    context.log.info(`removed from the state only: a ${operation} can't be undone`);
  }

  /** The outputs after a deployment, or the error that has them, once they are reported. */
  private async conclude(
    id: string,
    deployment: Deployment,
    result: DeployResult,
    context: CallContext,
  ): Promise<Properties> {
    try {
      const outputs = outputsAfter(this.kind, id, deployment, result, context);
      await this.reports.reportEnd(deployment, result, outputs, context);
      return outputs;
    } catch (error) {
      if (!(error instanceof ResourceInitFailedError)) throw error;
      await this.reports.reportEnd(deployment, result, error.properties, context);
      throw error;
    }
  }

  private async reportNothing(
    state: State,
    inputs: Inputs,
    held: Deployment["held"],
    context: CallContext,
  ): Promise<void> {
    this.reporter.reportNothing(inputs, held, context);
    await this.reports.reportUnchanged(state, inputs, held, context);
  }

  /** Reads all that a deployment is decided from. */
  private async prepare(olds: Properties | undefined, news: Properties, context: CallContext): Promise<Deployment> {
    const state = olds && readState(olds, this.kind);
    const known = readInputs(news, this.kind);
    // What `check` returned is complete.
    if (known === undefined) throw asVodError(undefined);
    const inputs = state === undefined ? known : keepStateFiles(known, news, state);
    // Files that are kept, but not from the state, are those of an older update: no preview was made of them.
    const read = keepsFiles(news) ? readCachedContent : readContent;
    const content = findKeptContent(inputs, news, state) ?? (await read(this.sources, inputs, context));
    return planDeployment(state, inputs, content, findReserve(inputs, this.settings), this.runtime.now());
  }

  /**
   * Shows what a deployment would send.
   *
   * @param state undefined for a resource that doesn't exist yet.
   * @param inputs undefined if too little of them is known yet.
   * @param properties the same as the engine hands them over.
   */
  private async preview(
    state: State | undefined,
    inputs: Inputs | undefined,
    properties: Properties,
    context: CallContext,
  ): Promise<void> {
    if (inputs === undefined) {
      this.reporter.reportUnknown(context);
      return this.reports.reportUnknown(state, properties, context);
    }
    const deployment = await this.planPreview(state, inputs, properties, context);
    const snapshot = this.quotas.forPreview(inputs, context.log.progress);
    const allotment = await this.reporter.reportPlan(deployment, { snapshot, resource: context.urn }, context);
    await this.reports.reportPlan(deployment, allotment, context);
  }

  /** Plans a deployment by the files of a source as they were scanned last. */
  private async planPreview(
    state: State | undefined,
    inputs: Inputs,
    properties: Properties,
    context: CallContext,
  ): Promise<Deployment> {
    const content =
      findKeptContent(inputs, properties, state) ?? (await readCachedContent(this.sources, inputs, context));
    return planDeployment(state, inputs, content, findReserve(inputs, this.settings), this.runtime.now());
  }

  /**
   * Hashes the source of checked inputs, and adds its digests to them.
   *
   * @returns why that failed, and what is odd about its patterns; nothing if there is no source, or it isn't known yet.
   */
  private async scanSource(inputs: Properties, created: boolean, context: CallContext): Promise<FilterRemarks> {
    const { operation } = this.kind;
    const known = readInputs({ ...inputs, files: {} }, this.kind);
    if (known === undefined) return NO_REMARKS;
    const show = context.secretPaths ? hideQuoted : (sentence: string) => sentence;
    const warnings = created ? describeEmptyContents(known, operation) : [];
    const { source, contents = {} } = known;
    const found = source && (await this.sources.scan(source, context).catch(asVodError));
    if (found instanceof VodError) return { problems: [found.message], warnings };
    if (found) inputs.files = found.files;
    const filter = source && found ? describeFilter(source, found.filter, { created, operation }) : NO_REMARKS;
    const long = found ? findLongUrls(found.manifest, context.secretPaths) : [];
    const order = await describePriority(known, found ? found.manifest.keys() : Object.keys(contents));
    return {
      problems: [...filter.problems.map(show), ...long, ...order.problems.map(show)],
      warnings: [...warnings, ...filter.warnings.map(show), ...order.warnings.map(show)],
    };
  }

  /**
   * Why there are no credentials, if a check can tell that the deployment needs them. The sources are listed once: they are the same
   * for every resource.
   */
  private findMissingCredentials(olds: Properties, checked: Properties, { name }: CallContext): string[] {
    const inputs = readInputs(checked, this.kind);
    if (inputs !== undefined && !willSend(olds, inputs, this.kind)) return [];
    try {
      this.clients.caller(inputs ?? {});
      return [];
    } catch (thrown) {
      const error = asVodError(thrown);
      if (error.details.length === 0) return [error.message];
      this.sourcesListedFor ??= name;
      const first = this.sourcesListedFor;
      return [first === undefined || first === name ? error.full : describeSameSources(first, error)];
    }
  }
}

/** The error for missing credentials once their sources are listed for another resource. */
export function describeSameSources(first: string, { code }: VodError): string {
  return showLine(`Credentials could not be loaded, for the reasons listed for "${first}". (code ${code})`);
}
