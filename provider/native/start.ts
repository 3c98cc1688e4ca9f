/** Builds the plugin's server, and takes connections. */
import type { Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import * as messages from "@pulumi/pulumi/proto/engine_pb.js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { type EngineProtocol, logToEngine, type ShowLine } from "../host/engine-log.js";
import type { Runtime } from "../resource/clients.js";
import { RunReport } from "../resource/run-report.js";
import { formatLine } from "../text/log.js";
import type { Release } from "./package-schema.js";
import { Plugin } from "./plugin.js";
import { buildService } from "./service.js";

const CHANNEL_OPTIONS = {
  // Messages have no bound: a state may hold a million URLs.
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  // gRPC's records of each call, which nobody asks this server for.
  "grpc.enable_channelz": 0,
};

export interface RunningPlugin {
  /** Takes a connection of the engine. */
  accept(socket: Socket): void;
  /** Stops the calls under way, and resolves once they are answered. */
  stop(): Promise<void>;
}

/**
 * @param release what the plugin says of itself.
 * @param address the engine's, if it is known already. Newer engines say it in the first call.
 * @param runtime what tests have of their own.
 */
export function startPlugin(release: Release, address?: string, runtime: Partial<Runtime> = {}): RunningPlugin {
  let engine = address;
  let show = logTo(address);
  const plugin = new Plugin(release, {
    environment: process.env,
    now: () => new Date(),
    report: new RunReport(),
    ...runtime,
    log: (line, resource) => show(line, resource),
  });
  const server = new grpc.Server(CHANNEL_OPTIONS);
  // A plugin that a person started may serve one engine after the other.
  const service = buildService(plugin, (given) => {
    if (given === engine) return;
    engine = given;
    show = logTo(given);
  });
  server.addService(ResourceProviderService as unknown as grpc.ServiceDefinition, service);
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const open = new Set<Socket>();
  return {
    accept: (socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      injector.injectConnection(socket);
    },
    stop: async () => {
      plugin.cancel();
      // Each connection is closed once its calls are answered. What gRPC says of that isn't waited for: it never comes where the
      // engine closes the connection at the same time.
      server.tryShutdown(() => {});
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    },
  };
}

function logTo(engine: string | undefined): ShowLine {
  return logToEngine({
    address: () => engine,
    loadProtocol: () => ({ grpc, messages, EngineClient }) as unknown as EngineProtocol,
    fallback: (line, { name }) => void process.stderr.write(`${formatLine(line, name)}\n`),
  });
}
