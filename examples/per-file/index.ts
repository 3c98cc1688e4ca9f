import * as pulumi from "@pulumi/pulumi";
import { hashContent, VodCacheRefresh } from "pulumi-alicloud-vod";

const config = new pulumi.Config();
const domain = config.get("domain") ?? "vod.example.com";
/** The player loads these at its start. Here they come from the configuration, so that you can change them. */
const settings = JSON.stringify({ autoplay: config.getBoolean("autoplay") ?? false });
const playlist = config.get("playlist") ?? "#EXTM3U\n";

const player = new VodCacheRefresh("player", {
  contents: {
    [`https://${domain}/player/settings.json`]: hashContent(settings),
    [`https://${domain}/player/playlist.m3u8`]: pulumi.output(playlist).apply(hashContent),
  },
});

export const refreshed = player.refreshed;
