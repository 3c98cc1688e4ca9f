/**
 * The rows of DescribeVodRefreshTasks: what they say, how they are asked for, and whether they prove that a call was
 * accepted.
 */
import { z } from "zod";
import { showText } from "../text/show.js";
import { VodError } from "./errors.js";
import { formatNumber } from "./format.js";
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

/** What a CreationTime is cut off to, in milliseconds. */
const SECOND_MS = 1_000;

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
  throw tooManyTasks();
}

export function tooManyTasks(): VodError {
  return new VodError(
    `The VOD API returned more than ${formatNumber(MAX_TASK_PAGES * TASKS_PER_PAGE)} tasks for one query.`,
    "Query a single task ID, or a shorter time range.",
    { code: "InvalidResponse" },
  );
}

/** A call with an unknown outcome. All times are the service's, in milliseconds since the epoch. */
export interface UncertainCall {
  paths: readonly string[];
  /** How rows name the type of the call; undefined where they don't tell it from a call that does less. */
  rowType: RowType | undefined;
  /** All names that rows may have for the type of the call. */
  rowNames: readonly string[];
  /**
   * When its first uncertain attempt began, at the earliest. It is computed for each question, since the answers that bring
   * the rows tell more about the service's clock.
   */
  since: () => number;
  /** When that attempt began, at the latest. */
  sinceAtLatest: () => number;
  /** When its tasks were created, at the latest. */
  until: number;
  /** Leaves out the rows that other calls of this process explain. */
  withoutOthers: (rows: readonly RefreshTask[]) => RefreshTask[];
}

/** The types that rows are known to name. Source: the page of DescribeVodRefreshTasks. */
export type RowType = "file" | "directory" | "preload";

/** What the service's tasks say of an uncertain call. */
interface Evidence {
  /** The IDs of the tasks that are the call's, or look like them, joined by commas. */
  taskIds: string;
  /** Whether they prove that the call was accepted; if not, they may be somebody else's. */
  isProof: boolean;
}

/**
 * Finds out whether a call was accepted: by the rows of its first and last path, and then of all its paths. The two
 * questions exclude most calls that weren't accepted; only all rows prove that one was, since another call since, of this
 * process or of any other, may have had both ends and not the paths between them.
 *
 * @param describe asks for rows.
 * @returns undefined where the tasks don't even look like the call's.
 * @throws whatever asking throws: without all its tasks, nobody could follow the call.
 */
export async function acceptedTaskIds(
  call: UncertainCall,
  describe: (filter: TaskFilter) => Promise<RefreshTask[]>,
): Promise<Evidence | undefined> {
  const { paths, since, until } = call;
  const time = { startTime: new Date(since() - WINDOW_MARGIN_MS), endTime: new Date(until + WINDOW_MARGIN_MS) };
  const ends = new Set([...paths.slice(0, 1), ...paths.slice(-1)]);
  const ofEnds: RefreshTask[] = [];
  for (const objectPath of ends) {
    const rows = (await describe({ ...time, objectPath })).filter((row) => row.objectPath === objectPath);
    if (selectCandidates(rows, call).length === 0) return undefined;
    ofEnds.push(...rows);
  }
  const areAll = new Set(paths).size === ends.size;
  const certain = ofEnds.filter((row) => isCertain(row, call));
  if (areAll && haveAll(selectCandidates(certain, call), call)) return weighRows(certain, call);
  // The other rows of its tasks tell whether they are those of one call.
  const taskIds = new Set(selectCandidates(ofEnds, call).map(({ taskId }) => taskId));
  const filters: TaskFilter[] = areAll || haveOneTaskId(call) ? [...taskIds].map((taskId) => ({ taskId })) : [time];
  const rows: RefreshTask[] = [];
  for (const filter of filters) rows.push(...(await describe(filter)));
  return weighRows(rows, call);
}

/**
 * What all rows of the tasks in question say of a call. A purge too many is safe and a purge too few is not, so that a row
 * which may be another call's proves nothing:
 *
 * - A CreationTime has whole seconds. A row of a second that began after the attempt is the call's, or of a call since that
 *   did the same. In the second in which the attempt began, or may have begun by the service's clock, the rows together
 *   decide: see {@link areOfOneCall}.
 * - Rows don't tell IgnoreParams from File, nor a forced refresh from one that isn't. They are never proof of these.
 *
 * Rows don't tell the areas and headers of preloads either, and are proof all the same: a preload too few leaves the
 * content right.
 */
function weighRows(rows: readonly RefreshTask[], call: UncertainCall): Evidence | undefined {
  const candidates = selectCandidates(rows, call);
  const certain = candidates.filter((row) => isCertain(row, call));
  if (haveAll(certain, call)) return { taskIds: joinIds(certain), isProof: true };
  if (!haveAll(candidates, call)) return undefined;
  return { taskIds: joinIds(candidates), isProof: call.rowType !== undefined && areOfOneCall(candidates, rows, call) };
}

/** Selects the rows that may be of a call, and that no other call of this process explains. */
function selectCandidates(rows: readonly RefreshTask[], call: UncertainCall): RefreshTask[] {
  const paths = new Set(call.paths);
  const earliest = call.since();
  return call
    .withoutOthers(rows)
    .filter(
      ({ objectPath, objectType, createdAt }) =>
        paths.has(objectPath) && call.rowNames.includes(objectType) && createdAt.getTime() + SECOND_MS > earliest,
    );
}

/** Whether a row was created after the attempt began, for certain, by a call that does the same. */
function isCertain({ objectType, createdAt }: RefreshTask, { rowType, sinceAtLatest }: UncertainCall): boolean {
  return objectType === rowType && createdAt.getTime() >= sinceAtLatest();
}

function haveAll(rows: readonly RefreshTask[], { paths }: UncertainCall): boolean {
  const found = new Set(rows.map(({ objectPath }) => objectPath));
  return paths.every((path) => found.has(path));
}

/**
 * Whether rows that have all paths of a call look as one call leaves them: each path once, all created at one moment, and
 * no other path in their tasks. Somebody else who sends the same paths in that second, or more, or some of them, is seen by
 * that. One gap stays: a call of another process for exactly these paths, accepted less than a second before the attempt
 * began, where the attempt itself was lost on its way to the service.
 */
function areOfOneCall(candidates: readonly RefreshTask[], rows: readonly RefreshTask[], call: UncertainCall): boolean {
  const paths = new Set(call.paths);
  const tasks = new Set(candidates.map(({ taskId }) => taskId));
  const times = candidates.map(({ createdAt }) => createdAt.getTime());
  const span = times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b));
  // A call that is worked on as the second ends has rows of both.
  const areOfOneMoment = span <= SECOND_MS;
  const isOfAnother = ({ taskId, objectPath }: RefreshTask) => tasks.has(taskId) && !paths.has(objectPath);
  return candidates.length === paths.size && areOfOneMoment && !call.withoutOthers(rows).some(isOfAnother);
}

function joinIds(rows: readonly RefreshTask[]): string {
  return [...new Set(rows.map(({ taskId }) => taskId))].join(",");
}

/**
 * Whether the task IDs of a call's two ends are those of all its paths: the refreshed URLs of one domain in a call
 * share one.
 */
function haveOneTaskId({ paths, rowNames }: UncertainCall): boolean {
  return rowNames.every((name) => name === "file") && new Set(paths.map(domainOf)).size === 1;
}
