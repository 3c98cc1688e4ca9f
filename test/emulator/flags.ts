/**
 * The command line of `npm run emulator`.
 */
import { parseArgs } from "node:util";
import { UNFORCED } from "./edge.js";
import type { EmulatorOptions } from "./emulator.js";

export const USAGE =
  "npm run emulator -- [--port N] [--domain D]... [--origin DIRECTORY] [--task-delay MS] [--security-token TOKEN] " +
  "[--unforced drop|revalidate]";

/** Throws an error of one sentence if a flag is unknown or has a bad value. */
export function parseFlags(args: readonly string[]): EmulatorOptions {
  const given = parse(args);
  const { port, domain, origin, "task-delay": taskDelay, "security-token": securityToken, unforced } = given;
  if (origin === "") throw new Error("--origin wants a directory.");
  if (securityToken === "") throw new Error("--security-token wants a token.");
  return {
    ...(port !== undefined && { port: wholeNumber("--port", port, 65_535) }),
    ...(domain && { domains: domain.map(hostName) }),
    ...(origin !== undefined && { originDirectory: origin }),
    ...(securityToken !== undefined && { securityToken }),
    ...(taskDelay !== undefined && { taskDelayMs: wholeNumber("--task-delay", taskDelay, 86_400_000) }),
    ...(unforced !== undefined && { unforced: oneOf("--unforced", unforced, UNFORCED) }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        domain: { type: "string", multiple: true },
        origin: { type: "string" },
        "task-delay": { type: "string" },
        "security-token": { type: "string" },
        unforced: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new Error(explain(error as NodeJS.ErrnoException));
  }
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  const flag = /'([^' ]+)/.exec(message)?.[1] ?? "";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `There is no flag ${flag}.`;
  if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") return `${flag} wants a value.`;
  return `"${flag}" is not a flag.`;
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new Error(`${flag} wants a whole number from 0 to ${max}, not "${text}".`);
  return value;
}

function oneOf<Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === text);
  if (word === undefined) throw new Error(`${flag} wants one of ${words.join(", ")}, not "${text}".`);
  return word;
}

function hostName(text: string): string {
  if (/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i.test(text)) return text;
  throw new Error(`--domain wants a host name like vod.example.com, not "${text}".`);
}
