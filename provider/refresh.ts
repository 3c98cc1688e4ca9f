/**
 * VodCacheRefresh as Pulumi's provider process runs it:
 *
 * | method | what it does |
 * |---|---|
 * | check  | validates and completes the inputs; in a preview already finds missing credentials when a call is due |
 * | diff   | plans; an update is shown when something is due or an input changed |
 * | create | sends all paths, or with `refreshOnCreate: false` none |
 * | update | sends what the plan says |
 * | read   | keeps what is there |
 * | delete | sends nothing: a purge can't be undone |
 */
import { randomUUID } from "node:crypto";
import type { dynamic } from "@pulumi/pulumi";
import { type ConfigReader, findCredentials } from "./credentials.js";
import { checkInputs, type RefreshInputs, readInputs } from "./inputs.js";
import { batchesOf, calls, counted, describePlan, differs, type Plan, planCreate, planUpdate } from "./plan.js";
import { emptyState, type RefreshState, readState, type Submission, withInputs, withSubmission } from "./state.js";
import { vodClient } from "./vod/client.js";
import { resolveEndpoint } from "./vod/endpoint.js";
import { VodError } from "./vod/errors.js";

/** What the provider needs of its surroundings; tests give their own. */
export interface Surroundings {
  environment: Readonly<NodeJS.ProcessEnv>;
  /** Prints a line that Pulumi shows as information under the stack. */
  info(line: string): void;
  now(): Date;
}

/** What the engine hands over and what the state holds, before anything is known of it. */
type Properties = Record<string, unknown>;

/** A run of a plan, up to its end or the first failure. */
type Run = Submission & { failure?: VodError };

