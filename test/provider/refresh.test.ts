import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/inputs.js";
import { refreshProvider } from "../../provider/refresh.js";
import { type Emulator, type EmulatorOptions, pathsOf, startEmulator } from "../emulator/index.js";

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

function provider({ environment = {} as Record<string, string>, config = {} as Record<string, string> } = {}) {
  const keys = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    VOD_ENDPOINT: emulator.endpoint,
  };
  const made = refreshProvider({
    environment: { ...keys, ...environment },
    info: (line) => lines.push(line),
    now: () => new Date("2026-01-02T03:04:05Z"),
  });
  void made.configure({ config: { get: (key: string) => config[key] } } as never);
  return made;
}

const program = (changes: Properties = {}): Properties => ({
  __resourceName: "player",
  __provider: "text",
  paths: [A, B],
  contentHash: "v1",
  ...changes,
});

/** What the engine does with a program: check, diff where there is a state, then create or update. */
async function up(old: { id: string; inputs: Properties; outs: Properties } | undefined, changes: Properties = {}) {
  const made = provider();
  const { inputs, failures } = await made.check(old?.inputs ?? {}, program(changes));
  expect(failures).toEqual([]);
  if (old === undefined) return { inputs, ...(await made.create(inputs)) };
  if (!(await made.diff(old.id, old.outs, inputs)).changes) return { ...old, inputs };
  return { id: old.id, inputs, ...(await made.update(old.id, old.outs, inputs)) };
}

const sent = () => emulator.received.flatMap(pathsOf);

test("a content is refreshed when it is new and when it changes, and not otherwise", async () => {
  const created = await up(undefined);
  expect(sent()).toEqual([A, B]);
  expect(created.outs).toMatchObject({
    status: "Submitted",
    submittedAt: "2026-01-02T03:04:05.000Z",
    refreshed: [A, B],
  });

  const unchanged = await up(created);
  expect(emulator.received).toHaveLength(1);

  // Within one second the service would merge both refreshes into one task.
  emulator.advance(1000);
  const updated = await up(unchanged, { contentHash: "v2" });
  expect(sent()).toEqual([A, B, A, B]);
  expect(updated.id).toBe(created.id);
  expect(updated.outs.taskIds).not.toEqual(created.outs.taskIds);
  expect(lines).toEqual([
    "player: to refresh: 2 URLs (created), 1 call",
    `player: refreshed 2 URLs in 1 call, task ${created.outs.refreshTaskId}`,
    "player: to refresh: 2 URLs (contentHash changed), 1 call",
    `player: refreshed 2 URLs in 1 call, task ${updated.outs.refreshTaskId}`,
  ]);
});

test("a changed input that calls for nothing is recorded without a call", async () => {
  const created = await up(undefined);
  const updated = await up(created, { paths: [A], refreshOnCreate: false });
  expect(emulator.received).toHaveLength(1);
  expect(updated.outs).toEqual({ ...created.outs, paths: [A], refreshOnCreate: false });
  expect(lines.at(-1)).toBe("player: nothing to refresh");
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

test("2,000 URLs go in two calls, in the order given", async () => {
  const paths = Array.from({ length: 2000 }, (_, index) => `https://vod.example.com/${index}`);
  const { outs } = await up(undefined, { paths });
  expect(emulator.received.map((call) => pathsOf(call).length)).toEqual([1000, 1000]);
  expect(sent()).toEqual(paths);
  expect(outs.requestIds).toHaveLength(2);
});

describe("a run that stops in the middle", () => {
  const paths = Array.from({ length: 1500 }, (_, index) => `https://vod.example.com/${index}`);

  async function stopped() {
    await start({ urlQuota: 1200 });
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
        /^The call's 500 URLs are more than the day's refresh quota has left: 200 of 1200\. .*\(code QuotaExceeded\.Refresh, .*\) Refreshed before that: 1000 of 1500 URLs; the next update sends the rest\.$/,
      ),
    ]);
    expect(failure.id).toMatch(/^vod-cache-refresh-/);
    expect(failure.properties).toMatchObject({ __provider: "text", __stateVersion: 1, status: "Incomplete" });
    expect(failure.properties?.pending).toEqual(paths.slice(1000));
    expect(failure.properties?.taskIds).toHaveLength(1);
  });

  test("is carried on by the next update, which sends the rest only", async () => {
    const { inputs, failure } = await stopped();
    emulator.advance(24 * 60 * 60 * 1000);
    const updated = await up({ id: failure.id as string, inputs, outs: failure.properties as Properties }, { paths });
    expect(emulator.received.map(({ status }) => status)).toEqual([200, 400, 200, 200]);
    expect(emulator.received.slice(3).flatMap(pathsOf)).toEqual(paths.slice(1000));
    expect(updated.outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(updated.outs.taskIds).toEqual([failure.properties?.refreshTaskId, expect.any(String)]);
  });
});

describe("a run that can't send anything", () => {
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
    expect(failure.properties).toMatchObject({ contentHash: "v2", pending: [A, B], status: "Incomplete", taskIds: [] });
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

  test("fails in the preview already when a call is due and nobody can sign it", async () => {
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

  test("takes credentials from the stack's configuration", async () => {
    const none = { ALIBABA_CLOUD_ACCESS_KEY_ID: "", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "" };
    const config = { "alicloud:accessKey": emulator.accessKeyId, "alicloud:secretKey": emulator.accessKeySecret };
    const made = provider({ environment: none, config });
    const { inputs } = await made.check({}, program());
    await made.create(inputs);
    expect(sent()).toEqual([A, B]);
  });

  test("warns of force without a directory", async () => {
    await provider().check({}, program({ force: true }));
    expect(lines).toContain(
      'player: warning: force has an effect with objectType "Directory" only; with "File" it is not sent.',
    );
  });
});

describe("a preview with values that aren't known yet", () => {
  test.each(["paths", "contentHash", "objectType"])("%s: shown as an update, never an error", async (name) => {
    const created = await up(undefined);
    const made = provider();
    const { inputs, failures } = await made.check(created.inputs, program({ [name]: UNKNOWN }));
    expect(failures).toEqual([]);
    expect(await made.diff(created.id, created.outs, inputs)).toEqual({ changes: true });
    expect(lines.at(-1)).toBe("player: to refresh: not known yet, since an input is known during the update only");
  });
});

test("read keeps what is there, and delete sends nothing and says so", async () => {
  const { id, outs } = await up(undefined);
  const made = provider();
  expect(await made.read(id, outs)).toEqual({ id, props: outs });
  await made.delete(id, outs);
  expect(emulator.received).toHaveLength(1);
  expect(lines.at(-1)).toBe(
    "player: nothing is sent on delete, since a refresh can't be undone; the resource is forgotten",
  );
});
