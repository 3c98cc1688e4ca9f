/** What a user reads about everything that can go wrong between the provider and the service. */
import { describe, expect, test } from "vitest";
import { GATEWAY_ERRORS, PLATFORM_ERRORS, PRELOAD_ERRORS, SERVICE_ERRORS } from "../../../emulator/errors.js";
import { vodClient } from "../../../provider/vod/client.js";
import { ERROR_TABLE } from "../../../provider/vod/error-table.js";
import { VodError } from "../../../provider/vod/errors.js";
import { NO_RETRY } from "../../../provider/vod/retry.js";
import type { Conditions, Emulator, EmulatorOptions, Fault } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";

const PATH = "https://vod.example.com/a";
const CONTRACT = { ...SERVICE_ERRORS, ...PRELOAD_ERRORS, ...PLATFORM_ERRORS, ...GATEWAY_ERRORS };
const REFRESH = "RefreshVodObjectCaches";
const PRELOAD = "PreloadVodObjectCaches";

async function refusedBy(
  emulator: Emulator,
  { paths = [PATH], credentials = {}, timeoutMs = 5000, action = REFRESH } = {},
): Promise<VodError> {
  const client = vodClient({
    endpoint: emulator.endpoint,
    credentials: { ...keysOf(emulator), ...credentials },
    timeoutMs,
    retry: NO_RETRY,
  });
  const call =
    action === PRELOAD
      ? client.preloadObjectCaches({ paths })
      : client.refreshObjectCaches({ paths, objectType: "File", force: false });
  const thrown = await call.catch((error) => error);
  expect(thrown).toBeInstanceOf(VodError);
  return thrown as VodError;
}
const keysOf = ({ accessKeyId, accessKeySecret }: Emulator) => ({ accessKeyId, accessKeySecret });

describe("every error of the contract", () => {
  test("is in the provider's table with the contract's status and message", () => {
    const ours = Object.entries(ERROR_TABLE).map(([code, { status, message }]) => [code, { status, message }]);
    expect(Object.fromEntries(ours)).toEqual(CONTRACT);
  });

  const calls = Object.entries(CONTRACT).flatMap(([code, { status }]) =>
    [REFRESH, PRELOAD].map((action) => ({ code, status, action })),
  );
  test.each(calls)("$code of $action is told in the table's words", async ({ code, status, action }) => {
    const emulator = await started();
    emulator.fault({ kind: "error", code, action });
    const error = await refusedBy(emulator, { action });
    expect(error).toMatchObject({ code, httpStatus: status, requestId: emulator.received[0]?.requestId });
    expect(error.retryable).toBe(ERROR_TABLE[code]?.retryable);
    if (code !== "QuotaExceeded.Refresh") expect(error.message).toContain(ERROR_TABLE[code]?.remedy);
    if (/InvalidDomain|ServiceBusy|IllegalOperation/.test(code)) expect(error.message).toMatch(/^vod\.example\.com /);
  });
});

