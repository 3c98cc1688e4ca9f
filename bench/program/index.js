// The program of the configuration value "program": one of the files beside this one.
const pulumi = require("@pulumi/pulumi");

require(`./${new pulumi.Config().require("program")}.js`);
