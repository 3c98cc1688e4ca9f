/** Functions that ask the service: each question is asked once a run, and a failure is told in sentences. */
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { setMockOptions } from "@pulumi/pulumi/runtime/settings";
import * as state from "@pulumi/pulumi/runtime/state";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { vodClient } from "../../provider/vod/client.js";
import { limiterOf } from "../../provider/vod/rate-limiter.js";
import {
  getVodRefreshQuota,
  getVodRefreshQuotaOutput,
  getVodRefreshTasks,
  getVodRefreshTasksOutput,
} from "../../sdk/index.js";
import type { Emulator } from "../emulator/index.js";
import { started } from "../emulator/started.js";

const MOCKS: pulumi.runtime.Mocks = {
  newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
  call: () => ({}),
};

/** Lets an engine that is no mock run what follows, as one run of a program. */
function beginRun(config: Record<string, string> = {}): void {
  const engine = new Proxy(new MockMonitor(MOCKS), { has: (target, key) => key !== "mocks" && key in target });
  setMockOptions(engine);
  pulumi.runtime.setAllConfig(config);
}
const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

let emulator: Emulator;
const { env } = process;
beforeEach(async () => {
  beginRun();
  emulator = await started();
  process.env = {
    PATH: env.PATH,
    ALIBABA_CLOUD_CLI_PROFILE_DISABLED: "true",
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
  };
});
afterEach(() => {
  vi.restoreAllMocks();
  process.env = env;
});

