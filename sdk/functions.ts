/** What a program can ask of the service while it runs. */
import * as pulumi from "@pulumi/pulumi";
import type { VodFunctions } from "../provider/resource/functions.js";

/** Who asks, and where; as for a resource. */
export interface VodLookupArgs {
  /** Where the VOD API is. Defaults to that of resources. */
  endpoint?: string;
  /** A profile of the Alibaba Cloud CLI. Defaults to the stack's credentials. */
  profile?: string;
  /** A RAM role to assume. Defaults to none. */
  roleArn?: string;
  /** What the role's session is called. Defaults to `pulumi-alicloud-vod`. */
  sessionName?: string;
  /** What the role's trust policy asks of callers from other accounts. Defaults to none. */
  externalId?: string;
}

/** Arguments of which each may be an output of another resource. */
export type VodInputs<T> = { [Key in keyof T]: pulumi.Input<T[Key]> };

/** What an account may do in a day, and what is left of it; days begin at midnight in UTC+8. Source: DescribeVodRefreshQuota. */
export interface VodRefreshQuota {
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

/** Which tasks to look at. */
export interface VodRefreshTasksArgs extends VodLookupArgs {
  /** The `taskIds` of a resource, or any others; IDs joined by commas too. */
  taskIds: string[];
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

/**
 * What is left of the day's quota. Each account is asked once a run, in previews too.
 *
 * @throws RunError, as a rejection, where the service refuses or there are no credentials: one sentence of what happened, one of
 * what to do.
 */
export function getVodRefreshQuota(args: VodLookupArgs = {}): Promise<VodRefreshQuota> {
  return once(["quota", args], async ({ quota }) => {
    const { urls, directories, preload } = await quota(args);
    return { urls, directories, ...(preload === undefined ? {} : { preloads: preload }) };
  });
}

/** The same with arguments that are outputs of other resources; not known in a preview while these aren't. */
export function getVodRefreshQuotaOutput(args: VodInputs<VodLookupArgs> = {}): pulumi.Output<VodRefreshQuota> {
  return pulumi.output(args).apply((known) => getVodRefreshQuota(known as VodLookupArgs));
}

/**
 * The paths of tasks, and how far they are; none of a task whose records expired (3 days). Each is asked for once a run.
 *
 * @throws RunError, as a rejection, as {@link getVodRefreshQuota} does.
 */
export function getVodRefreshTasks(args: VodRefreshTasksArgs): Promise<VodRefreshTask[]> {
  return once(["tasks", args], async ({ tasks }) => {
    const rows = await tasks(args);
    return rows.map(({ objectPath, createdAt, ...row }) => ({
      ...row,
      path: objectPath,
      createdAt: createdAt.toISOString(),
    }));
  });
}

/** The same with arguments that are outputs of other resources; not known in a preview while these aren't. */
export function getVodRefreshTasksOutput(args: VodInputs<VodRefreshTasksArgs>): pulumi.Output<VodRefreshTask[]> {
  return pulumi.output(args).apply((known) => getVodRefreshTasks(known as VodRefreshTasksArgs));
}

let service: Promise<VodFunctions> | undefined;
const answers = new Map<string, Promise<unknown>>();

/** Asks the service once a run for each question. */
function once<T>(question: [name: string, args: unknown], ask: (service: VodFunctions) => Promise<T>): Promise<T> {
  const key = JSON.stringify(question);
  service ??= load();
  const answer = (answers.get(key) as Promise<T> | undefined) ?? service.then(ask).catch(fail);
  answers.set(key, answer);
  return answer;
}

/** Loads what speaks to the service: a program that asks nothing is spared it. */
async function load(): Promise<VodFunctions> {
  const { vodFunctions } = await import("../provider/resource/functions.js");
  const config = (key: string) => {
    const [namespace, name = ""] = key.split(":", 2);
    return new pulumi.Config(namespace).get(name);
  };
  const log = (line: string) => void pulumi.log.info(line);
  return vodFunctions(config, { environment: process.env, log, now: () => new Date() });
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
