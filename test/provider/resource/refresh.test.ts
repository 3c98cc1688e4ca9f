import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { refreshProvider } from "../../../provider/dynamic/host.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import { formatLine } from "../../../provider/text/log.js";
import { type Emulator, type EmulatorOptions, pathsOf, startEmulator } from "../../emulator/index.js";
import { urnOf } from "../lines.js";

type Properties = Record<string, unknown>;
type Failure = Error & { id?: string; properties?: Properties; reasons?: string[] };

const A = "https://vod.example.com/a";
const B = "https://vod.example.com/b";

let emulator: Emulator;
const lines: string[] = [];

async function start(options: EmulatorOptions = {}) {
  await emulator?.close();
  emulator = await startEmulator(options);
}
beforeEach(() => start());
afterEach(() => {
  lines.length = 0;
  return emulator.close();
});

const START = Date.parse("2026-01-02T03:04:05Z");
let now = START;
beforeEach(() => {
  now = START;
});

function provider({ environment = {} as Record<string, string>, config = {} as Record<string, string> } = {}) {
  const keys = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    VOD_ENDPOINT: emulator.endpoint,
  };
  const made = refreshProvider({
    environment: { ...keys, ...environment },
    log: (line, { name }) => lines.push(formatLine(line, name)),
    now: () => new Date(now),
  });
  void made.configure({ config: { get: (key: string) => config[key] } } as never);
  return made;
}

const program = (changes: Properties = {}): Properties => ({
  __urn: urnOf("player"),
  __provider: "text",
  paths: [A, B],
  contentHash: "v1",
  ...changes,
});

/** What the engine does with a program: check, diff if there is a state, then create or update. */
async function up(old: { id: string; inputs: Properties; outs: Properties } | undefined, changes: Properties = {}) {
  const made = provider();
  const { inputs, failures } = await made.check(old?.inputs ?? {}, program(changes));
  expect(failures).toEqual([]);
  if (old === undefined) return { inputs, ...(await made.create(inputs)) };
  if (!(await made.diff(old.id, old.outs, inputs)).changes) return { ...old, inputs };
  return { id: old.id, inputs, ...(await made.update(old.id, old.outs, inputs)) };
}

const refreshCalls = () => emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches");
const sent = () => refreshCalls().flatMap(pathsOf);

test("content is refreshed when it is new and when it changes, and not otherwise", async () => {
  const created = await up(undefined);
  expect(sent()).toEqual([A, B]);
  expect(created.outs).toMatchObject({
    status: "Submitted",
    submittedAt: "2026-01-02T03:04:05.000Z",
    refreshed: [A, B],
  });

  const unchanged = await up(created);
  expect(refreshCalls()).toHaveLength(1);

  // Within one second the service would merge both refreshes into one task.
  emulator.advance(1000);
  const updated = await up(unchanged, { contentHash: "v2" });
  expect(sent()).toEqual([A, B, A, B]);
  expect(updated.id).toBe(created.id);
  expect(updated.outs.taskIds).not.toEqual(created.outs.taskIds);
  const paths = `player:   ${A}, ${B}`;
  // The second up follows within a process of its own, so it shows its plan, too.
  expect(lines).toEqual([
    "player: initial deployment: refresh 2 URLs in 1 call (leaves 1,998 of 2,000 URLs in today's quota)",
    paths,
    `player: refresh submitted: 2 URLs in 1 call (task ${(created.outs.taskIds as string[]).join(", ")})`,
    "player: contentHash changed: refresh 2 URLs in 1 call (leaves 1,996 of 2,000 URLs in today's quota)",
    paths,
    `player: refresh submitted: 2 URLs in 1 call (task ${(updated.outs.taskIds as string[]).join(", ")})`,
  ]);
});

test("a changed input that needs no refresh is recorded without a call and without a line", async () => {
  const created = await up(undefined);
  const before = [...lines];
  const updated = await up(created, { paths: [A], refreshOnCreate: false });
  expect(refreshCalls()).toHaveLength(1);
  expect(updated.outs).toEqual({ ...created.outs, paths: [A], refreshed: [A], refreshOnCreate: false });
  expect(lines).toEqual(before);
});

