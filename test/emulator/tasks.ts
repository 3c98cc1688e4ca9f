/**
 * The refresh and preload tasks: one row for each path of a call, task IDs merged by the page's rule, and an end that follows
 * from the clock, so that no timer runs: what has ended is carried out when somebody looks next.
 */
import { MERGE_WINDOW, TASK_RECORD_LIFE, TASKS_PER_ID } from "./limits.js";
import type { ObjectPath, ObjectType } from "./object-path.js";
import type { PreloadOptions } from "./preload.js";
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

/** What the tasks of a call are to do. */
export type TaskOrder = { type: ObjectType; force: boolean } | ({ type: "Preload" } & PreloadOptions);

export interface TaskRow {
  taskId: string;
  path: ObjectPath;
  order: TaskOrder;
  createdAt: number;
  course: TaskCourse;
  /** How it has ended; undefined before. */
  outcome?: { failure: string | undefined };
}

/** Does what a task is there for, and gives the Description of its failure if it can't be done. */
export type CarryOut = (row: TaskRow) => string | undefined;

/** The first task ID. Fourteen digits, as in the page's example `70422*****2904`. */
const FIRST_TASK_ID = 70_422_000_000_001;

export class TaskBook {
  private readonly rows: TaskRow[] = [];
  /** The rows that have not ended yet. */
  private waiting: TaskRow[] = [];
  private nextId = FIRST_TASK_ID;
  /** The task ID that URL tasks of one kind and domain get at the moment, and how many have it. */
  private readonly open = new Map<string, { window: number; taskId: string; count: number }>();

  /**
   * @param preloadQueue how many preloads may wait for their end at a time; undefined is no limit. Of VOD a forum answer of
   * Alibaba Cloud says 100 (developer.aliyun.com/ask/648939), of CDN its page 100,000
   */
  constructor(public preloadQueue: number | undefined) {}

  /** Files one row a path and gives the task IDs in the order in which they first appear. */
  submit(paths: readonly ObjectPath[], order: TaskOrder, now: number, course: Course): string[] {
    const ids = new Set<string>();
    const kind = QUOTA_OF[order.type];
    for (const path of paths) {
      // Whether preloads are merged like refreshes is not said (choice: they are, apart from the refreshes).
      const taskId = kind === "directory" ? this.newId() : this.mergedId(`${kind} ${path.domain}`, now);
      ids.add(taskId);
      const row = { taskId, path, order, createdAt: now, course: course(path) };
      this.rows.push(row);
      this.waiting.push(row);
    }
    return [...ids];
  }

  /** Ends the rows whose time has come, each once, in the order of their end; those that don't fail are carried out. */
  settle(now: number, carryOut: CarryOut): void {
    const due = this.waiting.filter((row) => endOf(row) <= now);
    if (due.length > 0) this.waiting = this.waiting.filter((row) => endOf(row) > now);
    for (const row of due.sort((a, b) => endOf(a) - endOf(b))) {
      row.outcome = { failure: row.course.failure ?? carryOut(row) };
    }
  }

  /** Whether the queue holds that many more preloads. */
  hasRoomFor(preloads: number): boolean {
    const waiting = this.waiting.filter(({ order }) => order.type === "Preload").length;
    return this.preloadQueue === undefined || waiting + preloads <= this.preloadQueue;
  }

  /** The rows that can still be queried, newest first; those of one moment in the order of their paths. */
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

export function endOf(row: TaskRow): number {
  return row.course.stuck ? Number.POSITIVE_INFINITY : row.createdAt + row.course.delayMs;
}

export function statusOf(row: TaskRow): TaskStatus {
  if (row.outcome === undefined) return row.course.stuck ?? "Refreshing";
  return row.outcome.failure === undefined ? "Complete" : "Failed";
}

/** `Process`: 100% once it is complete, before that the part of its time that is over. */
export function processOf(row: TaskRow, now: number): string {
  if (statusOf(row) === "Complete") return "100%";
  if (row.course.stuck || row.course.failure !== undefined || row.outcome !== undefined) return "0%";
  return `${Math.min(99, Math.max(0, Math.floor((100 * (now - row.createdAt)) / row.course.delayMs)))}%`;
}
