// A program in a temporary directory that uses this repository's copy of the SDK, for the conformance replay and for
// tests with their own programs.

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const NAME = "pulumi-alicloud-vod";

export interface TemporaryProgram {
  readonly directory: string;
  remove(): void;
}

/** Makes a program from a directory, or from the texts of its files by name. */
export function temporaryProgram(content: string | Record<string, string>): TemporaryProgram {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "pulumi-program-")));
  if (typeof content === "string") cpSync(content, directory, { recursive: true });
  else {
    for (const [name, text] of Object.entries(content)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
  }
  const sdk = dirname(createRequire(join(repositoryRoot(), "index.js")).resolve("@pulumi/pulumi/package.json"));
  mkdirSync(join(directory, "node_modules", "@pulumi"), { recursive: true });
  symlinkSync(sdk, join(directory, "node_modules", "@pulumi", "pulumi"), "dir");
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Finds the root of this repository, from the sources and from the compiled tools. */
export function repositoryRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (readPackageName(folder) === NAME) return folder;
    if (dirname(folder) === folder) throw new Error("This tool runs inside its repository only.");
  }
}

function readPackageName(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}
