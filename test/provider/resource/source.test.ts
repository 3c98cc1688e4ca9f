/** A resource with a `source`, on real files: what is sent as they change. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Emulator, pathsOf } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";
import { urnOf } from "../lines.js";
import { providerFor } from "./emulated.js";

type Properties = Record<string, unknown>;
type Deployed = { id: string; inputs: Properties; outs: Properties };
type Failure = Error & { id?: string; properties?: Properties };

const BASE = "https://vod.example.com/";
let emulator: Emulator;
let directory: string;
let lines: string[];

beforeEach(async () => {
  emulator = await started();
  directory = mkdtempSync(join(tmpdir(), "source-"));
  lines = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
};

const provider = () => providerFor(emulator, { log: (line) => lines.push(line), now: () => new Date() });
const program = (source: object = {}, more: Properties = {}): Properties => ({
  __urn: urnOf("site"),
  source: { directory, baseUrl: BASE, ...source },
  ...more,
});

/** Deploys a program as the engine does; `between` happens after the check and before the update. */
async function up(old: Deployed | undefined, news = program(), between = () => {}): Promise<Deployed> {
  const made = provider();
  const { inputs, failures } = await made.check(old?.inputs ?? {}, news);
  expect(failures).toEqual([]);
  if (old === undefined) {
    between();
    return { inputs, ...(await made.create(inputs)) };
  }
  const { changes } = await made.diff(old.id, old.outs, inputs);
  between();
  return changes ? { id: old.id, inputs, ...(await made.update(old.id, old.outs, inputs)) } : { ...old, inputs };
}

const failureOf = (run: Promise<unknown>): Promise<Failure> =>
  run.then(
    () => expect.unreachable(),
    (error: Failure) => error,
  );
const sent = () => emulator.received.filter(({ action }) => action === "RefreshVodObjectCaches").flatMap(pathsOf);

/** The URLs that the second of two deployments sends. */
async function sentAfter(change: () => void, source: object = {}, more: Properties = {}): Promise<string[]> {
  const created = await up(undefined, program(source, { ...more, refreshOnCreate: false }));
  change();
  await up(created, program(source, { ...more, refreshOnCreate: false }));
  return sent();
}
const url = (...names: string[]) => names.map((name) => BASE + name);

