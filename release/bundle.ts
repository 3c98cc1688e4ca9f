/** The plugin as files that need nothing but Node.js, and the licences of everything in them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { build } from "esbuild";
import type { Release } from "../provider/native/package-schema.js";

const ENTRY = "provider/native/main.ts";
/** What the entry loads once it has printed its port. */
const REST = "provider/native/start.ts";

export interface Bundle {
  /** By its name; the first is started. */
  files: { name: string; content: Buffer }[];
  /** The directories of the packages in it, relative to the root. */
  packages: string[];
}

/**
 * Two files: the engine waits until the first has printed its port, and needs not wait until the large one is read.
 *
 * @param root of the repository.
 * @param release what the plugin says of itself.
 */
export async function bundlePlugin(root: string, release: Release): Promise<Bundle> {
  const [entry, rest] = await Promise.all([
    bundle(root, ENTRY, "plugin.js", release, ["./start.js"]),
    bundle(root, REST, "start.js", release),
  ]);
  return { files: [entry.file, rest.file], packages: rest.packages };
}

/** One file, for an executable, which can have one alone. */
export async function bundleWhole(root: string, release: Release): Promise<Buffer> {
  return (await bundle(root, ENTRY, "plugin.js", release)).file.content;
}

async function bundle(root: string, entry: string, name: string, release: Release, external: string[] = []) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: name,
    bundle: true,
    write: false,
    metafile: true,
    external,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    // `require` loads what `import` would, without the loader of ES modules.
    supported: { "dynamic-import": false },
    // The licences stand in a file beside it.
    legalComments: "none",
    define: { PLUGIN_RELEASE: JSON.stringify(release) },
    logLevel: "warning",
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild made no ${name}.`);
  return {
    file: { name, content: Buffer.from(output.contents) },
    packages: findPackages(Object.keys(metafile.inputs)),
  };
}

/** The packages to which files of node_modules belong; one may be there in several versions. */
export function findPackages(files: readonly string[]): string[] {
  const directories = files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(toSlashes(file)) ?? []);
  return [...new Set(directories)].sort();
}

interface Manifest {
  name: string;
  version: string;
  license?: string;
  author?: string | { name: string };
  homepage?: string;
}

/** The name, version and licence of each package, with the text that it has for it. */
export function collectLicences(root: string, packages: readonly string[]): string {
  const parts = packages.map((directory) => {
    const place = join(root, directory);
    const manifest: Manifest = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
    if (manifest.license === undefined) throw new Error(`${directory} doesn't say which licence it has.`);
    const texts = readdirSync(place)
      .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name))
      .sort()
      .map((name) => readFileSync(join(place, name), "utf8").trim());
    return [`${manifest.name} ${manifest.version}: ${manifest.license}${describeAuthor(manifest)}`, ...texts].join(
      "\n\n",
    );
  });
  const own = readFileSync(join(root, "LICENSE"), "utf8").trim();
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  return `${[`pulumi-alicloud-vod\n\n${own}`, "start.js holds these packages as well.", ...parts].join(rule)}\n`;
}

/** Who holds the rights, where a package has no text that says so. */
function describeAuthor({ author, homepage }: Manifest): string {
  const name = typeof author === "string" ? author : author?.name;
  return [name, homepage]
    .filter((part) => part)
    .map((part) => `, ${part}`)
    .join("");
}

/** The root of the repository, from a file of the tools or of its compiled form. */
export function findRoot(from = __dirname): string {
  return existsSync(join(from, ENTRY)) ? from : findRoot(dirname(from));
}

const toSlashes = (path: string) => path.replaceAll(sep, "/");
