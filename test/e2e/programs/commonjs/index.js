// A CommonJS program: the resources of the configuration value "resources", by name; a VodCacheRefresh where no `kind` is
// given; { "secret": x } in it is x as a secret.
const pulumi = require("@pulumi/pulumi");
const vod = require("pulumi-alicloud-vod");

function revived(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(revived);
  if ("secret" in value) return pulumi.secret(value.secret);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revived(inner)]));
}

const resources = new pulumi.Config().getObject("resources") ?? {};
for (const [name, { kind = "VodCacheRefresh", ...args }] of Object.entries(resources)) {
  const { taskIds, status, pending, paths } = new vod[kind](name, revived(args));
  exports[name] = { taskIds, status, pending, paths };
}
