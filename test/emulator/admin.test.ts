import { describe, expect, test } from "vitest";
import { refresh, signedPairs } from "./caller.js";
import { type Emulator, pathsOf, view } from "./index.js";
import { started } from "./started.js";

async function admin(emulator: Emulator, method: string, path: string, input?: unknown, headers = {}) {
  const body = typeof input === "string" ? input : JSON.stringify(input);
  const response = await fetch(`${emulator.endpoint}/_emulator${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(input !== undefined && { body }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever fields they expect
  return { status: response.status, json: (await response.json()) as any };
}

describe("the log of calls", () => {
  test("the log has calls, paths, order and times, and no secret", async () => {
    const emulator = await started({ securityToken: "the-token" });
    emulator.freeze();
    emulator.setTime(Date.parse("2024-07-19T12:00:00Z"));
    const token = { SecurityToken: "the-token" };
    await refresh(emulator, ["vod.example.com/2", "vod.example.com/1"], token);
    emulator.advance(5_000);
    await refresh(emulator, ["other.example.com/3"], { ...token, ObjectType: "IgnoreParams" });
    expect(emulator.received.map((call) => [call.at, call.method, call.status, call.code, pathsOf(call)])).toEqual([
      [1721390400000, "POST", 200, undefined, ["vod.example.com/2", "vod.example.com/1"]],
      [1721390405000, "POST", 404, "InvalidDomain.NotFound", ["other.example.com/3"]],
    ]);
    expect(Object.keys(emulator.received[0]?.parameters ?? {}).sort()).toEqual(
      signedPairs(emulator, "", { ObjectPath: "" })
        .map(([name]) => name)
        .filter((name) => name !== "Signature")
        .sort(),
    );
    const { json } = await admin(emulator, "GET", "/received");
    expect(json).toEqual(emulator.received);
    expect(JSON.stringify(json)).not.toMatch(/the-token|"Signature"/);
  });

  test("the log is cleared", async () => {
    const emulator = await started();
    await refresh(emulator, ["vod.example.com/1"]);
    expect((await admin(emulator, "DELETE", "/received")).json).toHaveLength(1);
    expect(emulator.received).toEqual([]);
  });
});

describe("the admin endpoint", () => {
  test("the state is returned", async () => {
    const emulator = await started();
    emulator.freeze();
    expect((await admin(emulator, "GET", "")).json).toEqual({
      time: emulator.time(),
      frozen: true,
      service: "open",
      accessKey: "active",
      token: "none",
      domains: { "vod.example.com": "online", "img.example.com": "online" },
      quota: { urlRemain: 2000, dirRemain: 100, preloadRemain: 500 },
      taskDelayMs: 0,
      unforced: "drop",
      lags: { 0: 0 },
      configs: {},
      faults: [],
    });
  });

  test("faults are set, counted down and cleared", async () => {
    const emulator = await started();
    const faults = [{ kind: "throttle", times: 2, retryAfterMs: 10 }, { kind: "html" }];
    expect((await admin(emulator, "POST", "/faults", faults)).json).toEqual(faults);
    await refresh(emulator, ["vod.example.com/1"]);
    expect((await admin(emulator, "GET", "/faults")).json).toEqual([{ ...faults[0], times: 1 }, { kind: "html" }]);
    expect((await admin(emulator, "DELETE", "/faults")).json).toEqual([]);
  });

  test("conditions are set", async () => {
    const emulator = await started();
    const conditions = {
      service: "suspended",
      accessKey: "inactive",
      securityToken: "new",
      token: "expired",
      domains: { "vod.example.com": "offline", "img.example.com": null, "New.example.com": "online" },
      taskDelayMs: 5,
      urlRemain: 7,
      dirRemain: 0,
      preloadRemain: 3,
      regexQuota: 20,
      ignoreParamsQuota: null,
      tellsOwnQuotas: false,
      perMinuteQuota: null,
      preloadQueue: null,
      unforced: "revalidate",
      lags: { 0: "never" },
      configs: {
        "Img.example.com": { authKey: "the-key", referers: ["www.example.com"], answers: { "/a": { status: 401 } } },
      },
    };
    expect((await admin(emulator, "POST", "/conditions", conditions)).json).toMatchObject({
      service: "suspended",
      accessKey: "inactive",
      token: "expired",
      domains: { "vod.example.com": "offline", "new.example.com": "online" },
      quota: { urlRemain: 7, dirRemain: 0, preloadRemain: 3, regexRemain: 20 },
      taskDelayMs: 5,
      unforced: "revalidate",
      lags: { 0: "never" },
      configs: { "img.example.com": { authKey: "(set)", referers: ["www.example.com"] } },
    });
    expect((await admin(emulator, "POST", "/conditions", { securityToken: null })).json.token).toBe("none");
    const unset = { lags: { 0: 0 }, configs: { "img.example.com": { authKey: null, answers: null } } };
    expect((await admin(emulator, "POST", "/conditions", unset)).json).toMatchObject({
      lags: { 0: 0 },
      configs: { "img.example.com": { referers: ["www.example.com"] } },
    });
    const none = { configs: { "img.example.com": null } };
    expect((await admin(emulator, "POST", "/conditions", none)).json.configs).toEqual({});
  });

  test("the time is set, moved and stopped", async () => {
    const emulator = await started({ taskDelayMs: 1_000 });
    const time = async (change: object) => (await admin(emulator, "POST", "/time", change)).json.time;
    expect(await time({ frozen: true })).toBe(emulator.time());
    expect(await time({ set: 1721390400000 })).toBe(1721390400000);
    await refresh(emulator, ["vod.example.com/1"]);
    expect((await admin(emulator, "GET", "/tasks")).json).toEqual([
      {
        taskId: "70422000000001",
        path: "vod.example.com/1",
        objectType: "File",
        force: false,
        status: "Refreshing",
        createdAt: 1721390400000,
      },
    ]);
    expect(await time({ advance: 1_000 })).toBe(1721390401000);
    expect((await admin(emulator, "GET", "/tasks")).json).toMatchObject([{ status: "Complete" }]);
    expect((await admin(emulator, "POST", "/time", { frozen: false })).json.frozen).toBe(false);
  });

  test("the URLs in the cache of the edge are listed", async () => {
    const emulator = await started();
    await view(emulator, "https://vod.example.com/a");
    expect((await admin(emulator, "GET", "/cache")).json).toEqual(["https://vod.example.com/a"]);
  });

  test("the events of the edge are listed and cleared", async () => {
    const emulator = await started();
    await view(emulator, "https://vod.example.com/a", { area: "overseas" });
    expect((await admin(emulator, "GET", "/events")).json).toEqual([
      {
        kind: "view",
        at: expect.any(Number),
        url: "https://vod.example.com/a",
        area: "overseas",
        status: 404,
        cache: "MISS",
      },
    ]);
    expect((await admin(emulator, "DELETE", "/events")).json).toHaveLength(1);
    expect(emulator.events).toEqual([]);
  });

  test.each([
    ["/faults", { kind: "thunder" }, /^"kind" wants one of throttle, error, /],
    ["/faults", { kind: "throttle", times: 0 }, '"times" wants at least 1.'],
    [
      "/faults",
      { kind: "throttle", tims: 1 },
      'There is no field "tims" here; there are action, times, code, retryAfterMs.',
    ],
    ["/faults", { kind: "throttle", code: "Throttled" }, /^"code" wants one of Throttling, /],
    ["/faults", { kind: "delay" }, '"delay" wants a field "ms".'],
    ["/faults", { kind: "delay", ms: "1" }, '"ms" wants a whole number.'],
    ["/faults", [{ kind: "html" }, 1], "A JSON object is wanted here."],
    ["/conditions", { service: "shut" }, '"service" wants one of open, closed, suspended.'],
    ["/conditions", { service: null }, '"service" wants one of open, closed, suspended.'],
    ["/conditions", { domains: { "a.example.com": "gone" } }, /^"a.example.com" wants one of online, /],
    ["/conditions", { lags: { 1: 0 } }, 'There is no node "1"; there are 0.'],
    ["/conditions", { lags: { 0: "always" } }, 'The lag of node 0 wants a whole number or "never".'],
    ["/conditions", { configs: { "a.example.com": { referers: "b" } } }, '"referers" wants a list of texts.'],
    ["/conditions", { configs: { "a.example.com": { referer: [] } } }, /^There is no field "referer" here; there are /],
    ["/conditions", { configs: { "a.example.com": { answers: { "/a": {} } } } }, 'An answer wants a field "status".'],
    ["/time", { set: "now" }, '"set" wants a whole number.'],
    ["/time", "{", /JSON/],
  ])("%s %j is refused and changes nothing", async (path, input, error) => {
    const emulator = await started();
    const answer = await admin(emulator, "POST", path, input);
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatch(error);
    expect((await admin(emulator, "GET", "/faults")).json).toEqual([]);
  });

  test("an unknown route is refused with the list of routes", async () => {
    const emulator = await started();
    const answer = await admin(emulator, "POST", "/received");
    expect(answer).toMatchObject({ status: 404, json: { error: expect.stringContaining("GET /received") } });
  });

  test("a request of a browser is refused", async () => {
    const emulator = await started();
    const answer = await admin(emulator, "POST", "/faults", { kind: "html" }, { origin: "https://evil.example.com" });
    expect(answer.status).toBe(403);
  });

  test("an admin request is not logged and gets no fault", async () => {
    const emulator = await started();
    emulator.fault({ kind: "reset-before" });
    expect((await admin(emulator, "GET", "")).status).toBe(200);
    expect(emulator.received).toEqual([]);
  });
});
