/** The report of a resource: what its previews and its updates write for a pipeline. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { preloadProvider, refreshProvider } from "../../../provider/dynamic/host.js";
import { type ReportEntry, reportSchema } from "../../../provider/schema/report.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import type { EmulatorOptions } from "../../emulator/index.js";
import { urnOf } from "../lines.js";
import { contentsBelow, type Deployed, deploys, type Properties, url } from "./deploys.js";

let directory: string;
let report: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "report-"));
  report = join(directory, "vod-report.json");
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = () => reportSchema.parse(JSON.parse(readFileSync(report, "utf8")));
const entry = () => read().resources[0] as ReportEntry;

const paths = (...names: string[]) => ({ paths: names.map(url), contentHash: "v1", report });

async function open(options: EmulatorOptions = {}, make = refreshProvider) {
  const opened = await deploys(options, make);
  /** A preview in a process of its own. */
  const preview = async (old: Deployed | undefined, program: Properties) => {
    const made = opened.provider();
    const checked = await made.check(old?.inputs ?? {}, { __urn: urnOf("site"), ...program });
    expect(checked.failures).toEqual([]);
    if (old !== undefined) await made.diff(old.id, old.outs, checked.inputs);
    return entry();
  };
  return { ...opened, preview };
}

describe("a preview", () => {
  test("names what is due, why, what it costs, and who would call where", async () => {
    const { preview, emulator } = await open();
    const planned = await preview(undefined, paths("a.js", "b.js"));
    expect(planned).toEqual({
      name: "site",
      urn: urnOf("site"),
      type: "VodCacheRefresh",
      operation: "preview",
      outcome: "planned",
      status: "NotSubmitted",
      due: {
        count: 2,
        paths: [url("a.js"), url("b.js")],
        total: 2,
        atMost: false,
        reasons: [{ reason: expect.any(String), count: 2 }],
      },
      exceeded: false,
      quota: { urls: { cost: 2, before: 2000, after: 1998, limit: 2000 } },
      quotaResetsAt: expect.stringMatching(/T16:00:00.000Z$/),
      plannedCalls: 1,
      calls: [],
      requestIds: [],
      pending: { count: 0, paths: [] },
      unconfirmed: { count: 0, paths: [] },
      nextUpdate: "The update sends 2 paths in 1 call.",
      caller: {
        source: expect.stringContaining("ALIBABA_CLOUD_ACCESS_KEY_ID"),
        accessKeyIdEnd: emulator.accessKeyId.slice(-4),
      },
      endpoint: emulator.endpoint,
      plannedAt: expect.any(String),
    });
  });

  test("says what the day's quota can't hold: what stays pending, or that nothing is sent", async () => {
    const { preview, emulator } = await open();
    emulator.set({ urlRemain: 1 });
    const partial = await preview(undefined, { ...paths("a.js", "b.js"), quota: { onExceeded: "partial" } });
    expect(partial).toMatchObject({
      exceeded: false,
      quota: { urls: { cost: 1, before: 1, after: 0 } },
      pending: { count: 1, paths: [url("b.js")] },
      nextUpdate: "The update sends 1 path in 1 call, and defers 1 to the next one.",
    });
    const exceeded = await preview(undefined, paths("a.js", "b.js"));
    expect(exceeded).toMatchObject({
      exceeded: true,
      quota: { urls: { cost: 2, before: 1, after: 1 } },
      pending: { count: 2, paths: [url("a.js"), url("b.js")] },
      nextUpdate: expect.stringMatching(/^The update sends nothing and fails: .* it resets at .* UTC\+8/),
    });
    expect(read().markdown).toContain("**exceeds today's quota**, 2 pending");
  });

  test("says that nothing is due, whatever an earlier plan left in the file", async () => {
    const { preview, up } = await open();
    const created = await up(undefined, paths("a.js"));
    const again = await preview(created, paths("a.js"));
    expect(again).toMatchObject({ operation: "preview", outcome: "unchanged", status: "Submitted" });
    expect(again).toMatchObject({ nextUpdate: "The next update sends only what changes until then." });
    expect(read().markdown).toBe("");
  });

  test("says that it can't tell yet, as long as an input isn't known", async () => {
    const { preview, up } = await open();
    const created = await up(undefined, paths("a.js"));
    expect(await preview(created, { ...paths("a.js"), wait: UNKNOWN })).toMatchObject({
      outcome: "unknown",
      nextUpdate: "The update decides what is sent: it depends on an input that isn't known yet.",
    });
    expect(entry()).not.toHaveProperty("due");
  });

  test("names directories that are sent in place of URLs", async () => {
    const { preview } = await open();
    const program = { contents: contentsBelow(url("a/"), 30), quota: { collapse: "always" }, report };
    expect(await preview(undefined, program)).toMatchObject({
      due: { count: 30 },
      collapsed: { urls: 30, directories: { count: 1, paths: [url("a/")] } },
      quota: { directories: { cost: 1 } },
    });
  });

  test("names 2,000 paths, and counts all", async () => {
    const { preview } = await open();
    const planned = await preview(undefined, { contents: contentsBelow(url("a/"), 2_100), report });
    expect(planned.due?.count).toBe(2_100);
    expect(planned.due?.paths).toHaveLength(2_000);
  });
});

