import { describe, expect, test } from "vitest";
import { call, preload, refresh } from "./caller.js";
import type { Conditions, Emulator, Fault } from "./index.js";
import { started } from "./started.js";

/** How a test provokes a refusal: with conditions or a fault, and a call. */
interface Provocation {
  set?: Conditions;
  fault?: Fault;
  paths?: string[];
  extra?: Record<string, string>;
}

const PATH = "https://vod.example.com/a.txt";

// The table of the service's own page, row by row.
const SERVICE_TABLE: [code: string, status: number, message: string, how: Provocation][] = [
  ["Throttling", 503, "Request was denied due to request throttling.", { fault: { kind: "throttle" } }],
  [
    "IllegalOperation",
    403,
    "Illegal domain operate is not permitted.",
    { set: { domains: { "vod.example.com": "illegal" } } },
  ],
  ["OperationDenied", 403, "Your account does not open VOD service yet.", { set: { service: "closed" } }],
  ["OperationDenied.Suspended", 403, "Your VOD service is suspended.", { set: { service: "suspended" } }],
  [
    "InvalidDomain.NotFound",
    404,
    "The domain provided does not belong to you.",
    { paths: [PATH, "https://other.example.com/a.txt"] },
  ],
  [
    "InvalidDomain.Offline",
    404,
    "The domain provided is offline.",
    { set: { domains: { "vod.example.com": "offline" } } },
  ],
  [
    "QuotaExceeded.Refresh",
    400,
    "You\u2019ve exceeded the prescribed refresh limits.",
    { set: { urlRemain: 1 }, paths: [PATH, `${PATH}?2`] },
  ],
  [
    "ServiceBusy",
    403,
    "The specified Domain is configuring, please retry later.",
    { set: { domains: { "vod.example.com": "configuring" } } },
  ],
  [
    "InvalidDomain.Configure_failed",
    500,
    "Failed to configure the provided domain.",
    { set: { domains: { "vod.example.com": "configure-failed" } } },
  ],
  [
    "MissingParameter",
    400,
    "The input parameter \u201cObjectPath\u201d that is mandatory for processing this request is not supplied.",
    { paths: [] },
  ],
  [
    "InvalidObjectType.ValueNotSupported",
    400,
    'The specified value of "" is not supported.',
    { extra: { ObjectType: "file" } },
  ],
  [
    "InvalidObjectPath.Malformed",
    400,
    "The specific value of parameter ObjectPath is malformed.",
    { paths: ["https://vod.example.com"] },
  ],
  [
    "InvalidExtensiveDomain.ValueNotSupported",
    400,
    "Extensive domain not supported.",
    { paths: ["https://*.example.com/a.txt"] },
  ],
  [
    "QuotaPerMinuteExceeded.Refresh",
    400,
    "You\u2019ve exceeded the prescribed refresh limits per minute.",
    { set: { perMinuteQuota: 1 }, paths: [PATH, `${PATH}?2`] },
  ],
];

