/**
 * The resources as Pulumi's provider process runs them:
 *
 * | method | what it does |
 * |---|---|
 * | check  | validates and completes the inputs, hashes a source; in a preview already finds missing credentials |
 * | diff   | plans; an update is shown when something is due or an input changed |
 * | create | sends all paths, or with `refreshOnCreate: false` none |
 * | update | sends what the plan says |
 * | read   | keeps what is there |
 * | delete | sends nothing: a purge can't be undone |
 */
import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import type { ConfigReader } from "../credentials/chain.js";
import { SECRET_PATHS, withSecretPaths } from "../dynamic/secret-paths.js";
import type { Manifest } from "../manifest/manifest.js";
import { describeExceeded, describeRanOut, describeSubmitted } from "../plan/describe.js";
import {
  type Baseline,
  hasChanges,
  keepRequestKinds,
  manifestFromInputs,
  type Plan,
  planAfterDrift,
  planRefresh,
} from "../plan/plan.js";
import { QuotaBudget, type QuotaSnapshot } from "../plan/quota-budget.js";
import { baselineOf, readState, type State, toOutputs, withoutSubmission, withSubmission } from "../plan/state.js";
import {
  contentOf,
  type Inputs,
  PRELOAD,
  REFRESH,
  type ResourceKind,
  readInputs,
  readPreviewInputs,
  waitOf,
} from "../schema/inputs.js";
import { sameRows } from "../source/directory-digests.js";
import { type ScannedSource, SourceScanner } from "../source/source.js";
import { awaitRefresh } from "../tasks/await-refresh.js";
import {
  findOutstanding,
  hasOpenTasks,
  isUnfinished,
  NONE,
  type OutstandingTasks,
  observedStatus,
  rowNames,
} from "../tasks/outstanding.js";
import { rejected, type SubmitContext, type SubmitResult, submit } from "../tasks/submit.js";
import { trackTasks } from "../tasks/track.js";
import { pollOnce } from "../tasks/waiter.js";
import { asVodError, VodError } from "../vod/errors.js";
import { formatNumber } from "../vod/format.js";
import { isQuotaExceeded } from "../vod/quota.js";
import { RECORD_DAYS } from "../vod/tasks.js";
import { checkInputs } from "./check.js";
import { Clients, type Runtime, retryLimits } from "./clients.js";
import { Reporter } from "./reporter.js";

/** The provider of VodCacheRefresh. */
export const refreshProvider = (surroundings: Runtime) =>
  withSecretPaths(REFRESH, cacheProvider(REFRESH, surroundings));

/** The provider of VodCachePreload. */
export const preloadProvider = (surroundings: Runtime) =>
  withSecretPaths(PRELOAD, cacheProvider(PRELOAD, surroundings));

/** What the engine hands over and what the state holds, before anything is known of it. */
type Properties = Record<string, unknown>;