describe("an update", () => {
  test("names calls, tasks and requests, and that its tasks have ended", async () => {
    const { preview, up, emulator } = await open({ taskDelayMs: 1_000 });
    const created = await up(undefined, { ...paths("a.js", "b.js"), wait: true });
    const { taskIds, requestIds } = created.outs as { taskIds: string[]; requestIds: string[] };
    expect(entry()).toMatchObject({
      operation: "create",
      outcome: "succeeded",
      status: "Complete",
      quota: { urls: { cost: 2, before: 2000, after: 1998, limit: 2000 } },
      plannedCalls: 1,
      calls: [{ objectType: "File", paths: 2, taskIds }],
      requestIds,
      nextUpdate: "The next update sends only what changes until then.",
    });
    const { plannedAt, startedAt = "", submittedAt = "", finishedAt = "" } = entry();
    expect([startedAt, plannedAt, submittedAt, finishedAt].sort()).toEqual([
      startedAt,
      plannedAt,
      submittedAt,
      finishedAt,
    ]);
    expect(Date.parse(finishedAt) - Date.parse(submittedAt)).toBeGreaterThanOrEqual(1_000);
    emulator.advance(2_000);
    await preview(created, { ...paths("a.js", "b.js"), contentHash: "v2" });
    expect(entry()).toMatchObject({ operation: "preview", outcome: "planned", status: "Complete", calls: [] });
    expect(entry()).not.toHaveProperty("finishedAt");
  });

  test("says what failed, and what the next one sends", async () => {
    const { up, emulator } = await open();
    const contents = { ...contentsBelow(url("a/"), 1_000), ...contentsBelow("https://other.example.com/", 500) };
    emulator.set({ domains: { "other.example.com": "offline" } });
    const { outs, failure } = await up(undefined, { contents, report });
    expect(failure).toBeDefined();
    expect(entry()).toMatchObject({
      operation: "create",
      outcome: "failed",
      status: "Incomplete",
      plannedCalls: 2,
      calls: [{ objectType: "File", paths: 1_000, taskIds: outs.taskIds }],
      quota: { urls: { cost: 1_000, before: 2000, after: 1000 } },
      pending: { count: 500 },
      error: { code: "InvalidDomain.Offline", httpStatus: 404, requestId: expect.any(String) },
      nextUpdate: "The next update sends 500 pending paths.",
    });
    expect(entry().error?.message).toContain("other.example.com");
    expect(read().markdown).toContain("**failed**, 500 pending: ");
  });

  test("of a new resource of which nothing was accepted says that the state has nothing of it", async () => {
    const { up, emulator } = await open();
    emulator.fault({ kind: "error", code: "Brand.New", status: 400, action: "RefreshVodObjectCaches" });
    await up(undefined, paths("a.js"));
    expect(entry()).toMatchObject({
      operation: "create",
      outcome: "failed",
      status: "NotSubmitted",
      calls: [],
      quota: { urls: { cost: 1, before: 2000, after: 2000 } },
      pending: { count: 1 },
      nextUpdate: "The resource isn't in the state: the next update creates it and sends everything.",
    });
  });

  test("that is partial says what it sent and what it kept", async () => {
    const { up, emulator } = await open();
    emulator.set({ urlRemain: 1 });
    await up(undefined, { ...paths("a.js", "b.js"), quota: { onExceeded: "partial" } });
    expect(entry()).toMatchObject({
      outcome: "succeeded",
      status: "Incomplete",
      due: { count: 2 },
      calls: [{ paths: 1 }],
      pending: { count: 1, paths: [url("b.js")] },
      nextUpdate: expect.stringMatching(/^The next update sends 1 pending path; today's quota resets at .* UTC\+8/),
    });
    expect(entry()).not.toHaveProperty("error");
    expect(read().markdown).toMatch(
      /\| 2 of 2: [^|\d]+ \| 1 URL \| 0 of 2,000 URLs \| Incomplete, 1 pending \| \d+ \|\n$/,
    );
  });

  test("whose tasks don't end in time says which paths the next one asks for", async () => {
    const { up } = await open({ taskDelayMs: 3_600_000 });
    await up(undefined, { ...paths("a.js"), wait: { timeout: 1, onTimeout: "warn" } });
    expect(entry()).toMatchObject({
      outcome: "succeeded",
      unconfirmed: { count: 1, paths: [url("a.js")] },
      nextUpdate: "The next update waits for 1 unconfirmed path.",
    });
  });

  test("in which nothing is due says so", async () => {
    const { up } = await open();
    const created = await up(undefined, paths("a.js"));
    await up(created, { ...paths("a.js"), retry: { maxAttempts: 3 } });
    expect(entry()).toMatchObject({ operation: "update", outcome: "unchanged", calls: [], due: { count: 0 } });
    expect(entry()).not.toHaveProperty("caller");
  });

  test("that was stopped on its way says that it hadn't ended", async () => {
    const { provider } = await open({ taskDelayMs: 3_600_000 });
    const made = provider();
    const { inputs } = await made.check({}, { __urn: urnOf("site"), ...paths("a.js"), wait: { timeout: 10 } });
    const seen: unknown[] = [];
    const done = made.create(inputs).catch(() => {});
    while (!seen.includes("running")) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(entry().outcome);
    }
    expect(entry().nextUpdate).toContain("hadn't ended when this was written");
    await done;
    expect(entry().outcome).toBe("failed");
  });
});

