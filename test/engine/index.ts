// The engines that tests and the demo run programs with: the stand-in of this folder, and the real Pulumi CLI wherever
// there is one. The stand-in is a test tool of this repository and no product.

import { isCliOnPath, realEngine } from "./realCli.js";
import { standInEngine } from "./standIn.js";

export type Operation = "preview" | "up" | "refresh" | "destroy";

export interface RunOptions {
  /** The directory with Pulumi.yaml. Its `main` is honoured. */
  program: string;
  /** Configuration by "namespace:key", or "key" for the project's namespace. */
  config?: Record<string, string>;
  /** The same, as secret configuration. */
  secrets?: Record<string, string>;
  /** Added to the environment of the program and the provider host; undefined takes a variable away. */
  environment?: Record<string, string | undefined>;
  /** Gets each line as it is printed. */
  onOutput?: (line: string) => void;
  /** Stops the operation as Ctrl-C does. Finished steps stay in the state. */
  signal?: AbortSignal;
}

/** A resource of the state; secrets are shown as "[secret]". */
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
  /** Everything that was printed: property differences, messages, errors, the summary. */
  output: string;
  /** How many resources took which step. The stack itself is one of them, as in Pulumi's own numbers. */
  changes: Partial<Record<string, number>>;
  /** The stack's outputs after the operation; "[secret]" for secret ones. */
  outputs: Record<string, unknown>;
  /** The state after the operation, without the stack and the default provider. */
  resources: ResourceResult[];
}

export interface Engine {
  /** "stand-in engine (Node SDK x.y.z)" or "Pulumi CLI vX". */
  readonly name: string;
  run(operation: Operation, options: RunOptions): Promise<RunResult>;
  /** The deployment as `pulumi stack export` prints it, secrets encrypted. */
  exportState(): Promise<string>;
  importState?(text: string): Promise<void>;
  /** Removes what the engine made and leaves no process. */
  close(): Promise<void>;
}

export interface EngineOptions {
  stack?: string;
  /** Encrypts the secrets of the state. */
  passphrase?: string;
  /** Of the stand-in: whether its operations share processes, in which the SDK's libraries are loaded. Default: no. */
  keepsProcesses?: boolean;
}

/**
 * The stand-in always, and the real CLI where there is one: for tests that run on each. The stand-in keeps its processes, unless
 * it is told otherwise.
 */
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
