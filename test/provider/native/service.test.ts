/** The calls of Pulumi's protocol, over gRPC: what the engine gets of each. */

import { PluginAttach, type PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, test } from "vitest";
import { describePackage } from "../../../provider/native/package-schema.js";
import type { Properties } from "../../../provider/resource/context.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import { type Emulator, pathsOf } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { type Client, type Refused, secret, served, startEngine, urnOf } from "./served.js";

const { DIFF_NONE, DIFF_SOME, DIFF_UNKNOWN } = messages.DiffResponse.DiffChanges;
const url = (name: string | number) => `https://vod.example.com/${name}`;
const SITE = urnOf();
const INPUTS = { paths: [url("a"), url("b")], contentHash: "v1" };

const sent = (emulator: Emulator) =>
  emulator.received.filter(({ action }) => /^(Refresh|Preload)Vod/.test(action)).flatMap(pathsOf);

/** Checks and creates a resource, as a deployment does. */
async function create(client: Client, news: Properties = INPUTS, urn = SITE) {
  const { inputs, failures } = await client.check(urn, news);
  expect(failures).toEqual([]);
  return { inputs, ...(await client.create(urn, inputs)) };
}

const failing = <T>(promise: Promise<T>): Promise<Refused> =>
  promise.then(
    (value) => expect.unreachable(`It succeeded: ${JSON.stringify(value)}`) as never,
    (error: Refused) => error,
  );

describe("the plugin says", () => {
  test("what it understands, its version and its schema", async () => {
    const client = await served();
    const handshake = await client.handshake(client.engine.address);
    expect(handshake.toObject()).toMatchObject({ acceptSecrets: true, acceptResources: false, acceptOutputs: false });
    const configured = await client.configure({});
    expect(configured.toObject()).toMatchObject({ acceptsecrets: true, supportspreview: true });
    expect((await client.call<PluginInfo>("getPluginInfo", new Empty())).getVersion()).toBe("1.2.3");
    const schema = await client.call<messages.GetSchemaResponse>("getSchema", new messages.GetSchemaRequest());
    expect(JSON.parse(schema.getSchema())).toEqual(describePackage({ version: "1.2.3" }));
  });

  test("that it has nothing else: the engine knows what to do then", async () => {
    const client = await served();
    const { code } = await failing(client.call("parameterize", new messages.ParameterizeRequest()));
    expect(code).toBe(12);
  });
});

describe("the configuration", () => {
  test("is taken as it is", async () => {
    const client = await served();
    const news = { accessKey: secret("LTAI"), region: "cn-shanghai", version: "1.2.3" };
    expect(await client.checkConfig(news)).toEqual({ inputs: news, failures: [] });
  });

  test("with a key that is none is refused by a sentence", async () => {
    const client = await served();
    const { failures } = await client.checkConfig({ regoin: "cn-shanghai" });
    expect(failures).toEqual([
      { property: "regoin", reason: 'alicloud-vod has no setting "regoin". Did you mean region?' },
    ]);
  });

  test("leaves it to the engine what differs, and never replaces a provider, also when a stack comes from the dynamic form", async () => {
    const client = await served();
    const request = new messages.DiffRequest().setUrn("urn:pulumi:dev::test::pulumi:providers:alicloud-vod::a");
    const response = await client.call<messages.DiffResponse>("diffConfig", request);
    expect([response.getChanges(), response.getReplacesList()]).toEqual([DIFF_UNKNOWN, []]);
  });

  test("says who calls, with secrets, and where", async () => {
    const emulator = await started();
    const client = await served();
    await client.configure({
      accessKey: secret(emulator.accessKeyId),
      secretKey: secret(emulator.accessKeySecret),
      endpoints: JSON.stringify([{ vod: emulator.endpoint }]),
    });
    await create(client);
    expect(sent(emulator)).toEqual(INPUTS.paths);
  });

  test("that lacks credentials fails the check, each source on a line", async () => {
    const client = await served();
    const { failures } = await client.check(SITE, INPUTS);
    const [{ reason } = { reason: "" }] = failures;
    expect(reason.split("\n").length).toBeGreaterThan(6);
    expect(reason).not.toMatch(/alicloud:|\\x0a/);
  });

  test("that lacks credentials is named as the plugin reads it, each source on a line", async () => {
    const client = await served();
    const { inputs } = await client.check(SITE, INPUTS);
    const { message } = await failing(client.create(SITE, inputs));
    const lines = message.split("\n");
    expect(lines[0]).toContain("`pulumi config set --secret alicloud-vod:accessKey`");
    expect(lines.length).toBeGreaterThan(6);
    expect(message).not.toMatch(/alicloud:/);
  });
});

