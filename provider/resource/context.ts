/** What comes with each call of a method: whose call it is, where its lines go, and whether it was cancelled. */

import type { Log } from "../text/log.js";

/** Inputs and outputs as the engine hands them over, before anything is known of them. */
export type Properties = Record<string, unknown>;

export interface CallContext {
  /** The resource's URN. Default: it isn't known. */
  urn?: string | undefined;
  /** The resource's name. Default: it has none. */
  name?: string | undefined;
  /** Shows lines beside the resource. */
  log: Log;
  /** Whether the paths are secret, so that no line and no error names one. Default: false. */
  secretPaths?: boolean | undefined;
  /** Whether the headers of a preload are secret, so that no error names one. Default: false. */
  secretHeaders?: boolean | undefined;
  /** When it aborts, nothing more is waited for or sent. Default: it never does. */
  signal?: AbortSignal | undefined;
}
