/**
 * The entry that Pulumi's provider process loads, by the text that every resource keeps in its state: neither the
 * module's path nor the names exported here may ever change.
 */
import type { Runtime } from "../resource/clients.js";
import { preloadProvider, refreshProvider } from "../resource/provider.js";

const surroundings: Runtime = {
  environment: process.env,
  log: (line) => console.log(line),
  now: () => new Date(),
};

/** The provider of `VodCacheRefresh`. */
export const vodCacheRefresh = refreshProvider(surroundings);

/** The provider of `VodCachePreload`. */
export const vodCachePreload = preloadProvider(surroundings);
