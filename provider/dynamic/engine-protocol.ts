/** The engine's protocol, from the process that runs dynamic providers. */
import { createRequire } from "node:module";
import type { EngineProtocol } from "../host/engine-log.js";

/**
 * Loads the copies that the host itself uses: this package may resolve others.
 *
 * @param script the script of the host.
 * @throws if the modules aren't where they are in every version of Pulumi that is known.
 */
export function loadEngineProtocol(script: string): EngineProtocol {
  const load = createRequire(script);
  const { EngineClient } = load("../../proto/engine_grpc_pb");
  return { grpc: load("@grpc/grpc-js"), messages: load("../../proto/engine_pb"), EngineClient };
}
