const { VodCacheRefresh } = require("pulumi-alicloud-vod");
const { resources } = require("./paths.js");

for (const [name, args] of resources) new VodCacheRefresh(name, args);
