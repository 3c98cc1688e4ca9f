/**
 * `npm run plugin` makes the plugin: the directory `plugin/`, which is part of the npm package, and in `build/plugin/` an archive
 * for each platform with their checksums. With `--executable` the archive of this platform has an executable that needs no Node.js.
 * PLUGIN_DOWNLOAD_URL is where Pulumi finds the archives, for the SDKs that are generated from the plugin.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ArchivedFile, archive, checksums } from "./archive.js";
import { bundlePlugin, bundleWhole, collectLicences, findRoot } from "./bundle.js";
import { buildExecutable } from "./executable.js";

const NAME = "pulumi-resource-alicloud-vod";
/** As Pulumi names them, and Node. */
const SYSTEMS = { linux: "linux", darwin: "darwin", windows: "win32" } as const;
const ARCHITECTURES = { amd64: "x64", arm64: "arm64" } as const;

/** The name of the archive for a platform. Source: Pulumi's `PluginDescriptor`. */
const nameArchive = (version: string, system: string, architecture: string) =>
  `${NAME}-v${version}-${system}-${architecture}.tar.gz`;

async function main(args: readonly string[]): Promise<void> {
  const root = findRoot();
  const unknown = args.find((arg) => arg !== "--executable" && arg !== "--directory");
  if (unknown !== undefined) {
    console.error(`plugin: there is no option "${unknown}"; there are --directory and --executable.`);
    process.exitCode = 2;
    return;
  }
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const release = { version, downloadUrl: process.env.PLUGIN_DOWNLOAD_URL };
  const { files, packages } = await bundlePlugin(root, release);
  const licences: ArchivedFile = file("LICENSES.txt", Buffer.from(collectLicences(root, packages)));
  const script = [
    file(NAME, readText(root, NAME, "\n"), true),
    file(`${NAME}.cmd`, readText(root, `${NAME}.cmd`, "\r\n")),
    ...files.map(({ name, content }) => file(name, content)),
    licences,
  ];
  writeDirectory(join(root, "plugin"), [
    ...script,
    file("PulumiPlugin.yaml", readText(root, "PulumiPlugin.yaml", "\n")),
    file(
      "package.json",
      Buffer.from(`${JSON.stringify({ name: NAME, version, private: true, main: "plugin.js" }, null, 2)}\n`),
    ),
  ]);
  const sum = files.reduce((total, { content }) => total + content.length, 0);
  console.log(`plugin/: version ${version}, ${Math.round(sum / 1000)} kB with ${packages.length} packages`);
  if (args.includes("--directory")) return;

  const packed = archive(script);
  const archives = Object.keys(SYSTEMS).flatMap((system) =>
    Object.keys(ARCHITECTURES).map((architecture) => ({
      name: nameArchive(version, system, architecture),
      content: packed,
    })),
  );
  if (args.includes("--executable")) {
    const system = Object.entries(SYSTEMS).find(([, name]) => name === process.platform)?.[0];
    const architecture = Object.entries(ARCHITECTURES).find(([, name]) => name === process.arch)?.[0];
    if (system === undefined || architecture === undefined) {
      throw new Error(`Pulumi has no plugins for ${process.platform} on ${process.arch}.`);
    }
    const name = system === "windows" ? `${NAME}.exe` : NAME;
    const executable = file(name, buildExecutable(await bundleWhole(root, release), name), true);
    const own = { name: nameArchive(version, system, architecture), content: archive([executable, licences]) };
    writeDirectory(join(root, "build/plugin"), [own]);
    report([own]);
    return;
  }
  writeDirectory(join(root, "build/plugin"), [
    ...archives,
    { name: `${NAME}-v${version}-checksums.txt`, content: Buffer.from(checksums(archives)) },
  ]);
  report(archives);
}

/** A file as it is written here, with the ends of lines that its reader needs, whatever Git made of them. */
const readText = (root: string, name: string, end: string) =>
  Buffer.from(readFileSync(join(root, "release/files", name), "utf8").replace(/\r?\n/g, end));

const file = (name: string, content: Buffer, isExecutable = false): ArchivedFile => ({ name, content, isExecutable });

function writeDirectory(
  directory: string,
  files: readonly (Omit<ArchivedFile, "isExecutable"> & Partial<ArchivedFile>)[],
) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const { name, content, isExecutable = false } of files) {
    writeFileSync(join(directory, name), content);
    if (isExecutable) chmodSync(join(directory, name), 0o755);
  }
}

function report(files: readonly { name: string; content: Buffer }[]): void {
  for (const { name, content } of files) console.log(`build/plugin/${name}: ${Math.round(content.length / 1000)} kB`);
}

void main(process.argv.slice(2));
