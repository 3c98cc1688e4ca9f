import { describe, expect, test } from "vitest";
import { ERROR_TABLE } from "../../../provider/vod/error-table.js";
import { VodError } from "../../../provider/vod/errors.js";
import { quotaExceededError, refusalError } from "../../../provider/vod/refusals.js";

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
  paths: ["https://vod.example.com/a?auth_key=5ec2e7"],
});

test("the table has all 14 errors of the service's page, and those of preloads alone", () => {
  expect(SEED_CODES).toHaveLength(14);
  expect(Object.keys(ERROR_TABLE)).toEqual(
    expect.arrayContaining([...SEED_CODES, "PreloadQueueFull", "InvalidObjectPath.Size.Malformed"]),
  );
});

describe("each error of the table has two sentences, with code, status and request ID", () => {
  test.each(Object.keys(ERROR_TABLE))("%s", (code) => {
    const { message } = refusalError(refusal(code));
    expect(message).toMatch(
      /^\S.+\. [A-Z].+\. \(code \S+, HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C\)$/,
    );
    expect(message).toContain(`(code ${code},`);
    expect(message).not.toContain("{");
  });
});

describe("an error names", () => {
  test("the domain of the call", () => {
    expect(refusalError(refusal("InvalidDomain.NotFound")).message).toBe(
      "vod.example.com doesn't exist or doesn't belong to this Alibaba Cloud account. Correct the domain, or use the " +
        "credentials of the account that has it in ApsaraVideo VOD. (code InvalidDomain.NotFound, HTTP 400, " +
        "request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C)",
    );
  });
  test("the first of several domains", () => {
    const paths = ["a", "b", "b", "c", "d", "e"].map((name) => `https://${name}.example.com/`);
    expect(refusalError({ ...refusal("ServiceBusy"), paths }).message).toMatch(
      /^One of a\.example\.com, b\.example\.com, c\.example\.com and 2 more is being configured\. /,
    );
  });
  test("the path, without a signature in it", () => {
    expect(refusalError(refusal("InvalidObjectPath.Malformed")).message).toMatch(
      /^https:\/\/vod\.example\.com\/a\?… is malformed, according to the VOD API\. /,
    );
  });
});

test.each(["Forbidden", "Forbidden.NoPermission", "NoPermission", "NoPermission.Vod", "NotAuthorized"])(
  "%s, which isn't in the table, names the caller and the policy that is needed",
  (code) => {
    const caller = "the stack's alicloud:accessKey, access key ID …2345";
    expect(refusalError({ ...refusal(code), caller }).message).toBe(
      `The VOD API refused the call: Some words (${caller}). ${ERROR_TABLE["Forbidden.RAM"]?.remedy} (code ${code}, ` +
        "HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C)",
    );
    expect(ERROR_TABLE["Forbidden.RAM"]?.remedy).toMatch(/^Allow vod:RefreshVodObjectCaches, /);
  },
);

describe("a call that the day's quota can't hold", () => {
  const refused = refusalError(refusal("QuotaExceeded.Refresh"));
  const now = new Date("2026-11-23T07:19:00Z");

  test("is refused with what is left and when the quota resets", () => {
    const quota = { urls: { quota: 2000, remain: 200 }, directories: { quota: 100, remain: 99 } };
    expect(quotaExceededError(refused, { count: 500, quota: "urls" }, quota, now).message).toBe(
      "The call has 500 URLs, more than today's refresh quota has left: 200 of 2,000 URLs. Run `pulumi up` again after " +
        "2026-11-24 00:00 UTC+8 (in 8 h 41 min), when the quota resets, or refresh fewer URLs, or directories " +
        "instead. (code QuotaExceeded.Refresh, HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C)",
    );
  });
  test("of preloads is refused in words of preloads", () => {
    const quota = {
      urls: { quota: 2000, remain: 2000 },
      directories: { quota: 100, remain: 100 },
      preload: { quota: 500, remain: 20 },
    };
    expect(quotaExceededError(refused, { count: 50, quota: "preload" }, quota, now).message).toBe(
      "The call has 50 URLs, more than today's preload quota has left: 20 of 500 URLs. Run `pulumi up` again after " +
        "2026-11-24 00:00 UTC+8 (in 8 h 41 min), when the quota resets, or preload fewer URLs. (code " +
        "QuotaExceeded.Refresh, HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C)",
    );
    const { preload: _, ...unknown } = quota;
    expect(quotaExceededError(refused, { count: 50, quota: "preload" }, unknown, now).message).toMatch(
      /^The call has 50 URLs, more than today's preload quota has left\. Run/,
    );
  });
  test("is refused in other words where the remaining quota is unknown", () => {
    expect(quotaExceededError(refused, { count: 5, quota: "directories" }, undefined, now).message).toMatch(
      /^The call has 5 directories, more than today's refresh quota has left\. Run/,
    );
  });
});

test("an unknown code is shown in the service's words", () => {
  expect(refusalError(refusal("Brand.New")).message).toBe(
    "The VOD API refused the call: Some words. Look up the code on the service's error page, or give its support " +
      "the request ID. (code Brand.New, HTTP 400, request ID D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C)",
  );
});

test("the errors that pass by themselves are retryable", () => {
  const retryable = Object.keys(ERROR_TABLE).filter((code) => refusalError(refusal(code)).retryable);
  expect(retryable).toEqual([
    "Throttling",
    "ServiceBusy",
    "QuotaPerMinuteExceeded.Refresh",
    "PreloadQueueFull",
    "TooMany.Refresh",
    "TooManyRequests",
    "SignatureNonceUsed",
    "Throttling.User",
    "Throttling.Api",
  ]);
  expect(refusalError(refusal("Throttling.Brand.New")).retryable).toBe(true);
});

test("an error shows no stack, however it is printed", () => {
  const error = new VodError("It failed.", "Do this.", { code: "Code" });
  expect(`${error}: ${error.stack}`).toBe("It failed. Do this. (code Code): ");
});
