// The peer: an inline dynamic provider as Pulumi's documentation teaches it, whose code is serialized with every resource.
const RPCClient = require("@alicloud/pop-core");
const pulumi = require("@pulumi/pulumi");
const { resources } = require("./paths.js");

const PATHS_PER_CALL = 1000;

class RefreshProvider {
  async configure({ config }) {
    this.client = new RPCClient({
      accessKeyId: config.require("alicloud:accessKey"),
      accessKeySecret: config.require("alicloud:secretKey"),
      endpoint: process.env.VOD_ENDPOINT ?? "https://vod.cn-shanghai.aliyuncs.com",
      apiVersion: "2017-03-21",
    });
  }

  async refresh({ paths }) {
    const taskIds = [];
    for (let first = 0; first < paths.length; first += PATHS_PER_CALL) {
      const ObjectPath = paths.slice(first, first + PATHS_PER_CALL).join("\n");
      const parameters = { ObjectPath, ObjectType: "File" };
      const answer = await this.client.request("RefreshVodObjectCaches", parameters, { method: "POST" });
      taskIds.push(answer.RefreshTaskId);
    }
    return taskIds.join(",");
  }

  async create(inputs) {
    const refreshTaskId = await this.refresh(inputs);
    return { id: refreshTaskId, outs: { ...inputs, refreshTaskId } };
  }

  async update(_id, _olds, news) {
    return { outs: { ...news, refreshTaskId: await this.refresh(news) } };
  }
}

class CacheRefresh extends pulumi.dynamic.Resource {
  constructor(name, args, options) {
    super(new RefreshProvider(), name, { refreshTaskId: undefined, ...args }, options);
  }
}

for (const [name, args] of resources) new CacheRefresh(name, args);
