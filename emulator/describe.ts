/**
 * DescribeVodRefreshTasks: which rows a query asks for, and how a row is written. All fields of a row are strings.
 */
import { formatTime, parseTime } from "./clock.js";
import { invalidParameter, missingParameter, refusal } from "./errors.js";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_NUMBER, MAX_PAGE_SIZE } from "./limits.js";
import type { TaskType } from "./object-path.js";
import { formatProcess, type TaskRow, taskStatus } from "./tasks.js";

type Parameters = Record<string, string | undefined>;

/**
 * How a row names its type. The page of this operation lists `file`, `directory` and `preload`; the CDN product's page
 * of the same operation adds `regex`. IgnoreParams is `file`, because it names one URL (choice).
 */
const ROW_TYPE: Record<TaskType, string> = {
  File: "file",
  IgnoreParams: "file",
  Directory: "directory",
  Regex: "regex",
  Preload: "preload",
};

const QUERY_TYPES = ["file", "directory", "preload", "regex"];
const QUERY_STATUSES = ["Complete", "Refreshing", "Failed"];

export interface TasksQuery {
  taskId: string | undefined;
  objectPath: string | undefined;
  objectType: string | undefined;
  domain: string | undefined;
  status: string | undefined;
  startTime: number | undefined;
  endTime: number | undefined;
  pageNumber: number;
  pageSize: number;
}

export function parseTasksQuery(parameters: Parameters): TasksQuery {
  const { TaskId, ObjectPath, ObjectType: objectType, DomainName, Status } = parameters;
  // A query takes one ID, and the list that a refresh returns is none (choice; the page says "the ID of the task").
  if (TaskId && !/^\d+$/.test(TaskId)) throw refusal("InvalidTaskId.Malformed");
  if ((DomainName || Status) && !objectType) throw missingParameter("ObjectType");
  if (objectType && !QUERY_TYPES.includes(objectType)) throw refusal("InvalidObjectType.ValueNotSupported");
  if (Status && !QUERY_STATUSES.includes(Status)) throw invalidParameter("Status");
  return {
    taskId: TaskId || undefined,
    objectPath: ObjectPath || undefined,
    objectType: objectType || undefined,
    domain: DomainName?.toLowerCase() || undefined,
    status: Status || undefined,
    startTime: parseTimeParameter("StartTime", parameters),
    endTime: parseTimeParameter("EndTime", parameters),
    pageNumber: parseNumber("PageNumber", parameters, 1, MAX_PAGE_NUMBER),
    pageSize: parseNumber("PageSize", parameters, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
  };
}

/** Returns the body of the answer, without its RequestId. */
export function describeTasks(rows: readonly TaskRow[], query: TasksQuery, now: number): Record<string, unknown> {
  const found = rows.filter((row) => matches(row, query));
  const start = (query.pageNumber - 1) * query.pageSize;
  return {
    PageNumber: query.pageNumber,
    PageSize: query.pageSize,
    TotalCount: found.length,
    Tasks: { Task: found.slice(start, start + query.pageSize).map((row) => writeRow(row, now)) },
  };
}

function matches(row: TaskRow, query: TasksQuery): boolean {
  return (
    (query.taskId === undefined || row.taskId === query.taskId) &&
    (query.objectPath === undefined || row.path.text === query.objectPath) &&
    (query.objectType === undefined || ROW_TYPE[row.order.type] === query.objectType) &&
    (query.domain === undefined || row.path.domain === query.domain) &&
    (query.status === undefined || taskStatus(row) === query.status) &&
    // A CreationTime has no fraction of a second, and is compared as written.
    (query.startTime === undefined || row.createdAt >= query.startTime) &&
    (query.endTime === undefined || Math.floor(row.createdAt / 1_000) * 1_000 <= query.endTime)
  );
}

function writeRow(row: TaskRow, now: number): Record<string, string> {
  return {
    TaskId: row.taskId,
    ObjectPath: row.path.text,
    ObjectType: ROW_TYPE[row.order.type],
    Status: taskStatus(row),
    Process: formatProcess(row, now),
    CreationTime: formatTime(row.createdAt),
    Description: row.outcome?.failure ?? "",
  };
}

function parseTimeParameter(name: string, parameters: Parameters): number | undefined {
  const text = parameters[name];
  if (!text) return undefined;
  const time = parseTime(text);
  if (time === undefined) throw invalidParameter(name);
  return time;
}

function parseNumber(name: string, parameters: Parameters, fallback: number, max: number): number {
  const text = parameters[name];
  if (!text) return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= max)) throw invalidParameter(name);
  return value;
}
