import { describe, expect, test } from "vitest";
import { isSignatureShaped, sameSignature, sign, stringToSign } from "../../emulator/signature.js";
import { parseAuthorization, sha256, signV3, stringToSignV3 } from "../../emulator/signature-v3.js";
import { decodePairs, percentEncode } from "../../emulator/wire.js";

describe("signature version 1", () => {
  test("the published example has the same signature", () => {
    const query =
      "Timestamp=2016-02-23T12%3A46%3A24Z&Format=XML&AccessKeyId=testid&Action=DescribeRegions" +
      "&SignatureMethod=HMAC-SHA1&SignatureNonce=3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf&Version=2014-05-26&SignatureVersion=1.0";
    const text = stringToSign("GET", decodePairs(query));
    expect(text).toBe(
      "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1" +
        "%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0" +
        "%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26",
    );
    expect(sign("testsecret", text)).toBe("OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
  });

  test("parameters are sorted by name, not by name and equals sign", () => {
    expect(stringToSign("GET", decodePairs("A1=x&A=y&A-=z"))).toBe("GET&%2F&A%3Dy%26A-%3Dz%26A1%3Dx");
  });

  test("the signature itself is left out, and nothing else", () => {
    expect(stringToSign("POST", decodePairs("Signature=x&SignatureType="))).toBe("POST&%2F&SignatureType%3D");
  });

  test.each([
    ["a b", "a%20b"],
    ["a+b", "a%2Bb"],
    ["*~'!()", "%2A~%27%21%28%29"],
    ["ä", "%C3%A4"],
    ["/:?=&\n", "%2F%3A%3F%3D%26%0A"],
  ])("%j is encoded as %s", (text, encoded) => expect(percentEncode(text)).toBe(encoded));

  test.each([
    ["a+b", "a b"],
    ["a%20b", "a b"],
    ["*", "*"],
    ["%2a", "*"],
    ["%7E", "~"],
    ["100%", "100%"],
  ])("%s is decoded as %j", (wire, value) => expect(decodePairs(`x=${wire}`)).toEqual([["x", value]]));

  test("whole signatures are compared", () => {
    expect(sameSignature("abc", "abc")).toBe(true);
    expect(sameSignature("abc", "abd")).toBe(false);
    expect(sameSignature("abc", "abcd")).toBe(false);
  });

  test("the shape of a signature is recognised", () => {
    expect(isSignatureShaped("OLeaidS1JvxuMvnyHOwuJ+uX5qY=")).toBe(true);
    expect(isSignatureShaped("OLeaidS1JvxuMvnyHOwuJ uX5qY=")).toBe(false);
    expect(isSignatureShaped("")).toBe(false);
  });
});

describe("signature version 3", () => {
  test("the published example has the same signature", () => {
    const headers = {
      host: "ecs.cn-shanghai.aliyuncs.com",
      "x-acs-action": "RunInstances",
      "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "x-acs-date": "2023-10-26T10:22:32Z",
      "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
      "x-acs-version": "2014-05-26",
    };
    const query = "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai";
    const text = stringToSignV3(
      { method: "POST", path: "/", query, headers, body: Buffer.alloc(0) },
      Object.keys(headers),
    );
    expect(text).toBe("ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
    expect(signV3("YourAccessKeySecret", text)).toBe(
      "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    );
    expect(sha256("")).toBe(headers["x-acs-content-sha256"]);
  });

  test("the Authorization header is parsed", () => {
    const signature = "0".repeat(64);
    const header = `ACS3-HMAC-SHA256 Credential=key,SignedHeaders=host;x-acs-date,Signature=${signature}`;
    expect(parseAuthorization(header)).toEqual({
      accessKeyId: "key",
      signedHeaders: ["host", "x-acs-date"],
      signature,
    });
    expect(parseAuthorization(header.replace("HMAC-SHA256", "RSA-SHA256"))).toBeUndefined();
    expect(parseAuthorization(`${header}0`)).toBeUndefined();
  });
});
