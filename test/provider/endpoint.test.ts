import { describe, expect, test } from "vitest";
import { resolveEndpoint } from "../../provider/vod/endpoint.js";

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

describe("an endpoint is refused, by the name of where it stands", () => {
  test.each([
    ["", "endpoint is empty."],
    ["http://vod.example.com", "endpoint would send requests to vod.example.com over plain http."],
    ["http://127.0.0.1.example.com", "endpoint would send requests to 127.0.0.1.example.com over plain http."],
    ["ftp://vod.example.com", "endpoint has the scheme ftp."],
    ["https://vod.example.com/api", "endpoint has more than a host and a port."],
    ["https://vod.example.com?a=b", "endpoint has more than a host and a port."],
    ["https://me:pw@vod.example.com", "endpoint holds a user name or a password."],
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
