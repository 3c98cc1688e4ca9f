import { describe, expect, it } from "vitest";
import { difference, summarizeDifference } from "./difference.js";
import {
  formatCheckedValue,
  formatDifference,
  formatOutputs,
  formatStep,
  formatSummary,
  type Shown,
} from "./display.js";
import { type PropertyMap, UNKNOWN, wrapSecret } from "./properties.js";
import type { Resource } from "./state.js";

const text = (olds: PropertyMap, news: PropertyMap): string => {
  const change = difference(olds, news);
  return change ? formatDifference(change, 1) : "";
};

describe("a difference", () => {
  it("has one aligned line per property, including the unchanged ones", () => {
    expect(text({ contentHash: "a", force: true, gone: 1 }, { contentHash: "b", force: true, n: 2 })).toBe(
      ['  ~ contentHash: "a" => "b"', "    force      : true", "  - gone       : 1", "  + n          : 2", ""].join(
        "\n",
      ),
    );
  });

  it("goes into objects by key and into arrays by index", () => {
    expect(text({ a: { x: [1, 2], y: 1 } }, { a: { x: [1, 3, { z: "q" }], y: 1 } })).toBe(
      [
        "  ~ a: {",
        "      ~ x: [",
        "            [0]: 1",
        "          ~ [1]: 2 => 3",
        "          + [2]: {",
        '                  + z: "q"',
        "                }",
        "        ]",
        "        y: 1",
        "    }",
        "",
      ].join("\n"),
    );
  });

  it("never shows a secret or an internal property", () => {
    const olds = { token: wrapSecret("hunter2"), __provider: "a" };
    expect(text(olds, { token: wrapSecret("hunter3"), __provider: "b" })).toBe("  ~ token: [secret] => [secret]\n");
    expect(text(olds, { token: "open" })).toBe('  ~ token: [secret] => "open"\n');
    expect(text(olds, { ...olds, __provider: "b" })).toBe("");
  });

  it("shows [unknown] for a value that is known only during the update", () => {
    expect(text({ hash: "a" }, { hash: UNKNOWN, more: [UNKNOWN] })).toBe(
      ['  ~ hash: "a" => [unknown]', "  + more: [", "  +     [0]: [unknown]", "    ]", ""].join("\n"),
    );
  });

  it("shows a change of type as a delete and an add, and leaves out an empty old value", () => {
    expect(text({ a: [1], b: "" }, { a: "x", b: "y" })).toBe(
      ["  - a: [", "  -     [0]: 1", "    ]", '  + a: "x"', '  + b: "y"', ""].join("\n"),
    );
  });

  it("looks into strings that hold JSON", () => {
    expect(text({ a: '{"x":1}' }, { a: '{"x":2}' })).toBe("  ~ a: (json) {\n      ~ x: 1 => 2\n    }\n");
  });

  it("has a short form for the header of a resource", () => {
    const change = difference({ a: 1, b: 1, c: 1, d: 1 }, { a: 2, b: 2, d: 1, e: 1, f: 1 });
    expect(summarizeDifference(change)).toBe("+e,f-c~a,b");
  });
});

const thing = (more: Partial<Resource>): Resource => ({
  urn: "urn:pulumi:dev::p::pulumi-nodejs:dynamic/demo:Thing::t",
  custom: true,
  type: "pulumi-nodejs:dynamic/demo:Thing",
  ...more,
});
const step = (more: Partial<Shown> & Pick<Shown, "step">): Shown => {
  const { urn, type } = thing({});
  return { urn, type, indent: 1, planning: false, ...more };
};

describe("a step", () => {
  it("shows the inputs of a created resource, and then its other outputs", () => {
    const inputs = { __provider: "…", name: "a", token: wrapSecret("hunter2") };
    const create = step({ step: "create", new: thing({ inputs }) });
    expect(formatStep(create)).toBe(
      [
        "    + pulumi-nodejs:dynamic/demo:Thing: (create)",
        "        [urn=urn:pulumi:dev::p::pulumi-nodejs:dynamic/demo:Thing::t]",
        '        name      : "a"',
        "        token     : [secret]",
        "",
      ].join("\n"),
    );
    expect(formatOutputs({ ...create, new: thing({ inputs, outputs: { ...inputs, made: 1 } }) })).toBe(
      ["        --outputs:--", "        made      : 1", ""].join("\n"),
    );
  });

  it("shows the difference of an updated resource", () => {
    const old = thing({ id: "1", inputs: { size: 1, name: "a" }, outputs: { size: 1, name: "a", made: 1 } });
    const update = step({ step: "update", old, new: thing({ inputs: { size: 2, name: "a" } }) });
    expect(formatStep(update)).toBe(
      [
        "    ~ pulumi-nodejs:dynamic/demo:Thing: (update) [diff: ~size]",
        "        [id=1]",
        "        [urn=urn:pulumi:dev::p::pulumi-nodejs:dynamic/demo:Thing::t]",
        '        name: "a"',
        "      ~ size: 1 => 2",
        "",
      ].join("\n"),
    );
  });

  it("says that a resource is retained or protected", () => {
    const gone = step({ step: "delete", old: thing({ id: "1", retainOnDelete: true, protect: true }), indent: 0 });
    expect(formatStep(gone)).toContain("- pulumi-nodejs:dynamic/demo:Thing: (delete[retain]) 🔒\n    [id=1]\n");
  });

  it("is not shown for an unchanged resource, a part of a replacement or the default provider", () => {
    const old = thing({});
    expect(formatStep(step({ step: "same", old, new: old }))).toBe("");
    expect(formatStep(step({ step: "create-replacement", new: old }))).toBe("");
    const urn = (name: string) => `urn:pulumi:dev::p::pulumi:providers:demo::${name}`;
    expect(formatStep(step({ step: "create", new: old, urn: urn("default_1_0_0") }))).toBe("");
    expect(formatStep(step({ step: "create", new: old, urn: urn("other-account") }))).not.toBe("");
  });

  it("shows no outputs of a resource in a preview", () => {
    expect(formatOutputs(step({ step: "create", new: thing({ outputs: { made: 1 } }), planning: true }))).toBe("");
  });
});

describe("the summary", () => {
  it("counts what an update will do", () => {
    expect(formatSummary({ create: 1, update: 2, same: 3 }, { planning: true, errors: 0, seconds: 1 })).toBe(
      "Resources:\n    + 1 to create\n    ~ 2 to update\n    3 changes. 3 unchanged\n",
    );
  });

  it("counts what was done and what failed, and says how long it took", () => {
    expect(formatSummary({ replace: 1, delete: 1 }, { planning: false, errors: 1, seconds: 1.2 })).toBe(
      "Resources:\n    - 1 deleted\n    +-1 replaced\n    2 changes\n    1 errored\n\nDuration: 2s\n",
    );
  });
});

describe("the value in a failed check", () => {
  it.each([
    [undefined, "{<nil>}"],
    [-1, "{-1}"],
    ["a b", "{a b}"],
    [[1, ["a"]], "{[{1} {[{a}]}]}"],
    [{ b: null, a: true }, "{map[a:{true} b:{<nil>}]}"],
    [UNKNOWN, "output<string>{}"],
    // Pulumi prints a secret in clear, so no check may name a property that can be secret.
    [wrapSecret("hush"), "{&{{hush}}}"],
  ])("is printed for %j as %s", (value, expected) => {
    expect(formatCheckedValue(value)).toBe(expected);
  });
});