// The codes that the page of PreloadVodObjectCaches adds.
const PRELOAD_TABLE: typeof SERVICE_TABLE = [
  ["PreloadQueueFull", 403, "Preload queue is full, please try again later!", { set: { preloadQueue: 0 } }],
  [
    "InvalidObjectPath.Size.Malformed",
    400,
    "The size of ObjectPath is bigger than 1000.",
    { paths: Array.from({ length: 101 }, (_, index) => `${PATH}?${index}`) },
  ],
];
// The codes that only the pages of CDN and DCDN have, which run on the same platform.
const PLATFORM_TABLE: [code: string, status: number, message: string, fault: Fault][] = [
  [
    "TooMany.Refresh",
    400,
    "there is too many refresh task, please wait a moment.",
    { kind: "error", code: "TooMany.Refresh" },
  ],
  ["TooManyRequests", 429, "Too many requests, please try again later", { kind: "throttle", code: "TooManyRequests" }],
  [
    "SingleRequest.OverLimit",
    400,
    "A maximum of 1000 URLs are supported for each request.",
    { kind: "error", code: "SingleRequest.OverLimit" },
  ],
  [
    "InvalidObjectType.Malformed",
    400,
    "The specified ObjectType is invalid.",
    { kind: "error", code: "InvalidObjectType.Malformed" },
  ],
  [
    "ObjectPath.Malformed",
    400,
    "The specified value of parameter ObjectPath is malformed.",
    { kind: "error", code: "ObjectPath.Malformed" },
  ],
];
/** The codes above that the page of PreloadVodObjectCaches lacks. */
const REFRESH_ONLY = ["ServiceBusy", "InvalidObjectType.ValueNotSupported", "QuotaPerMinuteExceeded.Refresh"];
const PRELOADS = [...SERVICE_TABLE.filter(([code]) => !REFRESH_ONLY.includes(code)), ...PRELOAD_TABLE];

async function provoke(emulator: Emulator, how: Provocation, send = refresh) {
  const { urlRemain: preloadRemain, ...set } = how.set ?? {};
  emulator.set(send === preload ? { ...set, ...(preloadRemain !== undefined && { preloadRemain }) } : (how.set ?? {}));
  if (how.fault) emulator.fault(how.fault);
  return send(emulator, how.paths ?? [PATH], how.extra);
}

describe("the error table of the service", () => {
  test.each(SERVICE_TABLE)("a refresh is refused with %s, %d, %s", async (code, status, message, how) => {
    const emulator = await started();
    const answer = await provoke(emulator, how);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      Code: code,
      HostId: "vod.cn-shanghai.aliyuncs.com",
      Message: message,
      Recommend: expect.stringContaining(code),
      RequestId: expect.stringMatching(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/),
    });
    expect(emulator.received).toMatchObject([{ status, code, requestId: answer.json.RequestId }]);
  });

  test.each(SERVICE_TABLE)(
    "a refusal with %s spends nothing and files no task",
    async (_code, _status, _message, how) => {
      const emulator = await started();
      await provoke(emulator, how);
      expect(emulator.tasks()).toEqual([]);
      const { urlRemain = 2000 } = how.set ?? {};
      expect(emulator.quota()).toEqual({ urlRemain, dirRemain: 100, preloadRemain: 500 });
    },
  );

  test("the table has all 13 errors of the page of PreloadVodObjectCaches", () => expect(PRELOADS).toHaveLength(13));

  test.each(PRELOADS)("a preload is refused with %s, %d, %s", async (code, status, message, how) => {
    const emulator = await started();
    const answer = await provoke(emulator, how, preload);
    expect(answer).toMatchObject({ status, json: { Code: code, Message: message } });
    expect(emulator.received).toMatchObject([{ action: "PreloadVodObjectCaches", status, code }]);
    expect(emulator.tasks()).toEqual([]);
    const { urlRemain: preloadRemain = 500 } = how.set ?? {};
    expect(emulator.quota()).toEqual({ urlRemain: 2000, dirRemain: 100, preloadRemain });
  });

  test.each(PLATFORM_TABLE)("a fault refuses both with %s, %d, %s", async (code, status, message, fault) => {
    const emulator = await started();
    emulator.fault(fault);
    for (const send of [refresh, preload]) {
      expect(await send(emulator, [PATH])).toMatchObject({ status, json: { Code: code, Message: message } });
    }
    expect(emulator.tasks()).toEqual([]);
  });

  test("the other operations are refused too while the service is closed", async () => {
    const emulator = await started();
    emulator.set({ service: "closed" });
    expect((await call(emulator, "DescribeVodRefreshQuota")).json.Code).toBe("OperationDenied");
    expect((await call(emulator, "DescribeVodRefreshTasks")).json.Code).toBe("OperationDenied");
  });
});
