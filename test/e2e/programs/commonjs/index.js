// A CommonJS program: the resources of the configuration value "resources", by name; { "secret": x } in it is x as a secret.
const pulumi = require("@pulumi/pulumi");
const { VodCacheRefresh } = require("pulumi-alicloud-vod");

function revived(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(revived);
  if ("secret" in value) return pulumi.secret(value.secret);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revived(inner)]));
}

const resources = new pulumi.Config().getObject("resources") ?? {};
for (const [name, args] of Object.entries(resources)) {
  const { taskIds, status, pending, paths } = new VodCacheRefresh(name, revived(args));
  exports[name] = { taskIds, status, pending, paths };
}
