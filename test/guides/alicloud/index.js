// Of @pulumi/alicloud, what the guides and the examples use: an upload writes to the origin of the emulator, whose
// directory is in ORIGIN, and as the provider does it compares the properties of an object, not the content of its file.
// Pulumi writes the functions of a dynamic provider into the state, and with them the names of modules.
const fs = require("node:fs");
const path = require("node:path");
const pulumi = require("@pulumi/pulumi");

const upload = {
  async create(inputs) {
    const file = path.join(inputs.origin, inputs.key);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (inputs.source) fs.copyFileSync(inputs.source, file);
    else fs.writeFileSync(file, inputs.content);
    return { id: inputs.key, outs: inputs };
  },
  async update(_id, _olds, inputs) {
    return { outs: (await upload.create(inputs)).outs };
  },
  async delete(_id, { origin, key }) {
    fs.rmSync(path.join(origin, key), { force: true });
  },
};

class BucketObject extends pulumi.dynamic.Resource {
  constructor(name, args, opts) {
    super(upload, name, { ...args, etag: args.contentMd5, origin: process.env.ORIGIN }, opts);
  }
}

module.exports = { oss: { BucketObject } };
