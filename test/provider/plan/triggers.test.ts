import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markPending, planRefresh } from "../../../provider/plan/plan.js";
import { findTriggersReason, keepTriggers } from "../../../provider/plan/triggers.js";
import type { Inputs } from "../../../provider/schema/inputs.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";

const LONG = "a long value ".repeat(20);
const asset = (hash: string, path: string) => ({
  "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
  hash,
  path,
});

describe("what the state keeps of triggers", () => {
  test("is a short value as it is, and a long one as a digest", () => {
    expect(keepTriggers(["v1", 2, true, null, undefined, { a: [1] }])).toEqual(["v1", 2, true, null, null, { a: [1] }]);
    expect(keepTriggers([LONG])).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
  });

  test("is the digest of what is in an asset, wherever that lies", () => {
    expect(keepTriggers([asset("12ab", "./a")])).toEqual(["sha256:12ab"]);
    expect(keepTriggers([asset("12ab", "./a")])).toEqual(keepTriggers([asset("12ab", "./b")]));
  });

  test("is unknown of a value with an unknown part", () => {
    expect(keepTriggers([{ a: UNKNOWN, b: LONG }, "v1"])).toEqual([UNKNOWN, "v1"]);
  });

  test("stays the same when it is given again, as ignoreChanges does", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const kept = keepTriggers([...values, LONG]);
        expect(keepTriggers(kept)).toEqual(kept);
      }),
    );
  });

  test("is the same for the same values, whatever the order of their keys, and differs otherwise", () => {
    expect(keepTriggers([{ a: LONG, b: 1 }])).toEqual(keepTriggers([{ b: 1, a: LONG }]));
    expect(keepTriggers([{ a: LONG, b: 1 }])).not.toEqual(keepTriggers([{ a: LONG, b: 2 }]));
  });
});

describe("triggers make everything due", () => {
  test.each<[olds: unknown[] | undefined, news: unknown[] | undefined, reason: string | undefined]>([
    [["v1"], ["v1"], undefined],
    [[{ a: 1, b: 2 }], [{ b: 2, a: 1 }], undefined],
    [["v1"], ["v2"], "triggers[0] changed"],
    [["1"], [1], "triggers[0] changed"],
    [["a", "b"], ["b", "a"], "triggers[0] and triggers[1] changed"],
    [[1, 2, 3, 4], [5, 6, 7, 8], "4 triggers changed"],
    [undefined, ["v1"], "triggers[0] added"],
    [["v1"], ["v1", "again"], "triggers[1] added"],
    [["v1"], ["v2", "again"], "triggers[0] and triggers[1] changed"],
    [["v1", "again"], ["v1"], undefined],
    [["again"], undefined, undefined],
    [["v1"], [UNKNOWN], "triggers[0] not known yet"],
    [["v1", "w1"], [UNKNOWN, "w2"], "triggers[1] changed"],
  ])("of %j and then %j: %s", (olds, news, reason) => {
    expect(findTriggersReason(olds, news)).toBe(reason);
  });

  test("if the list isn't known yet", () => {
    expect(findTriggersReason(["v1"], UNKNOWN)).toBe("triggers not known yet");
  });
});

const URLS = Array.from({ length: 6 }, (_, index) => `https://vod.example.com/${index}`);
const hashes = fc.dictionary(fc.constantFrom(...URLS), fc.constantFrom("1", "2"));
const inputs = (contents: Record<string, string>, triggers: unknown[]): Inputs => ({
  objectType: "File",
  force: false,
  refreshOnCreate: true,
  quota: { onExceeded: "fail" },
  contents,
  triggers,
});

test("a changed trigger makes every URL due exactly once, whatever else changed or is pending", () => {
  fc.assert(
    fc.property(hashes, hashes, fc.subarray(URLS), (before, after, pending) => {
      const manifest = markPending(new Map(Object.entries(before)), pending);
      const baseline = { inputs: inputs(before, ["v1"]), manifest, removed: new Map() };
      const plan = planRefresh(baseline, inputs(after, ["v2"]), new Map(Object.entries(after)));
      const gone = [...manifest.keys()].filter((url) => !(url in after));
      expect([...plan.paths].sort()).toEqual([...Object.keys(after), ...gone].sort());
      expect(plan.unknown).toBe(0);
      // What wasn't sent is due once more, and nothing else.
      const left = {
        ...baseline,
        inputs: inputs(after, ["v2"]),
        manifest: markPending(new Map(Object.entries(after)), pending),
      };
      const next = planRefresh(left, inputs(after, ["v2"]), new Map(Object.entries(after)));
      expect([...next.paths].sort()).toEqual([...pending].sort());
    }),
  );
});

test("an unknown trigger makes those due for sure that are so without it", () => {
  fc.assert(
    fc.property(hashes, hashes, (before, after) => {
      const baseline = {
        inputs: inputs(before, ["v1"]),
        manifest: new Map(Object.entries(before)),
        removed: new Map(),
      };
      const current = new Map(Object.entries(after));
      const [maybe, sure] = [[UNKNOWN], ["v1"]].map((triggers) =>
        planRefresh(baseline, inputs(after, triggers), current),
      );
      expect(new Set(maybe?.paths)).toEqual(new Set([...(sure?.paths ?? []), ...current.keys()]));
      expect((maybe?.paths.length ?? 0) - (maybe?.unknown ?? 0)).toBe(sure?.paths.length);
    }),
  );
});
