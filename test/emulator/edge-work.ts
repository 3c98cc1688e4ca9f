/**
 * Carries out the tasks that have ended, and serves viewers. It logs both in the order in which they take effect, so
 * that a test can prove that a preload came after its purge and before the first viewer.
 */
import type { Clock } from "./clock.js";
import { type CachedUrl, type EdgeCache, type EdgeResponse, formatUrl, listUrls } from "./edge.js";
import type { ObjectType } from "./object-path.js";
import type { Area, Headers } from "./preload.js";
import { endTime, type TaskBook, type TaskRow } from "./tasks.js";

/** A refresh task ended: the edge dropped what its path covers, or marked it for a comparison with the origin. */
export interface PurgeEvent {
  kind: "purge";
  /** The service's time of the task's end, in ms since the epoch. */
  at: number;
  taskId: string;
  path: string;
  objectType: ObjectType;
}

/** A preload task ended: the edge was asked for its URL. A path without a scheme has two of these events. */
export interface PreloadEvent {
  kind: "preload";
  /** The service's time of the task's end, in ms since the epoch. */
  at: number;
  taskId: string;
  url: string;
  area: Area;
  /** The headers of the request to the origin. */
  headers: Headers;
  /**
   * `kept`: a copy was cached, and stays. `failed`: the origin or the cache answered 404, and the cache stays as it is.
   */
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
    /** The log, which keeps growing. */
    readonly events: EdgeEvent[],
  ) {}

  /**
   * Carries out the tasks that have ended. A preload reads the origin only now, so a file may be newer than the task's
   * end.
   */
  settle(): void {
    this.tasks.settle(this.clock.now(), (row) => this.carryOut(row));
  }

  view(url: CachedUrl): EdgeResponse {
    this.settle();
    const response = this.cache.request(url);
    const { status, cache } = response;
    this.events.push({ kind: "view", at: this.clock.now(), url: formatUrl(url), area: url.area, status, cache });
    return response;
  }

  private carryOut(row: TaskRow): string | undefined {
    const { taskId, path, order } = row;
    const at = endTime(row);
    if (order.type !== "Preload") {
      this.cache.refresh({ path, type: order.type, force: order.force });
      this.events.push({ kind: "purge", at, taskId, path: path.text, objectType: order.type });
      return undefined;
    }
    const { area, headers } = order;
    const responses = listUrls(path, area).map((url) => {
      const response = this.cache.preload(url);
      this.events.push({
        kind: "preload",
        at,
        taskId,
        url: formatUrl(url),
        area,
        headers,
        outcome: classifyOutcome(response),
      });
      return response;
    });
    const missing = responses.find(({ status }) => status !== 200);
    // The page of DescribeVodRefreshTasks only has "Origin Return StatusCode 5XX"; a 404 follows that pattern (choice).
    return missing && `Origin Return StatusCode ${missing.status}`;
  }
}

function classifyOutcome({ status, cache }: EdgeResponse): PreloadEvent["outcome"] {
  if (status !== 200) return "failed";
  return cache === "HIT" ? "kept" : "filled";
}