describe("a check", () => {
  test("completes the inputs, and takes numbers for text as YAML has them", async () => {
    const client = await served(await started());
    const { inputs, failures } = await client.check(SITE, { paths: [url("a")], contentHash: 7 });
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({ contentHash: "7", objectType: "File", force: false, refreshOnCreate: true });
    expect(Object.keys(inputs).filter((name) => name.startsWith("__"))).toEqual([]);
  });

  test("tells which input is wrong", async () => {
    const client = await served(await started());
    const { failures } = await client.check(SITE, { ...INPUTS, force: "yes" });
    expect(failures).toEqual([{ property: "", reason: expect.stringMatching(/^force must be true or false/) }]);
  });

  test("refuses preload, and says what takes its place", async () => {
    const client = await served(await started());
    const { failures } = await client.check(SITE, { ...INPUTS, preload: true });
    expect(failures).toEqual([{ property: "", reason: expect.stringMatching(/Declare a VodCachePreload/) }]);
  });

  test("keeps secrets, also those within an input, and unknown values", async () => {
    const client = await served(await started());
    const contents = { [url("a?auth_key=1")]: secret("1"), [url("b")]: UNKNOWN };
    const { inputs } = await client.check(SITE, { contents });
    expect(inputs).toMatchObject({
      contents: secret({ [url("a?auth_key=1")]: "1", [url("b")]: UNKNOWN }),
      __secretPaths: true,
    });
  });
});

describe("a diff", () => {
  test("finds nothing where nothing changed", async () => {
    const client = await served(await started());
    const { inputs, outputs } = await create(client);
    expect(await client.diff(SITE, outputs, inputs, inputs)).toEqual({
      changes: DIFF_NONE,
      replaces: [],
      diffs: [],
      paths: {},
    });
  });

  test("names what changed, and never replaces", async () => {
    const client = await served(await started());
    const { inputs, outputs } = await create(client, { contents: { [url("a")]: "1", [url("b")]: "1" } });
    const { inputs: news } = await client.check(SITE, { contents: { [url("a")]: "2", [url("b")]: "1" } }, inputs);
    expect(await client.diff(SITE, outputs, news, inputs)).toEqual({
      changes: DIFF_SOME,
      replaces: [],
      diffs: ["contents"],
      paths: { [`contents["${url("a")}"]`]: "UPDATE" },
    });
  });

  test("of an older engine, which gives no inputs of before, names the same", async () => {
    const client = await served(await started());
    const { inputs, outputs } = await create(client);
    const { inputs: news } = await client.check(SITE, { ...INPUTS, contentHash: "v2" }, inputs);
    expect((await client.diff(SITE, outputs, news)).paths).toEqual({ contentHash: "UPDATE" });
  });

  test("says that what is pending is due", async () => {
    const emulator = await started({ urlQuota: 1 });
    const client = await served(emulator);
    const { inputs, outputs } = await create(client, { ...INPUTS, quota: { onExceeded: "partial" } });
    expect(outputs.pending).toEqual([url("b")]);
    expect(await client.diff(SITE, outputs, inputs, inputs)).toMatchObject({
      changes: DIFF_SOME,
      paths: { pending: "UPDATE" },
    });
  });
});

describe("a preview", () => {
  test("of a new resource sends nothing, and knows the inputs alone", async () => {
    const emulator = await started();
    const client = await served(emulator);
    const { inputs } = await client.check(SITE, INPUTS);
    const { id, outputs } = await client.create(SITE, inputs, true);
    expect(id).toBe("");
    expect(outputs).toMatchObject({
      ...INPUTS,
      taskIds: UNKNOWN,
      status: UNKNOWN,
      refreshed: UNKNOWN,
      pending: UNKNOWN,
    });
    expect(sent(emulator)).toEqual([]);
  });

  test("of an update in which nothing is due knows every output, so that no dependent seems to change", async () => {
    const emulator = await started();
    const client = await served(emulator);
    const { inputs, outputs } = await create(client);
    const { inputs: news } = await client.check(SITE, { ...INPUTS, retry: { maxAttempts: 2 } }, inputs);
    const foreseen = await client.update(SITE, outputs, news, true);
    expect(foreseen).toMatchObject({ taskIds: outputs.taskIds, status: outputs.status, refreshed: outputs.refreshed });
    expect(JSON.stringify(foreseen)).not.toContain(UNKNOWN);
    expect(await client.update(SITE, outputs, news)).toEqual(foreseen);
  });

  test("of an update that sends something doesn't know what comes of it", async () => {
    const emulator = await started();
    const client = await served(emulator);
    const { inputs, outputs } = await create(client);
    const { inputs: news } = await client.check(SITE, { ...INPUTS, contentHash: "v2" }, inputs);
    expect(await client.update(SITE, outputs, news, true)).toMatchObject({ contentHash: "v2", taskIds: UNKNOWN });
    expect(sent(emulator)).toEqual(INPUTS.paths);
  });

  test("takes values that aren't known yet", async () => {
    const emulator = await started();
    const client = await served(emulator);
    const { inputs, failures } = await client.check(SITE, { paths: UNKNOWN, contentHash: UNKNOWN });
    expect(failures).toEqual([]);
    const { outputs } = await client.create(SITE, inputs, true);
    expect(outputs).toMatchObject({ paths: UNKNOWN, contentHash: UNKNOWN, status: UNKNOWN });
  });
});

