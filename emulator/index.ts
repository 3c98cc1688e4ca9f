/**
 * The emulator of the VOD API with an origin and an edge cache, for tests of programs: `pulumi-alicloud-vod/emulator`.
 */
export type { ReceivedCall } from "./call-log.js";
export type { Conditions, QuotaLeft, TaskView } from "./controls.js";
export type { ConfigChange, DomainConfig, Lag, OriginAnswer } from "./edge-config.js";
export type { NodeAddress } from "./edge-servers.js";
export type { EdgeEvent, PreloadEvent, PurgeEvent, ViewEvent } from "./edge-work.js";
export type { Emulator, EmulatorOptions } from "./emulator.js";
export { startEmulator } from "./emulator.js";
export type { Fault } from "./faults.js";
export type { Area } from "./preload.js";
export type { View, ViewOptions } from "./view.js";
