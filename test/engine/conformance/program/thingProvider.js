// The provider of the conformance operations. It appends each call to the file that CALLS names.
const fs = require("node:fs");

const record = (call) => fs.appendFileSync(process.env.CALLS, `${JSON.stringify(call)}\n`);
const shown = ({ __provider, ...properties }) => properties;
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

exports.configure = async ({ config }) =>
  record({
    call: "configure",
    region: config.get("region"),
    token: config.get("token"),
    full: config.get("conformance:region"),
  });

exports.check = async (olds, news) => {
  record({ call: "check", olds: shown(olds), news: shown(news) });
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
  if (news.fail === "hard") throw new Error("update failed");
  return { outs: { ...news, address: `at ${news.name}, updated` } };
};

exports.read = async (id, properties) => {
  record({ call: "read", id, properties: shown(properties) });
  if (process.env.GONE) return { id: "", props: {} };
  return { id, props: process.env.DRIFT ? { ...properties, size: 99 } : properties };
};

exports.delete = async (id, properties) => record({ call: "delete", id, properties: shown(properties) });
