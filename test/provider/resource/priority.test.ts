/** What is sent first, on the emulator of the service. */
import { describe, expect, test } from "vitest";
import { deploys, url } from "./deploys.js";

const NAMES = ["a.css", "live/1.ts", "live/main.m3u8", "index.html", "old/2.ts"];
const contents = (hash: string) => Object.fromEntries(NAMES.map((name) => [url(name), hash]));
const partial = { quota: { onExceeded: "partial" } };

describe("where the day has room for some of it", () => {
  test("index documents and playlists are sent first, and a playlist without its segments is named", async () => {
    const { emulator, up, sent, lines } = await deploys();
    emulator.set({ urlRemain: 2 });
    const first = await up(undefined, { contents: contents("1"), ...partial });
    expect(sent()).toEqual([[url("index.html"), url("live/main.m3u8")]]);
    expect(lines.join("\n")).toContain(
      `1 playlist new at the edge (${url("live/main.m3u8")}) while 1 segment below it`,
    );
    emulator.set({ urlRemain: 2000 });
    const shown = lines.length;
    await up(first, { contents: contents("1"), ...partial });
    expect(sent()[1]).toEqual([url("a.css"), url("live/1.ts"), url("old/2.ts")]);
    expect(lines.slice(shown).join("\n")).not.toContain("playlist");
  });

  test("what a priority names is sent first, in its order, and a glob that matches nothing is a warning", async () => {
    const { emulator, up, sent, lines } = await deploys();
    emulator.set({ urlRemain: 3 });
    await up(undefined, { contents: contents("1"), priority: ["live/*.ts", "*.cs", "live"], ...partial });
    expect(sent()).toEqual([[url("live/1.ts"), url("live/main.m3u8"), url("a.css")]]);
    expect(lines.join("\n")).toContain('priority has "*.cs", which matches no URL');
  });
});

test("an update that fails after a playlist names it", async () => {
  const { emulator, up } = await deploys();
  const many = Object.fromEntries(Array.from({ length: 1_200 }, (_, index) => [url(`live/${index}.ts`), "1"]));
  // Nobody knows that the day has room for the first call only.
  emulator.set({ urlRemain: 1_000 });
  emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
  const { failure } = await up(undefined, { contents: { ...many, [url("live/main.m3u8")]: "1" } });
  expect(failure).toContain(
    `1 playlist new at the edge (${url("live/main.m3u8")}) while 201 segments below it may be old`,
  );
});
