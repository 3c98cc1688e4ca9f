/** The plugin as the engine finds it: a directory with its launcher. It is built once for a process of tests. */
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { bundlePlugin, findRoot } from "../../release/bundle.js";

const LAUNCHER = "pulumi-resource-alicloud-vod";

let built: Promise<string> | undefined;

/** The value of `PATH` with which an engine finds the plugin. */
export async function pathWithPlugin(): Promise<string> {
  built ??= buildPlugin();
  return [await built, process.env.PATH].join(delimiter);
}

async function buildPlugin(): Promise<string> {
  const root = findRoot();
  const directory = mkdtempSync(join(tmpdir(), "plugin-"));
  const { files } = await bundlePlugin(root, { version: "0.1.0" });
  for (const { name, content } of files) writeFileSync(join(directory, name), content);
  copyFileSync(join(root, "release", "files", LAUNCHER), join(directory, LAUNCHER));
  return directory;
}
