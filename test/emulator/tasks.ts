/**
 * The refresh tasks: one row for each path of a call, task IDs merged by the page's rule, and a status that follows from the
 * clock, so that no timer runs.
 */
import { MERGE_WINDOW, TASK_RECORD_LIFE, TASKS_PER_ID } from "./limits.js";
import type { ObjectPath, ObjectType } from "./object-path.js";
import { QUOTA_OF } from "./quota.js";

export type TaskStatus = "Complete" | "Refreshing" | "Pending" | "Failed";

/** How a task goes. */
export interface TaskCourse {
  delayMs: number;
  /** The Description of a failure; undefined when the tasks succeed. */
  failure: string | undefined;
  /** The status that the tasks keep for ever; undefined when they end. */
  stuck: "Refreshing" | "Pending" | undefined;
}

/** How the task of each path of a call goes. */
export type Course = (path: ObjectPath) => TaskCourse;

export interface TaskRow {
  taskId: string;
  path: ObjectPath;
  type: ObjectType;
  force: boolean;
  createdAt: number;
  course: TaskCourse;
}

/** The first task ID. Fourteen digits, as in the page's example `70422*****2904`. */
const FIRST_TASK_ID = 70_422_000_000_001;

export class TaskBook {
  private readonly rows: TaskRow[] = [];
  /** The rows that the edge has not obeyed yet. */
  private waiting: TaskRow[] = [];
  private nextId = FIRST_TASK_ID;
  /** The task ID that URL tasks of a domain get at the moment, and how many have it. */
  private readonly open = new Map<string, { window: number; taskId: string; count: number }>();

  /** Files one row a path and gives the task IDs in the order in which they first appear. */
  submit(paths: readonly ObjectPath[], type: ObjectType, force: boolean, now: number, course: Course): string[] {
    const ids = new Set<string>();
    for (const path of paths) {
      const taskId = QUOTA_OF[type] === "url" ? this.mergedId(path.domain, now) : this.newId();
      ids.add(taskId);
      const row = { taskId, path, type, force, createdAt: now, course: course(path) };
      this.rows.push(row);
      this.waiting.push(row);
    }
    return [...ids];
  }

  /** The rows that have come to a good end since the last time; each is given once, in the order of their end. */
  takeCompleted(now: number): TaskRow[] {
    const completed = this.waiting.filter((row) => statusOf(row, now) === "Complete");
    if (completed.length > 0) this.waiting = this.waiting.filter((row) => statusOf(row, now) !== "Complete");
    return completed.sort((a, b) => endOf(a) - endOf(b));
  }

  /** The rows that can still be queried, newest first; those of one moment in the order of their paths. */
  list(now: number): TaskRow[] {
    return this.rows.filter((row) => now - row.createdAt < TASK_RECORD_LIFE).sort((a, b) => b.createdAt - a.createdAt);
  }

  private mergedId(domain: string, now: number): string {
    const window = Math.floor(now / MERGE_WINDOW);
    const open = this.open.get(domain);
    if (open && open.window === window && open.count < TASKS_PER_ID) {
      open.count++;
      return open.taskId;
    }
    const taskId = this.newId();
    this.open.set(domain, { window, taskId, count: 1 });
    return taskId;
  }

  private newId(): string {
    return String(this.nextId++);
  }
}

export function endOf(row: TaskRow): number {
  return row.course.stuck ? Number.POSITIVE_INFINITY : row.createdAt + row.course.delayMs;
}

export function statusOf(row: TaskRow, now: number): TaskStatus {
  if (row.course.stuck) return row.course.stuck;
  if (now < endOf(row)) return "Refreshing";
  return row.course.failure === undefined ? "Complete" : "Failed";
}

/** `Process`: 100% once it is complete, before that the part of its time that is over. */
export function processOf(row: TaskRow, now: number): string {
  if (statusOf(row, now) === "Complete") return "100%";
  if (row.course.stuck || row.course.failure !== undefined) return "0%";
  return `${Math.max(0, Math.floor((100 * (now - row.createdAt)) / row.course.delayMs))}%`;
}
