/** Questions of a program: typed answers, each asked once a run, and sentences where there is no answer. */
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { vodClient } from "../../provider/vod/client.js";
import {
  getVodRefreshQuota,
  getVodRefreshQuotaOutput,
  getVodRefreshTasks,
  getVodRefreshTasksOutput,
} from "../../sdk/index.js";
import type { Emulator } from "../emulator/index.js";
import { started } from "../emulator/started.js";

pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) });
const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

let emulator: Emulator;
const { env } = process;
beforeEach(async () => {
  emulator = await started();
  process.env = {
    PATH: env.PATH,
    ALIBABA_CLOUD_CLI_PROFILE_DISABLED: "true",
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
  };
});
afterEach(() => {
  process.env = env;
});

describe("the quota", () => {
  test("is what is left of the day, asked for once a run", async () => {
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

  test("that can't be asked for is told in sentences, without a stack", async () => {
    emulator.set({ accessKey: "forbidden" });
    const error = await getVodRefreshQuota({ endpoint: emulator.endpoint }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(pulumi.RunError);
    expect(error.message).toMatch(/^The credentials lack the permission for this call \(.*\)\. Allow vod:/);
    const unknown = await getVodRefreshQuota({ endpoint: emulator.endpoint, profile: "none" }).catch(
      (thrown) => thrown,
    );
    expect(unknown).toBeInstanceOf(pulumi.RunError);
    expect(unknown.message).toMatch(/\(code InvalidCredentials\)$/);
  });
});

describe("tasks", () => {
  test("are the rows of a resource's task IDs", async () => {
    const { endpoint } = emulator;
    const paths = ["https://vod.example.com/a", "https://img.example.com/b"];
    const { refreshTaskId } = await vodClient({ endpoint, credentials: emulator }).refreshObjectCaches({
      paths,
      objectType: "File",
      force: false,
    });
    const tasks = await getVodRefreshTasks({ endpoint, taskIds: [refreshTaskId] });
    expect(tasks.map(({ path, status, percent }) => [path, status, percent])).toEqual(
      paths.map((path) => [path, "Complete", 100]),
    );
    expect(tasks[0]?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    const before = emulator.received.length;
    expect(await settled(getVodRefreshTasksOutput({ endpoint, taskIds: pulumi.output([refreshTaskId]) }))).toEqual(
      tasks,
    );
    expect(emulator.received).toHaveLength(before);
  });
});
