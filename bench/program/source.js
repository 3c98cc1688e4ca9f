// One resource: the files of the configuration value "directory", or else a single path.
const pulumi = require("@pulumi/pulumi");
const { VodCacheRefresh } = require("pulumi-alicloud-vod");

const directory = new pulumi.Config().get("directory");
new VodCacheRefresh("site", {
  refreshOnCreate: false,
  ...(directory
    ? { source: { directory, baseUrl: "https://vod.example.com/" } }
    : { paths: ["https://vod.example.com/a"], contentHash: "v1" }),
});
