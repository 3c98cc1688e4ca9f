/** What a program can ask the service while it runs. */
import * as pulumi from "@pulumi/pulumi";
import type { VodFunctions } from "../provider/resource/functions.js";
import type { Log } from "../provider/text/log.js";
import type { VodError } from "../provider/vod/errors.js";
import type { CallInputs } from "./resource.js";
import { makeRunError } from "./run-error.js";

/** Who asks, and where: each argument may be an output of another resource. */
export interface GetVodRefreshQuotaOutputArgs extends Pick<CallInputs, "endpoint" | "profile" | "assumeRole"> {}

/** Who asks, and where. */
export interface GetVodRefreshQuotaArgs extends Known<GetVodRefreshQuotaOutputArgs> {}

/** Arguments without outputs and promises. */
type Known<Args> = { [Name in keyof Args]: pulumi.Unwrap<Args[Name]> };

/** An account's quotas of the day, which begins at midnight in UTC+8. Source: DescribeVodRefreshQuota. */
export interface GetVodRefreshQuotaResult {
  /** Refreshes of URLs. */
  urls: VodDayQuota;
  /** Refreshes of directories. */
  directories: VodDayQuota;
  /** Preloads of URLs. Undefined if the service doesn't say. */
  preloads?: VodDayQuota;
  /** Refreshes of regular expressions. Undefined if the service doesn't say: they are counted as directories then. */
  regex?: VodDayQuota;
  /** Refreshes of URLs with any query. Undefined if the service doesn't say: they are counted as URLs then. */
  ignoreParams?: VodDayQuota;
}

/** One quota of the day. */
export interface VodDayQuota {
  /** How many the account has each day. */
  quota: number;
  /** How many are left today. */
  remain: number;
}

/** Which tasks to ask for, who asks, and where: each argument may be an output of another resource. */
export interface GetVodRefreshTasksOutputArgs extends GetVodRefreshQuotaOutputArgs {
  /**
   * The IDs of the tasks: the `taskIds` of a resource, or any others. A text may hold several IDs, joined by commas.
   */
  taskIds: pulumi.Input<pulumi.Input<string>[]>;
}

/** Which tasks to ask for, who asks, and where. */
export interface GetVodRefreshTasksArgs extends Known<GetVodRefreshTasksOutputArgs> {}

/** How far tasks are. */
export interface GetVodRefreshTasksResult {
  /** Every path of every task, in the order of `taskIds`. A task whose records expired, after 3 days, has none. */
  tasks: VodRefreshTask[];
}

/** One path of one task. Source: DescribeVodRefreshTasks. */
export interface VodRefreshTask {
  /** Source: `TaskId`. */
  taskId: string;
  /** The path as the service shows it. Source: `ObjectPath`. */
  path: string;
  /** In the service's words: `file`, `directory` or `preload`. */
  objectType: string;
  /** Source: `Status`. */
  status: "Complete" | "Refreshing" | "Pending" | "Failed";
  /** The progress, from 0 to 100. Source: `Process`. */
  percent: number;
  /** When the task was accepted, ISO 8601 in UTC by the service's clock. Source: `CreationTime`. */
  createdAt: string;
  /** Why it failed; empty otherwise. Source: `Description`. */
  description: string;
}

/** The same as `pulumi.InvokeOutputOptions`, which the oldest version of Pulumi that works doesn't have. */
type InvokeOutputOptions = pulumi.InvokeOptions & Pick<pulumi.ResourceOptions, "dependsOn">;

/**
 * Asks how much of the day's quota is left. The same question is asked once a run, in previews too, and tried as often as
 * a resource tries its calls. Under `pulumi.runtime.setMocks`, `call` is asked for
 * `alicloud-vod:index:getVodRefreshQuota`, and the service isn't.
 *
 * @param opts `parent` is the resource beside which lines are logged. The other options have no effect, since no
 * provider of Pulumi takes part.
 * @throws RunError, as a rejection, if the service refuses or there are no credentials: one sentence says what
 * happened, one what to do.
 */
