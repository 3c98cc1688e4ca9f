import { describe, expect, it } from "vitest";
import { applyIgnoreChanges, parsePath } from "./ignoreChanges.js";
import { type PropertyMap, wrapSecret } from "./properties.js";

describe("ignoreChanges", () => {
  const cases: [string, PropertyMap, PropertyMap, PropertyMap][] = [
    ["size", { size: 1 }, { size: 2 }, { size: 1 }],
    ["size", {}, { size: 2 }, {}],
    ["size", { size: 1 }, {}, { size: 1 }],
    ["tags.owner", { tags: { owner: "a", x: 1 } }, { tags: { owner: "b", x: 2 } }, { tags: { owner: "a", x: 2 } }],
    ["tags.owner", {}, { tags: { owner: "b", x: 2 } }, { tags: { x: 2 } }],
    ['tags["a.b"]', { tags: { "a.b": 1 } }, { tags: { "a.b": 2 } }, { tags: { "a.b": 1 } }],
    ["list[1].n", { list: [{ n: 1 }, { n: 1 }] }, { list: [{ n: 2 }, { n: 2 }] }, { list: [{ n: 2 }, { n: 1 }] }],
    ["list[*].n", { list: [{ n: 1 }, { n: 1 }] }, { list: [{ n: 2 }, { n: 2 }] }, { list: [{ n: 1 }, { n: 1 }] }],
    ["*", { a: 1, b: 2 }, { a: 3, c: 4 }, { a: 1, b: 2 }],
    ["s.x", { s: wrapSecret({ x: 1 }) }, { s: { x: 2 } }, { s: { x: wrapSecret(1) } }],
  ];
  it.each(cases)("keeps %s of %j when the program gives %j", (path, olds, news, expected) => {
    expect(applyIgnoreChanges(news, olds, [path])).toEqual({ inputs: expected, unresolved: [] });
  });

  it("returns the paths to elements that only one side has", () => {
    const { inputs, unresolved } = applyIgnoreChanges({ list: [1] }, { list: [1, 2] }, ["list[1]", "list[0]"]);
    expect(unresolved).toEqual(["list[1]"]);
    expect(inputs).toEqual({ list: [1] });
  });

  it("does not change its arguments", () => {
    const news = { tags: { owner: "b" } };
    applyIgnoreChanges(news, { tags: { owner: "a" } }, ["tags.owner"]);
    expect(news).toEqual({ tags: { owner: "b" } });
  });

  it("reads dots, indexes, quoted keys and wildcards in a path", () => {
    expect(parsePath('a.b[0]["c.d"].*')).toEqual(["a", "b", "0", "c.d", "*"]);
  });
});
