const pulumi = require("@pulumi/pulumi");
const { resources } = require("./paths.js");

// As a program of any language: it knows the type alone, and the plugin does the rest.
for (const [name, args] of resources) new pulumi.CustomResource("alicloud-vod:index:VodCacheRefresh", name, args);