describe("a deployment", () => {
  beforeEach(() => write({ "a.js": "1", "b.js": "1", "deep/index.html": "1" }));

  test("sends every file of a new resource", async () => {
    await up(undefined);
    expect(sent()).toEqual(url("a.js", "b.js", "deep/index.html"));
  });

  test("sends nothing and is no update if nothing changed", async () => {
    const created = await up(undefined);
    expect(await up(created)).toEqual(created);
    expect(sent()).toHaveLength(3);
  });

  test("sends a file that changed", async () => {
    expect(await sentAfter(() => write({ "b.js": "2" }))).toEqual(url("b.js"));
  });
  test("sends a name that has a * as viewers ask for it", async () => {
    write({ "a*.js": "1" });
    expect(await sentAfter(() => write({ "a*.js": "2" }))).toEqual(url("a*.js"));
  });
  test("is refused in the check if a URL is longer than the service takes", async () => {
    const name = "é".repeat(100);
    write({ [`${name}/${name}.js`]: "1" });
    const { failures } = await provider().check({}, program());
    expect(failures.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(
        /^source has 1 file whose URL is too long: https:\/\/vod\.example\.com\/%C3%A9.*… is 1,228 characters long as it is sent, and the service takes at most 1,024; shorten the names, or leave these files out with source\.exclude\.$/,
      ),
    ]);
    expect((await provider().check({}, program({ exclude: [`${name}/**`] }))).failures).toEqual([]);
  });
  test("sends a file that was removed", async () => {
    expect(await sentAfter(() => rmSync(join(directory, "b.js")))).toEqual(url("b.js"));
  });
  test("sends a new file only with refreshNew", async () => {
    expect(await sentAfter(() => write({ "c.js": "1" }))).toEqual([]);
    expect(await sentAfter(() => write({ "d.js": "1" }), {}, { refreshNew: true })).toEqual(url("d.js"));
  });
  test("sends a file that was new when it changes", async () => {
    const created = await up(undefined, program({}, { refreshOnCreate: false }));
    write({ "c.js": "1" });
    const recorded = await up(created, program({}, { refreshOnCreate: false }));
    write({ "c.js": "2" });
    await up(recorded, program({}, { refreshOnCreate: false }));
    expect(sent()).toEqual(url("c.js"));
  });
  test("sends the old URL of a file that was renamed", async () => {
    expect(await sentAfter(() => renameSync(join(directory, "b.js"), join(directory, "c.js")))).toEqual(url("b.js"));
  });
  test("sends the old URL of a file if only the case of its name changed", async () => {
    expect(await sentAfter(() => renameSync(join(directory, "b.js"), join(directory, "B.js")))).toEqual(url("b.js"));
  });
  test("sends the old URLs of a file that became a directory, and of a directory that became a file", async () => {
    const replace = () => {
      rmSync(join(directory, "b.js"));
      rmSync(join(directory, "deep"), { recursive: true });
      write({ "b.js/inner.js": "1", deep: "1" });
    };
    expect(await sentAfter(replace)).toEqual(url("b.js", "deep/index.html"));
  });
  test("sends names that need encoding as clients write them", async () => {
    write({ "my video é.mp4": "1", "100%#?.js": "1" });
    expect(await sentAfter(() => write({ "my video é.mp4": "2", "100%#?.js": "2" }))).toEqual(
      url("100%25%23%3F.js", "my%20video%20%C3%A9.mp4"),
    );
  });
  test("sends both spellings of a name whose accents the disk writes apart, since either may be served", async () => {
    write({ "e\u0301.js": "1" });
    expect(await sentAfter(() => write({ "e\u0301.js": "2" }))).toEqual(url("%C3%A9.js", "e%CC%81.js").sort());
  });
  test("sends the old spelling of a name if only its accents are written in another way, and the new one once it changes", async () => {
    write({ "\u00e9.js": "1" });
    const created = await up(undefined, program({}, { refreshOnCreate: false }));
    renameSync(join(directory, "\u00e9.js"), join(directory, "e\u0301.js"));
    const renamed = await up(created, program({}, { refreshOnCreate: false }));
    write({ "e\u0301.js": "2" });
    await up(renamed, program({}, { refreshOnCreate: false }));
    expect(sent()).toEqual(url("%C3%A9.js", "e%CC%81.js"));
  });
  test("sends the directory of an index document as well, if the program asks for that", async () => {
    const change = () => write({ "deep/index.html": "2" });
    expect(await sentAfter(change, { indexDocument: "index.html" })).toEqual(url("deep/", "deep/index.html"));
  });
  test("sends each URL of a page and of a directory with cleanUrls, and all of them once it is turned on or off", async () => {
    write({ "about.html": "1" });
    const off = { refreshOnCreate: false };
    const [index, clean] = [{ indexDocument: "index.html" }, { indexDocument: "index.html", cleanUrls: true }];
    let deployed = await up(undefined, program(index, off));
    const change = async (source: object) => {
      const before = sent().length;
      deployed = await up(deployed, program(source, off));
      return sent().slice(before).sort();
    };
    const added = url("about", "deep", "deep/index");
    expect(await change(clean)).toEqual(added);
    write({ "deep/index.html": "2", "new.html": "1" });
    expect(await change(clean)).toEqual(url("deep", "deep/", "deep/index", "deep/index.html"));
    expect(await change(index)).toEqual([...added, ...url("new")]);
  });
  test("sends nothing for an empty directory that was added", async () => {
    expect(await sentAfter(() => mkdirSync(join(directory, "empty")))).toEqual([]);
  });
  test("sends every URL if every file was removed", async () => {
    const clear = () => {
      rmSync(directory, { recursive: true });
      mkdirSync(directory);
    };
    expect(await sentAfter(clear)).toEqual(url("a.js", "b.js", "deep/index.html"));
  });
  test.skipIf(process.platform === "win32")(
    "sends the URLs of a symbolic link and of its target if the target changed",
    async () => {
      symlinkSync("b.js", join(directory, "link.js"));
      expect(await sentAfter(() => write({ "b.js": "2" }))).toEqual(url("b.js", "link.js"));
    },
  );
  test("sends nothing that is excluded", async () => {
    write({ "drafts/x.js": "1" });
    expect(await sentAfter(() => write({ "drafts/x.js": "2" }), { exclude: ["drafts"] })).toEqual([]);
    expect(await sentAfter(() => write({ "deep/index.html": "2" }), { include: ["*.js"] })).toEqual([]);
  });
  test("sends what is covered newly, and what is no longer covered unless the program lets go of it", async () => {
    const off = { refreshOnCreate: false };
    let deployed = await up(undefined, program({ include: ["a.*"] }, off));
    const change = async (source: object, more: Properties = {}) => {
      const before = sent().length;
      deployed = await up(deployed, program(source, { ...off, ...more }));
      return sent().slice(before).sort();
    };
    write({ "a.css": "1" });
    expect(await change({ include: ["a.*", "deep"] })).toEqual(url("deep/index.html"));
    expect(await change({ include: ["a.*"] })).toEqual(url("deep/index.html"));
    expect(await change({})).toEqual(url("b.js", "deep/index.html"));
    expect(await change({ exclude: ["*.js"] }, { refreshRemoved: false })).toEqual([]);
    expect(await change({ exclude: ["b.js"] })).toEqual(url("a.js"));
    expect(await change({ exclude: ["b.js"], indexDocument: "index.html" })).toEqual(url("deep/"));
    expect(await change({ exclude: ["b.js"] })).toEqual(url("deep/"));
    const img = "https://img.example.com/";
    expect(await change({ exclude: ["b.js"], baseUrl: img })).toEqual(
      ["a.css", "a.js", "deep/index.html"].flatMap((name) => [img + name, BASE + name]).sort(),
    );
  });
  test("sends what is covered newly once, also if the first attempt fails", async () => {
    const created = await up(undefined, program({ include: ["a.js"] }));
    emulator.set({ service: "suspended" });
    const failure = await failureOf(up(created, program()));
    emulator.set({ service: "open" });
    const old = { id: created.id, inputs: created.inputs, outs: failure.properties as Properties };
    const sentFirst = sent().length;
    const done = await up(old, program());
    expect(sent().slice(sentFirst)).toEqual(url("b.js", "deep/index.html"));
    expect(await up(done, program())).toEqual(done);
  });
  test("sends everything if paths became a source, or a source paths", async () => {
    const paths = { __urn: urnOf("site"), paths: url("a.js"), contentHash: "v1", refreshOnCreate: false };
    const source = await up(await up(undefined, paths));
    expect(sent()).toEqual(url("a.js", "b.js", "deep/index.html"));
    await up(source, paths);
    expect(sent().slice(3)).toEqual(url("a.js", "b.js", "deep/index.html"));
  });
});

