import * as pulumi from "@pulumi/pulumi";
import { VodCachePreload, VodCacheRefresh } from "pulumi-alicloud-vod";

const config = new pulumi.Config();
const source = {
  directory: config.get("directory") ?? "site",
  baseUrl: config.get("baseUrl") ?? "https://vod.example.com/",
};

/** To the end: until then the edge serves the old files, and a preload wouldn't replace them. */
const release = new VodCacheRefresh("release", { source, wait: true });

/** The videos alone: a day holds 500 preloads. */
const warm = new VodCachePreload(
  "warm",
  { source: { ...source, include: ["videos/**"] }, wait: true },
  { dependsOn: release },
);

export const released = release.status;
export const warmed = warm.status;
