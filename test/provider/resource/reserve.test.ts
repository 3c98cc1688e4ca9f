/** What a resource leaves of the day, on the emulator of the service. */
import { describe, expect, test } from "vitest";
import { contentsBelow, deploys, url } from "./deploys.js";

const contents = contentsBelow(url("a/"), 30);
const spent = (sent: readonly string[][]) => sent.flat().length;

describe("a reserve of 100 URLs", () => {
  const reserve = { urls: 100 };

  test("is left by an update that sends what fits, and a later one without it sends the rest", async () => {
    const { emulator, up, sent } = await deploys();
    emulator.set({ urlRemain: 120 });
    const first = await up(undefined, { contents, reserve, quota: { onExceeded: "partial" } });
    expect(spent(sent())).toBe(20);
    expect(first.outs.pending).toHaveLength(10);
    await up(first, { contents, reserve: { urls: 0 }, quota: { onExceeded: "partial" } });
    expect(spent(sent())).toBe(30);
  });

  test("fails an update that would need it, which sends nothing", async () => {
    const { emulator, up, sent } = await deploys();
    const first = await up(undefined, { contents, reserve });
    emulator.set({ urlRemain: 120 });
    const changed = { contents: Object.fromEntries(Object.keys(contents).map((key) => [key, "v2"])), reserve };
    const failed = await up(first, changed);
    expect(failed.failure).toContain("120 of 2,000 URLs left, 100 of them reserved, and 30 are due; nothing was sent.");
    expect(failed.failure).toContain("In an emergency, set reserve.urls to 0 for one update.");
    expect(sent()).toHaveLength(1);
    // An emergency.
    expect((await up(failed, { ...changed, reserve: { urls: 0 } })).failure).toBeUndefined();
    expect(spent(sent())).toBe(60);
  });

  test("is left by directories in place of URLs as well", async () => {
    const { emulator, up, sent } = await deploys();
    emulator.set({ urlRemain: 120, dirRemain: 11 });
    await up(undefined, { contents, reserve: { urls: 100, directories: 10 }, quota: { onExceeded: "collapse" } });
    expect(sent()).toEqual([[url("a/")]]);
    const other = await deploys();
    other.emulator.set({ urlRemain: 120, dirRemain: 10 });
    const program = { contents, reserve: { urls: 100, directories: 10 }, quota: { onExceeded: "collapse" } };
    expect((await other.up(undefined, program)).failure).toContain("nothing was sent");
    expect(other.sent()).toEqual([]);
  });

  test("keeps a failed path from being sent once more", async () => {
    const { emulator, up, sent, lines } = await deploys();
    emulator.set({ urlRemain: 130 });
    emulator.fault({ kind: "task-failed", path: url("a/3"), times: 1 });
    const failed = await up(undefined, { contents, reserve, wait: true });
    expect(spent(sent())).toBe(30);
    expect(failed.outs.pending).toEqual([url("a/3")]);
    expect(lines.join("\n")).toContain("1 path not retried: today's quota has no room for it above the reserve");
    // The next one has room.
    emulator.set({ urlRemain: 101 });
    expect((await up(failed, { contents, reserve, wait: true })).outs.status).toBe("Complete");
    expect(spent(sent())).toBe(31);
  });
});
