// The engines for tests and the demo: the stand-in of this folder, and the real Pulumi CLI if it is installed. The
// stand-in is a test tool of this repository and not a product.

import type { LogLine } from "./progress.js";
import { isCliOnPath, realEngine } from "./realCli.js";
import { standInEngine } from "./standIn.js";

export type Operation = "preview" | "up" | "refresh" | "destroy";

export interface RunOptions {
  /** The directory with Pulumi.yaml, whose `main` counts. */
  program: string;
  /** Configuration by "namespace:key", or "key" for the project's namespace. */
  config?: Record<string, string>;
  /** Secret configuration, by the same keys. */
  secrets?: Record<string, string>;
  /** Added to the environment of the program and the provider host; undefined removes a variable. */
  environment?: Record<string, string | undefined>;
  /** Receives each line as it is printed. */
  onOutput?: (line: string) => void;
  /** Stops the operation as Ctrl-C does. Finished steps stay in the state. */
  signal?: AbortSignal;
}

/** A resource of the state, with each secret as "[secret]". */
export interface ResourceResult {
  urn: string;
  type: string;
  id?: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  initErrors?: string[];
  protect?: boolean;
  retainOnDelete?: boolean;
  dependencies?: string[];
  /** Replaced, and still to be deleted. */
  delete?: boolean;
  pendingReplacement?: boolean;
}

export interface RunResult {
  succeeded: boolean;
  /** Everything that the operation printed: property differences, messages, errors, the summary. */
  output: string;
  /** The lines of the program and its provider, without errors and `debug`. Warnings are what Pulumi counts as such. */
  logged: LogLine[];
  /** The number of resources by step. The stack counts as a resource, as in Pulumi. */
  changes: Partial<Record<string, number>>;
  /** The stack's outputs after the operation, with each secret as "[secret]". */
  outputs: Record<string, unknown>;
  /** The state after the operation, without the stack and the providers. */
  resources: ResourceResult[];
}

export interface Engine {
  /** "stand-in engine (Node SDK x.y.z)" or "Pulumi CLI vX". */
  readonly name: string;
  run(operation: Operation, options: RunOptions): Promise<RunResult>;
  /** The deployment as `pulumi stack export` prints it, with encrypted secrets. */
  exportState(): Promise<string>;
  importState?(text: string): Promise<void>;
  /** Removes the engine's files and ends its processes. */
  close(): Promise<void>;
}

export interface EngineOptions {
  stack?: string;
  /** Encrypts the secrets of the state. */
  passphrase?: string;
  /** Whether the stand-in's operations share processes, which load the SDK's libraries only once. Default: false. */
  keepsProcesses?: boolean;
}

/** The engines to test on: the stand-in, which keeps its processes by default, and the real CLI if it is installed. */
export function engines(): { name: string; create(options?: EngineOptions): Promise<Engine> }[] {
  const standIn = {
    name: "stand-in engine",
    create: async (options?: EngineOptions) => standInEngine({ keepsProcesses: true, ...options }),
  };
  if (!isCliOnPath()) return [standIn];
  const create = async (options?: EngineOptions): Promise<Engine> => {
    const engine = await realEngine(options);
    if (!engine) throw new Error("The Pulumi CLI on the PATH does not tell its version.");
    return engine;
  };
  return [standIn, { name: "Pulumi CLI", create }];
}

export { realEngine, standInEngine };
