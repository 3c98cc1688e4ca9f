import { describe, expect, test } from "vitest";
import { UNKNOWN_HASH } from "../../../provider/manifest/hash.js";
import { packManifest } from "../../../provider/manifest/manifest.js";
import { NO_COST } from "../../../provider/plan/batches.js";
import { manifestFromInputs } from "../../../provider/plan/plan.js";
import {
  baselineOf,
  readState,
  type State,
  toOutputs,
  withoutSubmission,
  withSubmission,
} from "../../../provider/plan/state.js";
import { getContent, type Inputs, PRELOAD, REFRESH } from "../../../provider/schema/inputs.js";
import { urnOf } from "../lines.js";

const paths = ["https://vod.example.com/a", "https://vod.example.com/b"];
const inputs: Inputs = {
  paths,
  objectType: "File",
  force: false,
  contentHash: "v1",
  refreshOnCreate: true,
  quota: { onExceeded: "fail" },
};
const present = manifestFromInputs(getContent(inputs) as Parameters<typeof manifestFromInputs>[0]);
const run = {
  accepted: paths,
  pending: [],
  unconfirmed: [],
  refreshTaskIds: ["11,12", "13"],
  requestIds: ["R-1", "R-2"],
  cost: { ...NO_COST, urls: 2 },
  submittedAt: "2026-01-02T03:04:05.000Z",
};
const submitted = withSubmission(inputs, undefined, run, present);
const empty = withoutSubmission(undefined, inputs, present);
const kept = (state: State) => toOutputs(state, REFRESH);

test("the state after a run has every input, the tasks, and a version", () => {
  expect(kept(submitted)).toEqual({
    __stateVersion: 1,
    ...inputs,
    taskIds: ["11", "12", "13"],
    refreshTaskId: "11,12,13",
    requestIds: ["R-1", "R-2"],
    submittedAt: "2026-01-02T03:04:05.000Z",
    status: "Submitted",
    cost: { urls: 2, directories: 0, preloads: 0 },
    refreshed: paths,
    pending: [],
  });
});

test("a preload that the origin refused stays pending, with its reason, until a state has none", () => {
  const failures = { "https://vod.example.com/b": { reason: "404", at: run.submittedAt, hash: "v1" } };
  const pending = Object.keys(failures);
  for (const state of [
    withSubmission(inputs, undefined, { ...run, pending, failures }, present),
    withoutSubmission(submitted, inputs, present, failures),
  ]) {
    expect(kept(state)).toMatchObject({ status: "Incomplete", pending, __failures: failures });
    expect(readState(kept(state), REFRESH)).toEqual(state);
    expect(baselineOf(state).manifest.get("https://vod.example.com/b")).toBe(UNKNOWN_HASH);
    expect(kept(withoutSubmission(state, inputs, present))).not.toHaveProperty("__failures");
    expect(kept(withSubmission(inputs, state, run, present))).not.toHaveProperty("__failures");
  }
});

test("a run that stopped leaves pending paths", () => {
  const stopped = { ...run, accepted: paths.slice(0, 1), pending: paths.slice(1) };
  expect(withSubmission(inputs, undefined, stopped, present)).toMatchObject({
    status: "Incomplete",
    refreshed: ["https://vod.example.com/a"],
    pending: ["https://vod.example.com/b"],
  });
});

test("how removed paths are sent is written and read", () => {
  const removed = { "https://vod.example.com/x/": { objectType: "Directory" as const, force: true } };
  const state = withSubmission(
    inputs,
    undefined,
    { ...run, pending: Object.keys(removed), removed: new Map(Object.entries(removed)) },
    present,
  );
  expect(kept(state)).toMatchObject({ __removedPaths: removed });
  expect([...baselineOf(readState(kept(state), REFRESH)).removed]).toEqual(Object.entries(removed));
});

test("paths are unconfirmed until they are seen at their end", () => {
  const state = withSubmission(inputs, undefined, { ...run, unconfirmed: paths }, present);
  expect(state).toMatchObject({ status: "Submitted", unconfirmed: paths });
  expect(kept(withSubmission(inputs, state, run, present))).not.toHaveProperty("unconfirmed");
  expect(kept(withoutSubmission(state, inputs, present))).not.toHaveProperty("unconfirmed");
});

