/** How far the service's clock is ahead, as its answers tell. */
import { describe, expect, test } from "vitest";
import { boundByService, type ClockLead, learnLead } from "../../../provider/vod/service-clock.js";

const SECOND = Date.UTC(2026, 0, 1, 12);
/** What answers tell together: when each was asked for and came, by this machine's clock, and its header's seconds. */
const learn = (...answers: [askedMs: number, cameMs: number, header: number][]) =>
  answers.reduce<ClockLead | undefined>(
    (known, [asked, came, header]) =>
      learnLead(known, new Date(SECOND + header * 1000), new Date(SECOND + asked), new Date(SECOND + came)),
    undefined,
  );

describe("the lead of the service's clock", () => {
  test.each<[string, ClockLead | undefined, ClockLead | undefined]>([
    ["is unknown without an answer", learn(), undefined],
    ["is bounded by an answer to a second and its time", learn([200, 300, 0]), { least: -300, most: 800 }],
    ["is bounded by all answers together", learn([200, 300, 0], [5900, 5950, 5]), { least: -300, most: 100 }],
    ["is known though it is minutes", learn([0, 100, 600]), { least: 599_900, most: 601_000 }],
    ["isn't that of a clock with which no request is valid", learn([0, 100, 3600]), undefined],
    ["is any of both where a clock was set", learn([0, 0, 0], [1000, 1000, 10]), { least: 0, most: 10_000 }],
  ])("%s", (_, learned, expected) => {
    expect(learned).toEqual(expected);
  });

  test("moves the bounds of a moment; where the clocks may be equal, not to before it", () => {
    expect(boundByService(SECOND, undefined)).toEqual({ earliest: SECOND, latest: SECOND });
    expect(boundByService(SECOND, { least: -300, most: 100 })).toEqual({ earliest: SECOND, latest: SECOND + 100 });
    expect(boundByService(SECOND, { least: 200, most: 900 })).toEqual({ earliest: SECOND + 200, latest: SECOND + 900 });
    expect(boundByService(SECOND, { least: -900, most: -200 })).toEqual({
      earliest: SECOND - 900,
      latest: SECOND - 200,
    });
  });
});
