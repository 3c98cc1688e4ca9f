import * as pulumi from "@pulumi/pulumi";
import { VodSiteRelease } from "pulumi-alicloud-vod";

const config = new pulumi.Config();

const site = new VodSiteRelease("site", {
  directory: config.get("directory") ?? "site",
  domains: config.getObject<string[]>("domains") ?? ["vod.example.com", "img.example.com"],
  preload: { include: ["videos/**"] },
  // In a real program, so that the edge can't fetch the old files again: }, { dependsOn: uploads });
});

export const status = site.status;
export const preloadStatus = site.preloadStatus;
export const taskIds = site.taskIds;
/** What this release used of the day's quotas, which all domains of an account share. */
export const cost = site.cost;
