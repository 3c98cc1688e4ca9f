/**
 * What the edge does: it carries out the tasks that have ended and serves viewers, and logs both in the order in which they take
 * effect, so that a test can prove that a preload came after its purge and before the first viewer.
 */
import type { Clock } from "./clock.js";
import { type CachedUrl, type EdgeCache, type EdgeResponse, textOf, urlsOf } from "./edge.js";
import type { ObjectType } from "./object-path.js";
import type { Area, Headers } from "./preload.js";
import { endOf, type TaskBook, type TaskRow } from "./tasks.js";

/** A refresh task came to its end, and what its path covers was dropped, or marked to be compared with the origin. */
export interface PurgeEvent {
  kind: "purge";
  /** The service's time of the task's end, in ms since the epoch. */
  at: number;
  taskId: string;
  path: string;
  objectType: ObjectType;
}

/** A preload task came to its end and asked the edge for its URL; a path without a scheme has two. */
export interface PreloadEvent {
  kind: "preload";
  /** The service's time of the task's end, in ms since the epoch. */
  at: number;
  taskId: string;
  url: string;
  area: Area;
  /** What the origin was asked with. */
  headers: Headers;
  /** `kept`: an old copy was cached, and stays. `failed`: a 404, of the origin or as it is cached, and the cache stays as it is. */
  outcome: "filled" | "kept" | "failed";
}

/** A viewer was served. */
export interface ViewEvent {
  kind: "view";
  /** The service's time, in ms since the epoch. */
  at: number;
  url: string;
  area: Area;
  status: number;
  cache: "HIT" | "MISS";
}

export type EdgeEvent = PurgeEvent | PreloadEvent | ViewEvent;

export class EdgeWork {
  constructor(
    private readonly cache: EdgeCache,
    private readonly tasks: TaskBook,
    private readonly clock: Clock,
    /** What happened so far; it goes on growing. */
    readonly events: EdgeEvent[],
  ) {}

  /** Carries out the tasks that have ended by now. A preload reads the origin in this moment, so a file may be newer than its end. */
  settle(): void {
    this.tasks.settle(this.clock.now(), (row) => this.carryOut(row));
  }

  view(url: CachedUrl): EdgeResponse {
    this.settle();
    const response = this.cache.request(url);
    const { status, cache } = response;
    this.events.push({ kind: "view", at: this.clock.now(), url: textOf(url), area: url.area, status, cache });
    return response;
  }

  private carryOut(row: TaskRow): string | undefined {
    const { taskId, path, order } = row;
    const at = endOf(row);
    if (order.type !== "Preload") {
      this.cache.refresh({ path, type: order.type, force: order.force });
      this.events.push({ kind: "purge", at, taskId, path: path.text, objectType: order.type });
      return undefined;
    }
    const { area, headers } = order;
    const responses = urlsOf(path, area).map((url) => {
      const response = this.cache.preload(url);
      this.events.push({ kind: "preload", at, taskId, url: textOf(url), area, headers, outcome: outcomeOf(response) });
      return response;
    });
    const missing = responses.find(({ status }) => status !== 200);
    // By the pattern of "Origin Return StatusCode 5XX", which is all that the page of DescribeVodRefreshTasks has (choice).
    return missing && `Origin Return StatusCode ${missing.status}`;
  }
}

function outcomeOf({ status, cache }: EdgeResponse): PreloadEvent["outcome"] {
  if (status !== 200) return "failed";
  return cache === "HIT" ? "kept" : "filled";
}
