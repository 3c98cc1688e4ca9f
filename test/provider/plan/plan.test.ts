import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UNKNOWN_HASH } from "../../../provider/manifest/hash.js";
import type { Manifest } from "../../../provider/manifest/manifest.js";
import {
  type Baseline,
  hasChanges,
  keepRequestKinds,
  manifestFromInputs,
  markPending,
  planAfterDrift,
  planRefresh,
} from "../../../provider/plan/plan.js";
import { getContent, type Inputs } from "../../../provider/schema/inputs.js";
import { manifestFromFiles } from "../../../provider/source/source.js";

const A: string = "https://vod.example.com/a";
const B: string = "https://vod.example.com/b";
const C: string = "https://vod.example.com/c";
const COMMON = { objectType: "File", force: false, refreshOnCreate: true, quota: { onExceeded: "fail" } } as const;

const byPaths = (changes: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  paths: [A, B],
  contentHash: "v1",
  ...changes,
});
const byContents = (contents: Record<string, string>, changes: Partial<Inputs> = {}): Inputs => ({
  ...COMMON,
  contents,
  ...changes,
});

const present = (inputs: Inputs) => manifestFromInputs(getContent(inputs) as Parameters<typeof manifestFromInputs>[0]);
const deployed = (inputs: Inputs, pending: string[] = []): Baseline => ({
  inputs,
  manifest: markPending(present(inputs), pending),
  removed: new Map(),
});
const plan = (old: Baseline | undefined, news: Inputs) => planRefresh(old, news, present(news));
const groups = (old: Baseline | undefined, news: Inputs) =>
  Object.fromEntries(plan(old, news).groups.map(({ reason, count }) => [reason, count]));

describe("paths with a contentHash", () => {
  test("sends all paths when it is created", () => {
    expect(plan(undefined, byPaths())).toEqual({
      paths: [A, B],
      groups: [{ reason: "initial deployment", count: 2 }],
      total: 2,
      removed: new Map(),
      skipped: 0,
      letGo: 0,
      changedCoverage: [],
      unknown: 0,
      resumes: false,
    });
  });

  test("sends nothing when it is created with refreshOnCreate false", () => {
    expect(plan(undefined, byPaths({ refreshOnCreate: false })).paths).toEqual([]);
  });

  test("sends all paths in the order given when contentHash changed", () => {
    const news = byPaths({ paths: [B, A], contentHash: "v2" });
    expect(plan(deployed(byPaths()), news).paths).toEqual([B, A]);
    expect(groups(deployed(byPaths()), news)).toEqual({ "contentHash changed": 2 });
  });

  test("sends only the new path when one is added with the same hash", () => {
    const news = byPaths({ paths: [C, A, B] });
    expect(plan(deployed(byPaths()), news).paths).toEqual([C]);
    expect(groups(deployed(byPaths()), news)).toEqual({ new: 1 });
  });

  test("sends all paths when objectType changed, since none was refreshed with that type", () => {
    const news = byPaths({ objectType: "IgnoreParams" });
    expect(plan(deployed(byPaths()), news).paths).toEqual([A, B]);
    expect(groups(deployed(byPaths()), news)).toEqual({ "objectType changed": 2 });
  });

  test("sends pending paths first, then new ones", () => {
    const news = byPaths({ paths: [C, A, B] });
    expect(plan(deployed(byPaths(), [B]), news).paths).toEqual([B, C]);
    expect(groups(deployed(byPaths(), [B]), news)).toEqual({ "pending from the last update": 1, new: 1 });
  });

  test("carries on with the last run if only pending paths are due", () => {
    expect(plan(deployed(byPaths(), [B]), byPaths()).resumes).toBe(true);
    expect(plan(deployed(byPaths(), [B]), byPaths({ contentHash: "v2" })).resumes).toBe(false);
  });

  test("sends all paths, the pending ones first, when contentHash changed", () => {
    expect(plan(deployed(byPaths(), [B]), byPaths({ contentHash: "v2" })).paths).toEqual([B, A]);
  });

  test("doesn't send a pending path that was taken out, since it may be the one that was refused", () => {
    expect(plan(deployed(byPaths(), [B]), byPaths({ paths: [A] })).paths).toEqual([]);
  });

  test.each([
    ["nothing changed", {}],
    ["a path removed", { paths: [A] }],
    ["the order changed", { paths: [B, A] }],
    ["force changed", { force: true }],
    ["refreshOnCreate changed", { refreshOnCreate: false }],
    ["quota.onExceeded changed", { quota: { onExceeded: "partial" as const } }],
    ["endpoint changed", { endpoint: "vod.example.com" }],
  ])("sends nothing: %s", (_, changes) => {
    expect(plan(deployed(byPaths()), byPaths(changes)).paths).toEqual([]);
  });
});

