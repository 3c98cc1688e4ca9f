// A CommonJS program with the resources of the configuration value "resources", by name. Without a `kind`, a resource
// is a VodCacheRefresh. { "secret": x } stands for x as a secret. `options` are the resource's own. With "asks", it asks
// for the quota of the day.
const pulumi = require("@pulumi/pulumi");
const vod = require("pulumi-alicloud-vod");

function makeSecrets(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(makeSecrets);
  if ("secret" in value) return pulumi.secret(value.secret);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, makeSecrets(inner)]));
}

const resources = new pulumi.Config().getObject("resources") ?? {};
for (const [name, { kind = "VodCacheRefresh", options = {}, ...args }] of Object.entries(resources)) {
  const { taskIds, status, pending, paths } = new vod[kind](name, makeSecrets(args), options);
  exports[name] = { taskIds, status, pending, paths };
}

if (new pulumi.Config().getBoolean("asks")) exports.quota = vod.getVodRefreshQuota();
