// The conformance replay: runs the operations of conformance/operations.json on an engine, one after the other. It
// compares the calls of the provider, the success and the state of each with the record of the real Pulumi CLI.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine, Operation, ResourceResult, RunResult } from "./index.js";
import type { LogLine } from "./progress.js";
import { repositoryRoot, temporaryProgram } from "./temporaryProgram.js";

/** What the real CLI did in one operation. */
export interface Recorded {
  operation: Operation;
  config: Record<string, string>;
  secrets: Record<string, string>;
  environment?: Record<string, string>;
  succeeded: boolean;
  /** How many steps the summary says have failed; absent in operations that were recorded without it. */
  errored?: number;
  /** What the provider logged; absent in operations that were recorded without it. */
  logged?: LogLine[];
  /** The same as `--diff` prints it. */
  printed?: string[];
  calls: Record<string, unknown>[];
  stateAfter: Record<string, unknown>[];
}

export interface Outcome {
  number: number;
  title: string;
  /** Empty if the engine did the same. */
  differences: string[];
  output: string;
}

const folder = (): string => join(repositoryRoot(), "test", "engine", "conformance");

export function recordedOperations(): Recorded[] {
  return JSON.parse(readFileSync(join(folder(), "operations.json"), "utf8")) as Recorded[];
}

export async function replay(
  engine: Engine,
  operations: readonly Recorded[],
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<Outcome[]> {
  const program = temporaryProgram(join(folder(), "program"));
  const outcomes: Outcome[] = [];
  try {
    for (const [i, recorded] of operations.entries()) {
      const calls = join(program.directory, `calls-${i}`);
      writeFileSync(calls, "");
      const { operation, config, secrets, environment } = recorded;
      const result = await engine.run(operation, {
        program: program.directory,
        config,
        secrets,
        environment: { DRIFT: undefined, GONE: undefined, ...environment, CALLS: calls },
      });
      const outcome = {
        number: i + 1,
        title: describeOperation(recorded),
        differences: compare(recorded, {
          succeeded: result.succeeded,
          ...(recorded.errored === undefined ? {} : { errored: readErrored(result.output) }),
          ...(recorded.logged === undefined ? {} : { logged: result.logged, printed: readPrinted(result) }),
          calls: readFileSync(calls, "utf8")
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line)),
          stateAfter: result.resources.map(toRecorded),
        }),
        output: result.output,
      };
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  } finally {
    program.remove();
  }
  return outcomes;
}

/** Each difference between the record and the replay, in one line. */
export function compare(
  recorded: Pick<Recorded, "succeeded" | "errored" | "logged" | "printed" | "calls" | "stateAfter">,
  seen: Pick<Recorded, "succeeded" | "errored" | "logged" | "printed" | "calls" | "stateAfter">,
): string[] {
  return [
    ...findDifferences("succeeded", recorded.succeeded, seen.succeeded),
    ...findDifferences("errored", recorded.errored, seen.errored),
    ...findDifferences("logged", recorded.logged, seen.logged),
    ...findDifferences("printed", recorded.printed, seen.printed),
    ...findDifferences("calls", recorded.calls, seen.calls),
    ...findDifferences("state", recorded.stateAfter, seen.stateAfter),
  ];
}

/** How many steps failed, by the summary. The CLI prints the colors of this line as it finds them. */
function readPrinted({ output, logged }: Pick<RunResult, "output" | "logged">): string[] {
  return output.split("\n").filter((line) => logged.some(({ message }) => line.endsWith(message)));
}

function readErrored(output: string): number {
  return Number(/^ *(?:<\{%fg 1%\}>)?(\d+) errored/m.exec(output)?.[1] ?? 0);
}

function findDifferences(path: string, expected: unknown, found: unknown): string[] {
  if (isContainer(expected) && isContainer(found) && Array.isArray(expected) === Array.isArray(found)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
    return keys.flatMap((key) => findDifferences(`${path}.${key}`, expected[key], found[key]));
  }
  const [a, b] = [JSON.stringify(expected) ?? "nothing", JSON.stringify(found) ?? "nothing"];
  return a === b ? [] : [`${path}: Pulumi ${a}, this engine ${b}`];
}

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The part of a resource that the recording keeps. */
function toRecorded(resource: ResourceResult): Record<string, unknown> {
  const { id, protect, retainOnDelete, initErrors, pendingReplacement } = resource;
  const withoutProvider = ({ __provider, ...rest }: Record<string, unknown>): Record<string, unknown> => rest;
  return {
    ...(id !== undefined && { id }),
    inputs: withoutProvider(resource.inputs),
    outputs: withoutProvider(resource.outputs),
    ...(protect && { protect }),
    ...(retainOnDelete && { retainOnDelete }),
    ...(initErrors && initErrors.length > 0 && { initErrors }),
    ...(pendingReplacement && { pendingReplacement }),
  };
}

function describeOperation({ operation, config, environment }: Recorded): string {
  const settings = { ...config, ...environment };
  return `${operation} ${Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ")}`;
}
