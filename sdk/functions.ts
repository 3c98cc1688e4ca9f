/** What a program can ask of the service while it runs. */
import * as pulumi from "@pulumi/pulumi";
import type { VodFunctions } from "../provider/resource/functions.js";
import type { AssumeRoleArgs } from "./resource.js";

/** Who asks the service how much of the day is left, and where; as for a resource. */
export interface GetVodRefreshQuotaArgs {
  /** Where the VOD API is. Defaults to that of resources. */
  endpoint?: string;
  /** A profile of the Alibaba Cloud CLI. Defaults to the stack's credentials. */
  profile?: string;
  /** A RAM role to assume. Defaults to none. */
  assumeRole?: pulumi.Unwrap<AssumeRoleArgs>;
}

/** The same, where each argument may be an output of another resource. */
export interface GetVodRefreshQuotaOutputArgs {
  endpoint?: pulumi.Input<string>;
  profile?: pulumi.Input<string>;
  assumeRole?: pulumi.Input<AssumeRoleArgs>;
}

/** What an account may do in a day, and what is left of it; days begin at midnight in UTC+8. Source: DescribeVodRefreshQuota. */
export interface GetVodRefreshQuotaResult {
  urls: VodDayQuota;
  directories: VodDayQuota;
  /** Undefined where the service doesn't tell. */
  preloads?: VodDayQuota;
}

/** How many a day, and how many are left. */
export interface VodDayQuota {
  quota: number;
  remain: number;
}

/** Which tasks to look at, who asks, and where. */
export interface GetVodRefreshTasksArgs extends GetVodRefreshQuotaArgs {
  /** The `taskIds` of a resource, or any others; IDs joined by commas too. */
  taskIds: string[];
}

/** The same, where each argument may be an output of another resource. */
export interface GetVodRefreshTasksOutputArgs extends GetVodRefreshQuotaOutputArgs {
  taskIds: pulumi.Input<pulumi.Input<string>[]>;
}

/** The paths of tasks. */
export interface GetVodRefreshTasksResult {
  /** Task after task, in the order of `taskIds`; none of a task whose records expired (3 days). */
  tasks: VodRefreshTask[];
}

/** One path of one task. Source: DescribeVodRefreshTasks. */
export interface VodRefreshTask {
  taskId: string;
  path: string;
  /** In the service's words: `file`, `directory` or `preload`. */
  objectType: string;
  status: "Complete" | "Refreshing" | "Pending" | "Failed";
  /** From 0 to 100. */
  percent: number;
  /** When it was accepted, ISO 8601 in UTC by the service's clock. */
  createdAt: string;
  /** Why it failed; empty otherwise. */
  description: string;
}

/** As `pulumi.InvokeOutputOptions` of later versions of Pulumi. */
type InvokeOutputOptions = pulumi.InvokeOptions & Pick<pulumi.ResourceOptions, "dependsOn">;

/**
 * What is left of the day's quota. Each account is asked once a run, in previews too.
 *
 * @param opts `parent`: the resource beside which lines are logged while it is asked. The others have no effect, since no
 * provider of Pulumi is asked.
 * @throws RunError, as a rejection, where the service refuses or there are no credentials: one sentence of what happened, one of
 * what to do.
 */
export function getVodRefreshQuota(
  args: GetVodRefreshQuotaArgs = {},
  opts?: pulumi.InvokeOptions,
): Promise<GetVodRefreshQuotaResult> {
  return once(["quota", args], () => askQuota(args, opts));
}

/**
 * The same with arguments that are outputs of other resources; not known in a preview while these aren't.
 *
 * @param opts `parent` as there; `dependsOn`: resources that are deployed before the service is asked, which is then done once more.
 */
export function getVodRefreshQuotaOutput(
  args: GetVodRefreshQuotaOutputArgs = {},
  opts: InvokeOutputOptions = {},
): pulumi.Output<GetVodRefreshQuotaResult> {
  const ask = opts.dependsOn === undefined ? getVodRefreshQuota : askQuota;
  return afterwards(args, opts, (known) => ask(known as GetVodRefreshQuotaArgs, opts));
}

/**
 * The paths of tasks, and how far they are. Each list of tasks is asked for once a run, in previews too.
 *
 * @param opts `parent`: the resource beside which lines are logged while it is asked. The others have no effect, since no
 * provider of Pulumi is asked.
 * @throws RunError, as a rejection, as {@link getVodRefreshQuota} does.
 */
