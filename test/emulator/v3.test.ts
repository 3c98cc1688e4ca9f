import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { formatTime } from "../../emulator/clock.js";
import { sha256, signV3, stringToSignV3 } from "../../emulator/signature-v3.js";
import { type Answer, send } from "./caller.js";
import type { Emulator } from "./index.js";
import { started } from "./started.js";

interface V3Call {
  query?: string;
  body?: string;
  /** Headers that are signed with the others. */
  more?: Record<string, string>;
  /** Changes the request after it is signed. */
  alter?: (wire: { method: string; query: string; body: string; headers: Record<string, string> }) => void;
}

function call(emulator: Emulator, { query = "", body = "", more = {}, alter }: V3Call): Promise<Answer> {
  const signed: Record<string, string> = {
    host: new URL(emulator.endpoint).host,
    "x-acs-action": "RefreshVodObjectCaches",
    "x-acs-content-sha256": sha256(body),
    "x-acs-date": formatTime(Date.now()),
    "x-acs-signature-nonce": randomUUID(),
    "x-acs-version": "2017-03-21",
    ...more,
  };
  const names = Object.keys(signed).sort();
  const text = stringToSignV3({ method: "POST", path: "/", query, headers: signed, body: Buffer.from(body) }, names);
  const signature = signV3(emulator.accessKeySecret, text);
  const authorization = `ACS3-HMAC-SHA256 Credential=${emulator.accessKeyId},SignedHeaders=${names.join(";")},Signature=${signature}`;
  const wire = { method: "POST", query, body, headers: { ...signed, authorization } };
  alter?.(wire);
  return send(emulator.endpoint, wire);
}

const OBJECT = "ObjectPath=https%3A%2F%2Fvod.example.com%2Fa%20b".replace("%20", "%2520");

describe("a call signed in version 3", () => {
  test.each([
    ["the query", { query: OBJECT }],
    ["the body", { body: OBJECT }],
    ["both", { query: "Force=true", body: OBJECT }],
  ])("a call with its parameters in %s is accepted and answered in JSON", async (_place, wire) => {
    const emulator = await started();
    const answer = await call(emulator, wire);
    expect(answer).toMatchObject({ status: 200, json: { RefreshTaskId: "70422000000001" } });
    expect(emulator.tasks()).toMatchObject([{ path: "https://vod.example.com/a%20b" }]);
    expect(emulator.received).toMatchObject([{ action: "RefreshVodObjectCaches", status: 200 }]);
  });

  test("a call with an STS token in its header is accepted", async () => {
    const emulator = await started({ securityToken: "the-token" });
    const more = { "x-acs-security-token": "the-token" };
    expect((await call(emulator, { query: OBJECT, more })).status).toBe(200);
    expect((await call(emulator, { query: OBJECT })).json.Code).toBe("MissingSecurityToken");
  });

  test("a call that comes twice is refused", async () => {
    const emulator = await started();
    const more = { "x-acs-signature-nonce": "once" };
    expect((await call(emulator, { query: OBJECT, more })).status).toBe(200);
    expect((await call(emulator, { query: OBJECT, more })).json.Code).toBe("SignatureNonceUsed");
  });

  test.each<[string, NonNullable<V3Call["alter"]>, string]>([
    ["another query", (wire) => (wire.query += "1"), "SignatureDoesNotMatch"],
    ["another body", (wire) => (wire.body += "&Force=true"), "SignatureDoesNotMatch"],
    ["another method", (wire) => (wire.method = "GET"), "SignatureDoesNotMatch"],
    ["another action", (wire) => (wire.headers["x-acs-action"] = "DescribeVodRefreshQuota"), "SignatureDoesNotMatch"],
    ["a header that isn't signed", (wire) => (wire.headers["x-acs-security-token"] = "x"), "IncompleteSignature"],
    [
      "another algorithm",
      (wire) => (wire.headers.authorization = "ACS3-HMAC-SM3 Credential=a,SignedHeaders=b,Signature=c"),
      "IncompleteSignature",
    ],
    [
      "another key",
      (wire) => (wire.headers.authorization = wire.headers.authorization?.replace("LTAI", "LTAJ") ?? ""),
      "InvalidAccessKeyId.NotFound",
    ],
  ])("a call with %s is refused", async (_what, alter, code) => {
    const emulator = await started();
    expect((await call(emulator, { query: OBJECT, alter })).json.Code).toBe(code);
    expect(emulator.tasks()).toEqual([]);
  });

  test.each([
    [{ "x-acs-date": "2020-01-01T00:00:00Z" }, "InvalidTimeStamp.Expired"],
    [{ "x-acs-date": "today" }, "InvalidTimeStamp.Format"],
    [{ "x-acs-signature-nonce": "" }, "MissingSignatureNonce"],
    [{ "x-acs-version": "2018-05-10" }, "InvalidVersion"],
    [{ "x-acs-action": "Nonsense" }, "InvalidAction.NotFound"],
  ])("a call with %j is refused", async (more, code) => {
    const emulator = await started();
    expect((await call(emulator, { query: OBJECT, more })).json.Code).toBe(code);
  });
});
