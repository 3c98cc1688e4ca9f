/** A short run of what `npm run fuzz` checks at length. */
import { expect, test } from "vitest";
import { PROPERTIES, reportOf } from "./properties.js";

test.each(PROPERTIES)("$name", async ({ check }) => {
  expect(reportOf(await check({ numRuns: 300 }))).toBeUndefined();
});
