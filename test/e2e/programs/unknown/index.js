// A program in which one refresh waits for the result of another, so that a preview doesn't know its inputs yet.
const pulumi = require("@pulumi/pulumi");
const { VodCacheRefresh } = require("pulumi-alicloud-vod");

const version = new pulumi.Config().require("version");
const first = new VodCacheRefresh("first", { paths: ["https://vod.example.com/first"], contentHash: version });
new VodCacheRefresh("second", {
  paths: ["https://vod.example.com/second", pulumi.interpolate`https://vod.example.com/${first.refreshTaskId}`],
  contentHash: first.refreshTaskId,
});
