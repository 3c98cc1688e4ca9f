/** What became of tasks that hadn't ended when they were last seen. */
import type { State } from "../plan/state.js";
import { observedStatus, rowNames } from "../tasks/outstanding.js";
import { pollOnce } from "../tasks/waiter.js";
import type { VodClient } from "../vod/client.js";
import { RECORD_DAYS } from "../vod/tasks.js";
import type { CallContext, Properties } from "./context.js";

/**
 * Looks at the tasks of a state once. Records that expired leave what is known.
 *
 * @returns the properties with what was seen.
 * @throws VodError if the service can't be asked.
 */
export async function readStatus(
  properties: Properties,
  state: State,
  client: VodClient,
  now: Date,
  { log, signal }: CallContext,
): Promise<Properties> {
  const { unconfirmed = [], refreshed, taskIds } = state;
  const expected = { taskIds, paths: [...unconfirmed, ...refreshed], nameOf: rowNames(state) };
  const seen = await pollOnce([expected], (taskId) =>
    client.describeRefreshTasks({ taskId }, { onWait: log.progress, signal }),
  );
  const status = observedStatus(state, seen, now);
  if (seen.unknown.length + seen.missing.length > 0) {
    const what = status === undefined ? `stays ${state.status}` : `is ${status}, judging by the records that are left`;
    log.info(`the status ${what}: the service keeps the records of tasks for ${RECORD_DAYS} days only`);
  }
  const { unconfirmed: owed, ...rest } = properties;
  const isOpen = unconfirmed.some((path) => !seen.complete.has(path));
  return { ...rest, ...(status ? { status } : {}), ...(isOpen ? { unconfirmed: owed } : {}) };
}