export function getVodRefreshTasks(
  args: GetVodRefreshTasksArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetVodRefreshTasksResult> {
  return once(["tasks", args], () => askTasks(args, opts));
}

/**
 * The same with arguments that are outputs of other resources; not known in a preview while these aren't.
 *
 * @param opts `parent` as there; `dependsOn`: resources that are deployed before the service is asked, which is then done once more.
 */
export function getVodRefreshTasksOutput(
  args: GetVodRefreshTasksOutputArgs,
  opts: InvokeOutputOptions = {},
): pulumi.Output<GetVodRefreshTasksResult> {
  const ask = opts.dependsOn === undefined ? getVodRefreshTasks : askTasks;
  return afterwards(args, opts, (known) => ask(known as GetVodRefreshTasksArgs, opts));
}

async function askQuota(args: GetVodRefreshQuotaArgs, opts?: pulumi.InvokeOptions): Promise<GetVodRefreshQuotaResult> {
  const { urls, directories, preload } = await ask(opts, ({ quota }, log) => quota(args, { log }));
  return { urls, directories, ...(preload === undefined ? {} : { preloads: preload }) };
}

async function askTasks(args: GetVodRefreshTasksArgs, opts?: pulumi.InvokeOptions): Promise<GetVodRefreshTasksResult> {
  const rows = await ask(opts, ({ tasks }, log) => tasks(args, { log }));
  const tasks = rows.map(({ objectPath, createdAt, ...row }) => ({
    ...row,
    path: objectPath,
    createdAt: createdAt.toISOString(),
  }));
  return { tasks };
}

/** Asks when all arguments are known, and the resources that it depends on are deployed. */
function afterwards<T>(
  args: object,
  { dependsOn = [] }: InvokeOutputOptions,
  ask: (known: unknown) => Promise<T>,
): pulumi.Output<T> {
  const deployed = pulumi
    .output(dependsOn)
    .apply((given) => pulumi.all(([given].flat() as pulumi.Resource[]).map(idOf)));
  return pulumi.all([args, deployed]).apply(([known]) => ask(known));
}

/** Not known in a preview while the resource isn't there; of a component, while one of its children isn't. */
function idOf(resource: pulumi.Resource): pulumi.Output<unknown> {
  if (pulumi.CustomResource.isInstance(resource)) return resource.id;
  // Pulumi's own functions wait for the same children, which its types don't tell of.
  const { __childResources: children = [] } = resource as { __childResources?: Iterable<pulumi.Resource> };
  return resource.urn.apply(() => pulumi.all([...children].map(idOf)));
}

const answers = new Map<string, Promise<unknown>>();

/** Asks the service once a run for each question. */
function once<T>(question: [name: string, args: unknown], ask: () => Promise<T>): Promise<T> {
  const key = JSON.stringify(question);
  const answer = (answers.get(key) as Promise<T> | undefined) ?? ask();
  answers.set(key, answer);
  return answer;
}

let service: Promise<VodFunctions> | undefined;

/** Asks a question, whose lines stand beside the parent. */
async function ask<T>(
  { parent }: pulumi.InvokeOptions = {},
  question: (service: VodFunctions, log: (line: string) => void) => Promise<T>,
): Promise<T> {
  service ??= load();
  const log = (line: string) => void pulumi.log.info(line, parent);
  return service.then((functions) => question(functions, log)).catch(fail);
}

/** Loads what speaks to the service: a program that asks nothing is spared it. */
async function load(): Promise<VodFunctions> {
  const { vodFunctions } = await import("../provider/resource/functions.js");
  const config = (key: string) => {
    const [namespace, name = ""] = key.split(":", 2);
    return new pulumi.Config(namespace).get(name);
  };
  return vodFunctions(config, { environment: process.env, now: () => new Date() });
}

/** A program's runner prints this error without the stack trace; what else fails than a question says nothing to a user. */
function fail(error: unknown): never {
  const isTold = error instanceof Error && error.name === "VodError";
  throw new pulumi.RunError(
    isTold
      ? error.message
      : "The part of pulumi-alicloud-vod that asks the VOD API can't be loaded. Install the package again, on Node 20.19 or newer.",
  );
}
