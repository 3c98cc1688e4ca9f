/**
 * The entry that Pulumi's provider process loads, by the text that every resource keeps in its state: neither the
 * module's path nor the names exported here may ever change.
 */
import { type HostRuntime, preloadProvider, refreshProvider } from "./host.js";

const runtime: HostRuntime = {
  environment: process.env,
  log: (line) => console.log(line),
  now: () => new Date(),
};

/** The provider of `VodCacheRefresh`. */
export const vodCacheRefresh = refreshProvider(runtime);

/** The provider of `VodCachePreload`. */
export const vodCachePreload = preloadProvider(runtime);
