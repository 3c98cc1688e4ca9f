/** A short run of the properties that `npm run fuzz` checks at length. */
import { expect, test } from "vitest";
import { formatReport, PROPERTIES } from "./properties.js";

test.each(PROPERTIES.map(({ name, check }) => [name, check] as const))("%s", async (_, check) => {
  expect(formatReport(await check({ numRuns: 300 }))).toBeUndefined();
});
