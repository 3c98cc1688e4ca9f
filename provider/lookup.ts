/** What a program may ask of the service: loaded by the sdk on the first question, in the program's own process. */
import { Clients, type Surroundings } from "./clients.js";
import type { ConfigReader, Identity } from "./credentials.js";
import type { RefreshTask } from "./vod/client.js";
import type { RefreshQuota } from "./vod/quota.js";

/** Who asks, and where. */
export interface Where extends Identity {
  endpoint?: string | undefined;
}

export interface Lookup {
  /** @throws VodError for every failure. */
  quota(where: Where): Promise<RefreshQuota>;
  /**
   * The rows of tasks, of all pages, task after task; none of one whose records expired.
   *
   * @throws VodError for every failure.
   */
  tasks(where: Where, taskIds: readonly string[]): Promise<RefreshTask[]>;
}

export function lookup(config: ConfigReader, surroundings: Surroundings): Lookup {
  const clients = new Clients(surroundings);
  clients.configure(config);
  return {
    quota: (where) => clients.asker(where).describeRefreshQuota(),
    async tasks(where, taskIds) {
      const ids = new Set(taskIds.flatMap((joined) => joined.split(",")).filter((id) => id !== ""));
      const rows: RefreshTask[] = [];
      for (const taskId of ids) rows.push(...(await clients.asker(where).describeRefreshTasks({ taskId })));
      return rows;
    },
  };
}
