import { describe, expect, test } from "vitest";
import { checkInputs } from "../../../provider/resource/check.js";
import { Clients } from "../../../provider/resource/clients.js";
import { REFRESH } from "../../../provider/schema/inputs.js";
import { resolveEndpoint } from "../../../provider/vod/endpoint.js";
import { started } from "../../emulator/started.js";

describe("the endpoint is", () => {
  test.each([
    ["the service's own by default", undefined, undefined, "https://vod.cn-shanghai.aliyuncs.com"],
    ["the input", "vod.example.com", "vod.other.com", "https://vod.example.com"],
    ["else VOD_ENDPOINT", undefined, "vod.other.com", "https://vod.other.com"],
    ["the default where VOD_ENDPOINT is empty", undefined, "", "https://vod.cn-shanghai.aliyuncs.com"],
    ["a host with a port", "vod.example.com:8443", undefined, "https://vod.example.com:8443"],
    ["an origin with a slash", "https://vod.example.com/", undefined, "https://vod.example.com"],
    ["plain http on this machine", "http://127.0.0.1:8080", undefined, "http://127.0.0.1:8080"],
    ["plain http on this machine by name", "http://localhost:8080", undefined, "http://localhost:8080"],
    ["plain http on this machine over IPv6", "http://[::1]:8080", undefined, "http://[::1]:8080"],
  ])("%s", (_, input, variable, origin) => {
    expect(resolveEndpoint(input, variable === undefined ? {} : { VOD_ENDPOINT: variable })).toBe(origin);
  });
});

describe("the endpoint of Pulumi's Alibaba Cloud provider counts, where nothing of this package's own is set", () => {
  const ENVIRONMENT = { ALIBABA_CLOUD_ENDPOINT_VOD: "vod.third.com" };
  test.each([
    ["the input", "a.com", { VOD_ENDPOINT: "b.com", ...ENVIRONMENT }, "c.com", "https://a.com"],
    ["VOD_ENDPOINT", undefined, { VOD_ENDPOINT: "b.com", ...ENVIRONMENT }, "c.com", "https://b.com"],
    ["alicloud:endpoints", undefined, { VOD_ENDPOINT: "", ...ENVIRONMENT }, "c.com", "https://c.com"],
    ["ALIBABA_CLOUD_ENDPOINT_VOD", undefined, ENVIRONMENT, undefined, "https://vod.third.com"],
  ])("%s goes before the rest", (_, input, environment, configured, origin) => {
    expect(resolveEndpoint(input, environment, configured)).toBe(origin);
  });

  test("each is told by its name", () => {
    expect(() => resolveEndpoint(undefined, {}, "http://a.com")).toThrow(/^alicloud:endpoints\.vod would send/);
    const environment = { ALIBABA_CLOUD_ENDPOINT_VOD: "http://a.com" };
    expect(() => resolveEndpoint(undefined, environment)).toThrow(/^ALIBABA_CLOUD_ENDPOINT_VOD would send/);
  });

  const endpoints = [{ sts: "sts-vpc.cn-shanghai.aliyuncs.com" }, { vod: "http://vod.example.com" }];
  const config = (key: string) => (key === "alicloud:endpoints" ? JSON.stringify(endpoints) : undefined);

  test("it is checked in the preview", () => {
    const given = { paths: ["https://vod.example.com/a"], contentHash: "v1" };
    expect(checkInputs(given, {}, config, REFRESH).problems).toEqual([
      expect.stringMatching(/^alicloud:endpoints\.vod would send requests to vod\.example\.com over plain http\./),
    ]);
    const broken = (key: string) => (key === "alicloud:endpoints" ? "{" : undefined);
    expect(checkInputs(given, {}, broken, REFRESH).problems).toEqual([
      expect.stringMatching(/^alicloud:endpoints is not a JSON object\./),
    ]);
    expect(checkInputs({ ...given, endpoint: "vod.example.com" }, {}, config, REFRESH).problems).toEqual([]);
  });

  test("and asked", async () => {
    const { endpoint, accessKeyId, accessKeySecret, received } = await started();
    const clients = new Clients({ environment: {}, now: () => new Date() });
    const values: Record<string, string> = {
      "alicloud:endpoints": JSON.stringify({ vod: endpoint }),
      "alicloud:accessKey": accessKeyId,
      "alicloud:secretKey": accessKeySecret,
    };
    clients.configure((key) => values[key]);
    await clients.queryClient({}).describeRefreshQuota();
    expect(received).toHaveLength(1);
  });
});

describe("an endpoint is refused, by the name of where it stands", () => {
  test.each([
    ["", "endpoint is empty."],
    ["http://vod.example.com", "endpoint would send requests to vod.example.com over plain http."],
    ["http://127.0.0.1.example.com", "endpoint would send requests to 127.0.0.1.example.com over plain http."],
    ["ftp://vod.example.com", "endpoint has the scheme ftp."],
    ["https://vod.example.com/api", "endpoint has more than a host and a port."],
    ["https://vod.example.com?a=b", "endpoint has more than a host and a port."],
    ["https://me:pw@vod.example.com", "endpoint has a user name or a password."],
    ["vod example.com", "endpoint is not a host or a URL."],
    ["https://", "endpoint is not a host or a URL."],
  ])("%j", (input, sentence) => {
    expect(() => resolveEndpoint(input, {})).toThrow(
      `${sentence} Write a host such as vod.cn-shanghai.aliyuncs.com, or https:// and a host; http:// works for this machine only. (code InvalidEndpoint)`,
    );
  });

  test("VOD_ENDPOINT", () => {
    expect(() => resolveEndpoint(undefined, { VOD_ENDPOINT: "http://vod.example.com" })).toThrow(/^VOD_ENDPOINT would/);
  });
});
