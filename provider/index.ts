/**
 * The entry that Pulumi's provider process loads, by the text that every resource keeps in its state: neither the
 * module's path nor the names exported here may ever change.
 */
import { refreshProvider } from "./refresh.js";

/** The provider of `VodCacheRefresh`. */
export const vodCacheRefresh = refreshProvider({
  environment: process.env,
  info: (line) => console.log(line),
  now: () => new Date(),
});
