/** What a deployment is decided from: it is read once, so that every step goes by the same. */
import type { Manifest } from "../manifest/manifest.js";
import { holdBack, type PreloadFailure } from "../plan/held-back.js";
import {
  type Baseline,
  hasChanges,
  manifestFromInputs,
  mapReasons,
  type Plan,
  planAfterDrift,
  planRefresh,
} from "../plan/plan.js";
import type { Reserve } from "../plan/reserve.js";
import { baselineOf, type State } from "../plan/state.js";
import { getPathsPerCall } from "../schema/call-types.js";
import { getContent, getVerify, getWait, type Inputs, type ResourceKind, readInputs } from "../schema/inputs.js";
import { compareCoverage } from "../source/coverage.js";
import { sameRows } from "../source/directory-digests.js";
import { compileRank, sortByRank } from "../source/priority.js";
import type { SourceScanner } from "../source/source.js";
import { findOutstanding, NONE, type OutstandingTasks } from "../tasks/outstanding.js";
import type { SubmitResult } from "../tasks/submit.js";
import { asVodError, VodError } from "../vod/errors.js";
import type { CallContext, Properties } from "./context.js";

export interface Deployment {
  inputs: Inputs;
  /** What the state holds; undefined for a resource that doesn't exist yet. */
  state: State | undefined;
  /** What the plan compares with; undefined for a resource that doesn't exist yet. */
  baseline: Baseline | undefined;
  /** The current hash of every path that the inputs name. */
  current: Manifest;
  /** What is due and may be sent. */
  plan: Plan;
  /** Why each of its paths is due; empty if nobody asks. */
  reasons: ReadonlyMap<string, string>;
  /** Preloads that are due, and failed less than a day ago: they are not tried again yet. */
  held: ReadonlyMap<string, PreloadFailure>;
  /** What has to be left of the day's quotas. */
  reserve: Reserve;
  /** The tasks that the last update left open. */
  outstanding: OutstandingTasks;
  /** Why nothing may be sent; undefined if the content is what was checked. */
  refusal?: VodError | undefined;
}

/**
 * What a deployment did. `unchanged`: nothing was due, and no task had to be waited for. `waited`: nothing was due, and the
 * tasks of the last update were followed. `submitted`: it sent what was due, or tried to.
 */
export type DeployResult = { outcome: "unchanged" } | { outcome: "waited" | "submitted"; submission: SubmitResult };

/** Whether tasks of the last update have to be followed where nothing is due. */
export function waitsForOutstanding({ inputs, outstanding }: Pick<Deployment, "inputs" | "outstanding">): boolean {
  return getWait(inputs) !== undefined && outstanding.taskIds.length > 0;
}

/** The content that the inputs name. */
export interface Content {
  current: Manifest;
  /** What `check` found, if it differs: it may be online as well. */
  checked?: Manifest;
  refusal?: VodError;
}

/** Plans the deployment of a content. */
export async function planDeployment(
  state: State | undefined,
  inputs: Inputs,
  { current, checked, refusal }: Content,
  reserve: Reserve,
  now: Date,
): Promise<Deployment> {
  const baseline = state && baselineOf(state);
  const coverage = await compareCoverage(baseline?.inputs.source, inputs.source, baseline?.manifest ?? new Map());
  const whole =
    baseline && checked
      ? planAfterDrift(baseline, inputs, checked, current, coverage)
      : planRefresh(baseline, inputs, current, coverage);
  const { plan: inOrder, held } = holdBack(whole, state?.__failures ?? {}, current, now);
  const isInParts = inputs.quota.onExceeded === "partial" || inOrder.paths.length > getPathsPerCall(inputs.objectType);
  const rank = isInParts || inputs.priority !== undefined ? await compileRank(inputs) : undefined;
  const plan = rank === undefined ? inOrder : { ...inOrder, paths: sortByRank(inOrder.paths, rank) };
  const outstanding = state === undefined ? NONE : findOutstanding(state, inputs, plan, current, now);
  const reasons = getVerify(inputs) === undefined ? new Map<string, string>() : mapReasons(inOrder);
  return { inputs, state, baseline, current, plan, reasons, held, reserve, outstanding, refusal };
}

/** Reads the content as it is now; the files of a source must be those that were checked. */
export async function readContent(sources: SourceScanner, inputs: Inputs, context: CallContext): Promise<Content> {
  const content = getContent(inputs);
  if (content.mode !== "source") return { current: manifestFromInputs(content) };
  const { manifest: checked } = await sources.cached(content.source, context);
  const found = await sources.scan(content.source, context).catch(asVodError);
  if (found instanceof VodError) return { current: checked, checked, refusal: found };
  if (sameRows(found.files, content.files)) return { current: found.manifest };
  return { current: found.manifest, checked, refusal: filesChanged() };
}

/** The content for a preview: the files of a source as they were scanned last. */
export async function readCachedContent(
  sources: SourceScanner,
  inputs: Inputs,
  context: CallContext,
): Promise<Content> {
  const content = getContent(inputs);
  if (content.mode !== "source") return { current: manifestFromInputs(content) };
  return { current: (await sources.cached(content.source, context)).manifest };
}

/** Whether a check is for a resource that doesn't exist yet: the engine then hands over no old inputs. */
export function isNew(olds: Properties): boolean {
  return Object.keys(olds).length === 0;
}

/** Whether a check can tell from the inputs that the deployment will send a call. What is pending only the state says. */
export function willSend(olds: Properties, news: Inputs, kind: ResourceKind): boolean {
  if (isNew(olds)) return news.refreshOnCreate;
  const before = readInputs(olds, kind);
  if (before === undefined) return true;
  const [old, content] = [getContent(before), getContent(news)];
  if (old.mode === "source" || content.mode === "source") return hasChanges(before, news);
  const baseline = { inputs: before, manifest: manifestFromInputs(old), removed: new Map() };
  return planRefresh(baseline, news, manifestFromInputs(content)).paths.length > 0;
}

export function filesChanged(): VodError {
  return new VodError(
    "Files of the source changed during the update, so what would be sent is not what was previewed.",
    "Run `pulumi up` again once nothing writes to the directory.",
    { code: "FilesChanged" },
  );
}
