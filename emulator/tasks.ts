/**
 * The refresh and preload tasks: one row for each path of a call, with task IDs that are merged by the page's rule. A
 * task ends by the clock, and no timer runs: tasks that have ended are carried out before the next call or view.
 */
import { MERGE_WINDOW, TASK_RECORD_LIFE, TASKS_PER_ID } from "./limits.js";
import type { ObjectPath, ObjectType } from "./object-path.js";
import type { PreloadOptions } from "./preload.js";
import { QUOTA_KIND } from "./quota.js";

export type TaskStatus = "Complete" | "Refreshing" | "Pending" | "Failed";

/** How a task goes. */
export interface TaskCourse {
  delayMs: number;
  /** The Description of a failure; undefined when the tasks succeed. */
  failure: string | undefined;
  /** The status that the tasks never leave; undefined when they end. */
  stuck: "Refreshing" | "Pending" | undefined;
}

/** How the task of each path of a call goes. */
export type Course = (path: ObjectPath) => TaskCourse;

/** What the tasks of a call do. */
export type TaskOrder = { type: ObjectType; force: boolean } | ({ type: "Preload" } & PreloadOptions);

export interface TaskRow {
  taskId: string;
  path: ObjectPath;
  order: TaskOrder;
  createdAt: number;
  course: TaskCourse;
  /** How the task has ended; undefined before. */
  outcome?: { failure: string | undefined };
}

/** Does the work of a task. Returns the Description of its failure, or undefined if it succeeds. */
export type CarryOut = (row: TaskRow) => string | undefined;

/** The first task ID: fourteen digits, as in the page's example `70422*****2904`. */
const FIRST_TASK_ID = 70_422_000_000_001;

export class TaskBook {
  private readonly rows: TaskRow[] = [];
  /** The rows that have not ended yet. */
  private unfinished: TaskRow[] = [];
  private nextId = FIRST_TASK_ID;
  /** The task ID that URL tasks of a kind and domain currently share, and how many tasks share it. */
  private readonly open = new Map<string, { window: number; taskId: string; count: number }>();

  /**
   * @param preloadQueue how many preloads may be unfinished at a time; undefined is no limit. A forum answer of Alibaba
   * Cloud says 100 for VOD (developer.aliyun.com/ask/648939), the page of CDN says 100,000
   */
  constructor(public preloadQueue: number | undefined) {}

  /** Files one row for each path, and returns the task IDs in the order in which they first appear. */
  submit(paths: readonly ObjectPath[], order: TaskOrder, now: number, course: Course): string[] {
    const ids = new Set<string>();
    const kind = QUOTA_KIND[order.type];
    for (const path of paths) {
      // No page tells whether preloads share IDs (choice: they do, but not with refreshes).
      const taskId = kind === "directory" ? this.newId() : this.mergedId(`${kind} ${path.domain}`, now);
      ids.add(taskId);
      const row = { taskId, path, order, createdAt: now, course: course(path) };
      this.rows.push(row);
      this.unfinished.push(row);
    }
    return [...ids];
  }

  /** Ends the rows whose time has come, in the order of their ends, and carries out those that don't fail. */
  settle(now: number, carryOut: CarryOut): void {
    const due = this.unfinished.filter((row) => endTime(row) <= now);
    if (due.length > 0) this.unfinished = this.unfinished.filter((row) => endTime(row) > now);
    for (const row of due.sort((a, b) => endTime(a) - endTime(b))) {
      row.outcome = { failure: row.course.failure ?? carryOut(row) };
    }
  }

  /** Whether the queue has room for that many more preloads. */
  hasRoomFor(preloads: number): boolean {
    const unfinished = this.unfinished.filter(({ order }) => order.type === "Preload").length;
    return this.preloadQueue === undefined || unfinished + preloads <= this.preloadQueue;
  }

  /** Lists the rows that can still be queried, newest first. Rows of the same time keep the order of their paths. */
  list(now: number): TaskRow[] {
    return this.rows.filter((row) => now - row.createdAt < TASK_RECORD_LIFE).sort((a, b) => b.createdAt - a.createdAt);
  }

  private mergedId(key: string, now: number): string {
    const window = Math.floor(now / MERGE_WINDOW);
    const open = this.open.get(key);
    if (open && open.window === window && open.count < TASKS_PER_ID) {
      open.count++;
      return open.taskId;
    }
    const taskId = this.newId();
    this.open.set(key, { window, taskId, count: 1 });
    return taskId;
  }

  private newId(): string {
    return String(this.nextId++);
  }
}

export function endTime(row: TaskRow): number {
  return row.course.stuck ? Number.POSITIVE_INFINITY : row.createdAt + row.course.delayMs;
}

export function taskStatus(row: TaskRow): TaskStatus {
  if (row.outcome === undefined) return row.course.stuck ?? "Refreshing";
  return row.outcome.failure === undefined ? "Complete" : "Failed";
}

/** Writes `Process`: the part of the task's time that has passed, 100% when it is complete, 0% when it fails. */
export function formatProcess(row: TaskRow, now: number): string {
  if (taskStatus(row) === "Complete") return "100%";
  if (row.course.stuck || row.course.failure !== undefined || row.outcome !== undefined) return "0%";
  return `${Math.min(99, Math.max(0, Math.floor((100 * (now - row.createdAt)) / row.course.delayMs)))}%`;
}
