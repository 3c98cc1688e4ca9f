/** A `*` that means nothing to the service: which one is refused, and what is written instead. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizePath } from "../../../provider/vod/paths.js";
import { findWildcard, type PathUse } from "../../../provider/vod/wildcards.js";

const HOST = "https://vod.example.com";
const TAKEN = "which the service takes literally";

describe("a * that can't be meant is refused, with what is meant", () => {
  test.each<[PathUse, string, string]>([
    ["File", "/player/*", `write ${HOST}/player/ with objectType "Directory", or %2A for the character`],
    ["File", "/*", `write ${HOST}/ with objectType "Directory", or %2A for the character`],
    ["File", "/player/**", `write ${HOST}/player/ with objectType "Directory", or %2A for the character`],
    ["File", "/player/*?v=1", `write ${HOST}/player/ with objectType "Directory", or %2A for the character`],
    ["File", "/player/*.js", `write ${HOST}/player/.*.js with objectType "Regex", or %2A for the character`],
    ["File", "/a*/(b)/x", `write ${HOST}/a.*/\\(b\\)/x with objectType "Regex", or %2A for the character`],
    ["IgnoreParams", "/player/*", `write ${HOST}/player/ with objectType "Directory", or %2A for the character`],
    ["Directory", "/player/*/", `write ${HOST}/player/, which covers everything below`],
    ["Directory", "/player/*", `write ${HOST}/player/, which covers everything below`],
    ["Directory", "/*/img/", `write ${HOST}/.*/img/.* with objectType "Regex"`],
    [
      "contents",
      "/player/*",
      `name each URL, or write ${HOST}/player/ in paths with objectType "Directory", or %2A for the character`,
    ],
    ["Preload", "/player/*", "name each file, or give a source, or %2A for the character"],
    ["baseUrl", "/player/*/", `write the directory that the files are in (${HOST}/player/)`],
  ])("%s %s", (use, rest, instead) => {
    expect(findWildcard(HOST + rest, use)).toEqual({ problem: `has a *, ${TAKEN}; ${instead}` });
  });

  test("as a whole query", () => {
    expect(findWildcard(`${HOST}/a.js?*`, "File")).toEqual({
      problem: `has a * as its query, ${TAKEN}; for any query, write ${HOST}/a.js with objectType "IgnoreParams"`,
    });
    expect(findWildcard(`${HOST}/a.js?*`, "Preload")).toEqual({
      problem: `has a * as its query, ${TAKEN}; for any query, leave it out`,
    });
  });

  test.each(["/player/*.js", "/*/img/.*", "/player\\/*x", "/[0-9]/*[a-z]"])(
    "as slashes in the pattern %s",
    (pattern) => {
      expect(findWildcard(HOST + pattern, "Regex")).toEqual({
        problem: "has /*, which in a regular expression means any number of slashes; write /.* for any characters",
      });
    },
  );
});

describe("a * that can be meant", () => {
  test.each(["/player/*", "/*", "/.*/[0-9]/*"])("gets a warning at the end of the pattern %s", (pattern) => {
    expect(findWildcard(HOST + pattern, "Regex")).toEqual({
      warning: "has /*, which in a regular expression means any number of slashes; write /.* for everything below",
    });
  });

  test("gets a warning within a query", () => {
    expect(findWildcard(`${HOST}/a.js?v=*`, "File")).toEqual({
      warning: `has a * in its query, ${TAKEN}; for any query, write ${HOST}/a.js with objectType "IgnoreParams"`,
    });
  });

  test.each<[PathUse, string]>([
    ["Regex", "/player/.*"],
    ["Regex", "/player/[^/]*"],
    ["Regex", "/player/[/*]x"],
    ["Regex", "/a*"],
    ["File", "/player/%2A"],
    ["File", "/player/%2a?v=%2A"],
    ["Directory", "/%2A/"],
    ["contents", "/%2A"],
  ])("is taken as it is: %s %s", (use, rest) => {
    expect(findWildcard(HOST + rest, use)).toBeUndefined();
    const type = use === "contents" ? "File" : (use as "File" | "Regex" | "Directory");
    expect(normalizePath(HOST + rest, type)).toEqual({ path: HOST + rest });
  });
});

test("what is written instead is accepted, and covers every name that the wildcard means", () => {
  const piece = fc.stringMatching(/^[a-z0-9.()+]{1,4}$/).filter((text) => !/^\.+$/.test(text));
  const segment = fc.array(fc.oneof(piece, fc.constant("*")), { minLength: 1, maxLength: 3 });
  const tree = fc.array(segment, { minLength: 1, maxLength: 4 }).filter((all) => all.flat().includes("*"));
  fc.assert(
    fc.property(tree, fc.constantFrom<PathUse>("File", "IgnoreParams"), piece, (segments, use, name) => {
      const join = (star: string) =>
        `/${segments.map((parts) => parts.map((p) => (p === "*" ? star : p)).join("")).join("/")}`;
      const found = findWildcard(HOST + join("*"), use);
      const { problem } = found as { problem: string };
      const [, written = "", type] = /; write (\S+) with objectType "(Directory|Regex)"/.exec(problem) ?? [];
      expect(normalizePath(written, type as "Regex")).toEqual({ path: written });
      expect(findWildcard(written, type as PathUse)).toBeUndefined();
      const rest = written.slice(HOST.length);
      const meant = join(name);
      expect(type === "Regex" ? new RegExp(`^(?:${rest})$`).test(meant) : meant.startsWith(rest)).toBe(true);
    }),
  );
});
