/** Property values as they travel between the engine and a plugin. */

import fc from "fast-check";
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../../provider/native/values.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import { secret } from "./served.js";

describe("a secret", () => {
  test("is taken off, and its property is noted", () => {
    expect(decode({ paths: secret(["a"]), force: true })).toEqual({
      values: { paths: ["a"], force: true },
      secrets: new Set(["paths"]),
    });
  });

  test("is taken off within an object, a list and another secret", () => {
    const contents = { a: secret("1"), b: [secret({ c: secret("2") })] };
    expect(decode({ contents })).toEqual({
      values: { contents: { a: "1", b: [{ c: "2" }] } },
      secrets: new Set(["contents"]),
    });
  });

  test("is marked as a whole, once", () => {
    const marked = encode({ paths: ["a"], pending: secret(["b"]), force: true }, new Set(["paths", "pending"]));
    expect(marked).toEqual({ paths: secret(["a"]), pending: secret(["b"]), force: true });
  });

  test("that isn't known yet stays a secret that isn't", () => {
    const { values, secrets } = decode({ contentHash: secret(UNKNOWN) });
    expect(values).toEqual({ contentHash: UNKNOWN });
    expect(encode(values, secrets)).toEqual({ contentHash: secret(UNKNOWN) });
  });
});

test.each([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
])("%s stands for a value that isn't known, wherever it is", (unknown) => {
  expect(decode({ a: unknown, b: [unknown], c: { d: secret(unknown) } }).values).toEqual({
    a: UNKNOWN,
    b: [UNKNOWN],
    c: { d: UNKNOWN },
  });
});

test("a property without a value is left out: the engine can't store it", () => {
  const properties = { a: undefined, cost: { urls: 1, regex: undefined }, list: [{ b: undefined }] };
  expect(encode(properties, new Set(["a"]))).toEqual({ cost: { urls: 1 }, list: [{}] });
});

test("values come back as they were, whatever is secret", () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true });
  fc.assert(
    fc.property(json, fc.func(fc.boolean()), (values, isSecret) => {
      const secrets = new Set(Object.keys(values).filter((name) => isSecret(name)));
      const decoded = decode(encode(values as Record<string, unknown>, secrets));
      expect(decoded.values).toEqual(values);
      expect(decoded.secrets).toEqual(secrets);
    }),
  );
});

test("values travel as they are", () => {
  const values = { a: [1, "x", true, null, { "https://vod.example.com/ü": "1" }], b: {}, c: "" };
  const struct = Struct.fromJavaScript(encode(values, new Set()) as never);
  expect(decode(Struct.deserializeBinary(struct.serializeBinary()).toJavaScript() as never).values).toEqual(values);
});
