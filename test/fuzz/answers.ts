/**
 * Answers that a broken or hostile endpoint might give: bytes, HTTP with any head, JSON of any shape, each with the
 * secrets of the caller in it.
 */
import fc from "fast-check";
import type { Answer } from "./answerer.js";

export const CREDENTIALS = {
  accessKeyId: "LTAI5tFuzzFuzzFuzzFuzz",
  accessKeySecret: "fuzz/Secret+fuzz/Secret=fuzz42",
  securityToken: "CAISfuzz+Token/fuzz&Token==fuzzToken",
};

const secret = fc
  .tuple(
    fc.constantFrom(...Object.values(CREDENTIALS)),
    fc.constantFrom<((text: string) => string)[]>(
      (text) => text,
      encodeURIComponent,
      (text) => encodeURIComponent(encodeURIComponent(text)),
      (text) => encodeURIComponent(text).toLowerCase(),
      (text) => text.replace(/\W/g, (character) => `&#${character.charCodeAt(0)};`),
      (text) => text.replace(/\W/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
      (text) => Buffer.from(text).toString("base64"),
    ),
  )
  .map(([text, spell]) => spell(text));

const word = fc.oneof(
  secret,
  fc.constantFrom(
    "server string to sign is:",
    "&Signature=c2ln",
    "AccessKeyId=",
    " ",
    "\n",
    "\u0000",
    "\u2028",
    "1",
    "100%",
  ),
  fc.constantFrom("2026-11-24T00:00:00Z", "Complete", "Failed", "1,2", "file", "\ud800", "<html>", "\u001b[31m", "{}"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const text = fc.array(word, { maxLength: 5 }).map((words) => words.join(" "));
const code = fc.oneof(
  fc.constantFrom("Throttling", "QuotaExceeded.Refresh", "SignatureDoesNotMatch", "Forbidden.RAM", "Brand.New", "OK"),
  fc.constantFrom("constructor", "toString", "__proto__", "hasOwnProperty", ""),
  text,
);

const FIELDS = [
  ...["RefreshTaskId", "RequestId", "TotalCount", "Tasks", "Task", "Code", "Message", "constructor"],
  ...["UrlQuota", "UrlRemain", "DirQuota", "DirRemain", "TaskId", "ObjectPath", "ObjectType", "Status", "Process"],
  ...["CreationTime", "Description", "PreloadTaskId", "Credentials", "AccessKeyId", "AccessKeySecret", "SecurityToken"],
  ...["Expiration"],
];
const { value } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(text, code, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.bigInt().map(String)),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), text), tie("value"), { maxKeys: 6 }),
}));

/** Answers that are right except for a field or two. */
const row = fc.record({
  TaskId: fc.oneof(fc.constant("1"), value),
  ObjectPath: fc.oneof(fc.constant("https://vod.example.com/a"), text),
  ObjectType: fc.constant("file"),
  Status: fc.oneof(fc.constantFrom("Complete", "Refreshing", "Pending", "Failed"), text),
  Process: fc.oneof(fc.constantFrom("100%", "0%", "33.3%"), text),
  CreationTime: fc.oneof(fc.constant("2026-11-24T00:00:00Z"), text),
  Description: fc.oneof(fc.constant(""), text),
});
/** What STS returns in `Credentials`, and what the metadata service and a credentials URI return as a whole. */
const issued = fc.record({
  Code: fc.oneof(fc.constant("Success"), text),
  AccessKeyId: fc.oneof(fc.constant("STS.issued"), text),
  AccessKeySecret: fc.oneof(fc.constant("issued"), text),
  SecurityToken: fc.oneof(fc.constant("issued"), value),
  Expiration: fc.oneof(fc.constantFrom("2126-11-24T00:00:00Z", "1970-01-01T00:00:00Z"), text),
});
const nearlyRight = fc.oneof(
  issued,
  fc.record({ Credentials: issued, RequestId: fc.oneof(fc.constant("R-1"), value) }),
  fc.record({ PreloadTaskId: fc.oneof(fc.constantFrom("1", "1,2"), value), RequestId: fc.constant("R-1") }),
  fc.record({
    RefreshTaskId: fc.oneof(fc.constantFrom("1", "1,2"), value),
    RequestId: fc.oneof(fc.constant("R-1"), value),
  }),
  fc.record({ TotalCount: fc.oneof(fc.nat(3), value), Tasks: fc.record({ Task: fc.array(row, { maxLength: 3 }) }) }),
  fc.record({
    UrlQuota: text,
    UrlRemain: fc.constant("1"),
    DirQuota: fc.constant("9"),
    DirRemain: fc.constant("9".repeat(20)),
  }),
  fc.record({ Code: code, Message: text, RequestId: fc.oneof(fc.constant("R-1"), text) }),
);
const json = fc.oneof(nearlyRight, value).map((answer) => JSON.stringify(answer));
const body = fc
  .oneof(
    { weight: 4, arbitrary: json },
    { weight: 1, arbitrary: fc.tuple(json, fc.nat(200)).map(([whole, length]) => whole.slice(0, length)) },
    { weight: 1, arbitrary: fc.oneof(text, fc.json()) },
  )
  .map((content) => Buffer.from(content).toString("latin1"));

const line = text.map((content) => content.replace(/[\r\n]/g, " "));
const header = fc.oneof(
  fc.tuple(fc.constantFrom("content-type", "x-acs-retry-after", "date", "location", "set-cookie", "server"), line),
  fc.constantFrom<[string, string][]>(
    ["content-type", "application/json"],
    ["content-encoding", "gzip"],
    ["content-encoding", "br"],
    ["transfer-encoding", "chunked"],
    ["content-length", "7"],
    ["content-length", "99999999"],
    ["x-acs-retry-after", "5000"],
    ["date", "Tue, 24 Nov 2026 00:00:00 GMT"],
    ["connection", "upgrade"],
  ),
  fc.tuple(line, line),
);

const status = fc.oneof(
  fc.constantFrom(200, 200, 200, 400, 403, 404, 500, 503),
  fc.constantFrom(302, 204, 304, 101, 100, 999),
);

const http = fc
  .record({ status, headers: fc.array(header, { maxLength: 4 }), content: body, isFramed: fc.boolean() })
  .map(({ status, headers, content, isFramed }) => {
    const lines = [...headers, ...(isFramed ? [["content-length", String(content.length)]] : [])];
    const head = [`HTTP/1.1 ${status} Some reason`, ...lines.map(([name, value]) => `${name}: ${value}`)];
    return `${head.join("\r\n")}\r\n\r\n${content}`;
  });

export const answers: fc.Arbitrary<Answer> = fc.record({
  bytes: fc.oneof(
    { weight: 12, arbitrary: http },
    { weight: 2, arbitrary: fc.tuple(http, fc.nat(300)).map(([whole, length]) => whole.slice(0, length)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")) },
  ),
  end: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Answer["end"]>("close") },
    { weight: 1, arbitrary: fc.constantFrom<Answer["end"][]>("reset", "open") },
  ),
});