test("a domain that the base URL names is the program's own even without a file, so that its refusal is a failure", async () => {
  write({ "a.js": "1" });
  const created = await up(undefined, program({}, { refreshOnCreate: false }));
  rmSync(join(directory, "a.js"));
  emulator.set({ domains: { "vod.example.com": null } });
  const failure = await failureOf(up(created, program({}, { refreshOnCreate: false })));
  expect(failure.message).toMatch(/code InvalidDomain\.NotFound/);
  expect(failure.properties).toMatchObject({ status: "Incomplete", pending: url("a.js") });
});

describe("a check", () => {
  const check = (source: object, olds: Properties = {}, more: Properties = {}) =>
    provider().check(olds, program(source, more));

  test.each([
    [
      ["index.htm"],
      `source.include selects no file in "DIR": "index.htm"; correct the pattern: it is relative to source.directory, `,
    ],
    [[], "source.include is empty, so it selects no file; leave it out to select all files."],
    [
      ["**/*.html, **/*.js"],
      'source.include selects no file in "DIR": "**/*.html, **/*.js"; give each pattern as an element of its own: "**/*.html", "**/*.js".',
    ],
  ])("of a new resource refuses an include that selects nothing: %j", async (include, sentence) => {
    write({ "a.js": "1" });
    const { failures } = await check({ include });
    expect(failures.map(({ reason }) => reason.slice(0, sentence.length + directory.length - 3))).toEqual([
      sentence.replace("DIR", directory),
    ]);
    const { inputs } = await check({});
    lines = [];
    expect((await check({ include }, inputs)).failures).toEqual([]);
    expect(lines.join("\n")).toContain(`site: warning: ${sentence.replace("DIR", directory)}`);
  });

  test("warns of a pattern that matches nothing beside others that do", async () => {
    write({ "a.js": "1" });
    await check({ include: ["*.js", "*.html"], exclude: ["b, c.*"] });
    expect(lines.filter((line) => line.includes("warning"))).toEqual([
      'site: warning: source.include has "*.html", which matches no file; correct the pattern: it is relative to source.directory, ' +
        "the name of a directory selects all files below it, and **/*.html every HTML file.",
    ]);
  });

  test("warns of an exclude that is several patterns in one text", async () => {
    write({ "a.js": "1", "b.js": "1" });
    await check({ exclude: ["b.*, *.map"] });
    expect(lines).toContain(
      'site: warning: source.exclude has "b.*, *.map", which counts as one pattern; give each pattern as an element of its own: "b.*", "*.map".',
    );
  });

  test("of a new resource warns of a directory without files, and of contents without URLs", async () => {
    const nothing = "there is nothing to refresh until it";
    const { inputs } = await check({ include: ["*.html"] });
    expect(lines).toContain(`site: warning: source.directory "${directory}" has no files; ${nothing} has some.`);
    write({ "a.js": "1" });
    await check({ exclude: ["**"] });
    expect(lines).toContain(
      `site: warning: source.directory "${directory}" has only excluded files; ${nothing} has some.`,
    );
    await provider().check({}, { __urn: urnOf("site"), contents: {} });
    expect(lines).toContain(`site: warning: contents is empty; ${nothing} names a URL.`);
    lines = [];
    rmSync(join(directory, "a.js"));
    await check({}, inputs);
    expect(lines).toEqual([]);
  });
});