test("a path that was taken out and comes back is sent again", async () => {
  const without = await up(await up(undefined), { paths: [A] });
  await up(without);
  expect(sent()).toEqual([A, B, B]);
});

test("refreshOnCreate false records the content and sends nothing, until it changes", async () => {
  const created = await up(undefined, { refreshOnCreate: false });
  expect(created.outs).toMatchObject({ status: "NotSubmitted", taskIds: [], contentHash: "v1" });
  expect(emulator.received).toEqual([]);
  await up(created, { refreshOnCreate: false, contentHash: "v2" });
  expect(sent()).toEqual([A, B]);
});

test("replacing with refreshOnCreate false sends nothing, and the preview says so and what to do", async () => {
  await up(undefined, { refreshOnCreate: false });
  lines.length = 0;
  // The engine checks the inputs of a replacement without old ones.
  await up(undefined, { refreshOnCreate: false, contentHash: "v2" });
  expect(sent()).toEqual([]);
  expect(lines).toEqual([
    "player: 2 URLs recorded, not refreshed: refreshOnCreate is false; if this resource replaces another, set refreshOnCreate to true for this " +
      "update, or what changed in between stays stale",
  ]);
});

test("a URL that two resources send in one run is hinted at beside the second, in preview and update", async () => {
  const made = provider();
  const plan = async (name: string, paths: string[]) => {
    const { inputs } = await made.check({}, { __urn: urnOf(name), paths, contentHash: "v1" });
    return inputs;
  };
  const [first, second] = [await plan("player", [A, B]), await plan("site", [B])];
  const hint = `site: hint: ${B} is also refreshed by "player", which uses quota twice; name it in one resource only`;
  expect(lines.filter((line) => line.includes("hint"))).toEqual([hint]);
  await made.create(second);
  await made.create(first);
  expect(new Set(lines.filter((line) => line.includes("hint")))).toEqual(new Set([hint]));
});

