import { describe, expect, test } from "vitest";
import type { RefreshInputs } from "../../provider/inputs.js";
import { emptyState, readState, withInputs, withSubmission } from "../../provider/state.js";

const inputs: RefreshInputs = {
  paths: ["https://vod.example.com/a", "https://vod.example.com/b"],
  objectType: "File",
  force: false,
  contentHash: "v1",
  refreshOnCreate: true,
};
const run = {
  accepted: inputs.paths,
  pending: [],
  refreshTaskIds: ["11,12", "13"],
  requestIds: ["R-1", "R-2"],
  submittedAt: "2026-01-02T03:04:05.000Z",
};
const submitted = withSubmission(inputs, undefined, run);

test("after a run the state has every input, the tasks, and a version", () => {
  expect(submitted).toEqual({
    __stateVersion: 1,
    ...inputs,
    taskIds: ["11", "12", "13"],
    refreshTaskId: "11,12,13",
    requestIds: ["R-1", "R-2"],
    submittedAt: "2026-01-02T03:04:05.000Z",
    status: "Submitted",
    refreshed: inputs.paths,
    pending: [],
  });
});

test("a run that stopped leaves what is pending", () => {
  const stopped = { ...run, accepted: inputs.paths.slice(0, 1), pending: inputs.paths.slice(1) };
  expect(withSubmission(inputs, undefined, stopped)).toMatchObject({
    status: "Incomplete",
    refreshed: ["https://vod.example.com/a"],
    pending: ["https://vod.example.com/b"],
  });
});

test("a run that carries on adds its tasks to those of the run before", () => {
  const next = { ...run, refreshTaskIds: ["14"], requestIds: ["R-3"], submittedAt: "2026-01-03T00:00:00.000Z" };
  expect(withSubmission(inputs, submitted, next)).toMatchObject({
    taskIds: ["11", "12", "13", "14"],
    refreshTaskId: "11,12,13,14",
    requestIds: ["R-1", "R-2", "R-3"],
    submittedAt: "2026-01-03T00:00:00.000Z",
  });
});

test("a run that sent nothing has no tasks and no time", () => {
  const nothing = { accepted: [], pending: inputs.paths, refreshTaskIds: [], requestIds: [], submittedAt: "now" };
  const state = withSubmission(inputs, undefined, nothing);
  expect(state).toMatchObject({ taskIds: [], requestIds: [], status: "Incomplete", refreshed: [] });
  expect(state).not.toHaveProperty("refreshTaskId");
  expect(state).not.toHaveProperty("submittedAt");
});

test("the state names the first 50 of the paths that were sent", () => {
  const accepted = Array.from({ length: 2000 }, (_, index) => `https://vod.example.com/${index}`);
  expect(withSubmission(inputs, undefined, { ...run, accepted }).refreshed).toEqual(accepted.slice(0, 50));
});

test("inputs that call for nothing keep the tasks of the last refresh", () => {
  const news = { ...inputs, paths: ["https://vod.example.com/a"], endpoint: "vod.example.com" };
  expect(withInputs(submitted, news)).toEqual({ ...submitted, ...news });
  expect(withInputs(emptyState(inputs), news)).toEqual({ ...emptyState(inputs), ...news });
});

test("what was pending is settled once the program no longer names it", () => {
  const incomplete = { ...submitted, status: "Incomplete" as const, pending: ["https://vod.example.com/b"] };
  expect(withInputs(incomplete, inputs)).toMatchObject({ status: "Submitted", pending: [] });
});

describe("a state is read", () => {
  test.each([
    ["after a run", submitted],
    ["before any run", emptyState(inputs)],
    ["with an endpoint", emptyState({ ...inputs, endpoint: "vod.example.com" })],
  ])("%s", (_, state) => {
    expect(readState({ ...state, __provider: "text", __resourceName: "player" })).toEqual(state);
  });

  test("of a later version: refused, with what to do", () => {
    expect(() => readState({ ...submitted, __stateVersion: 2 })).toThrow(
      "The state of this resource was written by a later version of pulumi-alicloud-vod (state version 2). " +
        "Install that version, or later, of pulumi-alicloud-vod; nothing was sent. (code UnknownState)",
    );
  });

  test("damaged: refused, with what is wrong", () => {
    expect(() => readState({ ...submitted, taskIds: "11" })).toThrow(
      /^The state of this resource can't be read: taskIds\./,
    );
  });
});

test("no state has an undefined value: the engine would lose the resource", () => {
  for (const state of [submitted, emptyState(inputs), withInputs(emptyState(inputs), inputs)]) {
    expect(Object.values(state)).not.toContain(undefined);
  }
});