describe("an update", () => {
  test("sends what is due, with its lines beside the resource", async () => {
    const emulator = await started();
    const client = await served(emulator);
    const { inputs, outputs } = await create(client);
    const { inputs: news } = await client.check(SITE, { ...INPUTS, contentHash: "v2" }, inputs);
    await client.diff(SITE, outputs, news, inputs);
    const after = await client.update(SITE, outputs, news);
    expect(sent(emulator)).toEqual([...INPUTS.paths, ...INPUTS.paths]);
    expect(after).toMatchObject({ contentHash: "v2", refreshed: INPUTS.paths, pending: [] });
    expect(client.engine.lines.length).toBeGreaterThan(0);
    expect(client.engine.lines.every(({ urn }) => urn === SITE)).toBe(true);
  });

  test("keeps secret paths secret in every output that names them", async () => {
    const client = await served(await started());
    const { outputs } = await create(client, { ...INPUTS, paths: secret(INPUTS.paths) });
    expect(outputs).toMatchObject({
      paths: secret(INPUTS.paths),
      refreshed: secret(INPUTS.paths),
      pending: secret([]),
    });
    expect(JSON.stringify(client.engine.lines)).not.toContain("vod.example.com");
  });

  test("that fails comes back as an unfinished resource, with its state and its reasons", async () => {
    const emulator = await started();
    const client = await served(emulator);
    emulator.fault({ kind: "task-failed", path: url("b") });
    const { inputs } = await client.check(SITE, { ...INPUTS, wait: true, paths: secret(INPUTS.paths) });
    const { message, init } = await failing(client.create(SITE, inputs));
    expect(init?.id).toMatch(/^vod-cache-refresh-/);
    expect(init?.reasons).toEqual([message]);
    expect(init?.properties).toMatchObject({ status: "Incomplete", pending: secret([url("b")]) });
    emulator.clearFaults();
    const after = await client.update(SITE, init?.properties ?? {}, inputs);
    expect(after).toMatchObject({ status: "Complete", pending: secret([]) });
  });

  test("that the service refuses says so, and leaves nothing", async () => {
    const emulator = await started();
    const client = await served(emulator);
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "RefreshVodObjectCaches" });
    const { inputs } = await client.check(SITE, INPUTS);
    const { message, init, code } = await failing(client.create(SITE, inputs));
    expect([code, init]).toEqual([2, undefined]);
    expect(message).toMatch(/\(code Forbidden\.RAM, HTTP 403, request ID [^)]+\)$/);
  });

  test("that is cancelled answers at once with what it did", async () => {
    const emulator = await started({ taskDelayMs: 600_000 });
    const client = await served(emulator, {
      sleep: () => {
        client.cancel().catch(() => {});
        return new Promise(() => {});
      },
    });
    const { inputs } = await client.check(SITE, { ...INPUTS, wait: true });
    const { message, init } = await failing(client.create(SITE, inputs));
    expect(message).toContain("(code Cancelled)");
    expect(init?.properties).toMatchObject({ status: "Refreshing", unconfirmed: INPUTS.paths });
  });
});

describe("a read", () => {
  test("asks what became of the tasks, and gives the inputs back", async () => {
    const emulator = await started({ taskDelayMs: 60_000 });
    const client = await served(emulator);
    const { inputs, outputs } = await create(client);
    expect(outputs.status).toBe("Submitted");
    emulator.advance(60_000);
    const read = await client.read(SITE, outputs, inputs);
    expect(read).toMatchObject({ id: "an-id", inputs, outputs: { ...outputs, status: "Complete" } });
  });

  test("of what Pulumi doesn't manage is refused: there is nothing to import", async () => {
    const client = await served(await started());
    expect((await failing(client.read(SITE, {}, {}))).message).toMatch(
      /^VodCacheRefresh "site" can't be imported or looked up: .*\(code NoImport\)$/,
    );
  });
});

test("a delete sends nothing", async () => {
  const emulator = await started();
  const client = await served(emulator);
  const { outputs } = await create(client, { ...INPUTS, refreshOnCreate: false });
  await client.delete(SITE, outputs);
  expect(sent(emulator)).toEqual([]);
});

