import { expect, test } from "vitest";
import { describeHashing } from "../../../provider/source/source.js";

test.each([
  [
    "hashed 1,204 of 5,000 files, 40% overall, about 12 s left",
    { done: 1_204, total: 5_000, part: 0.4, elapsedMs: 8_000 },
  ],
  // A big file takes as long as many small ones.
  [
    "hashed 999 of 1,000 files, 10% overall, about 3 min left",
    { done: 999, total: 1_000, part: 0.1, elapsedMs: 20_000 },
  ],
  ["hashed 0 of 1 file, 0% overall", { done: 0, total: 1, part: 0.004, elapsedMs: 3_000 }],
])("%s", (line, hashing) => {
  expect(describeHashing(hashing)).toBe(line);
});
