// A CommonJS program: the resources of the configuration value "resources", by name.
const pulumi = require("@pulumi/pulumi");
const { VodCacheRefresh } = require("pulumi-alicloud-vod");

const resources = new pulumi.Config().getObject("resources") ?? {};
for (const [name, args] of Object.entries(resources)) {
  const { taskIds, status, pending, paths } = new VodCacheRefresh(name, args);
  exports[name] = { taskIds, status, pending, paths };
}
