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
import { contentOf, type Inputs } from "../../../provider/schema/inputs.js";
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

const present = (inputs: Inputs) => manifestFromInputs(contentOf(inputs) as Parameters<typeof manifestFromInputs>[0]);
const deployed = (inputs: Inputs, pending: string[] = []): Baseline => ({
  inputs,
  manifest: markPending(present(inputs), pending),
  removed: new Map(),
});
const plan = (old: Baseline | undefined, news: Inputs) => planRefresh(old, news, present(news));
const groups = (old: Baseline | undefined, news: Inputs) =>
  Object.fromEntries(plan(old, news).groups.map(({ reason, count }) => [reason, count]));

describe("paths with a contentHash", () => {
  test("created: all paths", () => {
    expect(plan(undefined, byPaths())).toEqual({
      paths: [A, B],
      groups: [{ reason: "created", count: 2 }],
      total: 2,
      removed: new Map(),
      skipped: 0,
      unknown: 0,
      resumes: false,
    });
  });

  test("created with refreshOnCreate false: none", () => {
    expect(plan(undefined, byPaths({ refreshOnCreate: false })).paths).toEqual([]);
  });

  test("contentHash changed: all paths, in the order given", () => {
    const news = byPaths({ paths: [B, A], contentHash: "v2" });
    expect(plan(deployed(byPaths()), news).paths).toEqual([B, A]);
    expect(groups(deployed(byPaths()), news)).toEqual({ "contentHash changed": 2 });
  });

  test("a path added with the same hash: that path", () => {
    const news = byPaths({ paths: [C, A, B] });
    expect(plan(deployed(byPaths()), news).paths).toEqual([C]);
    expect(groups(deployed(byPaths()), news)).toEqual({ "new path": 1 });
  });

  test("objectType changed with the same hash: all paths, since none was refreshed under that type", () => {
    const news = byPaths({ objectType: "IgnoreParams" });
    expect(plan(deployed(byPaths()), news).paths).toEqual([A, B]);
    expect(groups(deployed(byPaths()), news)).toEqual({ "objectType changed": 2 });
  });

  test("the last run left pending paths: those first, then the new ones", () => {
    const news = byPaths({ paths: [C, A, B] });
    expect(plan(deployed(byPaths(), [B]), news).paths).toEqual([B, C]);
    expect(groups(deployed(byPaths(), [B]), news)).toEqual({ "left from the last run": 1, "new path": 1 });
  });

  test("pending paths and nothing else: the run carries on", () => {
    expect(plan(deployed(byPaths(), [B]), byPaths()).resumes).toBe(true);
    expect(plan(deployed(byPaths(), [B]), byPaths({ contentHash: "v2" })).resumes).toBe(false);
  });

  test("pending paths and a changed hash: all paths, the pending ones first", () => {
    expect(plan(deployed(byPaths(), [B]), byPaths({ contentHash: "v2" })).paths).toEqual([B, A]);
  });

  test("a pending path that the program no longer names is not sent: it may be the one that was refused", () => {
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
  ])("%s: none", (_, changes) => {
    expect(plan(deployed(byPaths()), byPaths(changes)).paths).toEqual([]);
  });
});

