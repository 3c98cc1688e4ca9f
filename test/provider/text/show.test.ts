/** Every way in which a text from outside reaches a person or a state. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ContentHashError } from "../../../provider/content/files.js";
import { hashFiles } from "../../../provider/content/hash.js";
import { checkInputs } from "../../../provider/resource/check.js";
import { REFRESH } from "../../../provider/schema/inputs.js";
import { digestRows } from "../../../provider/source/directory-digests.js";
import { SourceScanner } from "../../../provider/source/source.js";
import { describeSummary } from "../../../provider/tasks/waiter.js";
import { hideQuoted, holdsSecret, rememberSecrets, showLine, showPath, showText } from "../../../provider/text/show.js";
import { VodError } from "../../../provider/vod/errors.js";
import { refusalError } from "../../../provider/vod/refusals.js";
import { isWindows, temporaryDirectory } from "../content/content.js";

const SECRET = "planted+Secret/0123456789abcdef==";
rememberSecrets([SECRET, undefined, "short"]);

const ESCAPE = "\u001b[31m";
const UNSEEN = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

describe("a line", () => {
  test("has every control character and every mark of direction as an escape", () => {
    expect(showLine("a\u001b[2Jb\r\nc\u0085\u009b\u202ed\u2066\u2028\u{e0041}")).toBe(
      "a\\x1b[2Jb\\x0d\\x0ac\\x85\\x9b\\u202ed\\u2066\\u2028\\u{e0041}",
    );
    expect(showLine("<{%boom%}> {%} <{ %}")).toBe("<\\x7b%boom%}> {%} <{ %}");
    expect(showLine("日本 é 👩‍💻 %20 \\n")).toBe("日本 é 👩‍💻 %20 \\n");
  });

  test("of any text is bounded, well-formed, and shows nothing that isn't printed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.integer({ min: 1, max: 400 }), (text, most) => {
        for (const shown of [showLine(text, most), showText(text), showPath(text)]) {
          expect(shown).not.toMatch(UNSEEN);
          expect(shown.isWellFormed()).toBe(true);
        }
        expect(showLine(text, most).length).toBeLessThanOrEqual(most);
        expect(showText(text).length).toBeLessThanOrEqual(300);
        expect(showPath(text).length).toBeLessThanOrEqual(120);
      }),
      { numRuns: 50 },
    );
  });

  test("shown again stays the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(showLine(showLine(text))).toBe(showLine(text));
      }),
    );
  });

  test.each([
    ["as it is", SECRET],
    ["a part of it", SECRET.slice(3, 17)],
    ["percent-encoded", encodeURIComponent(SECRET)],
    ["in hexadecimal digits", Buffer.from(SECRET).toString("hex")],
    ["in base64", Buffer.from(`:${SECRET}`).toString("base64")],
    ["with a control character in between", [...SECRET].join("\u0000")],
  ])("hides a secret of this run: %s", (_, spelling) => {
    expect(holdsSecret(spelling)).toBe(true);
    expect(showLine(`it was "${spelling}", they say`)).toBe("it was [secret] they say");
  });

  test("hides a secret that is spread over words, and no short word", () => {
    expect(showLine([...SECRET].join(" "))).toBe("[secret]");
    expect(showLine(`it ${SECRET.slice(0, 10)} ${SECRET.slice(10, 20)} was`)).toBe("[secret]");
    expect(showLine("a short word")).toBe("a short word");
  });
});

describe("a path", () => {
  test.each([
    ["https://vod.example.com/a.m3u8?auth_key=1700000000-0-0-abcdef", "https://vod.example.com/a.m3u8?…"],
    ["https://vod.example.com/a#auth_key=5ec2e7", "https://vod.example.com/a#…"],
    ["https://user:password@vod.example.com/a", "https://…@vod.example.com/a"],
    ["https://user:pass/word@vod.example.com/a", "https://…@vod.example.com/a"],
    ["https://user:p?ss#w@rd@vod.example.com/a", "https://…@vod.example.com/a"],
    ["https:\\\\user:password@vod.example.com\\a", "https:\\\\…@vod.example.com\\a"],
    ["https:/user:pass word@vod.example.com/a", "https:/…@vod.example.com/a"],
    ["token@vod.example.com/a", "…@vod.example.com/a"],
    ["user:password@vod.example.com/a", "…@vod.example.com/a"],
    ["//user:password@vod.example.com/a", "//…@vod.example.com/a"],
    ["https://vod.example.com:8443/@scope/a@1.0.js", "https://vod.example.com:8443/@scope/a@1.0.js"],
    ["vod.example.com/mail:a@b", "vod.example.com/mail:a@b"],
    ["vod.example.com/a\nb", "vod.example.com/a\\x0ab"],
    ["https://vod.example.com/a%20b", "https://vod.example.com/a%20b"],
  ])("%j is shown as %j", (path, shown) => {
    expect(showPath(path)).toBe(shown);
  });

  test("is shown in at most 120 characters", () => {
    expect(showPath(`vod.example.com/${"a".repeat(500)}`)).toHaveLength(120);
  });
});

test.each([
  ["Origin Timeout", "Origin Timeout"],
  ["see https://a.example.com/x?auth_key=5ec2e7.", "see https://a.example.com/x?…."],
  ["(https://u:p@a.example.com/x#k=5ec2e7)", "(https://…@a.example.com/x#…)"],
  ["https%3A%2F%2Fa.example.com%2Fx%3Fauth_key%3D5ec2e7", "https://a.example.com/x?…"],
  ["sent p2PgGDDkuGM2yIzdCE0dHzn1mYQ= to it", "sent [secret] to it"],
  ["SignatureNonce=1&Signature=abc", "[secret]"],
  ["What? Task #1 has no row.", "What? Task #1 has no row."],
])("a service's sentence %j is shown as %j", (message, shown) => {
  expect(showText(message)).toBe(shown);
});

describe("one line without secrets is", () => {
  const outside = `${ESCAPE}\n${SECRET} https://user:password@a.example.com/x?auth_key=5ec2e7`;
  const expectSafe = (shown: string) => {
    expect(shown).not.toMatch(UNSEEN);
    expect(shown).not.toMatch(/planted|password|5ec2e7/);
    expect(shown).toMatch(/\\x1b/);
  };

  test("a refusal with an unknown code", () => {
    const message = showText(outside);
    const refusal = { code: "Brand.New", message, httpStatus: 400, requestId: "R-1", paths: [] };
    expectSafe(refusalError(refusal).message);
  });

  test("an error of any sentence", () => {
    const error = new VodError(`${ESCAPE} ${SECRET}`, `${ESCAPE} ${SECRET}`, { code: "Any" });
    for (const text of [error.message, error.happened, error.remedy, String(error)]) expectSafe(text);
  });

  test("what a task failed for", () => {
    const seen = { done: 0, total: 1, complete: new Set<string>(), missing: [], unknown: [], givenUp: [] };
    const failed = [{ path: `https://vod.example.com/${ESCAPE}?auth_key=5ec2e7`, description: showText(outside) }];
    const found = { ...seen, status: "Failed", statusOfRows: "Failed", failed } as const;
    expectSafe(describeSummary(found, { operation: "refresh", noun: ["URL", "URLs"] }));
  });

  test("the sentence of an input that is wrong", () => {
    const check = (inputs: Record<string, unknown>, config: Record<string, string> = {}) =>
      checkInputs(inputs, {}, (key) => config[key], REFRESH)
        .problems.join("\n")
        .replaceAll("\n", " ");
    const path = `https://user:password@a.example.com/${ESCAPE}x.js?auth_key=5ec2e7`;
    const base = { contentHash: "1" };
    expectSafe(check({ ...base, paths: [path] }));
    expectSafe(check({ contents: { [path]: "1" } }));
    expectSafe(check({ contents: { [path]: 5 } }));
    expectSafe(check({ source: { directory: ".", baseUrl: path } }));
    expectSafe(check({ ...base, paths: ["a.example.com/x"], objectType: `${ESCAPE} ${SECRET}` }));
    expectSafe(check({ ...base, paths: ["a.example.com/x"], [`${ESCAPE} ${SECRET}`]: 1 }));
    expectSafe(check({ ...base, paths: ["a.example.com/x"], quota: { [`${ESCAPE} ${SECRET}`]: 1 } }));
    const urls = { "alicloud-vod:urlsPerDay": `${ESCAPE} ${SECRET}` };
    expectSafe(check({ ...base, paths: ["a.example.com/x"] }, urls));
    const pattern = check({ ...base, objectType: "Regex", paths: ["a.example.com/(?auth_key=5ec2e7"] });
    expect(pattern).toBe("paths[0] (a.example.com/(?…) is not a valid regular expression: Invalid group.");
  });

  test.skipIf(isWindows)("a name of a file or a directory", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, `${ESCAPE}dir`));
    writeFileSync(join(directory, `${ESCAPE}dir`, "a"), "a");
    const source = { directory, baseUrl: "https://vod.example.com/" };
    const { files, manifest } = await new SourceScanner().scan(source);
    expect(Object.keys(files)).toEqual(["\\x1b[31mdir/"]);
    // The URL is that of the file.
    expect([...manifest.keys()]).toEqual(["https://vod.example.com/%1B[31mdir/a"]);

    const missing = await hashFiles(`${directory}/${ESCAPE}none`).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(ContentHashError);
    expectSafe((missing as Error).message);
    const noDirectory = { ...source, directory: `${directory}/${ESCAPE}none` };
    expectSafe(String(await new SourceScanner().scan(noDirectory).catch((error: unknown) => error)));
  });

  test("a row of directories, also where two names are escaped to one: a change of either changes it", () => {
    const rowsOf = (one: string, other: string) =>
      digestRows(
        new Map([
          ["a\u001b/x", one],
          ["a\\x1b/x", other],
          ["b/x", "1"],
        ]),
      );
    const rows = rowsOf("1", "1");
    expect(Object.keys(rows)).toEqual(["a\\x1b/", "b/"]);
    expect(rowsOf("2", "1")["a\\x1b/"]).not.toBe(rows["a\\x1b/"]);
    expect(rowsOf("1", "2")["a\\x1b/"]).not.toBe(rows["a\\x1b/"]);
  });
});

test.each([
  ['There is no directory "/srv/site". Build it.', "There is no directory [secret]. Build it."],
  ['"a" leads to "b "c"", out of "d". Exclude it.', "[secret]. Exclude it."],
  ["nothing is quoted", "nothing is quoted"],
])("%j without what it quotes is %j", (sentence, hidden) => {
  expect(hideQuoted(sentence)).toBe(hidden);
});
