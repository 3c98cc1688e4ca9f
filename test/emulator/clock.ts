/**
 * The time of the service, which tests set and move. Signatures are checked against the wall instead: a client signs with the
 * real time, and must not be refused because a test moved the service to another day.
 */
export class Clock {
  /** What the service's time is ahead of the wall, in ms. */
  private ahead = 0;
  private frozenAt: number | undefined;

  /** @param wall the real time in ms since the epoch */
  constructor(readonly wall: () => number) {}

  now(): number {
    return this.frozenAt ?? this.wall() + this.ahead;
  }

  get frozen(): boolean {
    return this.frozenAt !== undefined;
  }

  /** From here on the time is `ms`; it goes on running, unless it was frozen. */
  set(ms: number): void {
    if (this.frozenAt !== undefined) this.frozenAt = ms;
    this.ahead = ms - this.wall();
  }

  advance(ms: number): void {
    this.set(this.now() + ms);
  }

  /** Stands still until `thaw`, so that two calls are within one second however slow the machine is. */
  freeze(): void {
    this.frozenAt = this.now();
  }

  thaw(): void {
    if (this.frozenAt === undefined) return;
    this.ahead = this.frozenAt - this.wall();
    this.frozenAt = undefined;
  }
}

/** `yyyy-MM-ddTHH:mm:ssZ`, the service's only notation of a time. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Reads `yyyy-MM-ddTHH:mm:ssZ`; anything else, a day that no month has included, is undefined. */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || formatTime(ms) !== text ? undefined : ms;
}
