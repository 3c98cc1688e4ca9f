import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  equal,
  markSecrets,
  markSecretsLike,
  type PropertyMap,
  type PropertyValue,
  redact,
  SECRET,
  SIGNATURE,
  unwrapSecrets,
  wrapSecret,
} from "./properties.js";

const plain = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes(SIGNATURE));
const plainMap = fc.dictionary(fc.string({ minLength: 1 }), plain as fc.Arbitrary<PropertyValue>);

describe("a secret", () => {
  it("is a wrapper object on the wire", () => {
    expect(wrapSecret("hush")).toEqual({ [SIGNATURE]: SECRET, value: "hush" });
  });

  it("is plain for the provider at any depth", () => {
    expect(unwrapSecrets({ a: wrapSecret({ b: [wrapSecret("hush"), 1] }) })).toEqual({ a: { b: ["hush", 1] } });
  });

  it("is shown as [secret]", () => {
    expect(redact({ a: { b: wrapSecret("hush") }, c: 1 })).toEqual({ a: { b: "[secret]" }, c: 1 });
  });

  it("is secret again in the output of the same name", () => {
    const inputs = {
      token: wrapSecret("hush"),
      nested: { inner: wrapSecret("hush"), open: 1 },
      list: [wrapSecret("hush"), 1],
    };
    expect(
      markSecretsLike({ token: "hush", nested: { inner: "hush", open: 1 }, list: [1, "hush"], made: 1 }, inputs),
    ).toEqual({
      token: wrapSecret("hush"),
      nested: { inner: wrapSecret("hush"), open: 1 },
      // The order may change, so the whole list is secret.
      list: wrapSecret([1, "hush"]),
      made: 1,
    });
  });

  it("wraps each output that the program names", () => {
    expect(markSecrets({ a: 1, b: wrapSecret(2) }, ["a", "b", "c"])).toEqual({ a: wrapSecret(1), b: wrapSecret(2) });
  });

  it("stays secret in a round trip through the provider, whatever the inputs are", () => {
    fc.assert(
      fc.property(plainMap, fc.string({ minLength: 12 }), (map: PropertyMap, hush) => {
        const inputs: PropertyMap = { ...map, wrapped: { deep: [wrapSecret(`secret-${hush}`)] } };
        const back = markSecretsLike(unwrapSecrets(inputs), inputs);
        expect(JSON.stringify(redact(back))).not.toContain(JSON.stringify(`secret-${hush}`).slice(1, -1));
        expect(unwrapSecrets(back)).toEqual(unwrapSecrets(inputs));
      }),
    );
  });
});

describe("equality", () => {
  it.each([
    [{ a: null }, {}, true],
    [{ a: [1, 2] }, { a: [1, 2] }, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: wrapSecret(1) }, { a: wrapSecret(1) }, true],
    [{ a: wrapSecret(1) }, { a: 1 }, false],
    [{ a: "1" }, { a: 1 }, false],
  ] as [PropertyMap, PropertyMap, boolean][])("of %j and %j is %s", (a, b, expected) => {
    expect(equal(a, b)).toBe(expected);
    expect(equal(b, a)).toBe(expected);
  });
});
