// The resources of the configuration value "resources", by name, in the form that "form" names: "dynamic" is the package's own classes,
// "native" what a generated SDK registers for the plugin. { "secret": x } stands for x as a secret, { "resource": x } for the resource x.
// A resource may be below another one, its "parent", and have "aliases". With "component", they are inside a component. "account" is an explicit provider of the plugin. With "asks", the program asks for the
// quota of the day, and with "tasks" for these tasks.
const pulumi = require("@pulumi/pulumi");

const config = new pulumi.Config();
const isNative = config.require("form") === "native";
const vod = isNative ? undefined : require("pulumi-alicloud-vod");

const DYNAMIC = "pulumi-nodejs:dynamic/alicloud-vod";
const NATIVE = "alicloud-vod:index";
const OUTPUTS = ["taskIds", "status", "pending", "submittedAt"];

function declare(kind, name, args, opts) {
  if (!isNative) return new vod[kind](name, args, opts);
  const outputs = Object.fromEntries([...OUTPUTS, "paths", "objectType"].map((output) => [output, undefined]));
  const aliases = [{ type: `${DYNAMIC}:${kind}` }, ...(opts.aliases ?? [])];
  return new pulumi.CustomResource(`${NATIVE}:${kind}`, name, { ...outputs, ...args }, { ...opts, aliases });
}

function build(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(build);
  if ("secret" in value) return pulumi.secret(value.secret);
  if (!("resource" in value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, build(inner)]));
  const { objectType, taskIds, status, submittedAt } = declared[value.resource];
  return { objectType, taskIds, status, submittedAt };
}

const component = config.getBoolean("component") ? new pulumi.ComponentResource("test:index:Site", "whole") : undefined;
const account = config.getObject("account");
const report = new pulumi.Config("alicloud-vod").get("report");
const provider = account && new pulumi.ProviderResource("alicloud-vod", "account", { report, ...build(account) });
const declared = {};
const resources = Object.entries(config.getObject("resources") ?? {});
for (const [name, { kind = "VodCacheRefresh", parent, aliases, ...args }] of resources) {
  declared[name] = declare(kind, name, build(args), {
    parent: parent ? declared[parent] : component,
    aliases,
    provider,
  });
  exports[name] = Object.fromEntries(OUTPUTS.map((output) => [output, declared[name][output]]));
}

const ask = (name, args) =>
  isNative ? pulumi.runtime.invoke(`${NATIVE}:${name}`, args, { provider }) : vod[name](args);
const tasks = config.getObject("tasks");
if (config.getBoolean("asks")) exports.quota = ask("getVodRefreshQuota", {});
if (tasks) exports.tasks = ask("getVodRefreshTasks", { taskIds: tasks }).then(({ tasks }) => tasks);
