import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { domainOf, normalizePath } from "../../../provider/vod/paths.js";

describe("a valid path is sent in one spelling", () => {
  test.each([
    ["as it is", "https://vod.example.com/player/app.js", "https://vod.example.com/player/app.js"],
    ["without a scheme, as in the service's example", "abc.com/image/1.png", "abc.com/image/1.png"],
    [
      "scheme and host in lower case, the path as it is",
      "HTTPS://VOD.Example.com/App.JS",
      "https://vod.example.com/App.JS",
    ],
    ["without the scheme's default port", "https://vod.example.com:443/a", "https://vod.example.com/a"],
    ["without the default port of http", "http://vod.example.com:80/a", "http://vod.example.com/a"],
    ["with any other port", "http://vod.example.com:443/a", "http://vod.example.com:443/a"],
    ["an international domain name as punycode", "https://视频.example.com/a", "https://xn--cy2a840a.example.com/a"],
    [
      "characters beyond ASCII percent-encoded",
      "https://vod.example.com/é/片.mp4",
      "https://vod.example.com/%C3%A9/%E7%89%87.mp4",
    ],
    [
      "what clients encode percent-encoded",
      'https://vod.example.com/a"<>^`{}.js',
      "https://vod.example.com/a%22%3C%3E%5E%60%7B%7D.js",
    ],
    [
      "what is encoded already left alone",
      "https://vod.example.com/a%20b%2Fc%e4.js",
      "https://vod.example.com/a%20b%2Fc%e4.js",
    ],
    ["a file's query kept", "https://vod.example.com/a.m3u8?v=1&w=ü", "https://vod.example.com/a.m3u8?v=1&w=%C3%BC"],
    [
      "in a query, what clients encode there",
      `https://vod.example.com/a?x={b}^\`'"<>`,
      "https://vod.example.com/a?x={b}^`%27%22%3C%3E",
    ],
    ["a bare host as its root", "https://vod.example.com", "https://vod.example.com/"],
    ["a bare host with a query as its root", "https://vod.example.com?v=1", "https://vod.example.com/?v=1"],
  ])("%s", (_, written, sent) => {
    expect(normalizePath(written, "File")).toEqual({ path: sent });
  });

  test("for a directory that ends in a slash", () => {
    expect(normalizePath("https://vod.example.com/player/", "Directory")).toEqual({
      path: "https://vod.example.com/player/",
    });
  });

  test("for a regular expression, only in its host", () => {
    expect(normalizePath("https://VOD.example.com/player/.*\\.(js|css)$", "Regex")).toEqual({
      path: "https://vod.example.com/player/.*\\.(js|css)$",
    });
  });
});

describe("a path that can't be sent is refused with one sentence", () => {
  test.each([
    ["File", "", "is empty; remove it"],
    [
      "File",
      "https://vod.example.com/a\nhttps://vod.example.com/b",
      "contains a line break; give each path as an element of its own",
    ],
    ["File", "https://vod.example.com/a\r", "contains a line break; give each path as an element of its own"],
    ["File", "https://vod.example.com/a\u2028b", "contains a line break; give each path as an element of its own"],
    ["File", "https://vod.example.com/a\u0007", "contains a control character; remove it"],
    ["File", "https://vod.example.com/a\t", "contains a control character; remove it"],
    ["File", "https://vod.example.com/my video.mp4", "contains a space; write it as %20"],
    ["File", "\ufeffhttps://vod.example.com/a", "contains an invisible byte order mark (U+FEFF); remove it"],
    ["File", "https://vod.example.com/a\u00a0b", "contains the white space U+00A0; remove it, or write it as %C2%A0"],
    ["File", "https://vod.example.com/\ud800", "contains half of a character (a lone surrogate); correct it"],
    ["File", "ftp://vod.example.com/a", "has the scheme ftp; write http:// or https://"],
    ["File", "/player/app.js", "has no host; write it as https://your-domain/path"],
    ["File", "https:///player/app.js", "has no host; write it as https://your-domain/path"],
    ["File", "player/app.js", 'has no host: "player" is not a domain name; write it as https://your-domain/path'],
    [
      "File",
      "https://*.example.com/a",
      "has a wildcard host, which the service refuses; give one path for each domain",
    ],
    ["Regex", "*.example.com/a", "has a wildcard host, which the service refuses; give one path for each domain"],
    ["File", "https://me:pw@vod.example.com/a", "has a user name or a password before its host; remove it"],
    [
      "File",
      "https://vod.example.com/a#top",
      "has a fragment (#…), which no viewer sends; remove it, or write %23 for the character",
    ],
    ["File", "https://vod.example.com\\a", "contains a backslash; write / between directories"],
    [
      "File",
      "https://vod.example.com/100%",
      "has a % that is not part of a percent-encoding; write %25 for the character",
    ],
    ["File", "https://vod.example.com/a/../b", "has a . or .. segment, which viewers resolve; write the resolved path"],
    [
      "File",
      "https://vod.example.com/a/%2E%2e/b",
      "has a . or .. segment, which viewers resolve; write the resolved path",
    ],
    [
      "Directory",
      "https://vod.example.com/a",
      'does not end in "/", as a directory must; add it, or use objectType "File" for a single file',
    ],
    [
      "Directory",
      "https://vod.example.com/a/?v=1",
      "has a query, which a directory can't have; remove everything from the ? on",
    ],
    [
      "IgnoreParams",
      "https://vod.example.com/a?v=1",
      "has a query, but IgnoreParams refreshes the URL with any query; remove everything from the ? on",
    ],
    ["Regex", "https://vod.example.com", "has no pattern after its host; write it as https://your-domain/pattern"],
    ["Regex", "https://vod.example.com/é", "has characters beyond ASCII; percent-encode them"],
    [
      "File",
      `https://vod.example.com/${"é".repeat(167)}`,
      "is 1,026 characters long as it is sent, and the service takes at most 1,024; refresh its directory instead",
    ],
    [
      "Regex",
      `https://vod.example.com/${"a".repeat(1_001)}`,
      "is 1,025 characters long as it is sent, and the service takes at most 1,024; shorten it",
    ],
  ] as const)("%s %j", (objectType, path, problem) => {
    expect(normalizePath(path, objectType)).toEqual({ problem });
  });

  test("for an invalid regular expression", () => {
    const result = normalizePath("https://vod.example.com/(a", "Regex");
    expect(result).toEqual({
      problem: expect.stringMatching(/^is not a valid regular expression: .*Unterminated group/),
    });
  });

  test("but not for the longest path that the service takes", () => {
    const path = `https://vod.example.com/${"a".repeat(1_000)}`;
    for (const type of ["File", "IgnoreParams", "Regex"] as const) expect(normalizePath(path, type)).toEqual({ path });
  });

  test("for an unknown type, only where it is wrong for every type", () => {
    expect(normalizePath("https://vod.example.com/a", undefined)).toEqual({ path: "https://vod.example.com/a" });
    expect(normalizePath("player/app.js", undefined)).toHaveProperty("problem");
  });
});

