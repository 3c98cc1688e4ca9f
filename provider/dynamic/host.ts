/** The resources as Pulumi's dynamic provider host runs them. */
import type { dynamic } from "@pulumi/pulumi";
import { type HostRuntime, ResourceHost } from "../host/host.js";
import type { Properties } from "../resource/context.js";
import { PRELOAD, REFRESH } from "../schema/inputs.js";

/** The provider of VodCacheRefresh. */
export const refreshProvider = (runtime: HostRuntime) => new DynamicProvider(REFRESH, runtime);

/** The provider of VodCachePreload. */
export const preloadProvider = (runtime: HostRuntime) => new DynamicProvider(PRELOAD, runtime);

export class DynamicProvider extends ResourceHost {
  // It must not wait for anything: the host lets the first calls run without it.
  async configure({ config }: dynamic.ConfigureRequest): Promise<void> {
    this.configureWith((key) => config.get(key));
  }

  /** A state of the plugin has no text to make a provider of, without which the resource couldn't be deleted: an update adds it. */
  override async diff(id: string, olds: Properties, news: Properties): Promise<{ changes: boolean }> {
    const { changes } = await super.diff(id, olds, news);
    return { changes: changes || (olds.__provider === undefined && news.__provider !== undefined) };
  }
}
