import { request } from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Pair, percentEncode } from "../../emulator/wire.js";
import { call, encodePairs, refresh, send, signedPairs } from "./caller.js";
import type { Conditions, EmulatorOptions } from "./index.js";
import { started } from "./started.js";

const QUOTA = "DescribeVodRefreshQuota";

interface Provocation {
  options?: EmulatorOptions;
  set?: Conditions;
  extra?: Record<string, string | undefined>;
  action?: string;
}

const TOKEN = { options: { securityToken: "the-token" } };

// The gateway's table, and under it the codes that are assumed.
const GATEWAY_TABLE: [code: string, status: number, message: string | RegExp, how: Provocation][] = [
  ["InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.", { extra: { AccessKeyId: "another" } }],
  ["InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.", { set: { accessKey: "deleted" } }],
  ["InvalidAccessKeyId.Inactive", 400, "Specified access key is disabled.", { set: { accessKey: "inactive" } }],
  [
    "SignatureDoesNotMatch",
    400,
    /^Specified signature is not matched with our calculation. server string to sign is:POST&%2F&AccessKeyId%3DLTAI5t/,
    { extra: { Signature: "OLeaidS1JvxuMvnyHOwuJ+uX5qY=" } },
  ],
  [
    "IncompleteSignature",
    400,
    /^The request signature does not conform to Aliyun standards. server string to sign is:POST&/,
    { extra: { Signature: "short" } },
  ],
  ["IncompleteSignature", 400, /./, { extra: { SignatureMethod: "HMAC-MD5" } }],
  ["IncompleteSignature", 400, /./, { extra: { SignatureVersion: "2.0" } }],
  ["IncompleteSignature", 400, /./, { extra: { SignatureType: "BEARERTOKEN" } }],
  [
    "InvalidTimeStamp.Format",
    400,
    "Specified time stamp or date value is not well formatted.",
    { extra: { Timestamp: "2024-02-30T00:00:00Z" } },
  ],
  [
    "InvalidTimeStamp.Expired",
    400,
    "Specified time stamp or date value is expired.",
    { extra: { Timestamp: "2024-07-19T00:00:00Z" } },
  ],
  ["MissingSecurityToken", 400, "SecurityToken is mandatory for this action.", TOKEN],
  [
    "InvalidSecurityToken.Expired",
    400,
    "Specified SecurityToken is expired.",
    { ...TOKEN, set: { token: "expired" }, extra: { SecurityToken: "the-token" } },
  ],
  [
    "InvalidSecurityToken.Malformed",
    400,
    "Specified SecurityToken is malformed.",
    { ...TOKEN, extra: { SecurityToken: "undefined" } },
  ],
  ["InvalidSecurityToken.Malformed", 400, /./, { extra: { SecurityToken: "two words" } }],
  [
    "InvalidSecurityToken.MismatchWithAccessKey",
    400,
    "Specified SecurityToken mismatch with the AccessKey.",
    { ...TOKEN, extra: { SecurityToken: "another" } },
  ],
  ["InvalidSecurityToken.MismatchWithAccessKey", 400, /./, { extra: { SecurityToken: "of-another-key" } }],
  [
    "Forbidden.RAM",
    403,
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    { set: { accessKey: "forbidden" } },
  ],
  [
    "InvalidAction.NotFound",
    404,
    "Specified api is not found, please check your url and method.",
    { action: "RefreshObjectCaches" },
  ],
  ["MissingAction", 400, "Action is mandatory for this action.", { extra: { Action: undefined } }],
  ["MissingAccessKeyId", 400, "AccessKeyId is mandatory for this action.", { extra: { AccessKeyId: undefined } }],
  ["MissingSignature", 400, "Signature is mandatory for this action.", { extra: { Signature: undefined } }],
  ["MissingSignatureNonce", 400, "SignatureNonce is mandatory for this action.", { extra: { SignatureNonce: "" } }],
  ["MissingTimestamp", 400, "Timestamp is mandatory for this action.", { extra: { Timestamp: undefined } }],
  ["MissingVersion", 400, "Version is mandatory for this action.", { extra: { Version: undefined } }],
  ["InvalidVersion", 400, "Specified parameter Version is not valid.", { extra: { Version: "2018-05-10" } }],
];

