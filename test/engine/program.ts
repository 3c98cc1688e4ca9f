// A program directory: its Pulumi.yaml, its entry point, its configuration, and the runner and the provider host of its
// copy of the SDK. The engine speaks the protocol of its own copy with all of them, as the real one does.

import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import type * as engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type * as providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import type * as resourceMessages from "@pulumi/pulumi/proto/resource_pb.js";
import type * as emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import type * as structMessages from "google-protobuf/google/protobuf/struct_pb.js";
import { Refusal } from "./refusals.js";

interface ProjectFile {
  name?: unknown;
  main?: unknown;
  runtime?: unknown;
  config?: Record<string, unknown>;
}

export interface Program {
  /** The project's name. */
  readonly project: string;
  /** The directory of Pulumi.yaml. */
  readonly root: string;
  /** The directory of `main`, in which the program and the provider host run. */
  readonly directory: string;
  readonly entry: string;
  readonly typescript: boolean;
  /** Whether its package consists of ES modules. */
  readonly isModule: boolean;
  readonly nodeArguments: string[];
  /** The defaults of the project file, by full key. */
  readonly defaults: Record<string, string>;
}

/** The parts of the SDK that the engine uses. */
export interface Sdk {
  readonly version: string;
  readonly grpc: typeof grpc;
  readonly resource: typeof resourceMessages;
  readonly engine: typeof engineMessages;
  readonly provider: typeof providerMessages;
  readonly struct: typeof structMessages;
  readonly empty: typeof emptyMessages;
  readonly status: { Status: { deserializeBinary(bytes: Uint8Array): StatusMessage } };
  readonly services: { monitor: grpc.ServiceDefinition; engine: grpc.ServiceDefinition };
  readonly providerClient: grpc.ServiceClientConstructor;
  /** The SDK's program runner. */
  readonly runner: string;
  /** The SDK's dynamic provider host. */
  readonly host: string;
}

interface StatusMessage {
  getDetailsList(): {
    unpack<T>(deserialize: (bytes: Uint8Array) => T, type: string): T | null;
    getTypeName(): string;
  }[];
}

/** Reads the project file of a directory. Throws one sentence if it is wrong or not supported. */
export function readProgram(path: string): Program {
  const root = resolve(path);
  let text: string | undefined;
  for (const name of ["Pulumi.yaml", "Pulumi.yml"]) {
    try {
      text ??= readFileSync(join(root, name), "utf8");
    } catch {
      // Try the next name; the error below covers both.
    }
  }
  if (text === undefined) throw new Error(`${root} holds no Pulumi program: there is no Pulumi.yaml in it.`);
  const file = (sdkRequire(root)("js-yaml") as { load(text: string): unknown }).load(text) as ProjectFile | null;
  if (typeof file?.name !== "string") throw new Error(`The Pulumi.yaml in ${root} names no project.`);
  const runtime = (typeof file.runtime === "string" ? { name: file.runtime } : file.runtime) as
    | { name?: string; options?: { typescript?: boolean; nodeargs?: string } }
    | undefined;
  if (runtime?.name !== "nodejs") throw new Refusal(`programs whose runtime is ${runtime?.name ?? "not given"}`);
  const place = resolveEntry(root, typeof file.main === "string" ? file.main : undefined);
  return {
    project: file.name,
    root,
    ...place,
    isModule: isModule(place.directory),
    typescript: runtime.options?.typescript !== false,
    nodeArguments: runtime.options?.nodeargs?.split(" ").filter(Boolean) ?? [],
    defaults: readDefaults(file.name, file.config ?? {}),
  };
}

function isModule(directory: string): boolean {
  try {
    return (JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { type?: unknown }).type === "module";
  } catch {
    return false;
  }
}

function resolveEntry(root: string, main: string | undefined): { directory: string; entry: string } {
  if (main === undefined) return { directory: root, entry: "." };
  const path = resolve(root, main);
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isDirectory === undefined) throw new Error(`The "main" of the Pulumi.yaml in ${root} does not exist: ${main}.`);
  return isDirectory ? { directory: path, entry: "." } : { directory: dirname(path), entry: basename(path) };
}

function readDefaults(project: string, config: Record<string, unknown>): Record<string, string> {
  const defaults: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    const given =
      typeof value === "object" && value !== null ? (value as { default?: unknown; value?: unknown }) : { value };
    const chosen = given.value ?? ("default" in given ? given.default : undefined);
    if (chosen !== undefined)
      defaults[fullKey(project, key)] = typeof chosen === "string" ? chosen : JSON.stringify(chosen);
  }
  return defaults;
}

/** A configuration key with its namespace, which is the project by default. */
export const fullKey = (project: string, key: string): string => (key.includes(":") ? key : `${project}:${key}`);

function sdkRequire(directory: string): NodeJS.Require {
  try {
    return createRequire(createRequire(join(directory, "index.js")).resolve("@pulumi/pulumi/package.json"));
  } catch {
    throw new Error(`${directory} can't find @pulumi/pulumi: install the program's dependencies first.`);
  }
}

/** The version of the SDK that programs in a directory use. */
export const sdkVersion = (directory: string): string =>
  (sdkRequire(directory)("@pulumi/pulumi/package.json") as { version: string }).version;

export function loadSdk(directory: string): Sdk {
  const { resolve } = sdkRequire(directory);
  // They take a while to load, and nothing needs them before.
  const load = createRequire(__filename);
  const services = (name: string): Record<string, unknown> => load(`@pulumi/pulumi/proto/${name}_grpc_pb`);
  return {
    version: sdkVersion(directory),
    grpc: load("@grpc/grpc-js"),
    resource: load("@pulumi/pulumi/proto/resource_pb"),
    engine: load("@pulumi/pulumi/proto/engine_pb"),
    provider: load("@pulumi/pulumi/proto/provider_pb"),
    status: load("@pulumi/pulumi/proto/status_pb"),
    struct: load("google-protobuf/google/protobuf/struct_pb"),
    empty: load("google-protobuf/google/protobuf/empty_pb"),
    services: {
      monitor: services("resource").ResourceMonitorService as grpc.ServiceDefinition,
      engine: services("engine").EngineService as grpc.ServiceDefinition,
    },
    providerClient: services("provider").ResourceProviderClient as grpc.ServiceClientConstructor,
    runner: resolve("@pulumi/pulumi/cmd/run"),
    host: resolve("@pulumi/pulumi/cmd/dynamic-provider"),
  };
}