/** Makes the provider of a resource. */
export function cacheProvider(kind: ResourceKind, { environment, log, now, sleep, random, limiter }: Runtime) {
  let config: ConfigReader = () => undefined;
  const sources = new SourceScanner((done, total) =>
    log(`hashed ${formatNumber(done)} of ${formatNumber(total)} files`),
  );
  const clients = new Clients({ environment, log, now, sleep, random, limiter });
  const display = new Reporter(log, now);
  const days = new QuotaBudget(async (inputs) => clients.queryClient(inputs).describeRefreshQuota(), now);
  const deed = kind === PRELOAD ? "preload" : "refresh";
  const say = (news: Properties, line: string) => display.log(news, line);

  function contextFor(news: Properties, inputs: Inputs): SubmitContext {
    return {
      client: clients.submitClient(inputs),
      preload: inputs,
      log: (line) => say(news, line),
      now,
      retry: retryLimits(inputs),
      ...(sleep ? { sleep } : {}),
      ...(random ? { random } : {}),
    };
  }

  /** Sends a plan as far as the day's quota and its policy allow, and follows its tasks where that is asked for. */
  async function carryOut(
    news: Properties,
    inputs: Inputs,
    plan: Plan,
    current: Manifest,
    outstanding: OutstandingTasks,
  ): Promise<SubmitResult> {
    const wait = waitOf(inputs);
    try {
      const context = contextFor(news, inputs);
      const held = await awaitRefresh(context, inputs, current);
      if (held !== undefined) return rejected(plan, now(), held, outstanding);
      const submitted = await days.withLease(inputs, (snapshot) =>
        sendWithin(snapshot, context, news, inputs, plan, { current, outstanding }),
      );
      if (submitted.batches.length > 0) say(news, describeSubmitted(submitted.batches, submitted.refreshTaskIds));
      const run = ignoreQuotaIfPartial(submitted, inputs, context);
      const isIdle = run.batches.length === 0 && (run.failure !== undefined || outstanding.taskIds.length === 0);
      if (wait === undefined || isIdle) return { ...run, unconfirmed: outstanding.paths };
      return ignoreQuotaIfPartial(
        await trackTasks(context, plan, run, { wait, outstanding, named: current, inputs }),
        inputs,
        context,
      );
    } catch (error) {
      return rejected(plan, now(), asVodError(error), outstanding);
    }
  }

  /** Asks what is left of the day, shows what that means, and sends. */
  async function sendWithin(
    snapshot: QuotaSnapshot,
    context: SubmitContext,
    news: Properties,
    inputs: Inputs,
    plan: Plan,
    { current, outstanding }: { current: Manifest; outstanding: OutstandingTasks },
  ): Promise<SubmitResult> {
    const resource = {};
    const { batchPlan, quota } = await display.reportPlan(news, inputs, plan, {
      current,
      outstanding,
      snapshot,
      resource,
    });
    if (batchPlan.exceeded && quota !== undefined) {
      const { happened, remedy } = describeExceeded(batchPlan, inputs, plan, quota, now());
      return rejected(plan, now(), new VodError(happened, remedy, { code: "QuotaExceeded.Refresh" }), outstanding);
    }
    return submit(context, plan, batchPlan);
  }

  /** The outputs of a run that did what it should; of another, the error that makes Pulumi keep its state and show why. */
  function outcome(id: string, news: Properties, state: State, plan: Plan, run: SubmitResult) {
    const properties = { ...toOutputs(state, kind), ...ownProperties(news) };
    if (run.failure === undefined) return properties;
    const [pending, all] = [new Set(run.pending), plan.paths.length];
    const done = plan.paths.filter((path) => !pending.has(path)).length;
    const rest =
      pending.size === 0 || all === 0
        ? ""
        : ` ${deed === "preload" ? "Preloaded" : "Refreshed"} before that: ${formatNumber(done)} of ${formatNumber(all)} ${all === 1 ? "path" : "paths"}; ` +
          "the next update sends the rest.";
    const reason = run.failure.message + rest;
    if (warnsOnFailure(state.inputs)) {
      say(news, `warning: ${reason}`);
      return properties;
    }
    throw Object.assign(new Error(reason), { id, properties, reasons: [reason] });
  }

  /**
   * The current hash of every path. Of a source that isn't what was checked any more, why nothing may be sent, and what was
   * checked as well: that is what may be online by now.
   */
  async function presentOf(inputs: Inputs): Promise<{ current: Manifest; checked: Manifest; moved?: VodError }> {
    const content = contentOf(inputs);
    if (content.mode !== "source") {
      const current = manifestFromInputs(content);
      return { current, checked: current };
    }
    const { manifest: checked } = await sources.cached(content.source);
    const found = await sources.scan(content.source).catch(asVodError);
    if (found instanceof VodError) return { current: checked, checked, moved: found };
    const isSame = sameRows(found.files, content.files);
    return { current: found.manifest, checked, ...(isSame ? {} : { moved: filesMoved() }) };
  }

  return {
    // Must not wait for anything: the host doesn't make the first calls wait for it.
    async configure({ config: stack }: dynamic.ConfigureRequest): Promise<void> {
      config = (key) => stack.get(key);
      clients.configure(config);
    },

    async check(olds: Properties, news: Properties) {
      const { inputs, problems, warnings, notes } = checkInputs(news, environment, config, kind);
      if (problems.length === 0) {
        const found = await scanFor(inputs);
        if (found instanceof VodError) problems.push(found.message);
        else if (found !== undefined) inputs.files = found.files;
      }
      if (problems.length === 0) {
        const complete = readInputs(inputs, kind);
        if (complete === undefined || isDue(olds, complete, kind)) problems.push(...missingCredentials(complete));
        if (problems.length === 0 && isNew(olds)) await foresee(news, readPreviewInputs(inputs, kind));
        for (const warning of warnings) say(news, `warning: ${warning}`);
        if (problems.length === 0 && isNew(olds)) for (const note of notes) say(news, note);
      }
      return {
        inputs: { ...inputs, ...ownProperties(news) },
        // No property: with one, the engine prints its whole value before the sentence, 2,000 URLs or a signed one.
        failures: problems.map((reason) => ({ property: "", reason })),
      };
    },

    async diff(_id: string, olds: Properties, news: Properties) {
      const before = readState(olds, kind);
      const inputs = readInputs(news, kind);
      if (inputs === undefined) {
        const foreseen = readPreviewInputs(news, kind);
        await (foreseen === undefined ? display.reportUnknown(news, deed) : showUpdate(news, before, foreseen));
        return { changes: true };
      }
      // Without a difference nothing is due, and a source needn't even be there: `pulumi refresh` asks as well.
      const changes = isUnfinished(before) || hasChanges(before.inputs, inputs);
      // What can't be shown is no error: a refresh asks where the files of a source may not be.
      const shown = changes ? showUpdate(news, before, inputs) : display.reportNothing(news);
      await shown.catch((error: unknown) => say(news, asVodError(error).message));
      return { changes };
    },

    async create(news: Properties) {
      const inputs = requireInputs(news, kind);
      const { current, moved } = await presentOf(inputs);
      const plan = planRefresh(undefined, inputs, current);
      const id = `${kind.idPrefix}-${randomUUID()}`;
      if (plan.paths.length === 0 && !moved)
        return {
          id,
          outs: { ...toOutputs(withoutSubmission(undefined, inputs, current), kind), ...ownProperties(news) },
        };
      const run = moved ? rejected(plan, now(), moved, NONE) : await carryOut(news, inputs, plan, current, NONE);
      // Nothing was sent: without a resource in the state, the next update creates it and sends everything.
      if (run.failure !== undefined && run.batches.length === 0 && !warnsOnFailure(inputs)) throw run.failure;
      return { id, outs: outcome(id, news, withSubmission(inputs, undefined, run, current), plan, run) };
    },

    /**
     * A failure always leaves the new content with what is pending in the state, even if nothing was sent: the content
     * may be online already, so going back to the old one must refresh as well.
     */
    async update(id: string, olds: Properties, news: Properties) {
      const state = readState(olds, kind);
      const before = baselineOf(state);
      const inputs = requireInputs(news, kind);
      const { current, checked, moved } = await presentOf(inputs);
      const plan = moved ? planAfterDrift(before, inputs, checked, current) : planRefresh(before, inputs, current);
      const outstanding = findOutstanding(state, inputs, plan, current, now());
      if (plan.paths.length === 0 && !moved)
        return { outs: await settled(id, news, inputs, { state, outstanding }, current, plan) };
      const run = moved
        ? rejected(plan, now(), moved, outstanding)
        : await carryOut(news, inputs, plan, current, outstanding);
      // What was left by a run that sent nothing has no tasks yet: those of the state are an earlier one's.
      const resumes = plan.paths.length === 0 || (plan.resumes && state.refreshed.length > 0);
      const carriesOn = resumes || (run.unconfirmed.length > 0 && outstanding.taskIds.length > 0);
      const after = withSubmission(inputs, state, withManners(run, plan, before), current, { carriesOn });
      return { outs: outcome(id, news, after, plan, run) };
    },

    /** Looks at tasks that hadn't ended when they were last seen. Records that expired leave what is known. */
    async read(id: string, properties: Properties) {
      const state = readState(properties, kind);
      if (!hasOpenTasks(state)) return { id, props: properties };
      const { unconfirmed = [], refreshed, taskIds } = state;
      try {
        const looker = clients.statusClient(state.inputs, "state");
        const awaited = { taskIds, paths: [...unconfirmed, ...refreshed], nameOf: rowNames(state) };
        const seen = await pollOnce([awaited], (taskId) => looker.describeRefreshTasks({ taskId }));
        const status = observedStatus(state, seen, now());
        if (seen.unknown.length + seen.missing.length > 0) {
          const what = status === undefined ? `stays ${state.status}` : `is ${status} by what is on record`;
          say(properties, `the status ${what}: the service keeps the records of tasks for ${RECORD_DAYS} days`);
        }
        const { unconfirmed: owed, ...rest } = properties;
        const isOpen = unconfirmed.some((path) => !seen.complete.has(path));
        return { id, props: { ...rest, ...(status ? { status } : {}), ...(isOpen ? { unconfirmed: owed } : {}) } };
      } catch (error) {
        say(
          properties,
          `warning: the status stays ${state.status}, since it can't be asked for. ${asVodError(error).message}`,
        );
      }
      return { id, props: properties };
    },

    async delete(_id: string, properties: Properties) {
      say(properties, `nothing is sent on delete, since a ${deed} can't be undone; the resource is forgotten`);
    },
  };

  /** The outputs of an update that has nothing to send: it waits on, where the last one didn't see the end. */
  async function settled(
    id: string,
    news: Properties,
    inputs: Inputs,
    { state: old, outstanding }: { state: State; outstanding: OutstandingTasks },
    current: Manifest,
    plan: Plan,
  ): Promise<Properties> {
    const state = withoutSubmission(old, inputs, current);
    const wait = waitOf(inputs);
    if (wait === undefined || outstanding.taskIds.length === 0)
      return { ...toOutputs(state, kind), ...ownProperties(news) };
    const { failure: _, ...idle } = rejected(plan, now(), filesMoved(), outstanding);
    const run = await trackTasks(contextFor(news, inputs), plan, idle, { wait, outstanding, named: current, inputs });
    const seen = { ...run, status: run.status ?? state.status };
    const after = withSubmission(inputs, old, withManners(seen, plan, baselineOf(old)), current);
    return outcome(id, news, { ...after, refreshed: state.refreshed }, plan, run);
  }

  function missingCredentials(inputs: Partial<Inputs> = {}): string[] {
    try {
      clients.caller(inputs);
      return [];
    } catch (error) {
      return [asVodError(error).message];
    }
  }

  /** The files of the source of checked inputs; undefined where there is none, or where it isn't known yet. */
  async function scanFor(inputs: Properties): Promise<ScannedSource | VodError | undefined> {
    const complete = readInputs({ ...inputs, files: {} }, kind);
    if (complete?.source === undefined) return undefined;
    return sources.scan(complete.source).catch((error: unknown) => asVodError(error));
  }

  /** Shows what creating the resource would send. */
  async function foresee(news: Properties, inputs: Inputs | undefined): Promise<void> {
    if (inputs === undefined) return display.reportUnknown(news, deed);
    const current = await recalled(inputs);
    await foreseen(news, inputs, planRefresh(undefined, inputs, current), { current, outstanding: NONE });
  }

  /** Shows what updating the resource would send. */
  async function showUpdate(news: Properties, before: State, inputs: Inputs): Promise<void> {
    const current = await recalled(inputs);
    const plan = planRefresh(baselineOf(before), inputs, current);
    await foreseen(news, inputs, plan, { current, outstanding: findOutstanding(before, inputs, plan, current, now()) });
  }

  async function foreseen(
    news: Properties,
    inputs: Inputs,
    plan: Plan,
    of: { current: Manifest; outstanding: OutstandingTasks },
  ) {
    await display.reportPlan(news, inputs, plan, {
      ...of,
      snapshot: days.forPreview(inputs),
      resource: news.__resourceName,
    });
  }

  async function recalled(inputs: Inputs): Promise<Manifest> {
    const content = contentOf(inputs);
    return content.mode === "source" ? (await sources.cached(content.source)).manifest : manifestFromInputs(content);
  }
}

