/** How cancelled work ends, such as after Ctrl-C: waits end at once, and no further call is sent. */
import { VodError } from "./errors.js";

const CANCELLED = "Cancelled";

/**
 * The error of cancelled work.
 *
 * @param last the failure of the call that was to be sent again; undefined where there was none.
 */
export function cancelledError(last?: VodError): VodError {
  if (last === undefined || isCancelled(last)) {
    const remedy = "Run `pulumi up` again to continue; what the service accepted isn't sent again.";
    return new VodError("The operation was cancelled.", remedy, { code: CANCELLED });
  }
  const { httpStatus, requestId, outcomeUnknown } = last;
  const why = last.happened.replace(/^The /, "the ");
  return new VodError(
    `The operation was cancelled before a retry: ${why}`,
    outcomeUnknown
      ? "Run `pulumi up` again: it repeats the call, since the service may or may not have accepted it."
      : "Run `pulumi up` again to continue; what the service accepted isn't sent again.",
    { code: CANCELLED, httpStatus, requestId, outcomeUnknown },
  );
}

export function isCancelled(error: unknown): boolean {
  return error instanceof VodError && error.code === CANCELLED;
}

/**
 * Gives what the work gives, or fails as soon as the signal aborts: the outcome of the work is then ignored.
 *
 * @throws VodError Cancelled.
 */
export function untilCancelled<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  return new Promise((resolve, reject) => {
    const cancel = () => reject(cancelledError());
    if (signal.aborted) return cancel();
    signal.addEventListener("abort", cancel, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", cancel));
  });
}
