import { expect, test } from "vitest";
import { describeTable } from "./table.js";

test("a row has a cell for each style, and what fails has its reason below the table", () => {
  const page = describeTable(
    ["CommonJS", "tsx"],
    [
      {
        manager: "npm",
        node: "20.19.0",
        pulumi: "3.100.0",
        cells: ["passes", "fails"],
        notes: ["tsx: nothing was sent"],
      },
      {
        manager: "Bun",
        node: "22",
        pulumi: "3.248.0",
        cells: ["–", "–"],
        notes: ["npm can't install a | b"],
      },
    ],
  );
  expect(page).toContain(
    [
      "| package manager | Node.js | `@pulumi/pulumi` | CommonJS | tsx |",
      "| --- | --- | --- | --- | --- |",
      "| npm | 20.19.0 | 3.100.0 | passes | fails |",
      "| Bun | 22 | 3.248.0 | – | – |",
      "",
      "What is known of it:",
      "",
      "- npm, Node.js 20.19.0, Pulumi 3.100.0: tsx: nothing was sent.",
      "- Bun, Node.js 22, Pulumi 3.248.0: npm can't install a \\| b.",
    ].join("\n"),
  );
});

test("a page on which everything passes has no list of reasons", () => {
  const row = { manager: "npm", node: "22", pulumi: "3.248.0", cells: ["passes" as const], notes: [] };
  expect(describeTable(["tsx"], [row])).not.toContain("What is known");
});
