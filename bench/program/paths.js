// What the configuration asks for: so many resources, of so many paths each.
const pulumi = require("@pulumi/pulumi");
const { resourceArgs } = require("./args.js");

const config = new pulumi.Config();
exports.resources = resourceArgs(config.requireNumber("resources"), config.requireNumber("paths"));
