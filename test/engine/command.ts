// The command line of the stand-in engine: its arguments and its exit codes.

import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Operation } from "./index.js";
import { readProgram } from "./program.js";
import { isCliOnPath } from "./realCli.js";
import { standInEngine } from "./standIn.js";

const OPERATIONS: readonly string[] = ["preview", "up", "refresh", "destroy"] satisfies Operation[];
const USAGE =
  "npm run engine -- preview|up|refresh|destroy DIRECTORY [--config k=v]... [--secret k=v]... [--state FILE]";

/** Where a command prints its output and its errors, and what interrupts it. */
export interface Terminal {
  print(line: string): void;
  complain(line: string): void;
  signal: AbortSignal;
}

class UsageError extends Error {}

interface Command {
  operation: Operation;
  program: string;
  config: Record<string, string>;
  secrets: Record<string, string>;
  state: string | undefined;
}

function parseOptions(args: readonly string[]) {
  const many = { type: "string", multiple: true } as const;
  const options = { config: many, secret: many, state: { type: "string" } } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split(". ")[0] ?? "");
  }
}

function parse(args: readonly string[]): Command {
  const given = parseOptions(args);
  const [operation, program, ...more] = given.positionals;
  if (operation === undefined || !OPERATIONS.includes(operation)) {
    throw new UsageError(`"${operation ?? ""}" is none of ${OPERATIONS.join(", ")}`);
  }
  if (program === undefined) throw new UsageError("the program's directory is missing");
  if (more.length > 0) throw new UsageError(`"${more[0]}" is one argument too many`);
  const pairs = (texts: string[] | undefined, option: string): Record<string, string> =>
    Object.fromEntries(
      (texts ?? []).map((text) => {
        const at = text.indexOf("=");
        if (at < 1) throw new UsageError(`${option} takes key=value`);
        return [text.slice(0, at), text.slice(at + 1)];
      }),
    );
  return {
    operation: operation as Operation,
    program,
    config: pairs(given.values.config, "--config"),
    secrets: pairs(given.values.secret, "--secret"),
    state: given.values.state,
  };
}

/** Runs a command and returns its exit code: 0, 1 if the operation failed, 2 if the arguments are wrong. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(parse(args), terminal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    terminal.complain(error instanceof UsageError ? `engine: ${message}; usage: ${USAGE}` : `engine: ${message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run({ operation, program, config, secrets, state }: Command, terminal: Terminal): Promise<number> {
  if (isCliOnPath())
    terminal.print("The Pulumi CLI is on the PATH, for real programs; this is the stand-in all the same.");
  const passphrase = process.env.PULUMI_CONFIG_PASSPHRASE;
  const engine = standInEngine({
    stateFile: state ?? join(".pulumi-state", `${readProgram(program).project}.json`),
    ...(passphrase !== undefined && { passphrase }),
  });
  try {
    const { print: onOutput, signal } = terminal;
    return (await engine.run(operation, { program, config, secrets, onOutput, signal })).succeeded ? 0 : 1;
  } finally {
    await engine.close();
  }
}