/** Whether a run that fails is but a warning: what it left is pending all the same. */
function warnsOnFailure({ onFailure }: Inputs): boolean {
  return onFailure === "warn";
}

/** A run to which a quota that ran out on the way is no failure, since `partial` says to send the rest another day. */
function ignoreQuotaIfPartial(run: SubmitResult, { quota }: Inputs, { log, now }: SubmitContext): SubmitResult {
  const { failure, ...rest } = run;
  // With nothing left to send, it was a question that failed, and not a call.
  if (quota.onExceeded !== "partial" || run.pending.length === 0) return run;
  if (failure === undefined || !isQuotaExceeded(failure.code)) return run;
  log(describeRanOut(run.pending, now()));
  return rest;
}

/** A run with what the state has to keep of paths that the program no longer names. */
function withManners(run: SubmitResult, plan: Plan, before: Baseline): SubmitResult {
  return { ...run, removed: keepRequestKinds([...run.pending, ...run.unconfirmed], plan, before) };
}

function filesMoved(): VodError {
  return new VodError(
    "The files of source changed while Pulumi was at work, so that what would be refreshed is not what was previewed.",
    "Run `pulumi up` again when nothing writes to the directory any more.",
    { code: "FilesChanged" },
  );
}

/** Whether a check can foresee a call, from the old inputs, which don't tell what is pending. */
function isDue(olds: Properties, news: Inputs, kind: ResourceKind): boolean {
  if (isNew(olds)) return news.refreshOnCreate;
  const before = readInputs(olds, kind);
  if (before === undefined) return true;
  const [old, content] = [contentOf(before), contentOf(news)];
  if (old.mode === "source" || content.mode === "source") return hasChanges(before, news);
  return (
    planRefresh({ inputs: before, manifest: manifestFromInputs(old) }, news, manifestFromInputs(content)).paths.length >
    0
  );
}

/** Whether a check is for a resource that doesn't exist yet: the engine then hands over no old inputs. */
function isNew(olds: Properties): boolean {
  return Object.keys(olds).length === 0;
}

/** The package's own properties, which begin with `__` and travel through inputs and state as they are. */
function ownProperties(properties: Properties): Properties {
  const names = ["__provider", "__resourceName", SECRET_PATHS];
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)));
}

function requireInputs(news: Properties, kind: ResourceKind): Inputs {
  const inputs = readInputs(news, kind);
  if (inputs === undefined) throw asVodError(undefined);
  return inputs;
}
