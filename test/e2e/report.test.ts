/** The report of a run and the summary of a step, as a pipeline finds them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { reportSchema } from "../../provider/schema/report.js";
import { killProviders } from "../chaos/processes.js";
import { publish } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const url = (name: string) => `https://vod.example.com/${name}`;

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack;
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "report-"));
    stack = await openStack(await create(), join(PROGRAMS, "commonjs"), { taskDelayMs: 200 });
  });
  afterEach(async () => {
    await stack.close();
    rmSync(directory, { recursive: true });
  });
  const entries = () => stack.report()?.resources ?? [];
  const told = () => entries().map(({ name, type, operation, outcome }) => [name, type, operation, outcome]);

  test("a run has an entry for each refresh and each preload, in a preview what is planned and in an update what came of it", async () => {
    publish(stack.emulator, "vod.example.com/a.js", "1");
    const program = (contentHash: string) =>
      resources({
        site: { paths: [url("a.js")], contentHash, preload: true },
        docs: { paths: [url("docs/")], objectType: "Directory", contentHash },
      });
    expect((await stack.run("preview", program("1"))).succeeded).toBe(true);
    expect(told().sort()).toEqual([
      ["docs", "VodCacheRefresh", "preview", "planned"],
      ["site", "VodCacheRefresh", "preview", "planned"],
      ["site-preload", "VodCachePreload", "preview", "planned"],
    ]);
    expect((await stack.run("up", program("1"))).succeeded).toBe(true);
    expect(told().sort()).toEqual([
      ["docs", "VodCacheRefresh", "create", "succeeded"],
      ["site", "VodCacheRefresh", "create", "succeeded"],
      ["site-preload", "VodCachePreload", "create", "succeeded"],
    ]);
    expect((await stack.run("up", program("1"))).succeeded).toBe(true);
    expect(entries().map(({ outcome }) => outcome)).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect(stack.report()?.markdown).toBe("");
    stack.emulator.set({ dirRemain: 0 });
    expect((await stack.run("up", program("2"))).succeeded).toBe(false);
    const failed = entries().find(({ name }) => name === "docs");
    expect(failed).toMatchObject({ operation: "update", outcome: "failed", exceeded: true, pending: { count: 1 } });
  });

  test("a VodSiteRelease reports all of its resources to its own file, and the stack's file has the others", async () => {
    const dist = join(directory, "dist");
    mkdirSync(dist);
    writeFileSync(join(dist, "a.js"), "1");
    const report = join(directory, "site.json");
    const domains = ["vod.example.com", "img.example.com"];
    for (const domain of domains) publish(stack.emulator, `${domain}/a.js`, "1");
    const program = resources({
      site: { kind: "VodSiteRelease", directory: dist, domains, preload: true, report },
      docs: { paths: [url("docs/")], objectType: "Directory", contentHash: "1" },
    });
    expect(await stack.run("up", program)).toMatchObject({ succeeded: true });
    const own = reportSchema.parse(JSON.parse(readFileSync(report, "utf8"))).resources;
    expect(own.map(({ name, status }) => [name, status]).sort()).toEqual([
      ["site-img.example.com", "Complete"],
      ["site-img.example.com-preload", "Complete"],
      ["site-vod.example.com", "Complete"],
      ["site-vod.example.com-preload", "Complete"],
    ]);
    expect(entries().map(({ name }) => name)).toEqual(["docs"]);
  });

  test("the summary of a step is a table of what the updates did, unless the stack switches it off", async () => {
    const summary = join(directory, "summary.md");
    writeFileSync(summary, "");
    const environment = { GITHUB_STEP_SUMMARY: summary };
    const program = (contentHash: string) =>
      resources({ "a|b`<i>": { paths: [url("a.js")], contentHash }, other: { paths: [url("b.js")], contentHash } });
    await stack.run("preview", program("1"), environment);
    expect(readFileSync(summary, "utf8")).toBe("");
    await stack.run("up", program("1"), environment);
    const written = readFileSync(summary, "utf8");
    expect(written.match(/^### ApsaraVideo VOD$/gm)).toHaveLength(1);
    expect(written).toContain("\n| resource | due | cost | left today | result | tasks |\n|---|---|---|---|---|---|\n");
    expect(written).toMatch(
      /^\| a\\\|b\\`&lt;i&gt; \| 1 of 1: .+ \| 1 URL \| 1,99\d of 2,000 URLs \| Submitted \| \d+ \|$/m,
    );
    expect(written).toMatch(/^\| other \|.*\| Submitted \| \d+ \|$/m);
    await stack.run("up", program("1"), environment);
    await stack.run("up", { ...program("2"), "alicloud-vod:summary": "false" }, environment);
    expect(readFileSync(summary, "utf8")).toBe(written);
    expect(stack.refreshed()).toHaveLength(4);
    const wrong = await stack.run("preview", { ...program("2"), "alicloud-vod:summary": "no" }, environment);
    expect(wrong.output).toContain(
      `alicloud-vod:summary must be true or false (got "no" in the stack's configuration).`,
    );
  });

  test.skipIf(process.platform === "win32")(
    "a provider that is killed leaves a complete report, with the tasks of the calls that were accepted",
    async () => {
      const { emulator, run } = stack;
      emulator.set({ taskDelayMs: 3_600_000 });
      const { received } = emulator;
      const push = received.push.bind(received);
      let killed = 0;
      received.push = (...arrived) => {
        if (arrived.some(({ action }) => action === "DescribeVodRefreshTasks")) killed += killProviders();
        return push(...arrived);
      };
      const program = resources({ site: { paths: [url("a.js")], contentHash: "1", wait: true } });
      expect((await run("up", program)).succeeded).toBe(false);
      expect(killed).toBe(1);
      expect(entries()).toMatchObject([
        {
          operation: "create",
          outcome: "running",
          calls: [{ objectType: "File", paths: 1, taskIds: [expect.stringMatching(/^\d+$/)] }],
          submittedAt: expect.any(String),
        },
      ]);
    },
  );

  test("a report that has no directory to lie in fails the preview, before anything is sent", async () => {
    const missing = join(directory, "reports", "vod-report.json");
    const site = { paths: [url("a.js")], contentHash: "1" };
    const own = await stack.run("preview", resources({ site: { ...site, report: missing } }));
    expect(own.succeeded).toBe(false);
    expect(own.output).toContain(`report is "${missing}", but there is no directory`);
    const whole = await stack.run("up", { ...resources({ site }), "alicloud-vod:report": missing });
    expect(whole.succeeded).toBe(false);
    expect(whole.output).toContain(`alicloud-vod:report is "${missing}", but there is no directory`);
    expect(stack.emulator.received).toEqual([]);
  });
});