describe("contents", () => {
  const old = deployed(byContents({ [B]: "1", [A]: "1", [C]: "1" }));

  test("created: all URLs", () => {
    expect(plan(undefined, byContents({ [B]: "1", [A]: "1" })).paths).toEqual([B, A]);
  });

  test("a hash changed: that URL, in the order given", () => {
    const news = byContents({ [C]: "2", [B]: "2", [A]: "1" });
    expect(plan(old, news)).toMatchObject({ paths: [C, B], total: 3, skipped: 0 });
    expect(groups(old, news)).toEqual({ changed: 2 });
  });

  test("a URL vanished: that URL, since the edge may still serve it", () => {
    const news = byContents({ [B]: "1", [A]: "1" });
    expect(plan(old, news).paths).toEqual([C]);
    expect(groups(old, news)).toEqual({ vanished: 1 });
  });

  test("a URL is new: skipped, since no cache can hold it", () => {
    const news = byContents({ [B]: "1", [A]: "1", [C]: "1", "https://vod.example.com/d": "1" });
    expect(plan(old, news)).toMatchObject({ paths: [], skipped: 1 });
  });

  test("a URL is new with refreshNew: that URL", () => {
    const news = byContents({ [B]: "1", [A]: "1", [C]: "1", "https://vod.example.com/d": "1" }, { refreshNew: true });
    expect(plan(old, news)).toMatchObject({ paths: ["https://vod.example.com/d"], skipped: 0 });
  });

  test("a domain moved: its URLs vanish there and are new here", () => {
    const there = deployed(byContents({ "https://old.example.com/a": "1" }));
    const news = byContents({ "https://new.example.com/a": "1" });
    expect(plan(there, news)).toMatchObject({ paths: ["https://old.example.com/a"], skipped: 1 });
  });

  test("only the case of a name changed: a URL vanished and another is new", () => {
    const there = deployed(byContents({ "https://vod.example.com/A.js": "1" }));
    expect(plan(there, byContents({ "https://vod.example.com/a.js": "1" })).paths).toEqual([
      "https://vod.example.com/A.js",
    ]);
  });

  test("everything vanished: all URLs", () => {
    expect(plan(old, byContents({})).paths).toEqual([A, B, C]);
  });

  test("pending URLs first, the vanished ones among them included, then what changed since", () => {
    const left = deployed(byContents({ [A]: "1", [B]: "1" }), [B, C]);
    const news = byContents({ [A]: "2", [B]: "1" });
    expect(plan(left, news).paths).toEqual([B, C, A]);
    expect(groups(left, news)).toEqual({ "left from the last run": 2, changed: 1 });
  });

  test("a content that goes back to what it was before a run that failed is sent again", () => {
    expect(plan(deployed(byContents({ [A]: "2" }), [A]), byContents({ [A]: "1" })).paths).toEqual([A]);
  });

  test("a hash that isn't known yet counts as changed", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(plan(old, byContents({ [A]: unknown, [B]: "1", [C]: "2" }))).toMatchObject({ paths: [A, C], unknown: 1 });
  });

  test("what vanished as URLs began to go with any query goes so as well, but for one that has a query of its own", () => {
    const before = deployed(byContents({ [A]: "1", [`${B}?v=1`]: "1" }));
    const { removed } = plan(before, byContents({}, { objectType: "IgnoreParams" }));
    expect([...removed.values()].map(({ objectType }) => objectType)).toEqual(["IgnoreParams", "File"]);
  });

  test("the object type changed: all URLs, and those that vanished", () => {
    expect(plan(old, byContents({ [A]: "1", [B]: "1" }, { objectType: "IgnoreParams" })).paths).toEqual([A, B, C]);
  });
});

describe("given in another way than before: hashes of two kinds can't be compared, so everything is sent", () => {
  test("paths become contents: what they no longer name as well, since now they say what is there", () => {
    const news = byContents({ [A]: "v1", [C]: "v1" });
    expect(plan(deployed(byPaths()), news).paths).toEqual([A, C, B]);
    expect(groups(deployed(byPaths()), news)).toEqual({ "given in another way": 2, vanished: 1 });
  });
  test("contents become paths: what vanished is sent too", () => {
    expect(plan(deployed(byContents({ [A]: "1", [C]: "1" })), byPaths()).paths).toEqual([A, B, C]);
  });

  const DIRECTORY = "https://vod.example.com/x/";
  const asDirectory = { objectType: "Directory", force: true } as const;
  const directories = byPaths({ paths: [DIRECTORY], ...asDirectory });

  test("a directory that paths named goes as a directory, as it went", () => {
    const { paths, removed } = plan(deployed(directories), byContents({ [A]: "1" }));
    expect(paths).toEqual([A, DIRECTORY]);
    expect([...removed]).toEqual([[DIRECTORY, asDirectory]]);
  });
  test("even where a URL has its name now: a directory stands for more", () => {
    const { paths, removed } = plan(deployed(directories), byContents({ [DIRECTORY]: "1" }));
    expect(paths).toEqual([DIRECTORY]);
    expect([...removed]).toEqual([[DIRECTORY, asDirectory]]);
  });
  test("and once more as one if it couldn't be sent then", () => {
    const news = byContents({ [DIRECTORY]: "1" });
    const left = { ...deployed(news, [DIRECTORY]), removed: new Map([[DIRECTORY, asDirectory]]) };
    expect([...plan(left, news).removed]).toEqual([[DIRECTORY, asDirectory]]);
    expect([...plan(left, byContents({})).removed]).toEqual([[DIRECTORY, asDirectory]]);
  });
});

