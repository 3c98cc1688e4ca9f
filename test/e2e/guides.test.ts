/** The programs in docs/ run as they stand there, in a directory with a small site; what they upload goes to the emulator's origin. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { publish, view } from "../emulator/index.js";
import { engines } from "../engine/index.js";
import { SITE, writeProgram } from "../guides/program.js";
import { ROOT, readPrograms } from "../snippets.js";
import { openStack, type Stack } from "./stack.js";

const DOMAINS = ["vod.example.com", "img.example.com"];
const EXAMPLE = "examples/alicloud-ts-vod-static-website/index.ts";
const example = { document: EXAMPLE, line: 1, files: { "index.ts": readFileSync(join(ROOT, EXAMPLE), "utf8") } };
const programs = [...readPrograms(), example].flatMap((program) => {
  const { "index.ts": text = "" } = program.files as Record<string, string>;
  // Hooks need the CLI: see notifications.test.ts.
  if (text === "" || text.includes("ResourceHook")) return [];
  return [{ ...program, text, site: text.includes('"www"') ? "www" : "site" }];
});

describe.each(engines())("on the $name", ({ create }) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  test.each(programs)("$document:$line refreshes what changed and nothing else", async (guide) => {
    const program = writeProgram(guide.files, guide.site);
    closing.push(() => program.remove());
    const stack: Stack = await openStack(await create(), program.directory);
    closing.push(() => stack.close());
    const { emulator } = stack;
    const uploads = guide.text.includes("BucketObject");
    const put = (name: string, text: string) => {
      writeFileSync(join(program.directory, guide.site, name), text);
      if (!uploads) for (const domain of DOMAINS) publish(emulator, `${domain}/${name}`, text);
    };
    for (const name of SITE) put(name, `old ${name}`);
    const run = async (operation: "preview" | "up") => {
      const before = stack.refreshed().length;
      const result = await stack.run(
        operation,
        { domain: "vod.example.com", bucket: "example" },
        { ORIGIN: join(emulator.origin, "vod.example.com") },
      );
      expect(result.succeeded, result.output).toBe(true);
      return stack.refreshed().slice(before);
    };

    expect(await run("preview")).toEqual([]);
    // The emulator has one account; identity.test.ts deploys to three.
    if (guide.text.includes("assumeRole")) return;
    const first = await run("up");
    expect(first).toContain("https://vod.example.com/videos/intro.m3u8");
    for (const url of first) await view(emulator, url);
    expect(await run("up")).toEqual([]);

    put("videos/intro.m3u8", "new playlist");
    const urls = first.filter((url) => url.endsWith("/intro.m3u8"));
    expect((await run("up")).sort()).toEqual(urls.sort());
    for (const url of urls) expect((await view(emulator, url)).body).toBe("new playlist");
  });
});

test.each(readPrograms().filter(({ files }) => "site.test.ts" in files))(
  "$document:$line: the tests pass",
  async (guide) => {
    const program = writeProgram(guide.files);
    try {
      const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
      const { stdout } = await promisify(execFile)(process.execPath, [
        vitest,
        "run",
        "--root",
        program.directory,
        "site.test.ts",
      ]);
      expect(stdout).toMatch(/Tests .*1 passed/);
    } finally {
      program.remove();
    }
  },
);