describe("getVodRefreshQuota", () => {
  test("returns what is left of the day, and asks once a run", async () => {
    const { endpoint } = emulator;
    emulator.set({ urlRemain: 1990, preloadRemain: 7 });
    const expected = {
      urls: { quota: 2000, remain: 1990 },
      directories: { quota: 100, remain: 100 },
      preloads: { quota: 500, remain: 7 },
    };
    expect(await getVodRefreshQuota({ endpoint })).toEqual(expected);
    expect(await settled(getVodRefreshQuotaOutput({ endpoint: pulumi.output(endpoint) }))).toEqual(expected);
    expect(emulator.received).toHaveLength(1);
  });

  test("returns the quotas of patterns and of IgnoreParams where the service tells of them", async () => {
    const { endpoint } = emulator;
    emulator.set({ regexQuota: 20, ignoreParamsQuota: 100 });
    const own = { regex: { quota: 20, remain: 20 }, ignoreParams: { quota: 100, remain: 100 } };
    expect(await getVodRefreshQuota({ endpoint })).toMatchObject(own);
  });

  test("asks again with dependsOn, once those resources and the children of components are deployed", async () => {
    const { endpoint } = emulator;
    const deployed: string[] = [];
    class Bucket extends pulumi.CustomResource {
      constructor(name: string, opts?: pulumi.CustomResourceOptions) {
        super("test:index:Bucket", name, {}, opts);
        this.id.apply(() => deployed.push(name));
      }
    }
    class Site extends pulumi.ComponentResource {
      constructor(name: string) {
        super("test:index:Site", name);
        new Bucket("inner", { parent: this });
      }
    }
    const { urls } = await getVodRefreshQuota({ endpoint });
    emulator.set({ urlRemain: urls.remain - 1 });
    const dependsOn = [new Bucket("outer"), pulumi.output(new Site("site"))];
    const answer = getVodRefreshQuotaOutput({ endpoint }, { dependsOn }).apply((later) => {
      expect(deployed.sort()).toEqual(["inner", "outer"]);
      return later.urls.remain;
    });
    expect(await settled(answer)).toBe(urls.remain - 1);
    expect(emulator.received).toHaveLength(2);
  });

  test("logs beside the parent", async () => {
    const { endpoint } = emulator;
    vi.spyOn(limiterOf(endpoint), "queueMs").mockReturnValue(45_000);
    const info = vi.spyOn(pulumi.log, "info").mockResolvedValue();
    const parent = new pulumi.ComponentResource("test:index:Site", "parent");
    await getVodRefreshQuota({ endpoint }, { parent });
    expect(info.mock.calls).toEqual([
      ["waiting about 45 s for earlier calls, within the VOD API's rate limit", parent, undefined, true],
    ]);
  });

  test("fails with sentences and no stack trace", async () => {
    emulator.set({ accessKey: "forbidden" });
    const error = await getVodRefreshQuota({ endpoint: emulator.endpoint }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(pulumi.RunError);
    expect(error.message).toMatch(/^The credentials lack the permission for this call \(.*\)\. Allow vod:/);
    const unknown = await getVodRefreshQuota({ endpoint: emulator.endpoint, profile: "none" }).catch(
      (thrown) => thrown,
    );
    expect(unknown).toBeInstanceOf(pulumi.RunError);
    expect(unknown.message).toMatch(/\(code InvalidCredentials\)$/);
    // Pulumi formats the stack trace of an error that it prints without it, and that takes seconds.
    expect([error.stack, unknown.stack]).toEqual(["", ""]);
  });

  test("is tried again after a throttle, as a resource's calls are", async () => {
    emulator.fault({ kind: "throttle", times: 1, retryAfterMs: 1 });
    expect(await getVodRefreshQuota({ endpoint: emulator.endpoint })).toHaveProperty("urls.remain", 2000);
    expect(emulator.received).toHaveLength(2);
  });

  test("is asked again after a failure, and leaves another question under way alone", async () => {
    const { endpoint } = emulator;
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota", times: 1 });
    const failed = getVodRefreshQuota({ endpoint });
    const other = getVodRefreshTasks({ endpoint, taskIds: [] });
    await expect(failed).rejects.toThrow(/Forbidden\.RAM/);
    expect(await other).toEqual({ tasks: [] });
    expect(await getVodRefreshQuota({ endpoint })).toHaveProperty("urls.remain", 2000);
  });
});

describe("a process that runs several programs", () => {
  // Pulumi's types don't have it.
  const { withLocalStorage } = state as unknown as { withLocalStorage<T>(run: () => T): T };
  /** Runs a program as the Automation API does: with settings and a connection of its own. */
  const program = <T>(own: Emulator, ask: () => Promise<T>): Promise<T> =>
    withLocalStorage(() => {
      beginRun({
        "alicloud:accessKey": own.accessKeyId,
        "alicloud:secretKey": own.accessKeySecret,
        "alicloud:endpoints": JSON.stringify([{ vod: own.endpoint }]),
      });
      return ask();
    });

  test("asks for each with its own account and endpoint, once", async () => {
    const accounts = [await started({ accessKeyId: "LTAIfirst" }), await started({ accessKeyId: "LTAIsecond" })];
    for (const [index, account] of accounts.entries()) account.set({ urlRemain: 100 + index });
    const ask = () => Promise.all([getVodRefreshQuota(), getVodRefreshQuota()]);
    const answers = await Promise.all(accounts.map((account) => program(account, ask)));
    expect(answers.flat().map(({ urls }) => urls.remain)).toEqual([100, 100, 101, 101]);
    for (const account of accounts) expect(account.received).toHaveLength(1);
  });

  test("asks again in the next run", async () => {
    const remain = () => program(emulator, async () => (await getVodRefreshQuota()).urls.remain);
    expect(await remain()).toBe(2000);
    emulator.set({ urlRemain: 5 });
    expect(await remain()).toBe(5);
  });
});

describe("under pulumi.runtime.setMocks", () => {
  test("the mocks are asked for each question, with its arguments, and never the service", async () => {
    const asked: unknown[] = [];
    const answers = {
      "alicloud-vod:index:getVodRefreshQuota": { urls: { quota: 7, remain: 3 }, directories: { quota: 1, remain: 1 } },
      "alicloud-vod:index:getVodRefreshTasks": { tasks: [] },
    };
    await pulumi.runtime.setMocks({
      ...MOCKS,
      call: ({ token, inputs }) => {
        asked.push([token, inputs]);
        return answers[token as keyof typeof answers];
      },
    });
    const { endpoint } = emulator;
    expect((await getVodRefreshQuota({ endpoint })).urls).toEqual({ quota: 7, remain: 3 });
    expect(await settled(getVodRefreshQuotaOutput().apply(({ urls }) => urls.remain))).toBe(3);
    expect(await getVodRefreshTasks({ taskIds: ["1"] })).toEqual({ tasks: [] });
    expect(await settled(getVodRefreshTasksOutput({ taskIds: pulumi.output(["2"]) }))).toEqual({ tasks: [] });
    expect(asked).toEqual([
      ["alicloud-vod:index:getVodRefreshQuota", { endpoint }],
      ["alicloud-vod:index:getVodRefreshQuota", {}],
      ["alicloud-vod:index:getVodRefreshTasks", { taskIds: ["1"] }],
      ["alicloud-vod:index:getVodRefreshTasks", { taskIds: ["2"] }],
    ]);
    expect(emulator.received).toEqual([]);
  });
});

describe("wrong arguments are refused like inputs, and the service isn't asked:", () => {
  const messageOf = (asked: Promise<unknown>) =>
    asked.then(
      () => "answered",
      (error) => {
        expect(error).toBeInstanceOf(pulumi.RunError);
        return error.message as string;
      },
    );
  const HAS = "endpoint, profile and assumeRole";

  test.each([
    [
      { accessKey: "LTAIplanted", secretKey: "s" },
      "accessKey can't be an argument: it would be readable in the program; set the key with `pulumi config set --secret alicloud:accessKey` " +
        "and `pulumi config set --secret alicloud:secretKey` or in the environment, or use profile or assumeRole.",
    ],
    [{ Profile: "eu" }, "Profile is not an argument of getVodRefreshQuota; did you mean profile?"],
    [{ region: "cn-beijing" }, `region is not an argument of getVodRefreshQuota; it has ${HAS}.`],
    [{ profile: "" }, "profile must be the name of a profile of the Alibaba Cloud CLI (got an empty string)."],
    [
      { assumeRole: { roleArn: 5 } },
      'assumeRole.roleArn must be the ARN of a RAM role, such as "acs:ram::1234567890123456:role/vod" (got 5).',
    ],
  ])("%j", async (args, sentences) => {
    const message = await messageOf(getVodRefreshQuota({ endpoint: emulator.endpoint, ...args } as never));
    expect(message).toBe(`getVodRefreshQuota got a wrong argument. ${sentences} (code InvalidArguments)`);
    expect(emulator.received).toEqual([]);
  });

  test.each([undefined, null, "1,2", [1], {}])("taskIds can't be %j", async (taskIds) => {
    const message = await messageOf(getVodRefreshTasks({ endpoint: emulator.endpoint, taskIds } as never));
    expect(message).toMatch(
      /^getVodRefreshTasks got a wrong argument\. taskIds(\[0\])? (is missing; it )?must be .+ \(code InvalidArguments\)$/,
    );
  });

  test("taskIds can't be left out with all other arguments", async () => {
    expect(await messageOf(getVodRefreshTasks(undefined as never))).toContain(
      "taskIds is missing; it must be the taskIds of a resource, or a list of task IDs.",
    );
  });

  test("but null counts as not given, as for a resource", async () => {
    const { endpoint } = emulator;
    expect(await getVodRefreshQuota({ endpoint, profile: null, assumeRole: undefined } as never)).toHaveProperty(
      "urls",
    );
  });
});

describe("getVodRefreshTasks", () => {
  test("returns the paths of the tasks with these IDs", async () => {
    const { endpoint } = emulator;
    const paths = ["https://vod.example.com/a", "https://img.example.com/b"];
    const { refreshTaskId } = await vodClient({ endpoint, credentials: emulator }).refreshObjectCaches({
      paths,
      objectType: "File",
      force: false,
    });
    const { tasks } = await getVodRefreshTasks({ endpoint, taskIds: [refreshTaskId] });
    expect(tasks.map(({ path, status, percent }) => [path, status, percent])).toEqual(
      paths.map((path) => [path, "Complete", 100]),
    );
    expect(tasks[0]?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    const before = emulator.received.length;
    expect(await settled(getVodRefreshTasksOutput({ endpoint, taskIds: pulumi.output([refreshTaskId]) }))).toEqual({
      tasks,
    });
    expect(emulator.received).toHaveLength(before);
  });
});
