/** How far the service's clock is ahead of this machine's, by the `Date` headers of its answers. */
import { MINUTE_MS } from "./time.js";

/** Bounds of that lead, in milliseconds. */
export interface ClockLead {
  least: number;
  most: number;
}

/** How far a clock may be off before the gateway refuses the signature. Source: InvalidTimeStamp.Expired. */
const MAX_CLOCK_SKEW_MS = 15 * MINUTE_MS;

/** What a `Date` header is cut off to, in milliseconds. */
const SECOND_MS = 1_000;

/** What nothing is known of is taken for equal. */
const EQUAL: ClockLead = { least: 0, most: 0 };

/** Adds what an answer tells: its `Date` header is of a moment between the request and the answer. */
export function learnLead(known: ClockLead | undefined, date: Date, askedAt: Date, now: Date): ClockLead | undefined {
  const seen = { least: date.getTime() - now.getTime(), most: date.getTime() + SECOND_MS - askedAt.getTime() };
  // The gateway would have refused requests with a clock that is further off, so the header isn't of the gateway's clock.
  if (seen.least > MAX_CLOCK_SKEW_MS || seen.most < -MAX_CLOCK_SKEW_MS) return known;
  if (known === undefined) return seen;
  const both = { least: Math.max(known.least, seen.least), most: Math.min(known.most, seen.most) };
  if (both.least <= both.most) return both;
  // A clock was set, or there are several: any of the answers may be right.
  return { least: Math.min(known.least, seen.least), most: Math.max(known.most, seen.most) };
}

/**
 * The bounds of a moment by the service's clock, given by this machine's. Where the clocks may be equal, it isn't earlier
 * than that: somebody else's task from before must not pass for one since.
 */
export function boundByService(at: number, { least, most }: ClockLead = EQUAL): { earliest: number; latest: number } {
  const mayBeEqual = least <= 0 && most >= 0;
  return { earliest: at + (mayBeEqual ? 0 : least), latest: at + most };
}
