/** The rows of DescribeVodRefreshTasks: what they say, which to ask for, and whether they prove that a call was accepted. */
import { z } from "zod";
import { VodError } from "./errors.js";
import { DAILY_QUOTA } from "./limits.js";
import { domainOf } from "./paths.js";
import { formatTimestamp } from "./time.js";

export const TASK_STATUSES = ["Complete", "Refreshing", "Pending", "Failed"] as const;

/** How a refresh or preload task stands, in the service's words. */
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** One path of one refresh or preload, as the service reports it. */
export interface RefreshTask {
  /** One task ID can have many rows, one a path. */
  taskId: string;
  objectPath: string;
  /** In the service's lower case: `file`, `directory` or `preload`. */
  objectType: string;
  status: TaskStatus;
  /** How far it is, from 0 to 100. */
  percent: number;
  /** When it was accepted, by the service's clock, in whole seconds. */
  createdAt: Date;
  /** Why it failed; empty otherwise. */
  description: string;
}

/** Which rows to ask for: those of one task ID, or those of a time, of all paths or of exactly one. */
export type TaskFilter = { taskId: string } | { objectPath?: string; startTime: Date; endTime: Date };

/** The most rows that a page can have. Source: the page of DescribeVodRefreshTasks. */
export const TASKS_PER_PAGE = 50;

/** For how many days tasks can be asked for. Source: the page of DescribeVodRefreshTasks. */
export const RECORD_DAYS = 3;

/** More pages than the quotas of the days on record can fill. */
const MAX_TASK_PAGES = Math.ceil(
  (RECORD_DAYS * (DAILY_QUOTA.urls + DAILY_QUOTA.directories + DAILY_QUOTA.preload)) / TASKS_PER_PAGE,
);

/** How far around an attempt rows are asked for, in milliseconds: the service's clock and ours differ a little. */
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
      .transform((text) => text.slice(0, 300))
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
  // Bounded before a row is looked at: to say what is wrong with each of very many takes gigabytes.
  Tasks: z.object({ Task: z.array(z.unknown()).max(TASKS_PER_PAGE).default([]).pipe(z.array(task)) }),
});

/** The parameters that ask for the rows of a filter, but for the page. */
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
 * Asks for all pages, one after another.
 *
 * @param ask asks for one page, which counts from 1.
 * @throws VodError InvalidResponse where the service tells of more rows than {@link MAX_TASK_PAGES} pages hold: a part of
 * them must not pass for all.
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

/** A call whose outcome is not known. */
export interface UncertainCall {
  paths: readonly string[];
  /** How rows name the type of the call; undefined where they don't tell it from another that does less. */
  rowType: RowType | undefined;
  /**
   * When its first attempt in doubt began, in milliseconds since the epoch, by the service's clock. It is asked anew for
   * each row, since the answers that bring the rows tell more of that clock.
   */
  since: () => number;
  /** Until when its tasks may have been created, by the same clock. */
  until: number;
  /** Whether a task ID was the answer to another call: to any before this one began, or to one of another kind since. */
  isOthers: (taskId: string) => boolean;
}

/** The types that rows are known to name. Source: the page of DescribeVodRefreshTasks. */
export type RowType = "file" | "directory" | "preload";

/**
 * Asks whether a call was accepted, by the rows of its first and last path, and then of all of them: two questions tell
 * most calls that weren't, and only all rows tell those that were. Another call since, of this process or of any other, may
 * have had both ends and not what lies between them.
 *
 * Where a row may be another call's it proves nothing, since a purge too many is safe and one too few is not. A
 * CreationTime has whole seconds, so a row of the very second in which the attempt began may be older. And rows don't
 * tell IgnoreParams from File, nor a forced directory from one that isn't, nor the areas and headers of preloads. Of the
 * last, one gap stays: a preload of the same URLs for another area, in the same seconds, by another process, or by a call
 * of this one that isn't answered yet.
 *
 * @param describe asks for rows.
 * @returns the task IDs joined by commas, or undefined: it can't be told.
 * @throws whatever asking throws: without all its tasks, nobody could see what becomes of the call.
 */
export async function acceptedTaskIds(
  doubt: UncertainCall,
  describe: (filter: TaskFilter) => Promise<RefreshTask[]>,
): Promise<string | undefined> {
  const { paths, since, until } = doubt;
  const time = { startTime: new Date(since() - WINDOW_MARGIN_MS), endTime: new Date(until + WINDOW_MARGIN_MS) };
  const unproven = new Set(paths);
  const found = new Set<string>();
  const takeIn = (rows: readonly RefreshTask[]) => {
    const sent = new Set(paths);
    for (const row of rows) {
      if (!sent.has(row.objectPath) || !proves(row, doubt)) continue;
      unproven.delete(row.objectPath);
      found.add(row.taskId);
    }
  };
  for (const objectPath of new Set([...paths.slice(0, 1), ...paths.slice(-1)])) {
    takeIn((await describe({ ...time, objectPath })).filter((row) => row.objectPath === objectPath));
    if (unproven.has(objectPath)) return undefined;
  }
  const isKnown = unproven.size === 0;
  const rest: TaskFilter[] = isKnown ? [] : shareTaskId(doubt) ? [...found].map((taskId) => ({ taskId })) : [time];
  for (const filter of rest) takeIn(await describe(filter));
  return unproven.size === 0 ? [...found].join(",") : undefined;
}

/** Whether a row can be of no other call than the one in doubt, or of one that did the same for the path since. */
function proves({ objectType, createdAt, taskId }: RefreshTask, { rowType, since, isOthers }: UncertainCall): boolean {
  return objectType === rowType && createdAt.getTime() >= since() && !isOthers(taskId);
}

/** Whether the task IDs of a call's two ends are those of all its paths: refreshed URLs of a domain that go together share one. */
function shareTaskId({ paths, rowType }: UncertainCall): boolean {
  return rowType === "file" && new Set(paths.map(domainOf)).size === 1;
}
