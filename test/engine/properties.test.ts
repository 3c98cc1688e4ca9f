import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  equal,
  markedLike,
  markedSecret,
  type PropertyMap,
  type PropertyValue,
  redacted,
  SECRET,
  SIGNATURE,
  secretOf,
  withoutSecrets,
} from "./properties.js";

const plain = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes(SIGNATURE));
const plainMap = fc.dictionary(fc.string({ minLength: 1 }), plain as fc.Arbitrary<PropertyValue>);

describe("a secret", () => {
  it("should travel as a wrapper object", () => {
    expect(secretOf("hush")).toEqual({ [SIGNATURE]: SECRET, value: "hush" });
  });

  it("should be plain for the provider, wherever it stands", () => {
    expect(withoutSecrets({ a: secretOf({ b: [secretOf("hush"), 1] }) })).toEqual({ a: { b: ["hush", 1] } });
  });

  it("should be shown as [secret]", () => {
    expect(redacted({ a: { b: secretOf("hush") }, c: 1 })).toEqual({ a: { b: "[secret]" }, c: 1 });
  });

  it("should be a secret again in what comes back under the same name", () => {
    const inputs = {
      token: secretOf("hush"),
      nested: { inner: secretOf("hush"), open: 1 },
      list: [secretOf("hush"), 1],
    };
    expect(
      markedLike({ token: "hush", nested: { inner: "hush", open: 1 }, list: [1, "hush"], made: 1 }, inputs),
    ).toEqual({
      token: secretOf("hush"),
      nested: { inner: secretOf("hush"), open: 1 },
      // The order may have changed, so the whole list is secret.
      list: secretOf([1, "hush"]),
      made: 1,
    });
  });

  it("should be made of the outputs that the program names", () => {
    expect(markedSecret({ a: 1, b: secretOf(2) }, ["a", "b", "c"])).toEqual({ a: secretOf(1), b: secretOf(2) });
  });

  it("should never get past a round trip through the provider, whatever the inputs are", () => {
    fc.assert(
      fc.property(plainMap, fc.string({ minLength: 12 }), (map: PropertyMap, hush) => {
        const inputs: PropertyMap = { ...map, wrapped: { deep: [secretOf(`secret-${hush}`)] } };
        const back = markedLike(withoutSecrets(inputs), inputs);
        expect(JSON.stringify(redacted(back))).not.toContain(JSON.stringify(`secret-${hush}`).slice(1, -1));
        expect(withoutSecrets(back)).toEqual(withoutSecrets(inputs));
      }),
    );
  });
});

describe("equality", () => {
  it.each([
    [{ a: null }, {}, true],
    [{ a: [1, 2] }, { a: [1, 2] }, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: secretOf(1) }, { a: secretOf(1) }, true],
    [{ a: secretOf(1) }, { a: 1 }, false],
    [{ a: "1" }, { a: 1 }, false],
  ] as [PropertyMap, PropertyMap, boolean][])("should hold for %j and %j: %s", (a, b, expected) => {
    expect(equal(a, b)).toBe(expected);
    expect(equal(b, a)).toBe(expected);
  });
});
