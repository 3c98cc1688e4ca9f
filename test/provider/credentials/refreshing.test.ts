import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { clock, failureOf, fakeMetadata, fakeSts, fakeUri, find, serving } from "./fakes.js";

const ROLE = "acs:ram::1234567890123456:role/deploy";
const KEY = { "alicloud:accessKey": "LTAIkey", "alicloud:secretKey": "s3cret" };
const keys = { LTAIkey: { secret: "s3cret" } };

describe("temporary credentials", () => {
  test("are kept until 5 minutes before their end, then renewed", async () => {
    const { now, minutesLater } = clock();
    const sts = await fakeSts({ keys, now });
    const source = find({ ...KEY, "alicloud:assumeRole": { roleArn: ROLE } }, sts.environment, { now });
    expect(await source.get()).toHaveProperty("securityToken", "token1");
    minutesLater(54);
    expect(await source.get()).toHaveProperty("securityToken", "token1");
    minutesLater(2);
    expect(await source.get()).toHaveProperty("securityToken", "token2");
    expect(sts.received).toHaveLength(2);
  });

  test("of chained roles are each renewed at their own time", async () => {
    const { now, minutesLater } = clock();
    const metadata = await fakeMetadata("vod-role", now);
    const sts = await fakeSts({
      now,
      keys: Object.fromEntries(
        [2, 4].map((n) => [`STS.metadata${n}`, { secret: `metadata-secret${n}`, token: `metadata-token${n}` }]),
      ),
    });
    const config = {
      "alicloud:ecsRoleName": "vod-role",
      "alicloud:assumeRole": { roleArn: ROLE, sessionExpiration: 1800 },
    };
    const source = find(config, sts.environment, { now, metadataOrigin: metadata.origin });
    await source.get();
    minutesLater(30);
    await source.get();
    expect([metadata.received.length, sts.received.length]).toEqual([2, 2]);
    minutesLater(30);
    await source.get();
    expect([metadata.received.length, sts.received.length]).toEqual([4, 3]);
  });

  test("are requested once for all concurrent callers", async () => {
    const { now, minutesLater } = clock();
    const { uri, received } = await fakeUri(now);
    const source = find({ "alicloud:credentialsUri": uri }, {}, { now });
    const all = await Promise.all(Array.from({ length: 20 }, () => source.get()));
    expect(new Set(all.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(["STS.uri1"]));
    minutesLater(58);
    await Promise.all(Array.from({ length: 20 }, () => source.get()));
    expect(received).toHaveLength(2);
  });

  test("without an end are kept for a minute", async () => {
    const { now, minutesLater } = clock();
    const { uri, received } = await fakeUri(now, (answer) => ({ ...answer, Expiration: undefined }));
    const source = find({ "alicloud:credentialsUri": uri }, {}, { now });
    await source.get();
    minutesLater(0.9);
    await source.get();
    expect(received).toHaveLength(1);
    minutesLater(0.2);
    await source.get();
    expect(received).toHaveLength(2);
  });

  test("that have ended before they arrive are refused", async () => {
    const { now } = clock();
    const { uri } = await fakeUri(() => new Date(now().getTime() - 2 * 3600_000));
    expect((await failureOf(() => find({ "alicloud:credentialsUri": uri }, {}, { now }).get())).message).toMatch(
      /^The credentials of the credentials URI at http:\/\/127\.0\.0\.1:\d+ \(the stack's alicloud:credentialsUri\) had already expired when they arrived\. Check the clock/,
    );
  });
});

describe("a renewal that fails", () => {
  /** A service that fails after the first answer until it is told to work. */
  async function failing() {
    const time = clock();
    const state = { works: true, asked: 0 };
    const origin = await serving((_, response) => {
      state.asked++;
      if (!state.works) return response.writeHead(503).end();
      const Expiration = new Date(time.now().getTime() + 3600_000).toISOString();
      return response.end(
        JSON.stringify({ AccessKeyId: `STS.${state.asked}`, AccessKeySecret: "s", SecurityToken: "t", Expiration }),
      );
    });
    const source = find({ "alicloud:credentialsUri": origin }, {}, { now: time.now });
    await source.get();
    state.works = false;
    return { ...time, state, source };
  }

  test("leaves the old credentials in use as long as they are valid, and is tried again half a minute later", async () => {
    const { source, state, minutesLater } = await failing();
    minutesLater(56);
    expect(await source.get()).toHaveProperty("accessKeyId", "STS.1");
    expect(await source.get()).toHaveProperty("accessKeyId", "STS.1");
    expect(state.asked).toBe(2);
    minutesLater(1);
    state.works = true;
    expect(await source.get()).toHaveProperty("accessKeyId", "STS.3");
  });

  test("is an error once the old ones have ended, and the next attempt can succeed", async () => {
    const { source, state, minutesLater } = await failing();
    minutesLater(61);
    expect(await failureOf(() => source.get())).toMatchObject({
      code: "InvalidResponse",
      httpStatus: 503,
      retryable: true,
    });
    state.works = true;
    expect(await source.get()).toHaveProperty("accessKeyId", "STS.3");
  });
});

test("nothing is requested before the first get", async () => {
  const sts = await fakeSts({ keys });
  const { uri, received } = await fakeUri();
  find({ ...KEY, "alicloud:assumeRole": { roleArn: ROLE } }, sts.environment);
  find({ "alicloud:credentialsUri": uri });
  await delay(20);
  expect([sts.received, received]).toEqual([[], []]);
});