describe("contents", () => {
  const old = deployed(byContents({ [B]: "1", [A]: "1", [C]: "1" }));

  test("sends all URLs when it is created", () => {
    expect(plan(undefined, byContents({ [B]: "1", [A]: "1" })).paths).toEqual([B, A]);
  });

  test("sends the URLs whose hash changed, in the order given", () => {
    const news = byContents({ [C]: "2", [B]: "2", [A]: "1" });
    expect(plan(old, news)).toMatchObject({ paths: [C, B], total: 3, skipped: 0 });
    expect(groups(old, news)).toEqual({ changed: 2 });
  });

  test("sends a removed URL, since the edge may still serve it", () => {
    const news = byContents({ [B]: "1", [A]: "1" });
    expect(plan(old, news).paths).toEqual([C]);
    expect(groups(old, news)).toEqual({ removed: 1 });
  });

  const withD = { [B]: "1", [A]: "1", [C]: "1", "https://vod.example.com/d": "1" };
  test("sends a new URL, since it may have been online for long", () => {
    expect(plan(old, byContents(withD))).toMatchObject({ paths: ["https://vod.example.com/d"], skipped: 0 });
    expect(groups(old, byContents(withD))).toEqual({ new: 1 });
  });

  test("skips a new URL with refreshNew false", () => {
    expect(plan(old, byContents(withD, { refreshNew: false }))).toMatchObject({ paths: [], skipped: 1 });
  });

  test("sends the URLs of the old domain and those of the new one when the domain changes", () => {
    const there = deployed(byContents({ "https://old.example.com/a": "1" }));
    const news = byContents({ "https://new.example.com/a": "1" });
    expect(plan(there, news).paths).toEqual(["https://old.example.com/a", "https://new.example.com/a"]);
  });

  test("lets go of removed URLs with refreshRemoved false, also of pending ones", () => {
    const left = deployed(byContents({ [A]: "1", [B]: "1" }), [B, C]);
    const news = byContents({}, { refreshRemoved: false });
    expect(plan(left, news)).toMatchObject({ paths: [], letGo: 3 });
    expect(plan(left, byContents({ [A]: "2" }, { refreshRemoved: false }))).toMatchObject({ paths: [A], letGo: 2 });
    const other = byContents({ [A]: "1" }, { refreshRemoved: false, objectType: "IgnoreParams" });
    expect(plan(left, other)).toMatchObject({ paths: [A], letGo: 2 });
  });

  test("takes a name whose case changed for one URL removed and one added", () => {
    const there = deployed(byContents({ "https://vod.example.com/A.js": "1" }));
    expect(plan(there, byContents({ "https://vod.example.com/a.js": "1" }))).toMatchObject({
      paths: ["https://vod.example.com/A.js", "https://vod.example.com/a.js"],
      groups: [
        { reason: "removed", count: 1 },
        { reason: "new", count: 1 },
      ],
    });
  });

  test("sends all URLs when all are removed", () => {
    expect(plan(old, byContents({})).paths).toEqual([A, B, C]);
  });

  test("sends pending URLs first, also removed ones, then what changed since", () => {
    const left = deployed(byContents({ [A]: "1", [B]: "1" }), [B, C]);
    const news = byContents({ [A]: "2", [B]: "1" });
    expect(plan(left, news).paths).toEqual([B, C, A]);
    expect(groups(left, news)).toEqual({ "pending from the last update": 2, changed: 1 });
  });

  test("sends a URL again whose content goes back to that before a failed run", () => {
    expect(plan(deployed(byContents({ [A]: "2" }), [A]), byContents({ [A]: "1" })).paths).toEqual([A]);
  });

  test("takes a hash that isn't known yet for changed", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(plan(old, byContents({ [A]: unknown, [B]: "1", [C]: "2" }))).toMatchObject({ paths: [A, C], unknown: 1 });
  });

  test("sends a removed URL with any query if the others are sent so now, unless it has a query of its own", () => {
    const before = deployed(byContents({ [A]: "1", [`${B}?v=1`]: "1" }));
    const { removed } = plan(before, byContents({}, { objectType: "IgnoreParams" }));
    expect([...removed.values()].map(({ objectType }) => objectType)).toEqual(["IgnoreParams", "File"]);
  });

  test("sends a removed URL with the force of the others, unless it is a File", () => {
    const forced = { objectType: "IgnoreParams", force: true } as const;
    const news = byContents({}, forced);
    expect([...plan(deployed(byContents({ [A]: "1" }, forced)), news).removed]).toEqual([[A, forced]]);
    const before = deployed(byContents({ [A]: "1", [`${B}?v=1`]: "1" }, { force: true }));
    expect([...plan(before, news).removed]).toEqual([
      [A, forced],
      [`${B}?v=1`, { objectType: "File", force: false }],
    ]);
  });

  test("sends all URLs and the removed ones when objectType changed", () => {
    expect(plan(old, byContents({ [A]: "1", [B]: "1" }, { objectType: "IgnoreParams" })).paths).toEqual([A, B, C]);
  });
});

