import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "./command.js";
import { programFiles } from "./programs.js";
import { temporaryProgram } from "./temporaryProgram.js";

async function run(...args: string[]): Promise<{ code: number; printed: string; complaints: string }> {
  const [printed, complaints]: [string[], string[]] = [[], []];
  const { signal } = new AbortController();
  const code = await runCommand(args, { print: (l) => printed.push(l), complain: (l) => complaints.push(l), signal });
  return { code, printed: printed.join("\n"), complaints: complaints.join("\n") };
}

describe("the command line", () => {
  it.each([
    [[], '"" is none of preview, up, refresh, destroy; usage: npm run engine -- '],
    [["deploy", "."], '"deploy" is none of preview, up, refresh, destroy; '],
    [["up"], "the program's directory is missing; "],
    [["up", ".", "more"], '"more" is one argument too many; '],
    [["up", ".", "--confg", "a=b"], "Unknown option '--confg'; "],
    [["up", ".", "--config", "a"], "--config takes key=value; "],
    [["up", ".", "--secret", "=b"], "--secret takes key=value; "],
  ])("refuses the arguments %j with one sentence", async (args, sentence) => {
    const { code, complaints, printed } = await run(...args);
    expect([code, printed]).toEqual([2, ""]);
    expect(complaints).toContain(`engine: ${sentence}`);
    expect(complaints.split("\n")).toHaveLength(1);
  });

  it("fails with one sentence in a directory without a program", async () => {
    const { code, complaints } = await run("up", join(__dirname, "conformance"));
    expect([code, complaints]).toEqual([1, expect.stringContaining("there is no Pulumi.yaml in it.")]);
  });

  it("runs an operation, and its exit code says whether it succeeded", async () => {
    const program = temporaryProgram(programFiles(`exports.sum = config.requireNumber("a") + 1;`));
    const state = join(program.directory, "deep", "state.json");
    const args = [program.directory, "--state", state, "--secret", "b=hunter2=x"];
    const up = await run("up", ...args, "--config", "a=1");
    expect([up.code, up.complaints]).toEqual([0, ""]);
    expect(up.printed).toContain("with the stand-in engine (a test tool, not the Pulumi CLI)");
    expect(up.printed).toContain("sum: 2");
    expect(existsSync(state)).toBe(true);
    expect((await run("preview", ...args)).code).toBe(1);
    rmSync(program.directory, { recursive: true });
  });
});