describe("the error table of the gateway", () => {
  test.each(GATEWAY_TABLE)("a call is refused with %s, %d, %s", async (code, status, message, how) => {
    const emulator = await started(how.options);
    emulator.set(how.set ?? {});
    const answer = await call(emulator, how.action ?? QUOTA, how.extra);
    expect(answer).toMatchObject({ status, json: { Code: code } });
    expect(answer.json.Message).toMatch(message);
  });

  test("a nonce that any call has used is refused", async () => {
    const emulator = await started();
    expect(await call(emulator, QUOTA, { SignatureNonce: "once" })).toMatchObject({ status: 200 });
    expect(await call(emulator, "DescribeVodRefreshTasks", { SignatureNonce: "once" })).toMatchObject({
      status: 400,
      json: { Code: "SignatureNonceUsed", Message: "Specified signature nonce was used already." },
    });
  });

  test("a nonce with a wrong signature isn't used up", async () => {
    const emulator = await started();
    const forged = { SignatureNonce: "mine", Signature: "OLeaidS1JvxuMvnyHOwuJ+uX5qY=" };
    expect((await call(emulator, QUOTA, forged)).json.Code).toBe("SignatureDoesNotMatch");
    expect((await call(emulator, QUOTA, { SignatureNonce: "mine" })).status).toBe(200);
  });

  test.each([
    [-15 * 60, 200],
    [-15 * 60 - 1, 400],
    [15 * 60, 200],
    [15 * 60 + 1, 400],
  ])("a time that is %d seconds off gets %d: 15 minutes are allowed", async (seconds, status) => {
    const now = Date.parse("2024-07-19T12:00:00Z");
    const emulator = await started({ now: () => now });
    const timestamp = `${new Date(now + seconds * 1000).toISOString().slice(0, 19)}Z`;
    expect((await call(emulator, QUOTA, { Timestamp: timestamp })).status).toBe(status);
  });

  test("signatures are checked against the real time, not against the time that a test has set", async () => {
    const emulator = await started();
    emulator.setTime(Date.parse("2031-01-01T00:00:00Z"));
    expect((await call(emulator, QUOTA)).status).toBe(200);
  });

  test.each(["PUT", "DELETE"])("a call by %s is refused", async (method) => {
    const emulator = await started();
    const query = encodePairs(signedPairs(emulator, QUOTA, {}, method));
    expect((await send(emulator.endpoint, { method, query })).json.Code).toBe("InvalidAction.NotFound");
  });

  test("a call at another path is refused", async () => {
    const emulator = await started();
    const body = encodePairs(signedPairs(emulator, QUOTA));
    expect((await send(emulator.endpoint, { path: "/v1", body })).json.Code).toBe("InvalidAction.NotFound");
  });
});

// The ways in which official clients write the same signed call.
const PATHS = "http://vod.example.com/a~b*c%20d\nvod.example.com/e?f=g+h&i=%E4%BD%A0";
const plus = (text: string) => percentEncode(text).replaceAll("%20", "+");
const rawStar = (text: string) => percentEncode(text).replaceAll("%2A", "*");
const tildeHex = (text: string) => percentEncode(text).replaceAll("~", "%7E");
const lowerHex = (text: string) => percentEncode(text).replace(/%../g, (hex) => hex.toLowerCase());