describe("a source that covers other URLs than before", () => {
  const bySource = (changes: Partial<Inputs> = {}): Inputs => ({
    ...COMMON,
    source: { directory: "d", baseUrl: "https://vod.example.com/" },
    ...changes,
  });
  const recorded = (names: string[], pending: string[] = []): Baseline => ({
    inputs: bySource(),
    manifest: markPending(new Map(names.map((name) => [name, "1"])), pending),
    removed: new Map(),
  });
  const now = (...names: string[]) => new Map(names.map((name) => [name, "1"]));
  const change = (was: string[], is: string[]) => ({
    wasCovered: (url: string) => was.includes(url),
    isCovered: (url: string) => is.includes(url),
    by: ["include"],
  });
  const planned = (...parameters: Parameters<typeof planRefresh>) => {
    const { groups: found, paths, skipped, letGo } = planRefresh(...parameters);
    return { ...Object.fromEntries(found.map(({ reason, count }) => [reason, count])), paths, skipped, letGo };
  };

  test("sends what it covers by now, since that was online before", () => {
    expect(planned(recorded([A]), bySource(), now(A, B, C), change([A, C], [A, B, C]))).toEqual({
      "newly covered": 1,
      paths: [B],
      skipped: 1,
      letGo: 0,
    });
  });
  test("sends a file that wasn't there before only with refreshNew", () => {
    const news = bySource({ refreshNew: true });
    expect(planned(recorded([A]), news, now(A, B, C), change([A, C], [A, B, C]))).toMatchObject({
      "newly covered": 1,
      new: 1,
      paths: [B, C],
    });
  });
  test("sends what it covers no longer apart from what was removed", () => {
    expect(planned(recorded([A, B, C]), bySource(), now(A), change([A, B, C], [A, B]))).toMatchObject({
      removed: 1,
      "no longer covered": 1,
      paths: [B, C],
    });
  });
  test("lets go of both with refreshRemoved false", () => {
    const news = bySource({ refreshRemoved: false });
    expect(planned(recorded([A, B, C]), news, now(A), change([A, B, C], [A, B]))).toMatchObject({
      paths: [],
      letGo: 2,
    });
  });
  test("sends a file that comes back with refreshRemoved false, since it may have been let go of", () => {
    const news = bySource({ refreshRemoved: false });
    expect(planned(recorded([A]), news, now(A, B))).toMatchObject({ new: 1, paths: [B] });
    expect(planned(recorded([A]), bySource({ ...news, refreshNew: false }), now(A, B)).paths).toEqual([]);
    expect(planned(recorded([A]), bySource(), now(A, B)).paths).toEqual([]);
  });
  test("sends first what is pending, whether it is covered or not", () => {
    expect(planned(recorded([A, B], [A, B]), bySource(), now(B, C), change([A, B], [B, C]))).toMatchObject({
      "pending from the last update": 2,
      "newly covered": 1,
      paths: [B, A, C],
    });
  });
  test("sends everything once if the objectType changed as well", () => {
    const news = bySource({ objectType: "IgnoreParams" });
    expect(planned(recorded([A, B]), news, now(A, C), change([A, B], [A, C]))).toMatchObject({
      "objectType changed": 2,
      "no longer covered": 1,
      paths: [A, C, B],
    });
  });
  test("sends what a check covered newly, even if it is gone since", () => {
    const coverage = change([A], [A, B]);
    expect(planAfterDrift(recorded([A]), bySource(), now(A, B), now(A), coverage).paths).toEqual([B]);
  });
  test("preloads what it covers by now, with its reason, and nothing that it covers no longer", () => {
    const [old, news] = [bySource({ objectType: "Preload" }), bySource({ objectType: "Preload", refreshNew: true })];
    expect(planned({ ...recorded([A]), inputs: old }, news, now(B, C), change([A, C], [B, C]))).toMatchObject({
      "newly covered": 1,
      new: 1,
      paths: [B, C],
    });
  });
});

