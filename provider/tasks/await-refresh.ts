/** Waits for the refresh before a preload: until it has ended, the edge keeps the old copy of a URL, and may fetch it again. */

import type { Manifest } from "../manifest/manifest.js";
import { chooseNoun } from "../plan/describe.js";
import { DEFAULT_WAIT } from "../schema/call-inputs.js";
import { type AwaitedRefresh, getWait, type Inputs } from "../schema/inputs.js";
import { UNKNOWN } from "../schema/unknown.js";
import { cancelledError } from "../vod/cancellation.js";
import { asVodError, VodError } from "../vod/errors.js";
import { formatNumber } from "../vod/format.js";
import { RECORD_DAYS } from "../vod/tasks.js";
import { DAY_MS } from "../vod/time.js";
import { namesAmong, OVERDUE_MS } from "./outstanding.js";
import { type SubmitContext, waitOptions } from "./submit.js";
import { describeSummary, describeUnanswered, type TaskWords, waitForTasks } from "./waiter.js";

/**
 * How far a refresh is. `ended`: its tasks are complete, it never sent anything, or it was sent so long ago that the service has no
 * records any more. `unsent`: some of its paths are still to be sent. `open`: its tasks have to be asked for.
 */
export function refreshState({ status, submittedAt }: AwaitedRefresh, now: Date): "ended" | "unsent" | "open" {
  if (status === "Complete" || status === "NotSubmitted") return "ended";
  if (status === "Incomplete") return "unsent";
  const age = submittedAt === undefined ? 0 : now.getTime() - Date.parse(submittedAt);
  return age > RECORD_DAYS * DAY_MS ? "ended" : "open";
}

/**
 * Waits until the refresh before a preload has ended, for as long as the preload itself would be waited for.
 *
 * @param current the paths that the program names.
 * @returns why nothing may be preloaded; undefined if everything may.
 */
export async function awaitRefresh(
  context: SubmitContext,
  inputs: Pick<Inputs, "refresh" | "wait">,
  current: Manifest,
): Promise<VodError | undefined> {
  const { log, now, secretPaths } = context;
  const { refresh } = inputs;
  const state = refresh === undefined ? "ended" : refreshState(refresh, now());
  if (refresh === undefined || state === "ended") return undefined;
  if (state === "unsent") {
    return holdBack("The refresh is incomplete", "some of its paths are pending", "RefreshIncomplete");
  }
  const { timeout } = getWait(inputs) ?? DEFAULT_WAIT;
  const words = chooseWords(refresh);
  try {
    // Nobody knows here which paths it sent, so that only tasks with rows can be waited for. A row of another resource, whose call
    // the service merged, or of a removed URL has nothing to do with what is preloaded.
    const isByName = refresh.objectType === "File" || refresh.objectType === "Directory";
    const nameOf = isByName ? namesAmong([current]) : undefined;
    const taskIds = refresh.taskIds === UNKNOWN ? [] : refresh.taskIds;
    // The records of an earlier update that the refresh carried on with may have expired.
    const expected = { taskIds, nameOf, longAgo: now().getTime() - OVERDUE_MS };
    const progress = (line: string) => log.progress(`waiting for the refresh: ${line}`);
    const seen = await waitForTasks([expected], waitOptions(context, timeout * 1000, words.noun, progress));
    if (seen.status === "Complete") return undefined;
    if (seen.cancelled) return cancelledError();
    const within = `within ${formatNumber(timeout)} s`;
    if (seen.unanswered !== undefined) {
      const what = `The status of the refresh could not be read ${within}`;
      return holdBack(what, describeUnanswered(seen.unanswered), "RefreshTimeout");
    }
    const summary = describeSummary(seen, words, secretPaths);
    return seen.timedOut
      ? holdBack(`The refresh did not complete ${within}`, summary, "RefreshTimeout")
      : holdBack("The refresh failed", summary, "RefreshFailed");
  } catch (error) {
    return asVodError(error);
  }
}

function chooseWords({ objectType }: AwaitedRefresh): TaskWords {
  return { operation: "refresh", noun: chooseNoun(objectType === UNKNOWN ? [] : [objectType]) };
}

/** The error of a preload that isn't sent, since it could fetch or keep old content. */
function holdBack(what: string, why: string, code: string): VodError {
  return new VodError(
    `${what}, so nothing was preloaded: ${why}.`,
    "Run `pulumi up` again to preload once the refresh is complete; before that, the edge could keep old content.",
    { code },
  );
}
