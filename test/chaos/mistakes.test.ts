/** Proof that the chaos test finds mistakes. */
import { describe, test } from "vitest";
import { expectFound } from "./find.js";
import { MISTAKES } from "./mistakes.js";

/** Where the search for a mistake begins that few histories show. */
const FIRST: Readonly<Record<string, number>> = {
  "an update that continues the last one forgets its tasks": 58,
  "a refresh of the state forgets paths whose tasks are still running": 80,
  "paths whose tasks are still running are not recorded": 35,
};

describe("a mistake is found", () => {
  test.each(Object.entries(MISTAKES))("%s", (name, around) => expectFound({ around, first: FIRST[name] ?? 1 }));
});
