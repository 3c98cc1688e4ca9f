/**
 * The emulator of the VOD API with an origin and an edge cache: what tests, the demo and `npm run emulator` use.
 */
export type { ReceivedCall } from "./call-log.js";
export { pathsOf } from "./call-log.js";
export type { Conditions, TaskView } from "./controls.js";
export type { ConfigChange, DomainConfig, Lag, OriginAnswer } from "./edge-config.js";
export type { NodeAddress } from "./edge-servers.js";
export type { EdgeEvent, PreloadEvent, PurgeEvent, ViewEvent } from "./edge-work.js";
export type { Emulator, EmulatorOptions } from "./emulator.js";
export { DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_DOMAINS, startEmulator } from "./emulator.js";
export type { Fault } from "./faults.js";
export type { Area } from "./preload.js";
export { publish } from "./publish.js";
export type { View, ViewOptions } from "./view.js";
export { view } from "./view.js";