test("a preload reports its own quota, and what the origin refused", async () => {
  const { up, emulator } = await open({}, preloadProvider);
  emulator.fault({ kind: "task-failed", description: "Origin Return StatusCode 404", times: 1 });
  const made = await up(undefined, { ...paths("a.js"), wait: true });
  expect(entry()).toMatchObject({
    type: "VodCachePreload",
    outcome: "failed",
    quota: { preloads: { cost: 1 } },
    pending: { count: 1 },
    nextUpdate: expect.stringMatching(/^1 URL that the origin refused is held back until .*\.$/),
  });
  expect(made.failure).toBeDefined();
});

test("secret paths that the origin refused are named neither in the report nor beside the resource, as long as they wait", async () => {
  const { up, preview, emulator, lines } = await open({}, preloadProvider);
  emulator.fault({ kind: "task-failed", description: "Origin Return StatusCode 404", times: 1 });
  const program = { ...paths("planted.js"), wait: true, __secretPaths: true };
  const made = await up(undefined, program);
  // The engine hands over what a mark of a secret holds.
  const outs = Object.entries(made.outs).map(([name, value]) => [name, (value as { value?: unknown })?.value ?? value]);
  const { outcome, pending, nextUpdate } = await preview({ ...made, outs: Object.fromEntries(outs) }, program);
  expect({ outcome, pending }).toEqual({ outcome: "unchanged", pending: { count: 1, paths: ["[secret]"] } });
  expect(nextUpdate).toMatch(/^1 URL that the origin refused/);
  expect(lines.join("\n") + readFileSync(report, "utf8")).not.toContain("planted");
});

test("a failure that the program takes for a warning is one in the report", async () => {
  const { up, emulator } = await open({}, preloadProvider);
  emulator.fault({ kind: "task-failed", description: "Origin Return StatusCode 404", times: 1 });
  await up(undefined, { ...paths("a.js"), wait: true, onFailure: "warn" });
  expect(entry()).toMatchObject({ outcome: "warned", error: { code: "PreloadFailed" } });
});

describe("several resources", () => {
  test("of one run have an entry each in the file that they share, and a run starts it over", async () => {
    const { provider } = await open();
    const made = provider();
    const check = (name: string, more: Properties = {}) =>
      made.check({}, { __urn: urnOf(name), ...paths(`${name}.js`), ...more });
    const other = join(directory, "other.json");
    await Promise.all([check("one"), check("two"), check("three", { report: other })]);
    expect(
      read()
        .resources.map(({ name }) => name)
        .sort(),
    ).toEqual(["one", "two"]);
    expect(JSON.parse(readFileSync(other, "utf8")).resources).toHaveLength(1);
    await provider().check({}, { __urn: urnOf("two"), ...paths("two.js") });
    expect(read().resources.map(({ name }) => name)).toEqual(["two"]);
    expect(readdirSync(directory).sort()).toEqual(["other.json", "vod-report.json"]);
  });
});