describe("content that is given in another way than before is sent as a whole, since hashes can't be compared", () => {
  test("paths become contents: removed paths are sent too, since contents say what exists", () => {
    const news = byContents({ [A]: "v1", [C]: "v1" });
    expect(plan(deployed(byPaths()), news).paths).toEqual([A, C, B]);
    expect(groups(deployed(byPaths()), news)).toEqual({ "switched from paths to contents": 2, removed: 1 });
  });
  test("contents become paths: removed URLs are sent too", () => {
    expect(plan(deployed(byContents({ [A]: "1", [C]: "1" })), byPaths()).paths).toEqual([A, B, C]);
  });

  const DIRECTORY = "https://vod.example.com/x/";
  const asDirectory = { objectType: "Directory", force: true } as const;
  const directories = byPaths({ paths: [DIRECTORY], ...asDirectory });

  test("a directory of paths is still sent as a directory", () => {
    const { paths, removed } = plan(deployed(directories), byContents({ [A]: "1" }));
    expect(paths).toEqual([A, DIRECTORY]);
    expect([...removed]).toEqual([[DIRECTORY, asDirectory]]);
  });
  test("a directory is still sent as one if a URL has its name now, since it covers more", () => {
    const { paths, removed } = plan(deployed(directories), byContents({ [DIRECTORY]: "1" }));
    expect(paths).toEqual([DIRECTORY]);
    expect([...removed]).toEqual([[DIRECTORY, asDirectory]]);
  });
  test("a directory is still sent as one if it is pending", () => {
    const news = byContents({ [DIRECTORY]: "1" });
    const left = { ...deployed(news, [DIRECTORY]), removed: new Map([[DIRECTORY, asDirectory]]) };
    expect([...plan(left, news).removed]).toEqual([[DIRECTORY, asDirectory]]);
    expect([...plan(left, byContents({})).removed]).toEqual([[DIRECTORY, asDirectory]]);
  });
});

