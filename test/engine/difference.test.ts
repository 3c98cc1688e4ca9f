import { describe, expect, it } from "vitest";
import { type DetailedDifference, detailedDifference, splitPath } from "./difference.js";
import { formatDifference } from "./display.js";
import { wrapSecret } from "./properties.js";

describe("a property path", () => {
  it.each([
    ["contentHash", ["contentHash"]],
    ["wait.timeout", ["wait", "timeout"]],
    ['contents["https://vod.example.com/a.js"]', ["contents", "https://vod.example.com/a.js"]],
    [String.raw`contents["a\"b\\c"].x`, ["contents", String.raw`a"b\c`, "x"]],
  ])("%s has its parts", (path, parts) => {
    expect(splitPath(path)).toEqual(parts);
  });

  it("into a list is refused", () => {
    expect(() => splitPath("paths[0]")).toThrow("differences inside lists, such as paths[0]");
  });
});

describe("the difference that a provider tells", () => {
  const show = (detailed: [string, "add" | "delete" | "update", boolean?][]): string => {
    const told: DetailedDifference = new Map(
      detailed.map(([path, kind, isInput = true]) => [path, { kind, isInput }] as const),
    );
    const old = { inputs: { contents: { a: "1", b: "1" }, key: wrapSecret({ x: "1" }) }, outputs: { pending: ["a"] } };
    const news = { inputs: { contents: { a: "2", c: "1" }, key: wrapSecret({ x: "2" }), wait: { timeout: 5 } } };
    return formatDifference(detailedDifference(told, old, news) ?? new Map(), 1);
  };

  it("has the values of the inputs, key by key, and nothing that is unchanged", () => {
    expect(
      show([
        ["contents.c", "add"],
        ["contents.a", "update"],
        ["contents.b", "delete"],
      ]),
    ).toBe(["  ~ contents: {", '      ~ a: "1" => "2"', '      - b: "1"', '      + c: "1"', "    }", ""].join("\n"));
  });

  it("shows an output that the inputs don't have as removed, and a part of a new object with the whole of it", () => {
    expect(show([["pending", "update", false]])).toBe('  - pending: [\n  -     [0]: "a"\n    ]\n');
    expect(show([["wait.timeout", "update"]])).toBe("  + wait: {\n      + timeout: 5\n    }\n");
  });

  it("shows nothing of a secret", () => {
    expect(show([["key.x", "update"]])).not.toMatch(/"[12]"/);
  });
});
