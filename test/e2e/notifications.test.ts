/** docs/guides/notifications.md, automation-api.md and a test of testing.md, which need the real CLI. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";
import { afterEach, describe, expect, test } from "vitest";
import { close, listen } from "../../emulator/listen.js";
import { isCliOnPath } from "../engine/realCli.js";
import { writeProgram } from "../guides/program.js";
import { ROOT, readPrograms } from "../snippets.js";
import { type CliStack, openCliStack } from "./cli.js";

const PAGE = "https://vod.example.com/index.html";
const filesOf = (guide: string) =>
  readPrograms().find(({ document }) => document === `docs/guides/${guide}.md`)?.files ?? {};

if (!isCliOnPath()) test.skip("programs that need the CLI: skipped, since pulumi isn't on the PATH", () => {});
describe.runIf(isCliOnPath())("on the Pulumi CLI", () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  const open = async (files: Record<string, string>) => {
    const stack = await openCliStack(writeProgram(files));
    closing.push(() => stack.close());
    return stack;
  };
  const change = (stack: CliStack) =>
    writeFileSync(join(stack.directory, "site/index.html"), `changed ${stack.emulator.time()}`);

  /** Opens the guide's program with a webhook that answers with `status`. */
  const openHook = async (change = (text: string) => text) => {
    const hook = { posted: [] as string[], status: 200 };
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      hook.posted.push((JSON.parse(body) as { text: string }).text);
      response.writeHead(hook.status).end();
    });
    const address = await listen(server, 0);
    closing.push(() => close(server));
    const { "index.ts": text = "" } = filesOf("notifications");
    const stack = await open({ "index.ts": change(text) });
    stack.environment.WEBHOOK_URL = address;
    return { stack, hook, up: () => stack.pulumi("up", "--yes", "--skip-preview") };
  };

  test("a hook posts the tasks of an update that sent something, and a webhook that fails is a warning", async () => {
    const { stack, hook, up } = await openHook();
    await stack.pulumi("preview");
    expect(hook.posted).toEqual([]);
    await up();
    const [{ taskId } = { taskId: "" }] = stack.emulator.tasks();
    expect(hook.posted.splice(0)).toEqual([`site: Complete, 4 URLs, tasks ${taskId}`]);
    await up();
    expect(hook.posted).toEqual([]);
    hook.status = 500;
    change(stack);
    expect(await up()).toMatch(/warning: .*hook "notify" failed: .*The webhook answered with 500/s);
    expect(hook.posted).toHaveLength(1);
  });

  test("without ignoreErrors, a hook that fails fails the update, which is recorded; an update that fails runs no hook", async () => {
    const { stack, hook, up } = await openHook((text) => text.replace("ignoreErrors: true", ""));
    hook.status = 500;
    await stack.fails("up", "--yes", "--skip-preview");
    expect(stack.sent()).toContain(PAGE);
    expect(hook.posted.splice(0)).toHaveLength(1);
    await up();
    expect(stack.sent()).toEqual([]);
    stack.emulator.set({ service: "suspended" });
    change(stack);
    await stack.fails("up", "--yes", "--skip-preview");
    expect(hook.posted).toEqual([]);
  });

  test("a user's test deploys its program against the emulator", async () => {
    const program = writeProgram(filesOf("testing"));
    closing.push(() => program.remove());
    const home = mkdtempSync(join(tmpdir(), "home-"));
    closing.push(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
    const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [vitest, "run", "--root", program.directory, "emulator.test.ts"],
      { env: { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" } },
    );
    expect(stdout).toMatch(/Tests .*1 passed/);
    expect(readdirSync(program.directory)).not.toContain("Pulumi.emulated.yaml");
  });

  test("a function of the Automation API gives the tasks; in another directory, Pulumi finds no provider", async () => {
    const { outputText } = transpileModule(filesOf("automation-api")["deploy.ts"] ?? "", {
      compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
    });
    const stack = await open({ "deploy.js": outputText });
    const run = (cwd: string) =>
      promisify(execFile)(process.execPath, [join(stack.directory, "deploy.js")], { cwd, env: stack.environment });
    const { stdout } = await run(stack.directory);
    const [{ taskId } = { taskId: "" }] = stack.emulator.tasks();
    expect(stdout.trim().split("\n").at(-1)).toBe(`Submitted: ${taskId}`);
    expect(stack.sent()).toContain(PAGE);
    change(stack);
    stack.emulator.advance(1_000);
    await run(stack.directory);
    expect(stack.sent()).toEqual([PAGE]);
    const elsewhere = mkdtempSync(join(tmpdir(), "elsewhere-"));
    const failed = await run(elsewhere).catch((error: { stdout: string; stderr: string }) => error);
    expect(`${failed.stdout}${failed.stderr}`).toContain("Cannot find module");
    expect(stack.sent()).toEqual([]);
  });
});
