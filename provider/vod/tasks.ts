/**
 * The rows of DescribeVodRefreshTasks: what they say, how they are asked for, and whether they prove that a call was
 * accepted.
 */
import { z } from "zod";
import { showText } from "../text/show.js";
import { VodError } from "./errors.js";
import { DAILY_QUOTA } from "./limits.js";
import { domainOf } from "./paths.js";
import { formatTimestamp } from "./time.js";

export const TASK_STATUSES = ["Complete", "Refreshing", "Pending", "Failed"] as const;

/** The status of a refresh or preload task, in the service's words. */
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** One path of one refresh or preload, as the service reports it. */
export interface RefreshTask {
  /** A task ID can have many rows, one for each path. */
  taskId: string;
  objectPath: string;
  /** In the service's lower case: `file`, `directory` or `preload`. */
  objectType: string;
  status: TaskStatus;
  /** Its progress, from 0 to 100. */
  percent: number;
  /** When the service accepted it, by the service's clock, in whole seconds. */
  createdAt: Date;
  /** Why it failed; empty otherwise. */
  description: string;
}

/** Which rows to ask for: those of one task ID, or those of a time, for all paths or for one. */
export type TaskFilter = { taskId: string } | { objectPath?: string; startTime: Date; endTime: Date };

/** The most rows that a page can have. Source: the page of DescribeVodRefreshTasks. */
export const TASKS_PER_PAGE = 50;

/** For how many days tasks can be asked for. Source: the page of DescribeVodRefreshTasks. */
export const RECORD_DAYS = 3;

/** More pages than the quotas of the days on record can fill. */
const MAX_TASK_PAGES = Math.ceil(
  (RECORD_DAYS * (DAILY_QUOTA.urls + DAILY_QUOTA.directories + DAILY_QUOTA.preload)) / TASKS_PER_PAGE,
);

/**
 * How far around an attempt rows are asked for, in milliseconds: the service's clock and this machine's differ a
 * little.
 */
const WINDOW_MARGIN_MS = 60_000;

const task = z
  .object({
    TaskId: z.string().min(1).max(100),
    ObjectPath: z.string().max(8_192),
    ObjectType: z.string().max(100),
    Status: z.enum(TASK_STATUSES),
    Process: z.string().regex(/^\d{1,3}(\.\d+)?%$/),
    CreationTime: z.iso.datetime(),
    Description: z
      .string()
      .transform((text) => (text === "" ? "" : showText(text)))
      .default(""),
  })
  .transform(
    (row): RefreshTask => ({
      taskId: row.TaskId,
      objectPath: row.ObjectPath,
      objectType: row.ObjectType,
      status: row.Status,
      percent: Number(row.Process.slice(0, -1)),
      createdAt: new Date(row.CreationTime),
      description: row.Description,
    }),
  );

/** One page of the answer; fields that are not named here are ignored. */
export const tasksPage = z.object({
  TotalCount: z.number().int().nonnegative(),
  // Bounded before a row is read: to say what is wrong with each of very many takes gigabytes.
  Tasks: z.object({ Task: z.array(z.unknown()).max(TASKS_PER_PAGE).default([]).pipe(z.array(task)) }),
});

/** The parameters that ask for the rows of a filter, without those of the page. */
export function tasksParameters(filter: TaskFilter): Record<string, string> {
  if ("taskId" in filter) return { TaskId: filter.taskId };
  const { objectPath, startTime, endTime } = filter;
  return {
    ...(objectPath === undefined ? {} : { ObjectPath: objectPath }),
    StartTime: formatTimestamp(startTime),
    EndTime: formatTimestamp(new Date(Math.ceil(endTime.getTime() / 1000) * 1000)),
  };
}

/**
 * Asks for all pages, one after the other.
 *
 * @param ask asks for one page; the first is 1.
 * @throws VodError InvalidResponse where the service has more rows than {@link MAX_TASK_PAGES} pages hold: a part of them
 * must not pass for all.
 */
