/**
 * Carries out the tasks that have ended, and serves viewers. It logs both in the order in which they take effect, so
 * that a test can prove that a preload came after its purge and before the first viewer.
 */
import type { Clock } from "./clock.js";
import { type CachedUrl, type EdgeCache, type EdgeResponse, formatUrl, listUrls, type RefreshRule } from "./edge.js";
import type { Lag, NodeName } from "./edge-config.js";
import type { ObjectType } from "./object-path.js";
import type { Area, Headers, PreloadOptions } from "./preload.js";
import { endTime, type TaskBook, type TaskRow } from "./tasks.js";

/**
 * A refresh reached a node, which dropped what its path covers, or marked it for a comparison with the origin. Unless the node
 * lags, that is when its task ended.
 */
export interface PurgeEvent {
  kind: "purge";
  /** The service's time, in ms since the epoch. */
  at: number;
  taskId: string;
  path: string;
  objectType: ObjectType;
  /** The number of the edge node, or the layer above; left out if there is one node only. */
  node?: NodeName;
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
  node?: number;
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
  node?: number;
}

export type EdgeEvent = PurgeEvent | PreloadEvent | ViewEvent;

/** A refresh on its way to a node. */
interface Arrival {
  node: NodeName;
  at: number;
  taskId: string;
  rule: RefreshRule;
}

export interface EdgeCaches {
  nodes: readonly EdgeCache[];
  /** The layer above; without it, each node asks the origin. */
  parent: EdgeCache | undefined;
}

export class EdgeWork {
  private arrivals: Arrival[] = [];

  constructor(
    private readonly caches: EdgeCaches,
    private readonly lags: ReadonlyMap<NodeName, Lag>,
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
    const now = this.clock.now();
    this.tasks.settle(now, (row) => this.carryOut(row));
    this.arrive(now);
  }

  view(url: CachedUrl, node: number): EdgeResponse {
    this.settle();
    const at = this.clock.now();
    const answer = this.cacheOf(node).request(url, at);
    const { response, cache } = answer;
    const event = { kind: "view" as const, at, url: formatUrl(url), area: url.area, status: response.status, cache };
    this.events.push({ ...event, ...this.nodeOf(node) });
    return answer;
  }

  /** Lists the URLs that are in the cache of any node. */
  urls(): string[] {
    return [...new Set(this.caches.nodes.flatMap((cache) => cache.urls()))];
  }

  private carryOut(row: TaskRow): string | undefined {
    const at = endTime(row);
    // What comes to a node that lags, comes there in the order of time.
    this.arrive(at);
    const { taskId, path, order } = row;
    if (order.type === "Preload") return this.preload(row, order, at);
    const rule = { path, type: order.type, force: order.force };
    for (const [node, lag] of this.lags) {
      if (lag !== "never") this.arrivals.push({ node, at: at + lag, taskId, rule });
    }
    this.arrive(at);
    return undefined;
  }

  /** A preload fills all nodes when its task ends, also those that lag (choice). */
  private preload({ taskId, path }: TaskRow, { area, headers }: PreloadOptions, at: number): string | undefined {
    const responses = listUrls(path, area).flatMap((url) =>
      this.caches.nodes.map((cache, node) => {
        const response = cache.preload(url, at);
        const event = { kind: "preload" as const, at, taskId, url: formatUrl(url), area, headers };
        this.events.push({ ...event, outcome: classifyOutcome(response), ...this.nodeOf(node) });
        return response;
      }),
    );
    const missing = responses.find(({ response }) => response.status !== 200)?.response;
    // The page of DescribeVodRefreshTasks only has "Origin Return StatusCode 5XX"; a 404 follows that pattern (choice).
    return missing && `Origin Return StatusCode ${missing.status}`;
  }

  /** Lets the refreshes take effect that have reached their nodes by now. */
  private arrive(now: number): void {
    const due = this.arrivals.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    if (due.length > 0) this.arrivals = this.arrivals.filter(({ at }) => at > now);
    for (const { node, at, taskId, rule } of due) {
      this.cacheOf(node).refresh(rule);
      const event = { kind: "purge" as const, at, taskId, path: rule.path.text, objectType: rule.type };
      this.events.push({ ...event, ...this.nodeOf(node) });
    }
  }

  private cacheOf(node: NodeName): EdgeCache {
    return (node === "parent" ? this.caches.parent : this.caches.nodes[node]) as EdgeCache;
  }

  private nodeOf<Name extends NodeName>(node: Name): { node?: Name } {
    return this.lags.size > 1 ? { node } : {};
  }
}

function classifyOutcome({ response, cache }: EdgeResponse): PreloadEvent["outcome"] {
  if (response.status !== 200) return "failed";
  return cache === "HIT" ? "kept" : "filled";
}