test("a URL that was left beside directories by an older version goes with any query, since nobody knows as what it went", () => {
  const news = byPaths({ paths: ["https://vod.example.com/x/"], objectType: "Directory" });
  const { removed } = plan(deployed(news, [A, `${B}?v=1`]), news);
  expect([...removed]).toEqual([
    [A, { objectType: "IgnoreParams", force: false }],
    [`${B}?v=1`, { objectType: "File", force: false }],
  ]);
});

test("as what paths go that the program no longer names is kept as long as they are due, and no longer", () => {
  const file = { objectType: "File", force: false } as const;
  const before = deployed(byContents({ [A]: "1", [B]: "1" }));
  const switched = plan(before, byPaths({ paths: ["https://vod.example.com/x/"], objectType: "Directory" }));
  expect(keepRequestKinds([A, "https://vod.example.com/x/"], switched, before)).toEqual(new Map([[A, file]]));
  expect(keepRequestKinds([], switched, before)).toEqual(new Map());
  expect(keepRequestKinds([C], switched, { ...before, removed: new Map([[C, file]]) })).toEqual(new Map([[C, file]]));
});

describe("files that changed after they were checked: either content may be online", () => {
  const old = deployed(byContents({ [A]: "1", [B]: "1" }));
  const moved = (checked: Record<string, string>, now: Record<string, string>) =>
    planAfterDrift(old, byContents(now), present(byContents(checked)), present(byContents(now))).paths;

  test("what was due by the check is, even if it is what it was before", () => {
    expect(moved({ [A]: "2", [B]: "1" }, { [A]: "1", [B]: "1" })).toEqual([A]);
  });
  test("what changed since is due as well", () => {
    expect(moved({ [A]: "2", [B]: "1" }, { [A]: "2", [B]: "2" })).toEqual([A, B]);
  });
  test("and what vanished since", () => {
    expect(moved({ [A]: "1", [B]: "1" }, { [A]: "1" })).toEqual([B]);
  });
});

test("what vanished as contents became paths, and couldn't be sent then, is sent by the next plan", () => {
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
  ])("are written as clients write them: %s", (name, url) => {
    expect(files({}, name)).toEqual([`https://vod.example.com/x/${url}`]);
    expect(new URL(`https://vod.example.com/x/${url}`).href).toBe(`https://vod.example.com/x/${url}`);
  });

  test("an index document is also its directory, where that is asked for", () => {
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

describe("what is worth an update, with or without a call", () => {
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
  ])("%s", (_, changes, worth) => {
    expect(hasChanges(byPaths(), byPaths(changes))).toBe(worth);
  });
  test("the order of contents is not", () => {
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

  test("a path that is named is left out only if it was refreshed for this very hash, or is new", () => {
    fc.assert(
      fc.property(anyBefore, anyInputs, (old, news) => {
        const sent = new Set(plan(old, news).paths);
        const now: Manifest = present(news);
        const comparable = (old.inputs.paths === undefined) === (news.paths === undefined);
        for (const [path, hash] of now) {
          const last = old.manifest.get(path);
          const isNew = last === undefined && news.paths === undefined;
          if (!sent.has(path)) expect(comparable && (isNew || (last === hash && last !== UNKNOWN_HASH))).toBe(true);
        }
      }),
    );
  });

  test("a path that contents no longer name is sent", () => {
    fc.assert(
      fc.property(anyBefore, anyInputs, (old, news) => {
        fc.pre(old.inputs.paths === undefined);
        const now = present(news);
        const gone = [...old.manifest.keys()].filter((path) => !now.has(path));
        expect(plan(old, news).paths).toEqual(expect.arrayContaining(gone));
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

  test("what a run leaves is what the next plan begins with, whatever the content is then", () => {
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
