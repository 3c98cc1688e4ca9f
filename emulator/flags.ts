/**
 * The command line of `pulumi-alicloud-vod-emulator`.
 */
import { parseArgs } from "node:util";
import { parseConfigs } from "./admin-input.js";
import { type ConfigChange, type Lag, UNFORCED } from "./edge-config.js";
import type { EmulatorOptions } from "./emulator.js";

export const USAGE =
  "pulumi-alicloud-vod-emulator [--port N] [--edge-port N] [--host ADDRESS] [--domain D]... [--origin DIRECTORY] " +
  "[--task-delay MS] [--security-token TOKEN] " +
  "[--unforced drop|revalidate] [--nodes N] [--parent] [--lag NODE=MS|NODE=never]... [--https] [--configs JSON]";

const MAX_NODES = 100;

export function asksForHelp(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

/** Throws an error of one sentence if a flag is unknown or has a bad value. */
export function parseFlags(args: readonly string[]): EmulatorOptions {
  const given = parse(args);
  const { port, domain, origin, "task-delay": taskDelay, "security-token": securityToken, unforced } = given;
  const { nodes, parent, lag, https, configs, host, "edge-port": edgePort } = given;
  if (host === "") throw new Error("--host wants an address.");
  if (origin === "") throw new Error("--origin wants a directory.");
  if (securityToken === "") throw new Error("--security-token wants a token.");
  return {
    ...(port !== undefined && { port: wholeNumber("--port", port, 65_535) }),
    ...(edgePort !== undefined && { edgePort: wholeNumber("--edge-port", edgePort, 65_535) }),
    ...(host !== undefined && { host }),
    ...(domain && { domains: domain.map(hostName) }),
    ...(origin !== undefined && { originDirectory: origin }),
    ...(securityToken !== undefined && { securityToken }),
    ...(taskDelay !== undefined && { taskDelayMs: wholeNumber("--task-delay", taskDelay, 86_400_000) }),
    ...(unforced !== undefined && { unforced: oneOf("--unforced", unforced, UNFORCED) }),
    ...(nodes !== undefined && { nodes: wholeNumber("--nodes", nodes, MAX_NODES, 1) }),
    ...(parent !== undefined && { parent }),
    ...(lag && { lags: Object.fromEntries(lag.map(nodeLag)) }),
    ...(https !== undefined && { https }),
    ...(configs !== undefined && { configs: domainConfigs(configs) }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        "edge-port": { type: "string" },
        host: { type: "string" },
        domain: { type: "string", multiple: true },
        origin: { type: "string" },
        "task-delay": { type: "string" },
        "security-token": { type: "string" },
        unforced: { type: "string" },
        nodes: { type: "string" },
        parent: { type: "boolean" },
        lag: { type: "string", multiple: true },
        https: { type: "boolean" },
        configs: { type: "string" },
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

function wholeNumber(flag: string, text: string, max: number, min = 0): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new Error(`${flag} wants a whole number from ${min} to ${max}, not "${text}".`);
  }
  return value;
}

function nodeLag(text: string): [node: string, lag: Lag] {
  const [, node, lag] = /^(\d{1,3}|parent)=(\d{1,9}|never)$/.exec(text) ?? [];
  if (node === undefined || lag === undefined) {
    throw new Error(`--lag wants a node and its lag, such as 1=30000 or 1=never, not "${text}".`);
  }
  return [node, lag === "never" ? lag : Number(lag)];
}

function domainConfigs(text: string): Record<string, ConfigChange | null> {
  try {
    return parseConfigs(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `--configs wants JSON such as {"vod.example.com":{"compression":true}}. ${(error as Error).message}`,
    );
  }
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
