/** What an update verifies, and what it leaves pending, where the deployment itself doesn't go as usual. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type EmulatorOptions, publish, view } from "../../emulator/index.js";
import { deploys } from "./deploys.js";

const DOMAIN = "vod.example.com";
const url = (name: string) => `http://${DOMAIN}/${name}`;

/** A resource whose `contents` are at the origin, and at the second node of the edge in an old form. */
async function begin(names: readonly string[], options: EmulatorOptions = {}) {
  const made = await deploys({ nodes: 2, ...options }, undefined, { random: () => 0.5 });
  const { emulator, pass } = made;
  const verify = { address: new URL(emulator.nodes[1]?.http ?? "").host, timeout: 0 };
  const program = (hash: string, more = {}) => ({
    contents: Object.fromEntries(names.map((name) => [url(name), hash])),
    verify,
    ...more,
  });
  for (const name of names) publish(emulator, `${DOMAIN}/${name}`, "old");
  const first = await made.up(undefined, program("1", { refreshOnCreate: false }));
  for (const name of names) await view(emulator, url(name), { node: 1 });
  for (const name of names) publish(emulator, `${DOMAIN}/${name}`, "new");
  pass(60_000);
  const asked = (since: number) =>
    emulator.events.slice(since).flatMap((event) => (event.kind === "view" ? [event.url] : []));
  return { ...made, program, verify, first, asked };
}

test("URLs that directories stand for are asked for, and what is stale of them is sent as URLs", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `videos/${index}.ts`);
  const { emulator, up, program, first, sent, verify } = await begin(names, { lags: { 1: "never" } });
  const all = { force: true, verify: { ...verify, sample: "all" } };
  const collapse = { ...all, quota: { onExceeded: "fail", collapse: "always" } };
  const failed = await up(first, program("2", collapse));
  expect(sent().at(-1)).toEqual([url("videos/")]);
  expect(failed.failure).toContain("40 of 40 paths are stale at the edge");
  expect(failed.outs).toMatchObject({ status: "Incomplete", pending: names.map(url) });
  emulator.set({ lags: { 1: 0 } });
  const after = await up(failed, program("2", all));
  expect(after.failure).toBeUndefined();
  expect(sent().at(-1)).toEqual(names.map(url));
});

test("what is complete only in a later update is verified then, by the age since it was sent", async () => {
  const { emulator, up, program, first, lines, pass } = await begin(["a.js"]);
  emulator.set({ taskDelayMs: 120_000, lags: { 1: "never" } });
  const wait = { timeout: 10 };
  const unconfirmed = await up(first, program("2", { wait }));
  expect(unconfirmed.outs).toMatchObject({ unconfirmed: [url("a.js")] });
  expect(lines.join()).not.toContain("verified at the edge:");
  pass(300_000);
  const stale = await up(unconfirmed, program("2", { wait }));
  expect(stale.failure).toContain(`1 of 1 paths is stale at the edge: ${url("a.js")} (a copy that is`);
  expect(stale.outs).toMatchObject({ pending: [url("a.js")] });
  emulator.set({ taskDelayMs: 0, lags: { 1: 0 } });
  expect((await up(stale, program("2", { wait }))).outs).toMatchObject({ pending: [], verified: { fresh: 1 } });
});

test("an update that fails for another reason looks once at what it sent, so that the next one sends what is stale", async () => {
  const { emulator, up, program, first, verify, lines, slept } = await begin(["a.js", "b.js"], {
    lags: { 1: "never" },
  });
  emulator.fault({ kind: "task-failed", path: url("b.js"), times: 2 });
  const before = slept();
  const failed = await up(first, program("2", { verify: { ...verify, timeout: 300 } }));
  expect(failed.failure).toMatch(/1 refresh failed after a retry: http:.*b\.js/);
  expect(failed.outs).toMatchObject({ pending: [url("b.js"), url("a.js")], verified: { stale: 1 } });
  expect(lines.join("\n")).toMatch(/warning: 1 of 1 paths is stale at the edge: .*a\.js .*; the next update sends/);
  expect(slept() - before).toBeLessThan(60_000);
});

test("without verify nothing is asked, and what was seen before is forgotten", async () => {
  const { emulator, up, program, first, asked } = await begin(["a.js"]);
  const verified = await up(first, program("2"));
  expect(verified.outs).toMatchObject({ verified: { fresh: 1, stale: 0, notVerifiable: 0 } });
  const since = emulator.events.length;
  const after = await up(verified, program("3", { verify: false, wait: true }));
  expect(after.outs).not.toHaveProperty("verified");
  expect(asked(since)).toEqual([]);
});

test("patterns name no URL, and directories are asked for by their own", async () => {
  const { emulator, up, verify, lines, asked } = await begin(["a.js"]);
  const pattern = { paths: [`${DOMAIN}/x/.*[.]js`], objectType: "Regex", contentHash: "1", verify };
  expect((await up(undefined, pattern)).failure).toBeUndefined();
  expect(lines.join("\n")).toContain("nothing can be verified at the edge: a pattern names no URL");
  const since = emulator.events.length;
  const directory = { paths: [url("x/")], objectType: "Directory", contentHash: "1", verify };
  const done = await up(undefined, directory);
  expect(done.outs).toMatchObject({ verified: { fresh: 1 } });
  expect(asked(since)).toEqual([url("x/")]);
});

test("each reason is in the sample, in whatever order the paths are sent", async () => {
  const names = ["z.css", "y.css", "index.html", "a.m3u8", "b.css", "c.css"];
  const { up, program, first, asked, emulator, verify } = await begin(names);
  const { contents } = program("1");
  const { [url("index.html")]: _, ...kept } = contents;
  // One is removed, one is new and sent first, and the others changed.
  const changed = Object.fromEntries(Object.keys(kept).map((path) => [path, "2"]));
  const since = emulator.events.length;
  const next = {
    ...program("2"),
    contents: { ...changed, [url("index.htm")]: "2" },
    priority: ["index.htm", "*.m3u8"],
  };
  await up(first, { ...next, verify: { ...verify, sample: 1 } });
  const seen = asked(since);
  expect(seen).toHaveLength(3);
  expect(seen).toEqual(expect.arrayContaining([url("index.html"), url("index.htm")]));
});

test("a clean URL that is a file's only if that were a directory is verified by the file that there is", async () => {
  const { emulator, up } = await deploys({}, undefined, { random: () => 0.5 });
  const directory = mkdtempSync(join(tmpdir(), "clean-"));
  mkdirSync(join(directory, "docs"));
  for (const name of ["docs/index.html", "a.js"]) {
    writeFileSync(join(directory, name), "new");
    publish(emulator, `${DOMAIN}/${name}`, "new");
  }
  const source = { directory, baseUrl: url(""), indexDocument: "index.html", cleanUrls: true };
  const { failure, outs } = await up(undefined, {
    source,
    verify: { address: new URL(emulator.edge).host, timeout: 0 },
  });
  // The origin has no clean URLs.
  expect(failure).toContain("paths are stale at the edge");
  expect(outs.verified).toMatchObject({ fresh: 2, notVerifiable: 0 });
});