test("a pending URL beside directories is sent with any query if the state doesn't say as what it was sent", () => {
  const news = byPaths({ paths: ["https://vod.example.com/x/"], objectType: "Directory" });
  const { removed } = plan(deployed(news, [A, `${B}?v=1`]), news);
  expect([...removed]).toEqual([
    [A, { objectType: "IgnoreParams", force: false }],
    [`${B}?v=1`, { objectType: "File", force: false }],
  ]);
});

test("how removed paths are sent is kept as long as they are due, and no longer", () => {
  const file = { objectType: "File", force: false } as const;
  const before = deployed(byContents({ [A]: "1", [B]: "1" }));
  const switched = plan(before, byPaths({ paths: ["https://vod.example.com/x/"], objectType: "Directory" }));
  expect(keepRequestKinds([A, "https://vod.example.com/x/"], switched, before)).toEqual(new Map([[A, file]]));
  expect(keepRequestKinds([], switched, before)).toEqual(new Map());
  expect(keepRequestKinds([C], switched, { ...before, removed: new Map([[C, file]]) })).toEqual(new Map([[C, file]]));
});

describe("files that changed after they were checked", () => {
  const old = deployed(byContents({ [A]: "1", [B]: "1" }));
  const moved = (checked: Record<string, string>, now: Record<string, string>) =>
    planAfterDrift(old, byContents(now), present(byContents(checked)), present(byContents(now))).paths;

  test("are due if they were due by the check, even if they changed back", () => {
    expect(moved({ [A]: "2", [B]: "1" }, { [A]: "1", [B]: "1" })).toEqual([A]);
  });
  test("are due if they changed since", () => {
    expect(moved({ [A]: "2", [B]: "1" }, { [A]: "2", [B]: "2" })).toEqual([A, B]);
  });
  test("are due if they were removed since", () => {
    expect(moved({ [A]: "1", [B]: "1" }, { [A]: "1" })).toEqual([B]);
  });
});

test("a URL that was removed when contents became paths, and is pending, is sent by the next plan", () => {
  const switched: Baseline = { ...deployed(byPaths()), manifest: markPending(present(byPaths()), [B, C]) };
  expect(plan(switched, byPaths()).paths).toEqual([B, C]);
  expect(plan(switched, byPaths({ paths: [A] })).paths).toEqual([C]);
});

describe("the URLs of files", () => {
  const files = (source: object, ...names: string[]) => [
    ...manifestFromFiles(
      { directory: "d", baseUrl: "https://vod.example.com/x/", ...source },
      new Map(names.map((name) => [name, "hash"])),
    ).keys(),
  ];

  test("are the base URL and the name", () => {
    expect(files({}, "a.js", "deep/er/b.js")).toEqual([
      "https://vod.example.com/x/a.js",
      "https://vod.example.com/x/deep/er/b.js",
    ]);
  });

  test.each([
    ["my video.mp4", "my%20video.mp4"],
    ["100%.txt", "100%25.txt"],
    ["what?.txt", "what%3F.txt"],
    ["a#b.txt", "a%23b.txt"],
    ["a\\b.txt", "a%5Cb.txt"],
    ["片/é.mp4", "%E7%89%87/%C3%A9.mp4"],
    ["logo@2x+(1),[2]!.png", "logo@2x+(1),[2]!.png"],
  ])("are encoded as clients encode them: %s", (name, url) => {
    expect(files({}, name)).toEqual([`https://vod.example.com/x/${url}`]);
    expect(new URL(`https://vod.example.com/x/${url}`).href).toBe(`https://vod.example.com/x/${url}`);
  });

  test("include its directory for an index document, if that is asked for", () => {
    expect(files({}, "index.html")).toEqual(["https://vod.example.com/x/index.html"]);
    expect(files({ indexDocument: "index.html" }, "index.html", "deep/index.html", "deep/no-index.html")).toEqual([
      "https://vod.example.com/x/index.html",
      "https://vod.example.com/x/",
      "https://vod.example.com/x/deep/index.html",
      "https://vod.example.com/x/deep/",
      "https://vod.example.com/x/deep/no-index.html",
    ]);
  });
});

