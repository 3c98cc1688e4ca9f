import { describe, expect, it } from "vitest";
import { type PropertyMap, UNKNOWN } from "./properties.js";
import type { Resource } from "./state.js";
import {
  type DiffAnswer,
  decide,
  deleteWaves,
  findDependents,
  type Goal,
  inputsAfterReplacing,
  seconds,
} from "./steps.js";

const resource = (urn: string, more: Partial<Resource> = {}): Resource => ({
  urn,
  custom: true,
  type: "t",
  id: urn,
  ...more,
});
const goal: Goal = {
  urn: "a",
  type: "t",
  name: "a",
  custom: true,
  inputs: {},
  dependencies: [],
  propertyDependencies: {},
  additionalSecretOutputs: [],
  ignoreChanges: [],
  replaceOnChanges: [],
};
const answer = (changes: boolean | undefined, replaces: string[] = [], deleteBeforeReplace = false): DiffAnswer => ({
  changes,
  replaces,
  deleteBeforeReplace,
});

describe("the step for an existing resource", () => {
  const cases: [string, Partial<Resource>, DiffAnswer, PropertyMap, object][] = [
    ["no change", {}, answer(false), { n: 2 }, { step: "same" }],
    ["a change", {}, answer(true), { n: 1 }, { step: "update" }],
    ["an unknown diff and the same inputs", {}, answer(undefined), { n: 1 }, { step: "same" }],
    ["an unknown diff and other inputs", {}, answer(undefined), { n: 2 }, { step: "update" }],
    ["no change of a resource that is not initialized", { initErrors: ["x"] }, answer(false), {}, { step: "update" }],
    ["a change of a key", {}, answer(true, ["n"]), {}, { step: "replace", deleteFirst: false }],
    ["a replace key without a change", {}, answer(false, ["n"]), {}, { step: "same" }],
    ["a change of a key that deletes first", {}, answer(true, ["n"], true), {}, { step: "replace", deleteFirst: true }],
    [
      "a replacement that is half done",
      { pendingReplacement: true },
      answer(false),
      {},
      { step: "replace", deleteFirst: false },
    ],
  ];
  it.each(cases)("is decided by %s", (_what, old, given, news, expected) => {
    expect(decide(resource("a", { inputs: { n: 1 }, ...old }), goal, news, given)).toEqual(expected);
  });

  it.each<[string[], Partial<Resource>, DiffAnswer, object]>([
    [["n"], {}, answer(true), { step: "update" }],
    [["*"], {}, answer(true), { step: "update" }],
    [["*"], {}, answer(false), { step: "same" }],
    [["n"], { initErrors: ["x"] }, answer(false), { step: "update" }],
    [["*"], { initErrors: ["x"] }, answer(false), { step: "replace", deleteFirst: false }],
    [["#initerror"], { initErrors: ["x"] }, answer(false), { step: "replace", deleteFirst: false }],
  ])("with replaceOnChanges %j is replaced only because of init errors, if the provider has a diff", (...given) => {
    const [replaceOnChanges, old, diff, expected] = given;
    expect(decide(resource("a", { inputs: { n: 1 }, ...old }), { ...goal, replaceOnChanges }, { n: 2 }, diff)).toEqual(
      expected,
    );
  });

  it("is refused with replaceOnChanges if the provider leaves it to the engine what changed", () => {
    const decision = () =>
      decide(resource("a", { inputs: { n: 1 } }), { ...goal, replaceOnChanges: ["n"] }, { n: 2 }, answer(undefined));
    expect(decision).toThrow(/does not support replaceOnChanges of the resource "a"/);
  });

  it("replaces in the order that the program asks for", () => {
    const decision = decide(resource("a"), { ...goal, deleteBeforeReplace: false }, {}, answer(true, ["n"], true));
    expect(decision).toEqual({ step: "replace", deleteFirst: false });
  });
});

describe("deletes", () => {
  const urns = (waves: Resource[][]): string[][] => waves.map((wave) => wave.map(({ urn }) => urn));

  it("take the dependents of a resource before the resource", () => {
    const [root, a, b, c] = [
      resource("root"),
      resource("a", { parent: "root" }),
      resource("b", { parent: "root", dependencies: ["a"] }),
      resource("c", { parent: "root", propertyDependencies: { x: ["b"] } }),
    ];
    expect(urns(deleteWaves([root, a, b, c]))).toEqual([["c"], ["b"], ["a"], ["root"]]);
  });

  it("take independent resources together", () => {
    const all = [resource("root"), resource("a", { parent: "root" }), resource("b", { parent: "root" })];
    expect(urns(deleteWaves(all))).toEqual([["a", "b"], ["root"]]);
  });

  it("end even on a circle", () => {
    const circle = [resource("a", { dependencies: ["b"] }), resource("b", { dependencies: ["a"] })];
    expect(urns(deleteWaves(circle))).toEqual([["a", "b"]]);
  });
});

describe("a dependent of a replaced resource", () => {
  const root = resource("root", { id: "1" });
  const byProperty = resource("b", { inputs: { x: 1, y: 2 }, propertyDependencies: { x: ["root"], y: [] } });
  const byOrder = resource("c", { inputs: { x: 1 }, dependencies: ["b"], propertyDependencies: { x: [] } });

  it("is found through others, in the order of the state", () => {
    expect(findDependents(root, [root, byOrder, byProperty, resource("d")])).toEqual([byOrder, byProperty]);
  });

  it("gets unknowns for the inputs that are made from it", () => {
    expect(inputsAfterReplacing(byProperty, new Set(["root"]))).toEqual({ x: UNKNOWN, y: 2 });
  });

  it("keeps its inputs if only its order depends on it", () => {
    expect(inputsAfterReplacing(byOrder, new Set(["root", "b"]))).toBeUndefined();
  });
});

describe("custom timeouts", () => {
  it.each([
    ["5m", 300],
    ["1h30m", 5400],
    ["1.5s", 1.5],
    ["", undefined],
  ])("convert %j to %s seconds", (text, expected) => {
    expect(seconds(text)).toBe(expected);
  });
});