describe("the preview", () => {
  test("shows the directories that changed in the inputs, and the files by name in its lines", async () => {
    write({ "a.js": "1", "player/b.js": "1", "player/c.js": "1" });
    const created = await up(undefined, program({}, { refreshOnCreate: false }));
    write({ "player/b.js": "2" });
    const made = provider();
    const { inputs } = await made.check(created.inputs, program({}, { refreshOnCreate: false }));
    const [old, now] = [created.inputs.files, inputs.files] as Record<string, string>[];
    const changed = Object.keys(now ?? {}).filter((row) => old?.[row] !== now?.[row]);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.every((row) => row.startsWith("player/"))).toBe(true);
    await made.diff(created.id, created.outs, inputs);
    expect(lines.slice(-2)).toEqual([
      "site: 1 of 3 files changed: refresh 1 URL in 1 call (leaves 1,999 of 2,000 URLs in today's quota)",
      "site:   https://vod.example.com/player/b.js",
    ]);
    expect(sent()).toEqual([]);
  });

  test("refuses a directory that isn't there in one sentence, before anything is sent", async () => {
    const { failures } = await provider().check({}, program({ directory: join(directory, "missing") }));
    expect(failures).toEqual([
      {
        property: "",
        reason: expect.stringMatching(
          /^The files of source could not be hashed\. There is no directory .*\(code UnreadableSource\)$/,
        ),
      },
    ]);
  });

  test("of a refresh doesn't need the files to be there", async () => {
    write({ "a.js": "1" });
    emulator.set({ urlRemain: 0 });
    const created = await up(undefined, program({}, { quota: { onExceeded: "partial" } }));
    rmSync(directory, { recursive: true });
    expect(await provider().diff(created.id, created.outs, created.inputs)).toEqual({ changes: true });
    expect(lines.at(-1)).toMatch(/^site: warning: The files of source could not be hashed\. There is no directory /);
  });

  test("shows how far the hashing is", async () => {
    write({ "a.js": "1" });
    const setInterval = vi.spyOn(globalThis, "setInterval");
    await provider().check({}, program());
    const ticks = setInterval.mock.calls.filter(([, every]) => every === 1000);
    setInterval.mockRestore();
    const later = performance.now() + 5_000;
    const now = vi.spyOn(performance, "now").mockReturnValue(later);
    for (const [tick] of ticks) tick();
    now.mockRestore();
    expect(lines.at(-1)).toBe("site: hashed 1 of 1 file, 100% overall");
  });
});

describe("a create", () => {
  test("stops if files changed after the preview: nothing is sent, and the next one sends everything", async () => {
    write({ "a.js": "1" });
    const failure = await failureOf(up(undefined, program(), () => write({ "a.js": "2" })));
    expect(failure.message).toMatch(/code FilesChanged/);
    expect(failure.id).toBeUndefined();
    expect(sent()).toEqual([]);
  });
  test("stops as well if it would send nothing", async () => {
    write({ "a.js": "1" });
    const news = program({}, { refreshOnCreate: false });
    expect((await failureOf(up(undefined, news, () => write({ "a.js": "2" })))).message).toMatch(/code FilesChanged/);
  });
});