describe("whether inputs differ so that an update is needed", () => {
  test.each([
    ["nothing changed", {}, false],
    ["the order changed", { paths: [B, A] }, false],
    ["a path removed", { paths: [A] }, true],
    ["a path replaced", { paths: [A, C] }, true],
    ["contentHash changed", { contentHash: "v2" }, true],
    ["objectType changed", { objectType: "IgnoreParams" as const }, true],
    ["force changed", { force: true }, true],
    ["refreshOnCreate changed", { refreshOnCreate: false }, true],
    ["endpoint set", { endpoint: "vod.example.com" }, true],
  ])("%s, %j: %s", (_, changes, worth) => {
    expect(hasChanges(byPaths(), byPaths(changes))).toBe(worth);
  });
  test("the order of contents makes no difference", () => {
    expect(hasChanges(byContents({ [A]: "1", [B]: "2" }), byContents({ [B]: "2", [A]: "1" }))).toBe(false);
    expect(hasChanges(byContents({ [A]: "1", [B]: "2" }), byContents({ [B]: "1", [A]: "2" }))).toBe(true);
  });
});

describe("rules that hold for every pair of deployments", () => {
  const contents = fc.dictionary(fc.constantFrom(A, B, C), fc.constantFrom("1", "2"));
  const anyInputs = fc.oneof(
    contents.map((given) => byContents(given)),
    fc
      .record({
        paths: fc.uniqueArray(fc.constantFrom(A, B, C), { minLength: 1 }),
        contentHash: fc.constantFrom("1", "2"),
      })
      .map((given) => byPaths(given)),
  );
  const anyBefore = fc
    .tuple(anyInputs, fc.subarray([A, B, C]))
    .map(
      ([inputs, pending]): Baseline =>
        deployed(inputs, inputs.paths ? pending.filter((path) => inputs.paths?.includes(path)) : pending),
    );

  test("a named path is not sent only if it was refreshed for this very hash", () => {
    fc.assert(
      fc.property(anyBefore, anyInputs, (old, news) => {
        const sent = new Set(plan(old, news).paths);
        const now: Manifest = present(news);
        const comparable = (old.inputs.paths === undefined) === (news.paths === undefined);
        for (const [path, hash] of now) {
          const last = old.manifest.get(path);
          if (!sent.has(path)) expect(comparable && last === hash && last !== UNKNOWN_HASH).toBe(true);
        }
      }),
    );
  });

  test("a path that was removed from contents is sent", () => {
    fc.assert(
      fc.property(anyBefore, anyInputs, (old, news) => {
        fc.pre(old.inputs.paths === undefined);
        const now = present(news);
        const removed = [...old.manifest.keys()].filter((path) => !now.has(path));
        expect(plan(old, news).paths).toEqual(expect.arrayContaining(removed));
      }),
    );
  });

  test("no path is sent twice, and after a run that sent everything nothing is due", () => {
    fc.assert(
      fc.property(anyBefore, anyInputs, (old, news) => {
        const { paths } = plan(old, news);
        expect(new Set(paths).size).toBe(paths.length);
        expect(plan(deployed(news), news).paths).toEqual([]);
      }),
    );
  });

  test("the next plan sends what a run left, whatever the content is then", () => {
    fc.assert(
      fc.property(anyBefore, anyInputs, fc.nat(3), (old, news, sent) => {
        const pending = plan(old, news).paths.slice(sent);
        fc.pre(news.paths === undefined);
        const next = plan(deployed(news, pending), news);
        expect([...next.paths].sort()).toEqual([...pending].sort());
      }),
    );
  });
});