describe("the ways in which clients write a call", () => {
  const extra = { ObjectPath: PATHS, ObjectType: "File", Note: "two words" };

  test.each([
    ["%20 for a space", percentEncode],
    ["+ for a space", plus],
    ["a raw *", rawStar],
    ["%7E", tildeHex],
    ["lower-case hex", lowerHex],
  ])("%s is accepted", async (_name, encode) => {
    const emulator = await started();
    const body = encodePairs(signedPairs(emulator, "RefreshVodObjectCaches", extra), encode);
    expect((await send(emulator.endpoint, { body })).status).toBe(200);
    expect(emulator.received[0]?.parameters.ObjectPath).toBe(PATHS);
  });

  test("a POST with everything in the query is accepted", async () => {
    const emulator = await started();
    const query = encodePairs(signedPairs(emulator, "RefreshVodObjectCaches", extra));
    expect((await send(emulator.endpoint, { query })).status).toBe(200);
  });

  test("a GET is accepted", async () => {
    const emulator = await started();
    const query = encodePairs(signedPairs(emulator, "RefreshVodObjectCaches", extra, "GET"));
    expect((await send(emulator.endpoint, { method: "GET", query })).status).toBe(200);
  });

  test("parameters in both query and body are accepted", async () => {
    const emulator = await started();
    const pairs = signedPairs(emulator, "RefreshVodObjectCaches", extra);
    const [query, body] = [encodePairs(pairs.slice(0, 5)), encodePairs(pairs.slice(5))];
    expect((await send(emulator.endpoint, { query, body })).status).toBe(200);
  });

  test("a body without a content type is accepted", async () => {
    const emulator = await started();
    const body = encodePairs(signedPairs(emulator, QUOTA));
    expect((await send(emulator.endpoint, { body, headers: { "content-type": "" } })).status).toBe(200);
  });

  test("a chunked body is accepted", async () => {
    const emulator = await started();
    const body = encodePairs(signedPairs(emulator, QUOTA));
    const status = await new Promise((resolve, reject) => {
      const calling = request(emulator.endpoint, { method: "POST", agent: false }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      calling.on("error", reject);
      calling.write(body.slice(0, 20));
      calling.write(body.slice(20));
      calling.end();
    });
    expect(status).toBe(200);
  });

  test.each([
    { SignatureType: "" },
    { Force: "False" },
    { Force: "TRUE" },
    { Format: "json" },
    { SignatureMethod: "Hmac-SHA1" },
    { RegionId: "cn-shanghai" },
    { OwnerId: "1" },
  ])("%j is accepted", async (more) => {
    const emulator = await started();
    expect((await refresh(emulator, ["vod.example.com/a.txt"], more)).json.RefreshTaskId).toBe("70422000000001");
  });

  test("unsigned x-acs headers of a version 1 client are ignored", async () => {
    const emulator = await started();
    const headers = { "x-acs-action": "Nonsense", "x-acs-version": "1.0" };
    const body = encodePairs(signedPairs(emulator, QUOTA));
    expect((await send(emulator.endpoint, { body, headers })).status).toBe(200);
  });

  test("a request line that is too long gets 414, and the same call is accepted as a body", async () => {
    const emulator = await started();
    const paths = Array.from({ length: 400 }, (_, index) => `https://vod.example.com/videos/${index}/index.m3u8`);
    const pairs = signedPairs(emulator, "RefreshVodObjectCaches", { ObjectPath: paths.join("\n") });
    expect((await send(emulator.endpoint, { query: encodePairs(pairs) })).status).toBe(414);
    expect((await send(emulator.endpoint, { body: encodePairs(pairs) })).status).toBe(200);
  });
});

describe("formats", () => {
  test.each(["XML", "xml", undefined])("a call with the Format %s is answered in XML", async (format) => {
    const emulator = await started();
    await refresh(emulator, ["vod.example.com/a?x=1&y=2"]);
    const answer = await call(emulator, "DescribeVodRefreshTasks", { Format: format });
    expect(answer.headers["content-type"]).toBe("text/xml;charset=utf-8");
    expect(answer.text).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?><DescribeVodRefreshTasksResponse><PageNumber>1<\/PageNumber>.*<Tasks><Task><TaskId>70422000000001<\/TaskId><ObjectPath>vod.example.com\/a\?x=1&#38;y=2<\/ObjectPath>.*<RequestId>[0-9A-F-]{36}<\/RequestId><\/DescribeVodRefreshTasksResponse>$/,
    );
  });

  test("a call is refused in XML as well", async () => {
    const emulator = await started();
    const answer = await call(emulator, "Nonsense", { Format: "XML" });
    expect(answer.status).toBe(404);
    expect(answer.text).toMatch(/<Error><Code>InvalidAction.NotFound<\/Code><HostId>.*<\/RequestId><\/Error>$/);
  });
});