describe("an update", () => {
  const v2IsOnline = async (between: () => void) => {
    write({ "a.js": "1", "b.js": "1" });
    const news = program({}, { refreshOnCreate: false });
    const created = await up(undefined, news);
    write({ "a.js": "2" });
    const failure = await failureOf(up(created, news, between));
    expect(sent()).toEqual([]);
    return { failure, old: { id: created.id, inputs: created.inputs, outs: failure.properties as Properties }, news };
  };

  test("whose files can't be read leaves what was checked as pending: it may be online", async () => {
    const { failure, old, news } = await v2IsOnline(() => renameSync(directory, `${directory}-away`));
    expect(failure.message).toMatch(/code UnreadableSource/);
    renameSync(`${directory}-away`, directory);
    write({ "a.js": "1" });
    await up(old, news);
    expect(sent()).toEqual(url("a.js"));
  });

  test("of each of two resources with one source, whose files can't be read", async () => {
    write({ "a.js": "1" });
    const news = program({}, { refreshOnCreate: false });
    const created = await up(undefined, news);
    write({ "a.js": "2" });
    const made = provider();
    const { inputs } = await made.check(created.inputs, news);
    rmSync(directory, { recursive: true });
    for (const id of ["one", "two"]) {
      const failure = await failureOf(made.update(id, created.outs, inputs));
      expect(failure.properties).toMatchObject({ status: "Incomplete", pending: url("a.js") });
    }
  });

  test("whose files changed back meanwhile leaves what was checked as pending: it may be online", async () => {
    const { failure, old, news } = await v2IsOnline(() => write({ "a.js": "1" }));
    expect(failure.message).toMatch(/code FilesChanged/);
    await up(old, news);
    expect(sent()).toEqual(url("a.js"));
  });

  test("stops if files changed after the preview, and the next one sends what is due by then", async () => {
    write({ "a.js": "1", "b.js": "1" });
    const created = await up(undefined, program({}, { refreshOnCreate: false }));
    write({ "a.js": "2" });
    const news = program({}, { refreshOnCreate: false });
    const failure = await failureOf(up(created, news, () => write({ "b.js": "2" })));
    expect(failure.message).toMatch(/^Files of the source changed during the update, .*\(code FilesChanged\)$/);
    expect(sent()).toEqual([]);
    await up({ id: created.id, inputs: created.inputs, outs: failure.properties as Properties }, news);
    expect(sent()).toEqual(url("a.js", "b.js"));
  });

  test("that fails is caught up on, even by going back to the old files", async () => {
    write({ "a.js": "1", "b.js": "1" });
    const created = await up(undefined, program({}, { refreshOnCreate: false }));
    write({ "a.js": "2" });
    const news = program({}, { refreshOnCreate: false });
    emulator.set({ service: "suspended" });
    const failure = await failureOf(up(created, news));
    emulator.set({ service: "open" });
    write({ "a.js": "1" });
    await up({ id: created.id, inputs: created.inputs, outs: failure.properties as Properties }, news);
    expect(sent().slice(-1)).toEqual(url("a.js"));
  });

  test("that is partial keeps the rest pending in the manifest", async () => {
    write(Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`${String(index).padStart(3, "0")}.js`, "1"])));
    emulator.set({ urlRemain: 50 });
    const created = await up(undefined, program({}, { quota: { onExceeded: "partial" } }));
    expect(created.outs).toMatchObject({ status: "Incomplete" });
    expect(created.outs.pending).toHaveLength(50);
    emulator.set({ urlRemain: 2000 });
    const rest = await up(created, program({}, { quota: { onExceeded: "partial" } }));
    expect(rest.outs).toMatchObject({ status: "Submitted", pending: [] });
    expect(sent()).toHaveLength(120);
    expect(new Set(sent()).size).toBe(120);
  });
});

test("a directory with a NUL character is refused in the preview", async () => {
  const { failures } = await provider().check({}, program({ directory: "dist\0" }));
  expect(failures.map(({ reason }) => reason)).toEqual([
    'The files of source could not be hashed. "dist\\x00" has a NUL character, which the name of a file can\'t have. Remove it. (code UnreadableSource)',
  ]);
});

