// The program of the conformance operations: one dynamic resource that the configuration sets up, or leaves out.
const pulumi = require("@pulumi/pulumi");

const PROVIDER = 'exports.handler=()=>require("./thingProvider.js");';

class Thing extends pulumi.CustomResource {
  constructor(name, args, opts) {
    super(
      "pulumi-nodejs:dynamic/demo:Thing",
      name,
      { address: undefined, tags: undefined, ...args, __provider: PROVIDER },
      opts,
    );
  }
}

const config = new pulumi.Config();
const declare = () =>
  new Thing(
    "t",
    {
      name: config.get("name") ?? "a",
      size: config.getNumber("size") ?? 1,
      secret: config.getSecret("token"),
      fail: config.get("fail"),
      says: config.getBoolean("says"),
      deleteFirst: config.getBoolean("deleteFirst"),
    },
    {
      ignoreChanges: config.getObject("ignore"),
      replaceOnChanges: config.getObject("replaceOn"),
      protect: config.getBoolean("protect"),
      retainOnDelete: config.getBoolean("retain"),
    },
  );
const thing = config.getBoolean("absent") ? undefined : declare();

exports.address = thing?.address;
exports.id = thing?.id;
exports.size = thing?.size;
exports.secret = thing?.secret;