test("a run that carries on adds its tasks to those of the run before", () => {
  const next = {
    ...run,
    refreshTaskIds: ["14"],
    requestIds: ["R-3"],
    cost: { ...NO_COST, directories: 1 },
    submittedAt: "2026-01-03T00:00:00.000Z",
  };
  expect(withSubmission(inputs, submitted, next, present)).toMatchObject({
    taskIds: ["11", "12", "13", "14"],
    refreshTaskId: "11,12,13,14",
    requestIds: ["R-1", "R-2", "R-3"],
    cost: { urls: 2, directories: 1, preloads: 0 },
    submittedAt: "2026-01-03T00:00:00.000Z",
  });
});

test("a run that sent nothing has no tasks and no time", () => {
  const nothing = { ...run, accepted: [], pending: paths, refreshTaskIds: [], requestIds: [] };
  const state = kept(withSubmission(inputs, undefined, nothing, present));
  expect(state).toMatchObject({ taskIds: [], requestIds: [], status: "Incomplete", refreshed: [] });
  expect(state).not.toHaveProperty("refreshTaskId");
  expect(state).not.toHaveProperty("submittedAt");
});

test("a run that sent nothing leaves the last one on record, until another sends something", () => {
  const nothing = { ...run, accepted: [], pending: paths, refreshTaskIds: [], requestIds: [], cost: NO_COST };
  const { taskIds, refreshTaskId, requestIds, submittedAt, cost } = submitted;
  const refused = withSubmission(inputs, submitted, nothing, present, { carriesOn: false });
  expect(refused).toMatchObject({ taskIds, refreshTaskId, requestIds, submittedAt, cost, refreshed: [] });
  expect(kept(withSubmission(inputs, empty, nothing, present, { carriesOn: false }))).not.toHaveProperty("cost");

  const next = { ...run, refreshTaskIds: ["14"], requestIds: ["R-3"] };
  expect(withSubmission(inputs, refused, next, present, { carriesOn: false })).toMatchObject({
    taskIds: ["14"],
    requestIds: ["R-3"],
    cost: { urls: 2 },
  });
});

test("a run that had nothing to send and failed leaves the status as it was", () => {
  const nothing = { ...run, accepted: [], refreshTaskIds: [], requestIds: [], cost: NO_COST };
  const complete = { ...submitted, status: "Complete" as const };
  expect(withSubmission(inputs, complete, nothing, present)).toEqual(complete);
  expect(withSubmission(inputs, empty, nothing, present).status).toBe("NotSubmitted");
});

test("the task IDs of repeated calls are kept as long as these tasks are on record", () => {
  const state = withSubmission(inputs, undefined, { ...run, repeatedTaskIds: ["13"] }, present);
  expect(kept(state).repeatedTaskIds).toEqual(["13"]);
  expect(readState(kept(state), REFRESH)).toEqual(state);
  expect(withoutSubmission(state, inputs, present).repeatedTaskIds).toEqual(["13"]);
  const more = { ...run, refreshTaskIds: ["14"], repeatedTaskIds: ["14"] };
  expect(withSubmission(inputs, state, more, present).repeatedTaskIds).toEqual(["13", "14"]);
  expect(kept(withSubmission(inputs, state, run, present, { carriesOn: false }))).not.toHaveProperty("repeatedTaskIds");
});

test("the state names the first 50 of the paths that were sent", () => {
  const accepted = Array.from({ length: 2000 }, (_, index) => `https://vod.example.com/${index}`);
  expect(withSubmission(inputs, undefined, { ...run, accepted }, present).refreshed).toEqual(accepted.slice(0, 50));
});

test("an update that sends nothing keeps the tasks of the last refresh", () => {
  const news = { ...inputs, paths: ["https://vod.example.com/a"], endpoint: "vod.example.com" };
  expect(kept(withoutSubmission(submitted, news, present))).toEqual({ ...kept(submitted), ...news });
  expect(kept(withoutSubmission(empty, news, present))).toEqual({ ...kept(empty), ...news });
});

test("a pending path is settled once the program no longer names it", () => {
  const incomplete = { ...submitted, status: "Incomplete" as const, pending: ["https://vod.example.com/b"] };
  expect(withoutSubmission(incomplete, inputs, present)).toMatchObject({ status: "Submitted", pending: [] });
});