describe("with files among ignoreChanges, for which the engine hands the old ones back,", () => {
  /** Deploys as the engine does that ignores changes of `files`, or of all inputs. */
  const upIgnoring = (old: Deployed, news = program(), ignored: "files" | "*" = "files") =>
    up(old, ignored === "*" ? { ...old.inputs } : { ...news, files: old.inputs.files });

  test.each(["files", "*"] as const)("%s: nothing is due, and it is no update, whatever changed", async (ignored) => {
    write({ "a.js": "1", "b.js": "1" });
    const created = await up(undefined);
    write({ "a.js": "2", "c.js": "1" });
    rmSync(join(directory, "b.js"));
    const ignoring = await upIgnoring(created, program(), ignored);
    expect(ignoring.outs).toEqual(created.outs);
    expect(ignoring.inputs).toMatchObject({ source: created.inputs.source, files: created.inputs.files });
    rmSync(directory, { recursive: true });
    expect((await upIgnoring(ignoring, program(), ignored)).outs).toEqual(created.outs);
    expect(sent()).toHaveLength(2);
    expect(lines.at(-1)).toMatch(/^site: source is not read because ignoreChanges names files: /);
  });

  test("what changed meanwhile is sent once they are not ignored any more", async () => {
    write({ "a.js": "1", "b.js": "1" });
    const created = await up(undefined);
    write({ "a.js": "2" });
    const ignoring = await upIgnoring(created, program({}, { retry: { maxAttempts: 2 } }));
    expect(sent()).toHaveLength(2);
    await up(ignoring);
    expect(sent().slice(2)).toEqual(url("a.js"));
  });

  test("another source is not used, and is once they are not ignored any more", async () => {
    write({ "a.js": "1", "b.js": "1" });
    const created = await up(undefined);
    const other = program({ exclude: ["b.js"] });
    const ignoring = await upIgnoring(created, other);
    expect(lines.at(-1)).toMatch(/^site: warning: the new source is not used because ignoreChanges names files: /);
    expect(ignoring.outs).toEqual(created.outs);
    await up(ignoring, other);
    expect(sent().slice(2)).toEqual(url("b.js"));
  });

  test("what is pending is sent once, and the state of a failed update counts, not the engine's older inputs", async () => {
    write({ "a.js": "1", "b.js": "1" });
    const created = await up(undefined);
    write({ "a.js": "2" });
    emulator.set({ service: "suspended" });
    const failure = await failureOf(up(created));
    emulator.set({ service: "open" });
    const failed = { ...created, outs: failure.properties as Properties };
    const sentPending = await upIgnoring(failed);
    expect(sent().slice(2)).toEqual(url("a.js", "a.js"));
    const settled = await upIgnoring(sentPending, program({}, { retry: { maxAttempts: 2 } }));
    expect(sent()).toHaveLength(4);
    write({ "a.js": "1" });
    await up(settled);
    expect(sent().slice(4)).toEqual(url("a.js"));
  });

  test("a program that names paths instead sends them", async () => {
    write({ "a.js": "1" });
    const created = await up(undefined);
    const news = { __urn: urnOf("site"), paths: url("b.js"), contentHash: "v1", files: created.inputs.files };
    await up(created, news);
    expect(sent().slice(1)).toEqual(url("b.js", "a.js"));
  });

  test("a source that comes back after paths that failed is sent as it is now", async () => {
    write({ "a.js": "1" });
    const created = await up(undefined);
    emulator.set({ service: "suspended" });
    const paths = { __urn: urnOf("site"), paths: url("b.js"), contentHash: "v1", files: created.inputs.files };
    const failed = { ...created, outs: (await failureOf(up(created, paths))).properties as Properties };
    emulator.set({ service: "open" });
    write({ "a.js": "2" });
    const before = sent().length;
    const back = await upIgnoring(failed);
    expect(sent().slice(before)).toEqual(url("a.js", "b.js"));
    await upIgnoring(back);
    await up(back);
    expect(sent()).toHaveLength(before + 2);
  });

  test("files that aren't the old ones are still no input", async () => {
    write({ "a.js": "1" });
    const created = await up(undefined);
    for (const olds of [created.inputs, {}]) {
      const { failures } = await provider().check(olds, { ...program(), files: { "./": "other" } });
      expect(failures[0]?.reason).toMatch(/^files is not an input of VodCacheRefresh; /);
    }
  });
});
