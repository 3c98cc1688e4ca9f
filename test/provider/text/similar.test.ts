import { expect, test } from "vitest";
import { findSimilar } from "../../../provider/text/similar.js";

test.each([
  ["directory", ["File", "Directory"], "Directory"],
  ["path", ["contents", "paths"], "paths"],
  ["contentHsah", ["contents", "contentHash"], "contentHash"],
  ["partail", ["fail", "partial", "collapse"], "partial"],
  ["fial", ["fail", "warn"], undefined],
  ["Folder", ["File", "Directory"], undefined],
  ["wiat", ["wait", "paths"], undefined],
  ["wai", ["wait", "paths"], "wait"],
  ["", ["wait"], undefined],
  ["x".repeat(100_000), ["wait"], undefined],
])("%.20s among %j means %s", (given, names, meant) => {
  expect(findSimilar(given, names)).toBe(meant);
});