describe("rules that hold for every path", () => {
  const segment = fc.stringMatching(/^[a-zA-Z0-9._~!$&'()*+,;=:@%é片"<{-]{0,8}$/);
  const written = fc
    .tuple(
      fc.constantFrom("", "http://", "https://", "HTTPS://"),
      fc.constantFrom(
        "vod.example.com",
        "VOD.example.com",
        "vod.example.com:80",
        "vod.example.com:443",
        "视频.example.com",
      ),
      fc.array(segment, { maxLength: 4 }),
      fc.constantFrom("", "/", "?v=1", "?", "?片"),
    )
    .map(([scheme, host, segments, end]) => `${scheme}${host}${segments.map((text) => `/${text}`).join("")}${end}`);
  const sentOf = (path: string) => {
    const result = normalizePath(path, "File");
    return "path" in result ? result.path : undefined;
  };

  test("normalizing twice changes nothing", () => {
    fc.assert(
      fc.property(written, (path) => {
        const sent = sentOf(path);
        fc.pre(sent !== undefined);
        expect(sentOf(sent as string)).toBe(sent);
      }),
    );
  });

  test("what is sent names the object that a client asks for", () => {
    fc.assert(
      fc.property(written, (path) => {
        const sent = sentOf(path);
        fc.pre(sent !== undefined && /^https?:/i.test(path));
        expect(new URL(sent as string).href).toBe(new URL(path).href);
      }),
    );
  });

  test("two paths that are sent as one path name one object", () => {
    fc.assert(
      fc.property(written, written, fc.boolean(), (one, other, alike) => {
        // Half of the pairs differ only in what may be rewritten.
        const second = alike
          ? one.replace(/^https?:/i, (scheme) => scheme.toUpperCase()).replace("é", "%C3%A9")
          : other;
        const sent = sentOf(one);
        fc.pre(sent !== undefined && sent === sentOf(second));
        const complete = (path: string) => new URL(/^https?:/i.test(path) ? path : `http://${path}`).href;
        expect(complete(one)).toBe(complete(second));
      }),
    );
  });

  test("any text is sent as one line of ASCII, or refused", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.constantFrom("File", "Directory", "Regex", "IgnoreParams"),
        (text, type) => {
          const result = normalizePath(`vod.example.com/${text}`, type as "File");
          if ("path" in result) expect(result.path).toMatch(/^[!-~]+$/);
          else expect(result.problem).not.toBe("");
        },
      ),
    );
  });
});

test("the domain of a path has no port and no scheme", () => {
  expect(domainOf("https://vod.example.com/a/b?c=d/e")).toBe("vod.example.com");
  expect(domainOf("vod.example.com:8080/a")).toBe("vod.example.com");
});