describe("an altered copy of a signed call", () => {
  const signed = (emulator: Parameters<typeof signedPairs>[0]) =>
    signedPairs(emulator, "RefreshVodObjectCaches", { ObjectPath: PATHS, ObjectType: "File", Force: "false" });
  // What the gateway checks before the signature has codes of its own.
  const OWN_CODES: Record<string, string[]> = {
    AccessKeyId: ["InvalidAccessKeyId.NotFound", "MissingAccessKeyId"],
    Signature: ["SignatureDoesNotMatch", "IncompleteSignature", "MissingSignature"],
    SignatureMethod: ["IncompleteSignature", "SignatureDoesNotMatch"],
    SignatureVersion: ["IncompleteSignature"],
    SignatureNonce: ["SignatureDoesNotMatch", "MissingSignatureNonce"],
    Timestamp: ["SignatureDoesNotMatch", "InvalidTimeStamp.Format", "InvalidTimeStamp.Expired", "MissingTimestamp"],
  };

  test("a copy with any changed parameter is refused", async () => {
    const emulator = await started();
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 11 }), fc.string({ minLength: 1 }), async (index, value) => {
        const pairs = signed(emulator);
        const [name, old] = pairs[index] as Pair;
        fc.pre(value !== old);
        const altered = pairs.map((pair): Pair => (pair[0] === name ? [name, value] : pair));
        const answer = await send(emulator.endpoint, { body: encodePairs(altered) });
        expect(OWN_CODES[name] ?? ["SignatureDoesNotMatch"]).toContain(readCode(answer.text));
      }),
    );
    expect(emulator.tasks()).toEqual([]);
  });

  test("a copy without any one parameter is refused", async () => {
    const emulator = await started();
    for (const [name] of signed(emulator)) {
      const altered = signed(emulator).filter((pair) => pair[0] !== name);
      const answer = await send(emulator.endpoint, { body: encodePairs(altered) });
      const own = [...(OWN_CODES[name] ?? ["SignatureDoesNotMatch"])];
      expect(own).toContain(readCode(answer.text));
    }
  });

  test("a copy with any additional parameter is refused, also if its name was signed", async () => {
    const emulator = await started();
    const names = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("ObjectPath", "Force", "Version"));
    await fc.assert(
      fc.asyncProperty(names, fc.string(), fc.boolean(), async (name, value, inQuery) => {
        fc.pre(!Object.hasOwn(OWN_CODES, name) && name !== "SecurityToken" && name !== "SignatureType");
        const more = encodePairs([[name, value]]);
        const body = encodePairs(signed(emulator));
        const wire = inQuery ? { query: more, body } : { body: `${body}&${more}` };
        expect(readCode((await send(emulator.endpoint, wire)).text)).toBe("SignatureDoesNotMatch");
      }),
    );
  });

  test("a copy with another method is refused", async () => {
    const emulator = await started();
    const query = encodePairs(signed(emulator));
    expect(readCode((await send(emulator.endpoint, { method: "GET", query })).text)).toBe("SignatureDoesNotMatch");
  });
});

/** The code of a refusal in JSON or, where an alteration hit Format, in XML. */
function readCode(text: string): string | undefined {
  return /"Code":"([^"]*)"|<Code>([^<]*)<\/Code>/.exec(text)?.slice(1).find(Boolean);
}