/** Makes the provider of VodCacheRefresh. */
export function refreshProvider({ environment, info, now }: Surroundings) {
  let config: ConfigReader = () => undefined;

  const say = ({ __resourceName }: Properties, line: string) =>
    info(typeof __resourceName === "string" ? `${__resourceName}: ${line}` : line);

  async function submit(inputs: RefreshInputs, plan: Plan): Promise<Run> {
    const refreshTaskIds: string[] = [];
    const requestIds: string[] = [];
    const accepted: string[] = [];
    let failure: VodError | undefined;
    try {
      const client = vodClient({
        endpoint: resolveEndpoint(inputs.endpoint, environment),
        credentials: findCredentials(config, environment),
      });
      for (const paths of batchesOf(plan.paths, inputs.objectType)) {
        const answer = await client.refreshObjectCaches({ ...inputs, paths });
        refreshTaskIds.push(answer.refreshTaskId);
        requestIds.push(answer.requestId);
        accepted.push(...paths);
      }
    } catch (error) {
      failure = asVodError(error);
    }
    const run = { accepted, pending: plan.paths.slice(accepted.length), refreshTaskIds, requestIds };
    return { ...run, submittedAt: now().toISOString(), ...(failure ? { failure } : {}) };
  }

  /** The outputs of a run that did everything; of another, the error that makes Pulumi keep what it did and show why. */
  function outcome(id: string, news: Properties, state: RefreshState, run: Run) {
    const properties = { ...state, ...ownProperties(news) };
    const { accepted, pending, refreshTaskIds, failure } = run;
    if (failure === undefined) {
      const what = counted(accepted.length, state.objectType);
      say(news, `refreshed ${what} in ${calls(refreshTaskIds.length)}, task ${refreshTaskIds.join(", ")}`);
      return properties;
    }
    const done = counted(accepted.length, state.objectType, accepted.length + pending.length);
    const reason = `${failure.message} Refreshed before that: ${done}; the next update sends the rest.`;
    throw Object.assign(new Error(reason), { id, properties, reasons: [reason] });
  }

  return {
    // Must not wait for anything: the host doesn't make the first calls wait for it.
    async configure({ config: stack }: dynamic.ConfigureRequest): Promise<void> {
      config = (key) => stack.get(key);
    },

    async check(olds: Properties, news: Properties) {
      const { inputs, problems, warnings } = checkInputs(news, environment, config);
      if (problems.length === 0) {
        const complete = readInputs(inputs);
        const plan = complete && expectedPlan(olds, complete);
        // An unknown value shows as an update, which needs credentials like any other.
        if (plan === undefined || plan.paths.length > 0) problems.push(...missingCredentials(config, environment));
        if (problems.length === 0 && isNew(olds))
          say(news, complete && plan ? describePlan(plan, complete) : UNKNOWN_PLAN);
        for (const warning of warnings) say(news, `warning: ${warning}`);
      }
      return {
        inputs: { ...inputs, ...ownProperties(news) },
        // No property: with one, the engine prints its whole value before the sentence, 2,000 URLs or a signed one.
        failures: problems.map((reason) => ({ property: "", reason })),
      };
    },

    async diff(_id: string, olds: Properties, news: Properties) {
      const before = readState(olds);
      const inputs = readInputs(news);
      const plan = inputs && planUpdate(before, inputs);
      const changes = !inputs || !plan || plan.paths.length > 0 || differs(before, inputs);
      if (changes) say(news, inputs && plan ? describePlan(plan, inputs) : UNKNOWN_PLAN);
      return { changes };
    },

    async create(news: Properties) {
      const inputs = requireInputs(news);
      const plan = planCreate(inputs);
      const id = `vod-cache-refresh-${randomUUID()}`;
      if (plan.paths.length === 0) return { id, outs: { ...emptyState(inputs), ...ownProperties(news) } };
      const run = await submit(inputs, plan);
      // Nothing was sent: without a resource in the state, the next update creates it and sends everything.
      if (run.failure !== undefined && run.accepted.length === 0) throw run.failure;
      return { id, outs: outcome(id, news, withSubmission(inputs, undefined, run), run) };
    },

    /**
     * A failure always leaves the new hash with what is pending in the state, even if nothing was sent: the content
     * may be online already, so going back to the old hash must refresh as well.
     */
    async update(id: string, olds: Properties, news: Properties) {
      const before = readState(olds);
      const inputs = requireInputs(news);
      const plan = planUpdate(before, inputs);
      if (plan.paths.length === 0) return { outs: { ...withInputs(before, inputs), ...ownProperties(news) } };
      const run = await submit(inputs, plan);
      return { outs: outcome(id, news, withSubmission(inputs, plan.resumes ? before : undefined, run), run) };
    },

    async read(id: string, properties: Properties) {
      return { id, props: properties };
    },

    async delete(_id: string, properties: Properties) {
      say(properties, "nothing is sent on delete, since a refresh can't be undone; the resource is forgotten");
    },
  };
}

const UNKNOWN_PLAN = "to refresh: not known yet, since an input is known during the update only";

/** The plan that a check can foresee: from the old inputs, without what is pending. */
function expectedPlan(olds: Properties, news: RefreshInputs): Plan | undefined {
  if (isNew(olds)) return planCreate(news);
  const before = readInputs(olds);
  return before && planUpdate({ ...before, pending: [] }, news);
}

/** Whether a check is for a resource that doesn't exist yet: the engine then hands over no old inputs. */
function isNew(olds: Properties): boolean {
  return Object.keys(olds).length === 0;
}

/** The package's own properties, which begin with `__` and travel through inputs and state as they are. */
function ownProperties(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => name === "__provider" || name === "__resourceName"),
  );
}

function requireInputs(news: Properties): RefreshInputs {
  const inputs = readInputs(news);
  if (inputs === undefined) throw asVodError(undefined);
  return inputs;
}

function missingCredentials(config: ConfigReader, environment: Readonly<NodeJS.ProcessEnv>): string[] {
  try {
    findCredentials(config, environment);
    return [];
  } catch (error) {
    return [asVodError(error).message];
  }
}

/** Whatever else is thrown is a fault of ours, and may hold anything: nothing of it is shown. */
function asVodError(error: unknown): VodError {
  if (error instanceof VodError) return error;
  return new VodError("pulumi-alicloud-vod failed unexpectedly.", "Report it to the project.", { code: "Internal" });
}
