/** Builds the plugin's server, and takes connections. */
import type { Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import * as messages from "@pulumi/pulumi/proto/engine_pb.js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { type EngineProtocol, logToEngine } from "../host/engine-log.js";
import { RunReport } from "../resource/run-report.js";
import { formatLine } from "../text/log.js";
import { Plugin } from "./plugin.js";
import { buildService } from "./service.js";

/** Messages have no bound: a state may hold a million URLs. */
const UNBOUNDED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

export interface RunningPlugin {
  /** Takes a connection of the engine. */
  accept(socket: Socket): void;
  /** Stops the calls under way, and resolves once they are answered. */
  stop(): Promise<void>;
}

/** @param version of the package, without a `v`. */
export function startPlugin(version: string): RunningPlugin {
  let engine: string | undefined;
  const protocol = { grpc, messages, EngineClient } as unknown as EngineProtocol;
  const plugin = new Plugin(version, {
    environment: process.env,
    log: logToEngine({
      address: () => engine,
      loadProtocol: () => protocol,
      fallback: (line, { name }) => void process.stderr.write(`${formatLine(line, name)}\n`),
    }),
    now: () => new Date(),
    report: new RunReport(),
  });
  const server = new grpc.Server(UNBOUNDED);
  const service = buildService(plugin, (address) => {
    engine = address;
  });
  server.addService(ResourceProviderService as unknown as grpc.ServiceDefinition, service);
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  return {
    accept: (socket) => injector.injectConnection(socket),
    stop: () => {
      plugin.cancel();
      return new Promise((resolve) => server.tryShutdown(() => resolve()));
    },
  };
}
