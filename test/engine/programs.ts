// Programs and a provider for the engine's own tests.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A provider in a file. It prints what it does, and its inputs choose how it behaves. */
const PROVIDER = `
const fs = require("node:fs");
exports.diff = async (id, olds, news) => ({
  changes: JSON.stringify([olds.value, olds.key]) !== JSON.stringify([news.value, news.key]),
  replaces: olds.key === news.key ? [] : ["key"],
  deleteBeforeReplace: news.deleteFirst === true,
});
exports.check = async (olds, news) => ({ inputs: news, failures: news.bad ? [{ property: "bad", reason: "is bad" }] : [] });
exports.create = async (inputs) => {
  console.log("creating " + inputs.label);
  if (inputs.waits) { fs.writeFileSync(inputs.waits, ""); await new Promise((resolve) => setTimeout(resolve, 60000)); }
  if (inputs.fails) throw new Error("no luck");
  if (inputs.half) {
    const properties = { ...inputs, long: "x".repeat(inputs.half) };
    throw Object.assign(new Error("half done"), { id: "id-" + inputs.label, properties, reasons: ["not ready"] });
  }
  return { id: "id-" + inputs.label, outs: { ...inputs, made: "made of " + JSON.stringify(inputs.value) } };
};
exports.update = async (id, olds, news) => ({ outs: { ...news, made: "remade of " + JSON.stringify(news.value) } });
exports.delete = async (id, { label }) => console.log("deleting " + label);
`;

const THING = `
const pulumi = require("@pulumi/pulumi");
class Thing extends pulumi.CustomResource {
  constructor(name, args, options) {
    const __provider = 'exports.handler = () => require("./provider.js")';
    super("pulumi-nodejs:dynamic/test:Thing", name, { made: undefined, label: name, ...args, __provider }, options);
  }
}
const config = new pulumi.Config();
`;

/** The files of a JavaScript program with this body, which can use `pulumi`, `config`, `Thing` and `exports`. */
export const programFiles = (body: string): Record<string, string> => ({
  "Pulumi.yaml": "name: test\nruntime: nodejs\n",
  "package.json": '{ "name": "test", "private": true, "main": "index.js" }',
  "provider.js": PROVIDER,
  "index.js": THING + body,
});

/** The processes whose working directory this is. Only Linux tells. */
export function processesIn(directory: string): string[] {
  const found: string[] = [];
  for (const id of readable(() => readdirSync("/proc")) ?? []) {
    if (!/^\d+$/.test(id) || readable(() => readlinkSync(`/proc/${id}/cwd`)) !== directory) continue;
    found.push(`${id} ${readable(() => readFileSync(`/proc/${id}/cmdline`, "utf8")) ?? ""}`);
  }
  return found;
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
