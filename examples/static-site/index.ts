import * as pulumi from "@pulumi/pulumi";
import { type Collapse, type QuotaPolicy, VodCacheRefresh } from "pulumi-alicloud-vod";

const config = new pulumi.Config();

const site = new VodCacheRefresh("site", {
  source: {
    directory: config.get("directory") ?? "site",
    baseUrl: config.get("baseUrl") ?? "https://vod.example.com/",
    exclude: ["drafts"],
    // A viewer who asks for a directory gets this file.
    indexDocument: "index.html",
  },
  // What to do on a day on which the quota can't hold what changed.
  quota: {
    onExceeded: config.get<QuotaPolicy>("onQuotaExceeded") ?? "fail",
    ...(config.get("collapse") ? { collapse: config.require<Collapse>("collapse") } : {}),
  },
  // Whether the edge is asked for a sample of what was refreshed, until it serves the new files.
  verify: config.getBoolean("verify") ?? false,
  // In a real program, so that the edge can't fetch the old files again: }, { dependsOn: uploads });
});

export const status = site.status;
export const refreshed = site.refreshed;
