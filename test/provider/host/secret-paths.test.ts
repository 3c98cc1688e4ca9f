/** Outputs that name paths are secret if the sdk says that paths are, on every way out of the provider. */
import { afterEach, expect, test } from "vitest";
import { preloadProvider, refreshProvider } from "../../../provider/dynamic/host.js";
import { formatLine } from "../../../provider/text/log.js";
import type { Emulator } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { urnOf } from "../lines.js";

type Properties = Record<string, unknown>;
type Failure = Error & { properties?: Properties };

const URL = "https://vod.example.com/a?auth_key=planted";
/** Source: Pulumi's protocol. */
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });

const lines: string[] = [];
afterEach(() => {
  lines.length = 0;
});

function provider(make: typeof refreshProvider, emulator: Emulator) {
  const environment = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
    VOD_ENDPOINT: emulator.endpoint,
  };
  return make({ environment, log: (line, { name }) => lines.push(formatLine(line, name)), now: () => new Date() });
}

/** What the engine hands over: it unwraps secrets for a host that doesn't know them. */
function unwrapped(outs: Properties): Properties {
  const isWrapped = (value: unknown): value is { value: unknown } =>
    typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value;
  return Object.fromEntries(
    Object.entries(outs).map(([name, value]) => [name, isWrapped(value) ? value.value : value]),
  );
}

test.each([
  ["refreshed", refreshProvider, "RefreshVodObjectCaches"],
  ["preloaded", preloadProvider, "PreloadVodObjectCaches"],
])("%s, pending and unconfirmed are secret", async (sent, make, action) => {
  const emulator = await started();
  const made = provider(make, emulator);
  const own = { __urn: urnOf("site"), __provider: "text", __secretPaths: true };
  const program = (contentHash: string, more = {}) => ({ ...own, paths: [URL], contentHash, ...more });
  const inputsOf = async (olds: Properties, news: Properties) => {
    const { inputs, failures } = await made.check(olds, news);
    expect(failures).toEqual([]);
    return inputs;
  };
  const first = await inputsOf({}, program("v1"));
  expect(first.__secretPaths).toBe(true);
  const { id, outs } = await made.create(first);
  expect(outs).toMatchObject({ ...own, [sent]: secret([URL]), pending: secret([]) });

  const read = await made.read(id, unwrapped(outs));
  expect(read.props).toMatchObject({ ...own, [sent]: secret([URL]), pending: secret([]) });

  emulator.fault({ kind: "error", code: "Brand.New", status: 400, message: "No.", action, times: 1 });
  const second = await inputsOf(first, program("v2"));
  const failure: Failure = await made.update(id, unwrapped(outs), second).catch((error) => error);
  expect(failure.properties).toMatchObject({ [sent]: secret([]), pending: secret([URL]) });

  emulator.fault({ kind: "task-stuck", path: URL });
  const third = await inputsOf(second, program("v2", { wait: { timeout: 0 } }));
  const unseen: Failure = await made.update(id, unwrapped(failure.properties ?? {}), third).catch((error) => error);
  expect(unseen.properties).toMatchObject({ [sent]: secret([URL]), pending: secret([]), unconfirmed: secret([URL]) });
  expect(lines).not.toEqual([]);
  expect(`${lines} ${failure} ${unseen}`).not.toContain("planted");
});

test("__removedPaths is secret too: it names a pending path that the program no longer names", async () => {
  const emulator = await started();
  const made = provider(refreshProvider, emulator);
  const own = { __urn: urnOf("site"), __provider: "text", __secretPaths: true };
  const program = (contents: object) => ({ ...own, contents });
  const { inputs } = await made.check({}, program({ [URL]: "1", "https://vod.example.com/b": "1" }));
  const { id, outs } = await made.create(inputs);
  const fault = { kind: "error", code: "Brand.New", status: 400, message: "No." } as const;
  emulator.fault({ ...fault, action: "RefreshVodObjectCaches", times: 1 });
  const { inputs: news } = await made.check(inputs, program({ "https://vod.example.com/b": "1" }));
  const failure: Failure = await made.update(id, unwrapped(outs), news).catch((error) => error);
  expect(failure.properties).toMatchObject({ pending: secret([URL]) });
  expect(JSON.stringify(unwrapped(failure.properties ?? {}).__removedPaths)).toContain(URL);
  for (const [name, value] of Object.entries(failure.properties ?? {})) {
    // The engine itself keeps an output secret if the input of that name is.
    const isMarked = name === "contents" || "4dabf18193072939515e22adb298388d" in Object(value);
    expect([name, isMarked || !JSON.stringify(value).includes("planted")]).toEqual([name, true]);
  }
});

test("__failures is secret too: it names a preload that the origin refused", async () => {
  const emulator = await started();
  emulator.fault({ kind: "task-failed", description: "Origin Return StatusCode 404" });
  const made = provider(preloadProvider, emulator);
  const program = { paths: [URL], contentHash: "v1", __secretPaths: true, wait: { timeout: 60 } };
  const { inputs } = await made.check({}, { __urn: urnOf("videos"), __provider: "text", ...program });
  const failure: Failure = await made.create(inputs).catch((error) => error);
  const reason = "Origin Return StatusCode 404";
  expect(failure.properties).toMatchObject({
    __failures: secret({ [URL]: { reason, at: expect.any(String), hash: "v1" } }),
  });
});

test("a removed path stays secret once the inputs name no secret any more: in __removedPaths, pending and refreshed", async () => {
  const emulator = await started();
  const made = provider(refreshProvider, emulator);
  const secretly = { paths: [URL], contentHash: "v1", refreshOnCreate: false, __secretPaths: true };
  const { inputs } = await made.check({}, secretly);
  const { id, outs } = await made.create(inputs);
  const openly = await made.check(inputs, { contents: {}, quota: { onExceeded: "partial" } });
  emulator.set({ urlRemain: 0 });
  const first = await made.update(id, unwrapped(outs), openly.inputs);
  const manner = { objectType: "File", force: false };
  expect(first.outs).toMatchObject({
    pending: secret([URL]),
    __removedPaths: secret({ [URL]: manner }),
    refreshed: secret([]),
  });
  emulator.set({ urlRemain: 2000 });
  const later = provider(refreshProvider, emulator);
  const second = await later.update(id, unwrapped(first.outs), openly.inputs);
  expect(second.outs).toMatchObject({ pending: secret([]), refreshed: secret([URL]) });
});

test("outputs stay in clear if no path is secret, and any other failure stays itself", async () => {
  const made = provider(refreshProvider, await started());
  const { inputs } = await made.check({}, { paths: [URL], contentHash: "v1" });
  expect((await made.create(inputs)).outs).toMatchObject({ refreshed: [URL], pending: [] });
  await expect(made.create({ ...inputs, __secretPaths: true, paths: "none" })).rejects.toThrow(
    /^pulumi-alicloud-vod failed unexpectedly\./,
  );
});

test("a state without the mark has no difference, and its secret paths are marked by the next update", async () => {
  const made = provider(refreshProvider, await started());
  const { inputs } = await made.check({}, { __provider: "text", paths: [URL], contentHash: "v1" });
  const { id, outs } = await made.create(inputs);
  const flagged = { __provider: "text", paths: [URL], contentHash: "v1", __secretPaths: true };
  const { inputs: news } = await made.check(inputs, flagged);
  expect(await made.diff(id, outs, news)).toEqual({ changes: false });
  const { inputs: changed } = await made.check(inputs, { ...flagged, contentHash: "v2" });
  expect((await made.update(id, outs, changed)).outs).toMatchObject({ refreshed: secret([URL]) });
});
