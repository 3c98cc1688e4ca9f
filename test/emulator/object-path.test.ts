import { describe, expect, test } from "vitest";
import { parseBoolean, parseObjectPaths, parseObjectType, type TaskType } from "../../emulator/object-path.js";

const MALFORMED = "InvalidObjectPath.Malformed";
const EXTENSIVE = "InvalidExtensiveDomain.ValueNotSupported";

function readCode(decide: () => unknown): string {
  try {
    decide();
    return "accepted";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("ObjectPath", () => {
  test("a path is read as scheme, domain and rest", () => {
    expect(parseObjectPaths("HTTPS://Vod.Example.com/A/b.txt?x=1", "File")).toEqual([
      { text: "HTTPS://Vod.Example.com/A/b.txt?x=1", scheme: "https", domain: "vod.example.com", rest: "/A/b.txt?x=1" },
    ]);
  });

  test("a path without a scheme is read, as in the page's example", () => {
    expect(parseObjectPaths("abc.com/image/1.png", "File")).toEqual([
      { text: "abc.com/image/1.png", scheme: undefined, domain: "abc.com", rest: "/image/1.png" },
    ]);
  });

  test.each(["a.com/1\na.com/2", "a.com/1\r\na.com/2"])("%j is split at its line break", (value) => {
    expect(parseObjectPaths(value, "File").map((path) => path.rest)).toEqual(["/1", "/2"]);
  });

  test.each<[TaskType, string, string]>([
    ["File", "http://a.com/", "accepted"],
    ["File", "a.com/a%20b*!'()~.txt?x=/#".slice(0, -1), "accepted"],
    ["File", "xn--fiq228c.com/a", "accepted"],
    ["File", "a.com", MALFORMED],
    ["File", "http://a.com", MALFORMED],
    ["File", "http:///a", MALFORMED],
    ["File", "/a", MALFORMED],
    ["File", "localhost/a", MALFORMED],
    ["File", "a.com?x", MALFORMED],
    ["File", "a.com:8080/a", MALFORMED],
    ["File", "user@a.com/a", MALFORMED],
    ["File", "a..com/a", MALFORMED],
    ["File", "-a.com/a", MALFORMED],
    ["File", "ftp://a.com/a", MALFORMED],
    ["File", "a.com/a b", MALFORMED],
    ["File", " a.com/a", MALFORMED],
    ["File", "a.com/a\t", MALFORMED],
    ["File", "a.com/ä", MALFORMED],
    ["File", "bücher.com/a", MALFORMED],
    ["File", "a.com/a#part", MALFORMED],
    ["File", "a.com/100%", MALFORMED],
    ["File", "a.com/1\n", MALFORMED],
    ["File", "a.com/1\n\na.com/2", MALFORMED],
    ["File", "a.com/1\ra.com/2", MALFORMED],
    ["File", "a.com/1,a.com/2", "accepted"],
    ["File", "*.a.com/a", EXTENSIVE],
    ["File", ".a.com/a", EXTENSIVE],
    ["File", "https://*/a", EXTENSIVE],
    ["Directory", "a.com/", "accepted"],
    ["Directory", "https://a.com/b/c/", "accepted"],
    ["Directory", "a.com/b", MALFORMED],
    ["Directory", "a.com/b?x=/", MALFORMED],
    ["Regex", "https://a.com/.*\\.png", "accepted"],
    ["Regex", "a.com/[0-9]+/.*\\.(js|css)\\?v=%", "accepted"],
    ["Regex", "a.com/(", MALFORMED],
    ["Regex", "a.com/[z-a]", MALFORMED],
    ["Regex", ".*\\.png", MALFORMED],
    ["Regex", "https://.*/a", EXTENSIVE],
    ["Regex", "a\\.com/a", MALFORMED],
    ["IgnoreParams", "https://a.com/a?x=1", "accepted"],
    ["IgnoreParams", "https://a.com/a", "accepted"],
    ["File", `https://a.com/${"a".repeat(1_024 - "https://a.com/".length)}`, "accepted"],
    ["File", `https://a.com/${"a".repeat(1_025 - "https://a.com/".length)}`, MALFORMED],
    ["Preload", "https://a.com/a?x=/", "accepted"],
    ["Preload", "a.com/a", "accepted"],
    ["Preload", "https://a.com/a/", MALFORMED],
    ["Preload", "https://a.com/a/?x=1", MALFORMED],
    ["Preload", "https://a.com/", MALFORMED],
    ["Preload", "https://a.com/a b", MALFORMED],
    ["Preload", "https://*.a.com/a", EXTENSIVE],
  ])("as %s, %j is %s", (type, value, outcome) => {
    expect(readCode(() => parseObjectPaths(value, type))).toBe(outcome);
  });

  test.each([undefined, ""])("%j is a missing parameter", (value) => {
    expect(readCode(() => parseObjectPaths(value, "File"))).toBe("MissingParameter");
  });
});

describe("ObjectType", () => {
  test.each([
    [undefined, "File"],
    ["", "File"],
    ["File", "File"],
    ["Directory", "Directory"],
    ["Regex", "Regex"],
    ["IgnoreParams", "IgnoreParams"],
  ])("%j is read as %s", (value, type) => expect(parseObjectType(value)).toBe(type));

  test.each(["file", "DIRECTORY", "Regexp", "undefined"])("%j is refused", (value) => {
    expect(readCode(() => parseObjectType(value))).toBe("InvalidObjectType.ValueNotSupported");
  });
});

describe("a boolean", () => {
  test.each([
    [undefined, false],
    ["false", false],
    ["False", false],
    ["true", true],
    ["TRUE", true],
  ])("%j is read as %s", (value, force) => expect(parseBoolean("Force", value)).toBe(force));

  test.each(["1", "yes", "undefined"])("%j is refused", (value) => {
    expect(readCode(() => parseBoolean("Force", value))).toBe("InvalidParameter");
  });
});