describe("a real cause gives its error", () => {
  test.each<[string, Conditions, string]>([
    ["a service that was never opened", { service: "closed" }, "OperationDenied"],
    ["a service with overdue payments", { service: "suspended" }, "OperationDenied.Suspended"],
    ["a domain of somebody else", { domains: { "vod.example.com": null } }, "InvalidDomain.NotFound"],
    ["a domain that is disabled", { domains: { "vod.example.com": "offline" } }, "InvalidDomain.Offline"],
    ["a domain that is being configured", { domains: { "vod.example.com": "configuring" } }, "ServiceBusy"],
    [
      "a domain whose configuration failed",
      { domains: { "vod.example.com": "configure-failed" } },
      "InvalidDomain.Configure_failed",
    ],
    ["a domain that may not be operated on", { domains: { "vod.example.com": "illegal" } }, "IllegalOperation"],
    ["a key that was revoked", { accessKey: "deleted" }, "InvalidAccessKeyId.NotFound"],
    ["a key that is disabled", { accessKey: "inactive" }, "InvalidAccessKeyId.Inactive"],
    ["a user without the permission", { accessKey: "forbidden" }, "Forbidden.RAM"],
    ["a day's quota that is used up", { urlRemain: 0 }, "QuotaExceeded.Refresh"],
  ])("%s", async (_, conditions, code) => {
    const emulator = await started();
    emulator.set(conditions);
    expect(await refusedBy(emulator)).toMatchObject({ code });
  });

  test.each<[string, Conditions, number, string]>([
    ["a queue of preloads that is full", { preloadQueue: 1 }, 2, "PreloadQueueFull"],
    ["more preloads than a call may carry", {}, 101, "InvalidObjectPath.Size.Malformed"],
    ["a day's quota of preloads that is used up", { preloadRemain: 0 }, 1, "QuotaExceeded.Refresh"],
  ])("%s", async (_, conditions, count, code) => {
    const emulator = await started();
    emulator.set(conditions);
    const paths = Array.from({ length: count }, (_, index) => `${PATH}${index}`);
    expect(await refusedBy(emulator, { paths, action: PRELOAD })).toMatchObject({ code });
  });

  test.each<[string, EmulatorOptions, object, string]>([
    ["a secret of another key", {}, { accessKeySecret: "wrong" }, "SignatureDoesNotMatch"],
    ["a key that doesn't exist", {}, { accessKeyId: "LTAIelsewhere" }, "InvalidAccessKeyId.NotFound"],
    ["a temporary key without its token", { securityToken: "CAIStoken" }, {}, "MissingSecurityToken"],
    [
      "the token of another key",
      { securityToken: "CAIStoken" },
      { securityToken: "CAISother" },
      "InvalidSecurityToken.MismatchWithAccessKey",
    ],
    ["a clock that is 20 minutes off", { now: () => Date.now() + 20 * 60_000 }, {}, "InvalidTimeStamp.Expired"],
    ["more than the limit of a minute", { perMinuteQuota: 0 }, {}, "QuotaPerMinuteExceeded.Refresh"],
  ])("%s", async (_, options, credentials, code) => {
    expect(await refusedBy(await started(options), { credentials })).toMatchObject({ code });
  });

  test("a token that has expired", async () => {
    const emulator = await started({ securityToken: "CAIStoken" });
    emulator.set({ token: "expired" });
    const error = await refusedBy(emulator, { credentials: { securityToken: "CAIStoken" } });
    expect(error).toMatchObject({ code: "InvalidSecurityToken.Expired" });
  });
});

test("a day's quota that can't hold the call is named with what is left", async () => {
  const emulator = await started();
  emulator.set({ urlRemain: 1 });
  const paths = [PATH, "https://vod.example.com/b"];
  expect((await refusedBy(emulator, { paths })).message).toMatch(
    /^The call has 2 URLs, more than today's refresh quota has left: 1 of 2,000 URLs\. Run `pulumi up` again after \d{4}-\d\d-\d\d 00:00 UTC\+8 \(in /,
  );
  emulator.fault({ kind: "html", action: "DescribeVodRefreshQuota" });
  expect((await refusedBy(emulator, { paths })).message).toMatch(
    /^The call has 2 URLs, more than today's refresh quota has left\. /,
  );
});

test("what is left is named for IgnoreParams only where the service tells of its quota", async () => {
  const refusedTo = async (options: EmulatorOptions) => {
    const emulator = await started({ ignoreParamsQuota: 1, ...options });
    const client = vodClient({ endpoint: emulator.endpoint, credentials: keysOf(emulator), retry: NO_RETRY });
    const paths = [PATH, "https://vod.example.com/b"];
    const call = client.refreshObjectCaches({ paths, objectType: "IgnoreParams", force: false });
    return call.then(
      () => "accepted",
      (error: VodError) => error.message,
    );
  };
  expect(await refusedTo({})).toMatch(
    /^The call has 2 URLs with any query, more than today's refresh quota has left: 1 of 1 URLs with any query\. /,
  );
  expect(await refusedTo({ tellsOwnQuotas: false })).toMatch(
    /^The call has 2 URLs with any query, more than today's refresh quota has left\. /,
  );
});

