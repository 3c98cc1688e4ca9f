import { describe, expect, test } from "vitest";
import { ERROR_TABLE, errorOfRefusal, VodError } from "../../provider/vod/errors.js";

const SEED_CODES = [
  "Throttling",
  "IllegalOperation",
  "OperationDenied",
  "OperationDenied.Suspended",
  "InvalidDomain.NotFound",
  "InvalidDomain.Offline",
  "QuotaExceeded.Refresh",
  "ServiceBusy",
  "InvalidDomain.Configure_failed",
  "MissingParameter",
  "InvalidObjectType.ValueNotSupported",
  "InvalidObjectPath.Malformed",
  "InvalidExtensiveDomain.ValueNotSupported",
  "QuotaPerMinuteExceeded.Refresh",
];
const refusal = (code: string) => ({
  code,
  message: "Some words.",
  httpStatus: 400,
  requestId: "D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C",
  domains: ["vod.example.com"],
});

test("the table has all 14 errors of the service's page", () => {
  expect(SEED_CODES).toHaveLength(14);
  expect(Object.keys(ERROR_TABLE)).toEqual(expect.arrayContaining(SEED_CODES));
});

describe("each error of the table is told in two sentences, with code, status and request ID", () => {
  test.each(Object.keys(ERROR_TABLE))("%s", (code) => {
    const { message } = errorOfRefusal(refusal(code));
    expect(message).toMatch(
      /^\S.+\. [A-Z].+\. \(code \S+, HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C\)$/,
    );
    expect(message).toContain(`(code ${code},`);
    expect(message).not.toContain("{");
  });
});

test("an error names the domains of the call", () => {
  expect(errorOfRefusal(refusal("InvalidDomain.NotFound")).message).toBe(
    "vod.example.com: a domain of the call doesn't exist or doesn't belong to this Alibaba Cloud account. " +
      "Correct `paths`, or use the credentials of the account that has the domain in ApsaraVideo VOD. " +
      "(code InvalidDomain.NotFound, HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C)",
  );
  const domains = ["a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com"];
  expect(errorOfRefusal({ ...refusal("InvalidDomain.Offline"), domains }).message).toMatch(
    /^a\.example\.com, b\.example\.com, c\.example\.com and 2 more: /,
  );
});

test("a code that nobody wrote down is told in the service's words", () => {
  expect(errorOfRefusal(refusal("Brand.New")).message).toBe(
    "The VOD API refused the call: Some words. Look the code up on the service's error page, or ask its support with " +
      "the request ID. (code Brand.New, HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C)",
  );
});

test("which errors pass by themselves", () => {
  const retryable = Object.keys(ERROR_TABLE).filter((code) => errorOfRefusal(refusal(code)).retryable);
  expect(retryable).toEqual([
    "Throttling",
    "ServiceBusy",
    "QuotaPerMinuteExceeded.Refresh",
    "SignatureNonceUsed",
    "Throttling.User",
    "Throttling.Api",
  ]);
  expect(errorOfRefusal(refusal("Throttling.Brand.New")).retryable).toBe(true);
});

test("an error shows no stack, however it is printed", () => {
  const error = new VodError("It failed.", "Do this.", { code: "Code" });
  expect(`${error}: ${error.stack}`).toBe("It failed. Do this. (code Code): ");
});
