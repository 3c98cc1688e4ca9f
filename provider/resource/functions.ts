/** What a program may ask the service. The sdk loads it in the program's own process, when the first question comes. */
import { z } from "zod";
import type { ConfigReader, Identity } from "../credentials/chain.js";
import { callerSchemas } from "../schema/call-inputs.js";
import { showLine } from "../text/show.js";
import type { QuestionOptions, RefreshTask, VodClient } from "../vod/client.js";
import { asVodError, VodError } from "../vod/errors.js";
import type { RefreshQuota } from "../vod/quota.js";
import { describeIssue, describeUnknownInput } from "./check-value.js";
import { Clients, type Runtime } from "./clients.js";
import type { CallContext } from "./context.js";

/** Who asks, and where. */
interface Where extends Identity {
  endpoint?: string | undefined;
}

/** What comes with each call of a function. */
type FunctionContext = Pick<CallContext, "log" | "signal">;

/** What is left of each of the day's quotas. */
export type QuotaResult = Omit<RefreshQuota, "preload"> & { readonly preloads?: NonNullable<RefreshQuota["preload"]> };

/** How far tasks are. */
export interface TasksResult {
  tasks: (Omit<RefreshTask, "objectPath" | "createdAt"> & { path: string; createdAt: string })[];
}

export interface VodFunctions {
  /** @throws VodError for every failure; InvalidArguments if the arguments can't be used. */
  quota(args: unknown, context: FunctionContext): Promise<QuotaResult>;
  /**
   * The rows of tasks, task after task; none of a task whose records expired.
   *
   * @param args who asks and where, with the `taskIds`.
   * @throws VodError as well.
   */
  tasks(args: unknown, context: FunctionContext): Promise<TasksResult>;
}

export function vodFunctions(settings: ConfigReader, runtime: Runtime): VodFunctions {
  const clients = new Clients(runtime);
  clients.configure(settings);
  return {
    quota: (args, { log, signal }) =>
      asVodErrors(async () => {
        const { where } = checkArguments("getVodRefreshQuota", args, {});
        const client = clients.submitClient(where);
        const { preload, ...quotas } = await client.describeRefreshQuota({ onWait: log.progress, signal });
        return { ...quotas, ...(preload === undefined ? {} : { preloads: preload }) };
      }),
    tasks: (args, { log, signal }) =>
      asVodErrors(async () => {
        const { where, taskIds } = checkArguments("getVodRefreshTasks", args, TASK_IDS);
        return describeTasks(clients.submitClient(where), taskIds, { onWait: log.progress, signal });
      }),
  };
}

/** Asks, and turns whatever is thrown into a VodError. */
function asVodErrors<T>(ask: () => Promise<T>): Promise<T> {
  return ask().catch((error: unknown) => {
    throw asVodError(error);
  });
}

async function describeTasks(
  client: VodClient,
  taskIds: readonly string[],
  options: QuestionOptions,
): Promise<TasksResult> {
  const ids = new Set(taskIds.flatMap((joined) => joined.split(",")).filter((id) => id !== ""));
  const rows: RefreshTask[] = [];
  for (const taskId of ids) rows.push(...(await client.describeRefreshTasks({ taskId }, options)));
  const tasks = rows.map(({ objectPath, createdAt, ...row }) => ({
    ...row,
    taskId: showLine(row.taskId),
    path: showLine(objectPath),
    objectType: showLine(row.objectType),
    createdAt: createdAt.toISOString(),
  }));
  return { tasks };
}

const TASK_IDS = { taskIds: z.array(z.string()).meta({ mustBe: "the taskIds of a resource, or a list of task IDs" }) };

/**
 * Checks the arguments of a question by the rules of the resources' inputs. An unknown argument is refused: if it were ignored,
 * another account might answer.
 *
 * @throws VodError InvalidArguments.
 */
function checkArguments(name: string, args: unknown, own: Readonly<Record<string, z.ZodType>>) {
  const schemas: Readonly<Record<string, z.ZodType>> = { ...own, ...callerSchemas };
  const values = Object.fromEntries(Object.entries(args ?? {}).filter(([, value]) => value != null));
  for (const given of Object.keys(values)) {
    if (!Object.hasOwn(schemas, given)) throw invalid(name, describeUnknownInput(given, { name, schemas }, "argument"));
  }
  for (const [argument, schema] of Object.entries(schemas)) {
    const { error } = schema.safeParse(values[argument]);
    if (error) throw invalid(name, describeIssue(argument, schema, values[argument], error));
  }
  const { taskIds, ...where } = values;
  return { where: where as Where, taskIds: taskIds as string[] };
}

/** @param problem what is wrong and what to do, as the check of inputs words it. */
function invalid(name: string, problem: string): VodError {
  return new VodError(`${name} got a wrong argument.`, problem, { code: "InvalidArguments" });
}