test("a day's quota that can't hold a preload is named with what is left, by either code of the service", async () => {
  const emulator = await started();
  emulator.set({ preloadRemain: 1 });
  const paths = [PATH, "https://vod.example.com/b"];
  const told =
    /^The call has 2 URLs, more than today's preload quota has left: 1 of 500 URLs\. Run `pulumi up` again after /;
  const error = await refusedBy(emulator, { paths, action: PRELOAD });
  expect(error).toMatchObject({ code: "QuotaExceeded.Refresh", message: expect.stringMatching(told) });
  emulator.fault({ kind: "error", code: "QuotaExceeded.Preload", status: 400, action: PRELOAD });
  const other = await refusedBy(emulator, { paths, action: PRELOAD });
  expect(other).toMatchObject({ code: "QuotaExceeded.Preload", message: expect.stringMatching(told) });
});

describe.each([
  [REFRESH, "RefreshTaskId"],
  [PRELOAD, "PreloadTaskId"],
])("a fault on the way of %s", (action, field) => {
  test.each<[string, Fault, { code: string; httpStatus?: number; retryable: boolean }, RegExp]>([
    [
      "throttled",
      { kind: "throttle" },
      { code: "Throttling", httpStatus: 503, retryable: true },
      /^The VOD API throttled/,
    ],
    [
      "throttled for the account",
      { kind: "throttle", code: "Throttling.User" },
      { code: "Throttling.User", httpStatus: 400, retryable: true },
      /^The VOD API throttled this account's calls\./,
    ],
    [
      "throttled by HTTP 429 with any code",
      { kind: "error", code: "Brand.New", status: 429, message: "Not now." },
      { code: "Brand.New", httpStatus: 429, retryable: true },
      /^The VOD API refused the call: Not now\. /,
    ],
    [
      "throttled by a page of HTML with 429",
      { kind: "html", status: 429 },
      { code: "InvalidResponse", httpStatus: 429, retryable: true },
      /answered with text\/html, which is not an answer of the VOD API/,
    ],
    [
      "an error of the service's own",
      { kind: "error", code: "InternalError" },
      { code: "InternalError", httpStatus: 500, retryable: true },
      /^The VOD API refused the call: The request processing has failed due to some unknown error\. /,
    ],
    [
      "a code that nobody wrote down",
      { kind: "error", code: "Brand.New", status: 400, message: "Not today." },
      { code: "Brand.New", httpStatus: 400, retryable: false },
      /^The VOD API refused the call: Not today\. Look up the code/,
    ],
    ["reset before the work", { kind: "reset-before" }, { code: "Unreachable", retryable: true }, /can't be reached/],
    ["reset after the work", { kind: "reset-after" }, { code: "Unreachable", retryable: true }, /can't be reached/],
    ["too late", { kind: "delay", ms: 1000 }, { code: "Timeout", retryable: true }, /didn't answer within 0\.3 s/],
    [
      "too late, after the work",
      { kind: "delay", ms: 1000, afterWork: true },
      { code: "Timeout", retryable: true },
      /0\.3 s/,
    ],
    ...[200, 302, 414, 502].map(
      (status): [string, Fault, { code: string; httpStatus: number; retryable: boolean }, RegExp] => [
        `a page of HTML with ${status}`,
        { kind: "html", status },
        { code: "InvalidResponse", httpStatus: status, retryable: status >= 500 },
        /answered with text\/html, which is not an answer of the VOD API/,
      ],
    ),
    [
      "cut in half",
      { kind: "truncated" },
      { code: "InvalidResponse", httpStatus: 200, retryable: false },
      /answered with application\/json,/,
    ],
    [
      "of the wrong types",
      { kind: "wrong-types" },
      { code: "InvalidResponse", httpStatus: 200, retryable: false },
      new RegExp(`without a valid ${field}`),
    ],
    [
      "without a task ID",
      { kind: "missing-fields" },
      { code: "InvalidResponse", httpStatus: 200, retryable: false },
      new RegExp(`without a valid ${field}`),
    ],
    ["empty", { kind: "empty" }, { code: "InvalidResponse", httpStatus: 200, retryable: false }, /answered with/],
  ])("%s", async (_, fault, expected, message) => {
    const emulator = await started();
    emulator.fault({ ...fault, action });
    const error = await refusedBy(emulator, { timeoutMs: fault.kind === "delay" ? 300 : 5000, action });
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(message);
  });
});
