// The provider of the conformance operations. It appends each call to the file that CALLS names. With `says`, it logs lines of each
// severity in check, and in create or update, beside the resource and beside none.
const fs = require("node:fs");
const { createRequire } = require("node:module");

const record = (call) => fs.appendFileSync(process.env.CALLS, `${JSON.stringify(call)}\n`);
const shown = ({ __provider, ...properties }) => properties;
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Sends a line to the engine, whose address is the host's argument. */
function send(severity, message, urn, ephemeral = false) {
  const load = createRequire(process.argv[1]);
  const { EngineClient } = load("../../proto/engine_grpc_pb");
  const { LogRequest, LogSeverity } = load("../../proto/engine_pb");
  const client = new EngineClient(process.argv[2], load("@grpc/grpc-js").credentials.createInsecure());
  const request = new LogRequest().setSeverity(LogSeverity[severity]).setMessage(message).setUrn(urn);
  return new Promise((resolve, reject) => {
    client.log(request.setEphemeral(ephemeral), (error) => (error ? reject(error) : resolve()));
  }).finally(() => client.close());
}

async function say(where, { says }) {
  if (!says) return;
  const urn = "urn:pulumi:dev::conformance::pulumi-nodejs:dynamic/demo:Thing::t";
  await send("INFO", `${where} an info, 100% of %s`, urn);
  await send("WARNING", `${where} a warning`, urn);
  await send("INFO", `${where} a progress`, urn, true);
  await send("DEBUG", `${where} a debug line`, urn);
  await send("INFO", `${where} a line of the stack`, "");
}

exports.configure = async ({ config }) =>
  record({
    call: "configure",
    region: config.get("region"),
    token: config.get("token"),
    full: config.get("conformance:region"),
  });

exports.check = async (olds, news) => {
  record({ call: "check", olds: shown(olds), news: shown(news) });
  await say("check:", news);
  const failures = news.size === -1 ? [{ property: "size", reason: "must be positive" }] : [];
  return { inputs: { ...news, tags: news.tags ?? "default" }, failures };
};

exports.diff = async (id, olds, news) => {
  record({ call: "diff", id, olds: shown(olds), news: shown(news) });
  return {
    changes: ["name", "size", "tags", "secret"].some((key) => !same(olds[key], news[key])),
    replaces: olds.name === news.name ? [] : ["name"],
    deleteBeforeReplace: !!news.deleteFirst,
  };
};

exports.create = async (inputs) => {
  record({ call: "create", inputs: shown(inputs) });
  await say("create:", inputs);
  if (inputs.fail === "hard") throw new Error("create failed");
  if (inputs.fail === "partial") {
    throw Object.assign(new Error("not initialized"), {
      id: "part-1",
      properties: { ...inputs, address: "part" },
      reasons: ["not ready"],
    });
  }
  if (inputs.fail === "undefined") return { id: "u1", outs: { ...inputs, address: undefined } };
  return { id: `id-${inputs.name}`, outs: { ...inputs, address: `at ${inputs.name}` } };
};

exports.update = async (id, olds, news) => {
  record({ call: "update", id, olds: shown(olds), news: shown(news) });
  await say("update:", news);
  if (news.fail === "hard") throw new Error("update failed");
  return { outs: { ...news, address: `at ${news.name}, updated` } };
};

exports.read = async (id, properties) => {
  record({ call: "read", id, properties: shown(properties) });
  if (process.env.GONE) return { id: "", props: {} };
  return { id, props: process.env.DRIFT ? { ...properties, size: 99 } : properties };
};

exports.delete = async (id, properties) => record({ call: "delete", id, properties: shown(properties) });
