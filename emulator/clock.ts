/**
 * The time of the service, which tests set and move. Signatures are checked against the wall clock instead: clients
 * sign with the real time, and are not refused because a test moved the service to another day.
 */
export class Clock {
  /** How far the service's time is ahead of the wall clock, in ms. */
  private ahead = 0;
  private frozenAt: number | undefined;

  /** @param wall returns the real time in ms since the epoch */
  constructor(readonly wall: () => number) {}

  now(): number {
    return this.frozenAt ?? this.wall() + this.ahead;
  }

  get frozen(): boolean {
    return this.frozenAt !== undefined;
  }

  /** Sets the time to `ms`. It keeps running unless it is frozen. */
  set(ms: number): void {
    if (this.frozenAt !== undefined) this.frozenAt = ms;
    this.ahead = ms - this.wall();
  }

  advance(ms: number): void {
    this.set(this.now() + ms);
  }

  /** Stops the time until `thaw`, so that two calls are within one second on a slow machine too. */
  freeze(): void {
    this.frozenAt = this.now();
  }

  thaw(): void {
    if (this.frozenAt === undefined) return;
    this.ahead = this.frozenAt - this.wall();
    this.frozenAt = undefined;
  }
}

/** Writes a time as `yyyy-MM-ddTHH:mm:ssZ`, the only format of the service. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Reads `yyyy-MM-ddTHH:mm:ssZ`; returns undefined for anything else, such as the 30th of February. */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || formatTime(ms) !== text ? undefined : ms;
}
