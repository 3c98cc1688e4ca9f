/** States as versions of the package wrote them: each is read, and its program, deployed again, sends only what was left. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { preloadProvider, refreshProvider } from "../../../provider/dynamic/host.js";
import { readState } from "../../../provider/plan/state.js";
import { PRELOAD, REFRESH } from "../../../provider/schema/inputs.js";
import { type Emulator, pathsOf } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { type StateFile, writeSite, writtenStates } from "../plan/states/index.js";
import { providerFor } from "./emulated.js";

const KINDS = {
  VodCacheRefresh: { kind: REFRESH, make: refreshProvider },
  VodCachePreload: { kind: PRELOAD, make: preloadProvider },
};

const directory = mkdtempSync(join(tmpdir(), "upgrade-"));
writeSite(directory);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let emulator: Emulator;
beforeEach(async () => {
  emulator = await started();
  for (const name of ["a", "b"]) writeFileSync(join(emulator.origin, "vod.example.com", name), name);
  vi.spyOn(process, "cwd").mockReturnValue(directory);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const providerOf = ({ kind }: StateFile) => {
  const runtime = {
    log: () => {},
    now: () => new Date(emulator.time()),
    sleep: async (ms: number) => emulator.advance(ms),
  };
  return providerFor(emulator, runtime, KINDS[kind].make);
};
const actions = () => emulator.received.map(({ action }) => action);
const sent = () => emulator.received.filter(({ action }) => /^(Refresh|Preload)/.test(String(action))).flatMap(pathsOf);

test("the states of both resources have every status", () => {
  const all = writtenStates();
  for (const kind of Object.keys(KINDS)) {
    const statuses = all.filter((state) => state.kind === kind).map(({ outputs }) => outputs.status);
    expect(statuses).toEqual(
      expect.arrayContaining(["NotSubmitted", "Submitted", "Incomplete", "Refreshing", "Complete", "Failed"]),
    );
  }
});

describe.each(writtenStates())("$file", (state) => {
  const { kind, program, id, inputs, outputs, expected } = state;

  test("is read", () => {
    expect(() => readState(outputs, KINDS[kind].kind)).not.toThrow();
  });

  test(`pulumi refresh ${expected.asks ? "asks for its tasks" : "asks nothing"}, and leaves it as it is without an answer`, async () => {
    expect(await providerOf(state).read(id, outputs)).toEqual({ id, props: outputs });
    expect(new Set(actions())).toEqual(new Set(expected.asks ? ["DescribeVodRefreshTasks"] : []));
  });

  test(`the same program again ${expected.updates ? `sends ${expected.sends.length || "no"} path${expected.sends.length === 1 ? "" : "s"}` : "makes no call"}`, async () => {
    const provider = providerOf(state);
    const { inputs: news, failures } = await provider.check(inputs, program);
    expect(failures).toEqual([]);
    // A failed update leaves the inputs of the one before.
    if (!expected.updates) expect(news).toEqual(inputs);
    expect(await provider.diff(id, outputs, news)).toEqual({ changes: expected.updates });
    if (!expected.updates) return expect(actions()).toEqual([]);

    const { outs } = await provider.update(id, outputs, news);
    expect(sent()).toEqual(expected.sends);
    const left = { pending: (outs as typeof outputs).pending, unconfirmed: (outs as typeof outputs).unconfirmed };
    expect(left).toEqual({ pending: expected.sends.length > 0 ? [] : outputs.pending, unconfirmed: undefined });
  });
});