test("a preload follows the refresh whose outputs it is given", async () => {
  const emulator = await started();
  const client = await served(emulator);
  const { outputs } = await create(client);
  const { objectType, taskIds, status, submittedAt } = outputs;
  const site = urnOf("site", "VodCachePreload");
  const preload = await create(client, { ...INPUTS, refresh: { objectType, taskIds, status, submittedAt } }, site);
  expect(preload.id).toMatch(/^vod-cache-preload-/);
  expect(preload.outputs).toMatchObject({ preloaded: INPUTS.paths, pending: [] });
});

describe("a function", () => {
  test("tells the quota", async () => {
    const client = await served(await started());
    await create(client);
    const quota = await client.invoke("alicloud-vod:index:getVodRefreshQuota", {});
    expect(quota).toMatchObject({ urls: { quota: 2_000, remain: 1_998 }, directories: { quota: 100, remain: 100 } });
  });

  test("tells of tasks, as a secret if the question has one", async () => {
    const client = await served(await started());
    const { outputs } = await create(client);
    const { taskIds } = outputs;
    const answer = await client.invoke("alicloud-vod:index:getVodRefreshTasks", { taskIds });
    expect(answer.tasks).toMatchObject(INPUTS.paths.map((path) => ({ path, status: "Complete" })));
    const hidden = await client.invoke("alicloud-vod:index:getVodRefreshTasks", { taskIds: secret(taskIds) });
    expect(hidden).toEqual({ tasks: secret(answer.tasks) });
  });

  test("says what is wrong with an argument", async () => {
    const client = await served(await started());
    const { message } = await failing(client.invoke("alicloud-vod:index:getVodRefreshTasks", { taskIds: 1 }));
    expect(message).toMatch(/^getVodRefreshTasks got a wrong argument\. taskIds must be /);
  });
});

test.each(["alicloud-vod:index:VodCacheFlush", "pulumi-nodejs:dynamic:Resource"])(
  "%s is no resource of the plugin",
  async (type) => {
    const client = await served();
    const { message } = await failing(client.check(`urn:pulumi:dev::test::${type}::a`, {}));
    expect(message).toContain(`alicloud-vod has no resource ${type}.`);
  },
);

test("an unknown function is refused by a sentence", async () => {
  const client = await served();
  const { message } = await failing(client.invoke("alicloud-vod:index:getCaches", {}));
  expect(message).toContain("alicloud-vod has no function alicloud-vod:index:getCaches.");
});

describe("lines", () => {
  test("go to the engine that was attached last", async () => {
    const client = await served(await started());
    await create(client);
    const other = await startEngine();
    const before = client.engine.lines.length;
    await client.call("attach", new PluginAttach().setAddress(other.address));
    await create(client, INPUTS, urnOf("other"));
    expect([client.engine.lines.length, other.lines.length > 0]).toEqual([before, true]);
  });

  test("of a resource below another are beside it", async () => {
    const client = await served(await started());
    const urn = "urn:pulumi:dev::test::my:index:Site$alicloud-vod:index:VodCacheRefresh::site-refresh";
    await create(client, INPUTS, urn);
    expect(new Set(client.engine.lines.map((line) => line.urn))).toEqual(new Set([urn]));
  });
});

describe("messages without bound", () => {
  const contents = (count: number, hash: string) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [url(`a-directory/${i}.ts`), i === 0 ? hash : "h".repeat(32)]),
    );

  test("carry 2,000 URLs", async () => {
    const emulator = await started();
    const client = await served(emulator);
    const paths = Array.from({ length: 2_000 }, (_, i) => url(`${"a-long-name/".repeat(8)}${i}.ts`));
    const { outputs } = await create(client, { paths, contentHash: "v1" });
    expect(outputs).toMatchObject({ paths, status: "Submitted" });
    expect(new Set(sent(emulator))).toEqual(new Set(paths));
  });

  test("carry 20,000 contents", async () => {
    const emulator = await started();
    const client = await served(emulator);
    const news = { contents: contents(20_000, "1"), refreshOnCreate: false };
    const { inputs, outputs } = await create(client, news);
    const { inputs: changed } = await client.check(SITE, { ...news, contents: contents(20_000, "2") }, inputs);
    const changedUrl = url("a-directory/0.ts");
    expect((await client.diff(SITE, outputs, changed, inputs)).paths).toEqual({
      [`contents["${changedUrl}"]`]: "UPDATE",
    });
    const after = await client.update(SITE, outputs, changed);
    expect(after.contents).toEqual(changed.contents);
    expect(sent(emulator)).toEqual([changedUrl]);
  });
});
