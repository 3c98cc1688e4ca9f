import * as pulumi from "@pulumi/pulumi";
import { hashFiles, VodCacheRefresh } from "pulumi-alicloud-vod";

const config = new pulumi.Config();
/** An acceleration domain of ApsaraVideo VOD. */
const domain = config.get("domain") ?? "vod.example.com";
/** The files that the domain serves below /player/. */
const directory = config.get("directory") ?? "player";

const player = new VodCacheRefresh("player", {
  paths: [`http://${domain}/player/app.js`, `http://${domain}/player/app.css`],
  contentHash: hashFiles(directory),
  // In a real program, so that the edge can't fetch the old files again: }, { dependsOn: upload });
});

export const taskIds = player.taskIds;
export const status = player.status;
