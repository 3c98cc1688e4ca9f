// A CommonJS program: the resources of the configuration value "resources", by name; a VodCacheRefresh where no `kind` is given.
const pulumi = require("@pulumi/pulumi");
const vod = require("pulumi-alicloud-vod");

const resources = new pulumi.Config().getObject("resources") ?? {};
for (const [name, { kind = "VodCacheRefresh", ...args }] of Object.entries(resources)) {
  const { taskIds, status, pending, paths } = new vod[kind](name, args);
  exports[name] = { taskIds, status, pending, paths };
}
