/**
 * The module that Pulumi's dynamic provider host loads. Every resource names it in its state, so that neither the module's path nor
 * the names of its exports may ever change.
 */
import { logToEngine } from "../host/engine-log.js";
import type { HostRuntime } from "../host/host.js";
import { RunReport } from "../resource/run-report.js";
import { formatLine } from "../text/log.js";
import { loadEngineProtocol } from "./engine-protocol.js";
import { preloadProvider, refreshProvider } from "./host.js";

// Pulumi starts the host with the engine's address as its argument.
const [, script = "", address] = process.argv;

const runtime: HostRuntime = {
  environment: process.env,
  log: logToEngine({
    address: () => address,
    loadProtocol: () => loadEngineProtocol(script),
    fallback: (line, { name }) => console.log(formatLine(line, name)),
  }),
  now: () => new Date(),
  report: new RunReport(),
};

/** The provider of `VodCacheRefresh`. */
export const vodCacheRefresh = refreshProvider(runtime);

/** The provider of `VodCachePreload`. */
export const vodCachePreload = preloadProvider(runtime);