describe("a state is read", () => {
  test.each([
    ["after a run", submitted],
    ["before any run", empty],
    ["with an endpoint", withoutSubmission(undefined, { ...inputs, endpoint: "vod.example.com" }, present)],
  ])("%s", (_, state) => {
    expect(readState({ ...kept(state), __provider: "text", __urn: urnOf("player") }, REFRESH)).toEqual(state);
  });

  test("of a preload, with the inputs that a program wrote", () => {
    const { objectType: _, force: __, refreshOnCreate: ___, ...common } = inputs;
    const given: Inputs = { ...inputs, objectType: "Preload", refreshNew: true, area: "overseas", l2Preload: true };
    const outputs = toOutputs(withSubmission(given, undefined, run, present), PRELOAD);
    expect(outputs).toMatchObject({ ...common, preloadOnCreate: true, area: "overseas", l2Preload: true });
    for (const name of ["objectType", "force", "refreshNew", "refreshOnCreate"])
      expect(outputs).not.toHaveProperty(name);
    expect(readState(outputs, PRELOAD).inputs).toEqual(given);
  });

  test("unless a later version wrote it: then the error says what to do", () => {
    expect(() => readState({ ...kept(submitted), __stateVersion: 2 }, REFRESH)).toThrow(
      "The state of this resource was written by a later version of pulumi-alicloud-vod (state version 2). " +
        "Install the version of pulumi-alicloud-vod that wrote it, or a later one; nothing was sent. (code UnknownState)",
    );
  });

  test("unless it is damaged: then the error says what is wrong and what to do", () => {
    expect(() => readState({ ...kept(submitted), taskIds: "11" }, REFRESH)).toThrow(
      "The state of this resource can't be read: taskIds is missing or not valid. Restore the stack's state from a backup, or remove the resource " +
        "from it with `pulumi state delete`, so that the next `pulumi up` sends everything (set a `refreshOnCreate` or " +
        "`preloadOnCreate` that is false to true for it); nothing was sent. (code UnknownState)",
    );
  });
});

test("an input that the state lacks has its default", () => {
  const { quota: _, ...lacking } = kept(submitted);
  expect(readState(lacking, REFRESH)).toEqual(submitted);
});

describe("what the next plan needs of a state", () => {
  test("is the hash of every path, unknown for a pending one", () => {
    const incomplete = { ...submitted, status: "Incomplete" as const, pending: ["https://vod.example.com/b"] };
    expect(Object.fromEntries(baselineOf(incomplete).manifest)).toEqual({
      "https://vod.example.com/a": "v1",
      "https://vod.example.com/b": UNKNOWN_HASH,
    });
    expect(baselineOf(incomplete).inputs).toEqual(inputs);
  });

  test("includes a pending URL that was removed from contents", () => {
    const { paths: _, contentHash: __, ...common } = inputs;
    const state = {
      ...submitted,
      inputs: { ...common, contents: { "https://vod.example.com/a": "1" } },
      pending: ["https://vod.example.com/gone"],
    };
    expect(Object.fromEntries(baselineOf(state).manifest)).toEqual({
      "https://vod.example.com/a": "1",
      "https://vod.example.com/gone": UNKNOWN_HASH,
    });
  });

  test("is the packed manifest of a source, however many of its URLs are pending", () => {
    const { paths: _, contentHash: __, ...common } = inputs;
    const source = { directory: "dist", baseUrl: "https://vod.example.com/" };
    const files = new Map(Array.from({ length: 100 }, (_, index) => [`https://vod.example.com/${index}`, "abcdefg"]));
    const pending = [...files.keys()];
    const state = withSubmission({ ...common, source, files: {} }, undefined, { ...run, accepted: [], pending }, files);
    expect(state.pending).toEqual(pending.slice(0, 50));
    expect(state.__manifest).toBe(packManifest(new Map(pending.map((path) => [path, UNKNOWN_HASH]))));
    expect([...baselineOf(state).manifest.values()]).toEqual(pending.map(() => UNKNOWN_HASH));
    expect(state.inputs).toEqual({ ...common, source, files: {} });
  });
});

test("no state has an undefined value: the engine would lose the resource", () => {
  for (const state of [submitted, empty, withoutSubmission(empty, inputs, present)]) {
    expect(Object.values(kept(state))).not.toContain(undefined);
  }
});
