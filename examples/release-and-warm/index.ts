import * as pulumi from "@pulumi/pulumi";
import { VodCacheRefresh } from "pulumi-alicloud-vod";

const config = new pulumi.Config();

const release = new VodCacheRefresh("release", {
  source: {
    directory: config.get("directory") ?? "site",
    baseUrl: config.get("baseUrl") ?? "https://vod.example.com/",
  },
  // After the purge, fetch the videos again before anybody asks for them. Not all files: a day allows 500 preloads.
  preload: {
    include: ["videos/**"],
    // Use "fail" in a pipeline that must not continue with a cold edge.
    onFailure: config.get<"warn" | "fail">("onPreloadFailure") ?? "warn",
  },
  // In a real program, so that the edge can't fetch the old files again: }, { dependsOn: uploads });
});

export const released = release.status;
export const warmed = release.preloadStatus;
export const preloadTaskIds = release.preloadTaskIds;