export async function allPages(ask: (page: number) => Promise<z.infer<typeof tasksPage>>): Promise<RefreshTask[]> {
  const rows: RefreshTask[] = [];
  for (let page = 1; page <= MAX_TASK_PAGES; page++) {
    const { TotalCount, Tasks } = await ask(page);
    rows.push(...Tasks.Task);
    if (Tasks.Task.length === 0 || rows.length >= TotalCount) return rows;
  }
  throw new VodError(
    `The VOD API tells of more than ${MAX_TASK_PAGES * TASKS_PER_PAGE} refresh tasks at once.`,
    "Ask for fewer of them: one task ID, or a shorter time.",
    { code: "InvalidResponse" },
  );
}

/** A call with an unknown outcome. */
export interface UncertainCall {
  paths: readonly string[];
  /** How rows name the type of the call; undefined where they don't tell it from a call that does less. */
  rowType: RowType | undefined;
  /**
   * When its first uncertain attempt began, in milliseconds since the epoch, by the service's clock. It is computed for
   * each row, since the answers that bring the rows tell more about that clock.
   */
  since: () => number;
  /** When its tasks were created at the latest, by the same clock. */
  until: number;
  /** Whether a task ID answered another call: any before this one began, or one of another kind since. */
  belongsToOther: (taskId: string) => boolean;
}

/** The types that rows are known to name. Source: the page of DescribeVodRefreshTasks. */
export type RowType = "file" | "directory" | "preload";

/**
 * Finds out whether a call was accepted: by the rows of its first and last path, and then of all its paths. The two
 * questions exclude most calls that weren't accepted; only all rows prove that one was, since another call since, of this
 * process or of any other, may have had both ends and not the paths between them.
 *
 * A row that may belong to another call proves nothing, since a purge too many is safe and a purge too few is not. A
 * CreationTime has whole seconds, so a row of the very second in which the attempt began may be older. Rows don't tell
 * IgnoreParams from File, nor a forced directory from one that isn't, nor the areas and headers of preloads. One gap
 * stays for preloads: a preload of the same URLs for another area, in the same seconds, by another process, or by a call
 * of this process that isn't answered yet.
 *
 * @param describe asks for rows.
 * @returns the task IDs joined by commas; undefined where nothing is proved.
 * @throws whatever asking throws: without all its tasks, nobody could follow the call.
 */
export async function acceptedTaskIds(
  call: UncertainCall,
  describe: (filter: TaskFilter) => Promise<RefreshTask[]>,
): Promise<string | undefined> {
  const { paths, since, until } = call;
  const time = { startTime: new Date(since() - WINDOW_MARGIN_MS), endTime: new Date(until + WINDOW_MARGIN_MS) };
  const unproven = new Set(paths);
  const found = new Set<string>();
  const record = (rows: readonly RefreshTask[]) => {
    const sent = new Set(paths);
    for (const row of rows) {
      if (!sent.has(row.objectPath) || !proves(row, call)) continue;
      unproven.delete(row.objectPath);
      found.add(row.taskId);
    }
  };
  for (const objectPath of new Set([...paths.slice(0, 1), ...paths.slice(-1)])) {
    record((await describe({ ...time, objectPath })).filter((row) => row.objectPath === objectPath));
    if (unproven.has(objectPath)) return undefined;
  }
  const isProved = unproven.size === 0;
  const rest: TaskFilter[] = isProved ? [] : haveOneTaskId(call) ? [...found].map((taskId) => ({ taskId })) : [time];
  for (const filter of rest) record(await describe(filter));
  return unproven.size === 0 ? [...found].join(",") : undefined;
}

/** Whether a row belongs to the uncertain call, or to a call since that did the same for the path. */
function proves(
  { objectType, createdAt, taskId }: RefreshTask,
  { rowType, since, belongsToOther }: UncertainCall,
): boolean {
  return objectType === rowType && createdAt.getTime() >= since() && !belongsToOther(taskId);
}

/**
 * Whether the task IDs of a call's two ends are those of all its paths: the refreshed URLs of one domain in a call
 * share one.
 */
function haveOneTaskId({ paths, rowType }: UncertainCall): boolean {
  return rowType === "file" && new Set(paths.map(domainOf)).size === 1;
}