describe("the stack's alicloud-vod:report", () => {
  const settings = { "alicloud-vod:report": "" } as Record<string, string>;
  const configured = async () => {
    const { provider } = await open();
    const made = provider();
    await made.configure({ config: { get: (key: string) => settings[key] } } as never);
    return made;
  };
  const { report: _, ...program } = { ...paths("a.js"), __urn: urnOf("site") };

  test("is the file of all resources that name none, and no input", async () => {
    settings["alicloud-vod:report"] = report;
    const { inputs, failures } = await (await configured()).check({}, program);
    expect(failures).toEqual([]);
    expect(inputs).not.toHaveProperty("report");
    expect(read().resources).toHaveLength(1);
  });

  test("gives way to a resource's own input", async () => {
    settings["alicloud-vod:report"] = join(directory, "stack.json");
    await (await configured()).check({}, { ...program, report });
    expect(readdirSync(directory)).toEqual(["vod-report.json"]);
  });

  test("is named where it can't be written", async () => {
    settings["alicloud-vod:report"] = join(directory, "missing", "vod-report.json");
    const { failures } = await (await configured()).check({}, program);
    expect(failures.map(({ reason }) => reason)).toEqual([
      `alicloud-vod:report is "${settings["alicloud-vod:report"]}", but there is no directory "${join(directory, "missing")}"; create it, or name another file.`,
    ]);
  });
});

describe("a file that can't be written", () => {
  const problemsOf = async (file: string, more: Properties = {}) => {
    const { provider } = await open();
    const { failures } = await provider().check({}, { ...paths("a.js"), ...more, report: file });
    return failures.map(({ reason }) => reason);
  };

  test("is found in the preview: its directory isn't there", async () => {
    const file = join(directory, "missing", "vod-report.json");
    expect(await problemsOf(file)).toEqual([
      `report is "${file}", but there is no directory "${join(directory, "missing")}"; create it, or name another file.`,
    ]);
    writeFileSync(join(directory, "missing"), "");
    expect(await problemsOf(file)).toHaveLength(1);
  });

  test("is found in the preview: it is a directory", async () => {
    for (const file of [directory, `${directory}/`, `${directory}/new/`]) {
      expect(await problemsOf(file)).toEqual([
        `report is "${file}", which is not a file; give the path of a file, such as vod-report.json.`,
      ]);
    }
  });

  test.runIf(process.platform === "linux")(
    "is found in the preview: nothing can be made in its directory",
    async () => {
      expect((await problemsOf("/proc/vod-report.json")).join()).toMatch(
        /^report is "\/proc\/vod-report.json", which can't be written \([A-Z]+\); make its directory writable, or name another file\.$/,
      );
    },
  );

  test("is found in the preview: it has a NUL character", async () => {
    expect(await problemsOf("vod\0.json")).toEqual([
      "report has a NUL character, which the name of a file can't have; remove it.",
    ]);
  });

  test("is found in the preview: it lies in the source, also where a link leads there", async () => {
    const dist = join(directory, "dist");
    mkdirSync(join(dist, "deep"), { recursive: true });
    const source = { directory: dist, baseUrl: "https://vod.example.com/" };
    const inSource = "report lies in source.directory, so that writing it would change the source; put it elsewhere.";
    const problems = (file: string) => problemsOf(file, { paths: undefined, contentHash: undefined, source });
    expect(await problems(join(dist, "vod-report.json"))).toEqual([inSource]);
    expect(await problems(join(dist, "deep", "vod-report.json"))).toEqual([inSource]);
    expect(await problems(join(directory, "dist-report.json"))).toEqual([]);
    symlinkSync(dist, join(directory, "link"), "junction");
    expect(await problems(join(directory, "link", "vod-report.json"))).toEqual([inSource]);
  });

  test("later on is a warning, once, and never an error", async () => {
    const { provider, lines } = await open();
    const made = provider();
    const gone = join(directory, "gone");
    mkdirSync(gone);
    const program = { ...paths("a.js"), report: join(gone, "vod-report.json"), __urn: urnOf("site") };
    const { inputs } = await made.check({}, program);
    rmSync(gone, { recursive: true });
    const { outs } = await made.create(inputs);
    expect(outs.status).toBe("Submitted");
    expect(lines.filter((line) => line.includes("report"))).toEqual([
      `site: warning: the report can't be written to "${program.report}" (ENOENT).`,
    ]);
  });
});
