// A program in which one refresh depends on the result of another, so that its inputs are unknown in a preview.
const pulumi = require("@pulumi/pulumi");
const { VodCacheRefresh } = require("pulumi-alicloud-vod");

const version = new pulumi.Config().require("version");
const first = new VodCacheRefresh("first", { paths: ["https://vod.example.com/first"], contentHash: version });
new VodCacheRefresh("second", {
  paths: ["https://vod.example.com/second", pulumi.interpolate`https://vod.example.com/${first.refreshTaskId}`],
  contentHash: first.refreshTaskId,
});
