import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanSource } from "../../../provider/source/scan.js";
import { temporaryDirectory } from "../content/content.js";

const NAMES = ["a", "b", "dir/a", "dir/sub/b"];
const name = fc.constantFrom(...NAMES);
/** Contents of two sizes, so that most changes keep the size. */
const content = fc.constantFrom("one", "two", "six", "three", "seven");

/** What can happen to a directory between two scans. Times are kept by some tools, and not by others. */
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write" as const), name, content, keepsTime: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rename" as const), name, to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("touch" as const), name, seconds: fc.constantFrom(0, 1e9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), milliseconds: fc.constantFrom(1, 5, 120) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("scan" as const) }) },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

async function apply(directory: string, what: Exclude<Change, { do: "scan" }>): Promise<void> {
  if (what.do === "wait") return void (await sleep(what.milliseconds));
  const path = join(directory, what.name);
  const before = statSync(path, { throwIfNoEntry: false });
  if (what.do === "write") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, what.content);
    if (before && what.keepsTime) utimesSync(path, before.atime, before.mtime);
  } else if (before && what.do === "rename") {
    mkdirSync(dirname(join(directory, what.to)), { recursive: true });
    renameSync(path, join(directory, what.to));
  } else if (before && what.do === "touch") {
    utimesSync(path, what.seconds, what.seconds);
  } else if (what.do === "remove") {
    rmSync(path, { force: true });
  }
}

/** What a scan has to give, read by the simplest means. */
function read(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const hash = createHash("sha256").update(readFileSync(path)).digest("base64url").slice(0, 12);
      return [path.slice(directory.length + 1).replaceAll("\\", "/"), hash];
    }),
  );
}

describe("scanSource with a cache", () => {
  it("returns the same as without one, whatever happened to the directory since", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 4, maxLength: 25 }), async (changes) => {
        const directory = temporaryDirectory({ a: "one", b: "two", "dir/a": "six" });
        const cacheDirectory = temporaryDirectory();
        for (const what of [...changes, { do: "scan" } as const]) {
          if (what.do === "scan") {
            expect(Object.fromEntries(await scanSource({ directory, cacheDirectory }))).toEqual(read(directory));
          } else await apply(directory, what);
        }
      }),
      { numRuns: 60 },
    );
  });
});
