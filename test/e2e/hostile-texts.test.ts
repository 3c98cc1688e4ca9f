/** Texts from outside reach neither a terminal nor the state as they are: secrets, queries and control sequences. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engines } from "../engine/index.js";
import { type OneUrl, openOneUrl, program, URL_A } from "./one-url.js";
import { resources } from "./stack.js";

const ESCAPE = "\u001b[31m";
/** As long as a signature of the service, HMAC-SHA1 in base64. */
const SIGNATURE = "p2PgGDDkuGM2yIzdCE0dHzn1mYQ=";

describe.each(engines())("on the $name", ({ create }) => {
  let stack: OneUrl;
  beforeEach(async () => {
    stack = await openOneUrl(await create());
  });
  // It asserts that nothing that was printed or stored holds the key or the secret.
  afterEach(() => stack.close());

  test("why a task failed is told in one line without secrets, also in the state's initErrors", async () => {
    const { run, emulator, state } = stack;
    const query = "https://user:password@a.example.com/x?auth_key=1700000000-0-0-5ec2e7";
    const description = `${ESCAPE}Failed\r\n ${emulator.accessKeySecret} ${SIGNATURE} ${query}`;
    await run("up", program("v1"));
    emulator.fault({ kind: "task-failed", description, times: 2 });
    const failed = await run("up", program("v2", { wait: true }));
    expect(failed.succeeded).toBe(false);
    const why = "\\x1b[31mFailed [secret] [secret] https://…@a.example.com/x?…";
    expect(failed.output).toContain(`warning: 1 of 1 refreshes failed: ${URL_A} (${why}); retrying it once`);
    expect(failed.output).toContain(`1 refresh failed after a retry: ${URL_A} (${why}).`);
    expect(failed.resources[0]?.initErrors?.join()).toContain(`(${why}).`);
    const written = JSON.stringify(failed) + (await state());
    for (const text of [ESCAPE, JSON.stringify(ESCAPE).slice(1, -1), SIGNATURE, "password", "5ec2e7"]) {
      expect(written).not.toContain(text);
    }
  });

  test.skipIf(process.platform === "win32")("a directory's name is shown escaped", async () => {
    const { run } = stack;
    const directory = mkdtempSync(join(tmpdir(), "names-"));
    try {
      mkdirSync(join(directory, `${ESCAPE}red`));
      writeFileSync(join(directory, `${ESCAPE}red`, "a.js"), "1");
      const site = { source: { directory, baseUrl: "http://vod.example.com/" } };
      const {
        succeeded,
        resources: [made],
        output,
      } = await run("up", resources({ site }));
      expect(succeeded).toBe(true);
      expect(Object.keys(made?.inputs.files as object)).toEqual(["\\x1b[31mred/"]);
      expect(output).not.toContain(`${ESCAPE}red`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("an input with a password or a signature is refused without showing it", async () => {
    const { run } = stack;
    for (const path of ["https://user:password@a.example.com/x.js", "https://a.example.com/x.js#auth_key=password"]) {
      const refused = await run("preview", resources({ site: { paths: [path], contentHash: "1" } }));
      expect(refused.succeeded).toBe(false);
      expect(refused.output).toMatch(/paths\[0\] \(https:\/\/(…@)?a\.example\.com\/x\.js(#…)?\) /);
      expect(refused.output.replace(/has a user name or a password/g, "")).not.toMatch(/password|user:/);
    }
  });
});