describe("directories of paths that become contents", () => {
  const X = "https://vod.example.com/x/";
  const contents = { paths: undefined, contentHash: undefined, contents: { [A]: "1" } };
  const calls = () => refreshCalls().map((call) => [call.parameters.ObjectType, pathsOf(call)]);
  const directories = () => up(undefined, { paths: [X], objectType: "Directory", refreshOnCreate: false });

  test("are refreshed as directories once more", async () => {
    const { outs } = await up(await directories(), contents);
    expect(calls()).toEqual([
      ["File", [A]],
      ["Directory", [X]],
    ]);
    expect(outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(outs).not.toHaveProperty("__removedPaths");
  });

  test("stay directories as long as the day's quota holds none", async () => {
    const partial = { ...contents, quota: { onExceeded: "partial" } };
    const created = await directories();
    emulator.set({ dirRemain: 0 });
    const first = await up(created, partial);
    expect(first.outs).toMatchObject({ status: "Incomplete", pending: [X] });
    emulator.set({ dirRemain: 100 });
    const second = await up(first, partial);
    expect(calls()).toEqual([
      ["File", [A]],
      ["Directory", [X]],
    ]);
    expect(second.outs).toMatchObject({ status: "Submitted", pending: [] });
  });
});

test("2,000 URLs go in two calls, in the order given", async () => {
  const paths = Array.from({ length: 2000 }, (_, index) => `https://vod.example.com/${index}`);
  const { outs } = await up(undefined, { paths });
  expect(refreshCalls().map((call) => pathsOf(call).length)).toEqual([1000, 1000]);
  expect(sent()).toEqual(paths);
  expect(outs.requestIds).toHaveLength(2);
});

describe("an update that stops in the middle", () => {
  const paths = Array.from(
    { length: 1500 },
    (_, index) => `https://${index < 1000 ? "vod" : "new"}.example.com/${index}`,
  );

  async function stopped() {
    const made = provider();
    const { inputs } = await made.check({}, program({ paths }));
    const failure: Failure = await made.create(inputs).then(
      () => expect.unreachable(),
      (error: Failure) => error,
    );
    return { inputs, failure };
  }

  test("fails with what happened and what is done, and keeps both in the state", async () => {
    const { failure } = await stopped();
    expect(failure.reasons).toEqual([
      expect.stringMatching(
        /^new\.example\.com doesn't exist or .*\. 500 of 1,500 URLs are pending; the next update sends them\. \(code InvalidDomain\.NotFound, .*\)$/,
      ),
    ]);
    expect(failure.id).toMatch(/^vod-cache-refresh-/);
    expect(failure.properties).toMatchObject({ __provider: "text", __stateVersion: 1, status: "Incomplete" });
    expect(failure.properties?.pending).toEqual(paths.slice(1000));
    expect(failure.properties?.taskIds).toHaveLength(1);
  });

  test("is carried on by the next update, which sends only the rest", async () => {
    const { inputs, failure } = await stopped();
    emulator.set({ domains: { "new.example.com": "online" } });
    emulator.advance(1000);
    const updated = await up({ id: failure.id as string, inputs, outs: failure.properties as Properties }, { paths });
    expect(refreshCalls().map(({ status }) => status)).toEqual([200, 404, 200]);
    expect(refreshCalls().slice(2).flatMap(pathsOf)).toEqual(paths.slice(1000));
    expect(updated.outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(updated.outs.taskIds).toEqual([failure.properties?.refreshTaskId, expect.any(String)]);
  });
});

describe("a deployment that can't send anything", () => {
  test("leaves no resource on create, so that the next update sends everything", async () => {
    await start({ domains: ["other.example.com"] });
    const made = provider();
    const { inputs } = await made.check({}, program());
    const failure: Failure = await made.create(inputs).then(
      () => expect.unreachable(),
      (error: Failure) => error,
    );
    expect(failure.message).toContain("(code InvalidDomain.NotFound, HTTP 404, request ID ");
    expect(failure).not.toHaveProperty("id");
  });

  test("leaves the new hash with all paths pending on update, so that going back refreshes as well", async () => {
    const created = await up(undefined);
    const made = provider({ environment: { ALIBABA_CLOUD_ACCESS_KEY_SECRET: "wrong" } });
    const { inputs } = await made.check(created.inputs, program({ contentHash: "v2" }));
    const failure: Failure = await made.update(created.id, created.outs, inputs).then(
      () => expect.unreachable(),
      (error: Failure) => error,
    );
    // The tasks on record are those of the last update that sent something.
    const { taskIds, submittedAt } = created.outs;
    const kept = { taskIds, submittedAt, refreshed: [] };
    expect(failure.properties).toMatchObject({ contentHash: "v2", pending: [A, B], status: "Incomplete", ...kept });
    expect(JSON.stringify(failure)).not.toContain(emulator.accessKeyId);

    await up({ id: created.id, inputs: created.inputs, outs: failure.properties as Properties }, { contentHash: "v1" });
    expect(sent().slice(-2)).toEqual([A, B]);
  });
});

describe("check", () => {
  test("fails without a property's value, and leaves nothing to be sent", async () => {
    const { failures } = await provider().check({}, program({ paths: ["/a"] }));
    expect(failures).toEqual([
      { property: "", reason: "paths[0] (/a) has no host; write it as https://your-domain/path." },
    ]);
  });

  test("fails in the preview if a call is due and nobody can sign it", async () => {
    const none = { ALIBABA_CLOUD_ACCESS_KEY_ID: "", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "" };
    const made = provider({ environment: none });
    const old = (await provider().check({}, program())).inputs;
    const reasons = async (olds: Properties, news: Properties) => (await made.check(olds, news)).failures.length;
    expect(await reasons({}, program())).toBe(1);
    expect(await reasons(old, program({ contentHash: "v2" }))).toBe(1);
    expect(await reasons(old, program({ contentHash: UNKNOWN }))).toBe(1);
    expect(await reasons(old, program())).toBe(0);
    expect(await reasons({}, program({ refreshOnCreate: false }))).toBe(0);
  });

  test("lists the sources of credentials for the first resource only", async () => {
    const made = provider({ environment: { ALIBABA_CLOUD_ACCESS_KEY_ID: "", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "" } });
    const reasons = async (name: string) => {
      const { failures } = await made.check({}, program({ __urn: urnOf(name) }));
      return failures.map(({ reason }) => reason);
    };
    const listed = expect.stringMatching(/^Credentials could not be loaded: .*\n {2}access key: .*\n {2}profile: /);
    expect(await reasons("player")).toEqual([listed]);
    expect(await reasons("site")).toEqual([
      'Credentials could not be loaded, for the reasons listed for "player". (code NoCredentials)',
    ]);
    expect(await reasons("player")).toEqual([listed]);
  });

  test("takes credentials from the stack's configuration", async () => {
    const none = { ALIBABA_CLOUD_ACCESS_KEY_ID: "", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "" };
    const config = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
    const made = provider({ environment: none, config });
    const { inputs } = await made.check({}, program());
    await made.create(inputs);
    expect(sent()).toEqual([A, B]);
  });

  test("warns of force without anything that it changes", async () => {
    await provider().check({}, program({ force: true }));
    expect(lines).toContain(
      'player: warning: force has no effect with objectType "File", which is always fetched again; leave it out.',
    );
  });
});

describe("a preview with values that aren't known yet", () => {
  test.each(["paths", "objectType"])("shows an update and never an error if %s isn't known", async (name) => {
    const created = await up(undefined);
    const made = provider();
    const { inputs, failures } = await made.check(created.inputs, program({ [name]: UNKNOWN }));
    expect(failures).toEqual([]);
    expect(await made.diff(created.id, created.outs, inputs)).toEqual({ changes: true });
    expect(lines.at(-1)).toBe("player: plan unknown until the update: it depends on an output that is not known yet");
  });

  const byContents = { paths: undefined, contentHash: undefined };
  test.each<[string, Properties, string]>([
    [
      "contentHash",
      { contentHash: UNKNOWN },
      "initial deployment: refresh 2 URLs in 1 call (leaves 1,998 of 2,000 URLs in today's quota)",
    ],
    [
      "a hash of contents",
      { ...byContents, contents: { [A]: UNKNOWN, [B]: "1" } },
      "initial deployment: refresh 2 URLs in 1 call (leaves 1,998 of 2,000 URLs in today's quota)",
    ],
  ])("with %s, shows all the same what a create sends", async (_, changes, line) => {
    await provider().check({}, program(changes));
    expect(lines).toContain(`player: ${line}`);
  });

  test.each<[string, Properties, Properties, string]>([
    [
      "contentHash",
      {},
      { contentHash: UNKNOWN },
      "contentHash not known yet: refresh up to 2 URLs in 1 call (leaves at least 1,996 of 2,000 URLs in today's quota)",
    ],
    [
      "a hash of contents",
      { ...byContents, contents: { [A]: "1", [B]: "1" } },
      { ...byContents, contents: { [A]: UNKNOWN, [B]: "1" } },
      "up to 1 of 2 URLs changed: refresh up to 1 URL in 1 call (leaves at least 1,997 of 2,000 URLs in today's quota)",
    ],
  ])("with %s, shows what an update sends at most", async (_, before, after, line) => {
    const created = await up(undefined, before);
    const made = provider();
    const { inputs } = await made.check(created.inputs, program(after));
    expect(await made.diff(created.id, created.outs, inputs)).toEqual({ changes: true });
    expect(lines).toContain(`player: ${line}`);
  });
});

test("read changes nothing but the status; delete sends nothing and says so", async () => {
  const { id, outs } = await up(undefined);
  const made = provider();
  expect(await made.read(id, outs)).toEqual({ id, props: { ...outs, status: "Complete" } });
  await made.delete(id, outs);
  expect(refreshCalls()).toHaveLength(1);
  expect(lines.at(-1)).toBe("player: removed from the state only: a refresh can't be undone");
});

describe("contents", () => {
  const contents = (hashes: Record<string, string>, more: Properties = {}) => ({
    paths: undefined,
    contentHash: undefined,
    contents: hashes,
    ...more,
  });

  test("that change, are removed or are new are sent, and nothing else", async () => {
    const created = await up(undefined, contents({ [A]: "1", [B]: "1" }));
    expect(sent()).toEqual([A, B]);
    const changed = await up(created, contents({ [A]: "2", "https://vod.example.com/new": "1" }));
    expect(sent().slice(2)).toEqual([A, B, "https://vod.example.com/new"]);
    expect(lines).toContain(
      "player: 1 of 2 URLs changed, 1 removed, 1 new: refresh 3 URLs in 1 call (leaves 1,995 of 2,000 URLs in today's quota)",
    );
    await up(changed, contents({ [A]: "2", "https://vod.example.com/new": "2" }));
    expect(sent().slice(5)).toEqual(["https://vod.example.com/new"]);
  });

  test("that couldn't be sent are sent by the next update, even if they are removed meanwhile", async () => {
    const created = await up(undefined, contents({ [A]: "1", [B]: "1" }));
    emulator.set({ service: "suspended" });
    const made = provider();
    const { inputs } = await made.check(created.inputs, program(contents({ [A]: "2" })));
    const failure: Failure = await made.update(created.id, created.outs, inputs).then(
      () => expect.unreachable(),
      (error: Failure) => error,
    );
    expect(failure.properties).toMatchObject({ status: "Incomplete", pending: [A, B] });
    emulator.set({ service: "open" });
    await up(
      { id: created.id, inputs: created.inputs, outs: failure.properties as Properties },
      contents({ [A]: "1" }),
    );
    expect(sent().slice(-2)).toEqual([A, B]);
  });

  test("that become a directory are sent as URLs if they are removed, and the directory as such", async () => {
    const directory = "https://vod.example.com/player/";
    const created = await up(undefined, contents({ [`${directory}x`]: "1", [B]: "1" }));
    const moved = await up(created, { paths: [directory], contentHash: "v1", objectType: "Directory" });
    expect(moved.outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(
      refreshCalls()
        .slice(1)
        .map(({ parameters }) => [parameters.ObjectType, parameters.ObjectPath]),
    ).toEqual([
      ["Directory", directory],
      ["File", `${B}\n${directory}x`],
    ]);
  });

  test("of a domain that moved are sent, and hold nothing back once the account has lost the domain", async () => {
    await start({ domains: ["old.example.com", "new.example.com"] });
    const created = await up(undefined, contents({ "https://old.example.com/a": "1" }));
    emulator.set({ domains: { "old.example.com": null } });
    const moved = await up(created, contents({ "https://new.example.com/a": "1" }));
    expect(moved.outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(lines).toContain(
      "player: warning: nothing was sent for old.example.com: it is no longer a domain of this account",
    );
  });

  test("whose hash isn't known yet are counted in the preview as what it is at most", async () => {
    const created = await up(undefined, contents({ [A]: "1", [B]: "1" }));
    const made = provider();
    const { inputs, failures } = await made.check(created.inputs, program(contents({ [A]: UNKNOWN, [B]: "1" })));
    expect(failures).toEqual([]);
    expect(await made.diff(created.id, created.outs, inputs)).toEqual({ changes: true });
    expect(lines.at(-2)).toBe(
      "player: up to 1 of 2 URLs changed: refresh up to 1 URL in 1 call (leaves at least 1,997 of 2,000 URLs in today's quota)",
    );
  });
});

describe("the day's quota", () => {
  const paths = Array.from({ length: 30 }, (_, index) => `https://vod.example.com/player/${index}`);
  const left = (urlRemain: number) => emulator.set({ urlRemain });

  test("with fail, lets nothing be sent: the preview warns, the update fails", async () => {
    const created = await up(undefined, { paths: paths.slice(0, 1) });
    left(10);
    const made = provider();
    const { inputs } = await made.check(created.inputs, program({ paths, contentHash: "v2" }));
    await made.diff(created.id, created.outs, inputs);
    expect(lines.at(-1)).toBe(
      "player: warning: today's quota has 10 of 2,000 URLs left and 30 are due: the update would send nothing and fail",
    );
    const failure: Failure = await made.update(created.id, created.outs, inputs).then(
      () => expect.unreachable(),
      (error: Failure) => error,
    );
    expect(failure.message).toMatch(/^Today's quota has 10 of 2,000 URLs left and 30 are due; nothing was sent\. Run /);
    expect(failure.properties).toMatchObject({ status: "Incomplete", pending: paths });
    expect(refreshCalls()).toHaveLength(1);
  });

  test("with partial, lets what fits be sent in order, and the rest by the next update", async () => {
    left(10);
    const created = await up(undefined, { paths, quota: { onExceeded: "partial" } });
    expect(created.outs).toMatchObject({ status: "Incomplete", pending: paths.slice(10) });
    expect(sent()).toEqual(paths.slice(0, 10));
    left(100);
    const rest = await up(created, { paths, quota: { onExceeded: "partial" } });
    expect(rest.outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(sent()).toEqual(paths);
  });

  test("of IgnoreParams is shown and kept to where the service tells of it", async () => {
    const manner = { paths, objectType: "IgnoreParams", quota: { onExceeded: "partial" } };
    emulator.set({ ignoreParamsQuota: 20 });
    const created = await up(undefined, manner);
    expect(lines).toContain(
      "player: initial deployment: refresh 20 URLs with any query in 1 call (leaves 0 of 20 URLs with any query in today's quota)",
    );
    expect(created.outs).toMatchObject({ pending: paths.slice(20), cost: { urls: 0, ignoreParams: 20 } });
    expect(emulator.quota()).toMatchObject({ urlRemain: 2000, ignoreParamsRemain: 0 });
  });

  test("of IgnoreParams is only assumed where the service doesn't tell of it, whatever it is", async () => {
    const manner = { paths, objectType: "IgnoreParams", quota: { onExceeded: "partial" } };
    emulator.set({ ignoreParamsQuota: 20, tellsOwnQuotas: false });
    const created = await up(undefined, manner);
    expect(lines).toContain(
      "player: initial deployment: refresh 30 URLs with any query in 1 call (counted as URLs, since the service doesn't say otherwise)",
    );
    expect(lines.at(-1)).toMatch(
      /^player: warning: 30 URLs with any query deferred to the next update: today's quota ran out; /,
    );
    expect(created.outs).toMatchObject({ status: "Incomplete", pending: paths });
  });

  test("with collapse, lets a directory stand for what doesn't fit", async () => {
    left(10);
    const created = await up(undefined, { paths, quota: { onExceeded: "collapse" } });
    expect(created.outs).toMatchObject({
      status: "Submitted",
      pending: [],
      refreshed: ["https://vod.example.com/player/"],
    });
    expect(
      refreshCalls().map(({ parameters }) => [parameters.ObjectType, parameters.ObjectPath, parameters.Force]),
    ).toEqual([["Directory", "https://vod.example.com/player/", "false"]]);
  });

  test("is a warning if it can't be asked for, and the service decides", async () => {
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
    const created = await up(undefined);
    expect(created.outs).toMatchObject({ status: "Submitted" });
    expect(lines[0]).toMatch(
      /^player: warning: the remaining quota could not be read\. The credentials lack the permission/,
    );
    expect(lines).toContain("player: initial deployment: refresh 2 URLs in 1 call");
  });

  /** Creates in a process that didn't ask for the quota before. */
  async function createAlone(changes: Properties, between = () => {}) {
    const { inputs } = await provider().check({}, program(changes));
    lines.length = 0;
    between();
    return provider().create(inputs);
  }

  test("is asked for once by an update that sends right after its preview", async () => {
    await up(undefined);
    expect(emulator.received.map(({ action }) => action)).toEqual([
      "DescribeVodRefreshQuota",
      "RefreshVodObjectCaches",
    ]);
  });

  test("is asked for again before what is sent later, and lets nothing be sent if it is too small by then", async () => {
    const made = provider();
    const { inputs } = await made.check({}, program());
    emulator.set({ urlRemain: 1 });
    now += 5_000;
    await expect(made.create(inputs)).rejects.toThrow(/has 1 of 2,000 URLs left and 2 are due; nothing was sent/);
    expect(refreshCalls()).toEqual([]);
  });

  describe("that runs out between the question and a call", () => {
    const many = Array.from({ length: 1500 }, (_, index) => `https://vod.example.com/${index}`);
    const emptied = (urlRemain: number) => () => {
      emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
      emulator.set({ urlRemain });
    };

    test("with partial, leaves pending what comes after the calls that were accepted", async () => {
      const { outs } = await createAlone({ paths: many, quota: { onExceeded: "partial" } }, emptied(1200));
      expect(outs).toMatchObject({ status: "Incomplete", pending: many.slice(1000) });
      expect(lines.at(-1)).toMatch(
        /^player: warning: 500 URLs deferred to the next update: today's quota ran out; it resets at 2026-01-03 00:00 UTC\+8 /,
      );
    });

    test("with partial, leaves everything pending if no call was accepted", async () => {
      const { outs } = await createAlone({ quota: { onExceeded: "partial" } }, emptied(1));
      expect(outs).toMatchObject({ status: "Incomplete", taskIds: [], pending: [A, B] });
      emulator.set({ urlRemain: 2000 });
      const { inputs } = await provider().check({}, program({ quota: { onExceeded: "partial" } }));
      const rest = await up({ id: "x", inputs, outs }, { quota: { onExceeded: "partial" } });
      expect(rest.outs).toMatchObject({ status: "Submitted", pending: [] });
      expect(sent().slice(2)).toEqual([A, B]);
    });

    test("with fail, fails the update, and what was accepted isn't sent again", async () => {
      const failure = await createAlone({ paths: many }, emptied(1200)).catch((error: Failure) => error);
      expect(failure).toMatchObject({ message: expect.stringMatching(/QuotaExceeded\.Refresh/) });
      expect((failure as Failure).properties).toMatchObject({ pending: many.slice(1000) });
    });
  });

  describe("that two resources share", () => {
    const eight = (name: string) => Array.from({ length: 8 }, (_, index) => `https://vod.example.com/${name}/${index}`);
    const both = ["one", "two"].map((name) => program({ __urn: urnOf(name), paths: eight(name) }));

    test("is enough for the first one in a preview, and the second one gets what that leaves", async () => {
      emulator.set({ urlRemain: 10 });
      const made = provider();
      for (const news of both) await made.check({}, news);
      expect(lines).toEqual([
        "one: initial deployment: refresh 8 URLs in 1 call (leaves 2 of 2,000 URLs in today's quota)",
        `one:   ${eight("one").slice(0, 5).join(", ")} and 3 more`,
        "two: initial deployment: refresh 8 URLs in 1 call",
        `two:   ${eight("two").slice(0, 5).join(", ")} and 3 more`,
        "two: warning: today's quota has 2 of 2,000 URLs left and 8 are due: the update would send nothing and fail",
      ]);
    });

    test("is counted once for each: they send one after the other, and show what their previews showed", async () => {
      emulator.set({ urlRemain: 20 });
      const made = provider();
      const checked: Properties[] = [];
      for (const news of both) checked.push((await made.check({}, news)).inputs);
      const shown = [...lines];
      for (const inputs of checked) await made.create(inputs);
      expect(sent()).toHaveLength(16);
      expect(lines.filter((line) => !line.includes("submitted"))).toEqual(shown);
      expect(shown[2]).toBe(
        "two: initial deployment: refresh 8 URLs in 1 call (leaves 4 of 2,000 URLs in today's quota)",
      );
    });

    test("is never exceeded, even if both send at once", async () => {
      emulator.set({ urlRemain: 10 });
      const made = provider();
      const results = await Promise.allSettled(both.map((inputs) => made.create({ objectType: "File", ...inputs })));
      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(refreshCalls()).toHaveLength(1);
    });
  });

  test("is not asked for if nothing is due", async () => {
    const created = await up(undefined);
    const before = emulator.received.length;
    await up(created);
    expect(emulator.received).toHaveLength(before);
  });
});