export function getVodRefreshQuota(
  args: GetVodRefreshQuotaArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetVodRefreshQuotaResult> {
  return once(["quota", args], () => askQuota(args, opts));
}

/**
 * Asks the same with arguments that may be outputs of other resources. In a preview the answer is unknown while an
 * argument is.
 *
 * @param opts as of {@link getVodRefreshQuota}, and `dependsOn`: the resources that have to be deployed first. The
 * question is then asked after that, even if it was asked before.
 */
export function getVodRefreshQuotaOutput(
  args: GetVodRefreshQuotaOutputArgs = {},
  opts: InvokeOutputOptions = {},
): pulumi.Output<GetVodRefreshQuotaResult> {
  const ask = opts.dependsOn === undefined ? getVodRefreshQuota : askQuota;
  return askAfter(args, opts, (known) => ask(known as GetVodRefreshQuotaArgs, opts));
}

/**
 * Asks how far tasks are. The same question is asked once a run, in previews too. Under `pulumi.runtime.setMocks`, `call`
 * is asked for `alicloud-vod:index:getVodRefreshTasks`.
 *
 * @param opts as of {@link getVodRefreshQuota}.
 * @throws RunError, as a rejection, as {@link getVodRefreshQuota} does.
 */
export function getVodRefreshTasks(
  args: GetVodRefreshTasksArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetVodRefreshTasksResult> {
  return once(["tasks", args], () => askTasks(args, opts));
}

/**
 * Asks the same with arguments that may be outputs of other resources. In a preview the answer is unknown while an
 * argument is.
 *
 * @param opts as of {@link getVodRefreshQuotaOutput}.
 */
export function getVodRefreshTasksOutput(
  args: GetVodRefreshTasksOutputArgs,
  opts: InvokeOutputOptions = {},
): pulumi.Output<GetVodRefreshTasksResult> {
  const ask = opts.dependsOn === undefined ? getVodRefreshTasks : askTasks;
  return askAfter(args, opts, (known) => ask(known as GetVodRefreshTasksArgs, opts));
}

async function askQuota(args: GetVodRefreshQuotaArgs, opts?: pulumi.InvokeOptions): Promise<GetVodRefreshQuotaResult> {
  if (isMocked()) return pulumi.runtime.invoke("alicloud-vod:index:getVodRefreshQuota", args, opts);
  return ask(opts, ({ quota }, log) => quota(args, { log }));
}

async function askTasks(args: GetVodRefreshTasksArgs, opts?: pulumi.InvokeOptions): Promise<GetVodRefreshTasksResult> {
  if (isMocked()) return pulumi.runtime.invoke("alicloud-vod:index:getVodRefreshTasks", args, opts);
  return ask(opts, ({ tasks }, log) => tasks(args, { log }));
}

/** Asks once all arguments are known and the resources in `dependsOn` are deployed. */
function askAfter<T>(
  args: object,
  { dependsOn = [] }: InvokeOutputOptions,
  ask: (known: unknown) => Promise<T>,
): pulumi.Output<T> {
  const deployed = pulumi
    .output(dependsOn)
    .apply((given) => pulumi.all(([given].flat() as pulumi.Resource[]).map(idOf)));
  return pulumi.all([args, deployed]).apply(([known]) => ask(known));
}

/** A resource's ID, or those of a component's children: unknown in a preview while one of them isn't deployed. */
function idOf(resource: pulumi.Resource): pulumi.Output<unknown> {
  if (pulumi.CustomResource.isInstance(resource)) return resource.id;
  // Pulumi's own functions wait for the same children; its types don't have them.
  const { __childResources: children = [] } = resource as { __childResources?: Iterable<pulumi.Resource> };
  return resource.urn.apply(() => pulumi.all([...children].map(idOf)));
}

/** One run of one program; a process that runs several through the Automation API has one for each. */
interface Run {
  /** What talks to the service with the run's settings, once a question came. */
  service: Promise<VodFunctions> | undefined;
  answers: Map<string, Promise<unknown>>;
}

/** The runs, by their connections to the engine. */
const runs = new WeakMap<object, Run>();
/** Stands for the connection of a program that no engine runs. */
const NO_ENGINE = {};

function currentRun(): Run {
  const engine = pulumi.runtime.getMonitor() ?? NO_ENGINE;
  const run = runs.get(engine) ?? { service: undefined, answers: new Map() };
  runs.set(engine, run);
  return run;
}

/** Asks the service once a run for each question. A failure isn't kept: the next one to ask tries again. */
function once<T>(question: [name: string, args: unknown], ask: () => Promise<T>): Promise<T> {
  // A mock may answer in another way each time.
  if (isMocked()) return ask();
  const { answers } = currentRun();
  const key = JSON.stringify(question);
  const known = answers.get(key) as Promise<T> | undefined;
  if (known !== undefined) return known;
  const answer = ask();
  answers.set(key, answer);
  answer.catch(() => answers.delete(key));
  return answer;
}

/** Whether a test stands in for the engine with `pulumi.runtime.setMocks`: then nothing is asked but its mocks. */
function isMocked(): boolean {
  const monitor: object | undefined = pulumi.runtime.getMonitor();
  return monitor !== undefined && "mocks" in monitor;
}

/** Asks a question and logs its lines beside the parent. */
async function ask<T>(
  { parent }: pulumi.InvokeOptions = {},
  question: (service: VodFunctions, log: Log) => Promise<T>,
): Promise<T> {
  const run = currentRun();
  run.service ??= load();
  const { log: engine } = pulumi;
  const log: Log = {
    info: (text) => void engine.info(text, parent),
    warning: (text) => void engine.warn(text, parent),
    progress: (text) => void engine.info(text, parent, undefined, true),
  };
  return run.service.then((functions) => question(functions, log)).catch(fail);
}

/** Loads what talks to the service. A program that asks nothing doesn't load it. */
async function load(): Promise<VodFunctions> {
  const { vodFunctions } = await import("../provider/resource/functions.js");
  const config = (key: string) => {
    const [namespace, name = ""] = key.split(":", 2);
    return new pulumi.Config(namespace).get(name);
  };
  return vodFunctions(config, { environment: process.env, now: () => new Date() });
}

/** Tells a failure in sentences. Any other error than the service's says nothing to a user. */
export function fail(error: unknown): never {
  const isVodError = error instanceof Error && error.name === "VodError";
  throw makeRunError(
    isVodError
      ? (error as VodError).full
      : "The part of pulumi-alicloud-vod that calls the VOD API could not be loaded. Install the package again, on Node 20.19 or newer.",
  );
}
