/** Which properties a preview shows as changed, by paths as Pulumi reads them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findChanges } from "../../../provider/native/changes.js";

const find = (olds: Record<string, unknown>, news: Record<string, unknown>, secrets: string[] = []) =>
  Object.fromEntries(findChanges(olds, news, new Set(secrets)));

/** Reads a path. Source: Pulumi's `ParsePropertyPath`, without indexes of lists. */
function parsePath(path: string): string[] {
  const keys: string[] = [];
  let rest = path;
  while (rest !== "") {
    if (rest.startsWith('["')) {
      const [whole = "", key = ""] = /^\["((?:\\"|[^"])*)"\]/s.exec(rest) ?? [];
      if (whole === "") throw new Error(`${path} has no closing bracket.`);
      keys.push(key.replaceAll('\\"', '"'));
      rest = rest.slice(whole.length);
    } else {
      const [whole = "", key = ""] = /^\.?([^.[]*)/s.exec(rest) ?? [];
      if (whole === "") throw new Error(`${path} has an empty name.`);
      keys.push(key);
      rest = rest.slice(whole.length);
    }
  }
  return keys;
}

describe("a change is told by its path", () => {
  test("of an input that is new, gone or different", () => {
    expect(find({ a: 1, b: 2, c: [1] }, { b: 3, c: [1], d: 4 })).toEqual({ a: "delete", b: "update", d: "add" });
  });

  test("of a URL whose hash changed, and of no other", () => {
    const [a, b, c] = ["https://vod.example.com/a.js", "https://vod.example.com/b.js", "https://vod.example.com/c.js"];
    expect(find({ contents: { [a]: "1", [b]: "1" } }, { contents: { [a]: "2", [c]: "1" } })).toEqual({
      [`contents["${a}"]`]: "update",
      [`contents["${b}"]`]: "delete",
      [`contents["${c}"]`]: "add",
    });
  });

  test("of a field of an object by its name, and of a list as a whole", () => {
    expect(find({ wait: { timeoutSeconds: 1 }, paths: ["a"] }, { wait: { timeoutSeconds: 2 }, paths: ["b"] })).toEqual({
      "wait.timeoutSeconds": "update",
      paths: "update",
    });
  });

  test("of a secret as a whole: a key may be what is secret", () => {
    expect(find({ contents: { "https://vod.example.com/a?auth_key=1": "1" } }, { contents: {} }, ["contents"])).toEqual(
      {
        contents: "update",
      },
    );
  });

  test("of nothing that the package keeps for itself", () => {
    expect(find({ __provider: "code" }, { __secretPaths: true })).toEqual({});
  });

  test("of an object with a key that no path can name", () => {
    expect(find({ contents: { "a\\": "1" } }, { contents: { "a\\": "2" } })).toEqual({ contents: "update" });
  });
});

test("Pulumi reads every path as the keys that it was made of", () => {
  const key = fc.oneof(fc.string(), fc.constantFrom('"', '\\"', "a\\b", '["x"]', ".", "[0]", "", "*", "__proto__x"));
  const record = fc.dictionary(key, fc.constantFrom("1", "2", "3"), { noNullPrototype: true });
  fc.assert(
    fc.property(record, record, (olds, news) => {
      const paths = [...findChanges({ contents: olds }, { contents: news }, new Set()).keys()];
      const found = paths.map(parsePath);
      for (const [root, ...keys] of found) {
        expect(root).toBe("contents");
        const [name] = keys;
        if (name === undefined) continue;
        expect(keys).toHaveLength(1);
        expect(olds[name]).not.toBe(news[name]);
      }
      const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
        (name) => olds[name] !== news[name],
      );
      if (found.every((keys) => keys.length === 2)) expect(found.length).toBe(changed.length);
    }),
  );
});
