/** Lengths of time, and the service's notation of a moment. */

export const MINUTE_MS = 60 * 1000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/**
 * A time as `yyyy-MM-ddTHH:mm:ssZ`, the only notation that this cloud's RPC services take; what exceeds a second is
 * cut off.
 */
export function formatTimestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
