/** YAML has numbers and booleans where a text is meant. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coerceInputs } from "../../../provider/native/coerce.js";
import { nativeSchemas } from "../../../provider/native/package-schema.js";
import { PRELOAD, REFRESH } from "../../../provider/schema/inputs.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";

const coerce = (inputs: Record<string, unknown>, kind = REFRESH) => coerceInputs(nativeSchemas(kind), inputs);

describe("a number or a boolean is taken as text", () => {
  test.each([
    [{ contentHash: 1 }, { contentHash: "1" }],
    [{ contentHash: true }, { contentHash: "true" }],
    [{ contents: { a: 1, b: "2" } }, { contents: { a: "1", b: "2" } }],
    [{ source: { directory: 2024, include: [1] } }, { source: { directory: "2024", include: ["1"] } }],
    [{ assumeRole: { externalId: 123 } }, { assumeRole: { externalId: "123" } }],
    [{ paths: [1] }, { paths: ["1"] }],
  ])("%j where the schema says text", (given, expected) => {
    expect(coerce(given)).toEqual(expected);
  });

  test("in the headers of a preload", () => {
    expect(coerce({ headers: { "X-Version": 2 } }, PRELOAD)).toEqual({ headers: { "X-Version": "2" } });
  });
});

describe("nothing else is changed", () => {
  test.each([
    { force: "true" },
    { wait: true },
    { wait: { timeoutSeconds: 60 } },
    { wait: { timeoutSeconds: "60" } },
    { contentHash: null },
    { contentHash: UNKNOWN },
    { contents: UNKNOWN },
    { paths: "https://vod.example.com/a" },
    { paths: [UNKNOWN, null, ["a"], { b: 1 }] },
    { objectType: 1 },
    { misspelt: 1 },
    { quota: 5 },
  ])("%j", (given) => {
    expect(coerce(given)).toEqual(given);
  });

  test("and twice is the same as once, whatever comes", () => {
    const inputs = fc.record(
      Object.fromEntries(Object.keys(nativeSchemas(REFRESH)).map((name) => [name, fc.jsonValue({ maxDepth: 3 })])),
      { requiredKeys: [], noNullPrototype: true },
    );
    fc.assert(
      fc.property(inputs, (given) => {
        const once = coerce(given);
        expect(Object.keys(once)).toEqual(Object.keys(given));
        expect(coerce(once)).toEqual(once);
      }),
    );
  });
});
