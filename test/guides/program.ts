/** The program of a guide in a directory of its own, with a small site and with the packages that it imports. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { type TemporaryProgram, temporaryProgram } from "../engine/temporaryProgram.js";
import { ROOT } from "../snippets.js";

export const SITE = ["index.html", "blog/index.html", "videos/intro.m3u8", "videos/intro-00000.ts"];
const TSCONFIG = {
  compilerOptions: { target: "ES2022", module: "nodenext", strict: true, skipLibCheck: true, types: ["node"] },
  files: ["index.ts"],
};

/** @param site the directory of the site. */
export function writeProgram(files: Record<string, string>, site = "site"): TemporaryProgram {
  const program = temporaryProgram({
    "Pulumi.yaml": "name: site\nruntime: nodejs\n",
    "package.json": JSON.stringify({ name: "site", private: true, main: "index.ts" }),
    "tsconfig.json": JSON.stringify(TSCONFIG),
    ...Object.fromEntries(SITE.map((name) => [`${site}/${name}`, `old ${name}`])),
    ...files,
  });
  const modules = join(program.directory, "node_modules");
  for (const name of ["@types", "typescript", "vitest"])
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  symlinkSync(ROOT, join(modules, "pulumi-alicloud-vod"));
  symlinkSync(join(ROOT, "test/guides/alicloud"), join(modules, "@pulumi/alicloud"));
  return program;
}
