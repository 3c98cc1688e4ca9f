/** What only the plugin says. */
import { findUnknownKeys } from "../../../provider/native/configuration.js";
import { describeOldNode } from "../../../provider/native/node-version.js";
import { Plugin } from "../../../provider/native/plugin.js";
import { toStatus } from "../../../provider/native/status.js";
import { ResourceInitFailedError } from "../../../provider/resource/outputs.js";
import { messagesOf, type Section } from "./page.js";

const urnOf = (type: string) => `urn:pulumi:production::website::alicloud-vod:index:${type}::site`;

export async function pluginSection(): Promise<Section> {
  const plugin = new Plugin({ version: "0.1.0" }, { environment: {}, log: () => {}, now: () => new Date() });
  const state = { pending: ["x".repeat(20_000_000)] };
  const tooLarge = new ResourceInitFailedError("vod-cache-refresh-1", state, ["The VOD API is busy."]);
  const withPreload = { contentHash: "v1", paths: ["https://vod.example.com/a.js"], preload: true };
  const { failures } = await plugin.check(urnOf("VodCacheRefresh"), {}, withPreload);
  return {
    title: "The plugin",
    intro: "These come from the plugin alone, which serves programs in every language.",
    groups: [
      { title: "Its process", messages: [describeOldNode("18.20.4") ?? ""] },
      { title: "Settings", messages: findUnknownKeys({ acessKey: "LTAI", theme: "dark" }).map(({ reason }) => reason) },
      {
        title: "Resources and functions",
        messages: [
          ...failures.map(({ reason }) => reason),
          ...(await messagesOf(
            () => plugin.read(urnOf("VodCacheRefresh"), "vod-cache-refresh-1", {}),
            () => plugin.delete(urnOf("VodCache"), "1", {}),
            () => plugin.invoke("alicloud-vod:index:getVodQuota", {}),
          )),
        ],
      },
      { title: "After a failure", messages: [toStatus(tooLarge).details ?? ""] },
    ],
  };
}
